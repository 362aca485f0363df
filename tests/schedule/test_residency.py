"""Every byte once: closed forms of what crosses the port, and a naive memory."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from dse.schedule.residency import plan_block, plan_residency
from dse.schedule.traffic import Room, Storage
from dse.workload.layers import Op, chain
from dse.workload.ops import Block
from tests.schedule.naive_memory import Moved, Step, run_in_parts

ROOMY = 1e12


def storage(ops: Any, *, room: float, weight_room: float = ROOMY) -> Storage:
    """One word a value, nothing compressed."""
    ones = np.ones(len(ops))
    return Storage(
        rooms=(Room(room, ones, ones),),
        weight_room=weight_room,
        weights=ops.weights * ones,
        gathered=ones,
        operand=ones,
        result=ones,
        cached=1.0,
    )


def moved(
    steps: list[Step], *, given: int, batch: float = 1.0, **rooms: float
) -> tuple[float, dict[str, float]]:
    """The sequences of a part, and the words of the whole batch by origin."""
    sizes = {-1: given} | {i: step.result for i, step in enumerate(steps)}
    ops = chain(
        [
            Op(
                f"op_{i}",
                "layer_norm" if step.norm else "linear",
                tuple(0 if maker < 0 else i - maker for maker in step.reads),
                1,
                step.result,
                0 if step.norm else sizes[step.reads[0]],
            )
            for i, step in enumerate(steps)
        ]
    )
    part, (traffic,), _ = plan_residency(
        [Block(ops=ops, repeats=1)], [storage(ops, **rooms)], batch
    )
    words = traffic.by_origin.items()
    return float(part), {name: float(np.sum(each)) for name, each in words}


def linears(count: int, width: int) -> list[Step]:
    return [Step([i - 1], width, width * width) for i in range(count)]


def test_four_linears_without_a_buffer_move_eight_tensors() -> None:
    _, words = moved(linears(4, 100), given=100, room=1e-9)
    weights = words.pop("weights")
    assert weights == 4 * 100**2
    # What is given, three results out and in again, what is answered.
    assert sum(words.values()) == pytest.approx(8 * 100)


def test_with_room_for_all_only_what_must_is_moved() -> None:
    _, words = moved(linears(4, 100), given=100, room=ROOMY)
    assert (words["input"], words["output"], words["spilled"]) == (100, 100, 0)


@pytest.mark.parametrize("room", [1e-9, 150.0, ROOMY])
def test_repeats_move_what_their_ops_written_out_move(room: float) -> None:
    ops = chain([Op("op", "linear", (0,), 1, 100, 100)])
    _, (traffic,), needed = plan_residency(
        [Block(ops=ops, repeats=4)], [storage(ops, room=room)], 1.0
    )
    words = {name: 4 * float(np.sum(each)) for name, each in traffic.by_origin.items()}
    assert words == pytest.approx(moved(linears(4, 100), given=100, room=room)[1])
    assert (float(needed["input"]), float(needed["output"])) == (100, 100)


@pytest.mark.parametrize(("held", "passes"), [(8.0, 1), (1.0, 1), (0.5, 2)])
def test_an_expert_reads_again_what_it_multiplies_and_nothing_else(
    held: float, passes: int
) -> None:
    """Of 8 experts a token asks 2: its values come twice, and what each makes once."""
    rows, wide, narrow, used, count = 10, 100, 40, 2, 8
    matrix = wide * narrow
    ops = chain(
        [
            Op("norm", "layer_norm", (0,), rows, wide),
            Op("up", "linear", (1,), rows, narrow, wide, used, choices=count / used),
            Op("down", "linear", (1,), rows, wide, narrow, used, choices=count / used),
        ]
    )
    kept = storage(ops, room=1e-9, weight_room=held * matrix)
    _, (traffic,), _ = plan_residency([Block(ops=ops, repeats=1)], [kept], 1.0)
    again = [float(words) for words in np.asarray(traffic.refetched)]
    reads = 1 if held == count else used * passes
    assert again == [0, (reads - 1) * rows * wide, (passes - 1) * used * rows * narrow]


def test_what_layers_hold_that_differ_is_the_mean_of_what_each_would_hold() -> None:
    ops = chain([Op(f"op_{i}", "linear", (i and 1,), 1, 100, 100) for i in range(3)])
    dense, sparse = 1.0, 0.4

    def held(*densities: float) -> dict[int, float]:
        columns = np.outer(densities, np.ones(3))
        kept = storage(ops, room=ROOMY)._replace(
            rooms=(Room(ROOMY, columns, columns),), operand=columns, result=columns
        )
        block = Block(ops=ops, repeats=len(densities))
        bits = plan_block([block], [kept], 1.0, 0).bits
        return {maker: float(sizes[0]) for maker, sizes in bits.items()}

    both, each = held(dense, sparse), [held(dense, dense), held(sparse, sparse)]
    for maker, size in both.items():
        assert size == pytest.approx((each[0][maker] + each[1][maker]) / 2)
    assert both[1] == pytest.approx(70)


# Where 200 words become 100, a room of 150 is too small, and large enough for 0.4 of
# them; one more result is small in any case.
@pytest.mark.parametrize(("densities", "spills"), [((1, 0.4), False), ((0.4, 1), True)])
def test_what_the_last_layer_of_a_block_makes_is_handed_to_the_next(
    densities: tuple[float, float], spills: bool
) -> None:
    ops = chain([Op("narrow", "linear", (0,), 1, 100, 200)])
    after = chain([Op("last", "linear", (0,), 1, 1, 100)])
    column = np.reshape(densities, (2, 1))
    kept = storage(ops, room=150.0)._replace(
        rooms=(Room(150.0, column, column),), operand=column, result=column
    )
    blocks = [Block(ops=ops, repeats=2), Block(ops=after, repeats=1)]
    _, (_, moved_after), _ = plan_residency(
        blocks, [kept, storage(after, room=150.0)], 1.0
    )
    assert (float(np.sum(moved_after.by_origin["spilled"])) > 0.0) == spills


# While one result is made of another, 200 words ask for room; a room of 150 lacks 50, a
# half of what each value takes.
@pytest.mark.parametrize(("room", "share"), [(1e-9, 1.0), (150.0, 0.5), (ROOMY, 0.0)])
def test_off_chip_is_the_share_of_a_value_that_there_is_no_room_for(
    room: float, share: float
) -> None:
    ops = chain([Op(f"op_{i}", "linear", (i and 1,), 1, 100, 100) for i in range(3)])
    block = Block(ops=ops, repeats=1)
    found = plan_block([block], [storage(ops, room=room)], 1.0, 0)
    between = {maker: float(found.off_chip[maker]) for maker in (0, 1)}
    assert between == pytest.approx({0: share, 1: share})


def random_chain(draw: random.Random) -> tuple[list[Step], int]:
    """Products of any widths, some with a residual, some with a norm behind."""
    given = draw.randint(1, 60)
    steps: list[Step] = []
    before = given
    for _ in range(draw.randint(1, 6)):
        result = draw.randint(1, 60)
        i = len(steps)
        reads = [i - 1]
        sizes = {-1: given} | {j: s.result for j, s in enumerate(steps)}
        same = [m for m, size in sizes.items() if size == result and m != i - 1]
        if same and draw.random() < 0.5:
            reads.append(draw.choice(same))
        elif i and draw.random() < 0.3:
            reads[0], before = -1, given
        steps.append(Step(reads, result, before * result))
        before = result
        if draw.random() < 0.4:
            steps.append(Step([len(steps) - 1], result, norm=True))
    read = {maker for step in steps for maker in step.reads}
    unread = [i for i in range(len(steps) - 1) if i not in read]
    return ([], 0) if unread or -1 not in read else (steps, given)


@pytest.mark.parametrize("seed", range(5))
def test_closed_forms_move_what_a_naive_memory_moves(seed: int) -> None:
    draw = random.Random(seed)
    tried = 0
    while tried < 100:
        steps, given = random_chain(draw)
        if not steps:
            continue
        tried += 1
        batch = draw.choice([1, 2, 5, 16])
        rooms = {
            "room": draw.uniform(1.0, 400.0),
            "weight_room": draw.uniform(1.0, 8000.0),
        }
        part, words = moved(steps, given=given, batch=batch, **rooms)
        naive = run_in_parts(steps, given=given, batch=batch, part=part, **rooms)
        for origin, expected in vars(naive).items():
            near = pytest.approx(expected, rel=1e-5, abs=1e-6 * total(naive))
            assert words[origin] == near, (
                origin,
                steps,
                rooms,
                batch,
                part,
            )
        alone = run_in_parts(steps, given=given, batch=batch, part=1.0, **rooms)
        assert total(naive) <= total(alone) * (1 + 1e-6)


def total(words: Moved) -> float:
    return sum(vars(words).values())
