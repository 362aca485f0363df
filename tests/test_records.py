"""Records: what a person may put in, what JAX sees, and what a person reads."""

from __future__ import annotations

import math
import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dse.errors import InputError
from dse.records import Record, quantity, record, static
from dse.sparsity.loss import Loss


@record
class Array2D(Record):
    """A machine of no engine, with a field of every kind."""

    rows: float = quantity("1", "rows", default=128, low=1, high=1024, integer=True)
    buffer_mib: float = quantity("MiB", "buffer", default=4.0, low=0.5)
    cell: float = quantity("1", "memory", default="sram", choices=("sram", "rram"))
    order: str = static("loop order", default="row_major")


@record
class Workpiece(Record):
    """A record without defaults."""

    width: float = quantity("um", "how wide")
    parts: dict[str, Any]


@record
class Chip(Record):
    """A record of parts that JAX does not trace."""

    order: str = static("of loops", default="rows", choices=("rows", "columns"))
    shape: tuple[int, ...] | None = static("of its cores", default=None)
    copies: int = static("of it", default=1, low=1)
    array: Array2D = Array2D()


def work(design: Array2D) -> jax.Array:
    return jnp.asarray(design.rows) ** 2 * design.buffer_mib + design.cell


# -- what a person may put in ----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"row": 8}, "`row` is not a field of `Array2D`. Did you mean `rows`?"),
        ({"rows": 0}, "`Array2D.rows` is 0, outside its range 1 to 1024; give a"),
        ({"rows": float("nan")}, "`Array2D.rows` is nan; give a number"),
        (
            {"buffer_mib": 0.25},
            "`Array2D.buffer_mib` is 0.25 MiB, outside its range 0.5 to inf MiB; give",
        ),
        ({"rows": 1.5}, "`Array2D.rows` counts whole things, got 1.5; round it."),
        ({"rows": "many"}, "`Array2D.rows` takes a number, got 'many'."),
        ({"rows": True}, "`Array2D.rows` takes a number, got True."),
        ({"rows": [1, 2]}, "`Array2D.rows` takes a number, got [1, 2]."),
        ({"buffer_mib": None}, "`Array2D.buffer_mib` takes a number in MiB, got None."),
        ({"order": 3}, "`Array2D.order` is 3; give a text."),
        ({"rows": 10**400}, "`Array2D.rows` is inf; give a number that is finite."),
        ({"buffer_mib": float("inf")}, "`Array2D.buffer_mib` is inf; give a number"),
        ({"rows": np.float32(0.5)}, "`Array2D.rows` is 0.5, outside its range"),
        (
            {"rows": np.asarray(0)},
            "`Array2D.rows` is 0, outside its range 1 to 1024; give a",
        ),
        (
            {"rows": jnp.asarray(1.5)},
            "`Array2D.rows` counts whole things, got 1.5; round",
        ),
        (
            {"rows": np.asarray([4, 0, 8])},
            "`Array2D.rows`[1] is 0, outside its range 1 to 1024; give a",
        ),
        ({"buffer_mib": np.asarray([1.0, np.nan])}, "`Array2D.buffer_mib`[1] is nan"),
        (
            {"rows": np.ma.masked_array([4.0, 8.0], [False, True])},
            "`Array2D.rows` takes a number, got an array with masked entries; leave",
        ),
        ({"rows": np.asarray([True])}, "takes a number, got an array of bool."),
        ({"rows": np.asarray(["8"])}, "takes a number, got an array of <U1."),
        ({"cell": np.asarray([0, 2])}, "`Array2D.cell`[1] takes one of sram, rram"),
        ({"cell": "rrum"}, "`Array2D.cell` has no choice 'rrum'. Did you mean `rram`?"),
        ({"cell": 2}, "`Array2D.cell` takes one of sram, rram, got 2."),
        ({"cell": 0.5}, "`Array2D.cell` takes one of sram, rram, got 0.5."),
        ({"cell": None}, "`Array2D.cell` takes one of sram, rram, got None."),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_its_place_and_a_remedy(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        Array2D(**given)


def test_every_missing_field_is_named_at_once() -> None:
    with pytest.raises(InputError, match="`Workpiece` needs `width`, `parts`"):
        Workpiece()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"order": "colums"}, "`Chip.order` is 'colums'. Did you mean `columns`?"),
        ({"shape": [1, 2]}, "`Chip.shape` is a `list`; give a tuple of which each"),
        ({"shape": (1, 2.5)}, "a tuple of which each is a whole number or None."),
        ({"copies": True}, "`Chip.copies` is True; give a whole number."),
        ({"copies": 0}, "`Chip.copies` is 0; give 1 or more."),
        ({"array": 3}, "`Chip.array` is 3; give a `Array2D`."),
    ],
)
def test_a_part_is_what_its_field_says(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        Chip(**given)
    assert Chip(shape=(2, 3), copies=2, order="columns").shape == (2, 3)


def test_a_class_that_cannot_be_a_record_is_refused() -> None:
    class Listed:
        parts: list = []  # noqa: RUF012

    with pytest.raises(InputError, match="`Listed` cannot be made a record: mutable"):
        record(Listed)
    with pytest.raises(InputError, match="`Chip` cannot be made a record: Cannot over"):
        record(Chip)


def test_what_is_no_number_of_a_person_may_be_unknown() -> None:
    assert math.isnan(Loss(drop=math.nan, spread=math.nan, unknown="why").drop)


def test_replace_checks_what_it_changes_and_keeps_the_rest() -> None:
    design = Array2D(rows=64, order="column_major")
    changed = design.replace(cell="rram")
    assert (changed.rows, changed.cell, changed.order) == (64.0, 1.0, "column_major")
    assert design.cell == 0.0
    with pytest.raises(InputError, match="Did you mean `rows`"):
        design.replace(rwos=3)
    with pytest.raises(InputError, match="outside its range"):
        design.replace(rows=2048)


def test_a_record_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError, match=r"`.replace\(rows=3.0\)`"):
        Array2D().rows = 3.0  # type: ignore[misc]


