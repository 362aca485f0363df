"""How near the crossbar engine comes to what ISAAC and PUMA print."""

from __future__ import annotations

import pytest

from dse.evidence.claims import Claim
from dse.evidence.registry import find_validation

SYSTEMS = ("isaac", "puma")


@pytest.fixture(scope="module")
def claims() -> dict[str, Claim]:
    return {
        f"{system}: {claim.name}": claim
        for system in SYSTEMS
        for claim in find_validation(system).run(None, progress=False)
    }


def error(claim: Claim) -> float:
    assert claim.modelled is not None
    return claim.modelled / claim.claimed - 1.0


@pytest.mark.parametrize(
    "name",
    [
        "array time",
        "array adc energy",
        "array dac energy",
        "array cell energy",
        "array shift add energy",
    ],
)
def test_isaacs_array_is_within_5_percent(claims: dict[str, Claim], name: str) -> None:
    assert abs(error(claims[f"isaac: {name}"])) < 0.05


@pytest.mark.parametrize("name", ["unit time", "unit energy"])
def test_pumas_matrix_unit_is_within_15_percent(
    claims: dict[str, Claim], name: str
) -> None:
    claim = claims[f"puma: {name}"]
    assert abs(error(claim)) < 0.15
    assert not claim.fitted


def test_whole_chips_are_within_10_percent_in_area_and_power(
    claims: dict[str, Claim],
) -> None:
    for system in SYSTEMS:
        for name in ("chip area", "chip power"):
            assert abs(error(claims[f"{system}: {name}"])) < 0.1


def test_what_the_model_reads_is_not_called_a_prediction(
    claims: dict[str, Claim],
) -> None:
    fitted = {name for name, claim in claims.items() if claim.fitted}
    assert fitted == {
        "isaac: array adc energy",
        "isaac: array dac energy",
        "isaac: array cell energy",
        "isaac: array shift add energy",
        "puma: weights",
    }


def test_a_miss_says_why(claims: dict[str, Claim]) -> None:
    misses = {n: c for n, c in claims.items() if c.met is False}
    assert set(misses) == {
        "puma: chip rate",
        "puma: rate by area",
        "puma: rate by power",
    }
    assert all(claim.reason for claim in misses.values())
