"""What `dse new` writes works at once, and nothing that is there is written over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dse.cli.main import main
from dse.hardware.parameters import load_parameters


@pytest.fixture
def say(capsys, tmp_path, monkeypatch):
    """Say something in an empty folder; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


def test_a_new_study_is_swept(say, tmp_path: Path) -> None:
    code, out, _ = say("new", "study", "own")
    assert (code, sorted(p.name for p in Path("own").iterdir())) == (
        0,
        ["README.md", "study.toml"],
    )
    assert "Next: dse sweep own" in out
    code, out, err = say("sweep", "own", "--out", "found")
    assert code == 0, err
    assert "AccelTran-Edge" in out


def test_a_new_technology_is_used_by_path_and_by_name(say, monkeypatch) -> None:
    assert say("new", "technology", "own")[0] == 0
    assert say("params", "--check", "own/own.toml")[0] == 0
    ask = ("evaluate", "--workload", "bert-tiny", "--json")
    by = "--technology"
    named = ("--hw-params", "own", *ask, by, "own")
    answers = [say(*words) for words in (ask, (*ask, by, "own/own.toml"), named)]
    assert [code for code, _, _ in answers] == [0, 0, 0], answers[2]
    plain, by_path, by_name = (json.loads(out)["metrics"] for _, out, _ in answers)
    assert by_path["energy_mj"] != plain["energy_mj"]
    assert by_name == by_path
    assert "own" in say("--hw-params", "own", "params")[1]
    monkeypatch.setenv("DSE_HW_PARAMS", "own")
    assert load_parameters("own")["activation_buffer.leakage_power"].value == 20
    monkeypatch.delenv("DSE_HW_PARAMS")
    assert say("params", "own")[0] == 2  # the option was of that call alone


def test_a_file_of_ones_own_folder_goes_first(say, monkeypatch) -> None:
    """A machine's own technology is read from there, too, and says so."""
    say("new", "technology", "own")
    Path("own/own.toml").rename("own/acceltran.toml")
    ask = ("evaluate", "--workload", "bert-tiny")
    code, out, err = say("--hw-params", "own", *ask)
    assert code == 0, err
    assert "technology acceltran of" in " ".join(out.split())
    assert "acceltran of" not in say(*ask)[1]
    code, _, err = say("--hw-params", "no_such", "params")
    assert code == 2
    assert "no folder" in err


@pytest.mark.parametrize("kind", ["study", "engine", "technology"])
def test_nothing_is_written_over(say, kind: str) -> None:
    Path("own").mkdir()
    Path("own/kept.txt").write_text("mine")
    code, _, err = say("new", kind, "own")
    assert (code, [p.name for p in Path("own").iterdir()]) == (2, ["kept.txt"])
    assert "is there already" in err


def test_a_link_that_leads_nowhere_takes_a_name(say) -> None:
    Path("own").symlink_to("nowhere")
    code, _, err = say("new", "study", "own")
    assert (code, "`own` is there already" in err) == (2, True)


@pytest.mark.parametrize("name", ["Own", "../own", "1st", "", "own-chip", "a b"])
def test_what_is_no_name_is_refused(say, name: str) -> None:
    code, _, err = say("new", "engine", name)
    assert (code, list(Path().iterdir())) == (2, [])
    assert "is no name" in err


def test_a_name_of_dse_is_refused(say) -> None:
    assert say("new", "engine", "tile")[0] == 2
    assert say("new", "technology", "acceltran")[0] == 2
