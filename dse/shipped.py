"""Where the files that come with `dse` stand."""

from __future__ import annotations

from pathlib import Path

from dse.errors import InputError


def hw_params_folder() -> Path:
    """Return the folder of numbers and sources: the installed, else the checkout's.

    Raises `InputError` where an installation lacks it.
    """
    package = Path(__file__).parent
    for folder in (package / "hw_params", package.parent / "hw_params"):
        if folder.is_dir():
            return folder
    raise InputError(f"{package} came without its hw_params/; install dse again.")
