"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import jax
import pytest

import dse
from dse.hardware.citations import read_bibtex
from dse.hardware.parameters import load_parameters
from dse.units import from_si, measures, to_si

ROOT = Path(__file__).parents[1]
FOLDERS = ("dse", "tests", "hw_params", "studies", "notebooks", "benchmarks", "docs")
LONGEST = 60  # lines of a function
SUFFIXES = {".py", ".pyi", ".toml", ".md", ".bib", ".ipynb", ".yaml", ".cff", ".csv"}


def files(*folders: str, suffixes: set[str]) -> list[Path]:
    """The files of these folders that belong to the project."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return sorted(path for path in found if path.suffix in suffixes)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tables(tree: Any) -> Iterator[dict[str, Any]]:
    """Every table of a TOML tree, from the outside in."""
    if isinstance(tree, dict):
        yield tree
    if isinstance(tree, dict | list):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from tables(part)


CODE = files("dse", suffixes={".py"})
NUMBERS = files("hw_params", suffixes={".toml"})
TABLES = {path: list(tables(tomllib.loads(path.read_text()))) for path in NUMBERS}
REFERENCES = read_bibtex(ROOT / "hw_params" / "references.bib")


def test_rounding_up_is_done_by_smooth_alone() -> None:
    bare = re.compile(r"\b(?:jnp|jax\.numpy)\.ceil\(")
    found = [name(path) for path in CODE if bare.search(path.read_text())]
    assert found == ["dse/smooth.py"], (
        "jnp.ceil has no gradient and miscounts in float32: use ceil or ceil_div of "
        f"dse.smooth in {found}."
    )


def test_values_in_messages_are_quoted_by_one_function() -> None:
    by_hand = re.compile(r"!r:\.60\}")
    found = [name(path) for path in CODE if by_hand.search(path.read_text())]
    assert found == ["dse/errors.py"], (
        "Python refuses to write whole numbers of thousands of digits: use `quoted` of "
        f"dse.errors in {found}."
    )


def test_a_function_fits_a_screen() -> None:
    long = {}
    for path in CODE:
        if "cli" in path.parts:  # options are long to say
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                said = ast.get_docstring(node, clean=False) or ""
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                lines -= len(said.splitlines())
                if lines > LONGEST:
                    long[f"{name(path)}: {node.name}"] = lines
    assert not long, f"over {LONGEST} lines: {long}. Give its parts names."


MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in CODE}


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules of `dse` that code imports, in functions too, but for types alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
        yield from imported(node)


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): MODULES.intersection(
            imported(ast.parse(path.read_text()))
        )
        for path in CODE
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' < '.join(error.args[1])}. Cut it where it is false.")


# Where the type of what goes in or comes out hangs on what a person gave.
UNTYPED = {
    "Tuned.design": "has the shape of the spaces: a design, or a dict or list of them",
    "Tuned.to_json": "is a JSON tree: what stands at a key depends on the key",
    "quantity": "declares a field of any type, as `dataclasses.field` does",
    "static": "declares a field of any type, as `dataclasses.field` does",
}


CALLED = ("__init__", "__call__", "__getitem__")


def of_function(function: Callable[..., object]) -> list[object]:
    """What a function takes and returns, but for the object that it belongs to."""
    said = getattr(inspect.unwrap(function), "__annotations__", {})
    return [each for name, each in said.items() if name != "self"]


def of_class(kind: type) -> Iterator[tuple[str, object]]:
    """What the fields of a class are, and what its methods take and return."""
    for base in kind.__mro__:
        if not base.__module__.startswith("dse."):
            continue
        fields = vars(base).get("__annotations__", {})
        yield from fields.items()
        for own, value in vars(base).items():
            for inside in ("__func__", "fget", "func"):  # of a method, a property
                value = getattr(value, inside, value)
            if inspect.isfunction(value) and not (fields and own == "__init__"):
                yield from ((own, each) for each in of_function(value))


def test_what_goes_in_and_comes_out_has_a_type() -> None:
    untyped = set()
    for public in dse.__all__:
        thing = getattr(dse, public)
        if inspect.isclass(thing):
            said = [
                (f"{public}.{own}", each)
                for own, each in of_class(thing)
                if not own.startswith("_") or own in CALLED
            ]
        else:
            said = [(public, each) for each in of_function(thing)]
        untyped |= {place for place, each in said if re.search(r"\bAny\b", str(each))}
    assert untyped == set(UNTYPED), (
        "`Any` says nothing; see dse/arrays.py for the words of numbers."
    )


@pytest.mark.parametrize("path", NUMBERS, ids=name)
def test_what_names_a_source_names_one_that_exists(path: Path) -> None:
    named = {table["source"] for table in TABLES[path] if "source" in table}
    assert named, f"{name(path)} names no source; say where its numbers come from."
    missing = named - set(REFERENCES)
    assert not missing, f"add {missing} to hw_params/references.bib"


@pytest.mark.parametrize("path", NUMBERS, ids=name)
def test_every_number_with_a_unit_is_known_by_its_unit(path: Path) -> None:
    for table in TABLES[path]:
        if "unit" not in table:
            continue
        value, unit = table["value"], table["unit"]
        assert measures(unit)
        assert from_si(to_si(value, unit), unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    "stem",
    ["acceltran", "adc_laws", "isaac", "neurram", "puma", "reram", "stillmaker2017"],
)
def test_every_number_of_a_parameter_file_loads_with_its_provenance(stem: str) -> None:
    parameters = load_parameters(stem)
    stated = [table for table in TABLES[parameters.path] if "value" in table]
    assert len(parameters.table()) == len(stated)
    assert all(row.where for row in parameters.table())


def test_no_source_is_entered_twice() -> None:
    text = (ROOT / "hw_params" / "references.bib").read_text()
    assert text.count("\n@") == len(REFERENCES)


def test_every_source_is_used_somewhere() -> None:
    texts = files("dse", "hw_params", "docs", suffixes={".py", ".toml", ".md"})
    used = " ".join(path.read_text() for path in texts)
    related = {key for entry in REFERENCES.values() for key in entry.related}
    assert related <= set(REFERENCES)
    idle = [key for key in REFERENCES if key not in related and key not in used]
    assert not idle, f"nothing rests on {idle}; remove them from references.bib"


@pytest.mark.parametrize("attojoule", [1e-18, [1e-18], {"mac": 1e-18}])
def test_a_test_tells_an_attojoule_from_two(attojoule: Any) -> None:
    two = jax.tree.map(lambda joule: 2.0 * joule, attojoule)
    assert attojoule == pytest.approx(attojoule, rel=1e-3)
    assert attojoule != pytest.approx(two, rel=1e-3)


def test_the_project_speaks_of_no_machine() -> None:
    places = re.compile(r"(?<![\w.)}])/(?:work|tmp|root|home|mnt)/|\.\./shared")
    here = [path for path in ROOT.iterdir() if path.is_file()]
    kept = [path for path in here if path.suffix in SUFFIXES or path.name == "Makefile"]
    told = {
        name(path): places.findall(path.read_text())
        for path in [*kept, *files(*FOLDERS, suffixes=SUFFIXES)]
        if path != Path(__file__)
    }
    assert not {file for file, found in told.items() if found}
