"""What every engine is: a record that says what ONE op costs and what it occupies.

An engine's physics says the same of every op of a kind, element by element; JAX
batches it over designs. A new engine is one file with one finished record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dse.arrays import Choice, Column, Number, array_namespace
from dse.errors import InputError
from dse.hardware.buildable import fastest_clock
from dse.hardware.main_memory import MainMemory, is_described, with_memories
from dse.hardware.technology import Technology
from dse.records import Record, record, static
from dse.schedule.residency import Residency, plan_run, run_together
from dse.schedule.stage import Chain, Stage
from dse.schedule.traffic import Storage, Traffic
from dse.shown import Shown
from dse.sparsity.attention import AttentionPruning
from dse.sparsity.curves import Curve
from dse.sparsity.imbalance import Imbalance
from dse.sparsity.loss import Loss
from dse.workload.attention import (
    attention_places,
    from_cache,
    fuse_attention,
    operand_columns,
)
from dse.workload.formats import Words, read_words, words_of
from dse.workload.kinds import WITH_WEIGHTS
from dse.workload.ops import Block, Ops, Workload

SIZES = ("heads", "rows", "inner", "columns", "sharing", "cached", "choices")
DENSITIES = ("input_density", "weight_density", "output_density")
_OF_ATTENTION = ("value_ratio", "values_apart", "key_ratio", "value_density")


@record
class Op(Record):
    """One op of one sequence as an engine sees it; ops of one kind as columns `[ops]`.

    Where layers differ the columns are `[layers, ops]`: what an engine says of an op is
    said of each of them, element by element.
    """

    heads: Number
    rows: Number
    inner: Number
    columns: Number
    sharing: Number = 1.0
    cached: Number = 0.0
    from_cache: Number = 0.0  # 1 where it multiplies by what a cache holds
    choices: Number = 1.0
    input_density: Number
    weight_density: Number
    output_density: Number
    met: Number = 1.0  # matrices read for each head: of experts those each part meets
    met_by_one: Number = 1.0  # those that one sequence needs
    weights: Number = 0.0  # values of all that a part of the batch needs
    weights_before: Number  # the same, of the op with weights before
    density_before: Number
    in_attention: Number
    last_share: Number
    value_ratio: Number = 1.0  # width of a value of attention over that of its key
    values_apart: Number = 1.0  # 0 where values are parts of the keys, as latents are
    key_ratio: Number = 1.0  # keys there are for each that a query sees
    value_density: Number = 1.0  # share of the values of attention that is not zero
    imbalance: Imbalance = Imbalance()
    traffic: Traffic = Traffic()

    @property
    def matrices(self) -> Number:
        """Matrices of weights that the parts of a batch need, one after the other."""
        return self.heads * self.met


@record
class Run(Record):
    """What an engine knows of the whole run: the batch, and all weights there are.

    `weights`, `density` and `weight_sets` are `[ops]` over all ops of all blocks.
    """

    batch: Number
    together: Number  # sequences of one part of the batch, which run side by side
    weights: Column
    density: Column
    weight_sets: Column  # how often each op has weights of its own
    padded_fraction: Number
    attention: AttentionPruning
    kept_pairs: Number  # share of query-key pairs kept, mean over layers
    curve: Curve | None  # the one that densities were taken from
    causal: bool = static("whether a token sees only earlier ones")
    window: str = static(
        "where one leaves out keys: `causal` with a first token, `open` without",
        default="",
        choices=("", "causal", "open"),
    )
    weights_stay: bool = static("whether weights may stay on chip from run to run")
    expert_imbalance: Number = 1.0  # over how much fewer experts tokens spread
    words: Words | None = static("of its format; None: the machine's own", default=None)


class Engine(Shown, Record):
    """Base of the engines; each one is finished, none inherits from another.

    An engine defines a method for each kind of op that it can run, named as the kind,
    `linear(op, run, technology) -> Stage`, and the methods below that have no default.
    Numbers of an op are columns of all ops of a kind, each of which costs what it costs
    alone. With a method `attention`, it gets scores, softmax and context as ONE op, and
    needs neither `matmul` nor `softmax`. `presets` names its class methods that return
    a published machine.
    """

    presets: ClassVar[tuple[str, ...]] = ()
    # Those of which figures are known that nothing was fitted to: where the error of
    # the model was learned.
    checked_on: ClassVar[tuple[str, ...]] = ()
    # And what those ran, from least to most, by the names of `evidence_range.run_of`.
    checked_at: ClassVar[Mapping[str, tuple[float, float]]] = {}
    # What a co-processor's own counts hold of the values that it gets and gives:
    # "operands written", "operands read", "result written".
    counts: ClassVar[frozenset[str]] = frozenset()
    # Whether it computes in its main memory, which then serves no host.
    computes_in_memory: ClassVar[bool] = False

    @property
    def described_in(self) -> tuple[str, ...]:
        """Files that describe whole machines of its kind, as `edge.key_buffer_kib`."""
        return ()

    @property
    def fetches_ahead(self) -> bool:
        """Whether weights may come before results of earlier ops are stored."""
        return True

    @property
    def own_words(self) -> Words:
        """The widest words that it computes, and those of a workload that has none.

        Those of an engine that says nothing of its words have 16 bits.
        """
        return words_of(16.0, 16.0)

    @property
    def has_floats(self) -> bool | Array:
        """Whether it multiplies numbers whose point floats."""
        return False

    def words(self, run: Run) -> Words:
        """Return the words of a run: those of its format, or the machine's own."""
        return run.words or self.own_words

    def peak_rate_at(self, words: Words | None, technology: Technology) -> Number:
        """Return the most operations per second by the words of a format, if any."""
        return self.peak_rate(technology)

    def misfit(self, words: Words) -> str:
        """Say which words of a format it cannot compute; '' where it can, or may.

        Values come in as they are kept, and are computed as they are, or as words with
        a fixed point that hold them exactly. Scales multiply sums.
        """
        return words_misfit(self, words)

    def clock(self, technology: Technology) -> Number:
        """Return the clock frequency in Hz."""
        raise NotImplementedError

    def area(self, technology: Technology) -> Mapping[str, Number]:
        """Return the area in m^2 by component."""
        raise NotImplementedError

    def leakage(
        self, technology: Technology, seconds: Number, busy: dict[str, Number]
    ) -> Mapping[str, Number]:
        """Return the leakage energy in J by component, over a run of some seconds.

        `busy` holds units x seconds that each component worked.
        """
        raise NotImplementedError

    def peak_rate(self, technology: Technology) -> Number:
        """Return the most operations per second of what multiplies, 2 for a MAC.

        At the clock that is reached. Weights that a machine never stores, as those that
        N:M leaves out, count, since `Metrics.effective_rate` counts them too.
        """
        raise NotImplementedError

    def published_technology(self) -> Technology:
        """Return the technology of the machine this engine was built after, as told.

        Memories are counted by the conventions of its publication.
        """
        raise NotImplementedError

    def default_technology(self) -> Technology:
        """Return that technology with the memories of all engines, by one law."""
        return with_memories(self.published_technology())

    @property
    def memory_wanted(self) -> tuple[Choice, Number] | None:
        """The kind of main memory, a place in `KINDS`, and its bandwidth in B/s."""
        return None

    def memory(self, technology: Technology) -> MainMemory | None:
        """Return its main memory; None where it is counted as in a publication."""
        wanted = self.memory_wanted
        if wanted is None or not is_described(technology):
            return None
        return MainMemory(technology, *wanted)

    def memory_capacity(self, technology: Technology) -> Number | None:
        """Return the bytes that its main memory holds; None: not known."""
        memory = self.memory(technology)
        return None if memory is None else memory.capacity

    def interface_area(self, technology: Technology) -> dict[str, Number]:
        """Return the area in m^2 of PHY and controller, by component."""
        memory = self.memory(technology)
        return {} if memory is None else {"memory_interface": memory.area}

    def interface_edge(self, technology: Technology) -> Number | None:
        """Return what PHYs take of the edge of the chip, in m; None: not known."""
        memory = self.memory(technology)
        return None if memory is None else memory.edge

    def memory_at_rest(
        self, technology: Technology, seconds: Number
    ) -> dict[str, Number]:
        """Return what memory and interface take while switched on, in J."""
        memory = self.memory(technology)
        return {} if memory is None else memory.at_rest(seconds)

    def storage(self, ops: Ops, run: Run, technology: Technology) -> Storage | None:
        """Return how it keeps the values of a block; None where it counts all itself.

        What its ops move over the main-memory port follows, as `op.traffic`.
        """
        return None

    def losses(self, run: Run, technology: Technology) -> tuple[Loss, ...] | None:
        """Return the accuracy that this machine costs by itself, by cause.

        None where it is not known.
        """
        return ()

    def budget_use(self, technology: Technology) -> Number | None:
        """Return the largest share that a design takes of what it is built from.

        As of the DSP blocks of an FPGA; above 1 it cannot be built. None where nothing
        is given out. A study excludes what does not fit: `budget_use <= 100 %`.
        """
        return None

    def highest_clock(self, technology: Technology) -> Number:
        """Return the clock in Hz at which the logic still works."""
        return fastest_clock()

    def wear(
        self, technology: Technology, seconds: Number, dynamic: dict[str, Number]
    ) -> Number | None:
        """Return the share of its cells' life that a second takes; None: none wear.

        In a run of some seconds whose work took `dynamic` J by component.
        """
        return None

    def extras(
        self,
        run: Run,
        technology: Technology,
        seconds: Number,
        dynamic: dict[str, Number],
    ) -> Mapping[str, Number]:
        """Return what only machines of this kind have, by name; its unit ends the name.

        As `lifetime_years`, of a run of some seconds whose work took `dynamic` J by
        component. Counts of a run end in `_mbit` or `_per_cell`: those of the steps of
        a generation are added up. Lifetimes are of its mean wear, all else is means.
        """
        return {}


