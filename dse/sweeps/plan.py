"""The plan of a sweep in parts: what is asked, what is kept, and how it is cut."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from dse.arguments import count
from dse.errors import InputError, check_kind, did_you_mean, quoted
from dse.explore.limits import read_limits
from dse.explore.objectives import THROUGHPUTS, read_objectives
from dse.json_file import parse_json
from dse.study.study import Study
from dse.sweeps.fingerprint import differences, fingerprint
from dse.sweeps.kept import Kept, read_kept

FORMAT = 3  # of the files in a store
DESIGNS_PER_PART = 2**24  # a second or so of work
ROWS_PER_PART = 2**18  # where every design is kept
MOST_PARTS = 4096


@dataclass(frozen=True)
class Plan:
    """All that parts of one sweep must agree on; it stands in their manifest.

    `counted` is what throughput counts. `parts` and `block_size` change how the work is
    cut, never its answer.
    """

    study: str
    designs: int
    counted: str
    objectives: tuple[str, ...]
    limits: tuple[str, ...]
    keep: str
    seed: int
    parts: int
    block_size: int
    fingerprint: dict[str, str]
    format: int = FORMAT

    @property
    def kept(self) -> Kept:
        """What is kept beside the front."""
        return read_kept(self.keep)

    def to_json(self) -> str:
        """Return the plan as the text of a manifest."""
        return json.dumps(asdict(self), indent=2) + "\n"


def make_plan(
    study: Study, *, kept: Kept, seed: int, parts: int | None, block_size: int
) -> Plan:
    """Return how a study is searched, in as many parts as asked or as is sensible."""
    designs = study.space.size
    return Plan(
        study=study.name,
        designs=designs,
        counted=study.basis.counted,
        objectives=study.objectives,
        limits=study.limits,
        keep=str(kept),
        seed=seed,
        parts=min(parts or sensible_parts(designs, kept), designs),
        block_size=block_size,
        fingerprint=fingerprint(study),
    )


def sensible_parts(designs: int, kept: Kept) -> int:
    """Return into how many parts a space is cut if nobody says."""
    if kept.kind == "all":
        return -(-designs // ROWS_PER_PART)
    return min(-(-designs // DESIGNS_PER_PART), MOST_PARTS)


def read_plan(text: str) -> Plan:
    """Read the plan of a manifest. Raises `InputError` where it is none."""
    try:
        found: dict[str, Any] = parse_json(text, "it", "a manifest")
        if found["format"] != FORMAT:
            raise InputError(
                f"it has format {found['format']}; this dse reads {FORMAT}"
            )
        _check(found)
        for name in ("objectives", "limits"):
            found[name] = tuple(found[name])
        plan = Plan(**found)
        read_objectives(plan.objectives)
        read_limits(plan.limits)
        read_kept(plan.keep)
        return plan
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"it cannot be read as a manifest ({error})") from None


def _check(found: dict[str, Any]) -> None:
    """Raise `InputError` for entries of another kind than a plan has."""
    texts = {"study": str, "counted": str, "keep": str}
    lists = {"objectives": list, "limits": list}
    for name, kind in {**texts, **lists, "fingerprint": dict}.items():
        check_kind(f"`{name}`", found[name], kind, "what a sweep wrote")
    for name, least in {"designs": 1, "parts": 1, "block_size": 1, "seed": 0}.items():
        count(name, found[name], least=least, most=2**62)
    if found["counted"] not in THROUGHPUTS:
        known = did_you_mean(found["counted"], THROUGHPUTS)
        raise InputError(f"`counted` is {quoted(found['counted'])}.{known}")
    for name, told in found["fingerprint"].items():
        check_kind(f"`fingerprint.{name}`", told, str, "what a sweep wrote")


def agreed(found: Plan, wanted: Plan) -> Plan:
    """Return the plan found, if parts made by it serve what is wanted now.

    Raises `InputError` naming what differs.
    """
    unlike = differences(found.fingerprint, wanted.fingerprint)
    unlike += [n for n in ("keep", "seed") if getattr(found, n) != getattr(wanted, n)]
    if unlike:
        raise InputError(f"another {' and '.join(unlike)}")
    return replace(wanted, parts=found.parts, block_size=found.block_size)
