"""A front comes back as a study of its machines, which answers the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dse
from dse.cli.main import main
from dse.explore.basis import Basis, read_suite
from dse.explore.objectives import read_objectives
from dse.hardware.technology import read_technology

EDGE = dse.TileEngine.edge()
TINY = dse.transformer("bert-tiny", seq_len=32)
CURVE = dse.load_curve("minilm-l6/wordnet/dynatran", sequence_length=32)
GOALS = ("max:throughput", "min:energy", "min:area")
SUITE = [
    TINY.with_density(activation=0.5, weight=0.4).with_attention(
        kept=0.3, kept_first_round=0.5
    ),
    TINY.with_curve(CURVE, 0.005, stand_in=True),
]


def space(**more: Any) -> dse.Space:
    axes: dict[str, Any] = {
        "pes": [64, 128],
        "main_memory": ["dram_32_2_1", "hbm_32_1_4"],
        "issue_batch": dse.tied("pes / 8"),
    }
    return dse.Space(EDGE.replace(tile_size=16), **axes | more)


@pytest.fixture(scope="module")
def front() -> dse.Runs:
    """A front of a machine that is no preset, on two workloads."""
    found = dse.sweep(space(batch=[1, 4]), SUITE, weights=[1, 2], progress=False)
    return dse.pareto(found, *GOALS)


def check_answers_as(folder: Path, front: dse.Runs) -> dse.Runs:
    """Return the front of a study, which is one that is known, bit for bit."""
    found = dse.load_study(folder).run(progress=False)
    assert len(found) == found.evaluated == len(front)
    assert [found.row(row) for row in range(len(found))] == [
        front.row(row) for row in range(len(front))
    ]
    for metric, column in front.metrics.items():
        assert found.metrics[metric].tobytes() == column.tobytes(), metric
    return found


def test_a_front_comes_back_and_goes_round(front: dse.Runs, tmp_path: Path) -> None:
    assert 3 < len(front) < 8
    dse.save(front, tmp_path / "study.toml")
    found = check_answers_as(tmp_path, front)
    assert list(found.designs["batch"]) == list(front.designs["batch"])
    again = dse.load(dse.save(found, tmp_path / "found.parquet"))
    assert (again.space.size, list(again.index)) == (len(front), [*range(len(front))])
    for other in ("twice", "thrice"):
        (tmp_path / other).mkdir()
        dse.save(again, tmp_path / other / "study.toml")
    texts = [path.read_text() for path in sorted(tmp_path.rglob("study.toml"))]
    assert texts[0] == texts[1] == texts[2]


def single(design: Any, workload: Any, technology: Any = None) -> dse.Runs:
    """Results of one machine that nobody evaluated."""
    used = read_technology(technology, design)
    basis = Basis(read_suite(workload, None), used, "walk", False)
    metrics = {"energy": np.ones(1)}
    row = np.zeros(1, int), metrics, np.full(1, "", object), 1
    return dse.Runs(dse.Space(design), basis, *row, read_objectives(["min:energy"]))


@pytest.mark.parametrize(
    ("design", "workload", "technology"),
    [
        (
            dse.NMEngine.edge(),
            dse.transformer("gpt2", mode="decode", context_len=64),
            None,
        ),
        (
            dse.CrossbarEngine.puma(),
            dse.generation(
                "gpt2", prompt=9, new_tokens=4, chunk=4, batch=2, format="int8"
            ).with_density(activation=0.7),
            None,
        ),
        (
            dse.Pair(host=EDGE, coprocessor=dse.SprintEngine.m_sprint()),
            TINY.attention_only(),
            None,
        ),
        (EDGE, "vit-b", "acceltran"),
        (EDGE, TINY, EDGE.default_technology().at_node(7)),
        (dse.ReferenceMachine.h100(), TINY.replace(batch=8, padded_fraction=0.1), None),
    ],
)
def test_each_engine_and_kind_of_workload_comes_back(
    design: Any, workload: Any, technology: Any, tmp_path: Path
) -> None:
    runs = single(design, workload, technology)
    study = dse.load_study(dse.save(runs, tmp_path / "study.toml"))
    assert study.space.at(0) == design
    assert study.basis.to_json() == runs.basis.to_json()
    mine, theirs = study.technology.values, runs.basis.technology.values
    assert mine == theirs


@pytest.mark.parametrize(
    ("design", "workload", "technology", "said"),
    [
        (EDGE, TINY.with_imbalance(1.5), None, "says how `bert-tiny` runs"),
        (EDGE, TINY.with_density(activation=0.5), "mine", "no parameter file holds"),
        (EDGE, replace(TINY, name="my-own"), None, "is no model of the zoo"),
        (dse.TileEngine(conventions=dse.SIMULATOR), TINY, None, "are design 0"),
    ],
)
def test_what_a_study_has_no_words_for_is_refused(
    design: Any, workload: Any, technology: Any, said: str, tmp_path: Path
) -> None:
    if technology is not None:
        technology = EDGE.default_technology().replace(**{"clock.frequency": "1 GHz"})
    with pytest.raises(dse.InputError, match=said):
        dse.save(single(design, workload, technology), tmp_path / "study.toml")
    assert list(tmp_path.iterdir()) == []


def test_results_that_are_no_front_ask_for_nothing(front: dse.Runs) -> None:
    with pytest.raises(dse.InputError, match="these results are no front"):
        dse.save(replace(front, objectives=()), "study.toml")


def test_the_command_takes_a_folder_and_numbers(
    front: dse.Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dse.save(front, "front.parquet")
    chosen = [str(number) for number in front.index[[0, 2]]]
    words = ["new", "study", "short", "--from", "front.parquet"]
    for code, more in (
        (2, ["--design", "7777777"]),
        (0, ["--design", chosen[0], "--design", chosen[1]]),
    ):
        with pytest.raises(SystemExit) as ended:
            main([*words, *more])
        assert ended.value.code == code
        assert Path("short").is_dir() == (code == 0)
    check_answers_as(Path("short"), front.take([0, 2]))


# -- lists of machines -----------------------------------------------------------------


def test_a_list_is_numbered_in_its_order() -> None:
    listed = dse.Space.listed(
        EDGE,
        pes=[128, 64, 128],
        main_memory=["hbm_32_1_4", "dram_32_2_1", "dram_32_2_1"],
    )
    assert len(listed) == 3
    assert [listed.at(n).pes for n in range(3)] == [128, 64, 128]
    assert listed.index(pes=128, main_memory="dram_32_2_1") == 2
    with pytest.raises(dse.InputError, match="no machine of the list"):
        listed.index(pes=64, main_memory="hbm_32_1_4")
    with pytest.raises(dse.InputError, match="no way from one machine"):
        dse.tune("min:energy", listed, workload=TINY, progress=False)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "needs a column"),
        ({"pes": 64}, "column `pes` is 64"),
        ({"pes": [64, 128], "batch": [1]}, "`batch` has 1 values and `pes` 2"),
        ({"pes": [64, 128, 64]}, "machines 0 and 2 .* are the same"),
        ({"pes": [64, "many"]}, "many"),
        ({"pe": [64]}, "Did you mean `pes`"),
        ({"pes": [64, None]}, "column `pes`"),
    ],
)
def test_what_is_no_list_is_refused(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(dse.InputError, match=said):
        dse.Space.listed(EDGE, **columns)
