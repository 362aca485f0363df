"""Error bars: of assumed numbers, of the error of the model, and of both."""

from __future__ import annotations

import numpy as np
import pytest

import dse
from dse.engines.base import Engine
from dse.errors import InputError
from dse.explore.draws import draw_around, draw_fields
from dse.hardware.technology import join_technologies
from dse.show.sureness_text import uncertainty_text

EDGE = dse.TileEngine.edge()
BERT = dse.transformer("bert-tiny").with_density(activation=0.5, weight=0.5)


@pytest.fixture(scope="module")
def edge() -> dse.Uncertainty:
    return dse.uncertainty(EDGE, BERT, draws=2000, technology="acceltran")


def test_assumed_numbers_move_what_they_reach_and_the_model_is_off_in_all(
    edge: dse.Uncertainty,
) -> None:
    # AccelTran's file assumes the share of leakage of idle logic: energy, not time.
    for metric in ("latency", "throughput", "area", "peak_rate"):
        ends = edge.interval(metric, part="numbers")
        np.testing.assert_allclose(ends, edge.nominal[metric][0])
    for part in ("all", "numbers", "model"):
        low, high = edge.interval("energy", part=part)
        assert low < edge.nominal["energy"] < high
    for metric in ("latency", "throughput", "area"):
        np.testing.assert_allclose(
            edge.interval(metric, part="model"), edge.interval(metric)
        )
        (name, share), *_ = edge.drivers(metric).items()
        assert name.startswith("error of the model")
        assert share > 0.99
    assert np.ptp(edge.metrics["peak_rate"]) == 0.0
    with pytest.raises(InputError, match="Known: all, model, numbers"):
        edge.interval("energy", part="both")


def test_bars_are_of_all_parts_together(edge: dse.Uncertainty) -> None:
    """The same draws: of rates and powers, and of what was learned of the family."""
    product = edge.metrics["energy"] / edge.metrics["latency"]
    np.testing.assert_allclose(edge.metrics["power"], product)
    both, error = edge.metrics["energy"][0], edge.model_errors.of("energy")[0]
    spread = np.var(np.log(both)), np.var(np.log(both) - error), np.var(error)
    assert spread[0] == pytest.approx(spread[1] + spread[2], rel=0.1)
    assert 0.0 < spread[1] < spread[2]


def test_a_draw_is_an_evaluation_with_the_drawn_number(edge: dse.Uncertainty) -> None:
    technology = EDGE.published_technology()
    for draw in (0, 1999):
        own = {k: float(v[draw]) for k, v in edge.parameters.items()}
        drawn = technology.replace(values=technology.values | own)
        found = dse.evaluate(EDGE, BERT, technology=drawn)
        error = float(edge.model_errors.of("energy")[0, draw])
        assert edge.metrics["energy"][0, draw] == pytest.approx(
            float(found.energy) * np.exp(error), rel=1e-5
        )


