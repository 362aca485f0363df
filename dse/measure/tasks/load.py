"""A task by its name, as one seed draws it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from dse.errors import InputError, did_you_mean
from dse.measure.tasks.sst2 import sst2
from dse.measure.tasks.task import Examples, Task
from dse.measure.tasks.wordnet import wordnet_glosses

TASKS = ("sst-2", "wordnet")


def load_task(name: str, folder: Path | None, *, seed: int) -> Task:
    """Return a task with its examples in the order of a seed.

    WordNet is split anew by every seed and is looked for where Debian puts it; SST-2
    keeps its own split and needs its folder. Raises `InputError` for another name.
    """
    if name == "wordnet":
        return wordnet_glosses(folder, seed=seed)
    if name != "sst-2":
        raise InputError(f"there is no task {name!r}." + did_you_mean(name, TASKS))
    if folder is None:
        raise InputError("sst-2 is read from a folder of yours; name it with --sst2.")
    task = sst2(folder)
    draw = np.random.default_rng(seed)

    def shuffled(examples: Examples) -> Examples:
        return examples.take(draw.permutation(len(examples)))

    return replace(task, train=shuffled(task.train), test=shuffled(task.test))
