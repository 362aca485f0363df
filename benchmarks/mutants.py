"""Would the tests notice? Lines they reach, and small faults that they should find.

    make coverage                                share of lines that the tests reach
    make mutants                                 60 faults, drawn by seed 1
    make mutants COUNT=600 SEED=7

A mutant is the code with one operator, number or comparison changed, on a line that
some test reaches. A process that has imported all that is not ours forks one child
after another: a child reads the changed file in place of the one on disk, and runs
tests until one fails. Those that reach the line come first, of them those of its own
folder, the quick and those that found faults before; then whatever else stands in the
same files. A mutant that all let pass survives and is listed. What each test reaches is
found by running each file once, alone, under coverage.py (programs are traced once a
process: two files in one would hide each other), and kept in `results/mutants`: remove
it when the code has changed.
"""

from __future__ import annotations

import argparse
import ast
import functools
import importlib
import json
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "results" / "mutants"
PACKAGES = ("engines", "schedule", "hardware", "workload", "sparsity", "compile")
TESTS = (*PACKAGES, "known_answers", "contract", "evidence")
WARM = ("jax.numpy", "jax.experimental.pallas", "numpy", "pandas", "pyarrow.parquet")
WARM += ("optax", "pydantic", "scipy.optimize", "moocore", "plotly.graph_objects")
WARM += ("typer", "tqdm", "llvmlite.binding", "coverage", "pytest")
STAGES = (10.0, 30.0)  # seconds of tests in a mutant's first children


class Mutant(NamedTuple):
    """One change of one file: what stands from `start` to `end` becomes `new`."""

    path: str
    line: int
    start: int  # bytes of the file
    end: int
    new: str

    def source(self) -> bytes:
        data = (ROOT / self.path).read_bytes()
        return data[: self.start] + self.new.encode() + data[self.end :]

    def __str__(self) -> str:
        old = (ROOT / self.path).read_bytes()
        begin = old.rfind(b"\n", 0, self.start) + 1
        end = old.find(b"\n", self.end)
        head, tail = old[begin : self.start].decode(), old[self.end : end].decode()
        texts = (
            head + old[self.start : self.end].decode() + tail,
            head + self.new + tail,
        )
        before, after = (" ".join(text.split()) for text in texts)
        return f"{self.path}:{self.line}: {before}  ->  {after}"


# -- tests, in a child of a process that is warm --------------------------------------


def in_child(function: Callable[[str], Any], seconds: float) -> Any:
    """Return what a function says in a process of its own; None if it says nothing."""
    with tempfile.TemporaryDirectory(prefix="dse-mutant-") as folder:
        said = Path(folder) / "said.json"
        child = os.fork()
        if not child:
            try:
                for what, most in (
                    (resource.RLIMIT_CPU, int(seconds)),
                    (resource.RLIMIT_AS, 16 << 30),
                    (resource.RLIMIT_CORE, 0),
                ):
                    resource.setrlimit(what, (most, most))
                log = os.open(f"{folder}/log", os.O_CREAT | os.O_WRONLY)
                os.dup2(log, 1)
                os.dup2(log, 2)
                said.write_text(json.dumps(function(folder)))
            except BaseException:
                traceback.print_exc()
            os._exit(0)
        os.waitpid(child, 0)
        return json.loads(said.read_text()) if said.exists() else None


class Watch:
    """Which tests run, in which order, how long each takes, and which fails."""

    def __init__(self, order: dict[str, int], on_test: Callable[[str], None]) -> None:
        self.order, self.on_test = order, on_test
        self.seconds: dict[str, float] = {}
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        if self.order:
            items[:] = [item for item in items if item.nodeid in self.order]
            items.sort(key=lambda item: self.order[item.nodeid])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.on_test(nodeid)
        self.seconds[nodeid] = -time.process_time()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] += time.process_time()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed = report.nodeid


def run_tests(
    folder: str,
    files: list[str],
    order: dict[str, int],
    on_test: Callable[[str], None] = lambda test: None,
) -> dict[str, Any]:
    """Run tests of some files, all if no order is given, until one fails."""
    import pytest

    watch = Watch(order, on_test)
    options = [
        "-q",
        "-x",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        f"--basetemp={folder}/t",
    ]
    code = pytest.main([*options, *files], plugins=[watch])
    failed = watch.failed or ("" if code in (0, 5) else "collection")
    return {"failed": failed, "seconds": watch.seconds}


# -- what the tests reach --------------------------------------------------------------


