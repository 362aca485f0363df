"""The committed answer of the study is what the model gives."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.studies.modules import module_of

STUDY = Path(__file__).parents[2] / "studies" / "does_in_memory_pruning_pay"
EXPECTED = tomllib.loads((STUDY / "expected.toml").read_text())


@pytest.fixture(scope="module")
def machines() -> ModuleType:
    return module_of(STUDY.name, "machines")


@pytest.mark.parametrize("tokens", [1024, 16384])
def test_attention_saves_what_the_study_says(machines: Any, tokens: int) -> None:
    found = {
        name: machines.attention(name, tokens, padded=0.0, kib=32.0)
        for name in ("baseline", "on_chip", "in_memory", "no_locality")
    }
    base, best = found["baseline"], found["in_memory"]
    read = "main_memory_read_mbit"
    saved = {
        "time": base.latency / best.latency,
        "energy": base.energy / best.energy,
        "reads": base.extras[read] / best.extras[read],
        "on_chip_energy": base.energy / found["on_chip"].energy,
        "no_locality_energy": base.energy / found["no_locality"].energy,
    }
    expected = EXPECTED["attention"][str(tokens)]
    assert {n: float(s) for n, s in saved.items()} == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("host", ["edge", "server"])
def test_a_whole_bert_saves_what_the_study_says(machines: Any, host: str) -> None:
    alone = machines.whole(host, 4096)
    for corelets in machines.CORELETS[host]:
        paired = machines.whole(host, 4096, corelets=corelets)
        saved = {
            "time": float(alone.latency / paired.latency),
            "energy": float(alone.energy / paired.energy),
        }
        expected = EXPECTED["whole"][f"{host}_{corelets}"]
        assert saved == pytest.approx(expected, rel=1e-3)
