"""What cannot be built: told of a machine, and no answer unless it is asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import dse
from dse.errors import InputError
from dse.explore.limits import read_limits
from dse.hardware.buildable import FIT, bounds, broken_bounds, lacking_memory

BERT = dse.transformer("bert-base", seq_len=128, batch=8)
SERVER = dse.TileEngine.server()
SPACE = dse.Space(SERVER, pes=[64, 512], lanes_per_pe=[16, 32])
GOALS = ("max:throughput", "min:energy")
LARGE = "cannot be built: area <= 858 mm^2 (one reticle)"


def metrics(**changed: float) -> Any:
    usual = {"area": 1e-4, "power_density": 1e5, "wear": None, "clock_use": 0.5}
    others = {"budget_use": None, "edge_use": None}
    return SimpleNamespace(**(usual | others | changed))


@pytest.mark.parametrize(
    ("metric", "just", "beyond", "said"),
    [
        ("area", 858e-6, 859e-6, "area 859 mm^2 is above 858 mm^2 (one reticle)"),
        ("power_density", 1e6, 2e6, "2 W/mm^2 is above 1 W/mm^2 (cooling)"),
        ("clock_use", 1.0, 1.5, "clock use 150 % is above 100 % (the critical path)"),
        ("edge_use", 0.6, 0.7, "edge use 70 % is above 60 % (pins and stacks)"),
        ("budget_use", 1.0, 1.1, "budget use 110 % is above 100 %"),
        # Five years are 157,788,000 s.
        ("wear", 1 / 157_788_000, 1 / 1e8, "is above 20 %/year (a service life)"),
    ],
)
def test_each_bound_is_met_up_to_its_value_and_named_beyond(
    metric: str, just: float, beyond: float, said: str
) -> None:
    assert broken_bounds(metrics()) == ()
    assert broken_bounds(metrics(**{metric: just})) == ()
    assert said in broken_bounds(metrics(**{metric: beyond}))[0]


def test_of_several_runs_the_one_that_lacks_most_memory_is_told() -> None:
    gib = np.asarray([30.0, 60.0]) * 2**30
    use = {"weights": gib, "cache": gib / 2}
    said = lacking_memory(use, np.asarray([1.125, 2.25]))
    needed = "needs 90 GiB (weights 60 GiB, cache 30 GiB)"
    assert said == f"{needed}; main memory holds 40 GiB"
    assert lacking_memory(use, np.asarray([0.5, 1.0])) == ""


def test_a_bound_is_a_limit_that_a_person_could_write_too() -> None:
    written = read_limits(["area <= 858 mm^2", "power_density <= 1 W/mm^2"])
    physical = read_limits(["buildable"])
    for ours, own in zip(physical, written, strict=False):
        assert (ours.metric, ours.at_most) == (own.metric, own.at_most)
        assert ours.bound == pytest.approx(own.bound)
    assert [limit.metric for limit in physical] == [b.metric for b in (*bounds(), FIT)]
    assert read_limits(["fits"]) == physical[-1:]


def test_a_machine_says_what_keeps_it_from_being_built() -> None:
    assert dse.evaluate(dse.TileEngine.edge(), BERT).cannot_be_built == ()
    (said,) = dse.evaluate(SERVER, BERT).cannot_be_built
    assert said == "area 1,910 mm^2 is above 858 mm^2 (one reticle)"


def test_a_row_says_so_and_a_switch_lets_it_in() -> None:
    rows = dse.sweep(SPACE, BERT, progress=False)
    large = rows.metrics["area"] > 858e-6
    assert 0 < large.sum() < len(rows)
    assert (rows.reason == np.where(large, LARGE, "")).all()
    free = dse.sweep(SPACE, BERT, buildable=False, progress=False)
    assert (free.reason == "").all()
    np.testing.assert_array_equal(free.metrics["area"], rows.metrics["area"])


def test_fronts_hold_only_what_can_be_built_unless_asked() -> None:
    kept = dse.sweep(SPACE, BERT, front=GOALS, progress=False)
    assert (kept.metrics["area"] <= 858e-6).all()
    every = dse.sweep(SPACE, BERT, front=GOALS, buildable=False, progress=False)
    assert (every.metrics["area"] > 858e-6).any()
    rows = dse.sweep(SPACE, BERT, progress=False)
    assert set(dse.pareto(rows, *GOALS).index) == set(kept.index)
    again = dse.pareto(rows, *GOALS, buildable=False)
    assert set(again.index) == set(every.index)
    assert set(dse.pareto(every, *GOALS).index) == set(kept.index) & set(every.index)
    found = dse.tune_front(SPACE, BERT, objectives=GOALS, budget=4, progress=False)
    assert set(found.front.index) == set(kept.index)


def test_tuning_stays_below_the_reticle_unless_asked() -> None:
    asked: Any = {"workload": BERT, "starts": 4, "steps": 5, "progress": False}
    best = dse.tune("max:throughput", SPACE, **asked)
    assert best.feasible
    assert best.metrics["area"] <= 858e-6
    free = dse.tune("max:throughput", SPACE, buildable=False, **asked)
    assert free.metrics["area"] > 858e-6
    only = dse.Space(SERVER, lanes_per_pe=[32, 64])
    none = dse.tune("max:throughput", only, **asked)
    assert not none.feasible
    assert "area <= 858 mm^2" in none.verdict


def test_a_limit_that_a_person_set_is_told_first() -> None:
    rows = dse.sweep(SPACE, BERT, limits=["area <= 100 mm^2"], progress=False)
    told = set(rows.reason) - {""}
    assert told == {"breaks area <= 100 mm^2"}
    front = dse.pareto(rows, *GOALS, buildable=False)
    assert (front.metrics["area"] <= 100e-6).all()


STUDY = """question = "Which?"
engine = "tile"
preset = "server"
objectives = ["max:throughput", "min:energy"]
{more}
[[workload]]
model = "bert-base"
seq_len = 128
batch = 8

[space]
pes = [64, 512]
lanes_per_pe = [16, 32]
"""


def study(folder: Path, more: str = "") -> Path:
    (folder / "study.toml").write_text(STUDY.format(more=more))
    return folder


def test_a_study_has_the_switch(tmp_path: Path) -> None:
    kept = dse.load_study(study(tmp_path))
    assert kept.buildable
    free = dse.load_study(study(tmp_path, "buildable = false"))
    assert not free.buildable
    assert free.limits == kept.any_design().limits == ()
    assert free.hash != kept.hash
    assert free.hash == kept.any_design().hash
    areas = [max(s.run(progress=False).metrics["area"]) for s in (kept, free)]
    assert areas[0] <= 858e-6 < areas[1]
    with pytest.raises(InputError, match="buildable"):
        dse.load_study(study(tmp_path, 'buildable = "perhaps"'))