@pytest.mark.parametrize(
    "given", [8, 8.0, np.int64(8), np.float32(8), np.asarray(8), jnp.asarray(8)]
)
def test_whole_numbers_become_floats_so_that_a_gradient_can_be_taken(
    given: Any,
) -> None:
    slope = jax.grad(work)(Array2D(rows=given, buffer_mib=3))
    assert isinstance(slope, Array2D)
    assert slope.rows == 2 * 8 * 3
    assert slope.buffer_mib == 8**2


def test_a_default_is_read_like_a_given_value() -> None:
    assert isinstance(Array2D().rows, float)
    with pytest.raises(InputError, match="outside its range"):
        quantity("1", "rows", default=0, low=1)


# -- what JAX sees ---------------------------------------------------------------------


def test_jit_brings_a_record_back_with_its_static_parts() -> None:
    design = Array2D(rows=16, cell="rram", order="column_major")
    back = jax.jit(lambda d: d)(design)
    assert isinstance(back, Array2D)
    assert back.order == "column_major"
    assert (back.rows, back.buffer_mib, back.cell) == (16.0, 4.0, 1.0)


def test_a_change_of_a_static_part_is_traced_anew() -> None:
    @jax.jit
    def pick(design: Array2D) -> Any:
        return design.rows if design.order == "row_major" else design.buffer_mib

    assert pick(Array2D()) == 128.0
    assert pick(Array2D(order="column_major")) == 4.0


def test_a_record_says_along_which_of_its_fields_vmap_runs() -> None:
    designs = Array2D(rows=np.asarray([1.0, 2.0, 3.0]), buffer_mib=2.0)
    along = jax.tree_util.tree_map_with_path(
        lambda path, _: 0 if path[-1].name == "rows" else None, designs
    )
    answers = jax.vmap(work, in_axes=(along,))(designs)
    np.testing.assert_array_equal(answers, [2.0, 8.0, 18.0])


def test_a_tracer_passes_the_constructor() -> None:
    jacobian = jax.jacfwd(lambda rows: work(Array2D(rows=rows, buffer_mib=1.0)))
    assert jacobian(5.0) == 10.0
    counted = jax.vmap(lambda rows: work(Array2D(rows=rows, buffer_mib=1.0)))
    np.testing.assert_array_equal(counted(jnp.arange(3)), [0.0, 1.0, 4.0])


def test_leaves_are_named_by_their_fields() -> None:
    piece = Workpiece(width=2, parts={"bolt": 1.0})
    paths, _ = jax.tree_util.tree_flatten_with_path(piece)
    assert [jax.tree_util.keystr(path) for path, _ in paths] == [
        ".width",
        ".parts['bolt']",
    ]


# -- what a person reads ---------------------------------------------------------------


def test_a_record_shows_units_and_labels() -> None:
    assert repr(Array2D(rows=64, cell="rram")) == (
        "Array2D(rows=64, buffer_mib=4 MiB, cell=rram, order='row_major')"
    )


def test_a_gradient_and_a_batch_show_their_numbers() -> None:
    slope = jax.tree.map(lambda _: -2.5, Array2D())
    assert "cell=-2.5" in repr(slope)
    batch = Array2D(rows=np.asarray([1.0]), cell=np.asarray([0.0, 1.0]))
    assert "rows=[1.]" in repr(batch)
    assert "cell=[0. 1.]" in repr(batch)


def test_quantities_tell_the_meaning_of_every_number() -> None:
    meanings = Array2D.quantities()
    assert list(meanings) == ["rows", "buffer_mib", "cell"]
    assert (meanings["buffer_mib"].unit, meanings["buffer_mib"].low) == ("MiB", 0.5)
