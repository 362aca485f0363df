"""A host and an attention co-processor as one machine."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.engines.base import Engine, Op, Run, describe_run
from dse.records import quantity, record, static
from dse.schedule.stage import Stage
from dse.schedule.traffic import ORIGINS

BERT = dse.transformer("bert-tiny", seq_len=64, batch=4)
SECOND = 1000.0  # cycles of the co-processor's clock
TIMES = ("load", "streamed", "drained", "compute", "occupied", "store")


@record
class OneSecond(Engine):
    """A co-processor that attends to a layer in one second, for one joule."""

    clock_mhz: float = quantity("MHz", "of the clock", default=SECOND / 1e6)
    moving: float = quantity("1", "share of that for each transfer", default=0.0)
    origin: str = static("of 3 bytes that each layer moves", default="")

    def clock(self, technology: dse.Technology) -> Any:
        return self.clock_mhz * 1e6

    def area(self, technology: dse.Technology) -> dict[str, Any]:
        return {"core": jnp.asarray(1e-6)}

    def leakage(
        self, technology: dse.Technology, seconds: Any, busy: dict[str, Any]
    ) -> dict[str, Any]:
        return {"core": 2.0 * busy["core"]}

    def peak_rate(self, technology: dse.Technology) -> Any:
        return 1.0

    def default_technology(self) -> dse.Technology:
        return dse.Technology(name="nothing", files=(), values={})

    def attention(self, op: Op, run: Run, technology: dse.Technology) -> Stage:
        cycles, moving = jnp.asarray(SECOND), self.moving * SECOND * jnp.ones(())
        return Stage(
            unit="core",
            load=moving,
            streamed=moving,
            drained=moving,
            compute=cycles,
            occupied=cycles,
            store=moving,
            prefetch=jnp.zeros(()),
            dynamic={"core": jnp.asarray(1.0)},
            busy={"core": cycles},
            moved={self.origin: jnp.asarray(24.0)} if self.origin else {},
        )


PAIR = dse.Pair(host=dse.TileEngine.edge(), coprocessor=OneSecond())


def test_the_co_processor_alone_takes_a_second_for_each_layer() -> None:
    found = dse.evaluate(OneSecond(), BERT.attention_only())
    assert float(found.latency) == pytest.approx(2.0, rel=1e-6)
    assert found.op_names == ("attention",)


def test_a_pair_takes_both_times_in_seconds_of_one_clock() -> None:
    """Edge needs microseconds for the rest, so two layers take two seconds."""
    found = dse.evaluate(PAIR, BERT)
    assert float(found.latency) == pytest.approx(2.0, rel=1e-3)
    assert float(found.dynamic_energy["coprocessor.core"]) == 2.0 / BERT.batch
    # busy for 2 s at 2 W
    assert float(found.leakage_energy["coprocessor.core"]) == pytest.approx(4.0 / 4)
    assert found.bottleneck == "coprocessor.core"


HEADS = Op(
    heads=2.0,
    rows=64.0,
    inner=64.0,
    columns=64.0,
    input_density=1.0,
    weight_density=1.0,
    output_density=1.0,
    weights_before=0.0,
    density_before=1.0,
    in_attention=1.0,
    last_share=0.0,
)


def seconds(machine: Engine) -> dict[str, float]:
    """How long attention keeps each port and part busy, in s."""
    technology = machine.default_technology()
    run = describe_run(BERT.attention_only().with_attention(kept=0.25))
    stage = machine.attention(HEADS, run, technology)
    times = {name: getattr(stage, name) for name in TIMES}
    times |= {part.split(".")[-1]: cycles for part, cycles in stage.busy.items()}
    clock = float(machine.clock(technology))
    return {name: float(cycles) / clock for name, cycles in times.items()}


@pytest.mark.parametrize(
    "machine",
    [
        OneSecond(moving=0.1),
        dse.SprintEngine.m_sprint(),
        dse.FilterEngine.energon_edge(),
    ],
    ids=lambda machine: type(machine).__name__,
)
def test_beside_a_host_of_another_clock_a_co_processor_takes_as_many_seconds(
    machine: Engine,
) -> None:
    pair = dse.Pair(host=dse.TileEngine.edge(), coprocessor=machine)
    assert seconds(pair) == pytest.approx(seconds(machine), rel=1e-5)


def test_a_pair_has_the_area_and_the_peak_of_both() -> None:
    edge = dse.evaluate(dse.TileEngine.edge(), BERT)
    found = dse.evaluate(PAIR, BERT)
    assert float(found.area) == pytest.approx(float(edge.area) + 1e-6)
    assert float(found.peak_rate) == pytest.approx(float(edge.peak_rate) + 1.0)


@pytest.mark.parametrize("origin", ORIGINS)
def test_what_a_co_processor_moves_but_for_its_cache_is_spilled(origin: str) -> None:
    """It is neither read for the first time nor answered: the host makes and wants it.

    Two layers of four sequences, in bytes a sequence.
    """
    pair = PAIR.replace(coprocessor=OneSecond(origin=origin))
    less, more = (dse.evaluate(each, BERT).off_chip_bytes for each in (PAIR, pair))
    grown = {name: float(more[name]) - float(less.get(name, 0.0)) for name in more}
    told = "cache" if origin == "cache" else "spilled"
    assert grown.pop(told) == pytest.approx(2 * 3 / 4, rel=1e-6)
    assert not any(grown.values())


COUNTS = ("operands written", "operands read", "result written")


@pytest.mark.parametrize("kinds", range(2 ** len(COUNTS)))
def test_what_a_co_processor_does_not_count_is_charged_to_its_host(kinds: int) -> None:
    """Each layer writes queries, keys and values, reads them, and so the result.

    In words of 20 bits and a mask bit; the host alone reads the result.
    """
    counted = {name for bit, name in enumerate(COUNTS) if kinds >> bit & 1}

    @record
    class Counting(OneSecond):
        counts = frozenset(counted)

    found = dse.evaluate(PAIR.replace(coprocessor=Counting()), BERT).off_chip_bytes
    tensors = {"operands written": 3, "operands read": 3, "result written": 1}
    charged = 1 + sum(n for name, n in tensors.items() if name not in counted)
    tensor = 64 * 128 * 21 / 8
    assert float(found["spilled"]) == pytest.approx(2 * charged * tensor, rel=1e-6)


def test_fields_of_a_pair_have_the_name_of_their_machine() -> None:
    assert "host.pes" in PAIR.meanings()
    assert float(PAIR.replace(**{"host.pes": 128}).host.pes) == 128.0  # type: ignore[arg-type]
    with pytest.raises(dse.InputError, match="not a field of `TileEngine`"):
        PAIR.replace(**{"host.pess": 128})  # type: ignore[arg-type]


def test_a_space_may_move_fields_of_either_machine() -> None:
    space = dse.Space(
        PAIR, **{"host.pes": [64, 128], "coprocessor.clock_mhz": [0.001, 0.002]}
    )
    runs = dse.sweep(space, BERT, progress=False).to_pandas()
    assert list(runs["host.pes"]) == [64, 64, 128, 128]
    slow, fast = runs["latency_us"][0], runs["latency_us"][1]
    assert slow / fast == pytest.approx(2.0, rel=1e-2)


def test_gradients_reach_both_machines() -> None:
    def energy(pair: dse.Pair) -> Any:
        return dse.evaluate(pair, BERT).energy

    slope = jax.grad(energy)(PAIR)
    assert float(slope.host.memory_bandwidth_gb_per_s) != 0.0
    assert float(slope.coprocessor.clock_mhz) != 0.0


def test_a_host_is_no_co_processor() -> None:
    wrong = dse.Pair(host=dse.TileEngine.edge(), coprocessor=dse.TileEngine.edge())
    with pytest.raises(dse.InputError, match="no attention co-processor"):
        dse.evaluate(wrong, BERT)


def test_a_co_processor_says_that_it_needs_a_host() -> None:
    with pytest.raises(dse.InputError, match="attention alone"):
        dse.evaluate(OneSecond(), BERT)


@pytest.mark.parametrize(
    "idle", [dse.SprintEngine.m_sprint(), dse.FilterEngine.energon_edge()]
)
def test_a_model_without_attention_runs_on_the_host_alone(idle: Engine) -> None:
    heads = {"l": 1, "o": [["c_9_64", "l_dft_64"]], "h": [128], "f": [[256]]}
    model = dse.acceltran_model(heads)
    host = dse.TileEngine.edge()
    found = dse.evaluate(dse.Pair(host=host, coprocessor=idle), model)
    assert float(found.latency) == float(dse.evaluate(host, model).latency)
    if "coprocessor.lifetime_years" in found.extras:
        assert float(found.extras["coprocessor.lifetime_years"]) == np.inf


def test_a_pair_keeps_the_budget_of_its_host() -> None:
    host = dse.NMEngine.sta_4()
    pair = dse.Pair(host=host, coprocessor=dse.FilterEngine.energon_edge())
    kept = dse.evaluate(pair, BERT).budget_use
    assert kept == dse.evaluate(host, BERT).budget_use > 0
    assert dse.evaluate(PAIR, BERT).budget_use is None
