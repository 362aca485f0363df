"""SPRINT at the command line: a co-processor has attention alone, or a host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Dse = Callable[..., Any]
STUDY = """\
question = "How many CORELETs?"
engine = "sprint"
preset = "m_sprint"
technology = "sprint"
objectives = ["max:throughput", "min:energy", "min:area"]

[[workload]]
model = "bert-tiny"
part = "attention"
kept_pairs = 0.25
why_density = "stated: for a test"

[space]
corelets = [1, 2]
pruning = ["none", "in_memory"]

[reference]
M-SPRINT = { preset = "m_sprint" }
"""
MACHINE = ("evaluate", "--engine", "sprint", "--preset", "m_sprint")
WORKLOAD = ("--workload", "bert-tiny", "--kept-pairs", 0.25)


def test_attention_alone_is_evaluated(dse: Dse) -> None:
    found = dse(*MACHINE, *WORKLOAD, "--part", "attention", "--json").json
    assert [op["name"] for op in found["ops"]] == ["attention"]
    assert found["extras"]["main_memory_read_mbit"] > 0
    assert found["design"]["pruning"] == "in_memory"


def test_a_whole_transformer_needs_a_host(dse: Dse) -> None:
    refused = dse(*MACHINE, *WORKLOAD)
    assert refused.code == 2
    assert "it runs attention alone" in refused.err
    paired = dse(*MACHINE, *WORKLOAD, "--host", "tile:edge", "--json").json
    assert "coprocessor.qk_units" in paired["dynamic_energy_mj"]


def test_a_field_that_is_no_choice_is_told(dse: Dse) -> None:
    refused = dse(*MACHINE, *WORKLOAD, "--part", "attention", "--set", "pruning=on_chp")
    assert refused.code == 2
    assert "on_chip" in refused.err


def test_a_space_of_machines_is_swept_and_reported(dse: Dse, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY)
    done = dse("sweep", tmp_path, "--no-buildable", "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "CORELETs" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize("preset", ["s_sprint", "l_baseline", "m_pruning"])
def test_presets_are_known_by_name(dse: Dse, preset: str) -> None:
    words = ("evaluate", "--engine", "sprint", "--preset", preset)
    found = dse(*words, *WORKLOAD, "--part", "attention", "--json")
    assert found.code == 0, found.err
