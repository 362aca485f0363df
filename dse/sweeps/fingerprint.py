"""What decides a sweep's answer, as short hashes: study, parameters, code, versions."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from dse.explore.hashes import hash_of
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
        "parameters": hash_of(_files(hw_params_folder(), "*.toml")),
        "code": hash_of(_files(Path(__file__).parents[1], "**/*.py")),
        **{package: version(package) for package in COMPUTES},
    }


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Return the names of what differs between two fingerprints."""
    names = dict.fromkeys([*one, *other])
    return [name for name in names if one.get(name) != other.get(name)]


def _files(folder: Path, pattern: str) -> Iterable[bytes]:
    for path in sorted(folder.glob(pattern)):
        inside = path.relative_to(folder)
        if inside.parts[0] not in _SHOWS:
            yield inside.as_posix().encode()
            yield path.read_bytes()
