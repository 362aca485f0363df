"""TOML files that know the line of every key."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dse.errors import InputError
from dse.toml_file import TomlFile, read_toml

TEXT = '''\
# a comment
title = "one"

[a.b]
x = 1
y = [
  1,   # a list over lines
  2,
]
z = """
[not.a.table]
k = 1
"""
w = { deep = { er = 2 } }
"quoted.key" = 3

[[row]]
n = 1

[[row]]
n = 2
dotted.name = 3
'''


@pytest.fixture
def file(tmp_path: Path) -> TomlFile:
    path = tmp_path / "some.toml"
    path.write_text(TEXT)
    return read_toml(path)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("title",), 2),
        (("a", "b"), 4),
        (("a", "b", "x"), 5),
        (("a", "b", "y"), 6),
        (("a", "b", "z"), 10),
        (("a", "b", "w", "deep", "er"), 14),
        (("a", "b", "quoted.key"), 15),
        (("row", 0, "n"), 18),
        (("row", 1, "n"), 21),
        (("row", 1, "dotted", "name"), 22),
    ],
)
def test_every_key_stands_on_its_line(file: TomlFile, key: tuple, line: int) -> None:
    assert file.line(*key) == line


def test_a_key_that_is_not_there_is_placed_at_the_table_around_it(
    file: TomlFile,
) -> None:
    assert file.line("a", "b", "missing") == 4
    assert file.line("row", 1, "missing") == 20
    assert file.line("nowhere") == 1


def test_text_inside_a_string_is_no_table(file: TomlFile) -> None:
    assert ("not", "a", "table") not in file.lines


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = \nc = 2\n", 2), ("a = 1\na = 2\n", 2), ("a = [", 1)]
)
def test_broken_toml_is_told_with_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"broken\.toml:{line}: not TOML: .*; corre"):
        read_toml(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "picture.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"picture.toml: byte 0 is not UTF-8; save it"):
        read_toml(path)


def test_lines_are_found_in_time_however_long_a_list_is(tmp_path: Path) -> None:
    values = "".join(f"  {i},\n" for i in range(20_000))
    path = tmp_path / "long.toml"
    path.write_text(f"[space]\npes = [\n{values}]\nlast = 1\n")
    began = time.perf_counter()
    assert read_toml(path).line("space", "last") == 20_004
    assert time.perf_counter() - began < 2.0


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "1" * 5000])
def test_what_python_cannot_take_in_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"deep\.toml.*: "):
        read_toml(path)
