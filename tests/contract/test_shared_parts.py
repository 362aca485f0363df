"""What machines share where they are compared costs all of them the same."""

from __future__ import annotations

from typing import Any

import pytest

import dse
from dse.engines.base import Engine
from dse.evidence.league import league_technology
from dse.evidence.league_families import families
from dse.hardware.node_scaling import energy_factor, leakage_factor
from dse.hardware.shared_parts import multiplier, with_shared_parts
from dse.hardware.technology import Technology, load_technology

NODE = 14.0
BERT = dse.transformer("bert-tiny", seq_len=32)
LAYERS, TOKENS, WIDTH = 2, 32, 128  # of it
ATTENTION = BERT.attention_only()
# Every family, dense and in words of 16 bits.
DENSE: dict[str, Engine] = {
    "AccelTran": dse.TileEngine.edge().replace(fraction_bits=12),
    "Energon": dse.FilterEngine.energon_edge().replace(rounds=0),
    "SPRINT": dse.SprintEngine.m_baseline().replace(word_bits=16),
    "host": dse.NMEngine.edge().replace(
        kept=1, group=1, built_kept=1, built_group=1, value_format="int16"
    ),
}
PAIR = dse.Pair(host=DENSE["host"], coprocessor=DENSE["Energon"])


def slope(machine: Engine, work: dse.Workload, technology: Technology, key: str) -> Any:
    """Return by how much the energy grows with a number of the technology."""
    values = dict(technology.values)
    more = technology.replace(values=values | {key: 2.0 * values[key]})
    energies = [
        float(sum(dse.evaluate(machine, work, technology=used).dynamic_energy.values()))
        for used in (technology, more)
    ]
    return (energies[1] - energies[0]) / float(values[key])


@pytest.mark.parametrize("name", DENSE)
def test_a_product_of_sixteen_bits_costs_every_family_the_same(name: str) -> None:
    """As many times the shared energy as there are products, counted by hand."""
    technology = league_technology(DENSE[name], NODE)
    products = LAYERS * 2 * TOKENS**2 * WIDTH  # scores and context
    found = slope(DENSE[name], ATTENTION, technology, "mac.energy")
    assert found == pytest.approx(products, rel=1e-6)


@pytest.mark.parametrize("name", DENSE)
def test_a_buffer_takes_and_leaks_the_same_in_every_family(name: str) -> None:
    machine, field = DENSE[name], "buffer_kib"
    fields = [n for n in machine.meanings() if n.endswith(("buffer_kib", "buffer_mib"))]
    field = fields[0]
    mib = 1.0 if field.endswith("mib") else 1024.0
    technology = league_technology(machine, NODE)
    area, leaks = [], []
    for size in (1.0, 2.0):
        found = machine.replace(**{field: size * mib})
        area.append(sum(map(float, found.area(technology).values())))
        busy: dict[str, Any] = {}
        leaks.append(sum(map(float, found.leakage(technology, 1.0, busy).values())))
    control = 1.0 + float(technology.values.get("control.share_of_area", 0.0))
    law = technology["sram.cell_14"] / technology["sram.efficiency"] * 8 * 2**20
    assert area[1] - area[0] == pytest.approx(law * control, rel=1e-6)
    assert leaks[1] - leaks[0] == pytest.approx(
        technology["sram.leakage_power"] * 2**20, rel=1e-6
    )


@pytest.mark.parametrize("tile_size", [8, 16])
def test_layer_norm_of_acceltran_takes_half_a_row_where_softmax_takes_a_value(
    tile_size: int,
) -> None:
    tile = DENSE["AccelTran"].replace(tile_size=tile_size, softmax_units_per_pe=1)
    area = tile.area(league_technology(tile, NODE))
    one, other = float(area["layer_norm"]), float(area["softmax"])
    assert one / other == pytest.approx(tile_size / 2, rel=1e-6)