@jax.jit
def schedule_run(
    engine: Engine, workload: Workload, technology: Technology
) -> tuple[list[Chain], Residency, dict[str, Number]]:
    """Return what each block asks of a machine, and how the batch runs on it.

    Beside it, the bits that main memory must hold, by what they are. All that ask of
    one form have its trace in common.
    """
    run, blocks = describe_run(workload), workload.blocks
    planned = Residency(run.batch, [Traffic()] * len(blocks), {})
    held: dict[str, Number] = {}
    runs = [run_of_block(run, block) for block in blocks]
    storage = [
        engine.storage(block.ops, own, technology)
        for block, own in zip(blocks, runs, strict=True)
    ]
    kept = [one for one in storage if one is not None]
    if kept and any(max(block.ops.choices) > 1.0 for block in blocks):
        part = run_together(blocks, kept, run.batch)
        runs = [own.replace(together=part) for own in runs]
        kept = [_met(*each) for each in zip(kept, blocks, runs, strict=True)]
    if kept:
        planned, held = plan_run(blocks, kept, run.batch)
    chains = [
        stages(
            engine,
            block.ops,
            block.repeats,
            own,
            technology,
            traffic=moved,
            last=block is blocks[-1],
            window=block.window,
        )
        for block, own, moved in zip(blocks, runs, planned.traffic, strict=True)
    ]
    return chains, planned, held


