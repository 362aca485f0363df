"""A proof as a file: all that another program needs to check it.

`benchmarks/proofs/check.py` is one, in NumPy alone.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from dse.compile.graph import CONSTANT, CONVERT, Graph, Node
from dse.files import write_whole
from dse.tuning.enclosure import Array, Boxes, Enclosure


def write_proof(
    path: Path, enclosure: Enclosure, leaves: Boxes, front: Array, gap: float
) -> None:
    """Write what was proven, of which function, and the boxes that were closed.

    The function is written as operations on single numbers, in order: costs, by how
    much each limit is broken, and numbers above 0 where a rule is. Its inputs are the
    values of each axis, and what hangs on that alone: `columns`, the place of the axis
    and the ends at each of its positions. `front` holds the costs of designs
    `[designs, objectives]` that none betters by more than the gap.
    """
    function, problem = enclosure.function, enclosure.problem
    needed = function.graph.needed(function.places)
    number = {place: at for at, place in enumerate(needed)}
    answers = function.answers
    told = {
        "question": f"{', '.join(map(str, problem.objectives))} | "
        f"{', '.join(map(str, problem.limits))}",
        "front": np.asarray(front).tolist(),
        "gap": gap,
        "shape": (enclosure.whole.last[0] + 1).tolist(),
        "columns": {
            name: [column.axis, column.low.tolist(), column.high.tolist()]
            for name, column in enclosure.columns.items()
        },
        "nodes": [_node(function.graph, place, number) for place in needed],
        "costs": [number[int(at)] for at in answers["costs"]],
        "excess": [number[int(at)] for at in answers["excess"]],
        "rules": [number[int(at)] for at in answers["rules"]],
    }
    data = np.frombuffer(json.dumps(told).encode(), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, told=data, first=leaves.first, last=leaves.last)
    write_whole(path, file.getvalue())


def _node(graph: Graph, place: int, number: dict[int, int]) -> list[Any]:
    """Return an operation, the numbers of what it takes, and an input or a constant."""
    node: Node = graph.nodes[place]
    operation, detail = node.operation, node.detail
    if operation == CONSTANT:
        detail = detail.item() if detail.dtype == bool else float(detail)
    elif operation == CONVERT:
        whole = np.dtype(detail).kind in "iu"
        operation, detail = ("whole" if whole else "float"), None
    return [operation, [number[at] for at in node.takes], detail]
