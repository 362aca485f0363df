"""Questions that are alike share one graph of operations, whoever asks them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import dse
from dse.compile import function as functions

AIMS = ("max:throughput", "min:energy")


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Traces that were taken apart since the test began."""
    functions._of_all_alike.cache_clear()
    written, found = functions.written, []

    def counted(traced: Any, *rest: Any) -> Any:
        found.append(traced)
        return written(traced, *rest)

    monkeypatch.setattr(functions, "written", counted)
    return found


def swept(**changed: Any) -> dse.Runs:
    """A sweep of a space that is made anew, with some of it changed."""
    pes = changed.pop("pes", [64, 128])
    fields = changed.pop("fields", {})
    asked = {"workload": dse.transformer("bert-tiny", seq_len=64), **changed}
    design = dse.TileEngine.edge().replace(**fields)
    return dse.sweep(dse.Space(design, pes=pes), progress=False, **asked)


def test_a_sweep_that_is_asked_again_takes_nothing_apart(graphs: list[Any]) -> None:
    first = swept(front=AIMS)
    assert len(graphs) == 1
    again = swept(front=AIMS)
    assert len(graphs) == 1
    assert first.to_pandas().equals(again.to_pandas())


def test_all_values_of_an_axis_share_what_was_taken_apart(graphs: list[Any]) -> None:
    swept()
    more = swept(pes=[32, 256, 512], front=AIMS, limits=["area <= 900 mm^2"])
    assert len(graphs) == 1
    assert len(more) > 0


@pytest.mark.usefixtures("graphs")
def test_tuning_the_same_again_makes_no_function_anew() -> None:
    def tuned() -> Any:
        space = dse.Space(dse.TileEngine.edge(), pes=[32, 64, 128])
        workload = dse.transformer("bert-tiny", seq_len=64)
        return dse.tune(
            "min:energy", space, workload=workload, starts=2, steps=5, progress=False
        )

    first, made = tuned(), functions._of_all_alike.cache_info().misses
    assert tuned().design == first.design
    assert functions._of_all_alike.cache_info().misses == made > 0


CHANGES: dict[str, Callable[[], dict[str, Any]]] = {
    "workload": lambda: {"workload": dse.transformer("bert-tiny", seq_len=65)},
    "density": lambda: {
        "workload": dse.transformer("bert-tiny", seq_len=64).with_density(
            activation=0.5
        )
    },
    "a field": lambda: {"fields": {"lanes_per_pe": 8}},
    "timing": lambda: {"timing": "roofline"},
    "suite": lambda: {
        "workload": [dse.transformer("bert-tiny", seq_len=n) for n in (64, 128)]
    },
}


@pytest.mark.parametrize("changed", CHANGES)
def test_another_question_has_its_own_answer(graphs: list[Any], changed: str) -> None:
    alone = swept(**CHANGES[changed]()).to_pandas()
    functions._of_all_alike.cache_clear()
    before, count = swept().to_pandas(), len(graphs)
    after = swept(**CHANGES[changed]()).to_pandas()
    assert len(graphs) == count + 1
    assert after.equals(alone)
    assert not after.equals(before)


def test_another_number_of_the_technology_has_its_own_answer(
    graphs: list[Any],
) -> None:
    nominal = dse.load_technology("acceltran")
    key = "main_memory.access_energy_dram_32_2_1"
    before = swept(technology=nominal).to_pandas()
    values = nominal.values | {key: nominal.values[key] * (1 + 1e-9)}
    after = swept(technology=nominal.replace(values=values)).to_pandas()
    assert len(graphs) == 2
    assert not after.equals(before)
