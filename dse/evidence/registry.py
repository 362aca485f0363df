"""The validations by the name that the command line uses; imported when asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dse.errors import InputError, did_you_mean
from dse.files import is_file


@dataclass(frozen=True)
class Validation:
    """One validation: where it is, and what it compares the model with.

    `runs` are finished runs of another program, compared row by row: `validate(data,
    *, progress)` of the module returns a table of `dse.evidence.run_errors`. `claims`
    are figures of a publication: it returns a list of `dse.evidence.claims.Claim`.
    `takes` says what a file given in their place must be; empty where none may be. `of`
    names the machine, where a module knows several.
    """

    module: str
    compares: Literal["runs", "claims"]
    takes: str = ""
    of: str = ""

    def run(self, data: Path | None, *, progress: bool) -> Any:
        """Compare, with a file of one's own or with what comes with dse.

        Raises `InputError` for a file that is missing, wrong or not wanted.
        """
        if data is not None and not self.takes:
            raise InputError(
                f"`{self.of or self.module}` takes no --data; leave it out."
            )
        if data is not None and not is_file(data):
            raise InputError(f"`{data}` is no file; give the path of {self.takes}.")
        found = importlib.import_module(f"dse.evidence.{self.module}")
        which = {"of": self.of} if self.of else {}
        return found.validate(data, **which, progress=progress)


VALIDATIONS = {
    "acceltran": Validation("acceltran", "runs", "a CSV of runs"),
    "scalesim": Validation("scalesim", "runs", "a CSV of runs"),
    "sta": Validation("sta", "claims"),
    "energon": Validation("energon", "claims"),
    "isaac": Validation("crossbars", "claims", of="isaac"),
    "puma": Validation("crossbars", "claims", of="puma"),
    "sprint": Validation("sprint", "claims", "a CSV of figures by model"),
    "a100": Validation("silicon", "runs", "a CSV of ops", of="a100"),
    "h800": Validation("silicon", "runs", "a CSV of ops", of="h800"),
    "rtx3090": Validation("silicon_rtx3090", "runs", "a CSV of products"),
    "neurram": Validation("silicon_neurram", "runs", "a CSV of figures by bits"),
    "gemmini": Validation("gemmini", "runs", "a CSV of runs at given mappings"),
    "serving": Validation("serving", "claims"),
}


def find_validation(name: str) -> Validation:
    """Return the validation of a name. Raises `InputError` for an unknown one."""
    if name not in VALIDATIONS:
        meant = did_you_mean(name, VALIDATIONS)
        raise InputError(f"there is nothing to validate `{name}` with.{meant}")
    return VALIDATIONS[name]
