"""WordNet's glosses: say from a definition which of 45 classes the thing belongs to.

The classes are the files in which lexicographers sorted the synsets: foods, plants,
verbs of motion, ... No download: the Debian package `wordnet-base` has the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dse.errors import InputError
from dse.files import read_bytes
from dse.measure.tasks.task import Examples, Task, split

FOLDER = Path("/usr/share/wordnet")  # of the package `wordnet-base`
LARGEST = 256 * 2**20  # bytes of one of its files
FILES = ("data.noun", "data.verb", "data.adj", "data.adv")

_NOUNS = """Tops act animal artifact attribute body cognition communication event
feeling food group location motive object person phenomenon plant possession process
quantity relation shape state substance time"""
_VERBS = """body change cognition communication competition consumption contact creation
emotion motion perception possession social stative weather"""

# In the order of their numbers. Source: fellbaum1998wordnet, lexnames(5WN).
CLASSES = (
    *("adj.all", "adj.pert", "adv.all"),
    *(f"noun.{name}" for name in _NOUNS.split()),
    *(f"verb.{name}" for name in _VERBS.split()),
    "adj.ppl",
)


def wordnet_glosses(folder: Path | None = None) -> Task:
    """Return the glosses of all synsets and their classes, some held back.

    Raises `InputError` where the files are missing, or a line is not one of WordNet.
    """
    place = FOLDER if folder is None else folder
    found = [gloss for name in FILES for gloss in _read(place / name)]
    examples = Examples(
        tuple(text for text, _ in found),
        np.asarray([label for _, label in found], np.int32),
    )
    data = f"{len(found)} glosses of WordNet"
    return split("wordnet", CLASSES, examples, data=data)


def _read(path: Path) -> Iterator[tuple[str, int]]:
    """Yield gloss and number of the class of each synset of a file."""
    wanted = (
        "the folder of WordNet's data files with --wordnet, or install the Debian "
        "package wordnet-base"
    )
    data = read_bytes(path, wanted, largest=LARGEST)
    text = data.decode("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("  "):  # the licence
            continue
        synset, bar, gloss = line.partition(" | ")
        fields = synset.split(" ", 2)
        if not bar or len(fields) < 3 or not fields[1].isdecimal():
            raise InputError(
                f"{path}:{number}: is no synset: write `offset file-number … | gloss`."
            )
        label = int(fields[1])
        if label >= len(CLASSES):
            raise InputError(
                f"{path}:{number}: file number {label} is unknown; they go to "
                f"{len(CLASSES) - 1}."
            )
        yield gloss.strip(), label
