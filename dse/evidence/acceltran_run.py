"""What one run of AccelTran's simulator is given, and how to read it from a table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self, TypeVar

from dse.errors import InputError, did_you_mean

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class SimulatorRun:
    """One run: a model, a machine, and the rates of its memory.

    `model` is a model dictionary (`l`, `h`, `o`, `f`). Buffers are in MiB, bandwidths in
    bits per cycle: `load_bandwidth` from main memory, `store_bandwidth` into a buffer.

    Raises:
        InputError: a number is outside its range.
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
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "model":
                continue
            if field.name.endswith("_sparsity"):
                legal, wanted = 0.0 <= value < 1.0, "at least 0 and below 1"
            elif field.name == "vocab":
                legal, wanted = value >= 0, "zero or more"
            else:
                legal, wanted = 0 < value < math.inf, "above zero"
            if not legal:
                raise InputError(
                    f"`SimulatorRun.{field.name}` is {value!r}; it must be {wanted}."
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

        `load_bandwidths` gives the rate of each memory mode (column `mem_mode`); `place`
        says where the row stands, for messages ('runs.csv, line 3').

        Raises:
            InputError: a column is missing, or a value cannot be read or used.
        """

        def read(column: str, kind: Callable[[str], T]) -> T:
            text = row.get(column)
            if text is None:
                raise InputError(
                    f"{place}: there is no column `{column}`."
                    + did_you_mean(column, row)
                )
            try:
                return kind(text)
            except ValueError:
                raise InputError(
                    f"{place}, column `{column}`: {text!r} is not {_WANTED[kind]}."
                ) from None

        mode = read("mem_mode", str)
        if mode not in load_bandwidths:
            raise InputError(
                f"{place}, column `mem_mode`: {mode!r} is not a memory mode."
                + did_you_mean(mode, load_bandwidths)
            )
        numbers = {name: read(column, int) for column, name in _WHOLE.items()}
        shares = {name: read(column, float) for column, name in _REAL.items()}
        try:
            return cls(
                model=read("model_json", _dictionary),
                word_bits=read("IL", int) + read("FL", int),
                load_bandwidth=load_bandwidths[mode],
                store_bandwidth=store_bandwidth,
                **numbers,
                **shares,
            )
        except InputError as error:
            message = str(error)
            raise InputError(
                message if message.startswith(place) else f"{place}: {message}"
            ) from None


_WHOLE = {
    "seq": "seq_len",
    "vocab": "vocab",
    "batch": "batch",
    "pe": "pes",
    "lanes_per_pe": "lanes_per_pe",
    "mac_per_lane": "multipliers_per_lane",
    "softmax_per_pe": "softmax_per_pe",
    "tile_b": "tile_b",
    "tile_xy": "tile_xy",
    "issue_batch": "issue_batch",
}
_REAL = {
    "act_sparsity": "activation_sparsity",
    "wt_sparsity": "weight_sparsity",
    "act_buf_MB": "activation_buffer_mib",
    "wgt_buf_MB": "weight_buffer_mib",
    "mask_buf_MB": "mask_buffer_mib",
}


def _dictionary(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError
    return value


_WANTED: dict[Callable[[str], Any], str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    _dictionary: "a model dictionary in JSON",
}
