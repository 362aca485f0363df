"""What does a threshold in each layer cost? Measures MiniLM; adds to layers.csv."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from dse.measure.checkpoint import load_checkpoint
from dse.measure.encoding import Encoder
from dse.measure.experiment import RIDGE
from dse.measure.policies.contract import Pruning
from dse.measure.probe import fit_probe
from dse.measure.tasks.load import load_task
from dse.measure.tasks.task import join_to_length
from dse.measure.tokenizer import Tokenizer, load_tokenizer
from dse.records import Record, quantity, record

LAYERS, TOKENS, SEEDS, TRAIN, TEST = 6, 128, (0, 1, 2), 768, 512
ALONE, TOGETHER = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1), (0.005, 0.01, 0.02, 0.05)
MIXED = [
    [0.05, 0.05, 0.01, 0.02, 0.005, 0.002],
    [0.02, 0.02, 0.01, 0.02, 0.01, 0.005],
    [0.05, 0.05, 0.02, 0.02, 0.02, 0.01],
]

FILE = Path(__file__).with_name("layers.csv")
COLUMNS = [f"threshold_{layer}" for layer in range(LAYERS)]


@record
class DynaTranByLayer(Record):
    """DynaTran with a threshold for every layer."""

    thresholds: Any = quantity(
        "1", "magnitude below which a value is dropped, [layers]"
    )

    def keep(self, site: str, layer: int, values: jax.Array) -> jax.Array:
        """Return the mask of kept values, of the shape of `values`."""
        return jnp.greater_equal(jnp.abs(values), self.thresholds[layer])


def assignments() -> list[list[float]]:
    """Return all thresholds that are tried, a row of layers each."""
    alone = [list(t * np.eye(LAYERS)[layer]) for t in ALONE for layer in range(LAYERS)]
    return [*alone, *([t] * LAYERS for t in TOGETHER), *MIXED]


def measure(encoder: Encoder, tokenizer: Tokenizer, seed: int, rows: Any) -> Any:
    """Return the accuracy of the dense model, and of one pruned by each of some rows."""
    task = load_task("wordnet", None, seed=seed)
    parts = []
    for examples, count in ((task.train, TRAIN), (task.test, TEST)):
        lengths = tokenizer.lengths(examples.texts).tolist()
        some = join_to_length(examples, lengths, TOKENS).first(count)
        parts.append((tokenizer.encode(some.texts, TOKENS), some.labels))
    (learnt, classes), (judged, labels) = parts
    features = encoder.features(learnt, Pruning())
    probe = fit_probe(features, classes, len(task.classes), ridge=RIDGE)
    found = [probe.accuracy(encoder.features(judged, Pruning()), labels)]
    for thresholds in rows:
        rule = DynaTranByLayer(thresholds=jnp.asarray(thresholds))
        features = encoder.features(judged, Pruning(activation=rule))
        found.append(probe.accuracy(features, labels))
    return found


def main(model: str) -> None:
    """Measure what layers.csv lacks with every seed, and write it whole."""
    checkpoint = load_checkpoint(model)
    tokenizer, encoder = load_tokenizer(checkpoint.folder), Encoder(checkpoint.model)
    known = pd.read_csv(FILE) if FILE.exists() else pd.DataFrame(columns=COLUMNS)
    old = known[COLUMNS].to_numpy(float)
    rows = [r for r in assignments() if not np.isclose(old, r).all(axis=1).any()]
    fresh = pd.DataFrame(rows, columns=COLUMNS)
    for seed in SEEDS:
        dense, *found = measure(encoder, tokenizer, seed, rows)
        fresh[f"dense_{seed}"], fresh[f"accuracy_{seed}"] = dense, found
    every = pd.concat([known, fresh]).sort_values(COLUMNS)
    every.to_csv(FILE, index=False, float_format="%.6g")


if __name__ == "__main__":
    main(sys.argv[1])