def _met(storage: Storage, block: Block, run: Run) -> Storage:
    """Return how values are kept, of experts those that a part of a batch meets."""
    met = storage.weights * block.ops.met(run.together, run.expert_imbalance)
    return storage._replace(weights=met, whole=storage.weights)


def stages(
    engine: Engine,
    ops: Ops,
    repeats: int,
    run: Run,
    technology: Technology,
    *,
    traffic: Traffic,
    last: bool,
    window: int | None = None,
) -> Chain:
    """Return what a chain of ops asks of a machine.

    Ops of one kind are asked for together, so that its physics is traced once; so are
    the layers of a block, where they differ. No mask hides what an encoder made.
    Raises `InputError` where the engine has no such kind of op.
    """
    operands: Mapping[str, Number] = dict.fromkeys(_OF_ATTENTION, 1.0)
    if hasattr(engine, "attention"):
        operands = operand_columns(ops, window)
        traffic = fuse_traffic(traffic, ops)
        ops = fuse_attention(ops)
    rows = _rows(ops, run, traffic, operands, last_share=1.0 / repeats * last)
    columns, form = jax.tree.flatten(rows)
    table = jnp.stack(columns)  # taken from once a kind, not once a column
    places, asked = [], []
    alike = list(zip(ops.kinds, ops.crosses, strict=True))
    for kind, crosses in dict.fromkeys(alike):
        seen = run.replace(causal=False, window="") if crosses else run
        places.append(tuple(i for i, op in enumerate(alike) if op == (kind, crosses)))
        own = jnp.unstack(table[..., np.asarray(places[-1])])
        op = jax.tree.unflatten(form, own)
        asked.append(stage_of(engine, kind, op, seen, technology))
    return Chain(
        stages=tuple(asked),
        places=tuple(places),
        names=ops.names,
        depends=ops.depends,
        repeats=repeats,
        fetches_ahead=engine.fetches_ahead,
    )


