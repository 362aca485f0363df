"""Columns of NumPy as tables in files: Arrow's for Parquet, and CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from dse.arrays import Rows


def arrow_table(columns: Mapping[str, Rows]) -> pa.Table:
    """Return columns of numbers, flags and texts as an Arrow table.

    Made of their bytes, because Arrow's own conversion loads pandas to look for its
    types, which takes longer than most sweeps need for the table.
    """
    arrays = [_arrow(np.asarray(values)) for values in columns.values()]
    return pa.Table.from_arrays(arrays, names=list(columns))


def csv_text(columns: Mapping[str, Rows]) -> str:
    """Return columns as CSV with a header; numbers keep all their digits."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    lists = (np.asarray(values).tolist() for values in columns.values())
    writer.writerows(zip(*lists, strict=True))
    return text.getvalue()


def _arrow(values: Rows) -> pa.Array:
    count = len(values)
    if values.dtype.kind in "OU":
        return _texts([str(value).encode() for value in values.tolist()])
    if values.dtype == bool:
        bits = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), count, [None, pa.py_buffer(bits)])
    kind = pa.from_numpy_dtype(values.dtype)
    plain = np.ascontiguousarray(values)
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(plain)])


def _texts(texts: list[bytes]) -> pa.Array:
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    places, letters = pa.py_buffer(ends), pa.py_buffer(b"".join(texts))
    return pa.StringArray.from_buffers(len(texts), places, letters)
