"""The error of the models: learned, drawn, and held against what it was not told."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import dse
from dse.engines.registry import ENGINES, find_preset
from dse.errors import InputError
from dse.evidence.calibration import calibrate, summarize
from dse.evidence.claims import Claim
from dse.evidence.error_learning import Prior, fit_prior, learn, learn_anew
from dse.evidence.error_rows import (
    ErrorRow,
    collect,
    of_claims,
    read_error_rows,
    write_error_rows,
)
from dse.explore.evidence_range import NODE, farthest, octaves_beyond
from dse.explore.model_error import (
    LEARNED,
    POWERS,
    Spread,
    draw_errors,
    evidence_text,
    family_of,
    model_bars,
    read_model_error,
)
from dse.explore.objectives import SHOWN_UNITS

FAMILIES, GROUPS = 400, 4
EDGE = dse.TileEngine.edge()


def worlds(random: np.random.Generator, scale: float) -> np.ndarray[Any, Any]:
    """Groups of families as the model of the errors has them, one group to predict."""
    freedom, weight = 6.0, 1.0
    variance = freedom * scale**2 / random.chisquare(freedom, FAMILIES)
    bias = random.normal(0.0, np.sqrt(variance / weight))
    size = (FAMILIES, GROUPS + 1)
    return random.normal(bias[:, None], np.sqrt(variance)[:, None], size)


def places(spreads: list[Spread], errors: np.ndarray[Any, Any]) -> Any:
    """Where each error lies in what was predicted of it: even, if that is right."""
    return [
        stats.t.cdf(error, s.freedom, loc=s.bias, scale=s.scale)
        for s, error in zip(spreads, errors, strict=True)
    ]


@pytest.mark.parametrize("scale", [0.05, 0.8])
def test_errors_of_a_known_kind_are_predicted_as_they_fall(scale: float) -> None:
    groups = worlds(np.random.default_rng(1), scale)
    prior = fit_prior([list(row) for row in groups[:, :-1]])
    assert prior.scale == pytest.approx(scale, rel=0.2)
    seen = [prior.after(list(row)) for row in groups[:, :-1]]
    assert stats.kstest(places(seen, groups[:, -1]), "uniform").pvalue > 0.01
    unseen = [prior.after([])] * FAMILIES
    assert stats.kstest(places(unseen, groups[:, -1]), "uniform").pvalue > 0.01
    for wrong in (0.5, 2.0):  # a spread that is not right is caught
        off = [Spread(s.bias, wrong * s.scale, s.freedom) for s in seen]
        assert stats.kstest(places(off, groups[:, -1]), "uniform").pvalue < 1e-4


def test_the_marginal_likelihood_is_that_of_the_draws_one_after_another() -> None:
    """p(a, b, c) = p(a) p(b | a) p(c | a, b), each Student's t in closed form."""
    prior, groups = Prior(weight=0.7, freedom=3.0, scale=0.2), [0.1, -0.4, 0.25]
    total = 0.0
    for place, value in enumerate(groups):
        s = prior.after(groups[:place])
        total += stats.t.logpdf(value, s.freedom, loc=s.bias, scale=s.scale)
    assert prior.log_likelihood(groups) == pytest.approx(total)


def test_more_machines_of_a_family_make_it_surer_and_none_borrow_the_prior() -> None:
    prior = Prior(weight=1.0, freedom=4.0, scale=0.3)
    none, two, many = (prior.after([0.1, 0.12] * n) for n in (0, 1, 10))
    assert none == Spread(0.0, pytest.approx(0.3 * math.sqrt(2.0)), 4.0)
    assert none.scale > two.scale > many.scale
    assert none.bias < two.bias < many.bias < 0.12
    assert none.freedom < two.freedom < many.freedom


def rows_of(errors: dict[str, list[float]], family: str = "tile") -> list[ErrorRow]:
    return [
        ErrorRow("t", family, machine, "", "latency", error)
        for machine, values in errors.items()
        for error in values
    ]


def test_a_machine_left_out_is_not_seen() -> None:
    """One machine far from its like is outside; told of it, the others are not."""
    random = np.random.default_rng(0)
    like = {f"m{i}": list(random.normal(0.0, 0.05, 12)) for i in range(6)}
    odd = {"odd": list(random.normal(3.0, 0.05, 12))}
    held = calibrate(rows_of(like | odd))
    by = {h.row.machine: h for h in held}
    assert not by["odd"].inside(0.9)
    assert by["m0"].inside(0.9)
    assert summarize(held)["all"]["rows"] == 84
    assert summarize(held)["tile"]["machines"] == 7


