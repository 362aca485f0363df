"""Block diagrams show what an engine is made of: every component once, nothing else."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

import dse
from dse.engines.registry import ENGINES, find_preset
from tests.docs.run_page import ROOT

DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

from block_diagrams import DIAGRAMS, components, svg  # noqa: E402


def test_every_engine_is_drawn() -> None:
    assert set(DIAGRAMS) == set(ENGINES)


@pytest.mark.parametrize("engine", DIAGRAMS)
def test_each_component_stands_in_one_box(engine: str) -> None:
    machine = find_preset(engine, ENGINES[engine].presets[0])
    workload = dse.transformer("bert-base", seq_len=128)
    if not hasattr(machine, "linear"):
        workload = workload.attention_only()
    found = dse.evaluate(machine, workload)
    shown = Counter(components(DIAGRAMS[engine]))
    assert shown == Counter({*found.area_by_component, *found.dynamic_energy})


@pytest.mark.parametrize("engine", DIAGRAMS)
def test_the_drawing_is_that_of_the_table(engine: str) -> None:
    assert (DOCS / f"{engine}_engine.svg").read_text() == svg(DIAGRAMS[engine])


@pytest.mark.parametrize("engine", ENGINES)
def test_each_engine_has_a_page_with_its_picture_and_its_evidence(engine: str) -> None:
    page = (DOCS / f"{engine}_engine.md").read_text()
    assert f"]({engine}_engine.svg)" in page
    assert (
        f"""## Evidence

```{{include}} reference/engines.md
:start-after: "<!-- evidence: {engine} -->"
:end-before: "<!-- end -->"
```
"""
        in page
    )
    assert f"\n{engine}_engine\n" in (DOCS / "index.md").read_text()
