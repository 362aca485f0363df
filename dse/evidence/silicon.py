"""Ops measured on cards, beside what the reference machines say of them.

`dse validate a100`: products, softmax, norms and non-linearities on one of 80 GB.
`dse validate h800`: products in 8 bits, and attention in decode.

One row of a table is one op, run alone: a product [m, k] x [k, n], a softmax, norm or
non-linearity over [m, n], or one decode step of attention. The model runs the same op
as a workload of its own, by `dse.evaluate`. Rows with `fitted` are those that a number
of the machine was fitted to; they are told apart from the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dse.csv_file import read_rows
from dse.engines.reference import ReferenceMachine
from dse.engines.registry import find_preset
from dse.errors import InputError, did_you_mean
from dse.evidence.run_errors import compare_rows
from dse.explore.evaluate import evaluate
from dse.shipped import hw_params_folder
from dse.workload.layer_ops import OpList, Tokens, attention_ops
from dse.workload.layers import Op, activation, chain, layer_norm, linear
from dse.workload.ops import Block, Workload
from dse.workload.parts import multi_head

OPERATORS = ("product", "softmax", "layer_norm", "activation", "attention")
_ATTENTION = ("query_heads", "key_heads", "head_width", "batch", "context")


def validate(
    data: Path | None = None, of: str = "a100", *, progress: bool = True
) -> dict[str, Any]:
    """Compare every row of a table, or of the one of a card that comes with dse.

    Returns `quantities` over all rows that nothing was fitted to, the same by operator
    under `groups`, and one record per row. Raises `InputError` for a file, column or
    value that cannot be read.
    """
    path = data or hw_params_folder() / "reported" / f"silicon_{of}.csv"
    rows = read_rows(path, "a CSV with one op per row")
    return compare_rows(rows, _compare, unit="op", progress=progress)


def _compare(place: str, row: Mapping[str, str | None]) -> dict[str, Any]:
    operator = row.get("operator") or ""
    if operator not in OPERATORS:
        meant = did_you_mean(operator, OPERATORS)
        raise InputError(f"{place}: `operator` is {operator!r}.{meant}")
    word = _number(place, row, "word_bits")
    machine = in_words_of(_machine(place, row), word)
    measured = _number(place, row, "latency_us")
    found = float(evaluate(machine, _workload(place, row, operator)).latency) * 1e6
    fitted = bool(row.get("fitted"))
    return {
        "place": place,
        "group": f"{operator} {'that was fitted to' if fitted else 'unseen'}",
        "fitted": fitted,
        "claimed": {"latency_us": measured},
        "found": {"latency_us": found},
        "errors": {"latency_us": found / measured - 1.0},
    }


def in_words_of(machine: ReferenceMachine, bits: float) -> ReferenceMachine:
    """Return a machine in words of other bits: its peak times old over new."""
    peak = machine.peak_tops * machine.word_bits / bits
    return machine.replace(peak_tops=peak, word_bits=bits)


def _machine(place: str, row: Mapping[str, str | None]) -> ReferenceMachine:
    name = row.get("machine") or ""
    try:
        found = find_preset("reference", name)
    except InputError as error:
        raise InputError(f"{place}: `machine` is {name!r}. {error}") from None
    assert isinstance(found, ReferenceMachine)
    return found


def _workload(place: str, row: Mapping[str, str | None], operator: str) -> Workload:
    if operator == "attention":
        heads, key_heads, width, batch, keys = (
            int(_number(place, row, name)) for name in _ATTENTION
        )
        ops = OpList()
        attention = multi_head(heads * width, heads, width, kv_heads=key_heads)
        attention_ops(ops, attention, Tokens(rows=1, keys=keys, later=True, kept=True))
        step = run_alone(ops.ops, batch=batch, seq_len=keys, mode="decode")
        return step.attention_only()
    rows, columns = (int(_number(place, row, name)) for name in ("m", "n"))
    if operator == "product":
        inner = int(_number(place, row, "k"))
        return run_alone([linear("product", rows, inner, columns, reads=(0,))])
    if operator == "softmax":
        return run_alone([Op("softmax", "softmax", (0,), rows, columns)])
    make = layer_norm if operator == "layer_norm" else activation
    return run_alone([make(operator, rows, columns, reads=(0,))])


def run_alone(
    ops: list[Op], *, batch: int = 1, seq_len: int = 1, mode: str = "prefill"
) -> Workload:
    """Return a workload of some ops and nothing else."""
    block = Block(ops=chain(ops), repeats=1)
    return Workload(
        name=ops[0].name, blocks=(block,), batch=batch, seq_len=seq_len, mode=mode
    )


def _number(place: str, row: Mapping[str, str | None], name: str) -> float:
    text = row.get(name)
    if text is None:
        raise InputError(f"{place}: there is no column `{name}`; add it.")
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    any_number = name == "latency_us"
    is_one = any_number or number.is_integer()  # no infinity is
    if not (0.0 < number < float("inf") and is_one):
        what = "a number" if any_number else "a whole number"
        raise InputError(f"{place}: `{name}` is {text!r}; write {what} above 0.")
    return number
