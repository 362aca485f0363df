"""A task by its name, in the order of a seed."""

from __future__ import annotations

from pathlib import Path

from dse.errors import InputError, did_you_mean
from dse.measure.tasks.own import own_task
from dse.measure.tasks.sst2 import sst2
from dse.measure.tasks.task import Task
from dse.measure.tasks.wordnet import wordnet_glosses

TASKS = ("sst-2", "wordnet")

Columns = tuple[str, str]  # of the texts, and of their classes


def load_task(
    name: str, place: Path | None, *, seed: int, columns: Columns | None = None
) -> Task:
    """Return a task with its examples in the order of a seed.

    What is held back is the same for all seeds. WordNet is looked for where Debian puts
    it; SST-2 needs its folder; with `columns`, the task is that of a CSV of one's own,
    which gives it its name. Raises `InputError` for another name.
    """
    if columns is not None and place is not None:
        return own_task(place, *columns).shuffled(seed)
    if name == "wordnet":
        return wordnet_glosses(place).shuffled(seed)
    if name != "sst-2":
        raise InputError(f"there is no task {name!r}." + did_you_mean(name, TASKS))
    if place is None:
        raise InputError("sst-2 is read from a folder of yours; name it with --sst2.")
    return sst2(place).shuffled(seed)
