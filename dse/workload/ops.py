"""The operations of a transformer, one row each: what an engine is asked to run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from numbers import Real
from typing import Any

import numpy as np

from dse.arguments import flag
from dse.arrays import Column, Number, Values, array_namespace
from dse.errors import InputError, check_kind
from dse.records import Quantity, Record, quantity, record, static
from dse.shown import Shown
from dse.sparsity.attention import AttentionPruning
from dse.sparsity.curves import Curve
from dse.sparsity.imbalance import Imbalance, even
from dse.sparsity.loss import Loss
from dse.workload.attention import keep_pairs, only_attention
from dse.workload.formats import read_words
from dse.workload.kinds import PRODUCTS, TRAINED, WITH_WEIGHTS
from dse.workload.layer_thresholds import prune_at

_SHARE = Quantity("1", "of values that are not zero, or of pairs that are kept", 0, 1)
_RATIO = Quantity("1", "time of a slow tile over that of the mean one", low=1.0)


_OF_ALL_STEPS = {
    "batch",
    "expert_imbalance",
    "format",
    "name",
    "threshold",
    "weights_stay",
}


@record
class Ops(Record):
    """A chain of operations of one sequence, as columns of equal length `[ops]`.

    A product has `heads` independent instances of [rows, inner] x [inner, columns].
    Densities are shares of values that are not zero; where the layers of a block
    differ, they are `[layers, ops]`.
    """

    names: tuple[str, ...] = static("what each op is called, as in `scores`")
    kinds: tuple[str, ...] = static("one of `kinds.KINDS` for each op")
    reads: tuple[tuple[int, ...], ...] = static(
        "how many ops back each result that an op reads was made, its left operand "
        "first; 0: before the block, -1: by an encoder"
    )
    choices: tuple[float, ...] = static(
        "weight matrices there are for each that a token uses (experts), for each op"
    )
    kept: tuple[float, ...] = static(
        "share of each op's result that joins a cache, for later tokens to see"
    )
    crosses: tuple[bool, ...] = static(
        "whether an op looks at the tokens of an encoder, which no mask hides"
    )
    borrows: tuple[bool, ...] = static(
        "whether the weights of an op are those of an earlier one"
    )
    heads: Column = quantity("1", "independent products per sequence, [ops]")
    rows: Column = quantity("1", "tokens per product, [ops]")
    inner: Column = quantity("1", "length of the summed axis, [ops]")
    columns: Column = quantity("1", "outputs per token and product, [ops]")
    sharing: Column = quantity("1", "query heads in the rows of one product, [ops]")
    cached: Column = quantity(
        "1", "values of the right operand of a product from a cache, [ops]"
    )
    input_density: Column = quantity("1", "of the left operand, [ops]", high=1.0)
    weight_density: Column = quantity(
        "1", "of the right operand: weights, or the second activation, [ops]", high=1.0
    )
    output_density: Column = quantity(
        "1", "of the result as it is stored, [ops]", high=1.0
    )
    imbalance: Imbalance  # of the tiles of a product, [ops]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def depends(self) -> tuple[int, ...]:
        """How many ops back the last producer of an op's input is; 0: before all."""
        return tuple(
            min((back for back in read if back > 0), default=0) for read in self.reads
        )

    @property
    def macs(self) -> Column:
        """Multiply-accumulates of one sequence, zeros included, [ops]."""
        product = np.asarray([kind in PRODUCTS for kind in self.kinds])
        return product * self.heads * self.rows * self.inner * self.columns

    @property
    def in_attention(self) -> Column:
        """Whether an op belongs to the attention heads, not to the rest, [ops]."""
        rest = ("embedding", "ffn", "activation", "norm", "head")
        return np.asarray([not name.startswith(rest) for name in self.names])

    @property
    def weights(self) -> Column:
        """Values of the weight matrix of each op (embedding tables excluded), [ops].

        None where they are those of an earlier op.
        """
        own = np.logical_not(self.borrows)
        has = own & np.asarray([kind in WITH_WEIGHTS for kind in self.kinds])
        choices = np.asarray(self.choices)
        found: Column = has * self.heads * choices * self.inner * self.columns
        return found

    def met(self, batch: Number, imbalance: Number = 1.0) -> Column:
        """Return the share of its weights that an op needs for a batch, [ops].

        All but where tokens choose: of c times as many matrices as each token uses, t
        tokens of the batch, alike and independent, leave out a share (1 - 1 / c)^t. An
        `imbalance` i lets them choose among a share 1 / i of all alone, at least those
        that one token uses.
        """
        choices = np.asarray(self.choices)
        among = array_namespace(imbalance).maximum(choices / imbalance, 1.0)
        several = among > 1.0
        left_out = array_namespace(among).where(several, 1.0 - 1.0 / among, 0.5)
        met = 1.0 - several * left_out ** (batch * self.rows)
        share: Column = among / choices * met
        return share


