"""Prompts that are read and answered: prefill, then decode steps over more context."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dse.errors import InputError
from dse.records import Quantity
from dse.workload.layer_ops import Tokens
from dse.workload.model_shape import ModelShape
from dse.workload.ops import Step, Workload
from dse.workload.shapes import TransformerShape, whole
from dse.workload.transformer import run_stacks, transformer
from dse.workload.zoo import model_shape

MOST_CHUNKS = 64


def generation(
    model: str | Path | Mapping[str, object] | TransformerShape | ModelShape,
    *,
    prompt: int,
    new_tokens: int,
    batch: float = 1,
    chunk: int | None = None,
    speculative: int | None = None,
    acceptance: float = 0.0,
    format: str | None = None,
) -> Workload:
    """Return what it takes to read prompts and to answer each with some tokens.

    The prefill makes the first token; each further one is a step that sees the prompt
    and what was made before it. Answers count whole sequences, and

        time_to_first_token     the prefill, its chunks one after the other
        time_per_output_token   the mean decode step
        tokens_per_second       batch x new_tokens / latency
        energy_per_token        energy of a sequence / new_tokens

    The sum over contexts is exact without a run of every step where a step costs in
    proportion to its context but for tiles of 2^m tokens that it fills: contexts are
    taken in runs of 2^k that begin at a multiple of 2^k, of which the two in the middle
    stand for all. Bytes and working energy are such. Time is not where a buffer hides
    a part of the next op's loads, or one bottleneck makes way for another: it bends,
    and the middle is off its run's mean by less than the run's ends are apart (some
    thousandths of pruned runs on tiles).

    A step that checks k proposed tokens reads them beside its own. If each is right by
    probability a where those before it are, it makes (1 - a^(k + 1)) / (1 - a) tokens
    in the mean; there are as many steps fewer. What proposes them is not charged.
    Source: leviathan2023speculative, equation 1.

    Args:
        model: a name of the zoo, a `config.json`, its folder or contents, or a shape.
        prompt: tokens that are read, of each sequence.
        new_tokens: tokens that are made, of each sequence.
        batch: sequences run together.
        chunk: tokens that are read at a time; all at once where left out.
        speculative: tokens that are proposed for each step to check; none if left out.
        acceptance: the probability that a proposed token is right, below 1.
        format: of weights, activations and cache, as `w4a16 kv8`; in words as long as
            those of the machine where left out.

    Raises:
        InputError: for a model that is no decoder alone, or counts that do not fit.

    Examples:
        >>> chat = dse.generation("gpt2", prompt=64, new_tokens=2, batch=4)
        >>> found = dse.evaluate("reference:h100", chat)
        >>> print(f"first token after {found.time_to_first_token * 1e3:.1f} ms")
        first token after 5.0 ms
    """
    shape = model_shape(model)
    prompt, made = whole("`prompt`", prompt), whole("`new_tokens`", new_tokens)
    if shape.main.role != "decoder" or len(shape.stacks) > 1:
        raise InputError(
            f"`{shape.name}` does not answer a prompt token by token from one stack; "
            "give a decoder such as `gpt2`."
        )
    last = prompt + made - 1
    if shape.longest is not None and last > shape.longest:
        raise InputError(
            f"`prompt` and `new_tokens` need {last} positions; `{shape.name}` has "
            f"{shape.longest}. Shorten one of them."
        )
    reads = _chunks(prompt, chunk)
    first, *others = [
        _read(shape, rows, end, batch, head_rows=int(end == prompt))
        for rows, end in reads
    ]
    steps = [Step(workload=each, times=1.0) for each in others]
    ahead, made_by_one = _proposed(speculative, acceptance)
    for context, times in context_nodes(prompt, last):
        end = min(context + ahead, shape.longest or context + ahead)
        each = _read(shape, ahead + 1, end, batch, head_rows=ahead + 1, mode="decode")
        if not ahead:
            each = transformer(
                shape, mode="decode", context_len=context, batch=batch, lm_head=True
            )
        steps.append(Step(workload=each, times=times / made_by_one))
    run = first.replace(steps=tuple(steps), new_tokens=made)
    return run.with_format(format)


def _chunks(prompt: int, chunk: int | None) -> list[tuple[int, int]]:
    """Return how many tokens each chunk reads, and how many it sees at the end."""
    size = prompt if chunk is None else whole("`chunk`", chunk)
    if prompt > MOST_CHUNKS * size:
        raise InputError(
            f"a `prompt` of {prompt} tokens in chunks of {size} are more than "
            f"{MOST_CHUNKS} chunks; read more at a time."
        )
    ends = [*range(size, prompt, size), prompt]
    starts = [0, *ends[:-1]]
    return [(end - start, end) for start, end in zip(starts, ends, strict=True)]


def _proposed(speculative: int | None, acceptance: float) -> tuple[int, float]:
    """Return how many tokens a step checks beside its own, and how many it makes."""
    share = Quantity("1", "", high=1.0).take("`acceptance`", acceptance)
    if speculative is None:
        return 0, 1.0
    ahead = whole("`speculative`", speculative)
    if not share < 1.0:
        raise InputError("`acceptance` is 1, and no guess is always right; lower it.")
    return ahead, (1.0 - share ** (ahead + 1)) / (1.0 - share)


def _read(
    shape: ModelShape,
    rows: int,
    end: int,
    batch: float,
    *,
    head_rows: int,
    mode: str = "prefill",
) -> Workload:
    tokens = Tokens(rows=rows, keys=end, later=end > rows, kept=True)
    blocks = run_stacks(
        shape, shape.stacks, tokens, lm_head=head_rows > 0, head_rows=head_rows
    )
    return Workload(
        name=shape.name, blocks=blocks, batch=batch, seq_len=end, causal=True, mode=mode
    )


def context_nodes(start: int, end: int) -> list[tuple[int, float]]:
    """Return contexts that stand for those from start + 1 to end, and for how many.

    Of aligned runs of 2^k the two in the middle have the mean of all, and of every
    ceil(context / 2^m).
    """
    nodes: list[tuple[int, float]] = []
    while start < end:
        size = start & -start or 1 << end.bit_length()
        while size > end - start:
            size //= 2
        if size == 1:
            nodes.append((start + 1, 1.0))
        else:
            middle = start + size // 2
            nodes += [(middle, size / 2), (middle + 1, size / 2)]
        start += size
    return nodes
