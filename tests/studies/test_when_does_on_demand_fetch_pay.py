"""The committed answer on on-demand fetch, asked again at its ends."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tests.studies.modules import module_of

FOLDER = Path(__file__).parents[2] / "studies" / "when_does_on_demand_fetch_pay"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text())


@pytest.fixture(scope="module")
def study() -> ModuleType:
    return module_of(FOLDER.name)


@pytest.mark.parametrize("block", [1, 64])
def test_measured_traffic_is_the_committed_one(study: ModuleType, block: int) -> None:
    found = study.traffic("prefill", 0.1, block)
    assert found == pytest.approx(EXPECTED[f"mix_0.1_block_{block}"], abs=1e-3)


def test_neighbours_that_agree_leave_less_than_independent_ones(
    study: ModuleType,
) -> None:
    bound = study.traffic("prefill", 0.1, 64, measured=False)
    assert bound == pytest.approx(EXPECTED["mix_0.1_block_64_bound"], abs=1e-3)
    assert EXPECTED["mix_0.1_block_64"] < 0.85 * bound


def test_a_new_token_takes_what_one_query_takes(study: ModuleType) -> None:
    found = study.traffic("decode", 0.1, 1)
    assert found == pytest.approx(EXPECTED["mix_0.1_decode"], abs=1e-3)
    assert found == pytest.approx(EXPECTED["mix_0.1_block_1"], abs=1e-3)
