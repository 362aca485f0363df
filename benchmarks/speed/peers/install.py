"""Put other tools beside this project, each into an environment of its own.

`python -m benchmarks.speed.peers.install` makes them in `.peers/`, at pinned versions.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[3] / ".peers"
PACKAGES = {
    "zigzag": ["zigzag-dse==3.9.1", "six==1.17.0"],  # which it imports, and forgets
    "scalesim": ["scalesim==3.0.0", "numpy<2"],  # with newer ones it ends in an error
    "accelforge": ["accelforge==1.0.467"],
    "fronts": ["pymoo==0.6.1.5", "paretoset==1.2.5"],
}
PYTHONS = {"accelforge": "python3.12"}  # it cannot be read by an older one


def python_of(peer: str) -> Path | None:
    """Return the Python of a peer's environment; None where there is none."""
    python = FOLDER / peer / "bin" / "python"
    return python if (FOLDER / peer / "ready").exists() else None


def install(peer: str) -> None:
    """Make the environment of a peer anew, unless it is there."""
    python = shutil.which(PYTHONS.get(peer, "")) or sys.executable
    place = FOLDER / peer
    if (place / "ready").exists():
        return
    subprocess.run([python, "-m", "venv", "--clear", str(place)], check=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *PACKAGES[peer]], check=True)
    (place / "ready").touch()


if __name__ == "__main__":
    for name in PACKAGES:
        try:
            install(name)
        except subprocess.CalledProcessError as fault:
            print(f"{name} could not be installed: {fault}", file=sys.stderr)
