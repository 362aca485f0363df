"""Doors for what people begin of their own, and for words that a shell asks of."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

from typer.testing import CliRunner

import dse
from dse.cli.app import app
from dse.contract.check import LAWS
from dse.engines import registry
from dse.errors import InputError
from tests.doors.commands import FAST, positive, run
from tests.doors.door import Draw, Open, door
from tests.doors.mutations import TEXTS, odd

STARTS = Path(dse.__file__).parent / "starts"
NAMES = [
    *("mine", "a", "my_own_2", "tile", "acceltran", "json", "dse", "a/b", "../up", "A"),
    *("mine.py", "study.toml", "taken", "link", "x" * 300, *TEXTS),
]


@door
def new(draw: Draw, folder: Path) -> Open:
    """The name of something to begin, where some names are taken."""
    kind = draw.choice(("study", "engine", "technology"))
    name = draw.choice(NAMES)
    (folder / "here").mkdir()
    (folder / "here" / "taken").write_text("mine")
    (folder / "here" / "link").symlink_to("nowhere")
    before = sorted(folder.rglob("*"))

    def open_it() -> None:
        try:
            run(folder / "here", "new", kind, name)
        except InputError:
            assert sorted(folder.rglob("*")) == before
            raise
        place = folder / "here" / name
        assert set(place.parent.iterdir()) - {place} < set(before)
        assert (folder / "here" / "taken").read_text() == "mine"
        if kind == "study":
            assert dse.load_study(place).space.size > 1
        elif kind == "technology":
            assert dse.load_parameters(place / f"{name}.toml").entries

    return open_it


CHANGES = [
    *(("low=1", "low=9"), ("integer=True", "integer=1"), ("default=32", "default=")),
    *(
        ('"small"', '"smal"'),
        ('"1"', '"furlong"'),
        ("2.0 * ", "-"),
        ("ceil_div", "maximum"),
    ),
    *(("columns: float", "columns: int"), ("op.inner", "op.outer"), ("(0)", "()")),
    *(("return cls()", "return None"), ("return ", "yield "), ("cls(", "dict(")),
    *(("self.rows", "float('nan')"), ("presets = ", "preset = "), ("import dse", "")),
    *(('("small", "large")', "()"), ('("small", "large")', "('linear',)")),
    *(("(dse.PlainEngine)", ""), ("dse.record", "dataclass"), ('"sta"', '"stb"')),
    *(("cycles=cycles", "cycles=-cycles"), ("word_bits = 20.0", "word_bits = 'x'")),
    *(("buffer_mib=16", "buffer_mib=-16"), ("buffer_mib=16", "buffer=16")),
    *(('["multiplier.area"]', '["multiplier.aera"]'), ("unit=", "units=")),
]


def _fuzzed(draw: Draw, folder: Path) -> Path:
    """Write the start of an engine with one or two changes, under a name of its own."""
    text = (STARTS / "engine" / "engine.py.txt").read_text()
    name = f"fuzzed_{draw.getrandbits(60):x}"
    text = Template(text).substitute(name=name, Name="Fuzzed")
    for _ in range(draw.choice((1, 1, 2))):
        old, fresh = draw.choice(CHANGES)
        how = draw.randrange(8)
        if how == 0:
            lines = text.splitlines(keepends=True)
            del lines[draw.randrange(len(lines))]
            text = "".join(lines)
        elif how == 1:
            at = draw.randrange(len(text))
            text = text[:at] + str(odd(draw)) + text[at:]
        else:
            text = text.replace(old, fresh, draw.choice((1, -1)))
    path = folder / f"{name}.py"
    path.write_bytes(text.encode(errors="replace"))
    return path


@door
def own_engine(draw: Draw, folder: Path) -> Open:
    """The Python file of an engine of one's own."""
    path = _fuzzed(draw, folder)
    preset = draw.choice(("small", "large", *TEXTS)) if draw.random() < 0.3 else "small"
    words = draw.choice(
        [
            ("compare", f"{path.name}:{preset}", "tile:edge", *FAST[:2]),
            ("evaluate", "--engine", path.name, "--preset", preset, *FAST),
            ("engines", path.name),
        ]
    )

    def open_it() -> None:
        with _forgotten(path.stem):
            told = json.loads(run(folder, *words, "--json").stdout)
        assert positive(told)
        if words[0] == "engines":
            assert {field["field"] for field in told["fields"]} >= {"rows", "columns"}

    return open_it


@contextmanager
def _forgotten(name: str) -> Iterator[None]:
    """Forget an engine afterwards, and where it was found."""
    paths, known = list(sys.path), dict(registry._registered)
    try:
        yield
    finally:
        sys.path[:] = paths
        sys.modules.pop(name, None)
        registry._registered.clear()
        registry._registered.update(known)


@door
def checked_engine(draw: Draw, folder: Path) -> Open:
    """The file of an engine on which all quick laws are tried."""
    path = _fuzzed(draw, folder)
    words = ["check-engine", path.name, "--preset", draw.choice(("small", "x"))]

    def open_it() -> None:
        with _forgotten(path.stem):
            told = json.loads(run(folder, *words, "--json", code=1).stdout)
        assert told["engine"] == "Fuzzed"
        assert [law["law"] for law in told["laws"]] == list(LAWS)
        for law in told["laws"]:
            assert isinstance(law["fault"], str)
            assert "\x1b" not in law["fault"]

    return open_it


SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh", "nope", "")
TYPED = ["dse", "eval", "evaluate", "--", "--wo", "study", "--sch", "new", "st"]
TYPED += [text for text in TEXTS if "\0" not in text]  # no shell can pass that


@door
def completion(draw: Draw, folder: Path) -> Open:
    """The words of a line that a shell wants to complete."""
    words = [draw.choice(TYPED) for _ in range(draw.randrange(5))]
    line = " ".join(["dse", *words]) + draw.choice(("", " "))
    asked = {
        "_DSE_COMPLETE": f"complete_{draw.choice(SHELLS)}",
        "_TYPER_COMPLETE_ARGS": line,
        "COMP_WORDS": line,
        "COMP_CWORD": draw.choice(("0", "1", str(len(words)), "99", "-1")),
    }

    def open_it() -> None:
        done = CliRunner().invoke(app, env=asked, prog_name="dse")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code in (0, 1)
        assert "Traceback" not in done.output
        if done.exit_code == 1:
            raise InputError("there is no such shell; give one that `dse` completes in")

    return open_it
