"""A deliberately naive memory: values one by one, step by step, in a buffer of n words.

It knows chains of products with residuals and norms, and the policy in words, and none
of the closed forms: it fills a buffer, notes what did not fit, and counts words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Step:
    """An op: the steps whose results it reads (-1: what is given), and its sizes."""

    reads: list[int]
    result: int  # words a sequence
    weights: int = 0
    norm: bool = False


@dataclass
class Held:
    """A value in memory: its size, the steps that read it, what was pushed out."""

    size: float
    uses: list[int]
    out: float = 0.0


@dataclass
class Moved:
    """Words that crossed the port."""

    weights: float = 0.0
    input: float = 0.0
    output: float = 0.0
    spilled: float = 0.0
    refetched: float = 0.0


@dataclass
class Memory:
    """Runs a chain on a buffer of `room` words, weights in one of `weight_room`."""

    room: float
    weight_room: float
    given: int
    moved: Moved = field(default_factory=Moved)

    def run(self, steps: Sequence[Step], sequences: float) -> Moved:
        """Run some sequences side by side through all steps."""
        merged = self._stream_norms(steps)
        last = len(merged) - 1
        values = {-1: Held(self.given * sequences, self._uses(merged, -1))}
        for now, step in enumerate(merged):
            if now < last:
                size = step.result * sequences
                values[now] = Held(size, self._uses(merged, now))
            self._fill(values, merged, now, step.result * sequences)
        for now, step in enumerate(merged):
            self.moved.weights += step.weights
            for maker in step.reads:
                self._read(values[maker], maker, now, step)
        self.moved.spilled += sum(v.out for maker, v in values.items() if maker >= 0)
        self.moved.output += merged[last].result * sequences
        return self.moved

    def _stream_norms(self, steps: Sequence[Step]) -> list[Step]:
        """Join a norm with the product right before it, if nothing else reads that."""
        joined: list[Step] = []
        place: dict[int, int] = {-1: -1}
        for i, step in enumerate(steps):
            readers = [j for j, other in enumerate(steps) if i - 1 in other.reads]
            if step.norm and i and readers == [i] and step.reads == [i - 1]:
                joined[-1] = Step(
                    joined[-1].reads, step.result, joined[-1].weights, joined[-1].norm
                )
            else:
                reads = [place[maker] for maker in step.reads]
                joined.append(Step(reads, step.result, step.weights, step.norm))
            place[i] = len(joined) - 1
        return joined

    def _uses(self, steps: Sequence[Step], maker: int) -> list[int]:
        return [i for i, s in enumerate(steps) for read in s.reads if read == maker]

    def _fill(
        self, values: dict[int, Held], steps: Sequence[Step], now: int, result: float
    ) -> None:
        """Put what lives into the buffer, what is wanted soonest first."""
        step, last = steps[now], len(steps) - 1
        alive = [m for m, v in values.items() if m <= now and max(v.uses) >= now]
        alive.sort(key=lambda m: (min(u for u in values[m].uses if u >= now), m))
        # A residual, or what a norm reads, that ends here gives its room to the result.
        makes_room = step.reads[:1] if step.norm else step.reads[1:]
        ending = {m for m in makes_room if max(values[m].uses) == now}
        for place, maker in enumerate(alive):
            others = [m for m in alive[:place] if m not in ending]
            taken = sum(values[m].size for m in others)
            fits = min(max(self.room - taken, 0.0), values[maker].size)
            values[maker].out = max(values[maker].out, values[maker].size - fits)
        assert now == last or now in values

    def _read(self, value: Held, maker: int, now: int, step: Step) -> None:
        """Read what is out of the buffer, as often as the weights come by."""
        first_of_given = maker == -1 and now == value.uses[0]
        if first_of_given:
            self.moved.input += value.size
        else:
            self.moved.spilled += value.out
        if step.weights and maker == step.reads[0]:  # what is added comes once
            by_weights = max(step.weights / self.weight_room - 1.0, 0.0) * value.out
            by_input = (
                step.weights * (value.out / self.room) if self.room else by_weights
            )
            by_column = (step.result - 1.0) * value.out
            self.moved.refetched += min(by_weights, by_input, by_column)


def run_in_parts(
    steps: Sequence[Step],
    *,
    given: int,
    room: float,
    weight_room: float,
    batch: int,
    part: float,
) -> Moved:
    """Run a batch in parts of some sequences; a last part counts in proportion."""
    moved = Memory(room, weight_room, given).run(steps, part)
    times = batch / part
    words = {name: words * times for name, words in vars(moved).items()}
    # Weights that stay in their buffer from part to part come once.
    every = sum(step.weights for step in steps)
    words["weights"] = every + (times - 1.0) * max(every - weight_room, 0.0)
    return Moved(**words)