def test_a_wider_share_has_a_wider_bar(edge: dse.Uncertainty) -> None:
    narrow, wide = edge.interval("energy", 0.5), edge.interval("energy", 0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    table = edge.to_pandas().set_index("metric").loc["energy_mj"]
    assert table.low < table["median"] < table.high


def test_a_number_that_scales_a_sum_is_drawn_alike_for_all_designs() -> None:
    space = dse.Space(EDGE, pes=[32, 64, 128], memory_bandwidth_gb_per_s=[25.6, 256])
    runs = dse.sweep(space, BERT, technology="acceltran", progress=False)
    found = dse.uncertainty(runs, BERT, draws=200, technology="acceltran")
    assert found.metrics["energy"].shape == (6, 200)
    np.testing.assert_allclose(found.nominal["energy"], runs.metrics["energy"])
    exact = found.metrics["energy"] / np.exp(found.model_errors.of("energy"))
    ranks = np.argsort(np.argsort(exact, axis=1), axis=1)
    assert (ranks == ranks[0]).all()  # more leakage is more energy, for every design


def test_how_sure_a_front_is() -> None:
    space = dse.Space(EDGE, pes=[32, 64, 128], memory_bandwidth_gb_per_s=[25.6, 256])
    runs = dse.sweep(space, BERT, technology="acceltran", progress=False)
    found = dse.uncertainty(runs, BERT, draws=200, technology="acceltran")
    sure = found.on_front("max:throughput", "min:area")
    front = dse.pareto(runs, "max:throughput", "min:area")
    # Neither depends on an assumed number, and what the model is off by is much the
    # same for machines of one family: those of the front are on it more often than not.
    on = np.isin(np.arange(len(sure)), front.index)
    assert sure[on].min() > sure[~on].max()
    robust = found.robust_front("max:throughput", "min:area")
    assert set(robust.index) & set(front.index)
    unsure = found.on_front("min:energy", "min:area")
    assert ((unsure >= 0) & (unsure <= 1)).all()


def test_draws_follow_a_technology_to_another_node_and_into_a_pair() -> None:
    technology = EDGE.published_technology()
    plain, keys = draw_around(technology, count=50)
    assert keys == ("idle.leakage_share",)
    scaled, _ = draw_around(technology.at_node(7), count=50)
    assert np.array_equal(scaled[keys[0]], plain[keys[0]])
    pair = join_technologies(host=technology, coprocessor=technology)
    drawn, keys = draw_around(pair, count=50)
    assert keys == ("host.idle.leakage_share", "coprocessor.idle.leakage_share")
    assert np.array_equal(drawn[keys[0]], drawn[keys[1]])  # one number, one draw
    again, _ = draw_around(technology, count=50, seed=1)
    assert not np.array_equal(again["idle.leakage_share"], drawn[keys[0]])


@pytest.mark.parametrize(
    ("machine", "field", "key"),
    [
        (dse.ReferenceMachine.raspberry_pi_4(), "efficiency", "raspberry_pi_4."),
        (dse.ReferenceMachine.a100(), "idle_power_w", "a100."),
        (dse.NMEngine.sta_4(), "tile_rows", "sta_4."),
        (dse.FilterEngine.energon_edge(), "key_buffer_kib", "edge."),
        (dse.FilterEngine.sofa(), "selector_lanes", "sofa."),
    ],
)
def test_what_is_assumed_of_a_published_machine_is_drawn(
    machine: Engine, field: str, key: str
) -> None:
    drawn = draw_fields(machine, count=200)
    found_key, draws = drawn[field]
    assert found_key == key + field
    assert draws.min() < machine.number(field) < draws.max()
    # Whoever changes a field knows it.
    changed = draw_fields(machine.replace(**{field: draws.max()}), count=200)
    assert field not in changed
    assert set(changed) == set(drawn) - {field}


def test_a_machine_of_ones_own_has_no_assumed_fields() -> None:
    assert draw_fields(dse.NMEngine.edge(), count=5) == {}
    assert draw_fields(EDGE, count=5) == {}


def test_a_draw_of_a_field_is_an_evaluation_of_that_machine() -> None:
    machine = dse.ReferenceMachine.raspberry_pi_4()
    found = dse.uncertainty(machine, BERT, draws=30)
    drawn = draw_fields(machine, count=30)
    for draw in (0, 29):
        own = {name: float(draws[draw]) for name, (_, draws) in drawn.items()}
        again = dse.evaluate(machine.replace(**own), BERT)
        error = float(found.model_errors.of("latency")[0, draw])
        assert found.metrics["latency"][0, draw] == pytest.approx(
            float(again.latency) * np.exp(error), rel=1e-5
        )
    low, high = found.interval("latency", part="numbers")
    assert low < high


def test_a_field_that_moves_in_a_space_is_not_drawn() -> None:
    machine = dse.ReferenceMachine.raspberry_pi_4()
    space = dse.Space(machine, efficiency=[0.2, 0.4], overhead_us=[10, 20])
    runs = dse.sweep(space, BERT, technology="acceltran", progress=False)
    found = dse.uncertainty(runs, BERT, draws=20)
    assert "raspberry_pi_4.peak_tops" in found.parameters
    alike = {"raspberry_pi_4.efficiency", "raspberry_pi_4.overhead_us"}
    for key in alike & set(found.parameters):
        assert found.drivers("latency")[key] < 0.5
    nominal = [float(dse.evaluate(runs.design(i), BERT).latency) for i in range(4)]
    np.testing.assert_allclose(found.nominal["latency"], nominal, rtol=1e-6)


def test_accuracy_that_some_draws_do_not_know_costs_no_other_bar() -> None:
    """Read noise of a crossbar is drawn, and what it costs was not measured."""
    found = dse.uncertainty(
        dse.CrossbarEngine.isaac(), dse.transformer("bert-tiny"), draws=50
    )
    assert np.isnan(found.metrics["accuracy_drop"]).any()
    assert np.isfinite(found.metrics["latency"]).all()
    text = uncertainty_text(found)
    assert "not known in" in text
    said = " ".join(text.split())
    assert "the error of the model from what was learned of it" in said
    assert "Error of the crossbar model: latency from 11 figures" in text


def test_where_nothing_is_assumed_the_model_is_off_all_the_same() -> None:
    technology = dse.load_technology("stillmaker2017")
    assert draw_around(technology, count=5)[1] == ()
    known = EDGE.published_technology()
    known = known.replace(values=known.values, files=())
    found = dse.uncertainty(EDGE, BERT, draws=200, technology=known)
    assert found.parameters == {}
    low, high = found.interval("energy", part="numbers")
    np.testing.assert_allclose(low, high)
    assert np.ptp(found.metrics["energy"]) > 0.0
    with pytest.raises(InputError, match="needs runs"):
        dse.uncertainty(EDGE, BERT, draws=5).robust_front("min:energy")
