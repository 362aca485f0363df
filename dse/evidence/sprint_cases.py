"""The workloads that SPRINT was measured on, and what it printed about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dse.csv_file import number_in, read_each, read_rows
from dse.errors import InputError
from dse.hardware.technology import Technology
from dse.workload.layers import Op, chain
from dse.workload.ops import Block, Workload

HEAD_WIDTH = 64  # of all models, as their data movement tells
HEADS = 12  # of a layer; only the first of them waits, which is 0.3 % of the time
IMAGES = "ViT"  # how the names of vision models begin
FIGURES = ("spd", "dmm", "dm")  # by size: speed-up, movement by mask, and by SPRINT
SIZES = ("s", "m", "l")
GAINS = ("eM_prune", "eM_sprint")
COLUMNS = (
    *(f"{what}_{size.upper()}" for what in FIGURES for size in SIZES),
    *GAINS,
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One workload: length with padding, share of padding, and of pairs pruned.

    `printed` holds the published figures by column, empty where none are compared.
    """

    name: str
    seq_len: int
    padded: float
    pruned: float
    printed: Mapping[str, float]

    def workload(self, technology: Technology) -> Workload:
        """Return attention of one sequence, as local as its kind of model is."""
        kind = "image" if self.name.startswith(IMAGES) else "text"
        s = self.seq_len
        ops = [
            Op("scores", "matmul", (0, 0), s, s, HEAD_WIDTH, HEADS),
            Op("softmax", "softmax", (1,), s, s, 0, HEADS),
            Op("context", "matmul", (1, 0), s, HEAD_WIDTH, s, HEADS),
        ]
        dense = Workload(
            name=self.name,
            blocks=(Block(ops=chain(ops), repeats=1),),
            seq_len=s,
            padded_fraction=self.padded,
        )
        exponent = technology[f"locality.exponent_{kind}"]
        return dense.with_attention(kept=1.0 - self.pruned, reuse_exponent=exponent)


def read_cases(path: Path) -> list[Case]:
    """Read a table with the columns model, s, phi, p and `COLUMNS`.

    Raises `InputError` for a file that is no such table, with rows and columns.
    """
    return read_each(read_rows(path, "a CSV with one model per row"), _case)


def _case(place: str, row: Mapping[str, str | None]) -> Case:
    length = number_in(place, "s", row.get("s"))
    if length < 1 or not length.is_integer():
        raise InputError(f"{place}: `s` is {length:g}; write a whole number of tokens.")
    if not row.get("model"):
        raise InputError(f"{place}: `model` is missing; name the model.")
    return Case(
        name=str(row["model"]),
        seq_len=int(length),
        padded=_share(place, "phi", row),
        pruned=_share(place, "p", row),
        printed={name: _printed(place, name, row) for name in COLUMNS},
    )


def _share(place: str, column: str, row: Mapping[str, str | None]) -> float:
    value = number_in(place, column, row.get(column))
    if not 0.0 <= value < 1.0:
        raise InputError(
            f"{place}: `{column}` is {value:g}; write a share from 0 to below 1."
        )
    return value


def _printed(place: str, column: str, row: Mapping[str, str | None]) -> float:
    value = number_in(place, column, row.get(column))
    if value < 0:
        raise InputError(f"{place}: `{column}` is {value:g}; write a number above 0.")
    return value