@record
class Block(Record):
    """A chain of ops that runs `repeats` times in a row, as the layers of a BERT do."""

    ops: Ops
    repeats: int = static("how often the chain runs", low=1)
    shared: bool = static("whether all repeats have one set of weights", default=False)
    causal: bool = static(
        "whether it is masked where the workload is causal", default=True
    )
    table_of_head: bool = static(
        "whether its table of words is the matrix of a head that runs too",
        default=False,
    )
    window: int | None = static("most keys that a query sees; None: all", default=None)

    @property
    def weight_sets(self) -> int:
        """How many sets of weights the repeats have: one each, or one for all."""
        return 1 if self.shared else self.repeats


@record
class Step(Record):
    """What runs after another workload, and how often."""

    workload: Workload
    times: float = static("how often; part of a run of alike ones may be a fraction")


@record
class Workload(Shown, Record):
    """What is to be run: blocks of ops, and how many sequences run together.

    All op sizes are those of ONE sequence; an engine multiplies by `batch`. Weights are
    shared by the sequences of a batch.

    Examples:
        >>> bert = dse.transformer("bert-tiny", batch=4)
        >>> pruned = bert.with_density(activation=0.5, weight=0.5)
        >>> pruned.attention_only().replace(batch=8).batch
        8.0
    """

    name: str = static("as in `bert-base`")
    blocks: tuple[Block, ...]
    batch: float = quantity(
        "1", "sequences run together", default=1.0, low=1.0, integer=True
    )
    seq_len: int = static("tokens per sequence, padding included", low=0)
    padded_fraction: float = quantity(
        "1", "share of the tokens that are padding", default=0.0, high=1.0
    )
    causal: bool = static("whether a token sees only earlier ones", default=False)
    mode: str = static(
        "`prefill` reads sequences, `decode` makes one token of each",
        default="prefill",
        choices=("prefill", "decode"),
    )
    weights_stay: bool = static(
        "whether weights that fit on chip stay there from run to run", default=False
    )
    format: str | None = static(
        "of its values, as `w4a16 kv8`; None: words as long as those of the machine",
        default=None,
    )
    expert_imbalance: float = quantity(
        "1",
        "over how much fewer experts tokens spread than there are, alike",
        default=1.0,
        low=1.0,
    )
    attention: AttentionPruning = AttentionPruning()
    accuracy_drop: Values | None = 0.0  # a share, 0.01 is a point; None: not known
    curve: Curve | None = None  # the one that the densities were taken from
    threshold: Values = quantity(
        "1", "setting of the curve in use", default=0.0, low=-math.inf
    )
    steps: tuple[Step, ...] = ()  # what runs after the blocks, as tokens are made
    new_tokens: int = static("tokens that a generation makes", default=0, low=0)

    @property
    def counted(self) -> str:
        """What throughput counts and energy is per: `sequence`, or `token` made."""
        return "token" if self.mode == "decode" else "sequence"

    @property
    def prompt(self) -> int:
        """Tokens of one sequence that are read: all chunks of a generation's prompt."""
        parts = [self, *(step.workload for step in self.steps)]
        return max(each.seq_len for each in parts if each.mode == self.mode)

    @property
    def macs(self) -> float:
        """Multiply-accumulates of one sequence, zeros and all steps included."""
        steps = sum(step.times * step.workload.macs for step in self.steps)
        return steps + sum(float(np.sum(b.ops.macs)) * b.repeats for b in self.blocks)

    @property
    def weights(self) -> float:
        """Values of all weight matrices of the blocks (embedding tables excluded)."""
        return sum(float(np.sum(b.ops.weights)) * b.weight_sets for b in self.blocks)

    def replace(self, **changes: object) -> Workload:
        """Return a copy with some fields changed; a new `threshold` prunes anew.

        Raises `InputError` for a threshold without a curve, or outside it, for a loss
        of more than all accuracy, and for a field that the steps of a generation have
        each for themselves.
        """
        drop = changes.get("accuracy_drop")
        if isinstance(drop, int | float | np.number | np.ndarray):
            most = np.max(np.abs(drop), initial=0.0)
            if not most <= 1.0:
                raise InputError(
                    f"`accuracy_drop` is {most:g}; give a share, as 0.01 for one point."
                )
        if self.steps and "steps" not in changes:
            own = {field.name for field in fields(self)} - _OF_ALL_STEPS
            odd = {name for name in changes if name.partition(".")[0] in own}
            if odd:
                raise InputError(
                    f"`{self.name}` is a generation, whose `{min(odd)}` cannot be "
                    f"changed; change `{'`, `'.join(sorted(_OF_ALL_STEPS))}`."
                )
            return self._throughout(lambda each: each.replace(**changes))
        new = super().replace(**changes)
        if new.format is not None and "format" in changes:
            read_words(new.format)
        if "threshold" not in changes or "blocks" in changes:
            return new
        if new.curve is None:
            raise InputError(
                f"`{self.name}` has no curve that a threshold could be looked up in; "
                "give it one with `workload.with_curve(curve, threshold)`."
            )
        return prune_at(new, new.curve, new.threshold)

    def _throughout(self, change: Callable[[Workload], Workload]) -> Workload:
        """Return the same run with its blocks, and those of all steps, changed."""
        first = super().replace(steps=())
        steps = tuple(s.replace(workload=change(s.workload)) for s in self.steps)
        return change(first).replace(steps=steps)

    def with_density(self, *, activation: float = 1.0, weight: float = 1.0) -> Workload:
        """Return the same workload with one density for all activations and weights.

        What that costs in accuracy is not known, unless nothing is pruned. Raises
        `InputError` for a density outside 0..1.
        """
        if self.steps:
            return self._throughout(
                lambda each: each.with_density(activation=activation, weight=weight)
            )
        blocks = tuple(
            b.replace(ops=set_density(b.ops, activation, weight)) for b in self.blocks
        )
        return self.replace(
            blocks=blocks, accuracy_drop=_drop(activation, weight), curve=None
        )

    def with_format(self, format: str | None) -> Workload:
        """Return the same workload with weights, activations and cache in a format.

        As `bf16`, `int8`, `w4a16` or `int4 g128 kv8` (`dse models --format` reads the
        same); None: in words as long as those of the machine that runs it. Every byte
        follows it; time and energy of arithmetic where a machine's arithmetic does.
        What words of less than 8 bits cost in accuracy is not known. Raises
        `InputError` for a format that is not known.
        """
        return self.replace(format=format)

    def curve_misfit(self, curve: Curve) -> str:
        """Say why a curve does not tell of this run; '' where it does."""
        check_kind("`curve`", curve, Curve, "what `dse.load_curve` returns")
        return curve.subject.misfit(self.model, self.seq_len)

    @property
    def model(self) -> str:
        """The model that runs, as in `bert-base`."""
        return self.name.partition(",")[0]

    @property
    def loss(self) -> Loss | None:
        """The accuracy that its pruning costs; None where that is not known."""
        if self.accuracy_drop is None:
            return None
        if self.curve is None:
            return Loss(drop=self.accuracy_drop)
        given: Any = self.threshold
        settings = [given] if np.ndim(given) == 0 else given
        spreads = [self.curve.spread_at(setting) for setting in settings]
        return Loss(
            drop=self.accuracy_drop,
            spread=array_namespace(*spreads).stack(spreads).max(),
            subject=self.curve.subject,
        )

    def with_curve(
        self, curve: Curve, setting: Values, *, stand_in: bool = False
    ) -> Workload:
        """Return the same workload, as sparse as a curve is at one of its settings.

        Sets the density of every operand, how the kept query-key pairs lie, and what
        it costs in accuracy; differentiable by `setting` (as a threshold), which may be
        one for each layer, `[layers]`. Raises `InputError` for a setting outside the
        curve, and for a curve of another model or of much shorter sequences, unless it
        is to stand in for one that nobody has measured.
        """
        check_kind("`curve`", curve, Curve, "what `dse.load_curve` returns")
        flag("stand_in", stand_in)
        if self.steps:
            return self._throughout(
                lambda each: each.with_curve(curve, setting, stand_in=stand_in)
            )
        misfit = self.curve_misfit(curve)
        if misfit and not stand_in:
            raise InputError(
                f"curve `{curve.name}` {misfit}; take a curve of this model and "
                "length, or let it stand in: `stand_in=True`, `--stand-in`, or "
                "`stand_in = true` in a study."
            )
        return prune_at(self, curve, setting)

    def with_attention(self, *, kept: Number, **how: object) -> Workload:
        """Return the same workload with a share of all query-key pairs kept.

        `how` are fields of `AttentionPruning`, as `kept_first_round`. What that costs
        in accuracy is not known, unless all are kept. Raises `InputError` for a share
        outside 0..1.
        """
        if self.steps:
            return self._throughout(lambda each: each.with_attention(kept=kept, **how))
        kept = _SHARE.take_one("share of pairs `kept`", kept)
        blocks = tuple(b.replace(ops=keep_pairs(b.ops, kept)) for b in self.blocks)
        return self.replace(
            blocks=blocks,
            attention=AttentionPruning().replace(**how),
            accuracy_drop=_drop(kept) if self.accuracy_drop is not None else None,
        )

    def with_imbalance(self, ratio: Values) -> Workload:
        """Return the same workload with slow tiles so much longer than the mean one.

        Of every product and tile size. Counts where lanes wait for each other. Raises
        `InputError` for a ratio below 1.
        """
        if self.steps:
            return self._throughout(lambda each: each.with_imbalance(ratio))
        ratio = _RATIO.take_one("`ratio`, the imbalance,", ratio)
        blocks = tuple(
            b.replace(ops=b.ops.replace(imbalance=even(len(b.ops), ratio)))
            for b in self.blocks
        )
        return self.replace(blocks=blocks)

    def attention_only(self) -> Workload:
        """Return scores, softmax and context alone: what a co-processor is given.

        Raises `InputError` for a workload without attention.
        """
        if self.steps:
            return self._throughout(Workload.attention_only)
        alone = [b.replace(ops=only_attention(b.ops)) for b in self.blocks]
        blocks = tuple(block for block in alone if len(block.ops))
        if not blocks:
            raise InputError(
                f"`{self.name}` has no attention to run alone; use another."
            )
        return self.replace(name=f"{self.name}, attention", blocks=blocks)


def set_density(ops: Ops, activation: float, weight: float) -> Ops:
    """Return ops whose activations and weights all have the given densities.

    Constants that a model multiplies by, as those of a DCT, are no weights.
    """
    activation = _SHARE.take_one("`activation` density", activation)
    weight = _SHARE.take_one("`weight` density", weight)
    ones = np.ones(len(ops))
    right = [
        weight if kind in TRAINED else 1.0 if kind in WITH_WEIGHTS else activation
        for kind in ops.kinds
    ]
    return ops.replace(
        input_density=activation * ones,
        weight_density=np.asarray(right) * ones,
        output_density=activation * ones,
        imbalance=even(len(ops)),
    )


def _drop(*shares: Values) -> float | None:
    """Return the accuracy lost with these densities: none where nothing is pruned."""
    dense = all(isinstance(share, Real) and share == 1.0 for share in shares)
    return 0.0 if dense else None
