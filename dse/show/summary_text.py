"""The summary of a front in words and tables of plain text."""

from __future__ import annotations

from dse.explore.objectives import SHOWN_UNITS
from dse.explore.summary import Standing, Summary
from dse.show.labels import describe_design, metric_amount, number
from dse.show.text_table import text_table
from dse.workload.ops import Workload


def summary_text(summary: Summary) -> str:
    """Return the summary as a page to read: what was asked, the front, the references."""
    study, front = summary.study, summary.front
    runs = [_describe(workload) for workload, _ in study.suite]
    limits = f" within {', '.join(study.limits)}" if study.limits else ""
    head = [
        study.question,
        "",
        f"Workload: {'; '.join(runs)}",
        f"Evaluated {front.evaluated:,} designs ({study.timing} timing, technology "
        f"{study.technology.name}); {len(front):,} are on the front of "
        f"{', '.join(study.objectives)}{limits}.",
        "",
        _stand_outs(summary),
    ]
    told = [_describe_standing(summary, standing) for standing in summary.standings]
    return "\n".join([*head, *(f"\n{text}" for text in told)])


def _describe(workload: Workload) -> str:
    return f"{workload.name}, {workload.seq_len} tokens"


def _stand_outs(summary: Summary) -> str:
    """Return the knee and the extremes as columns, fields and metrics as rows."""
    front = summary.front
    picked = {"knee": summary.knee, **summary.best}
    fields = [describe_design(front.space, int(front.index[r])) for r in picked.values()]
    rows = [["design", *(f"{int(front.index[r]):,}" for r in picked.values())]]
    rows += [[label, *(column[label] for column in fields)] for label in fields[0]]
    rows += [
        [
            metric.replace("_", " "),
            *(metric_amount(metric, front.metrics[metric][r]) for r in picked.values()),
        ]
        for metric in SHOWN_UNITS
    ]
    return text_table(["", *picked], rows)


def _describe_standing(summary: Summary, standing: Standing) -> str:
    """Return where one machine stands, in two sentences."""
    front, metrics = summary.front, standing.metrics
    own = ", ".join(
        metric_amount(o.metric, float(getattr(metrics, o.metric)))
        for o in front.objectives
    )
    gains = ", ".join(
        f"{metric} {_times(gain)}" for metric, gain in standing.gains.items()
    )
    beaten = len(standing.beaten_by)
    rival = f"design {int(front.index[standing.rival]):,}"
    if beaten:
        verdict = (
            f"{beaten:,} designs of the front ({beaten / len(front):.0%}) beat it. "
            f"Most evenly does {rival}: {gains}."
        )
    else:
        verdict = f"no design of the front beats it. Nearest comes {rival}: {gains}."
    return f"{standing.name} ({own}): {verdict}"


def _times(gain: float) -> str:
    if gain >= 1:
        return f"{number(gain)} times better"
    return f"{number(1 / gain)} times worse"
