"""Error bars follow from the ranges of the assumed numbers, and from nothing else."""

from __future__ import annotations

import numpy as np
import pytest

import dse
from dse.errors import InputError
from dse.explore.draws import draw_around
from dse.hardware.technology import join_technologies

EDGE = dse.TileEngine.edge()
BERT = dse.transformer("bert-tiny").with_density(activation=0.5, weight=0.5)


@pytest.fixture(scope="module")
def edge() -> dse.Uncertainty:
    return dse.uncertainty(EDGE, BERT, draws=2000)


def test_only_what_assumed_numbers_reach_is_uncertain(edge: dse.Uncertainty) -> None:
    # AccelTran's file assumes the share of leakage of idle logic: energy, not time.
    for metric in ("latency", "throughput", "area", "peak_rate"):
        assert np.ptp(edge.metrics[metric]) == 0.0
        assert edge.metrics[metric][0, 0] == edge.nominal[metric][0]
    low, high = edge.interval("energy")
    assert low < edge.nominal["energy"] < high
    assert edge.drivers("energy")["idle.leakage_share"] == pytest.approx(1.0)


def test_a_draw_is_an_evaluation_with_the_drawn_number(edge: dse.Uncertainty) -> None:
    technology = EDGE.default_technology()
    for draw in (0, 1999):
        own = {k: float(v[draw]) for k, v in edge.parameters.items()}
        drawn = technology.replace(values=technology.values | own)
        found = dse.evaluate(EDGE, BERT, technology=drawn)
        assert edge.metrics["energy"][0, draw] == pytest.approx(
            float(found.energy), rel=1e-5
        )


def test_a_wider_share_has_a_wider_bar(edge: dse.Uncertainty) -> None:
    narrow, wide = edge.interval("energy", 0.5), edge.interval("energy", 0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    table = edge.to_pandas().set_index("metric").loc["energy_mj"]
    assert table.low < table["median"] < table.high


def test_a_number_that_scales_a_sum_is_drawn_alike_for_all_designs() -> None:
    space = dse.Space(EDGE, pes=[32, 64, 128], memory_bandwidth_gb_per_s=[25.6, 256])
    runs = dse.sweep(space, BERT, progress=False)
    found = dse.uncertainty(runs, BERT, draws=200)
    assert found.metrics["energy"].shape == (6, 200)
    np.testing.assert_allclose(found.nominal["energy"], runs.metrics["energy"])
    ranks = np.argsort(np.argsort(found.metrics["energy"], axis=1), axis=1)
    assert (ranks == ranks[0]).all()  # more leakage is more energy, for every design


def test_how_sure_a_front_is() -> None:
    space = dse.Space(EDGE, pes=[32, 64, 128], memory_bandwidth_gb_per_s=[25.6, 256])
    runs = dse.sweep(space, BERT, progress=False)
    found = dse.uncertainty(runs, BERT, draws=200)
    sure = found.on_front("max:throughput", "min:area")
    front = dse.pareto(runs, "max:throughput", "min:area")
    # Neither depends on an assumed number: designs are on that front, or never.
    assert set(sure) <= {0.0, 1.0}
    assert np.array_equal(np.flatnonzero(sure), front.index)
    robust = found.robust_front("max:throughput", "min:area")
    assert np.array_equal(robust.index, front.index)
    unsure = found.on_front("min:energy", "min:area")
    assert ((unsure >= 0) & (unsure <= 1)).all()
    assert unsure.max() == 1.0  # the smallest chip, at the least


def test_draws_follow_a_technology_to_another_node_and_into_a_pair() -> None:
    technology = EDGE.default_technology()
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


def test_nothing_assumed_is_nothing_to_draw() -> None:
    with pytest.raises(InputError, match="nothing to draw"):
        draw_around(dse.load_technology("stillmaker2017"), count=5)
    with pytest.raises(InputError, match="needs runs"):
        dse.uncertainty(EDGE, BERT, draws=5).robust_front("min:energy")
