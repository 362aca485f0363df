"""What a sweep would take, told before it is run."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from dse.cli.options import log
from dse.cli.output import print_json, say
from dse.show.text_table import prose, text_table

if TYPE_CHECKING:  # needs JAX
    from dse.study.estimate import Estimate
    from dse.study.study import Study


def tell_cost(study: Study, block_size: int, as_json: bool) -> None:
    """Print what a run would cover, and how long it would take on this machine."""
    from dse.study.estimate import estimate

    log.info("Running the first blocks, to time them.")
    found = estimate(study, block_size=block_size)
    space = study.space
    if as_json:
        print_json(
            {
                "study": study.name,
                "designs": space.size,
                "axes": {name: list(axis.values) for name, axis in space.axes.items()},
                "tied": {name: tie.expression for name, tie in space.tied.items()},
                "listed": bool(space.rows),
                "legal": space.legal,
                "block_size": block_size,
                "estimate": _estimate_json(found),
            }
        )
        return
    rows = [
        [name, str(len(axis)), _shortened(", ".join(map(str, axis.values)))]
        for name, axis in space.axes.items()
    ]
    rows += [[name, "-", f"= {tie.expression}"] for name, tie in space.tied.items()]
    say(f"{prose(study.question)}\n\n{text_table(['axis', 'values', ''], rows)}\n")
    for reason, rule in space.legal.items():
        say(prose(f"Legal if {rule} ({reason})."))
    listed = " one by one" if space.rows else ""
    say(prose(f"{space.size:,} designs{listed}, {_describe(found)}"))


def _shortened(text: str) -> str:
    return textwrap.shorten(text, 56, placeholder=" …")


def _describe(found: Estimate) -> str:
    """Return the time of a run in words, with how it was come by."""
    if found.first_designs == found.designs:
        return f"{found.seconds:.0f} s: measured, for one block holds them all."
    pace = found.timed_designs / found.timed
    return (
        f"about {found.seconds:.0f} s: {found.start:.0f} s to trace it and run a first "
        f"block of {found.first_designs:,}, then {pace:,.0f} designs/s, measured over "
        f"the next {found.timed_designs:,}. The report is not in it."
    )


def _estimate_json(found: Estimate) -> dict[str, Any]:
    pace = found.timed_designs / found.timed if found.timed_designs else None
    return {
        "seconds": found.seconds,
        "start_seconds": found.start,
        "start_designs": found.first_designs,
        "timed_seconds": found.timed,
        "timed_designs": found.timed_designs,
        "designs_per_second": pace,
    }
