"""What decides a sweep's answer, as short hashes: study, parameters, code, versions."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from dse.engines.base import Engine
from dse.explore.hashes import hash_of
from dse.hardware.parameters import own_files
from dse.shipped import COMPUTES, hw_params_folder
from dse.study.study import Study

# Floors whose code shows or explains an answer, but does not decide it.
_SHOWS = ("cli", "evidence", "measure", "show")


def fingerprint(study: Study) -> dict[str, str]:
    """Return a hash, or a version, for each thing that the answer depends on.

    Two sweeps with equal fingerprints may share their parts.
    """
    return {
        "study": study.hash,
        "parameters": hash_of(
            [
                *_files(hw_params_folder(), "*.toml"),
                *(file.read_bytes() for file in own_files().values()),
            ]
        ),
        "code": hash_of(
            [*_files(Path(__file__).parents[1], "**/*.py"), *_own_engines(study)]
        ),
        **{package: version(package) for package in COMPUTES},
    }


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Return the names of what differs between two fingerprints."""
    names = dict.fromkeys([*one, *other])
    return [name for name in names if one.get(name) != other.get(name)]


def _own_engines(study: Study) -> Iterable[bytes]:
    """Return the source of engines that are not of `dse`, one file for each."""
    design = study.space.design
    parts = [getattr(design, each.name) for each in dataclasses.fields(design)]  # type: ignore[arg-type]
    kinds = {type(each) for each in (design, *parts) if isinstance(each, Engine)}
    for kind in sorted(kinds, key=lambda kind: kind.__qualname__):
        if not kind.__module__.startswith("dse."):
            yield _source(kind)


def _source(kind: type) -> bytes:
    """Return the file of a class, or what is known of one that was typed somewhere."""
    try:
        return Path(inspect.getfile(kind)).read_bytes()
    except (TypeError, OSError):
        return kind.__qualname__.encode()


def _files(folder: Path, pattern: str) -> Iterable[bytes]:
    for path in sorted(folder.glob(pattern)):
        inside = path.relative_to(folder)
        if inside.parts[0] not in _SHOWS:
            yield inside.as_posix().encode()
            yield path.read_bytes()
