"""The parts of a transformer as chains of ops, sized for one sequence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from dse.workload.layers import Op
from dse.workload.liveness import BEFORE, ENCODED
from dse.workload.parts import (
    Attention,
    Experts,
    FeedForward,
    Half,
    Layer,
    Linear,
    Norm,
)


@dataclass(frozen=True)
class Tokens:
    """How many tokens run, how many they see, and what is given of an encoder.

    `keys` are those of the tokens themselves and of earlier ones, which are cached;
    `memory` those of an encoder, whose keys are cached as well in a later step.
    """

    rows: int
    keys: int
    memory: int = 0

    later: bool = False  # whether there may be earlier tokens
    kept: bool = False  # whether keys and values join a cache, for later ones to see

    @property
    def step(self) -> bool:
        """Whether there is a cache."""
        return self.later or self.keys > self.rows


@dataclass
class OpList:
    """Ops in a row; each reads results by their place, `BEFORE` for what came before.

    `ENCODED` is what the encoder made, whose readers note it as -1.
    """

    ops: list[Op] = field(default_factory=list)

    def keep(self, part: Attention, *places: int) -> None:
        """Have results join the cache: as many tokens' as a later one can see."""
        for place in places:
            rows = self.ops[place].rows
            share = min(rows, part.window or rows) / rows
            self.ops[place] = self.ops[place]._replace(kept=share)

    def add(self, op: Op, *reads: int) -> int:
        """Add an op that reads some results; return the place of its own."""
        here = len(self.ops)
        back = tuple(here - place if place >= 0 else place - BEFORE for place in reads)
        self.ops.append(op._replace(reads=back))
        return here

    def linear(
        self,
        part: Linear,
        rows: int,
        *reads: int,
        name: str = "",
        times: int = 1,
        cached: int = 0,
    ) -> int:
        """Add a layer of weights; `times` side by side.

        Of its input, `cached` values come from a cache.
        """
        rows = rows if part.rows is None else part.rows
        op = Op(name or part.name, "linear", (), rows, part.columns, part.inner, times)
        return self.add(op._replace(cached=cached), *reads)

    def norm(
        self, name: str, norm: Norm, rows: int, *reads: int, heads: int = 1
    ) -> int:
        """Add a norm over the values of each token, or of each of its heads."""
        return self.add(Op(name, "layer_norm", (), rows, norm.width, 0, heads), *reads)


def layer_ops(layer: Layer, tokens: Tokens) -> list[Op]:
    """Return the ops of a layer.

    Halves run one after the other; side by side, they read the same input, and their
    results are added up.
    """
    ops = OpList()
    current, shared = BEFORE, BEFORE
    for half, label in zip(layer.halves, _labels(layer), strict=True):
        source = BEFORE if layer.parallel else current
        if half.before is not None:
            name = _norm_name(half, label)
            source = shared = ops.norm(name, half.before, tokens.rows, source)
        elif layer.parallel:
            source = shared
        current = _half(ops, half, tokens, source, current, label)
    return ops.ops


def _half(
    ops: OpList, half: Half, tokens: Tokens, source: int, residual: int, label: str
) -> int:
    """Add a part with the norms behind it; return the place of the sum."""
    added = (residual,) if half.residual and half.inside is None else ()
    match half.part:
        case Attention() as part:
            result = attention_ops(ops, part, tokens, source, added, label)
        case Experts() as part:
            result = experts_ops(ops, part, tokens.rows, source, added, label)
        case FeedForward() as part:
            result = network_ops(ops, part, tokens.rows, source, added, label)
        case Linear() as part:
            result = ops.linear(
                part, tokens.rows, source, *added, name=part.name + label
            )
    if half.inside is not None:
        name = _norm_name(half, f"_inside{label}")
        result = ops.norm(name, half.inside, tokens.rows, result, residual)
    if half.after is not None:
        result = ops.norm(_norm_name(half, label), half.after, tokens.rows, result)
    return result


def _norm_name(half: Half, label: str) -> str:
    kind = "attention" if isinstance(half.part, Attention) else "ffn"
    return f"norm_{kind}{label}"


def _labels(layer: Layer) -> list[str]:
    """Return what tells the halves of a layer apart, where there are several of one."""
    seen: Counter[str] = Counter()
    labels: list[str] = []
    for half in layer.halves:
        kind = "network"
        if isinstance(half.part, Attention):
            kind = "cross" if half.part.cross else "attention"
        seen[kind] += 1
        count = f"_{seen[kind]}" if seen[kind] > 1 else ""
        labels.append(f"_cross{count}" if kind == "cross" else count)
    return labels


# -- attention -------------------------------------------------------------------------


