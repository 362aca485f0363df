"""What holds for every chain of ops that is walked in time."""

from __future__ import annotations

from functools import partial
from typing import Any

import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

import dse
from dse.compile.function import compile_function
from dse.evaluation import metrics
from dse.schedule import walk as walk_module
from dse.schedule.stage import Chain, Stage
from dse.schedule.walk import roofline, walk

# A layer of BERT: query, key, value, scores, softmax, context, output, norm, and the
# feed-forward net with its own norm.
UNITS = (*["lanes"] * 4, "softmax", "lanes", "lanes", "norm", *["lanes"] * 3, "norm")
DEPENDS = (0, 0, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1)
LOADS = np.asarray([unit == "lanes" for unit in UNITS]) & ~np.isin(range(12), [3, 5, 9])
LAYERS = 12
SETTLED = walk_module.WALKED_LAYERS


def bert(times: Any, fetches_ahead: bool) -> list[Chain]:
    """An embedding and equal layers, of times [load, compute, store, prefetch]."""
    load, compute, store, share = times
    layers = chain(UNITS, DEPENDS, load * LOADS, compute, store, share, fetches_ahead)
    one = slice(0, 1)
    embedding = chain(
        ("norm",), (0,), 5 * load[one], 5 * compute[one], store[one], share[one], True
    )
    return [embedding, layers.replace(repeats=LAYERS)]


def chain(
    units: tuple[str, ...],
    depends: tuple[int, ...],
    load: Any,
    compute: Any,
    store: Any,
    prefetch: Any,
    fetches_ahead: bool,
) -> Chain:
    """Ops with their times as columns."""
    stages = []
    for place, unit in enumerate(units):
        at = slice(place, place + 1)
        stage = Stage(
            unit=unit,
            load=load[at],
            streamed=0.0 * load[at],
            compute=compute[at],
            occupied=compute[at],
            store=store[at],
            prefetch=prefetch[at],
            dynamic={},
            busy={},
            moved={},
        )
        stages.append(stage)
    return Chain(
        stages=tuple(stages),
        places=tuple((place,) for place in range(len(units))),
        names=tuple(map(str, range(len(units)))),
        depends=depends,
        fetches_ahead=fetches_ahead,
    )


def columns(low: float, high: float) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    return arrays(np.float64, len(UNITS), elements=st.floats(low, high, width=32))


shares = arrays(np.float64, len(UNITS), elements=st.sampled_from([0.0, 0.5, 1.0]))
any_times = st.tuples(columns(0, 10), columns(0, 10), columns(0, 10), shares).map(
    np.stack
)
# Layers that compute at least as long as they load.
work_times = st.tuples(columns(0, 5), columns(5, 10), columns(0, 10), shares).map(
    np.stack
)


@partial(jax.jit, static_argnames=("walked", "fetches_ahead"))
def bounds(times: Any, walked: int, fetches_ahead: bool) -> tuple[Any, Any]:
    """The roofline and the walk, with some layers walked one by one."""
    assert walked == walk_module.WALKED_LAYERS
    chains = bert(times, fetches_ahead)
    return roofline(chains), walk(chains)


def bounds_walking(walked: int, times: Any, fetches_ahead: bool) -> tuple[float, float]:
    with jax.enable_x64(True), pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk_module, "WALKED_LAYERS", walked)
        low, high = bounds(times, walked, fetches_ahead)
        return float(low), float(high)


@pytest.mark.parametrize("fetches_ahead", [True, False])
@settings(max_examples=50)
@given(times=any_times)
def test_the_walk_lies_between_the_roofline_and_no_overlap_at_all(
    times: Any, fetches_ahead: bool
) -> None:
    low, high = bounds_walking(LAYERS, times, fetches_ahead)
    load, compute, store, _ = times
    one_layer = np.sum(load * LOADS) + np.sum(compute) + np.sum(store)
    embedding = 5 * load[0] + 5 * compute[0] + store[0]
    assert low <= high <= (embedding + LAYERS * one_layer) * (1 + 1e-12)


@settings(max_examples=50)
@given(times=any_times, factor=st.floats(0.01, 100.0))
def test_times_scaled_together_scale_the_walk(times: Any, factor: float) -> None:
    scaled = np.concatenate([times[:3] * factor, times[3:]])
    low, high = bounds_walking(SETTLED, times, True)
    assert bounds_walking(SETTLED, scaled, True) == pytest.approx(
        (low * factor, high * factor), rel=1e-9
    )


@pytest.mark.parametrize("fetches_ahead", [True, False])
@settings(max_examples=200)
@given(times=work_times)
def test_layers_that_compute_for_longer_than_they_load_settle_within_three(
    times: Any, fetches_ahead: bool
) -> None:
    _, extrapolated = bounds_walking(SETTLED, times, fetches_ahead)
    _, walked = bounds_walking(LAYERS, times, fetches_ahead)
    assert extrapolated == pytest.approx(walked, rel=1e-6)


SPACE = {
    "tile_size": (8, 16, 32),
    "pes": (64, 128, 256, 512, 1024),
    "lanes_per_pe": (8, 16, 32, 64, 128),
    "multipliers_per_lane": (1, 16),
    "softmax_units_per_pe": (2, 4, 8, 16, 32, 64),
    "activation_buffer_mib": (4, 8, 16, 32, 64),
    "weight_buffer_mib": (8, 16, 32, 64, 128),
    "mask_buffer_mib": (0.5, 1, 2, 4, 8, 16),
    "memory_bandwidth_gb_per_s": (1, 25.6, 256),
    "issue_batch": (2, 8, 128),
}


def test_twelve_layers_of_bert_settle_within_three_on_published_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(0)
    designs = {name: random.choice(values, 2000) for name, values in SPACE.items()}
    workload = dse.transformer("bert-base").with_density(activation=0.5, weight=0.5)
    technology = dse.TileEngine.edge().default_technology()

    def latencies() -> Any:
        def latency(moved: Any) -> Any:
            design = dse.TileEngine(**moved)
            return metrics(design, workload, technology, "walk").latency

        return compile_function(latency, list(designs)).grid(designs)

    extrapolated = latencies()
    monkeypatch.setattr(walk_module, "WALKED_LAYERS", 12)
    walked = latencies()
    np.testing.assert_allclose(extrapolated, walked, rtol=1e-6)