def stage_of(
    engine: Engine, kind: str, op: Op, run: Run, technology: Technology
) -> Stage:
    """Return what ops of one kind ask of a machine, each number as a column of them.

    Raises `InputError` where the engine has no such kind of op, or answers with another
    number of ops.
    """
    physics = getattr(engine, kind, None)
    if physics is None:
        raise _cannot_run(engine, kind)
    shape = jnp.shape(op.rows)

    def spread(path: tuple[Any, ...], column: Number) -> Number:
        if jnp.shape(column) == shape:
            return column
        if jnp.ndim(column) and jnp.shape(column) != (1,):
            where = jax.tree_util.keystr(path, simple=True, separator=".")
            raise InputError(
                f"`{type(engine).__name__}.{kind}` answers with `{where}` of shape "
                f"{jnp.shape(column)} for ops of shape {shape}; give one number for "
                "each op, or one for all."
            )
        return jnp.broadcast_to(column, shape)

    found: Stage = jax.tree.map_with_path(spread, physics(op, run, technology))
    return found


def check_ops(engine: Engine, workload: Workload) -> None:
    """Raise `InputError` where an engine lacks a kind of op of a workload."""
    for block in workload.blocks:
        ops = fuse_attention(block.ops) if hasattr(engine, "attention") else block.ops
        for kind in dict.fromkeys(ops.kinds):
            if not hasattr(engine, kind):
                raise _cannot_run(engine, kind)
    for step in workload.steps:
        check_ops(engine, step.workload)


def _cannot_run(engine: Engine, kind: str) -> InputError:
    """Return the error of an engine that lacks a kind of op."""
    problem = f"`{type(engine).__name__}` cannot run `{kind}` ops"
    if hasattr(engine, "attention") and not hasattr(engine, "linear"):
        return InputError(
            f"{problem}; it runs attention alone. Give it `workload.attention_only()` "
            "(`--part attention`; `part` of a study's workload), or pair it with a "
            "host: `dse.Pair(host=..., coprocessor=...)` (`--host`; `[host]`)."
        )
    return InputError(f"{problem}; use another engine or a workload without them.")


_FORMATS = ("fp32", "bf16", "fp8", "int8", "mxfp4", "int4", "w8a16", "w4a16", "w4a8")


def words_misfit(engine: Engine, words: Words) -> str:
    """Say which words of a format an engine cannot compute, and which it can."""
    own, floats = jax.tree.map(_number, (engine.own_words.bits, engine.has_floats))

    def too_wide(asked: Words) -> dict[float, list[str]]:
        """Return which operands are too wide, by the bits that they need."""
        found: dict[float, list[str]] = {}
        needed = asked.bits if floats else asked.fixed
        for what, bits, most in zip(_OPERANDS, needed, own, strict=True):
            if bits > most:
                found.setdefault(float(bits), []).append(what)
        return found

    lacking = too_wide(words)
    if not lacking:
        return ""
    kind = "" if floats else " with a fixed point"
    needs = [f"{' and '.join(what)} of {n:g} bits" for n, what in lacking.items()]
    fits = "".join(f"`{name}`, " for name in _FORMATS if not too_wide(read_words(name)))
    return (
        f"`{type(engine).__name__}` computes words of {min(own):g} bits{kind}, and "
        f"this format needs {', '.join(needs)}; take {fits}another one of shorter "
        "words, or a machine of longer ones."
    )


_OPERANDS = ("weights", "activations", "cached values")


def _number(value: Number) -> float:
    """Return a number, or one that anything passes while JAX traces it."""
    return math.inf if isinstance(value, jax.core.Tracer) else float(value)


def check_format(engine: Engine, workload: Workload) -> None:
    """Raise `InputError` where an engine cannot compute the words of a workload."""
    if workload.format is None:
        return
    with jax.ensure_compile_time_eval():  # numbers are numbers while all else is traced
        problem = engine.misfit(read_words(workload.format))
    if problem:
        raise InputError(f"format `{workload.format}`: {problem}")


def fuse_traffic(traffic: Traffic, ops: Ops) -> Traffic:
    """Return what ops move, scores, softmax and context taken as one op, `[ops]`."""
    fused: Traffic = jax.tree.map(lambda column: fuse_column(column, ops), traffic)
    return fused


