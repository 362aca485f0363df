"""A traced function as a table of names and numbers that a file can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dse.compile.function import CompiledFunction, Function
from dse.compile.graph import BY_JAX, CONSTANT, PART, Graph, Node, Places


def stored(function: CompiledFunction) -> dict[str, Any] | None:
    """Return in the types of JSON what `restored` makes the same function of.

    Operations that no answer needs are left out. None where one is left to JAX: that
    is a piece of a program.
    """
    graph, inputs = function.graph, function.inputs
    given = {at for places in inputs for at in places.ravel().tolist()}
    needed = sorted(given.union(graph.needed(function.places)))
    nodes = [graph.nodes[place] for place in needed]
    if any(node.operation in (BY_JAX, PART) for node in nodes):
        return None
    row = {place: number for number, place in enumerate(needed)}
    return {
        "shapes": function.shapes,
        "nodes": [
            [node.operation, [row[at] for at in node.takes], _detail(node)]
            for node in nodes
        ],
        "inputs": [_rows(places, row) for places in inputs],
        "outputs": [_rows(places, row) for places in function.outputs],
    }


def restored(
    told: Mapping[str, Any], function: Function, tree: Any
) -> CompiledFunction:
    """Return the function that was stored; `tree` is that of its answers.

    `function` is the same for JAX, which traces it where slopes are asked for. Raises
    KeyError, TypeError, ValueError or IndexError for a table that is none of ours.
    """
    graph, at = Graph(), list[int]()
    with np.errstate(all="ignore"):
        for operation, takes, detail in told["nodes"]:
            node = Node(operation, (), _read_detail(operation, detail))
            at.append(graph.again(node, [at[row] for row in takes]))
    graph.close()
    shapes = {name: tuple(shape) for name, shape in told["shapes"].items()}
    inputs, outputs = (
        [np.asarray(at, np.int64)[np.asarray(rows, np.int64)] for rows in told[which]]
        for which in ("inputs", "outputs")
    )
    return CompiledFunction(function, shapes, graph, inputs, (outputs, tree))


def _rows(places: Places, row: Mapping[int, int]) -> Any:
    return np.vectorize(row.__getitem__, [np.int64])(places).tolist()


def _detail(node: Node) -> Any:
    """Return what a node says beside its operation: its number by kind and bits."""
    if node.operation == CONSTANT:
        return [node.detail.dtype.str, node.detail.tobytes().hex()]
    return node.detail


def _read_detail(operation: str, detail: Any) -> Any:
    if operation == CONSTANT:
        kind, bits = detail
        return np.frombuffer(bytes.fromhex(bits), kind)[0]
    return tuple(detail) if isinstance(detail, list) else detail
