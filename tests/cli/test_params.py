"""`dse params` and `dse cite`: numbers, and what they rest on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dse.hardware.parameters import load_parameters
from dse.shipped import hw_params_folder

Dse = Callable[..., Any]


def test_every_number_is_shown_with_unit_status_and_source(dse: Dse) -> None:
    lines = dse("params", "acceltran").out.splitlines()
    assert lines[0].split() == ["parameter", "value", "unit", "status"]
    assert max(map(len, lines)) <= 80  # of 376 in one line each
    rows = [line for line in lines[2:] if not line.startswith(" ")]
    assert len(rows) == len(load_parameters("acceltran").entries)
    area = next(line for line in lines if line.startswith("softmax.area_tile_16"))
    assert area.split()[1:4] == ["87573.32612", "um^2", "quoted"]


def test_json_holds_what_the_file_holds(dse: Dse) -> None:
    found = dse("params", "acceltran", "--json").json["parameters"]
    assert found["clock.frequency"] == {
        "value": 700.0,
        "unit": "MHz",
        "status": "quoted",
        "source": "tuli2023acceltran",
        "where": "constants.yaml, clock_frequency",
    }
    assumed = [entry for entry in found.values() if entry["status"] == "assumed"]
    assert all({"low", "high", "why"} <= entry.keys() for entry in assumed)


def test_the_list_tells_parameter_files_from_tables_of_models(dse: Dse) -> None:
    found = dse("params", "--json").json
    names = [file["name"] for file in found["parameter_files"]]
    assert names == sorted(names)
    assert {"acceltran", "sta", "sprint", "energon", "stillmaker2017"} <= set(names)
    assert found["model_files"][0]["name"] == "transformers"
    text = dse("params").out
    assert "stillmaker2017" in text
    assert "transformers" in text


def test_models_are_shown_with_their_size_and_source(dse: Dse) -> None:
    models = {
        row["name"]: row
        for row in dse("params", "transformers", "--json").json["models"]
    }
    assert models["bert-base"]["parameters"] == 109_482_240
    assert models["bert-base"]["source"] == "devlin2019bert"
    assert "109,482,240" in dse("params", "transformers").out


def test_a_file_in_order_is_told_to_be(dse: Dse, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    shutil.copy(hw_params_folder() / "acceltran.toml", own)
    answer = dse("params", "--check", own, "--like", "acceltran")
    assert answer.code == 0
    assert "all in order" in answer.out
    models = dse(
        "params", "--check", hw_params_folder() / "transformers.toml", "--json"
    )
    assert models.json["models"] > 10


def test_all_faults_of_a_file_are_told_at_once(dse: Dse, tmp_path: Path) -> None:
    own = tmp_path / "acceltran.toml"
    text = (hw_params_folder() / "acceltran.toml").read_text()
    text = text.replace('unit   = "MHz"', 'unit   = "mm"', 1)
    own.write_text(text.replace("[process.node]", "[process.nodes]"))
    answer = dse("params", "--check", own)
    assert answer.code == 2
    lines = [line for line in answer.err.splitlines() if line.startswith(f"{own}:")]
    assert any("process.nodes" in line for line in lines)
    assert any("clock.frequency" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("stillmaker2017", ["stillmaker2017scaling", "accelergy2024library"]),
        ("minilm-l6", ["wang2020minilm"]),
        ("devlin2019bert", ["devlin2019bert"]),
    ],
)
def test_files_models_and_keys_are_cited(dse: Dse, name: str, keys: list[str]) -> None:
    entries = dse("cite", name).out.split("\n@")
    assert [entry.split("{")[1].split(",")[0] for entry in entries] == keys


def test_it_is_told_which_figures_are_assumed(dse: Dse) -> None:
    found = dse("cite", "sofa_scaling", "--json").json["figures"]["sofa_scaling"]
    told = dse("params", "sofa_scaling", "--json").json
    assert sum(map(len, found.values())) == len(told["parameters"])
    assert "mac.energy" in dse("cite", "shared_parts").out.split("Assumed: ")[1]
    assert dse("cite", "bert-tiny", "--json").json["figures"] == {}


def test_what_two_names_share_is_cited_once(dse: Dse) -> None:
    both = dse("cite", "acceltran", "tuli2023acceltran", "bert-nano").out
    assert both.count("{tuli2023acceltran,") == 1


def test_a_study_is_cited_with_its_technology_and_its_models(
    dse: Dse, study: Path
) -> None:
    found = dse("cite", study, "--json").json["bibtex"]
    assert "{tuli2023acceltran," in found
    assert "{turc2019wellread," in found
    assert "{devlin2019bert," not in found


def test_everything_is_cited_where_nothing_is_named(dse: Dse) -> None:
    everything = dse("cite").out
    assert everything.count("\n@") + 1 == dse("cite", "--json").json["bibtex"].count(
        "@"
    )
    assert "{radford2019gpt2," in everything


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--check", "own.toml", "--like", "typo.toml"), "typo.toml is no file"),
        (("--check", "own.toml", "--like", "acceltrn"), "Did you mean `acceltran`?"),
        (("acceltran", "--like", "acceltran"), "--like belongs to --check"),
        (("--check", "transformers.toml", "--like", "sta"), "--like belongs to"),
    ],
)
def test_a_file_is_compared_with_what_there_is(
    dse: Dse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    shutil.copy(hw_params_folder() / "acceltran.toml", tmp_path / "own.toml")
    monkeypatch.chdir(tmp_path)
    answer = dse("params", *arguments)
    assert answer.code == 2
    assert said in answer.err
