"""Accuracy that is lost: how much, on what that was measured, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable

from dse.arguments import count
from dse.arrays import Values, array_namespace
from dse.errors import check_kind
from dse.records import Record, record, static

# What is lost on another model, or at another length, lies about as far from what was
# measured as that is large, and at least so far: with these five points, two thirds of
# what any shipped curve says of the subject of another one is covered.
LEAST_FOREIGN = 0.05


@record
class Subject(Record):
    """What an accuracy was measured on."""

    model: str = static("as in `bert-base`")
    task: str = static("as in `sst-2`")
    seq_len: int | None = static("in tokens, where it is known", default=None)

    def misfit(self, model: str, tokens: int) -> str:
        """Say why it does not tell of a run; '' where it does.

        It tells of its own model, up to twice the length it was measured at: what a
        setting keeps, and what that costs, depends on both.
        """
        check_kind("`model`", model, str, "the name of a model, as `bert-base`")
        tokens = count("tokens", tokens)
        if self.model != model:
            return f"was measured on {self.model}, not on {model}"
        if self.seq_len is not None and tokens >= 2 * self.seq_len:
            return f"was measured at {self.seq_len} tokens, not at {tokens:,}"
        return ""

    def __str__(self) -> str:
        length = "" if self.seq_len is None else f", {self.seq_len} tokens"
        return f"{self.model} on {self.task}{length}"


@record
class Loss(Record):
    """Accuracy lost by one cause, as a share: 0.01 is a point, NaN is not known.

    `spread` is one standard deviation. Without a `subject` nothing was measured: there
    is nothing to lose, or a person has stated it. `at_stake` is 0 where a setting has
    nothing to lose on any subject, as dense weights have not.
    """

    drop: Values
    spread: Values = 0.0
    at_stake: Values = 1.0
    subject: Subject | None = static("what it was measured on", default=None)
    unknown: str = static("of what it is not known, where it is NaN", default="")

    def spread_on(self, model: str, tokens: int) -> Values:
        """Return one standard deviation for a run of some model and length.

            sqrt(spread^2 + max(drop, 5 points)^2)

        where the subject is another; as measured where it is the same.
        """
        if self.subject is None or not self.subject.misfit(model, tokens):
            return self.spread
        xp = array_namespace(self.drop, self.spread, self.at_stake)
        off = self.at_stake * xp.maximum(self.drop, LEAST_FOREIGN)
        return _root(self.spread**2 + off**2)


def together(losses: Iterable[Loss], model: str, tokens: int) -> Loss:
    """Return what several causes lose: drops add, and so do variances."""
    drop: Values = 0.0
    variance: Values = 0.0
    for loss in losses:
        drop = drop + loss.drop
        variance = variance + loss.spread_on(model, tokens) ** 2
    return Loss(drop=drop, spread=_root(variance))


def _root(variance: Values) -> Values:
    """Return the square root, which has no slope at 0."""
    xp = array_namespace(variance)
    some = xp.where(variance > 0.0, variance, 1.0)
    root: Values = xp.where(variance > 0.0, xp.sqrt(some), 0.0 * variance)  # NaN stays
    return root


def subjects(losses: Iterable[Loss]) -> tuple[Subject, ...]:
    """Return what some losses were measured on, each once."""
    found = (loss.subject for loss in losses)
    return tuple(dict.fromkeys(each for each in found if each is not None))
