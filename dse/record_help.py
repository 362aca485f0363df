"""What `help` shows of a record: fields with their units, ranges and defaults."""

from __future__ import annotations

import dataclasses
import inspect
import math
from dataclasses import MISSING
from typing import Any


def signature(data: Any) -> inspect.Signature:
    """Return the fields as `help` shows them: what each can be, and its default."""
    parameters = []
    for field in dataclasses.fields(data):
        meaning, default = field.metadata.get("quantity"), field.default
        if default is MISSING:
            default = inspect.Parameter.empty
        elif meaning is not None and meaning.choices:
            default = meaning.show(default)
        elif meaning is not None and meaning.integer:
            default = int(default)
        parameters.append(
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=default,
                annotation=field.type if meaning is None else meaning.range,
            )
        )
    return inspect.Signature(parameters)


def documented(data: Any) -> str:
    """Return the text of a class with a line for each of its fields."""
    lines = []
    for field in dataclasses.fields(data):
        meaning = field.metadata.get("quantity")
        if meaning is not None:
            about = [meaning.doc, meaning.range]
            shown = "" if field.default is MISSING else meaning.show(field.default)
        elif "doc" in field.metadata:
            about = [field.metadata["doc"]]
            shown = field.default if isinstance(field.default, str) else ""
        else:
            continue
        about += [f"default {shown}"] if shown else []
        lines.append(f"    {field.name}: {'; '.join(about)}")
    own = inspect.cleandoc(data.__doc__ or "")
    if not lines:
        return own
    said, heading, example = own.partition("\n\nExamples:\n")
    return "\n".join([said, "", "Fields:", *lines]) + heading + example


def range_in_words(meaning: Any) -> str:
    """Return what a number can be: `MiB, 1e-06 or more`, `one of dram, rram`."""
    if meaning.choices:
        return f"one of {', '.join(meaning.choices)}"
    whole = "a whole number" if meaning.integer else "any number"
    ends = {
        (False, False): whole,
        (True, False): f"{meaning.low:g} or more",
        (False, True): f"at most {meaning.high:g}",
        (True, True): f"{meaning.low:g} to {meaning.high:g}",
    }[math.isfinite(meaning.low), math.isfinite(meaning.high)]
    said = f"{ends}, whole" if meaning.integer and ends != whole else ends
    return said if meaning.unit == "1" else f"{meaning.unit}, {said}"
