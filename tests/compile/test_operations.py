"""Every operation alone, and programs of many: all readers answer as JAX does."""

from __future__ import annotations

import numpy as np
import pytest

from dse.compile.errors import NotByRowsError
from tests.compile.operations import EACH, OPERATIONS, REFUSED, SHAPED
from tests.compile.random_programs import (
    alone,
    hold_grid_against_jax,
    hold_rows_against_jax,
    write_program,
)

AT_ONCE = 20  # programs that are compiled together


@pytest.mark.parametrize("name", [*EACH, *SHAPED])
def test_every_reader_does_an_operation_as_jax_does(name: str) -> None:
    programs = alone(name)
    hold_grid_against_jax(programs)
    hold_rows_against_jax(programs)


@pytest.mark.parametrize("name", REFUSED)
def test_what_rows_refuse_by_its_name_numpy_does_as_jax_does(name: str) -> None:
    programs = alone(name)
    hold_grid_against_jax(programs)
    for program in programs:
        with pytest.raises(NotByRowsError, match=r"`[\w-]+`.* cannot be compiled for"):
            hold_rows_against_jax([program])


def hold_programs(seed: int, count: int) -> None:
    """Hold every reader against JAX, in programs that a seed writes."""
    print(f"seed {seed}: {count} programs")
    for number in range(0, count, AT_ONCE):
        chance = np.random.default_rng([seed, number])
        programs = [write_program(chance, [*EACH, *SHAPED]) for _ in range(AT_ONCE)]
        hold_grid_against_jax(programs)
        hold_rows_against_jax(programs)
        hold_grid_against_jax([write_program(chance, OPERATIONS) for _ in range(2)])


@pytest.mark.parametrize("seed", range(8))
def test_readers_agree_with_jax_on_random_programs(seed: int) -> None:
    hold_programs(seed, 250)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1000, 1050))
def test_readers_agree_with_jax_on_a_hundred_thousand_programs(seed: int) -> None:
    hold_programs(seed, 2000)
