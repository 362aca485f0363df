"""Laws that every engine obeys. A new engine is one more line in `MACHINES`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.compile.function import compile_function
from dse.engines.base import Engine
from dse.evaluation import metrics

MACHINES: dict[str, Engine] = {
    "crossbar-isaac": dse.CrossbarEngine.isaac(),
    "crossbar-puma": dse.CrossbarEngine.puma(),
    "filter-and-host": dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.FilterEngine.energon_edge()
    ),
    "nm": dse.NMEngine(),
    "nm-fpga": dse.NMEngine.sta_4(),
    "nm-tensor-core": dse.NMEngine.sparse_tensor_core(),
    "reference-a100": dse.ReferenceMachine.a100(),
    "reference-pi": dse.ReferenceMachine.raspberry_pi_4(),
    "sprint-and-host": dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.SprintEngine.m_sprint()
    ),
    "tile-edge": dse.TileEngine.edge(),
    "tile-server": dse.TileEngine.server(),
    # Whole cycles have no derivative to compare with.
    "tile-simulator": dse.TileEngine.edge().replace(
        conventions=dse.SIMULATOR.replace(whole_cycles=False)
    ),
}
WORKLOAD = dse.transformer("bert-tiny", seq_len=64, batch=4).with_density(
    activation=0.5, weight=0.4
)
TOTALS = ("latency", "throughput", "energy", "power", "area", "peak_rate")


# Of a kind that stands in the list already: their laws are checked at night.
VARIANTS = (
    "crossbar-puma",
    "nm-fpga",
    "nm-tensor-core",
    "reference-pi",
    "tile-server",
    "tile-simulator",
)


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.nightly] if name in VARIANTS else [])
        for name in MACHINES
    ],
    scope="module",
)
def machine(request: pytest.FixtureRequest) -> Engine:
    return MACHINES[request.param]


@pytest.fixture(scope="module")
def technology(machine: Engine) -> dse.Technology:
    return machine.default_technology()


def numbers(tree: Any) -> list[float]:
    return [float(x) for leaf in jax.tree.leaves(tree) for x in np.ravel(leaf)]


def continuous(machine: Engine) -> list[str]:
    """Fields that a designer turns freely: no counts, no labels, no word lengths."""
    return [
        name
        for name, meaning in machine.meanings().items()
        if meaning.unit in ("KiB", "MiB", "GB/s", "MHz")
    ]


def bandwidths(machine: Engine) -> list[str]:
    return [n for n in machine.meanings() if n.endswith("memory_bandwidth_gb_per_s")]


def buffers(machine: Engine) -> list[str]:
    known = machine.meanings().items()
    return [name for name, meaning in known if meaning.unit in ("KiB", "MiB")]


@pytest.mark.nightly  # dispatches ten thousand operations one by one
def test_eager_answers_are_those_of_evaluation(
    machine: Engine, technology: dse.Technology
) -> None:
    with jax.disable_jit():
        eager = metrics(machine, WORKLOAD, technology, "walk")
    known = dse.evaluate(machine, WORKLOAD)
    np.testing.assert_allclose(numbers(eager), numbers(known), rtol=1e-5, atol=1e-20)


def test_compiled_answers_are_those_of_evaluation(
    machine: Engine, technology: dse.Technology
) -> None:
    with jax.enable_x64(True):
        compiled = jax.jit(metrics, static_argnums=3)(
            machine, WORKLOAD, technology, "walk"
        )
    known = dse.evaluate(machine, WORKLOAD)
    np.testing.assert_allclose(numbers(known), numbers(compiled), rtol=1e-10)


@pytest.mark.nightly  # compiles the model
def test_vmap_equals_a_loop(machine: Engine, technology: dse.Technology) -> None:
    tried = jnp.asarray([12.8, 25.6, 100.0])
    names = bandwidths(machine)

    def energy(bandwidth: Any) -> Any:
        design = machine.replace(**dict.fromkeys(names, bandwidth))
        found = metrics(design, WORKLOAD, technology, "walk")
        return found.energy, found.latency

    batched = jax.jit(jax.vmap(energy))(tried)
    looped = [
        dse.evaluate(machine.replace(**dict.fromkeys(names, float(b))), WORKLOAD)
        for b in tried
    ]
    np.testing.assert_allclose(batched[0], [f.energy for f in looped], rtol=1e-5)
    np.testing.assert_allclose(batched[1], [f.latency for f in looped], rtol=1e-5)


def loss(design: Engine, workload: dse.Workload, technology: dse.Technology) -> Any:
    found = metrics(design, workload, technology, "walk")
    return jnp.log(found.energy) + jnp.log(found.latency) + jnp.log(found.area)


@pytest.mark.nightly  # compiles for half a minute
def test_compiled_gradients_are_finite_in_float32(
    machine: Engine, technology: dse.Technology
) -> None:
    gradients = jax.jit(jax.grad(loss, argnums=(0, 1, 2), allow_int=True))(
        machine, WORKLOAD, technology
    )
    floats = [g for g in jax.tree.leaves(gradients) if g.dtype != jax.dtypes.float0]
    assert all(bool(jnp.isfinite(g).all()) for g in floats)


def test_gradients_by_every_number_are_finite_and_equal_central_differences(
    machine: Engine, technology: dse.Technology
) -> None:
    """Numbers of design, workload and technology; differences where they are smooth.

    A number is moved by a factor, so that every slope is of the size of an elasticity.
    """
    given = (machine, WORKLOAD, technology)
    leaves, tree = jax.tree.flatten(given)
    paths = [
        jax.tree_util.keystr(path, simple=True, separator=".")
        for path, _ in jax.tree.leaves_with_path(given)
    ]
    floats = [
        path
        for path, leaf in zip(paths, leaves, strict=True)
        if np.issubdtype(np.asarray(leaf).dtype, np.floating)
    ]

    def moved(factors: Mapping[str, Any]) -> Any:
        return jax.tree.unflatten(
            tree, [x * factors.get(p, 1.0) for p, x in zip(paths, leaves, strict=True)]
        )

    program = compile_function(jax.value_and_grad(lambda f: loss(*moved(f))), floats)
    slopes = program.grid(dict.fromkeys(floats, np.float64(1.0)))[1]
    assert np.isfinite(list(slopes.values())).all()

    smooth = [f"0.{field}" for field in continuous(machine)]
    # By node, laws go from one table entry to the next, with a kink at each.
    numbers_of_technology = [path for path in floats if path.startswith("2.")]
    smooth += [n for n in numbers_of_technology if not n.endswith("process.node")]
    step = 1e-6
    for name in smooth:
        factors = {f: np.ones(2) for f in floats}
        factors[name] = np.array([1.0 - step, 1.0 + step])
        low, high = program.only(lambda both: both[0]).grid(factors)
        difference = (high - low) / (2.0 * step)
        np.testing.assert_allclose(
            slopes[name], difference, rtol=1e-3, atol=1e-6, err_msg=name
        )


def test_parts_sum_to_totals(machine: Engine) -> None:
    found = dse.evaluate(machine, WORKLOAD)
    by_component = sum(float(e) for e in found.energy_by_component.values())
    assert by_component == pytest.approx(float(found.energy), rel=1e-5)
    assert sum(map(float, found.area_by_component.values())) == pytest.approx(
        float(found.area), rel=1e-5
    )
    working = sum(float(e) for e in found.dynamic_energy.values())
    assert float(found.op_energy.sum()) == pytest.approx(working, rel=1e-5)
    seconds = WORKLOAD.batch / float(found.throughput)
    assert float(found.power) * seconds == pytest.approx(
        float(found.energy) * WORKLOAD.batch, rel=1e-5
    )


def test_nothing_is_negative_and_nothing_is_busier_than_the_run(
    machine: Engine,
) -> None:
    found = dse.evaluate(machine, WORKLOAD)
    assert min(numbers(found)) >= 0.0
    assert max(numbers(found.utilization)) <= 1.0 + 1e-6


def test_the_roofline_is_never_above_the_walk(machine: Engine) -> None:
    walk = dse.evaluate(machine, WORKLOAD).latency
    roofline = dse.evaluate(machine, WORKLOAD, timing="roofline").latency
    assert float(roofline) <= float(walk) * (1 + 1e-6)


def test_twice_the_work_never_takes_less(machine: Engine) -> None:
    single = dse.evaluate(machine, WORKLOAD)
    for more in (
        WORKLOAD.replace(batch=8),
        dse.transformer("bert-tiny", seq_len=128, batch=4).with_density(
            activation=0.5, weight=0.4
        ),
    ):
        double = dse.evaluate(machine, more)
        assert float(double.latency) >= float(single.latency) * (1 - 1e-6)
        assert (
            float(double.energy) * more.batch >= float(single.energy) * WORKLOAD.batch
        )


@pytest.mark.parametrize("operand", ["activation", "weight"])
def test_sparser_never_costs_more(machine: Engine, operand: str) -> None:
    shares = [0.1, 0.25, 0.5, 0.75, 1.0]
    dense = {"activation": 1.0, "weight": 1.0}
    runs = [
        dse.evaluate(machine, WORKLOAD.with_density(**(dense | {operand: share})))
        for share in shares
    ]
    for metric in ("energy", "latency"):
        assert np.all(np.diff([float(getattr(r, metric)) for r in runs]) >= -1e-12)


# Dense runs: nothing is zero. Masks hide pairs, and nobody wants what they hide.
_PADDED = dse.transformer("gpt2", seq_len=256).replace(padded_fraction=0.6)
DENSE = {
    "masked": _PADDED,
    "convolution": dse.acceltran_model(
        {"l": 1, "o": [["c_5_64", "sa_sdp_64"]], "h": [128], "f": [[512]]}, batch=32
    ),
    "short": dse.transformer("bert-tiny", seq_len=32),
    "many": dse.transformer("bert-tiny", seq_len=384, batch=32),
    "decode": dse.transformer("gpt2", mode="decode", context_len=256, batch=16),
}


def check_rates(machine: Engine, workload: dse.Workload) -> None:
    found = dse.evaluate(machine, workload)
    assert 0.0 < float(found.effective_rate) <= float(found.peak_rate) * (1 + 1e-6)


@pytest.mark.parametrize(
    "run",
    [
        "masked",
        "convolution",
        *(pytest.param(n, marks=pytest.mark.nightly) for n in [*DENSE][2:]),
    ],
)
def test_no_machine_is_faster_than_its_peak_on_dense_work(
    machine: Engine, run: str
) -> None:
    if run == "convolution" and isinstance(machine, dse.CrossbarEngine):
        pytest.skip("crossbars run no convolution")
    check_rates(machine, DENSE[run])


@pytest.mark.parametrize("coprocessor", [dse.SprintEngine, dse.FilterEngine])
def test_no_attention_alone_is_faster_than_the_peak(
    coprocessor: type[Engine],
) -> None:
    for preset in coprocessor.presets:
        check_rates(getattr(coprocessor, preset)(), _PADDED.attention_only())


def test_a_clock_that_is_not_reached_raises_no_rate(
    machine: Engine, technology: dse.Technology
) -> None:
    """Ten times the wanted clock gives ten times the peak, or none of it."""
    clocks = [name for name in machine.meanings() if name.endswith("clock_mhz")]
    fast = machine.replace(**{name: 10.0 * machine.number(name) for name in clocks})
    rates = [float(each.peak_rate(technology)) for each in (machine, fast)]
    reached = [float(each.clock(technology)) for each in (machine, fast)]
    assert rates[1] / rates[0] <= 10.0 * (1 + 1e-9)
    if not isinstance(machine, dse.Pair):  # whose machines have two clocks
        assert rates[1] / rates[0] <= reached[1] / reached[0] * (1 + 1e-9)


def test_energy_delay_of_a_sequence_and_of_a_batch() -> None:
    found = dse.evaluate("tile:edge", WORKLOAD)
    time = float(found.latency) / WORKLOAD.batch
    alone = float(found.energy) * time
    assert float(found.energy_delay) == pytest.approx(alone, rel=1e-12)
    assert float(found.batch_energy_delay) == pytest.approx(
        alone * WORKLOAD.batch**2, rel=1e-12
    )


def test_density_one_is_the_dense_machine(machine: Engine) -> None:
    plain = dse.transformer("bert-tiny", seq_len=64, batch=4)
    given = plain.with_density(activation=1.0, weight=1.0)
    for total in TOTALS:
        assert float(getattr(dse.evaluate(machine, plain), total)) == float(
            getattr(dse.evaluate(machine, given), total)
        )


def test_more_bandwidth_is_never_slower(machine: Engine) -> None:
    latencies = [
        float(
            dse.evaluate(
                machine.replace(**dict.fromkeys(bandwidths(machine), b)), WORKLOAD
            ).latency
        )
        for b in (5.0, 25.6, 256.0, 2560.0)
    ]
    assert np.all(np.diff(latencies) <= 0)


def test_a_buffer_too_small_costs_traffic_and_never_fails(machine: Engine) -> None:
    for buffer in buffers(machine):
        latencies = [
            float(dse.evaluate(machine.replace(**{buffer: size}), WORKLOAD).latency)
            for size in (1e-4, 1e-2, 1.0, 64.0)
        ]
        assert np.all(np.isfinite(latencies))
        assert np.all(np.diff(latencies) <= 1e-12)


def test_every_field_has_a_unit_and_a_meaning(machine: Engine) -> None:
    assert all(meant.unit and meant.doc for meant in machine.meanings().values())
    named = {name.partition(".")[0] for name in machine.meanings()}
    for field in dataclasses.fields(machine):  # type: ignore[arg-type]
        if field.metadata.get("static"):
            assert field.metadata["doc"]
        elif getattr(machine, field.name) is not None:  # a curve that may be left out
            assert field.name in named


def test_staircases_of_the_nm_engine_and_slopes_of_all_its_other_fields() -> None:
    check_elasticities(MACHINES["nm"])


@pytest.mark.nightly  # half a minute
def test_elasticities_are_differences_except_along_fields_that_count_whole_things(
    machine: Engine,
) -> None:
    check_elasticities(machine)


def check_elasticities(machine: Engine) -> None:
    """Which fields are staircases is their own kind: no list stands anywhere."""
    metrics, step = ("latency", "energy", "area"), 1e-4
    found = dse.sensitivity(machine, WORKLOAD, metrics=metrics)
    kinds = machine.meanings()
    assert set(found.whole) == {n for n in found.design.index if kinds[n].integer}
    for name in found.design.index.difference([*found.whole]):
        values = [machine.number(name) * (1 + side * step) for side in (-1, 1)]
        if not kinds[name].fits(values).all():
            continue  # at an end of its range
        ends = [
            dse.evaluate(machine.replace(**{name: float(v)}), WORKLOAD) for v in values
        ]
        for metric in metrics:
            low, high = (float(getattr(end, metric)) for end in ends)
            difference = (np.log(high) - np.log(low)) / (2 * step)
            assert found.design.loc[name, metric] == pytest.approx(
                difference, rel=1e-2, abs=1e-4
            ), (name, metric)
