"""YAML files: the plain part of it, with the line of every key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from dse.errors import InputError, quoted
from dse.files import TOO_DEEP, check_tree, read_text
from dse.toml_file import Key, TomlFile

LARGEST = 2**16  # bytes


@dataclass(frozen=True)
class YamlFile(TomlFile):
    """What a YAML file says, and the line on which it says it."""

    known: Mapping[Key, int]

    @cached_property
    def lines(self) -> Mapping[Key, int]:
        """The line of every key."""
        return self.known


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file of one table: mappings, lists, texts, numbers, true and false.

    Raises `InputError` with file and line where it is none, says a key twice, or has
    anchors or tags.
    """
    text = read_text(path, "a YAML file", largest=LARGEST)
    try:
        for token in yaml.scan(text):
            if isinstance(token, yaml.AliasToken | yaml.TagToken):
                place = f"{path}:{token.start_mark.line + 1}"
                raise InputError(f"{place}: has an anchor or a tag; write it plainly.")
        top = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(top, yaml.MappingNode):
            raise InputError(f"{path}: is no table; write `key: value` lines.")
        lines: dict[Key, int] = {}
        data = _value(top, (), path, lines)
    except InputError:
        raise
    except RecursionError:
        raise InputError(f"{path}: {TOO_DEEP}.") from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        said = getattr(error, "problem", None) or str(error)
        raise InputError(f"{place}: not YAML: {said}; correct this line.") from None
    check_tree(data, str(path))
    return YamlFile(path, data, text, lines)


def _value(node: Any, key: Key, path: Path, lines: dict[Key, int]) -> Any:
    """Return what a node says; note the lines of the keys in it."""
    lines[key] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        items = enumerate(node.value)
        return [_value(item, (*key, at), path, lines) for at, item in items]
    if not isinstance(node, yaml.MappingNode):
        return yaml.SafeLoader("").construct_object(node)
    found: dict[str, Any] = {}
    for named, value in node.value:
        place, name = f"{path}:{named.start_mark.line + 1}", named.value
        if not isinstance(named, yaml.ScalarNode):
            raise InputError(f"{place}: a key is no name; write `key: value`.")
        if name in found:
            raise InputError(f"{place}: {quoted(name)} is there twice; remove one.")
        found[name] = _value(value, (*key, name), path, lines)
        lines[*key, name] = named.start_mark.line + 1
    return found
