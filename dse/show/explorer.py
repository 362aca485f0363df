"""Results to explore in a notebook: the page of a report with a kernel behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from dse.arguments import named_machines, texts
from dse.engines.base import Engine
from dse.errors import check_kind
from dse.explore.evaluate import evaluate_suite
from dse.explore.objectives import USUAL
from dse.explore.runs import Runs, pareto
from dse.show.plots import plot_front

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from dse.show.explorer_widget import ExplorerView


def explore(
    results: Runs,
    *,
    objectives: Sequence[str] = USUAL,
    references: Mapping[str, Engine] | None = None,
) -> ExplorerView | go.Figure:
    """Show results in a notebook, to choose among by hand.

    `view = dse.explore(runs)`, in a cell of its own. Boxes, ranges and sliders choose;
    then `view.selection` has the rows of all results within them, as a table,
    `view.design` is the machine that was clicked, and `view.ranges` what was chosen. A
    front is shown as it is, of other results their front in the `objectives`, before
    the density of all. Needs the extra `notebook`; without it, the front is drawn and
    returned as a figure. Raises `InputError` where nothing is on the front.

    Examples:
        >>> space = dse.Space("tile:edge", pes=[16, 32, 64], batch=[1, 4])
        >>> view = dse.explore(dse.sweep(space, "bert-tiny"))
    """
    wanted = texts("objectives", objectives, USUAL[0])
    check_kind("`results`", results, Runs, "what `dse.sweep` or `dse.load` returns")
    front = results if results.objectives else pareto(results, *wanted)
    front.check_any()
    basis = results.basis
    machines = {
        name: evaluate_suite([(design, w) for w, _ in basis.suite], basis)
        for name, design in named_machines("references", references).items()
    }
    if find_spec("anywidget") is None:
        return plot_front(front, references=machines)
    from dse.show.explorer_widget import ExplorerView

    return ExplorerView(results, front, machines)
