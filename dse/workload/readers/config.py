"""The keys of a `config.json`: each is used, known not to matter, or refused."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dse.errors import InputError, did_you_mean, quoted
from dse.workload.shapes import whole

BY_HAND = "Build the `TransformerShape` by hand if that is close enough."


@functools.cache
def config_classes() -> dict[str, Any]:
    """Return the keys of each config class with their defaults, and their old names.

    Source: the config classes of transformers, the version that the file names.
    """
    text = Path(__file__).with_name("config_classes.json").read_text(encoding="utf-8")
    classes: dict[str, Any] = json.loads(text)["classes"]
    return classes


@functools.cache
def neutral_keys() -> frozenset[str]:
    """Return the keys that change neither ops nor counts."""
    text = Path(__file__).with_name("neutral_keys.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return frozenset(" ".join(lines).split())


class Config:
    """The keys of one config, that remembers which of them were used.

    A key that is missing takes the default of its class; one that is null is taken to
    be so. Raises `InputError` with place and key for a value of another kind.
    """

    def __init__(self, values: Mapping[str, Any], kind: str, place: str) -> None:
        self.values = values
        self.kind = kind
        self.place = place
        known = config_classes()[kind]
        self.defaults: Mapping[str, Any] = known["defaults"]
        self.names: Mapping[str, str] = known["names"]  # other names of keys
        self.used: set[str] = set()

    def raw(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, under whichever of its names it stands."""
        names = [key, *(old for old, new in self.names.items() if new == key)]
        self.used.update(names)
        found = [name for name in names if name in self.values]
        for other in found[1:]:
            if self.values[other] != self.values[found[0]]:
                raise InputError(
                    f"{self.place}: `{found[0]}` is {quoted(self.values[found[0]])} "
                    f"and `{other}`, another name of it, is "
                    f"{quoted(self.values[other])}; remove one."
                )
        if found:
            return self.values[found[0]]
        usual = (self.defaults[name] for name in names if name in self.defaults)
        return next(usual, default)

    def size(self, key: str, default: int | None = None, *, least: int = 1) -> int:
        """Return a count."""
        value = self.raw(key, default)
        if value is None and key not in self.values:
            raise InputError(
                f"{self.place}: `{key}` is missing; a {self.kind} needs it. Add it as "
                "a whole number."
            )
        return whole(f"{self.place}: `{self.name(key)}`", value, least=least)

    def name(self, key: str) -> str:
        """Return the name under which a key stands."""
        others = [old for old, new in self.names.items() if new == key]
        return next((name for name in (key, *others) if name in self.values), key)

    def maybe(self, key: str, *, least: int = 1) -> int | None:
        """Return a count, or None where it is null or missing without a default."""
        return None if self.raw(key) is None else self.size(key, least=least)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self.raw(key, default)
        if not isinstance(value, bool):
            raise self.odd(key, value, "write true or false")
        return value

    def text(self, key: str, default: str) -> str:
        """Return a word."""
        value = self.raw(key, default)
        if not isinstance(value, str):
            raise self.odd(key, value, "write a word")
        return value

    def words(self, key: str, choices: frozenset[str], count: int) -> list[str] | None:
        """Return a list of so many of the choices, or None where there is none."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != count:
            raise self.odd(
                key, value, f"write a list of one word for each of {count} layers"
            )
        for word in value:
            if not isinstance(word, str) or word not in choices:
                known = ", ".join(sorted(choices))
                raise self.odd(key, word, f"dse models only {known}; write one of them")
        return value

    def counts(self, key: str, *, least: int = 0) -> list[int] | None:
        """Return a list of counts, or None where there is none."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, list):
            raise self.odd(key, value, "write a list of whole numbers")
        return [
            whole(f"{self.place}: a number in `{key}`", v, least=least) for v in value
        ]

    def sides(self, key: str) -> tuple[int, int]:
        """Return two sides: a list of two, or one number that stands for both."""
        value = self.raw(key)
        if isinstance(value, list):
            pair = self.counts(key, least=1) or []
            if len(pair) != 2:
                raise self.odd(key, value, "write a whole number, or two")
            return pair[0], pair[1]
        side = self.size(key)
        return side, side

    def only(self, key: str, wanted: Any) -> None:
        """Raise `InputError` for any value but the one that is modelled."""
        value = self.raw(key, wanted)
        if value is None or (type(value) is type(wanted) and value == wanted):
            return
        raise self.odd(key, value, f"dse models only {wanted!r}. {BY_HAND}")

    def part(self, key: str, kind: str) -> Config:
        """Return the config of a part, of class defaults where it is missing."""
        value = self.raw(key)
        value = {} if value is None else value
        if not isinstance(value, Mapping):
            raise self.odd(key, value, "write an object")
        own = value.get("model_type", kind)
        if own != kind:
            raise InputError(
                f"{self.place}: `{key}` is of `model_type` {quoted(own)}; dse reads a "
                f"{self.kind} with a {kind} there. {BY_HAND}"
            )
        return Config(value, kind, f"{self.place}: `{key}`")

    def odd(self, key: str, value: Any, advice: str) -> InputError:
        """Return the error of a value that cannot be read."""
        advice = advice if advice.endswith(".") else f"{advice}."
        place = f"{self.place}: `{self.name(key)}`"
        return InputError(f"{place} is {quoted(value)}; {advice}")

    def finish(self) -> None:
        """Raise `InputError` for all keys that may change the ops unseen."""
        unknown = []
        for key, value in self.values.items():
            if key in self.used or value is None or value is False:
                continue  # null and false ask for nothing
            if key in neutral_keys() or str(key).startswith("_"):
                continue
            if key in self.defaults and value == self.defaults[key]:
                continue
            unknown.append(
                f"{self.place}: `{key!s:.60}` is {quoted(value)}, and dse does not "
                "know what it changes. Remove it from a copy if it changes no op. "
                f"{BY_HAND}" + did_you_mean(str(key), [*self.used])
            )
        if unknown:
            raise InputError("\n".join(unknown))
