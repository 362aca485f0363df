"""A linear probe: what a frozen encoder already knows, read out by one linear map.

The map is the ridge regression of class indicators on standardised features: solved at
once, so it has no seed, and the accuracy of two encoders differs by the encoders alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dse.arrays import Array

CONSTANT = 1e-2  # of the median deviation: a feature below it counts as constant


@dataclass(frozen=True)
class Probe:
    """A linear map from features [hidden] to one score per class."""

    mean: Array  # of the features it was fitted to, [hidden]
    scale: Array  # their standard deviation, [hidden]
    weights: Array  # [hidden, classes]
    bias: Array  # [classes]

    def predict(self, features: Array) -> Array:
        """Return the class of each row of features [texts, hidden]."""
        scores = ((features - self.mean) / self.scale) @ self.weights + self.bias
        found: Array = np.argmax(scores, axis=1)
        return found

    def hits(self, features: Array, labels: Array) -> Array:
        """Return which rows are told right, [texts]."""
        right: Array = self.predict(features) == labels
        return right

    def accuracy(self, features: Array, labels: Array) -> float:
        """Return the share of rows that are told right."""
        return float(self.hits(features, labels).mean())


def fit_probe(
    features: Array, labels: Array, classes: int, *, ridge: float = 1e-3
) -> Probe:
    """Return the probe that fits features [texts, hidden] best.

    Minimises |x w + b - y|^2 / texts + ridge |w|^2 over standardised features x and
    indicators y of the classes, in float64.
    """
    given = np.asarray(features, float)
    mean, scale = given.mean(0), given.std(0)
    # A feature that hardly moves tells nothing, but would blow up what pruning shifts.
    scale = np.where(scale > CONSTANT * np.median(scale), scale, np.inf)
    x = (given - mean) / scale
    y = np.eye(classes)[labels]
    bias = y.mean(0)
    texts, hidden = x.shape
    gram = x.T @ x / texts + ridge * np.eye(hidden)
    weights = np.linalg.solve(gram, x.T @ (y - bias) / texts)
    return Probe(mean, scale, weights, bias)
