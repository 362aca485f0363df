"""One part of a sweep as a Parquet file: a design a row, units in the column names.

A part's name holds the run that it is of, so that nobody else's file is taken for one,
and a hash of its bytes, so that every fault of a disk shows.
"""

from __future__ import annotations

import hashlib
import json
import re
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dse.arrays import Rows
from dse.explore.runs import Runs
from dse.sweeps.table_file import arrow_table

INDEX = "design"
FLAG = "on_front_so_far"  # whether nothing beat the design when its part was written
_OWNER = b"dse"
_NAME = re.compile(r"part-(\d{6})-([0-9a-f]{16})-([0-9a-f]{12})\.parquet")


class TornError(Exception):
    """A part that is not whole, or not of this run."""


def part_bytes(rows: Runs, on_front: Rows, run: str, part: int) -> bytes:
    """Return a part as a file: the same rows give the same bytes."""
    table = arrow_table({**rows.columns, FLAG: on_front})
    owner = {_OWNER: json.dumps({"run": run, "part": part}).encode()}
    whole = BytesIO()
    pq.write_table(table.replace_schema_metadata(owner), whole, compression="zstd")
    return whole.getvalue()


def part_name(part: int, data: bytes, run: str) -> str:
    """Return the name of a part of a run with these bytes."""
    return f"part-{part:06d}-{run}-{_hash(data)}.parquet"


def part_number(name: str, run: str) -> int | None:
    """Return which part of a run a file is by its name; None if it is none."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match is not None and match[2] == run else None


def read_part(name: str, data: bytes, run: str) -> pa.Table:
    """Return the table of a part. Raises `TornError` unless it is whole and ours."""
    number = part_number(name, run)
    if number is None or name != part_name(number, data, run):
        raise TornError("it is not whole: its bytes are not those its name tells")
    table = pq.read_table(BytesIO(data))
    owner = json.loads(table.schema.metadata[_OWNER])
    if owner != {"run": run, "part": number}:
        raise TornError("it is of another run, or under another's name")
    return table


def candidates(table: pa.Table, *, every: bool = False) -> Rows:
    """Return the designs of a part that may be on the front, or every one in it."""
    rows = table if every else table.filter(table[FLAG])
    return np.asarray(rows[INDEX], np.int64)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
