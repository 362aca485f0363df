"""One memory system for all engines: the same bandwidth, bit and byte cost the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dse
from dse.engines.base import Engine
from dse.hardware import sram
from dse.hardware.buildable import bounds
from dse.hardware.main_memory import KINDS, MainMemory, with_memories
from dse.hardware.technology import Technology

WORK = dse.transformer("bert-tiny", seq_len=64, batch=4)
HOST = dse.TileEngine.edge()
MACHINES: dict[str, Engine] = {
    "crossbar": dse.CrossbarEngine.isaac(),
    "filter": dse.FilterEngine.energon_edge(),
    "nm": dse.NMEngine.edge(),
    "sprint": dse.SprintEngine.m_sprint(),
    "tile": HOST,
}
FIGURES = (
    *("read_energy", "write_energy", "interface_energy"),
    *("idle_power", "interface_idle_power", "area", "edge", "wear"),
)
ALONE = ("filter", "sprint")  # run attention alone
PAIRS: dict[str, Engine] = {
    f"{name} and host": dse.Pair(host=HOST, coprocessor=MACHINES[name])
    for name in ALONE
}


def work_of(name: str) -> dse.Workload:
    return WORK.attention_only() if name in ALONE else WORK


def changed(machine: Engine, field: str, value: Any) -> Engine:
    fields = [n for n in machine.meanings() if n.split(".")[-1] == field]
    return machine.replace(**dict.fromkeys(fields, value))


@pytest.mark.parametrize("name", [*MACHINES, *PAIRS])
def test_bandwidth_costs_area_edge_and_power_in_every_engine(name: str) -> None:
    machine = (MACHINES | PAIRS)[name]
    found = [
        dse.evaluate(changed(machine, "memory_bandwidth_gb_per_s", b), work_of(name))
        for b in (6.4, 25.6, 256.0, 2e3, 1e5)
    ]
    areas = np.array([float(m.area) for m in found])
    assert (np.diff(areas) >= 0).all()
    assert areas[-1] > 10 * areas[0]
    assert any("pins and stacks" in why for why in found[-1].cannot_be_built)
    at_rest = [
        sum(float(v) for n, v in m.leakage_energy.items() if "memory" in n)
        * float(m.throughput)
        for m in found
    ]
    assert (np.diff(at_rest) >= -1e-12).all()
    assert at_rest[-1] > 10 * at_rest[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_memory_costs_every_engine_the_same(kind: str) -> None:
    """Area at one node, and a bit; SPRINT has its own ReRAM."""
    shares = {}
    for name, machine in MACHINES.items():
        if name == "sprint" and kind != "rram":
            continue
        design = changed(machine, "memory_bandwidth_gb_per_s", 300.0)
        if name != "sprint":
            design = design.replace(main_memory=kind)
        technology = machine.default_technology().at_node(14)
        memory = design.memory(technology)
        shares[name] = [float(getattr(memory, figure)) for figure in FIGURES]
        interface = design.area(technology)["memory_interface"]
        assert float(interface) == float(memory.area)
    first = next(iter(shares.values()))
    for own in shares.values():
        np.testing.assert_allclose(own, first, rtol=1e-6)


def at_rest(machine: Engine, work: dse.Workload) -> dict[str, float]:
    """Watts that memory and interface draw, worked or not."""
    found = dse.evaluate(machine, work)
    seconds = float(found.latency) / float(work.batch)
    drawn: dict[str, float] = {}
    for name, joule in found.leakage_energy.items():
        part = name.split(".")[-1]
        if "memory" in part:
            drawn[part] = drawn.get(part, 0.0) + float(joule) / seconds
    return drawn


@pytest.mark.parametrize("wider", ["host", "coprocessor"])
def test_the_one_memory_of_a_pair_is_at_rest_once(wider: str) -> None:
    host = dse.TileEngine.edge().replace(main_memory="hbm2")
    pair = dse.Pair(host=host, coprocessor=dse.FilterEngine.energon_edge())
    pair = pair.replace(**{f"{wider}.memory_bandwidth_gb_per_s": 1000.0})
    alone = host.replace(memory_bandwidth_gb_per_s=1000.0)
    work = dse.transformer("bert-tiny", seq_len=64)
    assert at_rest(pair, work) == pytest.approx(at_rest(alone, work), rel=1e-6)


@pytest.mark.parametrize("name", MACHINES)
def test_a_write_to_rram_costs_what_a_write_costs_and_wears(name: str) -> None:
    """Bits written, by the slope of the energy, are those that wear the cells."""
    machine, work = MACHINES[name], work_of(name)
    if name != "sprint":
        machine = machine.replace(main_memory="rram")
    usual = machine.default_technology()
    if name == "crossbar":  # whose arrays wear as well, and first
        usual = usual.replace(**{"cell.endurance": 1e30})
    dearer = usual.replace(**{"rram.write_energy": "34.4 pJ/bit"})
    one, two = (dse.evaluate(machine, work, technology=t) for t in (usual, dearer))
    written = (float(two.energy) - float(one.energy)) * work.batch / 10e-12
    assert written > 0
    bits = usual["rram.capacity"] * 8.0
    if name == "sprint":
        bits = machine.memory_gib * 2.0**33
    units = max(1.0, machine.memory_bandwidth_gb_per_s / 256.0)
    life = 1e8 * 0.5 * bits * (1.0 if name == "sprint" else units)
    seconds = work.batch / float(one.throughput)
    assert float(one.wear) == pytest.approx(written / life / seconds, rel=1e-6)
    frail = {"rram.endurance": 1e3, "main_memory.endurance": 1e3}
    known = {key: value for key, value in frail.items() if key in usual.values}
    worn = dse.evaluate(machine, work, technology=usual.replace(**known))
    assert any("service life" in why for why in worn.cannot_be_built)


@pytest.mark.parametrize("name", ["crossbar", "filter", "nm", "tile"])
def test_dram_does_not_wear_and_writes_as_it_reads(name: str) -> None:
    machine, work = MACHINES[name], work_of(name)
    technology = machine.default_technology()
    memory = machine.memory(technology)
    assert float(memory.wear) == 0.0
    assert float(memory.write_energy) == float(memory.read_energy)
    if name != "crossbar":
        assert float(dse.evaluate(machine, work).wear) == 0.0


@pytest.mark.parametrize("name", MACHINES)
def test_a_publication_keeps_its_own_conventions(name: str) -> None:
    machine = MACHINES[name]
    published = machine.published_technology()
    assert machine.memory(published) is None
    slow, fast = (
        dse.evaluate(
            changed(machine, "memory_bandwidth_gb_per_s", b),
            work_of(name),
            technology=published,
        )
        for b in (25.6, 1e5)
    )
    assert float(slow.area) == float(fast.area)
    assert "memory_interface" not in slow.area_by_component
    assert slow.edge_use is None


@pytest.mark.parametrize("name", [*MACHINES, *PAIRS])
def test_a_buildable_machine_is_within_every_bound(name: str) -> None:
    found = dse.evaluate((MACHINES | PAIRS)[name], work_of(name))
    broken = [
        bound.metric
        for bound in bounds()
        if getattr(found, bound.metric) is not None
        and float(getattr(found, bound.metric)) > bound.most
    ]
    assert len(found.cannot_be_built) == len(broken)


def at(node: float) -> Technology:
    bare = Technology(name="", files=(), values={"process.node": node * 1e-9})
    return with_memories(bare)


@pytest.mark.parametrize("node", [65, 45, 40, 32, 28, 22, 16, 14, 10, 7, 5])
@pytest.mark.parametrize("mib", [1e-3, 0.03, 1.0, 64.0])
def test_sram_is_never_smaller_than_its_bare_cells(node: int, mib: float) -> None:
    technology = at(node)
    bits = 8.0 * mib * 2**20
    cells = bits * float(sram.cell_area(technology))
    assert float(sram.area(technology, "any", mib)) > cells


def test_sram_grows_with_size_and_shrinks_with_the_node() -> None:
    sizes, nodes = [0.01, 0.1, 1.0, 10.0], [65, 45, 32, 22, 14, 7, 5]
    for law in (sram.area, sram.leakage):
        by_size = [float(law(at(14), "any", mib)) for mib in sizes]
        assert (np.diff(by_size) > 0).all()
    cells = [float(sram.cell_area(at(node))) for node in nodes]
    assert (np.diff(cells) < 0).all()
    energies = [float(sram.bit_energy(at(14), mib)) for mib in sizes]
    assert (np.diff(energies) > 0).all()


def memory(kind: str, gb_per_s: float, node: float = 7) -> Any:
    return MainMemory(at(node), float(KINDS.index(kind)), gb_per_s * 1e9)


def test_at_least_one_channel_or_stack_is_built() -> None:
    none, one, two = (float(memory("hbm2", b).area) for b in (1.0, 256.0, 512.0))
    assert none == one
    assert two == pytest.approx(2 * one)


# Public figures that no number of the laws was taken from.


@pytest.mark.parametrize(
    ("what", "found", "told", "within"),
    [
        # zkSpeed's cost model (7 nm): 14.9 mm^2 for 512 GB/s, 29.6 for 1,024.
        ("PHY of HBM", lambda: memory("hbm2e", 512.0).area * 1e6, 14.9, 1.5),
        ("PHY of HBM", lambda: memory("hbm2e", 1024.0).area * 1e6, 29.6, 1.5),
        # Chiplet Cloud: 1.04 mm^2 a channel, PHY and controller, 8 channels.
        ("HBM, a stack", lambda: memory("hbm2", 256.0).area * 1e6, 8.32, 2.0),
        # SOFA's breakdown: 1.92 W of HBM2 at 59.8 GB/s.
        ("HBM2", lambda: memory("hbm2", 59.8).read_energy * 1e12, 4.01, 1.1),
        # Micron's comparison: average device power of HBM2E.
        ("HBM2E", lambda: memory("hbm2e", 461.0).read_energy * 1e12, 6.0, 1.6),
        # SK hynix at IEDM 2023, as quoted: HBM2E 4.3 pJ/bit, HBM3E a fifth less.
        ("HBM2E", lambda: memory("hbm2e", 461.0).read_energy * 1e12, 4.3, 1.2),
        ("HBM3E", lambda: memory("hbm3e", 1e3).read_energy * 1e12, 3.44, 1.2),
        # AccelTran's NVMain run of its cheapest DRAM: 13.44 nJ for 64 bytes.
        ("DDR4", lambda: whole("ddr4"), 13.43777522e3 / 512, 1.4),
        # A planning figure for LPDDR5X, PHY and DRAM together: 7.5 mW per Gb/s.
        ("LPDDR5X", lambda: whole("lpddr5x"), 7.5, 1.2),
        # SRAM: SOFA's memory at 28 nm, 1.61 mm^2 a MiB (from its table III).
        ("SRAM 28", lambda: mm2_per_mib(28), 1.6105, 1.3),
        # Chiplet Cloud, "data from real implementations", 7 nm: 0.45 mm^2/MB.
        ("SRAM 7", lambda: mm2_per_mib(7) / 1.048576, 0.45, 1.3),
        # A 7 nm macro density as published: 3.65 MB/mm^2.
        ("SRAM 7", lambda: mm2_per_mib(7) / 1.048576, 1 / 3.65, 1.5),
        # TPUv4i: 128 MB on 28 % of a die of less than 400 mm^2 at 7 nm, all wires in.
        ("SRAM 7", lambda: mm2_per_mib(7), 0.28 * 400 / 128, 2.5),
        # CACTI, 28 nm, 8 KiB: 0.0347 pJ/bit read, 0.0486 written.
        ("SRAM energy", lambda: picojoule(28, 8 / 1024), 0.0417, 2.0),
        # AccelTran's CACTI run at 14 nm: 79.3 pJ for 64 bytes of 1 MiB.
        ("SRAM energy", lambda: picojoule(14, 1.0), 79.275099 / 512, 2.0),
        # SPRINT, 65 nm, 16 KiB: 0.52 pJ/bit, as fitted to its bars.
        pytest.param(
            *("SRAM energy", lambda: picojoule(65, 16 / 1024), 0.52, 2.0),
            marks=pytest.mark.xfail(reason="a miss: 0.47 times what its bars took"),
        ),
    ],
)
def test_laws_are_near_public_figures(
    what: str, found: Any, told: float, within: float
) -> None:
    ratio = float(found()) / told
    assert 1 / within <= ratio <= within, f"{what}: {ratio:.2f} times {told}"


def whole(kind: str) -> float:
    """Energy of a bit at full bandwidth in pJ, device and interface, at rest or not."""
    one = memory(kind, 1e-3)
    unit = at(14)[f"{kind}.bandwidth"] * 8.0
    rest = (float(one.interface_idle_power) + float(one.idle_power)) / unit
    return (float(one.read_energy) + float(one.interface_energy) + rest) * 1e12


def mm2_per_mib(node: float) -> float:
    return float(sram.area(at(node), "any", 1.0)) * 1e6


def picojoule(node: float, mib: float) -> float:
    return float(sram.bit_energy(at(node), mib)) * 1e12
