"""The page on large sweeps is run word for word, on a study that takes a second."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "large_sweeps.md").read_text()
TINY = """\
question = "Which of 288 machines runs BERT-Tiny best?"
engine = "tile"
preset = "edge"
objectives = ["max:throughput", "min:energy", "min:area"]
[[workload]]
model = "bert-tiny"
[space]
pes = [16, 32, 64, 128]
lanes_per_pe = [2, 4, 8, 16]
batch = [4, 8, 16]
activation_buffer_mib = [1, 2, 4]
weight_buffer_mib = [8, 16]
"""
FOLDERS = ("array", "dask", "every", "joined", "kept", "remote", "shared", ".")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def run(script: str, folder: Path, **more: str) -> None:
    """Run a script as bash does, with a `dse` on its path."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    command = place / "dse"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dse.cli.main "$@"\n')
    command.chmod(0o755)
    names = {
        "PATH": f"{place}:{os.environ['PATH']}",
        "STUDY": str(folder / "study.toml"),
        "RUN": str(folder / "run"),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, **names, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.nightly
def test_every_command_runs_and_all_ways_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(TINY)
    [job] = blocks("sbatch")
    for block in blocks("sh"):
        if "$RUN/array" in block:
            for task in ("2", "1"):
                numbers = {"SLURM_ARRAY_TASK_ID": task, "SLURM_ARRAY_TASK_COUNT": "2"}
                run(job, tmp_path, **numbers)
        run(block, tmp_path)
    answers = [(tmp_path / "run" / name / "front.parquet") for name in FOLDERS]
    found = {path: path.read_bytes() for path in answers if path.is_file()}
    assert len(found) == len(FOLDERS)
    assert len(set(found.values())) == 1
    assert len(list((tmp_path / "run" / "every" / "parts").glob("part-*"))) == 1
    assert (tmp_path / "run" / "kept" / "top.parquet").is_file()


def test_the_page_names_every_way_to_share_a_sweep() -> None:
    commands = " ".join(blocks("sh") + blocks("sbatch"))
    for option in ("--shard", "--dask", "--store", "--keep", "--parts", "dse merge"):
        assert option in commands
