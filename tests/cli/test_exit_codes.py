"""What stops a verb becomes one message on stderr and an exit code."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

VERBS = ("evaluate", "sweep", "pareto", "params", "cite", "validate", "info")
Dse = Callable[..., Any]


def test_help_names_every_verb_with_a_whole_sentence(dse: Dse) -> None:
    answer = dse("--help")
    assert answer.code == 0
    lines = dict(line.split(None, 1) for line in answer.out.splitlines() if "." in line)
    assert set(VERBS) <= set(lines)
    assert all(lines[verb].endswith(".") and "..." not in lines[verb] for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_and_offers_json(dse: Dse, verb: str) -> None:
    answer = dse(verb, "--help")
    assert answer.code == 0
    assert "--json" in answer.out
    assert "--quiet" in answer.out
    assert "--verbose" in answer.out


@pytest.mark.parametrize(
    "call",
    [
        "cite sta_cached --no-color",
        "--no-color cite sta_cached",
        "reference list --no-color --hw-params own",
        "curves --hw-params=own --no-color bert-tiny/wordnet/topk",
    ],
)
def test_options_of_all_verbs_may_stand_anywhere(
    dse: Dse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own").mkdir()
    found = dse(*call.replace("sta_cached", "tuli2023acceltran").split())
    assert found.code == 0, found.err
    assert "DSE_HW_PARAMS" not in os.environ
    wrong = dse("curves", "--hw-params", "nowhere")
    assert wrong.code == 2
    assert "nowhere" in wrong.err
    assert dse("curves", "--hw-params").code == 2
    assert dse("curves", "--", "--no-color").code == 2  # a name that begins oddly


@pytest.mark.parametrize(
    "arguments",
    [
        ("swep",),
        ("evaluate",),
        ("sweep", "x", "--block-size", "0"),
        ("evaluate", "--workload", "bert-tiny", "--weight-density", "1.5"),
        ("evaluate", "--workload", "bert-tiny", "--timing", "fast"),
        ("evaluate", "--workload", "bert-tiny", "--batch", "1.5"),
        ("evaluate", "--workload"),
        ("evaluate", "--workload", "bert-tiny", "--kept-pairs", "nan"),
        ("evaluate", "--workload", "bert-tiny", "--node", "inf"),
    ],
)
def test_a_wrong_call_exits_with_2(dse: Dse, arguments: tuple[str, ...]) -> None:
    answer = dse(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert "Error" in answer.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("params", "acceltrn"), "Did you mean `acceltran`?"),
        (("cite", "acceltrn"), "Did you mean `acceltran`?"),
        (("validate", "acceltran", "--data", "no.csv"), "`no.csv` is no file"),
        (("validate", "aceltran"), "Did you mean `acceltran`?"),
        (("pareto", "no.csv", "--objectives", "max:a"), "no.csv is no file"),
        (("sweep", "nowhere"), "there is no study at nowhere"),
        (("sweep", "acceltran_design_space", "--out", "a" * 3000), "too long a name"),
        (("evaluate", "--workload", "bert-bse"), "Did you mean `bert-base`?"),
    ],
)
def test_bad_input_exits_with_2_and_one_message(
    dse: Dse, arguments: tuple[str, ...], message: str
) -> None:
    answer = dse(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert message in answer.err
    assert "Traceback" not in answer.err


def test_what_the_machine_refuses_exits_with_1(
    dse: Dse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("dse.cli.cite._references", refuse)
    answer = dse("cite")
    assert answer.code == 1
    assert answer.err == "Failed: the disk is full\n"


def test_verbose_says_more_and_quiet_less(dse: Dse) -> None:
    assert "Took" in dse("cite", "gpt2", "-v").err
    assert dse("cite", "gpt2").err == ""
