"""Designs and results come back as they were saved; a finished folder is results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import dse

EDGE = dse.TileEngine.edge()
CURVE = dse.load_curve("minilm-l6/wordnet/dynatran")
TINY = dse.transformer("bert-tiny", seq_len=32)
RECORDS = {
    "design": EDGE,
    "simulator": dse.TileEngine(conventions=dse.SIMULATOR),
    "crossbar": dse.CrossbarEngine.puma(),
    "reference": dse.ReferenceMachine.a100(),
    "pair": dse.Pair(host=EDGE, coprocessor=dse.SprintEngine.m_sprint()),
    "technology": EDGE.default_technology().at_node(7),
    "workload": TINY.with_curve(CURVE, 0.005, stand_in=True),
    "curve": CURVE,
}


@pytest.fixture(scope="module")
def runs() -> dse.Runs:
    space = dse.Space(
        EDGE,
        pes=[64, 128],
        main_memory=["dram_32_2_1", "hbm_32_1_4"],
        batch=[1, 4],
        issue_batch=dse.tied("pes / 8"),
        legal={"few": "pes * batch < 512"},
    )
    suite = [TINY.with_curve(CURVE, 0.005, stand_in=True), TINY]
    asked = {"weights": [1, 2], "limits": ["area <= 60 mm^2"]}
    return dse.sweep(space, suite, technology="acceltran", **asked)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    saved = RECORDS[name]
    path = dse.save(saved, tmp_path / "it.json")
    found = dse.load(path)
    assert jax.tree.structure(found) == jax.tree.structure(saved)
    for new, old in zip(jax.tree.leaves(found), jax.tree.leaves(saved), strict=True):
        np.testing.assert_array_equal(new, old)


def test_a_design_is_saved_in_words_that_a_person_can_change(tmp_path: Path) -> None:
    path = dse.save(EDGE, tmp_path / "edge.json")
    assert '"main_memory": "dram_32_2_1"' in path.read_text()
    path.write_text(path.read_text().replace('"pes": 64.0', '"pes": 128'))
    assert dse.load(path) == EDGE.replace(pes=128)


def test_results_come_back_with_all_they_rest_on(runs: Any, tmp_path: Path) -> None:
    front = dse.pareto(runs, "max:throughput", "min:energy", "min:area")
    for saved in (runs, front):
        found = dse.load(dse.save(saved, tmp_path / "results.parquet"))
        assert found.basis.to_json() == saved.basis.to_json()
        assert found.evaluated == saved.evaluated
        assert found.objectives == saved.objectives
        assert list(found.reason) == list(saved.reason)
        assert found.designs.keys() == saved.designs.keys()
        number = int(saved.index[-1])
        assert found.design(number) == saved.design(number)
        for metric, column in saved.metrics.items():
            np.testing.assert_allclose(found.metrics[metric], column, rtol=1e-15)
    again = dse.pareto(dse.load(dse.save(runs, tmp_path / "all.parquet")), "min:energy")
    assert list(again.index) == list(dse.pareto(runs, "min:energy").index)


def test_columns_of_a_file_say_their_units(runs: Any, tmp_path: Path) -> None:
    schema = parquet.read_schema(dse.save(runs, tmp_path / "runs.parquet"))
    units = {f.name: f.metadata[b"unit"].decode() for f in schema if f.metadata}
    assert units["area_mm2"] == "mm^2"
    assert units["throughput_seq_per_s"] == "seq/s"
    assert set(runs.designs) <= set(units)
    assert {f.name for f in schema} - set(units) == {"design", "feasible", "reason"}


def test_a_folder_that_is_not_there_is_made(runs: Any, tmp_path: Path) -> None:
    front = dse.pareto(runs, "max:throughput", "min:energy")
    saved = {
        "machines/a.json": EDGE,
        "a/b/runs.parquet": runs,
        "again/study.toml": front,
    }
    for name, what in saved.items():
        assert dse.save(what, tmp_path / name).is_file()
    assert dse.report(runs, tmp_path / "pages" / "front.html").is_file()


def test_a_report_needs_no_study(runs: Any, tmp_path: Path) -> None:
    path = dse.report(runs, tmp_path / "out.html", references={"Our machine": EDGE})
    text = path.read_text()
    assert "bert-tiny" in text
    assert "Our machine" in text
    assert "tuli2023acceltran" in text


def test_the_folder_of_a_finished_sweep_is_results(tmp_path: Path) -> None:
    from dse.cli.main import main

    out = tmp_path / "found"
    (tmp_path / "study.toml").write_text(
        """question = "Which?"
