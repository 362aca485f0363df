"""`dse compare` and `dse explain`."""

from __future__ import annotations

from pathlib import Path

import pytest

import dse as package

ASK = ("--workload", "bert-tiny", "--seq-len", "64")


def test_two_machines_are_compared_in_text_json_and_a_picture(dse, tmp_path) -> None:
    picture = tmp_path / "way.html"
    text = dse("compare", "tile:edge", "tile:server", *ASK, "--out", picture)
    assert text.code == 0, text.err
    assert text.out.startswith("tile:server has ")
    assert "\nmemory bandwidth  " in text.out  # its unit stands beside its values
    assert "Plotly.newPlot" in picture.read_text()
    told = dse("compare", "tile:edge", "tile:server", *ASK, "--json").json
    one, other = told["values"]
    assert one + sum(s["change"] for s in told["steps"]) == pytest.approx(other)
    energy = told["energy_by_component_j"].values()
    assert sum(a for a, _ in energy) == pytest.approx(one)


def test_equal_machines_are_told_to_be_the_same(dse) -> None:
    told = dse("--no-color", "compare", "tile:edge", "tile:edge", *ASK).out
    assert ", the same." in " ".join(told.split())


def test_machines_come_from_files_and_from_studies(dse, study: Path, tmp_path) -> None:
    file = package.save(package.TileEngine.edge(), tmp_path / "edge.json")
    found = dse("compare", file, f"{study}#7", *ASK, "--json")
    assert found.code == 0, found.err
    fields = {step["field"] for step in found.json["steps"]}
    assert fields <= {"pes", "lanes_per_pe"}


def test_a_design_of_a_study_is_explained_by_parts_that_sum(dse, study: Path) -> None:
    told = dse("explain", study, "3", "--json").json
    parts = [*told["dynamic_energy_mj"].values(), *told["leakage_energy_mj"].values()]
    assert sum(parts) == pytest.approx(told["metrics"]["energy_mj"], rel=1e-6)
    text = dse("explain", study, "3").out
    assert text.startswith("Design 3: ")
    assert "component" in text


def test_a_design_of_a_finished_sweep_is_explained(dse, front, tmp_path) -> None:
    package.save(front, tmp_path / "front.parquet")
    number = int(front.index[0])
    told = dse("explain", tmp_path, number, "--json").json
    known = float(front.metrics["energy"][0])
    assert told["metrics"]["energy_mj"] == pytest.approx(known * 1e3, rel=1e-6)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("compare", "tile:edge", "tile:srever", *ASK), "Did you mean `server`"),
        (("compare", "tile", "tile:edge", *ASK), "is no design"),
        (("compare", "tile:edge", "no.json", *ASK), "no.json"),
        (("compare", "tile:edge", "tile:edge", *ASK, "--out", "x.png"), ".html"),
        (
            ("compare", "tile:edge", "tile:edge", *ASK, "--metric", "x"),
            "`metric` is 'x'",
        ),
        (("explain", "no_such", "1"), "there is no study at no_such"),
        (("explain", "acceltran_design_space", "35640000"), "35,640,000 designs"),
    ],
)
def test_bad_input_is_refused(dse, words: tuple[str, ...], said: str) -> None:
    refused = dse(*words)
    assert refused.code == 2
    assert said in refused.err
