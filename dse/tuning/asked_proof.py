"""What is asked of a proof: how near it must come, and how long it may take."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence
from types import NoneType
from typing import Any, NamedTuple

from dse.arguments import flag
from dse.errors import InputError, check_kind
from dse.explore.shard import Shard, read_shard
from dse.files import check_name, exists, is_file, is_folder, leads_nowhere
from dse.records import Quantity
from dse.tuning.enclosure import Enclosure
from dse.tuning.problem import Problem
from dse.tuning.proof_file import begin, read_proofs

_GAP = Quantity("1", "a share of the cost, as 0.01")
_SECONDS = Quantity("s", "how long a proof may take", low=1e-9)


class Wanted(NamedTuple):
    """How near a proof must come, how long it may take, and where it is written."""

    gap: float
    seconds: float | None
    file: pathlib.Path | None
    go_on: tuple[pathlib.Path, ...]
    shard: Shard

    def begin(self, problem: Problem) -> tuple[Enclosure, dict[str, Any]]:
        """Return the bounds of a problem, and how a search by them begins and ends."""
        # What is written to a file another program finds again, by plain bounds.
        plain = self.file is not None or bool(self.go_on)
        enclosure = Enclosure(problem, plain=plain)
        begun = (
            read_proofs(self.go_on, enclosure, self.gap)
            if self.go_on
            else begin(enclosure, self.shard)
        )
        wanted = {"gap": self.gap, "seconds": self.seconds, "file": self.file}
        return enclosure, {**wanted, "begun": begun}


def read_wanted(
    prove: bool, gap: Any, seconds: Any, file: Any, go_on: Any, shard: Any
) -> Wanted | None:
    """Return how a proof begins and ends; raise `InputError` for what says neither."""
    prove = flag("prove", prove)
    gap = _GAP.take_one("`gap`", gap)
    if seconds is not None:
        seconds = _SECONDS.take_one("`prove_seconds`", seconds)
    check_kind("`shard`", shard, str, "which share of how many, as `3/8`")
    check_kind("`proof_from`", go_on, Sequence, "a list of files of proofs")
    share = read_shard(shard)
    check_kind("`proof_file`", file, (str, pathlib.Path, NoneType), "a path")
    files = [go_on] if isinstance(go_on, str) else go_on
    for one in files:
        check_kind("one of `proof_from`", one, (str, pathlib.Path), "a path")
    begun = tuple(map(pathlib.Path, files))
    for lacking in (path for path in begun if not is_file(path)):
        raise InputError(f"`{lacking}`: there is no such file; give that of a proof.")
    if begun and share.name:
        raise InputError(
            "give `shard` or `proof_from`: files know whose share they are."
        )
    if not (prove or gap or file or begun or share.name):
        return None
    path = None if file is None else pathlib.Path(file)
    if path is not None:
        check_name(path)
    if path is not None and (
        (exists(path) and not is_file(path))
        or leads_nowhere(path)
        or not is_folder(pathlib.Path(os.path.realpath(path)).parent)
    ):
        raise InputError(f"`{path}`: no proof can be written here; give a file.")
    return Wanted(gap, seconds, path, begun, share)
