"""Would the tests notice? Lines they reach, and small faults that they should find.

    make coverage                                share of lines that the tests reach
    make mutants                                 60 faults, drawn by seed 1
    make mutants COUNT=600 SEED=7

Each test file runs once, alone, under coverage.py, so that it is known which files
reach a line (programs are traced once a process: two files in one would hide each
other). A mutant is the code with one operator, number or comparison changed, on a line
that some test reaches. The files that reach it run, fastest first, until one fails; a
mutant that all let pass survives and is listed. Copies of the checkout are changed,
never the checkout. `results/mutants` keeps what each file reaches: remove it when the
code has changed.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import json
import os
import queue
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "results" / "mutants"
PACKAGES = ("engines", "schedule", "hardware", "workload", "sparsity", "compile")
TESTS = (
    *("hardware", "sparsity", "workload", "schedule", "known_answers", "engines"),
    *("contract", "evidence"),
)
COPIED = ("dse", "tests", "hw_params", "studies", "benchmarks", "docs", "notebooks")
FILES = ("pyproject.toml", "README.md", "CHANGELOG.md", "Makefile")
PYTEST = (
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "-n",
    "0",
    "-x",
    "-p",
    "no:cacheprovider",
)


class Mutant(NamedTuple):
    """One change of one file: what stands from `start` to `end` becomes `new`."""

    path: str
    line: int
    start: int  # bytes of the file
    end: int
    new: str


# -- what the tests reach --------------------------------------------------------------


def run_under_coverage(test: str) -> float:
    """Run one test file; keep which lines it reaches, and return its seconds."""
    began = time.monotonic()
    cover = [sys.executable, "-m", "coverage", "run", f"--context={test}"]
    kept = KEPT / "lines" / (test.replace("/", "-") + ".coverage")
    told = [f"--data-file={kept}", "--include=dse/*", *PYTEST[1:], test]
    done = subprocess.run([*cover, *told], cwd=ROOT, capture_output=True, text=True)
    if done.returncode not in (0, 5):  # 5: it has no tests by day
        raise SystemExit(f"{test} fails unchanged:\n{done.stdout[-2000:]}")
    return time.monotonic() - began


def reach(jobs: int) -> None:
    """Run all test files under coverage; those that were run before are kept."""
    (KEPT / "lines").mkdir(parents=True, exist_ok=True)
    known = KEPT / "seconds.json"
    seconds = json.loads(known.read_text()) if known.exists() else {}
    tests = [
        str(path.relative_to(ROOT))
        for folder in TESTS
        for path in sorted((ROOT / "tests" / folder).rglob("test_*.py"))
    ]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        asked = {
            pool.submit(run_under_coverage, t): t for t in tests if t not in seconds
        }
        for done in concurrent.futures.as_completed(asked):
            seconds[asked[done]] = done.result()
            known.write_text(json.dumps(seconds, indent=1))


def reached() -> dict[str, dict[int, set[str]]]:
    """Return by file and line the test files that reach it."""
    import coverage

    found: dict[str, dict[int, set[str]]] = {}
    for kept in sorted((KEPT / "lines").glob("*.coverage")):
        data = coverage.CoverageData(basename=str(kept))
        data.read()
        for path in data.measured_files():
            lines = found.setdefault(str(Path(path).relative_to(ROOT)), {})
            for line, tests in data.contexts_by_lineno(path).items():
                lines.setdefault(line, set()).update(filter(None, tests))
    return found


def statements(path: Path) -> set[int]:
    """Return the first lines of all statements that can be reached."""
    from coverage.python import PythonParser

    parser = PythonParser(
        filename=str(path), exclude=r"if TYPE_CHECKING|pragma: no cover"
    )
    parser.parse_source()
    return set(parser.statements) - set(parser.excluded)


def print_coverage() -> None:
    """Print the share of lines of each package that the tests reach."""
    lines, total = reached(), [0, 0]
    for package in PACKAGES:
        hit = there = 0
        for path in sorted((ROOT / "dse" / package).rglob("*.py")):
            wanted = statements(path)
            got = wanted & set(lines.get(str(path.relative_to(ROOT)), ()))
            hit, there = hit + len(got), there + len(wanted)
            for line in sorted(wanted - got):
                print(f"  not reached: {path.relative_to(ROOT)}:{line}")
        total = [total[0] + hit, total[1] + there]
        print(f"dse/{package}: {hit} of {there} lines, {hit / there:.1%}")
    print(f"all: {total[0]} of {total[1]} lines, {total[0] / total[1]:.1%}")


# -- small faults ----------------------------------------------------------------------

OPERATORS: dict[type, str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.Pow: "*",
    ast.Lt: ">=",
    ast.LtE: ">",
    ast.Gt: "<=",
    ast.GtE: "<",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.And: "or",
    ast.Or: "and",
    ast.BitAnd: "|",
    ast.BitOr: "&",
}
NAMES = {
    "minimum": "maximum",
    "maximum": "minimum",
    "min": "max",
    "max": "min",
    "sum": "max",
    "ceil_div": "(lambda a, b: a / b)",
    "any": "all",
    "all": "any",
}


def changes(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST | None, str]]:
    """Yield where a change begins, before what it ends, and what stands there then.

    The second is None where the first node is replaced whole.
    """
    types = {
        id(part)
        for node in ast.walk(tree)
        for name in ("annotation", "returns")
        if isinstance(getattr(node, name, None), ast.AST)
        for part in ast.walk(getattr(node, name))
    }
    for node in ast.walk(tree):
        if id(node) in types:
            continue
        match node:
            case ast.BinOp() if type(node.op) in OPERATORS:
                yield node.left, node.right, OPERATORS[type(node.op)]
            case ast.Compare(ops=[op]) if type(op) in OPERATORS:
                yield node.left, node.comparators[0], OPERATORS[type(op)]
            case ast.BoolOp():
                yield node.values[0], node.values[1], OPERATORS[type(node.op)]
            case ast.UnaryOp(op=ast.USub()):
                yield node, None, "0.0"
            case ast.Constant(value=bool()):
                yield node, None, str(not node.value)
            case ast.Constant(value=int() | float()):
                yield node, None, repr(node.value + 1)
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in NAMES:
                yield node, None, NAMES[name]


def mutants_of(path: Path, lines: dict[int, set[str]]) -> Iterator[Mutant]:
    """Yield all changes of a file on lines that tests reach."""
    text = path.read_text()
    data = text.encode()
    starts = [0]
    for line in data.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)

    def place(node: Any, *, end: bool = False) -> int:
        row, column = (
            (node.end_lineno, node.end_col_offset)
            if end
            else (node.lineno, node.col_offset)
        )
        return starts[row - 1] + column

    for first, second, new in changes(ast.parse(text)):
        line = getattr(first, "lineno", 0)
        if line not in lines:
            continue
        if second is None:
            start, stop = place(first), place(first, end=True)
            old = data[start:stop].decode()
            new = (
                old.rpartition(".")[0] + "." + new
                if "." in old and new in NAMES
                else new
            )
        else:
            start, stop = place(first, end=True), place(second)
            between = data[start:stop].decode()
            if "#" in between:
                continue
            shut = between[: len(between) - len(between.lstrip(" )\n"))]
            opened = between[len(between.rstrip(" (\n")) :]
            new = f"{shut} {new} {opened}"
        yield Mutant(str(path.relative_to(ROOT)), line, start, stop, new)


def draw(count: int, seed: int) -> list[tuple[Mutant, list[str]]]:
    """Return some mutants with the test files that reach each, fastest first."""
    lines = reached()
    seconds = json.loads((KEPT / "seconds.json").read_text())
    known = [
        mutant
        for package in PACKAGES
        for path in sorted((ROOT / "dse" / package).rglob("*.py"))
        for mutant in mutants_of(path, lines.get(str(path.relative_to(ROOT)), {}))
    ]
    some = random.Random(seed).sample(known, min(count, len(known)))
    print(f"{len(some)} of {len(known)} mutants, seed {seed}")
    return [
        (m, sorted(lines[m.path][m.line] & seconds.keys(), key=seconds.__getitem__))
        for m in some
    ]


def told(mutant: Mutant) -> str:
    """Return where a mutant is, and what it makes of what."""
    data = (ROOT / mutant.path).read_bytes()
    begin = data.rfind(b"\n", 0, mutant.start) + 1
    end = data.find(b"\n", mutant.end)
    old = " ".join(data[begin:end].decode().split())
    tail = data[mutant.end : end].decode()
    new = " ".join((data[begin : mutant.start].decode() + mutant.new + tail).split())
    return f"{mutant.path}:{mutant.line}: {old}  ->  {new}"


def copy_of_checkout(number: int) -> Path:
    """Return a copy in which one mutant after another is tried."""
    place = KEPT / f"copy_{number}"
    shutil.rmtree(place, ignore_errors=True)
    for name in COPIED:
        shutil.copytree(
            ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in FILES:
        shutil.copy(ROOT / name, place / name)
    return place


def killed_by(mutant: Mutant, tests: list[str], place: Path, limit: float) -> str:
    """Return the test file that fails, '' where all pass within the time there is."""
    seconds = json.loads((KEPT / "seconds.json").read_text())
    path = place / mutant.path
    original = path.read_bytes()
    new = mutant.new.encode()
    path.write_bytes(original[: mutant.start] + new + original[mutant.end :])
    environment = os.environ | {
        "PYTHONPATH": str(place),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment |= {"PYTHONPATH": os.pathsep.join([str(place), *sys.path[1:]])}
    try:
        for test in tests:
            if limit <= 0:
                break
            limit -= seconds[test]
            try:
                done = subprocess.run(
                    [*PYTEST, test],
                    cwd=place,
                    env=environment,
                    capture_output=True,
                    timeout=60 + 4 * seconds[test],
                )
            except subprocess.TimeoutExpired:
                return f"{test} (never ends)"
            if done.returncode not in (0, 5):
                return test
    finally:
        path.write_bytes(original)
    return ""


def try_mutants(count: int, seed: int, jobs: int, limit: float) -> None:
    """Try some mutants and print which survive."""
    copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for number in range(jobs):
        copies.put(copy_of_checkout(number))

    def try_one(asked: tuple[Mutant, list[str]]) -> str:
        place = copies.get()
        try:
            return killed_by(*asked, place, limit)
        finally:
            copies.put(place)

    drawn = draw(count, seed)
    survived = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for (mutant, _), by in zip(drawn, pool.map(try_one, drawn), strict=True):
            print(
                f"{'killed  ' if by else 'SURVIVED'} {told(mutant)}  {by}", flush=True
            )
            survived += [] if by else [mutant]
    share = 1 - len(survived) / max(len(drawn), 1)
    print(f"{len(drawn) - len(survived)} of {len(drawn)} killed, {share:.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("coverage", "mutants"))
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="at the same time")
    parser.add_argument(
        "--limit", type=float, default=300, help="seconds of tests, a mutant"
    )
    asked = parser.parse_args()
    reach(asked.jobs)
    if asked.what == "coverage":
        print_coverage()
    else:
        try_mutants(asked.count, asked.seed, asked.jobs, asked.limit)


if __name__ == "__main__":
    main()
