"""A league of two small families: who plays, who wins, and what all have to keep to."""

from __future__ import annotations

import numpy as np
import pytest

import dse
from dse.engines.base import Engine
from dse.evidence.league import League, play
from dse.evidence.league_families import Family, sparsest_setting
from dse.evidence.league_field import OBJECTIVES
from dse.evidence.league_technology import MEMORY_KEY, league_technology
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
    return play(area=20e-6, draws=20, entrants=entrants, progress=False)


def test_each_family_plays_its_best_design_of_all(
    league: League, entrants: list[Family]
) -> None:
    technology = league_technology(entrants[0].space.design, 14.0)
    best = {player.objective: player for player in league.players[:3]}
    runs = dse.sweep(
        entrants[0].space, list(SUITE), technology=technology, progress=False
    )
    found = best["throughput"].answers["throughput"]
    assert found == pytest.approx(max(runs.metrics["throughput"]), rel=1e-4)
    found = best["energy"].answers["energy"]
    assert found == pytest.approx(min(runs.metrics["energy"]), rel=1e-4)


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
    with pytest.raises(dse.InputError, match=r"small has no design with area <= 0\.01"):
        play(area=1e-8, draws=2, entrants=entrants[:1], progress=False)


@pytest.mark.parametrize(
    "engine",
    [
        dse.TileEngine.edge(),
        dse.Pair(host=dse.NMEngine.edge(), coprocessor=dse.FilterEngine.energon_edge()),
    ],
)
def test_a_bit_of_dram_costs_every_machine_the_same(engine: Engine) -> None:
    per_bit = dse.load_technology("sta")[MEMORY_KEY]
    values = league_technology(engine, 14.0).values
    if isinstance(engine, dse.Pair):
        assert values["host.main_memory.energy_ddr4"] == per_bit
        assert values["coprocessor.main_memory.energy"] == per_bit
    else:
        access = values["main_memory.access_energy_dram_16_4_1"]
        assert access == pytest.approx(per_bit * 8 * 64)


def test_machines_that_share_a_file_share_its_draws() -> None:
    alone = league_technology(dse.NMEngine.edge(), 14.0, draws=5)
    pair = dse.Pair(
        host=dse.NMEngine.edge(), coprocessor=dse.FilterEngine.energon_edge()
    )
    joint = league_technology(pair, 14.0, draws=5)
    for key, drawn in alone.values.items():
        np.testing.assert_array_equal(joint.values[f"host.{key}"], drawn)


def test_the_sparsest_setting_keeps_to_the_accuracy() -> None:
    curve = load_curve("minilm-l6/wordnet/mp_mrf")
    setting = sparsest_setting(curve, 0.01)
    assert float(curve.accuracy_drop(setting)) <= 0.01
    assert float(curve.accuracy_drop(setting + 0.02)) > 0.01
