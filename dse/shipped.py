"""Where the files that come with `dse` stand."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from dse.errors import InputError
from dse.files import exists, is_folder

OWN_PARAMS = "DSE_HW_PARAMS"  # in the environment, a folder of your own
CACHE = "DSE_CACHE"  # in the environment, a folder of models that were traced
DISTRIBUTION = "transformer-dse"  # what is installed; what is imported is `dse`
COMPUTES = ("jax", "jaxlib", "numpy", "moocore")  # what answers are worked out with


def version() -> str:
    """Return the version that is installed."""
    return metadata.version(DISTRIBUTION)


def versions(packages: Iterable[str] = COMPUTES) -> dict[str, str]:
    """Return the versions of Python, of `dse` and of packages, as installed here."""
    found = {"python": platform.python_version(), "dse": version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def hw_params_folder() -> Path:
    """Return the folder of numbers and sources: the installed, else the checkout's.

    Raises `InputError` where an installation lacks it.
    """
    return _folder("hw_params")


def own_params_folder() -> Path | None:
    """Return the folder of parameter files of one's own, if the environment names one.

    Raises `InputError` where that is no folder.
    """
    named = os.environ.get(OWN_PARAMS)
    if not named:
        return None
    if not is_folder(Path(named)):
        raise InputError(f"{OWN_PARAMS} is {named!r}, which is no folder; give one.")
    return Path(named).resolve()


def cache_folder() -> Path | None:
    """Return the folder where traced models are kept; None where none are."""
    named = os.environ.get(CACHE)
    return Path(named) if named else None


def usual_cache_folder() -> str:
    """Return where the command line keeps traced models; '' where there is no home."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        return ""
    return str(Path(base) / "dse")


def study_path(given: str | Path) -> Path:
    """Return where a study stands: a path, or the name of one that comes with `dse`.

    A file or folder of that name goes first.
    """
    path = Path(given)
    if exists(path) or len(path.parts) != 1:
        return path
    shipped = _folder("studies") / path
    return shipped if exists(shipped) else path


def _folder(name: str) -> Path:
    package = Path(__file__).parent
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise InputError(f"{package} came without its {name}/; install dse again.")
