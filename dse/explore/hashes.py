"""Short hashes: of records, which tell whether two answers rest on the same numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import jax
import numpy as np


def hash_of(pieces: Iterable[bytes]) -> str:
    """Return a short hash of pieces, which differs where they are cut differently."""
    found = hashlib.sha256()
    for piece in pieces:
        found.update(len(piece).to_bytes(8, "little") + piece)
    return found.hexdigest()[:16]


def hash_of_records(*records: object, said: Iterable[object] = ()) -> str:
    """Return a hash of all numbers and names of some records, and of what is `said`."""
    numbers, form = jax.tree_util.tree_flatten(records)
    words = repr((str(form), list(said))).encode()
    return hash_of([words, *(np.asarray(n, float).tobytes() for n in numbers)])
