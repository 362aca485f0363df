"""The waist of dse: design x workload x technology -> Metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import fields
from operator import attrgetter
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax import Array

from dse.arrays import Column, Number, Values
from dse.engines.base import Engine, Run, describe_run, fuse_column, schedule_run
from dse.engines.masks import wanted_share
from dse.engines.word_length import format_loss
from dse.hardware.buildable import broken_bounds, lacking_memory
from dse.hardware.technology import Technology
from dse.records import Record, quantity, record, static
from dse.schedule.stage import Chain, Stage, resource_cycles, total
from dse.schedule.walk import roofline, walk
from dse.shown import Printed, Shown, shown
from dse.sparsity.loss import Loss, Subject, subjects, together
from dse.workload.ops import Workload

Timing = Literal["walk", "roofline"]
# How names of extras end: of counts, that add up over the steps of a generation, and of
# lifetimes.
_COUNTS = ("_mbit", "_per_cell")
_LIFETIME = "lifetime_years"
TIMINGS = {"walk": walk, "roofline": roofline}


@record
class Metrics(Shown, Record):
    """The answer for one run of a batch, in SI; scalars, or `[designs]` under `vmap`.

    Energy counts everything: work, leakage and main memory. Breakdowns sum to totals.
    What is said of a sequence is of a token where one decodes (`counted`).

    Examples:
        >>> found = dse.evaluate("tile:edge", "bert-tiny")
        >>> max(found.area_by_component, key=found.area_by_component.get)
        'softmax'
        >>> bool(abs(sum(found.area_by_component.values()) / found.area - 1) < 1e-9)
        True
    """

    latency: Values = quantity("s", "from first load to last result of a batch")
    throughput: Values = quantity("seq/s", "sequences per second")
    energy: Values = quantity("J", "per sequence")
    power: Values = quantity("W", "mean over the run")
    area: Values = quantity("m^2", "of the chip, main memory excluded")
    peak_rate: Values = quantity("op/s", "2 per MAC, at the clock that is reached")
    effective_rate: Values = quantity("op/s", "2 per MAC, zeros included, over latency")
    accuracy_drop: Values | None = None  # as a share, 0.01 is a point; None: not known
    accuracy_spread: Values | None = None  # one standard deviation of the accuracy
    measured_on: tuple[Subject, ...] = static(
        "what accuracy was measured on", default=()
    )
    foreign: tuple[str, ...] = static(
        "why some of that is another model or length", default=()
    )
    unknown: tuple[str, ...] = static(
        "of what an accuracy that is NaN is not known", default=()
    )
    budget_use: Values | None = None  # largest share of a budget; None: has none
    power_density: Values = quantity("W/m^2", "of the chip, main memory excluded")
    wear: Values | None = None  # cells' life that a second takes; None: none wear
    clock_use: Values = quantity("1", "clock over the highest that the logic allows")
    edge_use: Values | None = None  # of the chip under PHYs; None: not known
    memory_capacity: Values | None = None  # bytes of main memory; None: not known
    dynamic_energy: Mapping[str, Values]
    leakage_energy: Mapping[str, Values]
    area_by_component: Mapping[str, Values]
    utilization: Mapping[str, Values]
    time_to_first_token: Values | None = None  # s; these four of a generation alone
    time_per_output_token: Values | None = None  # s, the mean decode step
    tokens_per_second: Values | None = None  # made, of all sequences of a batch
    energy_per_token: Values | None = None  # J, over the tokens made
    counted: str = static("what throughput counts: `sequence`, `token`, `run`")
    op_names: tuple[str, ...] = static("name of each op, in program order")
    op_energy: Column = quantity("J", "dynamic, per sequence and op, [ops]")
    op_busy: Mapping[str, Column]
    op_work: Column = quantity("op", "2 per MAC, zeros included, a sequence, [ops]")
    op_bytes: Column = quantity("B", "over the main-memory port, a sequence, [ops]")
    off_chip_bytes: Mapping[str, Values]  # over the port, a sequence
    compulsory_bytes: Mapping[str, Values]  # of these, what no machine can do without
    memory_use: Mapping[str, Values]  # bytes of a batch, by what they are
    extras: Mapping[str, Values]  # what only its kind has, units in the names

    @property
    def energy_by_component(self) -> dict[str, Values]:
        """Energy per sequence in J by component, work and leakage together."""
        names = sorted(self.dynamic_energy.keys() | self.leakage_energy.keys())
        return {
            n: self.dynamic_energy.get(n, 0.0) + self.leakage_energy.get(n, 0.0)
            for n in names
        }

    @property
    def energy_delay(self) -> Values:
        """Energy per sequence times time per sequence, 1 / throughput, in J s."""
        return self.energy / self.throughput

    @property
    def batch_energy_delay(self) -> Values:
        """Energy of a batch times its latency, in J s."""
        return self.energy * (self.throughput * self.latency) * self.latency

    @property
    def cannot_be_built(self) -> tuple[str, ...]:
        """What of it cannot be built, each in words; empty where all can."""
        return broken_bounds(self)

    @property
    def weight_memory(self) -> Values | None:
        """Bytes of main memory that weights take; None: not known."""
        return self.memory_use.get("weights")

    @property
    def cache_memory(self) -> Values | None:
        """Bytes of main memory that keys and values of earlier tokens take."""
        return self.memory_use.get("cache")

    @property
    def activation_memory(self) -> Values | None:
        """Bytes of main memory that live activations take."""
        return self.memory_use.get("activations")

    @property
    def capacity_use(self) -> Values | None:
        """Share of main memory that a batch needs; None: not known."""
        if self.memory_capacity is None or not self.memory_use:
            return None
        return sum(self.memory_use.values()) / self.memory_capacity

    @property
    def does_not_fit(self) -> str:
        """Why main memory cannot hold the run, in words; '' where it can, or may."""
        share = self.capacity_use
        return "" if share is None else lacking_memory(self.memory_use, share)

    def summary(self) -> Printed:
        """Return the tables of `dse evaluate`: totals, parts, units and ops."""
        return shown("metrics_summary", self)

    @property
    def bottleneck(self) -> str:
        """Name of the port or unit that is busy for the largest share of the run."""
        return max(self.utilization, key=lambda name: float(self.utilization[name]))


def metrics(
    design: Engine, workload: Workload, technology: Technology, timing: Timing
) -> Metrics:
    """Return the metrics of one design; pure, for the caller to trace or compile."""
    found = costs(design, workload, technology, timing)
    return with_accuracy(found, accuracy(design, workload, technology))


def costs(
    design: Engine, workload: Workload, technology: Technology, timing: Timing
) -> Metrics:
    """Return all metrics but accuracy.

    They depend on the sizes of ops alone; accuracy, on the name of the model, too, and
    on its length in tokens.
    """
    if not workload.new_tokens:
        return _one(design, workload, technology, timing)
    parts = [workload, *(step.workload for step in workload.steps)]
    return _in_sequence(
        workload, [_part(design, part, technology, timing=timing) for part in parts]
    )


def _in_sequence(workload: Workload, parts: list[Metrics]) -> Metrics:
    """Return the metrics of a generation: chunks of a prompt, then decode steps."""
    times = [1.0, *(step.times for step in workload.steps)]
    modes = ["prefill", *(step.workload.mode for step in workload.steps)]
    mean, runs = combine(parts, times), sum(times)

    def seconds(mode: str) -> Values:
        spent = zip(times, modes, parts, strict=True)
        return sum(n * part.latency for n, kind, part in spent if kind == mode)

    def whole(value: Any) -> Any:
        return jax.tree.map(lambda x: runs * x, value)

    made = workload.new_tokens
    latency, energy = whole(mean.latency), whole(mean.energy)
    extensive = ("dynamic_energy", "leakage_energy", "off_chip_bytes")
    busy = [
        jax.tree.map(
            lambda x, n=n: n * x,
            {**part.op_busy, "work": part.op_work, "bytes": part.op_bytes},
        )
        for n, part in zip(times, parts, strict=True)
    ]
    by_op = jax.tree.map(lambda *x: jnp.concatenate(x), *busy)
    return mean.replace(
        latency=latency,
        throughput=mean.throughput / runs,
        energy=energy,
        **{name: whole(getattr(mean, name)) for name in extensive},
        compulsory_bytes=whole(mean.compulsory_bytes),
        op_energy=whole(mean.op_energy),
        op_work=by_op.pop("work"),
        op_bytes=by_op.pop("bytes"),
        op_busy=by_op,
        extras={
            name: whole(value) if name.endswith(_COUNTS) else value
            for name, value in mean.extras.items()
        },
        counted="sequence",
        time_to_first_token=seconds("prefill"),
        time_per_output_token=seconds("decode") / (made - 1) if made > 1 else None,
        tokens_per_second=workload.batch * made / latency,
        energy_per_token=energy / made,
    )


def _one(
    design: Engine, workload: Workload, technology: Technology, timing: Timing
) -> Metrics:
    """Return the metrics of one design and one chain of blocks."""
    run, batch = describe_run(workload), workload.batch
    chains, planned, held = schedule_run(design, workload, technology)
    clock = design.clock(technology)
    cycles = TIMINGS[timing](chains)
    seconds = cycles / clock
    dynamic = total(chains, "dynamic")
    busy = {part: c / clock for part, c in total(chains, "busy").items()}
    leakage = design.leakage(technology, seconds, busy)
    area = design.area(technology)
    energy = sum(dynamic.values()) + sum(leakage.values())
    outside = [j for part in (dynamic, leakage) for n, j in part.items() if _is_off(n)]
    return Metrics(
        latency=seconds,
        throughput=batch / seconds,
        energy=energy / batch,
        power=energy / seconds,
        area=sum(area.values()),
        peak_rate=design.peak_rate_at(run.words, technology),
        effective_rate=2.0 * _wanted_macs(workload, run) * batch / seconds,
        dynamic_energy={part: joule / batch for part, joule in dynamic.items()},
        leakage_energy={part: joule / batch for part, joule in leakage.items()},
        area_by_component=area,
        utilization={r: c / cycles for r, c in resource_cycles(chains).items()},
        budget_use=design.budget_use(technology),
        power_density=(energy - sum(outside)) / seconds / sum(area.values()),
        wear=_fastest(
            design.wear(technology, seconds, dynamic), total(chains, "wear"), seconds
        ),
        clock_use=clock / design.highest_clock(technology),
        edge_use=_edge_use(design.interface_edge(technology), area),
        memory_capacity=design.memory_capacity(technology),
        memory_use={kind: bits / 8.0 for kind, bits in held.items()},
        counted=workload.counted,
        op_names=tuple(name for chain in chains for name in chain.names),
        op_energy=jnp.stack(
            [joule for chain in chains for joule in chain.totals(_energy_of_work)]
        )
        / batch,
        op_busy=_by_op(chains, clock),
        op_work=2.0 * _wanted_by_op(design, workload, run),
        op_bytes=jnp.stack([bits for chain in chains for bits in chain.totals(_moved)])
        / (8.0 * batch),
        off_chip_bytes={
            origin: bits / (8.0 * batch)
            for origin, bits in total(chains, "moved").items()
        },
        compulsory_bytes={
            origin: bits / 8.0 for origin, bits in planned.compulsory.items()
        },
        extras=design.extras(run, technology, seconds, dynamic),
    )


_part = jax.jit(_one, static_argnames="timing")  # decode steps share one trace


def accuracy_losses(
    design: Engine, workload: Workload, technology: Technology
) -> tuple[Loss, ...] | None:
    """Return the accuracy lost by a workload on a machine; None where not known."""
    run = describe_run(workload)
    own = design.losses(run, technology)
    if workload.loss is None or own is None:
        return None
    words = (format_loss(run.words),) if run.words else ()
    return (workload.loss, *words, *own)


def misfits(losses: Iterable[Loss], model: str, tokens: int) -> tuple[str, ...]:
    """Say of losses that were measured on something else than a run what that was."""
    told = (each.misfit(model, tokens) for each in subjects(losses))
    return tuple(dict.fromkeys(filter(None, told)))


@record
class Accuracy(Record):
    """What `Metrics` says of accuracy, in the same fields."""

    accuracy_drop: Values | None = None
    accuracy_spread: Values | None = None
    measured_on: tuple[Subject, ...] = static("what it was measured on", default=())
    foreign: tuple[str, ...] = static("why that is something else", default=())
    unknown: tuple[str, ...] = static("of what it is not known", default=())


def accuracy(design: Engine, workload: Workload, technology: Technology) -> Accuracy:
    """Return the accuracy of a run: of a generation, the mean of all that it runs."""
    parts = [workload, *(step.workload for step in workload.steps)]
    times = [1.0, *(step.times for step in workload.steps)]
    return _mean_accuracy([_accuracy(design, w, technology) for w in parts], times)


def with_accuracy(found: Metrics, known: Accuracy) -> Metrics:
    """Return metrics that say what is known of accuracy, too."""
    both = copy(found)  # both were worked out: nothing is to be checked
    vars(both).update(vars(known))
    return both


def _accuracy(design: Engine, workload: Workload, technology: Technology) -> Accuracy:
    losses = accuracy_losses(design, workload, technology)
    if losses is None:
        return Accuracy()
    all_of_it = together(losses, workload.model, workload.seq_len)
    return Accuracy(
        accuracy_drop=all_of_it.drop,
        accuracy_spread=all_of_it.spread,
        measured_on=subjects(losses),
        foreign=misfits(losses, workload.model, workload.seq_len),
        unknown=tuple(dict.fromkeys(e.unknown for e in losses if e.unknown)),
    )


def _mean_accuracy(
    parts: Sequence[Metrics | Accuracy], weights: Sequence[float]
) -> Accuracy:
    """Return the weighted mean; not known where that of one part is not."""

    def mean(name: str) -> Any:
        values = [getattr(part, name) for part in parts]
        if any(value is None for value in values):
            return None
        shares = [weight / sum(weights) for weight in weights]
        return sum(s * x for s, x in zip(shares, values, strict=True))

    if len(parts) == 1:
        return Accuracy(**{f.name: getattr(parts[0], f.name) for f in fields(Accuracy)})
    return Accuracy(
        accuracy_drop=mean("accuracy_drop"),
        accuracy_spread=mean("accuracy_spread"),
        measured_on=_each_once(part.measured_on for part in parts),
        foreign=_each_once(part.foreign for part in parts),
        unknown=_each_once(part.unknown for part in parts),
    )


def _is_off(component: str) -> bool:
    """Say whether a component is main memory, or works in it: not on the chip."""
    return component.rpartition(".")[2].startswith(("main_memory", "in_memory"))


def _wanted_macs(workload: Workload, run: Run) -> Number:
    """Return the multiply-accumulates of a sequence, zeros included.

    Pairs of a query and a key that padding or a causal mask hides are left out: some
    machines skip them, and nobody wants them.
    """
    total: Number = 0.0
    for block in workload.blocks:
        wanted = block.ops.macs * wanted_share(block, run)
        total += block.repeats * jnp.sum(wanted)
    return total


def _wanted_by_op(design: Engine, workload: Workload, run: Run) -> Array:
    """Return the same by op as the machine has them, all repeats together, `[ops]`."""
    columns = []
    for block in workload.blocks:
        column = block.repeats * block.ops.macs * wanted_share(block, run)
        fused = hasattr(design, "attention")
        columns.append(fuse_column(column, block.ops) if fused else column)
    return jnp.concatenate(columns)


def _fastest(
    own: Number | None, of_run: dict[str, Number], seconds: Number
) -> Number | None:
    """Return the wear of whichever cells go first; None where none wear."""
    rates = [share / seconds for share in of_run.values()]
    rates += [] if own is None else [own]
    return jnp.max(jnp.stack(rates)) if rates else None


def _edge_use(edge: Number | None, area: Mapping[str, Number]) -> Number | None:
    """Return the share of the edge of a square chip that its PHYs stand along."""
    return None if edge is None else edge / (4.0 * jnp.sqrt(sum(area.values())))


def _energy_of_work(stages: Stage) -> Array:
    return jnp.asarray(sum(stages.dynamic.values()))


def _moved(stages: Stage) -> Number:
    return sum(stages.moved.values(), jnp.zeros_like(stages.compute))


def _by_op(chains: list[Chain], clock: Number) -> dict[str, Array]:
    """Return the seconds each op loads, computes and stores, all repeats, [ops]."""

    def cycles(what: str) -> list[Array]:
        return [c for chain in chains for c in chain.totals(attrgetter(what))]

    parts = {"load": "transfers", "compute": "compute", "store": "store"}
    return {part: jnp.stack(cycles(what)) / clock for part, what in parts.items()}


def counted_together(counted: Iterable[str]) -> str:
    """Return what several workloads count; `run` where they count different things."""
    different = set(counted)
    return different.pop() if len(different) == 1 else "run"


def _worn(
    parts: list[Metrics], share: list[float], per_sequence: Values
) -> Values | None:
    """Return the wear of a second of a suite; None where nothing wears."""
    worn = [
        s * part.wear / part.throughput
        for s, part in zip(share, parts, strict=True)
        if part.wear is not None
    ]
    if len(worn) < len(parts):
        return None
    return sum(worn) / per_sequence


def _together_in_memory(parts: list[Metrics]) -> dict[str, Array]:
    """Return what memory is set aside for a suite: the most of each kind at a time."""
    uses = [part.memory_use for part in parts]
    kinds = dict.fromkeys(kind for use in uses for kind in use)
    return {
        kind: jnp.max(jnp.stack([use[kind] for use in uses if kind in use]))
        for kind in kinds
    }


def _each_once(several: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(each for some in several for each in some))


def _extras_of_all(parts: list[Metrics], share: list[float]) -> dict[str, Values]:
    """Return the means of what only its kind has; of lifetimes that of the mean wear.

    Cells that last L years lose 1 / L of their life in a year, at each workload in turn
    for the time that it takes.
    """

    def mean(values: Iterable[Values]) -> Values:
        return sum(s * x for s, x in zip(share, values, strict=True))

    found: dict[str, Values] = {}
    for name in parts[0].extras:
        each = [part.extras[name] for part in parts]
        found[name] = mean(each)
        if name.endswith(_LIFETIME):
            seconds = [1.0 / part.throughput for part in parts]
            worn = [s / years for s, years in zip(seconds, each, strict=True)]
            found[name] = mean(seconds) / mean(worn)
    return found


def combine(parts: list[Metrics], weights: list[float]) -> Metrics:
    """Return the metrics of a weighted suite of workloads as those of one run.

    A sequence drawn from the suite is of workload w with probability `weights[w]`:
    energy and time per sequence are weighted means, throughput their harmonic mean, and
    power is mean energy over mean time. Areas are those of the one machine.
    """
    if len(parts) == 1:
        return parts[0]
    share = [weight / sum(weights) for weight in weights]

    def mean(read: Callable[[Metrics], Any]) -> Any:
        values = [read(part) for part in parts]
        return jax.tree.map(
            lambda *v: sum(s * x for s, x in zip(share, v, strict=True)), *values
        )

    per_sequence = mean(lambda part: 1.0 / part.throughput)
    energy = mean(lambda part: part.energy)
    whole = parts[0].replace(
        latency=mean(lambda part: part.latency),
        throughput=1.0 / per_sequence,
        energy=energy,
        power=energy / per_sequence,
        power_density=mean(lambda part: part.power_density / part.throughput)
        / per_sequence,
        wear=_worn(parts, share, per_sequence),
        memory_use=_together_in_memory(parts),
        effective_rate=mean(lambda part: part.effective_rate / part.throughput)
        / per_sequence,
        dynamic_energy=mean(lambda part: part.dynamic_energy),
        leakage_energy=mean(lambda part: part.leakage_energy),
        off_chip_bytes=mean(lambda part: part.off_chip_bytes),
        compulsory_bytes=mean(lambda part: part.compulsory_bytes),
        utilization=jax.tree.map(
            lambda busy: busy / per_sequence,
            mean(
                lambda part: {
                    unit: busy / part.throughput
                    for unit, busy in part.utilization.items()
                }
            ),
        ),
        counted=counted_together(part.counted for part in parts),
        op_names=tuple(name for part in parts for name in part.op_names),
        op_energy=jnp.concatenate(
            [s * part.op_energy for s, part in zip(share, parts, strict=True)]
        ),
        op_busy=jax.tree.map(
            lambda *busy: jnp.concatenate(busy), *[part.op_busy for part in parts]
        ),
        op_work=jnp.concatenate([part.op_work for part in parts]),
        op_bytes=jnp.concatenate([part.op_bytes for part in parts]),
        extras=_extras_of_all(parts, share),
    )
    return with_accuracy(whole, _mean_accuracy(parts, weights))
