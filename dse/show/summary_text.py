"""The summary of a front in words and a table of plain text."""

from __future__ import annotations

from dse.show import words
from dse.show.labels import describe_design, describe_workload
from dse.show.scale import scale_of
from dse.show.text_table import prose, text_table
from dse.study.summary import Summary


def summary_text(summary: Summary) -> str:
    """Return the summary as a page to read: question, front, references."""
    study, front = summary.study, summary.front
    runs = [describe_workload(run, moved=study.space.names) for run, _ in study.suite]
    batches = study.reference_batches
    told = [words.standing(s, front, batches.get(s.name)) for s in summary.standings]
    notes = [words.shared_choices(front), words.model_error(front)]
    how = f"{study.timing} timing, technology {study.technology.name}"
    lead = f"{words.lead(summary)}\nRun: {'; '.join([*runs, how])}."
    said = [*filter(None, notes), *told]
    return "\n\n".join(
        [*map(prose, (study.question, lead)), _stand_outs(summary), *map(prose, said)]
    )


def _stand_outs(summary: Summary) -> str:
    """Return the knee and the extremes as columns, fields and metrics as rows."""
    front, scale = summary.front, scale_of(summary.front)
    picked = {"knee": summary.knee, **summary.best}
    indices = [int(front.index[row]) for row in picked.values()]
    fields = [describe_design(front.space, index) for index in indices]
    rows = [["design", *(f"{index:,}" for index in indices)]]
    rows += [[label, *(column[label] for column in fields)] for label in fields[0]]
    rows += [
        [
            scale.name(metric),
            *(scale.amount(metric, front.metrics[metric][r]) for r in picked.values()),
        ]
        for metric in front.metrics
    ]
    return text_table(["", *picked], rows)
