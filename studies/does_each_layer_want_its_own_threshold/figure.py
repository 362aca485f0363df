"""The figure of the study: what each layer loses alone, by threshold."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from dse.show.figure import new_figure
from dse.show.style import ACCENT, GREY_DARK, GREY_LIGHT, INK, RULE

HERE = Path(__file__).parent
LAST = 5


def losses() -> pd.DataFrame:
    """Return points lost when one layer alone is pruned: thresholds by layers."""
    table = pd.read_csv(HERE / "layers.csv")
    thresholds = table.filter(like="threshold_").to_numpy()
    dense, pruned = (table.filter(like=name) for name in ("dense_", "accuracy_"))
    lost = 100.0 * (dense.to_numpy() - pruned.to_numpy()).mean(axis=1)
    alone = (thresholds > 0).sum(axis=1) == 1
    rows = {
        "layer": thresholds[alone].argmax(axis=1),
        "threshold": thresholds[alone].max(axis=1),
        "points": lost[alone],
    }
    return pd.DataFrame(rows).pivot(index="threshold", columns="layer", values="points")


def draw(path: Path) -> None:
    """Draw a line for each layer, named at its end."""
    figure, table = new_figure(height=380, width=760), losses()
    ends = table.iloc[-1].to_numpy()
    # Names stand apart even where lines end close together.
    order = np.argsort(ends)
    places = np.maximum.accumulate(ends[order] - 0.75 * np.arange(len(ends)))
    at = dict(zip(order.tolist(), places + 0.75 * np.arange(len(ends)), strict=True))
    for layer in table:
        color = ACCENT if layer == LAST else GREY_DARK if layer == 2 else GREY_LIGHT
        figure.add_scatter(
            x=[0.0, *table.index],
            y=[0.0, *table[layer]],
            mode="lines+markers",
            line={"color": color, "width": 2},
        )
        figure.add_annotation(
            x=table.index[-1],
            y=at[layer],
            text=f"layer {layer}" + (", the last" if layer == LAST else ""),
            showarrow=False,
            xanchor="left",
            xshift=10,
            font={"color": INK, "size": 12},
        )
    figure.update_layout(
        xaxis={"title": "DynaTran threshold of one layer", "range": [-0.002, 0.122]},
        yaxis={"title": "accuracy lost (points)", "dtick": 2},
    )
    figure.update_xaxes(gridcolor=RULE, zeroline=False)
    figure.update_yaxes(gridcolor=RULE, zeroline=False)
    figure.write_image(path)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
