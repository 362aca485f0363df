"""What the machine could do: arithmetic without anything else, and streaming memory.

Measured in this process with what compiled models are made of: machine code over rows
of float32. A model's rate can be held against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from jax import lax

from benchmarks.speed.table import cpu_seconds
from dse.compile.function import compile_function

LENGTH = 2048  # operations on each row, so that reading it counts for nothing
BESIDE = 12  # of them that do not wait for each other; all stay in registers
TAKEN = 3  # numbers that they take in turn, so that none can be left out
ROWS = 2**18

Step = Callable[[Any, Any], Any]

# What stands for an operation of each kind on `x` and a number beside it, both near 1.
STEPS: dict[str, Step] = {
    "mul": lambda x, b: x * b,
    "add": lambda x, b: x + b,
    "max": lambda x, b: lax.max(x, b),
    "select_n": lambda x, b: lax.select_n(b > 1.0, x, b),
    "div": lambda x, b: b / x,
    "ceil": lambda x, b: lax.floor(x),
    "sqrt": lambda x, b: lax.sqrt(x),
    "exp": lambda x, b: lax.exp(x),
    "log": lambda x, b: lax.log(x),
}
_LIKE = {"sub": "add", "neg": "add", "abs": "add", "floor": "ceil", "round": "ceil"}
_OTHER = "max"  # as dear as comparisons and what joins them


@cache
def peak() -> float:
    """Return multiplications and additions per CPU second, fused, one after another."""
    return _rate({"mul": LENGTH // 2, "add": LENGTH // 2})


def bandwidth() -> float:
    """Return bytes per CPU second of adding arrays that no cache holds."""
    count = 2**24
    a, b, c = (np.full(count, 1.5, np.float32) for _ in range(3))
    spent = cpu_seconds(lambda: np.add(a, b, out=c))
    return 3.0 * a.nbytes / spent


def limit(operations: Mapping[str, int]) -> float:
    """Return designs per CPU second if nothing but arithmetic took any time.

    As many operations of each kind, on numbers that are in registers, none waiting for
    the one before: additions behind multiplications, which the processor fuses, and all
    others strewn between.
    """
    kinds: Counter[str] = Counter()
    for name, count in operations.items():
        kinds[_LIKE.get(name, name if name in STEPS else _OTHER)] += count
    return _rate(kinds) / kinds.total()


def _rate(kinds: Mapping[str, int]) -> float:
    """Return operations per CPU second of a mixture."""
    share = LENGTH / sum(kinds.values())
    counts = {kind: round(count * share) for kind, count in kinds.items()}
    fused = min(counts.get("mul", 0), counts.get("add", 0))
    units = [("mul", "add")] * fused
    for kind, count in counts.items():
        units += [(kind,)] * (count - fused * (kind in ("mul", "add")))
    np.random.default_rng(0).shuffle(order := list(range(len(units))))

    def chains(given: Mapping[str, Any]) -> dict[str, Any]:
        found = [given[f"x{n}"] for n in range(BESIDE)]
        for turn, unit in enumerate(order):
            beside = given[f"b{turn // BESIDE % TAKEN}"]
            for kind in units[unit]:
                found[turn % BESIDE] = STEPS[kind](found[turn % BESIDE], beside)
        return {"all": sum(found)}

    random = np.random.default_rng(0)
    names = [*(f"x{n}" for n in range(BESIDE)), *(f"b{n}" for n in range(TAKEN))]
    columns = {  # one number for all rows: none is read from far away
        name: random.uniform(1.0 - 1e-6, 1.0 + 1e-6, 1).astype(np.float32)
        for name in names
    }
    run = compile_function(chains, names).code(np.float32, backend="llvm")
    return sum(counts.values()) * ROWS / cpu_seconds(lambda: run(columns, ROWS))
