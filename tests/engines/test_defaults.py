"""What a machine is where nothing is said of it: scripts and papers rest on that.

`python -m tests.engines.test_defaults` writes `defaults.json` anew. A number that
moves there is told in CHANGELOG.md.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import dse
from dse.engines.base import Engine
from dse.engines.registry import ENGINES

FILE = Path(__file__).with_name("defaults.json")


def fields(design: Engine) -> dict[str, str]:
    """Return each field of a design in words: its number, its label, its unit."""
    return {n: known.show(design.number(n)) for n, known in design.meanings().items()}


def ranges(design: Engine) -> dict[str, str]:
    """Return what each field of a design may be: its range, or its labels."""
    return {
        n: ", ".join(known.choices)
        or f"{known.low:g} to {known.high:g}{', whole' * known.integer}"
        for n, known in design.meanings().items()
    }


def found(engine: str) -> dict[str, dict[str, str]]:
    """Return the defaults of an engine, ranges, and how each preset differs."""
    kind = ENGINES[engine]
    usual = fields(kind())
    presets = {name: fields(getattr(kind, name)()) for name in kind.presets}
    return {"": usual, "ranges": ranges(kind())} | {
        name: {n: value for n, value in own.items() if value != usual[n]}
        for name, own in presets.items()
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_defaults_and_presets_are_those_that_are_written_down(engine: str) -> None:
    assert found(engine) == json.loads(FILE.read_text())[engine]


@pytest.mark.parametrize("mhz", [1.0, 7.0, 1000.0])
def test_a_reference_machine_counts_time_in_its_clock(mhz: float) -> None:
    machine = dse.ReferenceMachine.a100().replace(clock_mhz=mhz)
    assert float(machine.clock(machine.default_technology())) == mhz * 1e6


if __name__ == "__main__":
    told = {engine: found(engine) for engine in ENGINES}
    FILE.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
