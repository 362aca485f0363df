"""Pages are run as they are read: what a page says is pasted in turn, in one folder."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dse.shipped import CACHE

ROOT = Path(__file__).parents[2]
RUN = ("python", "sh", "sbatch")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return language and text of each block of a page."""
    return re.findall(r"^```(\S*)\n(.*?)^```", page.read_text(), re.M | re.S)


def steps(page: Path) -> list[tuple[str, str, str]]:
    """Return language, text and printed lines, if told, of each block that is run."""
    code = rf"^```({'|'.join(RUN)})\n(.*?)^```"
    told = r"(?:\n\n```text\n(.*?)^```)?"
    return re.findall(code + told, page.read_text(), re.M | re.S)


def run_page(page: Path, folder: Path) -> None:
    """Run the blocks of a page in one Python and one shell; they print what is told."""
    shell, names = _Shell(folder), {"__name__": "__main__"}
    with _visit(folder):
        for language, text, told in steps(page):
            if language == "python":
                said = _run_python(text, names)
            elif language == "sh":
                said = shell.run(text)
            else:
                said = "".join(shell.run(text, task=task) for task in (2, 1))
            assert not told or said == told, f"{text}\nprinted\n\n{said}"


def _run_python(text: str, names: dict[str, Any]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "page", "exec"), names)
    return printed.getvalue()


class _Shell:
    """A shell that keeps what is exported from one block to the next, and has `dse`."""

    def __init__(self, folder: Path) -> None:
        place = folder / ".bin"
        place.mkdir()
        command = place / "dse"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dse "$@"\n')
        command.chmod(0o755)
        self._folder, self._kept = folder, place / "exported"
        self._kept.touch()
        path = f"{place}:{os.environ['PATH']}"
        self._env = {**os.environ, "PATH": path, CACHE: str(place / "models")}

    def run(self, text: str, task: int = 1) -> str:
        """Return what a block prints; one of two tasks, where it is a job array."""
        array = {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_COUNT": "2"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{text}\nexport -p >.bin/exported"],
            cwd=self._folder,
            env={**self._env, **array, "BASH_ENV": str(self._kept)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr}"
        return done.stdout


@contextlib.contextmanager
def _visit(folder: Path) -> Iterator[None]:
    """Work in a folder; modules that are found there are forgotten afterwards."""
    places = [*sys.path]
    with contextlib.chdir(folder):
        yield
    sys.path[:] = places
    for name, module in [*sys.modules.items()]:
        if str(folder) in (getattr(module, "__file__", None) or ""):
            del sys.modules[name]