def attention_ops(
    ops: OpList,
    part: Attention,
    tokens: Tokens,
    source: int = BEFORE,
    added: tuple[int, ...] = (BEFORE,),
    label: str = "",
    *,
    weighted: bool = False,
) -> int:
    """Add attention from queries to output projection, its heads side by side.

    The projections merge all heads; the last one adds what is `added` to its result.
    Query heads that share a key head are rows of one product, so that a key is read
    once for all of them. `weighted` multiplies the keys of each head by a square matrix
    first. Keys and values beyond those of the tokens come from a cache; of a latent,
    that is what is cached. Under a window each query sees as many keys.
    """
    if part.pieces is not None and part.window is not None:  # the last ones are filled
        filled = part.pieces * part.window
        tokens = replace(tokens, rows=filled, keys=filled)
    rows = tokens.rows
    layers = {layer.name: layer for layer in part.projections}

    def project(name: str, *reads: int, rows: int = rows) -> int:
        return ops.linear(layers[name], rows, *reads, name=name + label)

    norms = list(part.norms)
    query_source = source
    if "query_down" in layers:
        query_source = project("query_down", source)
        query_source = ops.norm(
            f"norm_query_down{label}", norms.pop(0), rows, query_source
        )
    query = project("query", query_source)
    if part.latent is not None:
        return _latent_ops(ops, part, tokens, source, query, added, label)
    if part.cross and tokens.step:
        key = value = BEFORE
    else:
        memory = tokens.memory if part.cross else rows
        given = ENCODED if part.cross else source
        key = project("key", given, rows=memory)
        value_source = BEFORE if part.value_inner not in (None, part.hidden) else given
        value = project("value", value_source, rows=memory)
    if norms:
        query = ops.norm(f"norm_query{label}", norms[0], rows, query, heads=part.heads)
        key = ops.norm(f"norm_key{label}", norms[1], rows, key, heads=part.kv_heads)
    if weighted:
        width = part.key_width
        square = Op(
            f"weighted_key{label}", "linear", (), rows, width, width, part.heads
        )
        key = ops.add(square, key)
    _position_ops(ops, part, rows, query, key, label)
    context = _scores_ops(ops, part, tokens, query, key, value, label)
    return ops.linear(layers["output"], rows, context, *added, name=f"output{label}")


def _scores_ops(
    ops: OpList,
    part: Attention,
    tokens: Tokens,
    query: int,
    key: int,
    value: int,
    label: str,
    *,
    all_new: bool = False,
) -> int:
    """Add scores, softmax and context; return the place of the context.

    Keys and values of earlier tokens come from a cache, unless `all_new` are made.
    """
    rows, heads, sharing = tokens.rows, part.kv_heads, part.heads // part.kv_heads
    columns = tokens.memory if part.cross else part.seen(tokens.keys)
    earlier = tokens.keys - rows if tokens.step and not all_new else 0
    if part.window is not None:  # the first of these tokens sees as many
        earlier = min(earlier, part.window - 1)
    if part.cross:
        earlier = columns if tokens.step else 0
    if part.pieces is not None:
        heads, rows, columns = heads * part.pieces, part.seen(rows), part.seen(rows)
    if tokens.kept and not part.cross:
        ops.keep(part, key, value)
    each: dict[str, Any] = {
        "heads": heads,
        "sharing": sharing,
        "crosses": part.cross,
    }
    scores = Op(
        f"scores{label}",
        "matmul",
        (),
        sharing * rows,
        columns,
        part.key_width,
        cached=earlier * part.key_width,
        **each,
    )
    softmax = Op(f"softmax{label}", "softmax", (), sharing * rows, columns, **each)
    context = Op(
        f"context{label}",
        "matmul",
        (),
        sharing * rows,
        part.value_width,
        columns,
        cached=earlier * part.value_width,
        **each,
    )
    found = ops.add(softmax, ops.add(scores, query, key))
    return ops.add(context, found, value)


