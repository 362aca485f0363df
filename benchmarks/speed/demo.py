"""What `make demo` takes, whole: `python -m benchmarks.speed.demo`.

Runs the sweep of a study with its report in fresh processes and prints JSON: wall time,
CPU time of all threads, and the most memory resident, of each run and of the best.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

STUDY = Path(__file__).parents[2] / "studies" / "acceltran_design_space"


def run_once(study: Path) -> dict[str, float]:
    """Sweep a study once, start of Python included; seconds and MB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dse.cli.main", "sweep", str(study)]
        command += ["--out", folder, "--quiet"]
        silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        began = time.perf_counter()
        child = os.posix_spawn(sys.executable, command, os.environ, file_actions=silent)
        _, status, used = os.wait4(child, 0)
        wall = time.perf_counter() - began
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    return {
        "wall_s": wall,
        "cpu_s": used.ru_utime + used.ru_stime,
        "resident_mb": used.ru_maxrss / 1024,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.demo")
    parser.add_argument("--study", type=Path, default=STUDY)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    runs = [run_once(given.study) for _ in range(given.runs)]
    best = {key: min(run[key] for run in runs) for key in runs[0]}
    print(json.dumps({"cpus": os.cpu_count(), "best": best, "runs": runs}, indent=2))


if __name__ == "__main__":
    main()
