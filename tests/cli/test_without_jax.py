"""What needs no JAX does not wait for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# What takes a tenth of a second or more to load, and serves large work only.
HEAVY = ("llvmlite", "moocore", "optax", "pandas", "plotly", "pyarrow", "scipy")
PROGRAM = """
import sys
from dse.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    print(f"code {ended.code}, JAX {'jax' in sys.modules}", file=sys.stderr)
    print(f"loaded {[name for name in HEAVY if name in sys.modules]}", file=sys.stderr)
""".replace("HEAVY", repr(HEAVY))
PARAMETERS = "[softmax.area]\nvalue = 1.0\nunit = 'um'\n"


def ask(*arguments: str | Path) -> str:
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return run.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("sweep", "--help"),
        ("params",),
        ("params", "acceltran", "--json"),
        ("params", "transformers"),
        ("cite", "acceltran"),
        ("cite", "gpt2", "stillmaker2017scaling"),
    ],
    ids=" ".join,
)
def test_help_params_and_cite_do_not_import_jax(arguments: tuple[str, ...]) -> None:
    assert "code 0, JAX False" in ask(*arguments)


def test_citing_a_study_does_not_import_jax(study: Path) -> None:
    assert "code 0, JAX False" in ask("cite", study)


def test_errors_in_files_are_told_without_jax(study: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(PARAMETERS)
    assert "code 2, JAX False" in ask("params", "--check", own)
    file = study / "study.toml"
    file.write_text(file.read_text().replace("objectives =", "objective ="))
    assert "code 2, JAX False" in ask("sweep", study)


def test_errors_in_a_call_of_evaluate_are_told_without_jax() -> None:
    assert "code 2, JAX False" in ask("evaluate", "--workload", "bert-bse")
    wrong = ("evaluate", "--workload", "bert-tiny", "--set", "pes")
    assert "code 2, JAX False" in ask(*wrong)


def test_a_first_answer_waits_for_nothing_but_jax() -> None:
    said = ask("evaluate", "--workload", "bert-tiny", "--seq-len", "16")
    assert "code 0, JAX True\nloaded []" in said
