"""What one run of AccelTran's simulator is given, and how to read it from a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from dse.errors import InputError, did_you_mean, quoted
from dse.json_file import parse_json
from dse.workload.acceltran_models import read_layers


@dataclass(frozen=True, kw_only=True)
class SimulatorRun:
    """One run: a model, a machine, and the rates of its memory.

    `model` is a model dictionary (keys `l`, `h`, `o`, `f`). Bandwidths are in bits per
    cycle: `load_bandwidth` from main memory, `store_bandwidth` into a buffer.

    Raises:
        InputError: the model is none, or a number is outside its range.
    """

    model: Mapping[str, Any]
    seq_len: int
    vocab: int
    batch: int
    activation_sparsity: float
    weight_sparsity: float
    pes: int
    lanes_per_pe: int
    multipliers_per_lane: int
    softmax_per_pe: int
    activation_buffer_mib: float
    weight_buffer_mib: float
    mask_buffer_mib: float
    tile_b: int
    tile_xy: int
    issue_batch: int
    word_bits: int
    load_bandwidth: float
    store_bandwidth: float

    def __post_init__(self) -> None:
        """Refuse what the simulator cannot run."""
        read_layers(self.model)
        for name in (field.name for field in fields(self) if field.name != "model"):
            value = getattr(self, name)
            if name.endswith("_sparsity"):
                legal, wanted = 0 <= value < 1, "at least 0 and below 1"
            elif name == "vocab":
                legal, wanted = 0 <= value < math.inf, "zero or more"
            else:
                legal, wanted = 0 < value < math.inf, "above zero"
            if not legal:
                raise InputError(
                    f"`{name}` of a run is {quoted(value)}; write a number {wanted}."
                )

    @classmethod
    def from_row(
        cls,
        row: Mapping[str, str],
        *,
        load_bandwidths: Mapping[str, float],
        store_bandwidth: float,
        place: str = "this row",
    ) -> Self:
        """Read one row of a table of simulator runs, by the table's column names.

        `load_bandwidths` gives the rate of each memory mode (column `mem_mode`);
        `place` says where the row stands, for messages ('runs.csv, line 3').

        Raises:
            InputError: a column is missing, or a value cannot be read or used.
        """
        values = {name: _read(row, place, *how) for name, how in _COLUMNS.items()}
        word = [_read(row, place, column, _whole) for column in ("IL", "FL")]
        mode = _read(row, place, "mem_mode", str)
        if mode not in load_bandwidths:
            known = did_you_mean(mode, load_bandwidths)
            raise InputError(f"{place}, `mem_mode`: {mode!r} is no memory mode.{known}")
        try:
            return cls(
                **values,
                word_bits=sum(word),
                load_bandwidth=load_bandwidths[mode],
                store_bandwidth=store_bandwidth,
            )
        except InputError as error:
            raise InputError(f"{place}: {error}") from None


def _whole(text: str) -> int:
    number = float(text)
    if not number.is_integer() or abs(number) > 1e12:
        raise ValueError
    return int(number)


def _dictionary(text: str) -> dict[str, Any]:
    value = parse_json(text, "the cell", "a model dictionary")
    if not isinstance(value, dict):
        raise ValueError
    return value


_COLUMNS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "model": ("model_json", _dictionary),
    "seq_len": ("seq", _whole),
    "vocab": ("vocab", _whole),
    "batch": ("batch", _whole),
    "activation_sparsity": ("act_sparsity", float),
    "weight_sparsity": ("wt_sparsity", float),
    "pes": ("pe", _whole),
    "lanes_per_pe": ("lanes_per_pe", _whole),
    "multipliers_per_lane": ("mac_per_lane", _whole),
    "softmax_per_pe": ("softmax_per_pe", _whole),
    "activation_buffer_mib": ("act_buf_MB", float),
    "weight_buffer_mib": ("wgt_buf_MB", float),
    "mask_buffer_mib": ("mask_buf_MB", float),
    "tile_b": ("tile_b", _whole),
    "tile_xy": ("tile_xy", _whole),
    "issue_batch": ("issue_batch", _whole),
}
_WANTED = {
    _whole: "a whole number",
    float: "a number",
    _dictionary: "a model dictionary in JSON",
}


def _read(
    row: Mapping[str, str], place: str, column: str, kind: Callable[[str], Any]
) -> Any:
    text = row.get(column)
    if text is None:
        known = did_you_mean(column, (c for c in row if not c.startswith("out_")))
        raise InputError(f"{place}: there is no column `{column}`.{known}")
    try:
        return kind(text)
    except ValueError:
        raise InputError(
            f"{place}, column `{column}`: is {quoted(text)}; write {_WANTED[kind]}."
        ) from None
