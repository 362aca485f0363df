"""A task by its name, in the order of a seed."""

from __future__ import annotations

from pathlib import Path

from dse.errors import InputError, did_you_mean
from dse.measure.tasks.sst2 import sst2
from dse.measure.tasks.task import Task
from dse.measure.tasks.wordnet import wordnet_glosses

TASKS = ("sst-2", "wordnet")


def load_task(name: str, folder: Path | None, *, seed: int) -> Task:
    """Return a task with its examples in the order of a seed.

    What is held back is the same for all seeds. WordNet is looked for where Debian puts
    it; SST-2 needs its folder. Raises `InputError` for another name.
    """
    if name == "wordnet":
        return wordnet_glosses(folder).shuffled(seed)
    if name != "sst-2":
        raise InputError(f"there is no task {name!r}." + did_you_mean(name, TASKS))
    if folder is None:
        raise InputError("sst-2 is read from a folder of yours; name it with --sst2.")
    return sst2(folder).shuffled(seed)
