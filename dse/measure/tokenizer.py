"""From texts to token ids of one length, as the model was trained to read them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tokenizers import Tokenizer as Backend

from dse.errors import InputError
from dse.files import read_text

FILE = "tokenizer.json"
LARGEST = 64 * 2**20  # bytes of it: vocabularies of many languages take 17 MB


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

    def __init__(self, backend: Backend, sha256: str = "") -> None:
        self._backend = backend
        self.sha256 = sha256  # of its file

    def encode(
        self, texts: Sequence[str], seq_len: int, *, vocab: int | None = None
    ) -> Tokens:
        """Return texts as ids of `seq_len` tokens: cut off, or padded, at the end.

        Raises `InputError` for an id that a model of `vocab` rows does not have.
        """
        self._backend.enable_truncation(seq_len)
        self._backend.no_padding()
        ids = np.zeros((len(texts), seq_len), np.int32)
        present = np.zeros((len(texts), seq_len), bool)
        for row, found in enumerate(self._batch(texts)):
            ids[row, : len(found.ids)] = found.ids
            present[row, : len(found.ids)] = True
        if vocab is not None and ids.max(initial=0) >= vocab:
            raise InputError(
                f"{FILE} gives the id {ids.max()}, and the model has {vocab} rows in "
                "its token table; give the tokenizer of the model."
            )
        return Tokens(ids, present)

    def lengths(self, texts: Sequence[str]) -> np.ndarray:
        """Return how many tokens each text has, start and end marks included."""
        self._backend.no_truncation()
        self._backend.no_padding()
        found = self._batch(texts)
        return np.asarray([len(one.ids) for one in found])

    def _batch(self, texts: Sequence[str]) -> list[Any]:
        try:
            return list(self._backend.encode_batch(list(texts)))
        except Exception as error:  # the library raises nothing more precise
            raise InputError(
                f"{FILE} cannot read these texts ({error}); give that of the model."
            ) from None


def load_tokenizer(folder: str | Path) -> Tokenizer:
    """Return the tokenizer that a checkpoint's folder holds.

    Raises `InputError` where `tokenizer.json` is missing or cannot be read.
    """
    path = Path(folder) / FILE
    wanted = "the tokenizer.json of the checkpoint, from where that came from"
    text = read_text(path, wanted, largest=LARGEST)
    try:
        return Tokenizer(
            Backend.from_str(text), hashlib.sha256(text.encode()).hexdigest()
        )
    except Exception as error:  # the library raises nothing more precise
        raise InputError(f"{path}: is no tokenizer ({error}); give {wanted}.") from None
