"""The walk in time: cases solved by hand.

Times are cycles. In the charts a letter is an op, `.` an idle cycle.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import pytest

from dse.schedule.stage import Chain, Stage
from dse.schedule.walk import roofline, walk


class Task(NamedTuple):
    """One op, written down by hand."""

    unit: str = "lanes"
    load: Any = 0.0
    streamed: Any = 0.0
    compute: Any = 0.0
    store: Any = 0.0
    prefetch: Any = 1.0
    occupied: Any = None  # as long as it computes


def chain(
    *tasks: Task,
    depends: tuple[int, ...] | None = None,
    repeats: int = 1,
    fetches_ahead: bool = True,
) -> Chain:
    """A chain of tasks; each one needs the result of the one before it."""
    stages = []
    for task in tasks:
        occupied = task.compute if task.occupied is None else task.occupied
        times = task._replace(occupied=occupied)._asdict()
        unit = times.pop("unit")
        columns = {name: jnp.asarray([time]) for name, time in times.items()}
        stages.append(Stage(unit=unit, dynamic={}, busy={}, moved={}, **columns))
    return Chain(
        stages=tuple(stages),
        places=tuple((place,) for place in range(len(tasks))),
        names=tuple(f"op {place}" for place in range(len(tasks))),
        depends=depends or (0, *[1] * (len(tasks) - 1)),
        repeats=repeats,
        fetches_ahead=fetches_ahead,
    )


def test_weights_arrive_while_the_op_before_computes() -> None:
    """The load of B hides behind A: 4 + 10 + 5.

    load   AAAABBBBBB
    lanes  ....AAAAAAAAAABBBBB
           0   4         14   19
    """
    assert walk([chain(Task(load=4, compute=10), Task(load=6, compute=5))]) == 19


def test_an_op_waits_for_weights_that_take_longer_than_the_op_before() -> None:
    """B starts when its weights are there, not when the lanes are free.

    load   AABBBBBBBB
    lanes  ..AAA.....BBBB
           0 2  5    10  14
    """
    assert walk([chain(Task(load=2, compute=3), Task(load=8, compute=4))]) == 14


def test_results_queue_at_the_store_port() -> None:
    """B computes beside the store of A, but is stored after it: 2 + 10 + 4.

    lanes  AABBB
    store  ..AAAAAAAAAABBBB
           0 2  5      12  16
    """
    tasks = Task(compute=2, store=10), Task(compute=3, store=4)
    assert walk([chain(*tasks, depends=(0, 0))]) == 16


def test_an_op_waits_until_its_input_is_stored() -> None:
    """B needs the result of A, which is visible once stored: 5 + 3 + 2.

    lanes    AAAAA
    store    .....AAA
    softmax  ........BB
             0    5  8 10
    """
    tasks = Task(compute=5, store=3), Task("softmax", compute=2)
    assert walk([chain(*tasks)]) == 10


def test_an_op_waits_for_the_op_that_it_depends_on_and_no_other() -> None:
    """C needs A (two back), not the slow B beside it on another unit.

    lanes    AAACCCCCCCC
    softmax  BBBBBB
             0  3  6    11
    """
    tasks = Task(compute=3), Task("softmax", compute=6), Task(compute=8)
    assert walk([chain(*tasks, depends=(0, 0, 2))]) == 11


@pytest.mark.parametrize(("share", "cycles"), [(1.0, 11), (0.5, 13), (0.0, 15)])
def test_only_what_fits_beside_the_weights_in_use_is_fetched_ahead(
    share: float, cycles: int
) -> None:
    """With a share of 0.5, half of the 4 cycles of B wait until A is done: 10 + 2 + 1.

    load   AABB......BB
    lanes  ..AAAAAAAA..B
           0 2       10 13
    """
    tasks = Task(load=2, compute=8), Task(load=4, compute=1, prefetch=share)
    assert walk([chain(*tasks)]) == cycles


def test_weights_are_fetched_for_one_op_ahead_at_most() -> None:
    """The weights of C may come once those of A are done with: 11 + 12 + 1.

    load   AB.........CCCCCCCCCCCC
    lanes  .AAAAAAAAAABBBBBBBBBB..C
           01         11        21 24
    """
    tasks = Task(load=1, compute=10), Task(load=1, compute=10), Task(load=12, compute=1)
    assert walk([chain(*tasks)]) == 24


def test_a_unit_takes_the_next_op_as_soon_as_it_has_room() -> None:
    """A has left room after 4 of its 10 cycles: 4 + 10.

    lanes  AAAAaaaaaa
           ....BBBBBBBBBB
           0   4         14
    """
    tasks = Task(compute=10, occupied=4), Task(compute=10)
    assert walk([chain(*tasks, depends=(0, 0))]) == 14


def test_three_equal_layers_hide_their_loads_but_the_first() -> None:
    """Each layer waits for the stored result of the layer before: 3 + 3 (5 + 2).

    load   111222..333
    lanes  ...11111..22222..33333
    store  ........11.....22.....33
           0  3    8 10   15 17  22 24
    """
    assert walk([chain(Task(load=3, compute=5, store=2), repeats=3)]) == 24


def test_chains_follow_each_other_on_the_same_ports() -> None:
    """The weights of the first layer arrive while the embedding is normed.

    load   EEEE11112222
    norm   ....EEEEEE
    lanes  ..........111.222
           0   4      10  14 17
    """
    embedding = chain(Task("norm", load=4, compute=6))
    layers = chain(Task(load=4, compute=3), repeats=2)
    assert walk([embedding, layers]) == 3 + 10 + 1 + 3


def test_in_program_order_a_load_waits_for_the_store_before_it() -> None:
    """The load of B is issued when the store of A is, at 8; ahead of it, at 3.

    load   AAA.....BBBB          load   AAABBBB
    lanes  ...AAAAA....B         lanes  ...AAAAA..B
    store  ........AA            store  ........AA
           0  3    8   12 13            0  3    8 10 11
    """
    tasks = Task(load=3, compute=5, store=2), Task(load=4, compute=1)
    assert walk([chain(*tasks, fetches_ahead=False)]) == 13
    assert walk([chain(*tasks)]) == 11


def test_in_program_order_neighbours_load_before_any_of_them_stores() -> None:
    """Q and K wait for nothing, so the load of K does not wait for the store of Q.

    load     QQKK
    lanes    ..QQQQKKKK
    store    ......Q...K
    softmax  ...........SSS
             0 2   6   1011 14
    """
    tasks = (
        Task(load=2, compute=4, store=1),
        Task(load=2, compute=4, store=1),
        Task("softmax", compute=3),
    )
    assert walk([chain(*tasks, depends=(0, 0, 1), fetches_ahead=False)]) == 14


def test_in_program_order_a_store_waits_until_the_last_load_before_it_is_issued() -> (
    None
):
    """Q has its result at 3, but V begins to load at 10, once K has loaded.

    load    QQKKKKKKKKVVVVV
    lanes   ..Q.......K....V
    store   ..........QQQQQQQQQ
            0 2       10   15 16 19
    """
    tasks = (
        Task(load=2, compute=1, store=9),
        Task(load=8, compute=1),
        Task(load=5, compute=1),
    )
    assert walk([chain(*tasks, depends=(0, 0, 0), fetches_ahead=False)]) == 19


def test_the_roofline_is_the_busiest_port_or_unit() -> None:
    tasks = (
        Task(load=7, compute=3, store=1),
        Task("softmax", load=6, compute=5, store=1),
    )
    embedding = chain(Task("lanes", compute=30))
    assert roofline([chain(*tasks, repeats=2)]) == 2 * (7 + 6)
    assert roofline([embedding, chain(*tasks, repeats=2)]) == 30 + 2 * 3


def test_a_run_ends_with_its_last_result_whichever_op_makes_it() -> None:
    """The store of A outlasts B, which comes after it in the program: 5 + 3.

    lanes    AAAAA
    store    .....AAA
    softmax  BB
             0    5  8
    """
    tasks = Task(compute=5, store=3), Task("softmax", compute=2)
    assert walk([chain(*tasks, depends=(0, 0))]) == 8


def test_layers_take_no_less_than_their_busiest_port() -> None:
    """Six loads of 9 after a head start: the port is the bound, not the head start.

    One op of 20 cycles lets the loads of the layers run ahead of it; from then on the
    port decides, and no extrapolated layer takes less than its 9 cycles.
    """
    start = chain(Task("norm", compute=20))
    layers = chain(Task(load=9, compute=0, store=5), repeats=12)
    assert walk([start, layers]) >= 12 * 9 + 5
