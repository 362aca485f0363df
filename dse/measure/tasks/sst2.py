"""SST-2: is a sentence of a film review kind or not? From a file of your own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dse.errors import InputError
from dse.measure.tasks.task import Examples, Task

CLASSES = ("negative", "positive")
SIZES = (67_349, 872)  # sentences to learn from, and of validation
HUB = "stanfordnlp/sst2"
_FILES = ("{part}.tsv", "{part}.parquet", "data/{part}-00000-of-00001.parquet")


def sst2(folder: Path) -> Task:
    """Return SST-2 from a folder with its train and validation (or dev) files.

    Each is a TSV or Parquet file with columns `sentence` and `label`. Raises
    `InputError` where one is missing or has other columns.
    """
    train = _examples(_find(folder, ("train",)))
    test = _examples(_find(folder, ("validation", "dev")))
    if (len(train), len(test)) != SIZES:
        wanted = " and ".join(f"{size:,}" for size in SIZES)
        raise InputError(
            f"{folder}: holds {len(train):,} and {len(test):,} sentences, where SST-2 "
            f"has {wanted}; measure other texts with --data FILE.csv --text COLUMN "
            "--label COLUMN."
        )
    return Task("sst-2", CLASSES, train, test, f"SST-2, {len(test)} of validation")


def fetch_sst2(revision: str) -> Path:
    """Download SST-2 from the Hugging Face hub and return its folder.

    Raises `InputError` for a revision that is not a full commit hash.
    """
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise InputError(
            f"revision {revision!r} of {HUB} is not a full commit hash of 40 digits; "
            "copy it from the history of the data set."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(HUB, repo_type="dataset", revision=revision))
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise InputError(
            f"{HUB}@{revision} cannot be fetched ({error}). Give a local folder."
        ) from None


def _find(folder: Path, parts: Sequence[str]) -> Path:
    wanted = [folder / form.format(part=part) for part in parts for form in _FILES]
    for path in wanted:
        if path.is_file():
            return path
    raise InputError(
        f"{folder}: holds no {wanted[0].name} or {wanted[1].name}; add it."
    )


def _examples(path: Path) -> Examples:
    table: Any
    try:
        if path.suffix == ".tsv":
            table = pd.read_csv(path, sep="\t", quoting=3)
        else:
            with path.open("rb") as file:  # a path may look like a URI
                table = pd.read_parquet(file)
        texts = tuple(str(text).strip() for text in table["sentence"])
        labels = np.asarray(table["label"], np.int32)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path}: cannot be read ({error}); write columns sentence and label."
        ) from None
    if not set(labels.tolist()) <= {0, 1}:
        raise InputError(
            f"{path}: `label` takes 0 and 1; give SST-2, or other texts with --data."
        )
    return Examples(texts, labels)
