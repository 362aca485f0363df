"""What decides a sweep's answer, as short hashes: study, parameters, code, versions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import jax
import numpy as np

from dse.explore.study import Study
from dse.shipped import hw_params_folder

# Floors whose code shows or explains an answer, but does not decide it.
_SHOWS = ("cli", "evidence", "measure", "show")
_DECIDES = ("jax", "jaxlib", "numpy", "moocore")


def fingerprint(study: Study) -> dict[str, str]:
    """Return a hash, or a version, for each thing that the answer depends on.

    Two sweeps with equal fingerprints may share their parts.
    """
    return {
        "study": study_hash(study),
        "parameters": _hash(_files(hw_params_folder(), "*.toml")),
        "code": _hash(_files(Path(__file__).parents[1], "**/*.py")),
        **{package: version(package) for package in _DECIDES},
    }


def study_hash(study: Study) -> str:
    """Return a hash of what is asked: machines, workloads, objectives and limits."""
    return _hash(_words(study))


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Return the names of what differs between two fingerprints."""
    names = dict.fromkeys([*one, *other])
    return [name for name in names if one.get(name) != other.get(name)]


def _words(study: Study) -> Iterable[bytes]:
    space = study.space
    records = (
        space.design,
        [workload for workload, _ in study.suite],
        study.technology,
    )
    numbers, form = jax.tree_util.tree_flatten(records)
    said = (
        str(form),
        [(n, list(axis.values)) for n, axis in space.axes.items()],
        [(n, tie.expression) for n, tie in space.tied.items()],
        list(space.legal.items()),
        [weight for _, weight in study.suite],
        list(study.objectives),
        list(study.limits),
        study.timing,
    )
    yield repr(said).encode()
    for number in numbers:
        yield np.asarray(number, float).tobytes()


def _files(folder: Path, pattern: str) -> Iterable[bytes]:
    for path in sorted(folder.glob(pattern)):
        inside = path.relative_to(folder)
        if inside.parts[0] not in _SHOWS:
            yield inside.as_posix().encode()
            yield path.read_bytes()


def _hash(pieces: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(len(piece).to_bytes(8, "little") + piece)
    return found.hexdigest()[:16]