def fuse_column(column: Number | Column, ops: Ops) -> Number | Column:
    """Return a column of ops with those of an attention added together, `[ops]`."""
    if jnp.ndim(column) == 0:  # nothing is counted
        return column
    known: Any = column
    inside = {i: i + 3 for i in attention_places(ops)}
    gone = {i + back for i in inside for back in (1, 2)}
    spans = [(i, inside.get(i, i + 1)) for i in range(len(ops)) if i not in gone]
    return jnp.stack([known[..., i:j].sum(axis=-1) for i, j in spans], axis=-1)


def _rows(
    ops: Ops,
    run: Run,
    traffic: Traffic,
    operands: Mapping[str, Number],
    *,
    last_share: float,
) -> Op:
    """Return the columns of a chain, with what the op before left in buffers."""
    has_weights = [kind in WITH_WEIGHTS for kind in ops.kinds]
    with_weights = [i for i, has in enumerate(has_weights) if has]
    before = [
        max((j for j in with_weights if j < i), default=None) for i in range(len(ops))
    ]
    # The first op with weights follows the last one of the layer before.
    wrapped = [
        with_weights[-1] if j is None and with_weights else j or 0 for j in before
    ]
    wrapped_places = np.asarray(wrapped, int)
    columns: dict[str, Any] = {
        name: np.asarray(ops.choices) if name == "choices" else getattr(ops, name) * 1.0
        for name in (*SIZES, "in_attention", "weights", *DENSITIES)
    }
    columns |= dict.fromkeys(("met", "met_by_one"), np.ones(len(ops)))
    if max(ops.choices) > 1.0:
        met, by_one = (ops.met(b, run.expert_imbalance) for b in (run.together, 1.0))
        parts = run.batch / run.together
        columns["weights"] = columns["weights"] * met
        columns["met"] = np.asarray(ops.choices) * met * parts
        columns["met_by_one"] = np.asarray(ops.choices) * by_one
    columns |= {**operands, "from_cache": from_cache(ops)}
    moved = jax.tree.leaves(traffic)
    shape = jnp.broadcast_shapes(*map(jnp.shape, (*columns.values(), *moved)))

    def spread(column: Any) -> Any:
        known = isinstance(column, float | np.ndarray)  # and is no step of a trace
        return (np if known else jnp).broadcast_to(column, shape)

    columns = {name: spread(column) for name, column in columns.items()}
    return Op(
        **columns,
        imbalance=jax.tree.map(spread, ops.imbalance),
        traffic=jax.tree.map(spread, traffic),
        weights_before=columns["weights"][..., wrapped_places],
        density_before=columns["weight_density"][..., wrapped_places],
        last_share=spread(np.eye(len(ops))[-1] * last_share),
    )


def run_of_block(run: Run, block: Block) -> Run:
    """Return the run as a block has it, of which the mask may not be that of all."""
    causal = run.causal and block.causal
    if block.window is None or block.causal:
        return run.replace(causal=causal)
    return run.replace(causal=causal, window="causal" if run.causal else "open")


def describe_run(workload: Workload) -> Run:
    """Return the batch and the weights of all ops of a workload."""
    blocks = workload.blocks
    return Run(
        batch=workload.batch,
        together=workload.batch,
        weights=_joined([b.ops.weights * 1.0 for b in blocks]),
        density=_joined([_mean_over_layers(b.ops, "weight_density") for b in blocks]),
        weight_sets=np.concatenate(
            [np.full(len(b.ops), float(b.weight_sets)) for b in blocks]
        ),
        padded_fraction=workload.padded_fraction,
        attention=workload.attention,
        kept_pairs=_mean_kept_pairs(workload),
        curve=workload.curve,
        causal=workload.causal,
        weights_stay=workload.weights_stay,
        expert_imbalance=workload.expert_imbalance,
        words=read_words(workload.format) if workload.format else None,
    )


def _mean_kept_pairs(workload: Workload) -> Number:
    shares, layers = [], 0.0
    for block in workload.blocks:
        density = _mean_over_layers(block.ops, "input_density")
        for scores in attention_places(block.ops):
            shares.append(block.repeats * density[scores + 2])
            layers += block.repeats
    return sum(shares) / layers if shares else 1.0


def _joined(columns: list[Column]) -> Column:
    joined: Column = array_namespace(*columns).concatenate(columns)
    return joined


def _mean_over_layers(ops: Ops, what: str) -> Column:
    density: Column = getattr(ops, what) * 1.0
    return density.mean(axis=0) if density.ndim == 2 else density
