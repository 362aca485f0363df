"""What was computed is told and kept, whatever becomes of the places it goes to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dse.cli.output import check_folder

Dse = Callable[..., Any]
FILES = ["front.csv", "front.parquet", "report.html", "summary.json"]
PROGRAM = "from dse.cli.main import main; main()"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mounted(place: Path, *options: str) -> Iterator[Path]:
    """A file system of its own at a place; only root can make one."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", *options, "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system can be mounted by root only")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "mount")


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Path]:
    """A file system that is read only, with a folder `open` that is not."""
    for place in mounted(tmp_path / "sealed"):
        inside = place / "open"
        inside.mkdir()
        tmpfs = ["mount", "-t", "tmpfs", "tmpfs", str(inside)]
        subprocess.run(tmpfs, check=True)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        try:
            yield place
        finally:
            subprocess.run(["umount", str(inside)], check=True)


def test_the_answer_may_go_to_a_mount_or_below_what_is_read_only(
    dse: Dse, study: Path, mount: Path, sealed: Path
) -> None:
    for out in (mount, sealed / "open"):
        answer = dse("sweep", study, "--out", out)
        assert answer.code == 0, answer.err
        assert names(out) == FILES


def never(*_: Any, **__: Any) -> None:
    raise AssertionError("the work began")


@pytest.mark.parametrize(
    "call",
    [
        ("sweep", "STUDY", "--out"),
        ("merge", "STUDY", "STUDY", "--out"),
        ("measure", "nowhere", "--out"),
        ("train", "--out"),
    ],
)
def test_what_cannot_be_written_to_is_told_before_the_work(
    dse: Dse,
    study: Path,
    sealed: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: tuple[str, ...],
) -> None:
    for verb in ("sweep", "merge"):
        monkeypatch.setattr(f"dse.cli.{verb}.load_study", never)
    monkeypatch.setattr("dse.measure.tasks.load.load_task", never)
    words = [str(study) if word == "STUDY" else word for word in call]
    for out in (sealed, sealed / "deep" / "out"):
        answer = dse(*words, out)
        assert answer.code == 2
        assert answer.err == (
            f"{out} cannot be written to (Read-only file system); give --out another "
            "folder.\n"
        )
        assert names(sealed) == ["open"]


def test_a_folder_is_tried_by_a_file_that_no_kill_can_leave_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: there.extend(names(tmp_path)))
    check_folder(tmp_path)
    assert there == []


@pytest.mark.parametrize("name", ["nowhere/x.svg", "folder.html", "sealed/x.html"])
def test_a_place_for_a_picture_is_tried_before_the_games(
    dse: Dse, sealed: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("dse.evidence.league.play", never)
    (sealed.parent / "folder.html").mkdir()
    answer = dse("league", "--picture", sealed.parent / name)
    assert answer.code == 2
    assert str(sealed.parent) in answer.err


MACHINES = ("tile:edge", "tile:server", "--workload", "bert-tiny")


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (("compare", *MACHINES, "--out"), "it.html"),
        (("sweep", "STUDY", "--prove", "1 %", "--proof-file"), "it.npz"),
        (("tune", "STUDY", "--min", "energy", "--prove", "--proof-file"), "it.npz"),
        (("validate", "--learn"), ""),
        (("sweep", "STUDY", "--parts", "2", "--store"), "it"),
        (("sweep", "STUDY", "--parts", "2", "--store"), "study.toml/it"),
        (("merge", "STUDY"), "study.toml/it"),
    ],
)
@pytest.mark.parametrize("target", ["it", "no/where"])
def test_a_link_to_nothing_or_a_file_as_a_folder_is_told_before_the_work(
    dse: Dse,
    study: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: tuple[str, ...],
    name: str,
    target: str,
) -> None:
    for work in ("cli.parts.search_parts", "tuning.asked_proof.Enclosure"):
        monkeypatch.setattr(f"dse.{work}", never)
    monkeypatch.setattr("dse.explore.compare.compare", never)
    monkeypatch.setattr("dse.evidence.error_learning.collect", never)
    place = study / name
    if name:
        with suppress(FileExistsError, NotADirectoryError):
            place.symlink_to(target if target != "it" else place.name)
    else:
        (study / "reported").mkdir()
        (study / "model_error.json").symlink_to(target)
    words = [str(study) if word == "STUDY" else word for word in call]
    answer = dse(*words, place)
    assert answer.code == 2, answer.err
    assert str(place) in answer.err


