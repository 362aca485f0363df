"""A traced model as a list of operations on single numbers.

Taken apart into numbers, equal ops and equal layers become one: BERT-Base on a tile
engine is about 1,700 operations a design. A model of arrays does all of them again for
each op.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from dse.explore.rows.graph import Graph
from dse.explore.rows.places import Places, constants
from dse.explore.rows.rules import write_numbers
from dse.explore.tracing import follow, trace


class ScalarProgram:
    """A function of named numbers, as operations on single numbers.

    `answers` are those of the function, places in the graph instead of numbers. With
    `fast_math` all numbers count as finite. Raises `NotByRowsError` for an operation
    that cannot be taken apart.
    """

    longest_loop = 10**6  # every loop is written out

    def __init__(
        self,
        function: Callable[[Mapping[str, Any]], Any],
        names: Sequence[str],
        *,
        fast_math: bool = False,
    ) -> None:
        traced = trace(function, names)
        self.function = function
        self.names = traced.names
        self.graph = Graph(fast_math=fast_math)
        inputs = [np.asarray(self.graph.input(name)) for name in self.names]
        self.outputs = follow(traced, self, inputs)
        self.answers = jax.tree.unflatten(traced.tree, self.outputs)

    def constant(self, value: Any) -> Places:
        """Return the places of an array that no input can change."""
        return constants(self.graph, value)

    def operation(self, equation: Any, given: list[Places]) -> list[Places]:
        """Add one traced operation; return the places of its results."""
        return write_numbers(self.graph, equation, given)

    def pick(self, value: Places, at: int) -> Places:
        """Return one row of an array of places."""
        return np.asarray(value[at])

    def stack(self, values: list[Places]) -> Places:
        """Return the rows of an array of places as one array."""
        return np.stack(values)

    def count(self) -> Counter[str]:
        """Return how many operations of each kind one design takes."""
        return self.graph.count(self.places)

    @property
    def places(self) -> list[int]:
        """Places of the numbers of the answers, in order."""
        return [int(place) for places in self.outputs for place in places.ravel()]
