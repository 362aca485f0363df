"""Every message of an `InputError` in the code says what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import dse
from tests.doors.judge import has_remedy

CODE = Path(dse.__file__).parent
# What another message, or a list of what is known, ends it with.
COMPOSED = re.compile(r"\{\w+\}[.)]*$")


def written(node: ast.AST) -> str:
    """A message as it stands in the code, what is put in as {it}."""
    match node:
        case ast.Constant():
            return str(node.value)
        case ast.JoinedStr():
            return "".join(map(written, node.values))
        case ast.BinOp():
            return written(node.left) + written(node.right)
        case ast.FormattedValue(value=ast.Attribute(attr="write")):
            return "write"  # or give: what a person does there
    return "{it}"


def messages() -> Iterator[tuple[str, str]]:
    """Place and text of every message of an `InputError`."""
    for path in sorted(CODE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "InputError":
                place = f"{path.relative_to(CODE)}:{node.lineno}"
                yield place, written(node.args[0])


def test_every_message_says_what_to_do() -> None:
    found = dict(messages())
    assert len(found) > 300
    assert not {
        place: text
        for place, text in found.items()
        if not (has_remedy(text) or COMPOSED.search(text))
    }
