"""A league of two small families: who plays, who wins, and what all have to keep to."""

from __future__ import annotations

import numpy as np
import pytest

import dse
from dse.evidence.league import OBJECTIVES, League, league_technology, play
from dse.evidence.league_families import Family, sparsest_setting
from dse.explore.draws import draw_around
from dse.show.league_text import league_json, league_text
from dse.sparsity.library import load_curve

SUITE = tuple(dse.transformer("bert-tiny", seq_len=n) for n in (32, 64))


def family(name: str, space: dse.Space) -> Family:
    return Family(name, space, SUITE, "nothing", accuracy_drop=0.0)


@pytest.fixture(scope="module")
def entrants() -> list[Family]:
    array = dse.NMEngine.edge().replace(kept=1, group=1, built_kept=1, built_group=1)
    small = dse.Space(array, tile_rows=[8, 16], tile_depth=[4, 8], batch=[1, 2])
    doubled = dse.Space(
        array.replace(weight_buffer_kib=2048), tile_rows=[8, 16], batch=[1, 2]
    )
    return [family("small", small), family("wasteful", doubled)]


@pytest.fixture(scope="module")
def league(entrants: list[Family]) -> League:
    return play(area_mm2=20, draws=20, entrants=entrants, progress=False)


def test_each_family_plays_its_best_design_of_all(
    league: League, entrants: list[Family]
) -> None:
    technology = league_technology(entrants[0].space.design, 14.0)
    best = {p.objective: p for p in league.players if p.family == "small"}
    runs = dse.sweep(
        entrants[0].space, list(SUITE), technology=technology, progress=False
    ).limited("area <= 20 mm^2")
    kept = runs.take(runs.reason == "").metrics
    for objective, most in (("throughput", max), ("energy", min)):
        found = best[objective].answers[objective]
        assert found == pytest.approx(most(kept[objective]), rel=1e-9)


def test_every_draw_has_a_winner(league: League) -> None:
    for objective in OBJECTIVES:
        assert sum(p.wins for p in league.of(objective)) >= 1.0
        for player in league.of(objective):
            low, high = player.ranges[objective]
            assert low <= high
            assert player.answers["area"] <= 20e-6


def test_the_text_tells_who_leads_and_how_safe_that_is(league: League) -> None:
    text = league_text(league)
    assert "of the draws" in text
    assert "best of 8 designs" in text
    told = league_json(league)
    assert {"energy_mj", "area_mm2", "wins", "bound"} <= set(told["players"][0])


def test_a_budget_that_nothing_keeps_to_is_refused(entrants: list[Family]) -> None:
    with pytest.raises(dse.InputError, match="no family has a design with area"):
        play(area_mm2=0.01, draws=2, entrants=entrants[:1], progress=False)
    with pytest.raises(dse.InputError, match=r"Did you mean `ddr4`"):
        play(memory="dr4", entrants=entrants, progress=False)


def test_a_family_that_nothing_is_left_of_is_named(entrants: list[Family]) -> None:
    small, wasteful = entrants
    huge = family("huge", dse.Space(wasteful.space.design, weight_buffer_kib=[2.0**22]))
    found = play(area_mm2=20, draws=2, entrants=[small, huge], progress=False)
    assert found.absent == ("huge",)
    assert "huge has no design within the budget" in league_text(found)
    assert {p.family for p in found.players} == {"small"}


def test_machines_that_share_a_part_share_its_draws() -> None:
    pair = dse.Pair(
        host=dse.NMEngine.edge(), coprocessor=dse.FilterEngine.energon_edge()
    )
    alone, _ = draw_around(league_technology(pair.host, 14.0), count=5)
    joint, _ = draw_around(league_technology(pair, 14.0), count=5)
    for key in ("mac.energy", "vector_lane.area", "sram.efficiency", "ddr4.energy"):
        for part in ("host", "coprocessor"):
            np.testing.assert_allclose(joint[f"{part}.{key}"], alone[key])


def test_the_sparsest_setting_keeps_to_the_accuracy() -> None:
    curve = load_curve("minilm-l6/wordnet/mp_mrf")
    setting = sparsest_setting(curve, 0.01)
    assert float(curve.accuracy_drop(setting)) <= 0.01
    assert float(curve.accuracy_drop(setting + 0.02)) > 0.01
