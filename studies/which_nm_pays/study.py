"""Which N:M pays: a table of the fastest setting, a figure, and the front's report."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import dse
from dse.show.style import ACCENT, GREY_DARK, GREY_LIGHT, TINT
from dse.show.summary_text import summary_text
from dse.study.summary import summarize

HERE = Path(__file__).parent
SHOWN = {"1:2": GREY_LIGHT, "2:4": GREY_DARK, "2:8": TINT, "1:4": ACCENT}
BANDWIDTH, ROWS = "memory_bandwidth_gb_per_s", "tile_rows"


def speed_ups(study: dse.Study, workload: dse.Workload) -> pd.DataFrame:
    """Return every legal design beside the dense one of its array and its memory."""
    runs = dse.sweep(study.space, workload, technology=study.technology)
    table = runs.take(runs.reason == "").to_pandas()
    whole = table[["kept", "group"]].astype(int).astype(str)
    table["setting"] = whole["kept"] + ":" + whole["group"]
    place = [ROWS, BANDWIDTH]
    dense = table[table["setting"] == "1:1"].set_index(place)
    for metric in ("throughput_seq_per_s", "energy_mj"):
        same = dense[metric].loc[pd.MultiIndex.from_frame(table[place])].to_numpy()
        table[f"times_{metric}"] = table[metric] / same
    return table


def draw(tables: dict[str, pd.DataFrame], arrays: tuple[float, ...]) -> go.Figure:
    """Return the speed-up by bandwidth: a row per model, a column per array."""
    titles = [f"{m}, {int(r * 64):,} multipliers" for m in tables for r in arrays]
    figure = make_subplots(2, len(arrays), subplot_titles=titles, shared_yaxes="all")
    for place, table in enumerate(tables.values()):
        for column, rows in enumerate(arrays):
            for setting, colour in SHOWN.items():
                chosen = (table["setting"] == setting) & (table[ROWS] == rows)
                line = go.Scatter(
                    x=table[chosen][BANDWIDTH],
                    y=table[chosen]["times_throughput_seq_per_s"],
                    name=setting,
                    line={"color": colour, "width": 2.5},
                    showlegend=place == column == 0,
                )
                figure.add_trace(line, place + 1, column + 1)
    figure.update_xaxes(type="log", tickvals=[3.2, 12.8, 51.2], title="GB/s")
    figure.update_yaxes(title="times as fast as dense", col=1)
    return figure.update_layout(template="simple_white", height=520, margin_t=40)


def main(picture: str | None = None) -> None:
    """Run the study beside this file; the report goes to results/ where you are."""
    study = dse.load_study(HERE)
    tables = {work.name: speed_ups(study, work) for work, _ in study.suite}
    for name, table in tables.items():
        print(f"\n{name}: fastest setting within the limit, and times dense")
        allowed = table[table["accuracy_drop_percent"] <= 1.25]
        ranked = allowed.sort_values("throughput_seq_per_s")
        best = ranked.groupby([ROWS, BANDWIDTH]).tail(1)
        gain = best["times_throughput_seq_per_s"].map(" {:.2f}".format)
        answer = best.assign(answer=best["setting"] + gain)
        print(answer.pivot(index=ROWS, columns=BANDWIDTH, values="answer").to_string())
    if picture:
        draw(tables, (16, 128)).write_image(picture)
    front = study.run()
    print(summary_text(summarize(study, front)))
    report = Path("results") / study.name / "report.html"
    report.parent.mkdir(parents=True, exist_ok=True)
    dse.write_report(study, front, report)


if __name__ == "__main__":
    main(*sys.argv[1:])