def run_under_coverage(file: str) -> dict[str, Any]:
    """Run one test file; keep which lines its tests, and its imports, reach."""
    import coverage

    def run(folder: str) -> dict[str, Any]:
        kept = str(KEPT / (file.replace("/", "-") + ".coverage"))
        cover = coverage.Coverage(kept, include=["dse/*"], config_file=False)
        cover.start()
        cover.switch_context(file)
        said = run_tests(folder, [file], {}, cover.switch_context)
        cover.stop()
        cover.save()
        return said | {"log": Path(folder, "log").read_text()[-2000:]}

    said = in_child(run, 3600)
    if said is None or said["failed"]:
        raise SystemExit(f"{file} fails unchanged:\n{said and said['log']}")
    return {file: said["seconds"]}


def reach(jobs: int) -> dict[str, dict[str, float]]:
    """Return by file the seconds of its tests; run those that have not been run."""
    KEPT.mkdir(parents=True, exist_ok=True)
    known = KEPT / "seconds.json"
    seconds = json.loads(known.read_text()) if known.exists() else {}
    files = [
        str(path.relative_to(ROOT))
        for folder in TESTS
        for path in sorted((ROOT / "tests" / folder).rglob("test_*.py"))
    ]
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        new = [file for file in files if file not in seconds]
        for said in pool.imap_unordered(run_under_coverage, new):
            seconds |= said
            known.write_text(json.dumps(seconds, indent=1))
    return {file: seconds[file] for file in files}


def reached() -> dict[str, dict[int, set[str]]]:
    """Return by file and line the tests, and files of tests, that reach it."""
    import coverage

    found: dict[str, dict[int, set[str]]] = {}
    for kept in sorted(KEPT.glob("*.coverage")):
        data = coverage.CoverageData(basename=str(kept))
        data.read()
        for path in data.measured_files():
            lines = found.setdefault(str(Path(path).relative_to(ROOT)), {})
            for line, tests in data.contexts_by_lineno(path).items():
                lines.setdefault(line, set()).update(filter(None, tests))
    return found


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / "dse" / package).rglob("*.py"))


def print_coverage() -> None:
    """Print the share of lines of each package that the tests reach."""
    from coverage.python import PythonParser

    lines = reached()
    hit, there = Counter[str](), Counter[str]()
    skipped = r"if TYPE_CHECKING|pragma: no cover"
    for path in sources():
        parser = PythonParser(filename=str(path), exclude=skipped)
        parser.parse_source()
        wanted = set(parser.statements) - set(parser.excluded)
        got = wanted & set(lines.get(str(path.relative_to(ROOT)), ()))
        for name in (path.relative_to(ROOT / "dse").parts[0], "all"):
            hit[name] += len(got)
            there[name] += len(wanted)
        for line in sorted(wanted - got):
            print(f"  not reached: {path.relative_to(ROOT)}:{line}")
    for name in (*PACKAGES, "all"):
        share = hit[name] / there[name]
        print(f"{name}: {hit[name]} of {there[name]} lines, {share:.1%}")


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

    The second is None where the first node is replaced whole. Types and decorators,
    which say how much a cache keeps, stay as they are; so does what a change leaves
    the same: times 1.0, and the `strict` of a zip, which tells lengths that are equal.
    """
    same = set[int]()
    for node in ast.walk(tree):
        names = ("annotation", "returns", "decorator_list")
        kept = [getattr(node, name, None) for name in names]
        for top in [*kept[:2], *(kept[2] or ())]:
            same |= {id(part) for part in ast.walk(top)} if top else set()
        match node:
            case ast.BinOp(op=ast.Mult(), right=ast.Constant(value=1.0)):
                same.add(id(node))
            case ast.keyword(arg="strict"):
                same.add(id(node.value))
    for node in ast.walk(tree):
        if id(node) in same:
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
            case ast.Name(id=name) if name in NAMES:
                yield node, None, NAMES[name]
            case ast.Attribute(attr=name) if name in NAMES:
                yield node, None, f"{ast.unparse(node.value)}.{NAMES[name]}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield all changes of a file."""
    data = path.read_bytes()
    starts = [0, 0]
    for line in data.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)

    for first, second, new in changes(ast.parse(data)):
        node: Any = first
        start = starts[node.lineno] + node.col_offset
        end = starts[node.end_lineno] + node.end_col_offset
        if second is not None:
            after: Any = second
            start, end = end, starts[after.lineno] + after.col_offset
            between = data[start:end].decode()
            if "#" in between:
                continue
            shut = between[: len(between) - len(between.lstrip(" )\n"))]
            opened = between[len(between.rstrip(" (\n")) :]
            new = f"{shut} {new} {opened}"
        yield Mutant(str(path.relative_to(ROOT)), node.lineno, start, end, new)


