"""Products on a GeForce RTX 3090, dense and at 2:4, against the N:M engine.

One row is a product of weights [outputs, inner], dense and 2:4, by activations [inner,
tokens]. What 2:4 gains is a figure of its own: it knows no launch and no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dse.csv_file import number_in, read_rows
from dse.engines.nm.engine import NMEngine
from dse.evidence.run_errors import compare_rows
from dse.evidence.silicon import run_alone
from dse.explore.evaluate import evaluate
from dse.hardware.technology import load_technology
from dse.shipped import hw_params_folder
from dse.workload.layers import linear

_NODE_NM = 7  # of its energy and area, which are not asked for
_WAYS = ("dense", "sparse")


def validate(data: Path | None = None, *, progress: bool = True) -> dict[str, Any]:
    """Compare a table of products with the card's preset; see `silicon.validate`.

    Returns `quantities` over rows that nothing was fitted to and one record per row.
    Raises `InputError` for a file, column or value that cannot be read.
    """
    path = data or hw_params_folder() / "reported" / "silicon_rtx3090.csv"
    rows = read_rows(path, "a CSV with one product per row")
    return compare_rows(rows, _compare, unit="product", progress=progress)


def _compare(place: str, row: Mapping[str, str]) -> dict[str, Any]:
    columns = ("tokens", "inner", "outputs")
    tokens, inner, outputs = (
        int(number_in(place, name, row.get(name))) for name in columns
    )
    product = run_alone([linear("product", tokens, inner, outputs, reads=(0,))])
    card = NMEngine.rtx_3090()
    technology = load_technology("sta").at_node(_NODE_NM)
    found, claimed = {}, {}
    for way in _WAYS:
        machine = card if way == "sparse" else card.replace(kept=card.group)
        answer = evaluate(machine, product, technology=technology)
        found[f"{way}_us"] = float(answer.latency) * 1e6
        claimed[f"{way}_us"] = number_in(place, f"{way}_us", row.get(f"{way}_us"))
    for times in (found, claimed):
        times["gain"] = times["dense_us"] / times["sparse_us"]
    fitted = f"{row.get('fitted')}_us"
    return {
        "place": place,
        "claimed": claimed,
        "found": found,
        "errors": {
            name: found[name] / value - 1.0
            for name, value in claimed.items()
            if name != fitted
        },
    }
