"""What every engine is: a record that says what ONE op costs and what it occupies.

The base batches an engine's physics over the ops of a workload; JAX batches it over
designs. A new engine is one file with one finished record.
"""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from dse.errors import InputError
from dse.hardware.technology import Technology
from dse.records import Record, record
from dse.schedule.stage import Chain
from dse.workload.ops import Ops, Workload


@record
class Op(Record):
    """One op of one sequence as an engine sees it; scalars."""

    heads: Any
    rows: Any
    inner: Any
    columns: Any
    input_density: Any
    weight_density: Any
    output_density: Any
    weights_before: Any
    density_before: Any
    in_attention: Any
    last_share: Any


@record
class Run(Record):
    """What an engine knows of the whole run: the batch, and all weights there are.

    `weights`, `density` and `repeats` are `[ops]` over all ops of all blocks.
    """

    batch: Any
    weights: Any
    density: Any
    repeats: Any


class Engine(Record):
    """Base of the engines; each one is finished, none inherits from another.

    An engine defines a method for each kind of op that it can run, named as the kind,
    `linear(op, run, technology) -> Stage`, and the five methods below. `presets` names
    its class methods that return a published machine.
    """

    presets: ClassVar[tuple[str, ...]] = ()

    @property
    def fetches_ahead(self) -> bool:
        """Whether weights may come before results of earlier ops are stored."""
        return True

    def clock(self, technology: Technology) -> Any:
        """Return the clock frequency in Hz."""
        raise NotImplementedError

    def area(self, technology: Technology) -> dict[str, Any]:
        """Return the area in m^2 by component."""
        raise NotImplementedError

    def leakage(
        self, technology: Technology, seconds: Any, busy: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the leakage energy in J by component, over a run of some seconds.

        `busy` holds units x seconds that each component worked.
        """
        raise NotImplementedError

    def peak_rate(self, technology: Technology) -> Any:
        """Return operations per second of all units, as published peaks count."""
        raise NotImplementedError

    @classmethod
    def default_technology(cls) -> Technology:
        """Return the technology of the machine this engine was built after."""
        raise NotImplementedError


def stages(
    engine: Engine,
    ops: Ops,
    repeats: int,
    run: Run,
    technology: Technology,
    *,
    last: bool,
) -> Chain:
    """Return what a chain of ops asks of a machine.

    Ops of one kind are batched, so that the physics of a kind is traced once. Raises
    `InputError` where the engine has no such kind of op.
    """
    rows = _rows(ops, last_share=1.0 / repeats if last else 0.0)
    groups = []
    for kind in dict.fromkeys(ops.kinds):
        physics = getattr(engine, kind, None)
        if physics is None:
            raise InputError(
                f"`{type(engine).__name__}` cannot run `{kind}` ops; use another "
                f"engine or a workload without them."
            )
        places = tuple(i for i, name in enumerate(ops.kinds) if name == kind)
        own = jax.tree.map(lambda column, p=places: column[np.asarray(p)], rows)
        batched = jax.vmap(lambda op, f=physics: f(op, run, technology))(own)
        groups.append((places, batched))
    return Chain(tuple(groups), ops.depends, repeats, engine.fetches_ahead)


def _rows(ops: Ops, *, last_share: float) -> Op:
    """Return the columns of a chain, with what the op before left in buffers."""
    has_weights = [kind in ("linear", "convolution") for kind in ops.kinds]
    with_weights = [i for i, has in enumerate(has_weights) if has]
    before = [
        max((j for j in with_weights if j < i), default=None) for i in range(len(ops))
    ]
    # The first op with weights follows the last one of the layer before.
    wrapped = [
        with_weights[-1] if j is None and with_weights else j or 0 for j in before
    ]
    weights = jnp.asarray(ops.weights) * 1.0
    return Op(
        heads=jnp.asarray(ops.heads) * 1.0,
        rows=jnp.asarray(ops.rows) * 1.0,
        inner=jnp.asarray(ops.inner) * 1.0,
        columns=jnp.asarray(ops.columns) * 1.0,
        input_density=jnp.asarray(ops.input_density) * 1.0,
        weight_density=jnp.asarray(ops.weight_density) * 1.0,
        output_density=jnp.asarray(ops.output_density) * 1.0,
        weights_before=weights[np.asarray(wrapped)],
        density_before=(jnp.asarray(ops.weight_density) * 1.0)[np.asarray(wrapped)],
        in_attention=jnp.asarray(ops.in_attention) * 1.0,
        last_share=jnp.zeros(len(ops)).at[-1].set(last_share),
    )


def describe_run(workload: Workload) -> Run:
    """Return the batch and the weights of all ops of a workload."""
    blocks = workload.blocks
    return Run(
        batch=workload.batch,
        weights=jnp.concatenate([jnp.asarray(b.ops.weights) * 1.0 for b in blocks]),
        density=jnp.concatenate(
            [jnp.asarray(b.ops.weight_density) * 1.0 for b in blocks]
        ),
        repeats=np.concatenate([np.full(len(b.ops), float(b.repeats)) for b in blocks]),
    )