def _latent_ops(
    ops: OpList,
    part: Attention,
    tokens: Tokens,
    source: int,
    query: int,
    added: tuple[int, ...],
    label: str,
) -> int:
    """Add attention over latents: unfolded to keys and values, or as they are.

    Folded, queries are multiplied by the weights that would make keys of latents, so
    that all heads look for the latents themselves; values are made of what they find.
    Of those that a cache holds, whichever multiplies less: few queries leave them.
    """
    rows, heads, latent = tokens.rows, part.heads, part.latent or 0
    layers = {layer.name: layer for layer in part.projections}

    def project(name: str, *reads: int, rows: int = rows, cached: int = 0) -> int:
        return ops.linear(layers[name], rows, *reads, name=name + label, cached=cached)

    width = latent + part.shared_key
    whole = replace(part.norms[-1], width=width)  # what all heads share goes with it
    made = project("latent", source)
    made = ops.norm(f"norm_latent{label}", whole, rows, made)
    if tokens.kept:
        ops.keep(part, made)
    if _unfolds(part, tokens):
        # One matrix makes keys and values: the cache is read once, with the keys.
        cached = (tokens.keys - rows) * width
        key = project("key", made, rows=tokens.keys, cached=cached)
        value = project("value", made, rows=tokens.keys)
        alone = replace(tokens, kept=False)  # latents are kept, and no keys
        found = _scores_ops(ops, part, alone, query, key, value, label, all_new=True)
        return ops.linear(layers["output"], rows, found, *added, name=f"output{label}")
    own = part.key_width - part.shared_key
    absorb = Op(f"query_latent{label}", "linear", (), rows, latent, own, heads)
    query = ops.add(absorb, query)
    columns = part.seen(tokens.keys)
    each: dict[str, Any] = {"sharing": heads}
    scores = Op(f"scores{label}", "matmul", (), heads * rows, columns, width, **each)
    scores = scores._replace(cached=(columns - rows) * width)
    softmax = Op(f"softmax{label}", "softmax", (), heads * rows, columns, **each)
    context = Op(f"context{label}", "matmul", (), heads * rows, latent, columns, **each)
    seen = ops.add(softmax, ops.add(scores, query, made))
    found = ops.add(context, seen, made)
    unfold = Op(f"value{label}", "linear", (), rows, part.value_width, latent, heads)
    values = ops.add(unfold, found)
    return ops.linear(layers["output"], rows, values, *added, name=f"output{label}")


def _unfolds(part: Attention, tokens: Tokens) -> bool:
    """Say whether keys and values of all tokens are made, as that multiplies less.

    Of n new tokens that see k, each head of keys of d + r values, r of them shared,
    and values of v, over latents of c:

        k c (d + v) + n k (d + r + v)  <=  n c (d + v) + n k (2 c + r)
    """
    if not tokens.step or part.window is not None:
        return not tokens.step
    new, keys, latent = tokens.rows, tokens.keys, part.latent or 0
    widths = part.key_width - part.shared_key + part.value_width
    unfolded = keys * latent * widths + new * keys * (widths + part.shared_key)
    folded = new * latent * widths + new * keys * (2 * latent + part.shared_key)
    return unfolded <= folded


def _position_ops(
    ops: OpList, part: Attention, rows: int, query: int, key: int, label: str
) -> None:
    """Add the scores of positions against queries and keys, which are sums beside.

    Without projections of their own, positions pass through those of keys and queries.
    """
    positions = part.positions
    if positions is None:
        return
    inner, table = part.hidden, positions.rows
    for scored in sorted(positions.scored):
        made = ops.add(
            Op(
                f"position_{scored}{label}",
                "linear",
                (),
                table,
                part.query_values,
                inner,
                borrows=not positions.own,
            )
        )
        meets = query if scored == "key" else key
        ops.add(
            Op(
                f"scores_position_{scored}{label}",
                "matmul",
                (),
                rows,
                table,
                part.key_width,
                part.heads,
            ),
            meets,
            made,
        )


# -- feed-forward nets -----------------------------------------------------------------


def network_ops(
    ops: OpList,
    part: FeedForward,
    rows: int,
    source: int = BEFORE,
    added: tuple[int, ...] = (),
    label: str = "",
    *,
    times: int = 1,
    choices: float = 1.0,
) -> int:
    """Add hidden -> widths -> hidden, an activation after each layer but the last.

    A gated net runs two layers side by side; its activation also multiplies them.
    `times` nets run for each token, of `choices` times as many.
    """

    def layer(each: Linear, *reads: int) -> int:
        place = ops.linear(each, rows, *reads, name=each.name + label, times=times)
        ops.ops[place] = ops.ops[place]._replace(choices=choices)
        return place

    layers = list(part.layers)
    gate = (layer(layers.pop(0), source),) if part.gated else ()
    current = source
    for number, each in enumerate(layers[:-1]):
        current = layer(each, current)
        end = f"_{number + 1}" if len(part.widths) > 1 else ""
        act = Op(
            f"activation{end}{label}", "activation", (), rows, each.columns, 0, times
        )
        current = ops.add(act, current, *gate)
    return layer(layers[-1], current, *added)


def experts_ops(
    ops: OpList,
    part: Experts,
    rows: int,
    source: int,
    added: tuple[int, ...],
    label: str,
) -> int:
    """Add the router, what all tokens pass, and the experts that each token chooses."""
    ops.linear(part.router, rows, source, name=f"ffn_router{label}")
    sums = added
    if part.shared is not None:
        sums = (network_ops(ops, part.shared, rows, source, added, f"_shared{label}"),)
    if part.shared_gate:
        ops.linear(part.always[-1], rows, source, name=f"ffn_shared_weight{label}")
    return network_ops(
        ops,
        part.each,
        rows,
        source,
        sums,
        f"_expert{label}",
        times=part.per_token,
        choices=part.count / part.per_token,
    )
