"""`dse.largest`: the largest batch, or context, that main memory holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from dse.arguments import one_of
from dse.arrays import Rows
from dse.compile.function import compile_function
from dse.errors import InputError
from dse.explore.asked import DesignLike, TechnologyLike, WorkloadLike, read_question
from dse.explore.model import metrics
from dse.workload.attention import attention_places
from dse.workload.ops import Block, Workload

OF = ("batch", "context")
MOST = 2**40


def largest(
    design: DesignLike,
    workload: WorkloadLike,
    of: str = "batch",
    *,
    technology: TechnologyLike | None = None,
) -> int:
    """Return the largest batch that main memory holds, or the longest context.

    `dse.largest("reference:a100", step, "context")`: all else is that of the workload.
    0 where not even one fits. A context is that of a decode step; each layer keeps as
    many keys of it as its window has. Nobody asks whether the model has positions for
    so many. Raises `InputError` for another word, a context of what is no decode step,
    and a machine whose memory is not described.

    Examples:
        >>> step = dse.transformer("llama-3-8b", mode="decode", context_len=8192)
        >>> card = dse.ReferenceMachine.a100()
        >>> dse.largest(card, step), dse.largest(card, step, "context")
        (26, 213167)
    """
    one_of("of", of, OF)
    machine, run, used = read_question(design, workload, technology, "roofline")
    if of == "context" and (run.mode != "decode" or run.seq_len < 2):
        raise InputError(
            f"`{run.name}` is no decode step over a cache, which alone has a context; "
            'give `dse.transformer(model, mode="decode", context_len=2048)`.'
        )
    if machine.memory_capacity(used) is None:
        raise InputError(
            f"the main memory of `{type(machine).__name__}` is not described by "
            f"technology `{used.name}`; leave `technology` out, or give "
            '`dse.load_technology("mine.toml", "memories")`.'
        )

    def answer(numbers: Mapping[str, Any]) -> Any:
        count = numbers["count"]
        changed = run.replace(batch=count) if of == "batch" else _over(run, count)
        share = metrics(machine, changed, used, "roofline").capacity_use
        if share is None:
            raise InputError(
                f"`{type(machine).__name__}` keeps no weights and no cache of its own; "
                "give it a host, as `dse.Pair(host=dse.TileEngine.edge(), "
                "coprocessor=...)`."
            )
        return share

    shares = compile_function(answer, ["count"])

    def fit(counts: Rows) -> Rows:
        found: Any = shares.grid({"count": counts.astype(float)})
        return np.broadcast_to(found <= 1.0 + 1e-9, counts.shape)

    low, high = 0, MOST  # what fits, and what need not be asked
    while high - low > 1:
        counts = np.unique(np.linspace(low, high, 66)[1:-1].astype(np.int64))
        counts = counts[counts > low]
        held = fit(counts)
        first = int(np.argmin(held)) if not held.all() else len(counts)
        low = int(counts[first - 1]) if first else low
        high = int(counts[first]) if first < len(counts) else high
    return low


def _over(run: Workload, context: Any) -> Workload:
    """Return a decode step over another context."""
    return run.replace(blocks=tuple(_longer(block, context) for block in run.blocks))


def _longer(block: Block, context: Any) -> Block:
    """Return a block whose queries see another context, or as much as its window has.

    Keys of an encoder, which all come from the cache, are as many as they were.
    """
    ops = block.ops
    seen = context if block.window is None else jnp.minimum(context, block.window)
    columns, inner, cached = (np.zeros(len(ops)) for _ in range(3))
    for scores in attention_places(ops):
        width, keys = ops.inner[scores], ops.columns[scores]
        if ops.cached[scores] == keys * width:
            continue
        columns[[scores, scores + 1]] = inner[scores + 2] = 1.0
        cached[scores] = width
        if ops.cached[scores + 2] > 0:  # a value; of latents, keys are values as well
            cached[scores + 2] = ops.columns[scores + 2]
    longer = ops.replace(
        columns=jnp.where(columns > 0, seen, ops.columns),
        inner=jnp.where(inner > 0, seen, ops.inner),
        cached=jnp.where(cached > 0, (seen - 1.0) * cached, ops.cached),
    )
    return block.replace(ops=longer)
