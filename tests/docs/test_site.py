"""The site builds without a warning, and names nothing that is not there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import dse
from dse.cli.app import app
from dse.hardware.provenance import Parameter
from dse.sparsity.curve_tables import CurveFile
from dse.study.schema import for_toml, study_schema
from tests.docs.run_page import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
STUDIES = sorted((ROOT / "studies").glob("*/README.md"))
README = ROOT / "README.md"
STARTS = sorted((ROOT / "dse" / "starts").rglob("*.txt"))
VERBS: Any = typer.main.get_command(app)


def code(path: Path) -> Iterator[str]:
    """Everything on a page that is set as code: blocks by line, and words in a line."""
    text = path.read_text()
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S):
        yield from block.replace("\\\n", " ").splitlines()
    yield from re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    )


def calls(path: Path) -> Iterator[list[str]]:
    """Each `dse …` on a page, as words; what a shell adds to it is cut off."""
    for line in code(path):
        line = line.strip().removeprefix("# ")
        if re.match(r"dse( --?[\w-]+( FOLDER| \w+)?)? [a-z]", line):
            line = re.split(r" \||#| > | && |;|…", line)[0]
            yield shlex.split(line.replace("'", ""))[1:]


@pytest.mark.parametrize(
    "path",
    [*PAGES, *STUDIES, README],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_every_verb_and_option_on_a_page_is_there(path: Path) -> None:
    for words in calls(path):
        own = [word for word in words if not word.startswith("-")]
        if words[0] == "--hw-params":
            own = own[1:]
        command = VERBS
        while hasattr(command, "commands") and own:
            names = own.pop(0).split("|")
            assert set(names) <= set(command.commands), f"{path.name}: dse {words}"
            command = command.commands[names[0]]
        known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        known |= {"--help", "-h", "--version", "--hw-params"}
        asked = {w.partition("=")[0] for w in words if w.startswith("--")}
        assert asked <= known, f"{path.name}: dse {' '.join(words)}"


@pytest.mark.parametrize(
    "path",
    [*PAGES, *STUDIES, README],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_every_name_of_python_on_a_page_is_there(path: Path) -> None:
    for line in code(path):
        for name in re.findall(r"\bdse\.(\w+)\b(?!\.toml|/)", line):
            is_module = (ROOT / "dse" / name).is_dir() or (
                ROOT / "dse" / f"{name}.py"
            ).is_file()
            assert is_module or hasattr(dse, name), f"{path.name}: dse.{name}"


def test_every_key_of_a_study_on_a_page_is_there() -> None:
    schema = study_schema()
    own = set(schema["properties"])
    workload = set(schema["$defs"]["WorkloadTable"]["properties"])
    seen = 0
    for path in [*PAGES, *STUDIES, README]:
        for block in re.findall(r"^```toml\n(.*?)^```", path.read_text(), re.M | re.S):
            told = tomllib.loads(block)
            if "workload" in told or "objectives" in told:
                seen += 1
                assert set(told) <= own, path.name
                for each in told.get("workload", []):
                    assert set(each) <= workload, path.name
    start = tomllib.loads((ROOT / "dse/starts/study/study.toml.txt").read_text())
    assert set(start) <= own


FILES = {
    "study": study_schema(),
    "curve": for_toml(CurveFile.model_json_schema()),
    "parameter": for_toml(Parameter.model_json_schema()),
}


def tables(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every table of a file, with its keys."""
    return {"": schema, **schema.get("$defs", {})}


@pytest.mark.parametrize("file", FILES)
def test_every_key_of_a_file_has_a_meaning_an_example_and_a_unit_if_a_number(
    file: str,
) -> None:
    for table in tables(FILES[file]).values():
        for name, key in table["properties"].items():
            assert key["description"], name
            assert "$ref" in key or key["examples"], name
            innermost = key
            while "items" in innermost:
                innermost = innermost["items"]
            assert innermost.get("type") not in ("number", "integer") or key["unit"], (
                name
            )


def examples(table: dict[str, Any]) -> dict[str, Any]:
    """The first example of each key that has one."""
    keys = table["properties"].items()
    return {name: key["examples"][0] for name, key in keys if "examples" in key}


def test_examples_of_a_curve_and_of_a_number_are_such_files() -> None:
    schema = FILES["curve"]
    keys = schema["properties"].items()
    inside = {
        name: examples(schema["$defs"][key["$ref"].rpartition("/")[2]])
        for name, key in keys
        if "$ref" in key
    }
    CurveFile.model_validate(inside | examples(schema))
    for status in ("quoted", "derived", "fitted", "assumed"):
        Parameter.model_validate(examples(FILES["parameter"]) | {"status": status})


def test_examples_of_the_schema_are_taken_by_the_reader() -> None:
    from dse.study.file import HostTable, ReferenceTable, StudyTable, WorkloadTable

    for kind in (StudyTable, WorkloadTable, HostTable, ReferenceTable):
        for name, field in kind.model_fields.items():
            adapter = kind.__pydantic_validator__
            for example in field.examples or ():
                base = {"model": "bert-tiny"} if kind is WorkloadTable else {}
                try:
                    adapter.validate_python({**base, name: example})
                except Exception as fault:
                    wrong = [e for e in fault.errors() if e["loc"] == (name,)]
                    assert not wrong, (name, wrong)


def build(kind: str, folder: Path) -> None:
    """Build the site, or read and link all of it (`dummy`): no warning is let go."""
    pytest.importorskip("sphinx")
    pytest.importorskip("furo")
    words = ["-q", "-W", "--keep-going", "-b", kind, str(DOCS), str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "suppress_warnings" not in (DOCS / "conf.py").read_text()


def test_all_pages_are_read_and_all_links_lead_somewhere(tmp_path: Path) -> None:
    build("dummy", tmp_path)


@pytest.mark.nightly  # writing takes as long again
def test_the_site_is_written_and_contacts_nobody(tmp_path: Path) -> None:
    build("html", tmp_path)
    assert (tmp_path / "search.html").is_file()
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"',
            page.read_text(),
        )
        assert loaded == [], page.name


def test_pictures_of_the_main_report_are_kept_and_small() -> None:
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            picture = (DOCS / f"report_{width}_{scheme}.jpg").read_bytes()
            assert picture[:2] == bytes([0xFF, 0xD8])
            assert 20_000 < len(picture) < 300_000