def put_in_place(mutant: Mutant) -> None:
    """Have Python read a mutant where it would read the file on disk."""
    plain, path = SourceFileLoader.get_code, str(ROOT / mutant.path)

    def get_code(self: Any, name: str) -> Any:
        if self.path != path:
            return plain(self, name)
        return compile(mutant.source(), path, "exec", dont_inherit=True)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


class Hunt:
    """Tries mutants one after another; knows which tests have found one."""

    def __init__(self, seconds: dict[str, dict[str, float]], limit: float) -> None:
        self.seconds = {t: s for tests in seconds.values() for t, s in tests.items()}
        self.file = {t: file for file, tests in seconds.items() for t in tests}
        self.lines, self.limit = reached(), limit
        self.found = Counter[str]()

    def order(self, mutant: Mutant) -> list[str]:
        """Return the tests of all files that reach a mutant, the likeliest first."""
        reaching = self.lines[mutant.path][mutant.line]
        files = {self.file.get(test, test) for test in reaching}
        own = f"tests/{mutant.path.split('/')[1]}/"

        def key(test: str) -> tuple[bool, bool, float]:
            cost = self.seconds[test] / (1 + self.found[test])
            return test not in reaching, not test.startswith(own), cost

        return sorted((t for t, file in self.file.items() if file in files), key=key)

    def stages(self, mutant: Mutant) -> Iterator[list[str]]:
        """Yield the tests of one child after another, up to the limit of all."""
        ends = [*STAGES, self.limit]
        stages = defaultdict[int, list[str]](list)
        spent = 0.0
        for test in self.order(mutant):
            number = sum(spent >= end for end in ends)
            spent += self.seconds[test]
            if number < len(ends):
                stages[number].append(test)
        yield from stages.values()

    def killer(self, mutant: Mutant) -> str:
        """Return the test that fails, '' where all pass within the time there is."""
        for tests in self.stages(mutant):
            files = list(dict.fromkeys(self.file[test] for test in tests))
            tests.sort(key=lambda test: files.index(self.file[test]))
            run = functools.partial(run_mutant, mutant, files, tests)
            said = in_child(run, 60 + 4 * sum(self.seconds[t] for t in tests))
            if said is None:
                return "never ends"
            if said["failed"]:
                failed: str = said["failed"]
                self.found[failed] += 1
                return failed
        return ""


def run_mutant(
    mutant: Mutant, files: list[str], tests: list[str], folder: str
) -> dict[str, Any]:
    """Run some tests of a mutant."""
    put_in_place(mutant)
    return run_tests(folder, files, {test: n for n, test in enumerate(tests)})


HUNT: list[Hunt] = []  # of a worker: what it has found stays with it


def try_mutant(mutant: Mutant) -> tuple[Mutant, str, float]:
    """Return a mutant, its killer, and the seconds of the processor that it took."""
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    by = HUNT[0].killer(mutant)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return mutant, by, sum(ended[:2]) - sum(begun[:2])


def try_mutants(hunt: Hunt, count: int, seed: int, jobs: int) -> None:
    """Try some mutants and print which survive."""
    HUNT.append(hunt)
    known = [mutant for path in sources() for mutant in mutants_of(path)]
    there = [m for m in known if m.line in hunt.lines.get(m.path, ())]
    some = random.Random(seed).sample(there, min(count, len(there)))
    print(
        f"{len(some)} of {len(there)} mutants that tests reach, seed {seed};", end=" "
    )
    print(f"no test reaches {len(known) - len(there)} more", flush=True)
    killed, spent = 0, 0.0
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for mutant, by, seconds in pool.imap_unordered(try_mutant, some):
            killed, spent = killed + bool(by), spent + seconds
            word = "killed  " if by else "SURVIVED"
            print(f"{word} {seconds:5.1f} s {mutant}  {by}", flush=True)
    print(f"{killed} of {len(some)} killed, {killed / len(some):.1%};", end=" ")
    print(f"{spent / len(some):.1f} s of the processor each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("coverage", "mutants"))
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="at the same time")
    parser.add_argument(
        "--limit", type=float, default=200, help="seconds of tests, a mutant"
    )
    asked = parser.parse_args()
    os.chdir(ROOT)
    warnings.filterwarnings("ignore", "os.fork")
    for name in WARM:
        importlib.import_module(name)
    assert not any(name.partition(".")[0] == "dse" for name in sys.modules)
    seconds = reach(asked.jobs)
    if asked.what == "coverage":
        print_coverage()
    else:
        try_mutants(Hunt(seconds, asked.limit), asked.count, asked.seed, asked.jobs)


if __name__ == "__main__":
    main()