# One more multiplier of a lane, of both units, of either unit, or in depth.
@pytest.mark.parametrize(
    ("name", "field", "more"),
    [
        ("AccelTran", "multipliers_per_lane", 64 * 16),
        ("Energon", "high_bit_multipliers", 1),
        ("SPRINT", "multipliers", 2 * 2),
        ("host", "tile_depth", 16 * 16),
    ],
)
def test_a_multiplier_of_sixteen_bits_has_the_same_area_in_every_family(
    name: str, field: str, more: int
) -> None:
    machine = DENSE[name]
    technology = league_technology(machine, NODE)
    own = technology.values
    control = own.get("control.area_share", own.get("control.share_of_area", 0.0))
    areas = [
        sum(float(part) for part in one.area(technology).values())
        for one in (machine, machine.replace(**{field: machine.number(field) + 1}))
    ]
    each = (areas[1] - areas[0]) / more / (1 + float(control))
    assert each == pytest.approx(technology["mac.area"], rel=1e-3)


def test_what_a_family_adds_for_itself_is_not_shared() -> None:
    """A word of another length, by the law of multipliers."""
    machine = dse.TileEngine.edge()
    technology = league_technology(machine, NODE)
    size = multiplier(technology, 20.0, 20.0).energy / technology["mac.energy"]
    found = slope(machine, ATTENTION, technology, "mac.energy")
    assert found == pytest.approx(LAYERS * 2 * TOKENS**2 * WIDTH * size, rel=1e-6)


def test_leakage_follows_the_node_by_its_own_factor() -> None:
    told = load_technology("shared_parts")
    moved = with_shared_parts(DENSE["host"].default_technology(), 45.0)
    for key, factor in {
        "mac.leakage_power": leakage_factor(14, 45),
        "mac.energy": energy_factor(14, 45),
        "multiplier.leakage_power": leakage_factor(14, 45),
    }.items():
        at_14 = told.values.get(key, load_technology("sta").values.get(key))
        assert moved[key] == pytest.approx(at_14 * factor)
    assert leakage_factor(14, 45) != pytest.approx(energy_factor(14, 45), rel=0.5)


def test_a_host_writes_what_its_co_processor_reads() -> None:
    """Queries, keys and values once, and its last result; contexts come back."""
    pair = PAIR.replace(
        **{f"{part}.main_memory": "rram" for part in ("host", "coprocessor")}
    )
    technology = league_technology(pair, NODE)
    tensor = TOKENS * WIDTH * 16.0  # bits
    for part, tensors in (("host", 3 * LAYERS + 1), ("coprocessor", LAYERS)):
        written = slope(pair, BERT, technology, f"{part}.rram.write_energy")
        assert written == pytest.approx(tensors * tensor, rel=1e-6)


@pytest.mark.parametrize("memory", ["ddr4", "hbm2"])
def test_a_memory_is_charged_as_what_it_is_called(memory: str) -> None:
    told = load_technology("memories")
    for family in families(0.01, memory, 256.0):
        machine = family.space.design
        technology = league_technology(machine, NODE)
        parts = (
            [("", machine)]
            if not isinstance(machine, dse.Pair)
            else [("host", machine.host), ("coprocessor", machine.coprocessor)]
        )
        for part, one in parts:
            own = technology.part(part) if part else technology
            kind = "rram" if isinstance(one, dse.SprintEngine) else memory
            found = one.memory(own)
            assert found is not None
            per_bit = pytest.approx(told[f"{kind}.energy"], rel=1e-6)
            assert float(found.read_energy) == per_bit
            assert float(found.bandwidth) == pytest.approx(256e9)


def test_all_families_choose_among_the_same() -> None:
    """Batches, buffers, lanes and words; AccelTran's words alone are longer."""
    for family in families(0.01, "ddr4", 25.6):
        axes = {
            name.split(".")[-1]: list(family.space.values(name))
            for name in family.space.names
        }
        assert axes["batch"] == [1, 2, 4, 8, 16, 32]
        size = 1.0 if family.name == "AccelTran" else 1024.0
        unit = "mib" if family.name == "AccelTran" else "kib"
        assert axes[f"weight_buffer_{unit}"] == [size * n for n in (1, 2, 4, 8)]
        assert axes[f"activation_buffer_{unit}"] == [
            size * n for n in (1, 2, 4, 8, 16, 32)
        ]
        lanes = {"softmax_units_per_pe", "softmax_lanes", "vector_lanes"}
        assert lanes & axes.keys()
        machine = family.space.design
        words = {
            float(machine.number(n)) for n in machine.meanings() if "word_bits" in n
        }
        assert words <= {16.0}
        assert {
            float(machine.number(n))
            for n in machine.meanings()
            if n.endswith("clock_mhz")
        } == {700.0}
