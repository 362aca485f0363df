"""One measurement: a model, a task and a policy over its settings, kept in a folder.

Every setting is written when it is finished, so that a stopped run goes on where it
stopped. What is in a folder belongs to one question; another is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dse.errors import InputError
from dse.measure import balance, statistics
from dse.measure.checkpoint import Checkpoint
from dse.measure.encoding import Encoder
from dse.measure.kept_answers import Answer, KeptAnswers
from dse.measure.locality import CAPACITIES, reuse_by_capacity
from dse.measure.policies.choices import find_choice
from dse.measure.policies.contract import Pruning
from dse.measure.probe import Probe, fit_probe
from dse.measure.tasks.task import Examples, Task, join_to_length
from dse.measure.tokenizer import Tokenizer, Tokens

FORM = 3  # of an answer: what stands in it
RIDGE = 0.03  # of a thousand texts or so: what does best on texts not seen
LOOKED_AT = 8192  # tokens of the first seed: densities and pairs
TRACED = 1024  # of those: tiles and buffers

Tick = Callable[[int], Any]
LoadTask = Callable[[int], Task]  # by seed


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked, but for the model: how much of which data, and of whom."""

    policy: str
    settings: tuple[float, ...]
    task: str
    seq_len: int
    join: bool = True  # texts of one class, to fill the length; or each alone
    seeds: tuple[int, ...] = (0, 1, 2)  # each draws its own texts and fits a probe
    train: int = 768  # sequences that a probe is fitted to
    test: int = 256  # sequences it is judged by, per setting and seed

    def __post_init__(self) -> None:
        choice = find_choice(self.policy)
        for setting in self.settings:
            choice.check(setting)
        if not self.seeds or len(self.settings) < 2:
            raise InputError("a curve needs a seed and two settings; name more.")
        if list(self.settings) != sorted(set(self.settings)):
            raise InputError("`settings` must rise from one to the next; sort them.")

    @property
    def looked_at(self) -> int:
        """How many sequences of the first seed densities and pairs come from."""
        return max(1, min(self.test, LOOKED_AT // self.seq_len))

    @property
    def traced(self) -> int:
        """How many of those tiles and buffers come from."""
        return max(1, min(self.test, TRACED // self.seq_len))

    @property
    def sequences(self) -> int:
        """How many sequences are run for accuracies: the bulk of the work."""
        return len(self.seeds) * (
            self.train + self.test * (1 + len(self.settings))
        ) + self.looked_at * len(self.settings)


@dataclass(frozen=True)
class Trial:
    """One seed's texts, the probe they gave, and how the dense model does on them."""

    test: Tokens
    labels: np.ndarray
    calibration: Tokens  # from the texts learnt from
    probe: Probe
    dense_accuracy: float


def measure(
    checkpoint: Checkpoint,
    tokenizer: Tokenizer,
    load_task: LoadTask,
    plan: Plan,
    folder: Path,
    *,
    tick: Tick = lambda done: None,
) -> list[dict[str, Any]]:
    """Run every setting that the folder does not hold yet; return what is known of all.

    Args:
        checkpoint: the model.
        tokenizer: the one that belongs to it.
        load_task: gives the task in the order of a seed.
        plan: what is asked.
        folder: where the answers are, or go.
        tick: told how many sequences have been run, or need not be.

    Raises:
        InputError: where the folder holds something else, or the texts are too few.
    """
    shape = checkpoint.model.architecture.shape
    if plan.seq_len > shape.longest:
        raise InputError(
            f"{checkpoint.folder}: `seq_len` is {plan.seq_len}, and the model has "
            f"positions for {shape.longest} tokens; give at most these."
        )
    question = {
        "form": FORM,
        "model_sha256": checkpoint.sha256,
        "architecture": asdict(checkpoint.model.architecture),
        "tokenizer_sha256": tokenizer.sha256,
        "data_sha256": load_task(plan.seeds[0]).sha256(),
    }
    kept = KeptAnswers(folder, question | asdict(plan))
    answers = [kept.read(number) for number in range(len(plan.settings))]
    if None in answers:
        _run_missing(checkpoint, tokenizer, load_task, plan, kept, answers, tick)
    return [answer for answer in answers if answer is not None]


def _run_missing(
    checkpoint: Checkpoint,
    tokenizer: Tokenizer,
    load_task: LoadTask,
    plan: Plan,
    kept: KeptAnswers,
    answers: list[Answer | None],
    tick: Tick,
) -> None:
    """Measure and keep every setting whose answer is None, and fill it in."""
    encoder = Encoder(checkpoint.model)
    trials = [
        _trial(encoder, tokenizer, load_task(seed), plan, tick) for seed in plan.seeds
    ]
    for number, setting in enumerate(plan.settings):
        if answers[number] is not None:
            tick(plan.test * len(trials) + plan.looked_at)
            continue
        found = _answer(encoder, trials, plan, setting, tick)
        answers[number] = kept.write(number, found)


def _answer(
    encoder: Encoder, trials: list[Trial], plan: Plan, setting: float, tick: Tick
) -> Answer:
    """Return everything that is measured at one setting, as JSON has it."""
    accuracies = []
    for trial in trials:
        pruning = _pruning(encoder, plan.policy, setting, trial)
        features = encoder.features(trial.test, pruning, tick)
        accuracies.append(trial.probe.accuracy(features, trial.labels))
    first = trials[0]
    pruning = _pruning(encoder, plan.policy, setting, first)
    found = _look(encoder, first.test, pruning, plan)
    tick(plan.looked_at)
    return {
        "setting": setting,
        "accuracy": accuracies,
        "dense_accuracy": [trial.dense_accuracy for trial in trials],
        **found,
    }


def _look(
    encoder: Encoder, tokens: Tokens, pruning: Pruning, plan: Plan
) -> dict[str, Any]:
    """Return densities, pairs, locality and balance of some sequences."""
    some, few = (
        Tokens(tokens.ids[:n], tokens.present[:n])
        for n in (plan.looked_at, plan.traced)
    )
    sums = encoder.sums(some, pruning)
    tiles = encoder.balance(few, pruning)
    reuse = [  # a sequence at a time: ranks of keys are many times what is kept
        reuse_by_capacity(
            kept.reshape(-1, *kept.shape[2:]), np.full(kept[..., 0, 0].size, keys)
        )
        for kept, keys in zip(
            encoder.kept(few, pruning), few.present.sum(1), strict=True
        )
    ]
    hits, again = (np.sum(part, axis=0) for part in zip(*reuse, strict=True))
    density = sums["density"]
    return {
        "padded_fraction": some.padded_fraction,
        "activations": statistics.pooled_density(sums),
        "weights": encoder.weight_density(pruning),
        "density": {
            s: float(statistics.share(density[s], pooled=True)) for s in density
        },
        "density_by_layer": {s: statistics.share(density[s]).tolist() for s in density},
        "rounds": statistics.share(sums["rounds"], pooled=True).tolist(),
        "rounds_by_layer": statistics.share(sums["rounds"]).tolist(),
        "overlap": float(statistics.share(sums["overlap"], pooled=True)),
        "capacities": list(CAPACITIES),
        "reuse": (hits / max(again, 1.0)).tolist(),
        "blocks": list(statistics.BLOCKS),
        "union": statistics.share(sums["union"], pooled=True).tolist(),
        "tile_sizes": list(balance.TILE_SIZES),
        "useful": {p: balance.mean(tiles[p]).tolist() for p in tiles},
        "median": {p: balance.percentile(tiles[p], 0.5).tolist() for p in tiles},
        "p95": {p: balance.percentile(tiles[p], 0.95).tolist() for p in tiles},
    }


def _trial(
    encoder: Encoder, tokenizer: Tokenizer, task: Task, plan: Plan, tick: Tick
) -> Trial:
    """Fit the probe of one seed to the dense model, and judge it."""
    train, test = (
        _texts(part, tokenizer, plan, count)
        for part, count in ((task.train, plan.train), (task.test, plan.test))
    )
    vocab = encoder.architecture.shape.vocab
    tokens = tokenizer.encode(train.texts, plan.seq_len, vocab=vocab)
    features = encoder.features(tokens, Pruning(), tick)
    probe = fit_probe(features, train.labels, len(task.classes), ridge=RIDGE)
    judged = tokenizer.encode(test.texts, plan.seq_len, vocab=vocab)
    features = encoder.features(judged, Pruning(), tick)
    dense = probe.accuracy(features, test.labels)
    return Trial(judged, test.labels, tokens, probe, dense)


def _texts(
    examples: Examples, tokenizer: Tokenizer, plan: Plan, count: int
) -> Examples:
    """Return the first `count` texts, joined within a class where the plan says so."""
    if plan.join:
        lengths = tokenizer.lengths(examples.texts)
        examples = join_to_length(examples, lengths.tolist(), plan.seq_len)
    if len(examples) < count:
        raise InputError(
            f"the texts give {len(examples)} sequences of {plan.seq_len} tokens, fewer "
            f"than the {count} asked for. Ask for fewer, or for shorter ones."
        )
    return examples.first(count)


def _pruning(encoder: Encoder, policy: str, setting: float, trial: Trial) -> Pruning:
    return find_choice(policy).build(
        setting, lambda share: encoder.calibrated(trial.calibration, share)
    )
