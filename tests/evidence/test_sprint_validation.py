"""How near the model comes to what SPRINT's paper prints and shows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import dse
from dse.engines.sprint.time import imbalance
from dse.errors import InputError
from dse.evidence.claims import Claim
from dse.evidence.registry import find_validation
from dse.evidence.sprint_cases import COLUMNS, read_cases
from dse.shipped import hw_params_folder

FIGURES = hw_params_folder() / "reported" / "sprint_figures.csv"
MODELS = [line.partition(",")[0] for line in FIGURES.read_text().splitlines()[1:]]


@pytest.fixture(scope="module")
def claims() -> dict[str, Claim]:
    found = find_validation("sprint").run(None, progress=False)
    return {claim.name: claim for claim in found}


def misses(claims: dict[str, Claim], words: str) -> dict[str, float]:
    """Modelled less claimed, for every model and machine, in the unit of the claim."""
    found = {}
    for name, claim in claims.items():
        if words in name and name.partition(":")[0] in MODELS:
            assert claim.modelled is not None
            found[name] = claim.modelled - claim.claimed
    return found


def relative(claims: dict[str, Claim], words: str) -> list[float]:
    return [miss / claims[name].claimed for name, miss in misses(claims, words).items()]


def test_what_it_was_checked_at_is_what_the_paper_ran() -> None:
    lines = [line.split(",") for line in FIGURES.read_text().splitlines()]
    tokens, pruned = (
        [float(line[lines[0].index(name)]) for line in lines[1:]] for name in "sp"
    )
    checked = dse.SprintEngine.checked_at
    assert checked["sequence length"] == (min(tokens), max(tokens))
    kept = 1 - max(pruned), 1 - min(pruned)
    assert checked["share of pairs kept"] == pytest.approx(kept, abs=0.005)


def test_speedups_are_within_3_percent_for_every_model_and_size(
    claims: dict[str, Claim],
) -> None:
    errors = relative(claims, "speed-up, ")
    assert len(errors) == 24
    assert np.abs(errors).max() < 0.03


def test_movement_saved_by_the_mask_is_within_1_5_points(
    claims: dict[str, Claim],
) -> None:
    points = misses(claims, "saved by the mask")
    assert len(points) == 24
    assert max(map(abs, points.values())) < 1.5


def test_movement_saved_by_sprint_is_within_2_points(claims: dict[str, Claim]) -> None:
    points = misses(claims, "movement saved, ")
    assert len(points) == 24
    assert max(map(abs, points.values())) < 2.0


def test_energy_gains_are_within_12_percent_for_every_model(
    claims: dict[str, Claim],
) -> None:
    for words in ("energy gain, M-SPRINT", "energy gain, M, pruned on chip"):
        errors = relative(claims, words)
        assert len(errors) == 8
        assert np.abs(errors).max() < 0.12


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("energy gain geomean m", 0.05),
        ("energy gain geomean s", 0.10),
        ("speedup synthetic", 0.02),
        ("rate", 0.15),
        ("rate by area", 0.15),
        ("rate by power", 0.15),
        ("area", 0.01),
    ],
)
def test_headlines_are_met_and_were_not_fitted(
    claims: dict[str, Claim], name: str, share: float
) -> None:
    claim = claims[name]
    assert claim.modelled == pytest.approx(claim.claimed, rel=share)
    assert claim.met
    assert not claim.fitted


def test_the_baselines_energy_bars_are_within_2_points(
    claims: dict[str, Claim],
) -> None:
    bars = [claim for name, claim in claims.items() if name.startswith("stack ")]
    assert len(bars) == 14
    assert all(abs(bar.modelled - bar.claimed) < 2.0 for bar in bars)  # type: ignore[operator]


def test_the_printed_power_is_missed_and_the_reason_is_told(
    claims: dict[str, Claim],
) -> None:
    power = claims["power"]
    assert power.met is False
    assert "count operations differently" in power.reason
    assert claims["accuracy loss"].modelled is None
    assert [c.name for c in claims.values() if c.met is False] == ["power"]


def test_what_a_number_was_fitted_to_is_marked(claims: dict[str, Claim]) -> None:
    fitted = {name for name, claim in claims.items() if claim.fitted}
    assert sum("speed-up, " in name for name in fitted) == 24
    assert not any(
        "movement saved, M" in name or "L-SPRINT" in name
        for name in fitted
        if "speed-up" not in name
    )
    assert not any("energy gain" in name for name in fitted)


def test_the_unevenness_of_keys_is_the_least_squares_fit_it_is_said_to_be() -> None:
    technology = dse.load_technology("sprint")
    fitted = technology["corelet.popularity_variation"]

    def squares(variation: float) -> float:
        values = technology.values | {"corelet.popularity_variation": variation}
        tried = technology.replace(values=values)
        total = 0.0
        for case in read_cases(FIGURES):
            keys = SimpleNamespace(seen_keys=case.seq_len * (1.0 - case.padded))
            for corelets, size in ((2, "M"), (4, "L")):
                design = dse.SprintEngine(corelets=corelets)
                slower = 1.0 + float(imbalance(design, tried, keys))
                ratio = case.printed[f"spd_{size}"] / case.printed["spd_S"]
                total += float(np.log(ratio * slower)) ** 2
        return total

    assert squares(fitted) < min(squares(fitted - 0.004), squares(fitted + 0.004))


def test_a_table_of_ones_own_is_compared_without_the_means(tmp_path: Path) -> None:
    rows = FIGURES.read_text().splitlines()
    own = tmp_path / "own.csv"
    own.write_text("\n".join([rows[0], rows[1].replace("8.86", "9.9")]) + "\n")
    found = find_validation("sprint").run(own, progress=False)
    assert len(found) == len(COLUMNS)
    assert [claim.name for claim in found if claim.met is False] == [
        "BERT-B: speed-up, S-SPRINT"
    ]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("8.86", "fast", "line 2: `spd_S` is 'fast'; write a number"),
        ("0.45", "1.5", "line 2: `phi` is 1.5; write a share"),
        ("384", "", "line 2: `s` is missing"),
        ("BERT-B", "", "line 2: `model` is missing"),
    ],
)
def test_a_bad_table_is_told_by_row_and_column(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    rows = FIGURES.read_text().splitlines()
    own = tmp_path / "own.csv"
    own.write_text("\n".join([rows[0], rows[1].replace(old, new, 1)]) + "\n")
    with pytest.raises(InputError, match=fault):
        find_validation("sprint").run(own, progress=False)