engine = "tile"
preset = "edge"
objectives = ["max:throughput", "min:energy"]
[[workload]]
model = "bert-tiny"
seq_len = 16
[space]
pes = [64, 128]
tile_size = [8, 16]
"""
    )
    with pytest.raises(SystemExit) as ended:
        main(["sweep", str(tmp_path / "study.toml"), "--out", str(out), "-q"])
    assert ended.value.code == 0
    wanted = dse.load_study(tmp_path / "study.toml").run(progress=False)
    found = dse.load(out)
    assert list(found.index) == list(wanted.index)
    assert found.objectives == wanted.objectives
    with pytest.raises(dse.InputError, match=r"has no front\.parquet"):
        dse.load(tmp_path)


def test_a_file_in_the_place_of_a_folder_is_told_before_the_work(
    tmp_path: Path, runs: dse.Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("dse.show.report.summarize", None)  # the work
    path, told = tmp_path / "file" / "it", "file is no folder; give another path"
    with pytest.raises(dse.InputError, match=told):
        dse.save(EDGE, path.with_suffix(".json"))
    front = dse.pareto(runs, "min:energy")
    for ending in (".parquet", ".toml"):
        with pytest.raises(dse.InputError, match=told):
            dse.save(front, path.with_suffix(ending))
    with pytest.raises(dse.InputError, match=told):
        dse.report(runs, path.with_suffix(".html"))
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_what_of_other_answers_can_be_saved_is_told(
    tmp_path: Path, runs: dse.Runs
) -> None:
    answer = dse.compare(EDGE, EDGE, TINY)
    with pytest.raises(dse.InputError, match=r"save their `design` or `runs`"):
        dse.save(answer, tmp_path / "it.json")  # type: ignore[arg-type]


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(dse.InputError, match="ends in"):
        dse.save(EDGE, tmp_path / "edge.parquet")
    with pytest.raises(dse.InputError, match="give a design or results"):
        dse.save(3, tmp_path / "x.json")  # type: ignore[arg-type]
    with pytest.raises(dse.InputError, match="slopes are no design"):
        dse.save(dse.gradient(EDGE, TINY, "energy"), tmp_path / "x.json")
    assert not list(tmp_path.iterdir())
    with pytest.raises(dse.InputError, match="cannot be read"):
        dse.load(tmp_path / "none.json")
    (tmp_path / "study.toml").touch()
    with pytest.raises(
        dse.InputError, match=r"is a study; read it by `dse\.load_study`"
    ):
        dse.load(tmp_path / "study.toml")
    other = tmp_path / "other.parquet"
    parquet.write_table(pa.table({"a": [1]}), other)
    with pytest.raises(dse.InputError, match="does not say what it rests on"):
        dse.load(other)
    other.write_bytes(b"PAR1")
    with pytest.raises(dse.InputError, match=r"other\.parquet: cannot be read"):
        dse.load(other)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"record": "TileEngin"}, "Did you mean `TileEngine`"),
        ({"fields": {"pes": -1}}, "outside its range"),
        ({"fields": {"pess": 1}}, "Did you mean `pes`"),
        ({"fields": 3}, "is nothing that dse saved"),
        ({"record": "builtins.eval", "fields": {}}, "is no record"),
    ],
)
def test_a_damaged_file_is_refused_in_one_message(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = dse.save(EDGE, tmp_path / "edge.json")
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({**whole, "saved": {**whole["saved"], **change}}))
    with pytest.raises(dse.InputError) as caught:
        dse.load(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_design_alone_may_be_changed_in_its_file(runs: Any, tmp_path: Path) -> None:
    path = dse.save(TINY, tmp_path / "it.json")
    whole = json.loads(path.read_text())
    whole["saved"]["fields"]["padded_fraction"] = 0.5
    for changed in (whole, {k: v for k, v in whole.items() if k != "sha256"}):
        path.write_text(json.dumps(changed))
        with pytest.raises(dse.InputError, match=r"give|save it anew"):
            dse.load(path)
    path = dse.save(runs, tmp_path / "runs.parquet")
    table = parquet.read_table(path)
    better = pa.array(np.full(len(table), 1e-9))
    place = table.column_names.index("energy_mj")
    told = table.schema.metadata
    table = table.set_column(place, "energy_mj", better).replace_schema_metadata(told)
    parquet.write_table(table, path)
    with pytest.raises(dse.InputError, match=r"was changed after dse saved it"):
        dse.load(path)
