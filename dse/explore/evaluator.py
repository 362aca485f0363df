"""Designs by index, in float64: the one place where a sweep's answers are decided.

Grids are searched in float32; whatever may matter is evaluated here again, always by
the same program on batches of one size, so that no answer depends on how it was found.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dse.explore.grid import Answer
from dse.explore.objectives import SHOWN_UNITS
from dse.explore.space import Space

BATCH = 4096

Columns = dict[str, np.ndarray[Any, Any]]


class Evaluator:
    """Evaluates designs by index; `prepare` compiles ahead, in the background."""

    def __init__(
        self, space: Space, answer_with: Callable[[Callable[[Any], Any]], Answer]
    ) -> None:
        self._space = space
        self._answer = answer_with(_read)
        self._compiled: Callable[[Any], dict[str, Array]] | None = None
        self._failure: BaseException | None = None
        self._worker: threading.Thread | None = None

    def prepare(self) -> None:
        """Start to compile in a thread of its own; the first call waits for it.

        Tracing stays in the caller's thread: two precisions must not be traced at once.
        """
        with jax.enable_x64(True):
            batch = {n: jnp.full(BATCH, v[0]) for n, v in self._axes().items()}
            traced = jax.jit(jax.vmap(self._answer)).lower(batch)

        def compile_traced() -> None:
            try:
                self._compiled = traced.compile()
            except BaseException as failure:  # handed to the caller's thread
                self._failure = failure

        # Not a daemon: XLA must not be in the middle of compiling when Python ends.
        self._worker = threading.Thread(target=compile_traced)
        self._worker.start()

    def _axes(self) -> dict[str, np.ndarray[Any, Any]]:
        return {n: self._space.values(n) for n in self._space.names}

    def __call__(self, indices: np.ndarray[Any, Any]) -> Columns:
        """Return the metrics of the designs with these indices, as float64 columns."""
        if self._worker is None:
            self.prepare()
        assert self._worker is not None
        self._worker.join()
        if self._failure is not None:
            raise self._failure
        assert self._compiled is not None
        parts = [
            self._batch(indices[i : i + BATCH]) for i in range(0, len(indices), BATCH)
        ]
        if not parts:
            return {n: v[:0] for n, v in self._batch(np.zeros(1, np.int64)).items()}
        return {n: np.concatenate([p[n] for p in parts]) for n in parts[0]}

    def _batch(self, indices: np.ndarray[Any, Any]) -> Columns:
        assert self._compiled is not None
        padded = np.concatenate([indices, np.full(BATCH - len(indices), indices[0])])
        digits = self._space.digits(padded)
        with jax.enable_x64(True):
            given = {n: jnp.asarray(v[digits[n]]) for n, v in self._axes().items()}
            found = self._compiled(given)
        return {n: np.asarray(v)[: len(indices)] for n, v in found.items()}


def _read(found: Any) -> dict[str, Any]:
    metrics = {name: getattr(found, name) for name in SHOWN_UNITS}
    return {n: jnp.asarray(v) for n, v in metrics.items() if v is not None}
