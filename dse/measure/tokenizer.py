"""From texts to token ids of one length, as the model was trained to read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer as Backend

from dse.errors import InputError

FILE = "tokenizer.json"


class Tokens(NamedTuple):
    """Sequences of one length, padded at their end."""

    ids: np.ndarray  # [sequences, tokens], int32
    present: np.ndarray  # which are no padding, [sequences, tokens], bool

    @property
    def padded_fraction(self) -> float:
        """The share of all tokens that is padding."""
        return 1.0 - float(self.present.mean())


class Tokenizer:
    """Cuts texts into the tokens of one model."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def encode(self, texts: Sequence[str], seq_len: int) -> Tokens:
        """Return texts as ids of `seq_len` tokens: cut off, or padded, at the end."""
        self._backend.enable_truncation(seq_len)
        self._backend.no_padding()
        ids = np.zeros((len(texts), seq_len), np.int32)
        present = np.zeros((len(texts), seq_len), bool)
        for row, found in enumerate(self._backend.encode_batch(list(texts))):
            ids[row, : len(found.ids)] = found.ids
            present[row, : len(found.ids)] = True
        return Tokens(ids, present)

    def lengths(self, texts: Sequence[str]) -> np.ndarray:
        """Return how many tokens each text has, start and end marks included."""
        self._backend.no_truncation()
        self._backend.no_padding()
        found = self._backend.encode_batch(list(texts))
        return np.asarray([len(one.ids) for one in found])


def load_tokenizer(folder: str | Path) -> Tokenizer:
    """Return the tokenizer that a checkpoint's folder holds.

    Raises `InputError` where `tokenizer.json` is missing or cannot be read.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        raise InputError(
            f"{path}: is missing; copy it from where the checkpoint came from."
        )
    try:
        return Tokenizer(Backend.from_file(str(path)))
    except Exception as error:  # the library raises nothing more precise
        raise InputError(f"{path}: is no tokenizer ({error}).") from None