def test_a_ratio_within_a_family_is_surer_than_a_figure_or_one_of_two_families() -> (
    None
):
    machines = {"tile": [0.5, -0.6, 0.9], "nm": [-0.8, 0.1, 0.7]}
    rows = [
        ErrorRow("t", family, f"{family}{i}", "", metric, error + 0.02 * j)
        for family, errors in machines.items()
        for i, error in enumerate(errors)
        for j in range(4)
        for metric in LEARNED
    ]
    known = learn(rows)
    one, other = (
        draw_errors(f, designs=2, count=20_000, learned=known) for f in machines
    )

    def width(values: Any) -> float:
        return float(np.ptp(np.percentile(values, [5.0, 95.0])))

    figure: Any = one.of("latency")
    across: Any = other.of("latency")
    within = width(figure[0] - figure[1])
    assert within < 0.3 * width(figure[0])
    assert width(figure[0] - across[0]) > width(figure[0])


def test_parts_add_to_the_whole_and_powers_to_the_units_of_metrics() -> None:
    drawn = draw_errors("filter", designs=3, count=50, seed=4)
    for metric in POWERS:
        parts = drawn.of(metric, own=False) + drawn.of(metric, shared=False)
        np.testing.assert_allclose(parts, drawn.of(metric))
    np.testing.assert_allclose(
        drawn.of("power"), drawn.of("energy") - drawn.of("latency")
    )
    assert set(POWERS) <= set(SHOWN_UNITS)
    assert drawn.of("accuracy_drop") == 0.0


def test_every_machine_has_bars_and_says_where_they_come_from() -> None:
    for name, kind in ENGINES.items():
        for preset in (*kind.checked_on[:1], kind.presets[0]):
            machine = find_preset(name, preset)
            technology = machine.default_technology()
            for metric, (low, high) in model_bars(machine, technology, []).items():
                assert 0.0 < low < 1.0 < high, (name, metric)
            assert f"Error of the {name} model" in evidence_text(
                machine, technology, []
            )
    pair = dse.Pair(host=EDGE, coprocessor=dse.SprintEngine.m_sprint())
    assert family_of(pair) == "tile+sprint"
    text = evidence_text(pair, pair.default_technology(), [])
    assert "latency, energy and area borrowed from other families" in text


def test_a_bar_widens_with_the_distance_from_the_evidence() -> None:
    """By a share up to one factor of 2, and then no more; one note says why."""
    card = dse.ReferenceMachine.h800()
    technology = card.default_technology()
    assert octaves_beyond(card, technology, []) == {}
    assert "wider" not in evidence_text(card, technology, [])
    widths = []
    for factor in (1.0, 1.5, 2.0, 8.0):
        faster = card.replace(peak_tops=card.peak_tops * factor)
        low, high = model_bars(faster, technology, [])["latency"]
        widths.append(np.log(high / low))
        if factor > 1.0:
            (octaves,) = octaves_beyond(faster, technology, [])["peak_tops"]
            assert octaves == pytest.approx(np.log2(factor))
            assert "peak_tops, by a factor of" in evidence_text(faster, technology, [])
    assert widths[0] < widths[1] < widths[2] == widths[3]


def test_a_node_and_a_design_of_a_space_may_lie_beyond_the_evidence() -> None:
    array = dse.CrossbarEngine.isaac()
    technology = array.published_technology()
    moved = {"array_rows": np.array([128.0, 512.0, 32.0])}
    found = octaves_beyond(array, technology, [], moved)
    assert list(found["array_rows"]) == [0.0, 1.0, 2.0]
    assert list(farthest(found)) == [0.0, 1.0, 2.0]
    small = octaves_beyond(array, technology.at_node(16), [])
    assert small[NODE] == pytest.approx(1.0)
    runs = dse.sweep(
        dse.Space(array, array_rows=[128, 512]),
        dse.transformer("bert-tiny"),
        progress=False,
    )
    bars = dse.uncertainty(runs, dse.transformer("bert-tiny"), draws=2000)
    near, far = np.ptp(np.log(bars.interval("latency", part="model")), axis=0)
    assert far > 1.1 * near


