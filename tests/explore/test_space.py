"""Spaces: numbered designs, tied fields, rules, and what makes no space."""

from __future__ import annotations

import re
from typing import Any

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

import dse
from dse.errors import InputError

EDGE = dse.TileEngine.edge()
SPACE = dse.Space(
    EDGE,
    legal={"tile within batch": "tile_batch <= batch"},
    pes=dse.powers_of_two(64, 1024),
    tile_batch=[1, 4],
    main_memory=["hbm_32_1_4", "dram_32_2_1", "rram_16_2_2"],
    batch=[1, 4, 16],
    weight_buffer_mib=dse.interval(8, 32, 4),
    issue_batch=dse.tied("pes / 8"),
)
HUGE = dse.Space(
    EDGE,
    **{n: dse.integers(1, 64) for n in ("pes", "lanes_per_pe")}
    | {
        n: dse.interval(1, 64, 64)
        for n in ("activation_buffer_mib", "weight_buffer_mib", "mask_buffer_mib")
    },
)

indices = st.integers(0, SPACE.size - 1)


# -- numbers and designs ---------------------------------------------------------------


def test_a_space_is_the_product_of_its_axes() -> None:
    assert SPACE.names == (
        "pes",
        "tile_batch",
        "main_memory",
        "batch",
        "weight_buffer_mib",
    )
    assert SPACE.shape == (5, 2, 3, 3, 4)
    assert len(SPACE) == SPACE.size == 5 * 2 * 3 * 3 * 4
    assert HUGE.size == 64**5


@given(indices)
def test_an_index_and_its_axis_values_name_the_same_design(index: int) -> None:
    digits = SPACE.digits(index)
    values = {name: SPACE.axes[name].values[place] for name, place in digits.items()}
    assert SPACE.index(**values) == index
    design = SPACE.at(index)
    assert design.pes == values["pes"]
    assert design.weight_buffer_mib == values["weight_buffer_mib"]
    assert f"main_memory={values['main_memory']}" in design.in_one_line()
    # Fields that do not move are those of the base.
    assert design.lanes_per_pe == EDGE.lanes_per_pe


@given(st.lists(indices, min_size=1, max_size=20))
def test_many_designs_are_decoded_like_each_of_them(many: list[int]) -> None:
    together = SPACE.decode(np.asarray(many))
    for row, index in enumerate(many):
        alone = SPACE.decode(index)
        assert alone.keys() == together.keys()
        assert all(together[name][row] == alone[name] for name in alone)


def test_a_field_that_is_tied_to_one_number_has_a_row_for_each_design() -> None:
    space = dse.Space(EDGE, lanes_per_pe=[8, 16], pes=dse.tied("64"))
    assert space.decode(np.arange(2))["pes"].tolist() == [64, 64]
    assert space.decode(1)["pes"] == 64


def test_the_last_axis_moves_fastest() -> None:
    assert SPACE.decode(np.arange(5))["weight_buffer_mib"].tolist() == [
        8,
        16,
        24,
        32,
        8,
    ]
    assert SPACE.decode(np.arange(5))["batch"].tolist() == [1, 1, 1, 1, 4]
    last = SPACE.decode(SPACE.size - 1)
    assert (last["pes"], last["batch"], last["weight_buffer_mib"]) == (1024, 16, 32)


@given(st.integers(0, 64**5 - 1))
def test_a_billion_designs_are_numbered_exactly(index: int) -> None:
    place = 0
    for name, digit in HUGE.digits(index).items():
        place = place * len(HUGE.axes[name]) + int(digit)
    assert place == index


# -- labels, tied fields, rules --------------------------------------------------------


def test_a_label_counts_by_its_place_among_all_choices_of_the_field() -> None:
    choices = type(EDGE).quantities()["main_memory"].choices
    wanted = [choices.index(str(label)) for label in SPACE.axes["main_memory"].values]
    assert SPACE.values("main_memory").tolist() == wanted
    place = SPACE.index(
        pes=64, tile_batch=1, main_memory="dram_32_2_1", batch=4, weight_buffer_mib=8
    )
    assert SPACE.at(place) == EDGE


@given(indices)
def test_a_tied_field_follows_its_axes(index: int) -> None:
    design = SPACE.at(index)
    assert design.issue_batch == design.pes / 8


def test_a_tied_field_may_use_fields_that_do_not_move_and_the_batch() -> None:
    space = dse.Space(
        EDGE, batch=[2, 8], issue_batch=dse.tied("lanes_per_pe * batch / 2")
    )
    assert [space.at(i).issue_batch for i in range(2)] == [16, 64]


def test_tied_fields_are_worked_out_inside_a_traced_function() -> None:
    def issued(pes: Any) -> Any:
        moved = SPACE.complete({"pes": pes})
        design, _ = SPACE.place(moved, dse.transformer("bert-tiny"))
        return design.issue_batch

    np.testing.assert_array_equal(jax.vmap(issued)(jnp.asarray([64.0, 80.0])), [8, 10])
    assert jax.grad(issued)(64.0) == 1 / 8


def test_a_place_in_the_space_puts_the_batch_into_the_workload() -> None:
    design, workload = SPACE.place(
        {"batch": 16.0, "pes": 128.0}, dse.transformer("bert-tiny")
    )
    assert (workload.batch, design.pes) == (16.0, 128.0)


