"""Designs of AccelTran's simulator are taken as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dse
from dse.engines.registry import find_preset

WRITTEN = """\
# Configuration for an instance accelerator in the AccelTran design space

tile:
  tile_b: 1
  tile_x: {0.tile_size:.0f}
  tile_y: {0.tile_size:.0f}

non_linearity: 'gelu'
pe: {0.pes:.0f}
lanes_per_pe: {0.lanes_per_pe:.0f}
mac_per_lane: {0.multipliers_per_lane:.0f}
softmax_per_pe: {0.softmax_units_per_pe:.0f}
batch_size: 4
activation_buffer_size: {0.activation_buffer_mib:g}
weight_buffer_size: {0.weight_buffer_mib:g}
mask_buffer_size: {0.mask_buffer_mib:g}
loop_unrolling: 'b_i_j_k'

main_memory:
  type: '{1[0]}'
  mode: '{2}'
  banks: {1[1]}
  ranks: {1[2]}
  channels: {1[3]}

scheduler:
  compute_ops:
    tiled: True
    batch_size: {0.issue_batch:.0f}
  memory_ops:
    tiled: False
    batch_size: 1
"""
MODES = {"edge": "lb", "edge_lp": "lb", "nano": "hb", "server": "hb"}


def written(preset: str) -> str:
    machine = getattr(dse.TileEngine, preset)()
    kind = machine.meanings()["main_memory"].choices[int(machine.main_memory)]
    return WRITTEN.format(machine, kind.split("_"), MODES[preset])


@pytest.mark.parametrize("preset", dse.TileEngine.presets)
def test_a_published_design_is_the_preset_of_its_name(
    preset: str, tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(written(preset))
    assert find_preset("tile", str(file)) == getattr(dse.TileEngine, preset)()


# what is written for what, and what is said so many lines below it
WRONG: dict[str, tuple[str, str, int, str]] = {
    "a misspelt key": ("pe: 64", "pes: 64", 0, "pes: is not a key.*`pe`"),
    "a key twice": ("lanes_per_pe:", "pe:", 0, "'pe' is there twice; remove one"),
    "a part of a lane": (
        "mac_per_lane: 16",
        "mac_per_lane: 1.5",
        0,
        "mac_per_lane: is",
    ),
    "a number in quotes": ("lanes_per_pe: 16", "lanes_per_pe: '16'", 0, "lanes_per_pe"),
    "no buffer": ("weight_buffer_size: 8", "weight_buffer_size: 0", 0, "weight_buffer"),
    "an unknown memory": ("'dram'", "'sram'", -1, "main_memory: .*sram_32_2_1"),
    "an unknown mode": ("'lb'", "'mb'", 0, "main_memory.mode: is 'mb'; write lb or hb"),
    "no mode": ("  mode: 'lb'\n", "", -2, "main_memory.mode: is missing; write lb"),
    "tiles that are not square": ("tile_y: 16", "tile_y: 8", 0, "tile.tile_y: is 8"),
    "an order of loops": ("b_i_j_k", "b_i_j", 0, "loop_unrolling: .*b_i_j"),
    "loads in tiles": ("tiled: False", "tiled: True", 0, "scheduler.memory_ops.tiled"),
    "no YAML": ("pe: 64", "pe: [64", 1, "not YAML"),
    "an anchor": (
        "pe: 64\nlanes_per_pe: 16",
        "pe: &n 64\nlanes_per_pe: *n",
        1,
        "has an anchor",
    ),
    "a tag": ("pe: 64", "pe: !!timestamp x", 0, "has an anchor or a tag"),
    "a date": ("pe: 64", "pe: 2026-11-30", 0, "pe: is .*; write processing elements"),
    "no end": (
        "_buffer_size: 4",
        "_buffer_size: .inf",
        0,
        "activation_buffer_size: is",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_fault_is_told_with_its_line(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    old, new, below, said = WRONG[fault]
    text = written("edge")
    line = text[: text.index(old)].count("\n") + 1 + below
    Path("mine.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(dse.InputError, match=rf"(?m)^mine\.yaml:{line}: {said}"):
        find_preset("tile", "mine.yaml")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    text = written("edge").replace("'gelu'", "'tanh'").replace("'dram'", "'x'")
    file.write_text(text)
    with pytest.raises(dse.InputError) as fault:
        find_preset("tile", str(file))
    assert len(str(fault.value).splitlines()) == 2


@pytest.mark.parametrize(
    "text", ["", "- 1\n", "x", "\x00", "a: !!python/object:os {}", "a: " + "[" * 2000]
)
def test_what_is_no_table_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(dse.InputError, match=r"mine\.yaml"):
        find_preset("tile", str(file))


def test_the_command_line_and_a_study_take_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(written("server"))
    found: Any = dse.evaluate(f"tile:{file}", "bert-tiny")
    assert found.latency == dse.evaluate("tile:server", "bert-tiny").latency