def test_a_run_may_lie_beyond_the_evidence() -> None:
    """A shorter sequence, sparser inputs or fewer pairs than anybody measured."""
    filters, array = dse.FilterEngine.energon_edge(), dse.CrossbarEngine.isaac()
    bert = dse.transformer("bert-base", seq_len=384).with_attention(kept=0.2)
    technology = filters.published_technology()
    assert octaves_beyond(filters, technology, [bert]) == {}
    short = dse.transformer("bert-base", seq_len=96).with_attention(kept=0.05)
    found = octaves_beyond(filters, technology, [bert, short])
    assert found["sequence length"] == pytest.approx(2.0)
    assert found["share of pairs kept"] == pytest.approx(math.log2(0.17 / 0.05))
    text = evidence_text(filters, technology, [bert, short])
    assert "most in sequence length, by a factor of 4" in text
    near, far = (model_bars(filters, technology, [run]) for run in (bert, short))
    assert np.ptp(np.log(far["latency"])) > np.ptp(np.log(near["latency"]))
    technology = array.published_technology()
    sparse = bert.with_density(activation=0.25)
    assert octaves_beyond(array, technology, [bert]) == {}
    found = octaves_beyond(array, technology, [sparse])
    assert list(found) == ["density of activations"]
    assert found["density of activations"] == pytest.approx(2.0)


def test_bars_drawn_of_a_run_are_as_wide_as_those_told_of_it() -> None:
    filters = dse.FilterEngine.energon_edge()
    run = dse.transformer("bert-tiny", seq_len=64).with_attention(kept=0.1)
    run = run.attention_only()
    drawn = dse.uncertainty(filters, run, draws=4000)
    (low,), (high,) = drawn.interval("latency", part="model")
    told = model_bars(filters, filters.default_technology(), [run])["latency"]
    nominal = drawn.nominal["latency"][0]
    assert np.log(high / low) == pytest.approx(np.log(told[1] / told[0]), rel=0.1)
    assert low / nominal == pytest.approx(told[0], rel=0.1)


CLAIM: dict[str, Any] = {"unit": "1", "source": "wang2024sofa", "where": "table II"}


def test_power_is_taken_apart_into_energy_where_the_rate_is_known() -> None:
    claims = [
        Claim(name="A3, core power", claimed=8.0, modelled=2.0, **CLAIM),
        Claim(name="A3, throughput", claimed=2.0, modelled=1.0, **CLAIM),
        Claim(name="SOFA, core power", claimed=8.0, modelled=2.0, **CLAIM),
        Claim(name="DOTA, area", claimed=1.0, modelled=2.0, fitted=True, **CLAIM),
    ]
    found = {(r.machine, r.metric): r.error for r in of_claims("energon", claims)}
    # twice as fast at four times the power: half the time, twice the energy
    assert found == {
        ("A3", "latency"): pytest.approx(-math.log(2.0)),
        ("A3", "energy"): pytest.approx(math.log(2.0)),
    }


def test_rows_are_written_so_that_they_are_read_again(tmp_path: Path) -> None:
    rows = read_error_rows()
    write_error_rows(rows, tmp_path / "rows.csv")
    assert read_error_rows(tmp_path / "rows.csv") == rows


def test_what_comes_with_dse_is_what_its_rows_teach() -> None:
    """And it was learned from more than 200 rows that nothing was fitted to."""
    rows, shipped = read_error_rows(), read_model_error()
    again = learn(rows)
    assert sum(not row.over for row in rows) >= 200
    assert set(again.shared) == set(shipped.shared)
    for family, metrics in again.shared.items():
        for metric, spread in metrics.items():
            kept = shipped.shared[family][metric]
            np.testing.assert_allclose(
                [spread.bias, spread.scale, spread.freedom],
                [kept.bias, kept.scale, kept.freedom],
                atol=2e-3,
            )


def test_learning_anew_writes_what_it_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = read_error_rows()
    monkeypatch.setattr("dse.evidence.error_learning.collect", lambda: rows)
    (tmp_path / "reported").mkdir()
    learned = learn_anew(tmp_path)
    assert read_error_rows(tmp_path / "reported" / "model_error_rows.csv") == rows
    assert read_model_error(tmp_path / "model_error.json") == learned


@pytest.mark.nightly
def test_the_rows_are_those_of_the_validations_today() -> None:
    """An engine that moves its answers changes its rows: `dse validate --learn`."""
    now, kept = collect(), read_error_rows()
    assert [r.machine for r in now] == [r.machine for r in kept]
    np.testing.assert_allclose(
        [r.error for r in now], [r.error for r in kept], atol=1e-4
    )


@pytest.mark.parametrize("text", ['{"shared": 1}', '{"own": {"bias": 0}}', "[]"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"own\.json"):
        read_model_error(path)


def test_without_scatter_there_is_none_to_learn() -> None:
    with pytest.raises(InputError, match="no scatter"):
        learn(rows_of({"a": [0.1], "b": [0.2]}))