def test_a_full_disk_is_told_before_the_work(
    dse: Dse, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for full in mounted(tmp_path / "full", "-o", "size=4k"):
        (full / "ballast").write_bytes(b"x" * 4096)
        monkeypatch.setattr("dse.cli.sweep.load_study", never)
        answer = dse("sweep", study, "--out", full / "out")
        assert answer.code == 2
        assert "cannot be written to (No space left on device)" in answer.err
        assert names(full) == ["ballast"]


def test_a_full_disk_leaves_an_older_curve_as_it_was(tmp_path: Path) -> None:
    from dse.sparsity.curve_file import read_curve_file, write_curve_file
    from dse.sparsity.curve_names import curve_path

    file = read_curve_file(curve_path("bert-tiny/wordnet/dynatran"))
    for full in mounted(tmp_path / "full", "-o", "size=64k"):
        write_curve_file(full / "curve.toml", file)
        before = (full / "curve.toml").read_bytes()
        with pytest.raises(OSError, match="No space left"):
            (full / "ballast").write_bytes(b"x" * 2**20)
        with pytest.raises(OSError, match="No space left"):
            write_curve_file(full / "curve.toml", file)
        assert names(full) == ["ballast", "curve.toml"]
        assert (full / "curve.toml").read_bytes() == before


def test_a_model_is_not_trained_over_another(dse: Dse, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"months of work")
    answer = dse("train", "--out", tmp_path)
    assert answer.code == 2
    assert f"{tmp_path} holds model.safetensors already; give --out" in answer.err
    assert names(tmp_path) == ["model.safetensors"]


def test_one_model_at_two_lengths_has_a_report(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    file = study / "study.toml"
    long = '[[workload]]\nmodel = "bert-tiny"\nseq_len = 256\n\n[space]'
    file.write_text(file.read_text().replace("[space]", long))
    answer = dse("sweep", study, "--out", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert names(tmp_path / "out") == FILES


def test_a_design_that_loses_nothing_has_its_place_in_the_report(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    file = study / "study.toml"
    text = file.read_text().replace("activation_density = 0.5", CURVE)
    text = text.replace("lanes_per_pe = [8, 16]", "threshold = [0.0, 0.02]")
    for objectives in (
        ["min:accuracy_drop", "min:area"],
        ["max:throughput", "min:accuracy_drop", "min:area"],
        ["min:accuracy_drop"],
    ):
        old = '["max:throughput", "min:energy", "min:area"]'
        file.write_text(text.replace(old, json.dumps(objectives)))
        out = tmp_path / "-".join(objectives).replace(":", "")
        answer = dse("sweep", study, "--out", out)
        assert answer.code == 0, answer.err
        assert names(out) == FILES


CURVE = 'density = "bert-tiny/wordnet/dynatran"\nthreshold = 0.0'


def run(*arguments: str | Path, stdout: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def test_a_reader_that_goes_away_costs_nothing(study: Path, tmp_path: Path) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    out = tmp_path / "out"
    done = run("sweep", study, "--out", out, "--quiet", stdout=writes)
    os.close(writes)
    assert (done.returncode, done.stderr) == (0, "")
    assert names(out) == FILES


@pytest.mark.parametrize(
    "arguments", [("--help",), ("sweep", "--help"), ("--version",), ("params",)]
)
def test_help_may_be_read_in_part(arguments: tuple[str, ...]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    done = run(*arguments, stdout=writes)
    os.close(writes)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_stdout_does_not_take_is_told_and_written(
    study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with open("/dev/full", "w") as full:
        done = run("sweep", study, "--out", out, "--quiet", stdout=full)
    assert done.returncode == 1
    assert done.stderr == (
        "Failed: stdout took not all of the answer: No space left on device\n"
    )
    assert names(out) == FILES


def test_drafts_of_a_killed_process_go_with_the_next_answer(
    dse: Dse, study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    left = out / ".dse-draft-k1ll3d"
    left.mkdir(parents=True)
    (left / "front.csv").write_text("half")
    assert dse("sweep", study, "--out", out).code == 0
    assert names(out) == FILES
