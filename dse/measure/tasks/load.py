"""A task by its name, or of labelled texts of anybody's, in the order of a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dse.csv_file import read_rows
from dse.errors import Faults, InputError, did_you_mean, quoted
from dse.measure.tasks.sst2 import sst2
from dse.measure.tasks.task import Examples, Task, split
from dse.measure.tasks.wordnet import wordnet_glosses

TASKS = ("sst-2", "wordnet")
LARGEST = 512 * 2**20  # bytes of a file of labelled texts

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
        return _own_task(place, *columns).shuffled(seed)
    if name == "wordnet":
        return wordnet_glosses(place).shuffled(seed)
    if name != "sst-2":
        raise InputError(f"there is no task {name!r}." + did_you_mean(name, TASKS))
    if place is None:
        raise InputError("sst-2 is read from a folder of yours; name it with --sst2.")
    return sst2(place).shuffled(seed)


def _own_task(path: Path, text: str, label: str) -> Task:
    """Return the task of a file: any number of classes, named as the file is.

    A tenth of the texts is held back to judge by, the same for all seeds. Raises
    `InputError`, with line and column, for a column that is missing, a blank cell, or a
    file of one class.
    """
    rows = read_rows(path, "a CSV with a header", largest=LARGEST)
    for column in (text, label):
        if column not in rows[0][1]:
            raise InputError(
                f"{path}: there is no column `{column}`."
                + did_you_mean(column, rows[0][1])
            )
    faults = Faults()
    for at, (place, row) in enumerate(rows):
        for column in (text, label):
            if not row[column].strip():
                faults.note(at, f"{place}: `{column}` is blank; fill it.")
    faults.tell()
    names = [row[label].strip() for _, row in rows]
    classes = tuple(sorted(set(names)))
    if len(classes) < 2:
        raise InputError(
            f"{path}: `{label}` is {quoted(names[0])} in every row; give two "
            "classes or more."
        )
    number = {name: i for i, name in enumerate(classes)}
    labels = np.asarray([number[name] for name in names], np.int32)
    texts = tuple(row[text].strip() for _, row in rows)
    data = f"{path.name}, {len(texts)} texts of {len(classes)} classes"
    return split(path.stem, classes, Examples(texts, labels), data=data)
