"""JSON from files, read strictly: what has two meanings, or none, is refused."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

from dse.errors import InputError
from dse.files import TOO_DEEP, check_tree, read_text

GREATEST = 2**63 - 1  # of whole numbers


def read_json(path: Path, wanted: str) -> dict[str, Any]:
    """Return the object that a file of JSON holds; raise `InputError` for any other."""
    found = parse_json(read_text(path, wanted), str(path), wanted)
    if not isinstance(found, dict):
        raise InputError(f"{path}: holds no JSON object; give {wanted}.")
    return found


def parse_json(text: str, place: str, wanted: str) -> Any:
    """Return what a text of JSON says, read strictly.

    A key that stands twice, a number that is not finite, a whole number of more than 64
    bits or lists too deep in each other raise `InputError`.
    """
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_number,
            parse_float=_number,
            parse_int=_whole,
        )
    except json.JSONDecodeError as error:
        raise InputError(
            f"{place}:{error.lineno}: is not JSON ({error.msg}); give {wanted}."
        ) from None
    except RecursionError:
        raise InputError(f"{place}: {TOO_DEEP}.") from None
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    check_tree(found, place)
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise InputError(f"`{twice:.60}` stands twice; remove one of them.")
    return found


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InputError(f"{text:.60} is no finite number; correct it.")
    return number


def _whole(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > GREATEST:
        raise InputError(f"{text:.30}… has more than 64 bits; correct it.")
    return int(text)
