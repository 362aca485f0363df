"""Inputs that nobody has listed: good ones, changed at random by a seed."""

from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

Draw = random.Random
Place = tuple[Any, Any]  # a list or a table, and a key of it

NUMBERS = [
    *(0, 1, 2, 3, 7, -1, 64, 600, 12.7, 0.5, -0.0, 1e-300, 5e-324, 1e12, 1e300, -1e300),
    *(2**31, 2**53 + 1, 2**63, -(2**63), 10**30, 10**400),
    *(math.nan, math.inf, -math.inf),
]
TEXTS = [
    *("", " ", "x", "no", "yes", "nan", "1e999", "-1", "0", "true", "12.7", "1,2"),
    *("é", "\x00", "\x1b[31mred", "\u202e", "a\nb", "`", "'", '"', "{}", "%s", "\\"),
    *("9**9**9", "1/0", "pes +", "__import__('os')", "javascript:alert(1)"),
    *("../../etc/passwd", "/dev/zero", "~", "max:", "min:latency", "a" * 5000),
]
ODD: list[Any] = [
    *(None, True, False, *NUMBERS, *TEXTS),
    *([], [1], [0.5, 0.5], ["a", 1], [[1], [2]], [[[]]], {}, {"a": 1}, {"": []}),
]


def odd(draw: Draw) -> Any:
    """Return a value that seldom belongs where it is put."""
    return copy.deepcopy(draw.choice(ODD))


def changed_tree(draw: Draw, tree: Any) -> Any:
    """Return a copy of lists and tables with one to three changes anywhere in it."""
    tree = {"": copy.deepcopy(tree)}
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        places = list(_places(tree))
        if places:
            draw.choice(_CHANGES)(draw, *draw.choice(places))
    return tree.get("", odd(draw))


def changed_text(draw: Draw, text: str) -> bytes:
    """Return a text with one to three changes as bytes, which may be no text at all."""
    data = text.encode()
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        data = draw.choice(_CUTS)(draw, data)
    return data


def changed_table(draw: Draw, text: str) -> bytes:
    """Return a CSV with cells, rows or columns changed."""
    rows = [line.split(",") for line in text.splitlines()]
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        row = draw.choice(rows or [[""]])
        how = draw.randrange(7)
        if how <= 2 and row:
            row[draw.randrange(len(row))] = str(odd(draw))
        elif how == 3 and row:
            del row[draw.randrange(len(row))]
        elif how == 4:
            row.insert(draw.randrange(len(row) + 1), str(odd(draw)))
        elif how == 5 and rows:
            rows.pop(draw.randrange(len(rows)))
        else:
            rows.insert(draw.randrange(len(rows) + 1), list(row))
    joined = "\n".join(",".join(row) for row in rows).encode(errors="replace")
    return joined if draw.random() < 0.9 else changed_text(draw, joined.decode())


def toml_text(tree: Any) -> str:
    """Return a tree as TOML, as far as that can say it."""
    if not isinstance(tree, dict):
        return f"value = {_toml(tree)}\n"
    lines = [f"{json.dumps(str(key))} = {_toml(value)}" for key, value in tree.items()]
    return "\n".join(lines) + "\n"


def json_text(tree: Any) -> str:
    """Return a tree as JSON, with what Python adds to it: NaN and Infinity."""
    return json.dumps(tree)


def _toml(value: Any) -> str:
    match value:
        case None:
            return '""'
        case bool():
            return str(value).lower()
        case int() | str():
            return json.dumps(value)
        case float():
            return repr(value) if math.isfinite(value) else str(value)
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
    pairs = (f"{json.dumps(str(k))} = {_toml(v)}" for k, v in value.items())
    return f"{{{', '.join(pairs)}}}"


def _places(tree: Any) -> Iterator[Place]:
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from _places(tree[key])


def _replace(draw: Draw, owner: Any, key: Any) -> None:
    owner[key] = odd(draw)


def _scale(draw: Draw, owner: Any, key: Any) -> None:
    value = owner[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        factor = draw.choice((-1, 0, 0.3, 2, 1.5, 1000, 1e9))
        try:
            owner[key] = value * factor
        except OverflowError:
            owner[key] = factor
    else:
        owner[key] = odd(draw)


def _quote(draw: Draw, owner: Any, key: Any) -> None:
    owner[key] = draw.choice((str, lambda v: [v], lambda v: {"a": v}))(owner[key])


def _remove(draw: Draw, owner: Any, key: Any) -> None:
    del owner[key]


def _rename(draw: Draw, owner: Any, key: Any) -> None:
    if isinstance(owner, dict) and key:
        owner[str(key)[:-1] or "z"] = owner.pop(key)
    else:
        owner[key] = odd(draw)


def _add(draw: Draw, owner: Any, key: Any) -> None:
    if isinstance(owner, list):
        owner.insert(key, odd(draw))
    else:
        owner[draw.choice(["extra", "", "a.b", "head_dim", "batch"])] = odd(draw)


def _repeat(draw: Draw, owner: Any, key: Any) -> None:
    value = owner[key]
    if isinstance(value, list | str):
        owner[key] = value * draw.choice((2, 50))
    else:
        owner[key] = [value] * draw.choice((2, 50))


def _nest(draw: Draw, owner: Any, key: Any) -> None:
    for _ in range(draw.choice((2, 40, 120))):
        owner[key] = [owner[key]]


_CHANGES: list[Callable[[Draw, Any, Any], None]] = [
    *(_replace, _replace, _replace, _scale, _scale, _quote, _remove, _rename),
    *(_add, _repeat, _nest),
]


def _cut(draw: Draw, data: bytes) -> bytes:
    start = draw.randrange(len(data) + 1)
    return data[:start] + data[start + draw.choice((1, 5, 100, 10**9)) :]


def _insert(draw: Draw, data: bytes) -> bytes:
    pieces = [b"\xff\xfe", b"\x00", b"\n", b'"', b"[" * 5000, b"{", b"=", b"\r", b","]
    piece = draw.choice([*pieces, str(odd(draw)).encode(errors="replace")])
    start = draw.randrange(len(data) + 1)
    return data[:start] + piece + data[start:]


def _double(draw: Draw, data: bytes) -> bytes:
    lines = data.split(b"\n")
    lines.insert(draw.randrange(len(lines)), draw.choice(lines))
    return b"\n".join(lines)


def _flip(draw: Draw, data: bytes) -> bytes:
    changed = bytearray(data or b"x")
    for _ in range(draw.choice((1, 4))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


_CUTS: list[Callable[[Draw, bytes], bytes]] = [_cut, _cut, _insert, _double, _flip]
