"""All fits a terminal of 80 columns, or the program says how wide its tables are."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from dse.show.text_table import text_table, too_wide

Dse = Callable[..., Any]
ON_TIME = [
    *("info", "engines", "engines tile", "models", "models llama-3-8b", "memories"),
    *("curves", "curves bert-base/sst-2/dynatran", "params", "reference list"),
    *("params acceltran", "params memories", "params reference_machines"),
    "evaluate --workload llama-3-8b --mode decode --context-len 2048 --format w4a16",
    "compare tile:edge nm:edge --workload bert-tiny",
    "explain acceltran_design_space 1234",
    *(
        pytest.param(words, marks=pytest.mark.nightly)
        for words in (
            "validate energon",
            "validate sta",
            "validate sprint",
            "league",
            "compare tile:edge tile:server --workload llama-3-8b --seq-len 64",
        )
    ),
]
WIDER = [
    "curves minilm-l6/wordnet/dynatran",
]


def widths(text: str) -> list[int]:
    """Return how wide the tables of a text are, by the rules below their heads."""
    return [len(line) for line in text.splitlines() if re.fullmatch("-+(  -+)*", line)]


@pytest.mark.parametrize("words", ON_TIME)
def test_an_answer_fits_80_columns(
    dse: Dse, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    answer = dse(*words.split())
    assert answer.code == 0, answer.err
    assert max(widths(answer.out)) <= 80
    assert [line for line in answer.out.splitlines() if len(line) > 80] == []
    assert "columns wide" not in answer.err


@pytest.mark.parametrize("words", WIDER)
def test_a_table_that_cannot_says_how_to_widen(
    dse: Dse, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    answer = dse(*words.split())
    (said,) = [line for line in answer.err.splitlines() if "columns wide" in line]
    wide = max(widths(answer.out))
    assert said.endswith(f"of 80: widen the terminal, or set COLUMNS={wide}.")
    monkeypatch.setenv("COLUMNS", str(wide))
    answer = dse(*words.split(), "--quiet")
    assert max(widths(answer.out)) <= wide
    assert answer.err == ""


def test_where_a_number_is_from_stands_below_it_if_there_is_no_room(
    dse: Dse, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {}
    for wide in ("80", "400"):
        monkeypatch.setenv("COLUMNS", wide)
        told[wide] = dse("params", "acceltran").out
    narrow = told["80"].splitlines()
    assert max(map(len, narrow)) <= 80
    place = next(i for i, line in enumerate(narrow) if line.startswith("process.node "))
    assert narrow[place].split() == ["process.node", "14", "nm", "quoted"]
    source = "    tuli2023acceltran, synthesis set-up: 14 nm FinFET library, SG"
    assert narrow[place + 1] == source
    words = [Counter(text.replace(",", "").split()) for text in told.values()]
    assert not {word for word in words[1] - words[0] if set(word) != {"-"}} - {
        "source",
        "where",
    }


def test_the_answer_of_a_sweep_fits(
    dse: Dse, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for more in ((), ("--dry-run",)):
        answer = dse("sweep", study, *more)
        assert 0 < max(widths(answer.out)) <= 80
        assert "columns wide" not in answer.err


ASKED = 3 * "Which machine is best for who has a terminal of 80 columns? "


@pytest.mark.parametrize(
    "call",
    [
        "sweep STUDY",
        "sweep STUDY --dry-run",
        "sweep STUDY --shard 1/2 --out OUT --parts 3",
        "tune STUDY --min energy --steps 2 --starts 2",
    ],
)
def test_no_line_of_an_answer_is_wider_than_the_terminal(
    dse: Dse, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    file = study / "study.toml"
    file.write_text(re.sub('"Which.*"', f'"{ASKED}"', file.read_text(), count=1))
    places = {"STUDY": str(study), "OUT": str(tmp_path / "out")}
    answer = dse(*(places.get(word, word) for word in call.split()))
    assert answer.code == 0, answer.err
    assert [line for line in answer.out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize(
    "call", ["evaluate --workload brt", "evaluate --timing fast", "sweep --seed -1 x"]
)
def test_a_message_is_wrapped_for_a_terminal_and_a_line_for_a_program(
    dse: Dse, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    piped = dse(*call.split())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    shown = dse(*call.split())
    assert (piped.code, shown.code) == (2, 2)
    assert widest_line(piped.err) > 60 >= widest_line(shown.err)
    assert piped.err.split() == shown.err.split()


CLI = sorted((Path(__file__).parents[2] / "dse" / "cli").glob("*.py"))
_VALUE = 16  # letters, of a value that a sentence is told with


@pytest.mark.parametrize("file", CLI, ids=lambda file: file.stem)
def test_a_sentence_that_is_said_as_it_stands_is_short(file: Path) -> None:
    """What may be longer is wrapped, by `prose`."""
    for call in ast.walk(ast.parse(file.read_text())):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "say":
            said = call.args[0]
            parts = said.values if isinstance(said, ast.JoinedStr) else [said]
            if isinstance(parts[0], ast.Constant | ast.FormattedValue):
                told = [str(getattr(part, "value", "")) for part in parts]
                assert sum(map(_length, parts)) <= 80, told


def _length(part: ast.expr) -> int:
    return len(str(part.value)) if isinstance(part, ast.Constant) else _VALUE


def widest_line(text: str) -> int:
    return max(map(len, text.splitlines()))


def test_a_long_name_is_cut_where_its_parts_meet(
    dse: Dse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = dse("memories").out.splitlines()
    assert "main_memory." in {line[23:45].strip() for line in lines}
    assert not {"y", "gy", "rgy", "ergy"} & {line.strip() for line in lines}


words = st.text("ab1", min_size=1, max_size=9)
cells = st.lists(words, min_size=1, max_size=4).map(" ".join)
tables = st.integers(1, 6).flatmap(
    lambda count: st.lists(st.tuples(*[cells] * count), min_size=2, max_size=4)
)


@settings(max_examples=50)
@given(tables)
def test_a_table_is_no_wider_than_it_must_be_and_loses_nothing(
    lines: list[tuple[str, ...]],
) -> None:
    """Names of rows are cut between words only, numbers never."""
    table = text_table(lines[0], lines[1:])
    told = [re.sub(r"[\s-]", "", text) for text in (table, *map("".join, lines))]
    assert sorted(told[0]) == sorted("".join(told[1:]))
    (wide,) = widths(table)
    assert too_wide(table) == (wide if wide > 80 else 0)
    names, *columns = zip(*lines, strict=True)
    fewest = max(len(word) for name in names for word in name.split())
    for head, *column in columns:
        is_number = not set("".join(column)) - set("1 ")
        whole = max(map(len, (*column, *head.split()))) if is_number else 0
        fewest += 2 + max(12, whole)
    assert wide <= max(80, fewest)
