"""A task: texts with a class each, some to learn from and some to be judged by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dse.errors import InputError

JOINT = " "
SPLIT = 0  # seed of the one split there is, so that all draws hold the same back


@dataclass(frozen=True)
class Examples:
    """Texts and the number of the class of each, in one order."""

    texts: tuple[str, ...]
    labels: np.ndarray  # [texts], int32

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, places: Sequence[int] | np.ndarray) -> Examples:
        """Return the examples at these places."""
        picked = np.asarray(places, int)
        return Examples(tuple(self.texts[i] for i in picked), self.labels[picked])

    def first(self, count: int | None) -> Examples:
        """Return the first of them: all, where there are no more or none is named."""
        return self.take(range(len(self) if count is None else min(count, len(self))))


@dataclass(frozen=True)
class Task:
    """What a model is asked, with the answers."""

    name: str
    classes: tuple[str, ...]
    train: Examples
    test: Examples
    data: str  # what was read, in words, for the header of a curve

    def sha256(self) -> str:
        """Return a hash of classes, texts and answers, in their order."""
        told: list[object] = [self.classes]
        told += [(e.texts, e.labels.tolist()) for e in (self.train, self.test)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def shuffled(self, seed: int) -> Task:
        """Return the task with the examples of each kind in the order of a seed."""
        draw = np.random.default_rng(seed)
        train, test = (
            kind.take(draw.permutation(len(kind))) for kind in (self.train, self.test)
        )
        return replace(self, train=train, test=test)

    def limited(self, *, train: int | None = None, test: int | None = None) -> Task:
        """Return the task with at most so many examples of each kind."""
        return replace(self, train=self.train.first(train), test=self.test.first(test))


def split(
    name: str,
    classes: tuple[str, ...],
    examples: Examples,
    *,
    data: str,
    test_share: float = 0.1,
) -> Task:
    """Return a task some of whose examples are held back: always the same ones.

    What one seed learns from can so never be what another is judged by. A text that
    occurs twice is kept once: no text stands on both sides. Raises `InputError` where
    that leaves too few to hold any back.
    """
    first = {text: i for i, text in reversed(list(enumerate(examples.texts)))}
    places = np.asarray(sorted(first.values()), int)
    places = np.random.default_rng(SPLIT).permutation(places)
    held = round(test_share * len(places))
    if held < 1:
        raise InputError(
            f"{data}: {len(places)} texts are too few for a task; give more of them."
        )
    return Task(
        name,
        classes,
        train=examples.take(places[held:]),
        test=examples.take(places[:held]),
        data=data,
    )


def join_to_length(examples: Examples, tokens: Sequence[int], seq_len: int) -> Examples:
    """Return longer examples: texts of one class joined while they fit.

    `tokens` counts those of each text; what is joined has at most `seq_len` of them,
    or is one text that was longer. Texts stay in order within their class.
    """
    joined: list[tuple[int, str, int]] = []  # where the first one stood, text, class
    open_texts: dict[int, tuple[int, list[str], int]] = {}
    for i, (text, label) in enumerate(
        zip(examples.texts, examples.labels, strict=True)
    ):
        start, parts, length = open_texts.get(int(label), (i, [], 0))
        if parts and length + tokens[i] > seq_len:
            joined.append((start, JOINT.join(parts), int(label)))
            start, parts, length = i, [], 0
        open_texts[int(label)] = (start, [*parts, text], length + tokens[i])
    joined += [(s, JOINT.join(p), label) for label, (s, p, _) in open_texts.items()]
    joined.sort()
    return Examples(
        tuple(text for _, text, _ in joined),
        np.asarray([label for _, _, label in joined], np.int32),
    )
