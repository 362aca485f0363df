"""Pages are run as they are read: commands and Python in turn, in one folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return language and text of each block that something can run."""
    return re.findall(r"^```(sh|python)\n(.*?)^```", page.read_text(), re.M | re.S)


def printed(page: Path) -> dict[str, str]:
    """Return what blocks of Python print, by their text, where a page tells it."""
    told = r"^```python\n(.*?)^```\n\n```text\n(.*?)^```"
    return dict(re.findall(told, page.read_text(), re.M | re.S))


def run_page(page: Path, folder: Path) -> None:
    """Run commands and Python of a page in a folder, each block where it stands.

    A block of Python that imports nothing goes on from those before it, and prints what
    the page tells.
    """
    session = ""
    told = printed(page)
    place = folder / ".bin"
    place.mkdir()
    command = place / "dse"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dse "$@"\n')
    command.chmod(0o755)
    path = {"PATH": f"{place}:{os.environ['PATH']}"}
    for language, text in blocks(page):
        if language == "python":
            session = text if "import " in text else session + text
        words = {
            "sh": ["bash", "-euo", "pipefail", "-c", text],
            "python": [sys.executable, "-c", session],
        }[language]
        done = subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, **path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr}"
        assert done.stdout.endswith(told.get(text, "")), f"{text}\n{done.stdout}"