def test_a_rule_says_where_it_is_broken() -> None:
    moved = SPACE.decode(np.arange(SPACE.size))
    broken = SPACE.illegal(moved)
    assert list(broken) == [
        "tile within batch",
        "`issue_batch` is outside its range",
    ]
    wanted = (moved["tile_batch"] == 4) & (moved["batch"] == 1)
    np.testing.assert_array_equal(broken["tile within batch"], wanted)
    assert 0 < wanted.sum() < SPACE.size


def test_a_rule_may_use_fields_that_do_not_move() -> None:
    space = dse.Space(EDGE, legal={"few": "pes * lanes_per_pe <= 2000"}, pes=[64, 128])
    broken = space.illegal(space.decode(np.arange(2)))
    np.testing.assert_array_equal(broken["few"], [False, True])


# -- samples ---------------------------------------------------------------------------


@pytest.mark.parametrize("space", [SPACE, HUGE])
def test_a_sample_has_as_many_different_designs_as_asked_in_order(
    space: dse.Space,
) -> None:
    drawn = space.sample(300)
    assert len(drawn) == 300
    assert np.all(np.diff(drawn) > 0)
    assert drawn[0] >= 0
    assert drawn[-1] < space.size
    np.testing.assert_array_equal(drawn, space.sample(300))
    assert not np.array_equal(drawn, space.sample(300, seed=1))


def test_a_sample_of_everything_is_everything() -> None:
    np.testing.assert_array_equal(SPACE.sample(SPACE.size), np.arange(SPACE.size))
    with pytest.raises(InputError, match="`count` is 361; give a whole number"):
        SPACE.sample(361)


# -- what makes no space ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"pe": [1, 2]}, "`pe` is not a field of `TileEngine`. Did you mean `pes`?"),
        ({"main_memory": ["dram_32_2_2"]}, "no choice 'dram_32_2_2'. Did you mean"),
        ({"pes": [0, 64]}, "`TileEngine.pes` is 0, outside its range"),
        ({"pes": [1.5]}, "counts whole things"),
        ({"tile_size": [12.7]}, "counts whole things"),
        ({"issue_batch": [2.5]}, "counts whole things"),
        ({"integer_bits": [4.5]}, "counts whole things"),
        ({"batch": [1.5]}, "counts whole things"),
        ({"pes": dse.continuous(16, 64)}, "counts whole things; give it `integers("),
        ({"batch": [0]}, "batch` is 0, outside its range"),
        ({"pes": []}, "axis `pes`: an axis has no value; give"),
        ({"pes": 64}, "axis `pes` is 64; give a list of values"),
        ({"issue_batch": dse.tied("pe / 8")}, "`pe` is not a key here"),
        ({"issue_batch": dse.tied("pes /")}, "is not an expression"),
    ],
)
def test_what_is_no_axis_of_a_design_is_refused(
    axes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        dse.Space(EDGE, **axes)


def test_a_design_outside_the_space_is_refused() -> None:
    inside = {"tile_batch": 1, "main_memory": "hbm_32_1_4", "batch": 1, "pes": 64}
    with pytest.raises(InputError, match="`weight_buffer_mib` is an axis; say which"):
        SPACE.index(**inside)
    with pytest.raises(InputError, match="axis `weight_buffer_mib` has no 9"):
        SPACE.index(**inside, weight_buffer_mib=9)
    for index in (-1, SPACE.size):
        with pytest.raises(InputError, match="the space of 360 designs"):
            SPACE.decode(index)
    for index in ("x", 1.5, np.nan, None, [0.5], True):
        with pytest.raises(InputError, match="whole numbers from 0"):
            SPACE.decode(index)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="`lanes_per_pe` is not an axis"):
        SPACE.values("lanes_per_pe")


def test_a_space_tells_its_axes_and_size() -> None:
    said = repr(dse.Space(EDGE, pes=[64, 128], batch=[1, 4, 16]))
    assert said.startswith("6 designs: all combinations of values around a TileEngine")
    assert "64, 128" in said
    assert "1, 4, 16" in said


def test_a_field_may_be_tied_to_a_tied_field_in_any_order() -> None:
    space = dse.Space(
        dse.TileEngine.edge(),
        pes=[64, 128],
        issue_batch=dse.tied("softmax_units_per_pe * 2"),
        softmax_units_per_pe=dse.tied("pes / 8"),
    )
    assert space.decode(1)["issue_batch"] == 32


def test_fields_tied_in_a_circle_are_refused() -> None:
    with pytest.raises(dse.InputError, match="circle"):
        dse.Space(
            dse.TileEngine.edge(),
            pes=[64],
            issue_batch=dse.tied("softmax_units_per_pe"),
            softmax_units_per_pe=dse.tied("issue_batch"),
        )


def test_a_tied_value_outside_its_range_is_ruled_out() -> None:
    space = dse.Space(
        dse.TileEngine.edge(), pes=[4, 8], issue_batch=dse.tied("pes / 8")
    )
    broken = space.illegal(space.decode([0, 1]))
    assert broken["`issue_batch` is outside its range"].tolist() == [True, False]
