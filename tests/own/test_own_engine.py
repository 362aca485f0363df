"""An engine in a package of somebody else works wherever those of `dse` do."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dse
from dse.engines import registry
from dse.engines.registry import find_engine, known_engines
from dse.study.study import load_study
from dse.sweeps.fingerprint import differences, fingerprint

STUDY = """\
question = "Which array?"
engine = "systolic"
preset = "small"
objectives = ["max:throughput", "min:energy", "min:area"]
[[workload]]
model = "bert-tiny"
[space]
rows = [16, 32, 64]
columns = [16, 32]
[reference]
Large = "large"
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Say something to `dse` in another process, where the package is installed."""
    return subprocess.run(
        [sys.executable, "-m", "dse", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )


def test_the_example_is_short(started: Path) -> None:
    lines = (started / "systolic" / "systolic.py").read_text().splitlines()
    assert len(lines) < 80


def test_its_tests_pass_at_once(installed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "hand"],
        cwd=installed,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_it_obeys_the_laws(installed: Path) -> None:
    kind = find_engine("systolic")
    outcomes = list(dse.check_engine(kind.small()))
    assert len(outcomes) > 12
    assert [each for each in outcomes if each.fault] == []


def test_sweeps_tables_and_tuning_take_it(installed: Path) -> None:
    design = find_engine("systolic").small()
    bert = dse.transformer("bert-tiny", seq_len=64)
    space = dse.Space(design, rows=[16, 32], columns=[16, 32])
    runs = dse.sweep(space, bert, progress=False)
    known = [float(dse.evaluate(runs.row(i), bert).energy) for i in range(4)]
    np.testing.assert_allclose(runs.metrics["energy"], known, rtol=1e-6)
    model = dse.compile_model(design, bert, over=["rows"], backend="numpy")
    table = model({"rows": np.asarray([16.0, 32.0])})
    assert table["latency"][0] > table["latency"][1]
    best = dse.tune("min:area", space, workload=bert)
    assert (best.design.rows, best.design.columns) == (16.0, 16.0)
    assert float(dse.gradient(design, bert, "area").buffer_mib) > 0


def test_results_of_it_are_saved_and_loaded(installed: Path, tmp_path: Path) -> None:
    design = find_engine("systolic").large()
    saved = dse.save(design, tmp_path / "design.json")
    assert dse.load(saved) == design
    read = f"import dse; print(dse.load({str(saved)!r}).rows)"
    done = subprocess.run(
        [sys.executable, "-c", read],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    assert done.stdout.strip() == "128.0", done.stderr


def test_the_command_line_and_studies_take_it(installed: Path, tmp_path: Path) -> None:
    ask = ("--workload", "bert-tiny", "--set", "rows=16")
    named = run(installed, "evaluate", "--engine", "systolic", *ask)
    assert "SystolicArray" not in named.stdout
    assert "Systolic: " in named.stdout, named.stderr
    by_file = run(
        tmp_path, "evaluate", "--engine", str(installed / "systolic.py"), *ask
    )
    assert by_file.stdout == named.stdout
    assert "systolic" in run(installed, "engines").stdout
    (tmp_path / "study.toml").write_text(STUDY)
    swept = run(installed, "sweep", str(tmp_path), "--out", str(tmp_path / "out"))
    assert swept.returncode == 0, swept.stderr
    assert len(dse.load(tmp_path / "out")) >= 1


def test_machines_of_a_file_are_compared(installed: Path, tmp_path: Path) -> None:
    file = installed / "systolic.py"
    ask = ("--workload", "bert-tiny", "--json")
    named = run(installed, "compare", "systolic:small", "systolic:large", *ask)
    by_file = run(tmp_path, "compare", f"{file}:small", f"{file}:large", *ask)
    assert by_file.returncode == 0, by_file.stderr
    values = json.loads(by_file.stdout)["values"]
    assert values == json.loads(named.stdout)["values"]


def test_a_sweep_knows_when_the_code_of_an_engine_changed(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "study.toml").write_text(STUDY)
    study = load_study(tmp_path)
    before = fingerprint(study)
    file = installed / "systolic.py"
    text = file.read_text()
    try:
        file.write_text(text + "# another line\n")
        assert differences(before, fingerprint(study)) == ["code"]
    finally:
        file.write_text(text)


def test_the_verb_says_of_each_law_whether_it_holds(
    started: Path, tmp_path: Path
) -> None:
    text = (started / "systolic" / "systolic.py").read_text()
    broken = tmp_path / "upside_down.py"
    broken.write_text(text.replace('technology["multiplier.area"]', "-1.0"))
    done = run(tmp_path, "check-engine", str(broken), "--preset", "small")
    assert done.returncode == 1
    assert "small: nothing is negative: `area` is -" in done.stdout
    assert "small: parts sum to totals: holds" in done.stdout
    assert re.search(r"\d+ of \d+ hold\.", done.stdout)


def test_the_verb_says_where_an_engine_fails(started: Path, tmp_path: Path) -> None:
    text = (started / "systolic" / "systolic.py").read_text()
    broken = tmp_path / "mistyped.py"
    broken.write_text(text.replace("self.rows", "self.rowz", 1))
    line = next(i for i, each in enumerate(text.splitlines(), 1) if "self.rows" in each)
    done = run(tmp_path, "check-engine", str(broken), "--preset", "small")
    assert done.returncode == 1
    assert f"AttributeError at mistyped.py:{line}: 'Systolic'" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("self.rows", "self.rowz", "mistyped.py:{line}: AttributeError: 'Systolic'"),
        ("return cls()", "return 7", "`Systolic.small` returns 7; return a machine"),
        ("20.0", "'x'", "mistyped.py: `Systolic.word_bits` is 'x'; give a number of"),
    ],
)
def test_a_fault_of_ones_own_code_is_told_with_its_line(
    started: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (started / "systolic" / "systolic.py").read_text()
    (tmp_path / "mistyped.py").write_text(text.replace(old, new, 1))
    line = next(i for i, each in enumerate(text.splitlines(), 1) if old in each)
    file = str(tmp_path / "mistyped.py")
    words = ("--engine", file, "--preset", "small", "--workload", "bert-tiny")
    done = run(tmp_path, "evaluate", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said.format(line=line) in done.stderr


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "must define one engine, a class of `dse.Engine`; it defines none"),
        ("1 / 0", "cannot be run: ZeroDivisionError: division by zero"),
        ("import nothing_such", "cannot be run: No module named 'nothing_such'"),
        ("x = (", "cannot be run: SyntaxError"),
        (
            "import dse\nclass Mine(dse.PlainEngine):\n    presets = ('one',)",
            "has no class method `one`",
        ),
        ("import dse\nclass Mine(dse.Engine):\n    pass", "write `@dse.record` above"),
        (
            "import dse\n@dse.record\nclass Mine(dse.PlainEngine):\n    pass",
            "`Mine.presets` is empty",
        ),
    ],
)
def test_a_file_without_an_engine_is_refused(
    tmp_path: Path, code: str, said: str
) -> None:
    name = f"own_{abs(hash(code)) % 10**8}"
    (tmp_path / f"{name}.py").write_text(code)
    with pytest.raises(dse.InputError, match=re.escape(said)):
        importlib.import_module("dse.engines.own").engine_in(
            str(tmp_path / f"{name}.py")
        )


def test_a_file_of_gigabytes_is_no_engine(tmp_path: Path) -> None:
    path = tmp_path / "large.py"
    path.touch()
    os.truncate(path, 2**34)
    with pytest.raises(dse.InputError, match=r"large\.py: has 17,179,869,184 bytes"):
        importlib.import_module("dse.engines.own").engine_in(str(path))


def test_what_is_no_module_or_file_is_refused() -> None:
    own = importlib.import_module("dse.engines.own")
    for wrong in ("tlie", "no/such.py", "json.py"):
        with pytest.raises(dse.InputError):
            own.engine_in(wrong)


def test_the_folder_of_an_engine_is_told_its_file(
    started: Path, tmp_path: Path
) -> None:
    own = importlib.import_module("dse.engines.own")
    folder = started / "systolic"
    file = re.escape(f"{folder}/systolic.py")
    with pytest.raises(dse.InputError, match=f"is a folder; give .* in it: {file}"):
        own.engine_in(str(folder))
    with pytest.raises(dse.InputError, match=r"no Python file in it; .* `dse new en"):
        own.engine_in(str(tmp_path))
    for name in ("one.py", "two.py"):
        (tmp_path / name).touch()
    with pytest.raises(dse.InputError, match=r"give the Python .*: one\.py or two\.py"):
        own.engine_in(str(tmp_path))


def test_nothing_is_left_beside_the_file_of_an_engine(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    text = (started / "systolic" / "systolic.py").read_text()
    (tmp_path / "beside_mine.py").write_text("ROWS = 16\n")
    file = tmp_path / "left_alone.py"
    file.write_text(f"{text}\nfrom beside_mine import ROWS\n")
    importlib.import_module("dse.engines.own").engine_in(str(file))
    assert {path.name for path in tmp_path.iterdir()} == {file.name, "beside_mine.py"}
    assert not sys.dont_write_bytecode


def test_a_package_that_cannot_be_loaded_stops_nobody_else(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "torn-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: torn\nVersion: 0\n")
    points = "[dse.engines]\ntorn = no_such_module:Torn\ntile = json:dumps\n"
    (about / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    assert find_engine("tile") is dse.TileEngine  # nobody takes a name of dse
    assert known_engines()[-1] == "torn"
    with pytest.raises(dse.InputError, match="engine `torn` of an installed package"):
        find_engine("torn")
    with pytest.raises(dse.InputError, match=r"`tlie` is not an engine. Did you mean"):
        find_engine("tlie")
    done = run(tmp_path, "engines")
    assert done.returncode == 0
    assert "torn" in done.stdout
    assert "crossbar" in done.stdout


def test_a_registered_engine_is_known_by_its_name(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    kind = find_engine("systolic")
    dse.register_engine("mine", kind)
    dse.register_engine("mine", kind)  # a cell that is run again
    assert find_engine("mine") is kind
    assert float(dse.evaluate("mine:small", "bert-tiny").area) > 0
    for name, given, said in (
        ("tile", kind, "is the name of `TileEngine` already"),
        ("mine", dse.NMEngine, "already; give another one"),
        ("My-Own", kind, "which names no engine; write"),
        ("other", dict, "is the class `dict`; give a class of `dse.Engine`"),
        ("other", kind.small(), "give a class of"),
    ):
        with pytest.raises(dse.InputError, match=re.escape(said)):
            dse.register_engine(name, given)
