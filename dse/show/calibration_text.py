"""What was learned of the error of the models, and whether it holds, as plain text."""

from __future__ import annotations

from typing import Any

import numpy as np

from dse.evidence.calibration import ALL, RATIOS, SHARES
from dse.explore.model_error import ModelError
from dse.show.text_table import text_table

NAMES = {ALL: "all of them", RATIOS: "ratios of two machines"}


def calibration_text(found: dict[str, dict[str, Any]]) -> str:
    """Return how many rows lie inside the intervals that others leave to expect."""
    rows = [
        [
            NAMES.get(name, name),
            f"{group['machines']}",
            f"{group['rows']}",
            *(f"{group['inside'][f'{share:.0%}']:.0%}" for share in SHARES),
            f"x {group['factor']:.2f}",
        ]
        for name, group in found.items()
    ]
    heads = ["family", "machines", "rows", *(f"in {share:.0%}" for share in SHARES)]
    title = (
        "Rows inside the interval that the rows of all other machines leave to expect, "
        "by the\nshare that should be; last, by what factor the middle 90 % may be off "
        "either way:"
    )
    return f"{title}\n\n{text_table([*heads, 'median 90 %'], rows)}"


def learned_text(learned: ModelError) -> str:
    """Return bias and spread of measured over modelled, by family and metric."""
    rows = [
        [
            *(family, metric, f"{spread.machines}", f"{spread.figures}"),
            *(f"x {np.exp(spread.bias):.2f}", f"{spread.scale:.3f}"),
            f"{spread.freedom:.1f}",
        ]
        for family, of in learned.shared.items()
        for metric, spread in of.items()
    ]
    for name, spread in (("without evidence", learned.unknown), ("own", learned.own)):
        ends = [f"{spread.machines or ''}", f"{spread.figures or ''}"]
        at = [f"x {np.exp(spread.bias):.2f}", f"{spread.scale:.3f}"]
        rows.append([name, "every", *ends, *at, f"{spread.freedom:.1f}"])
    heads = ["family", "metric", "machines", "figures", "bias", "spread of log"]
    return (
        "What was measured over what is modelled: what machines of a family share, and "
        f"what each\nhas of its own:\n\n{text_table([*heads, 'freedom'], rows)}"
    )
