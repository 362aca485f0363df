"""What does a threshold in one layer alone cost? Measures MiniLM; writes layers.csv."""

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
from dse.measure.tokenizer import load_tokenizer
from dse.records import Record, quantity, record

LAYERS, TOKENS, SEEDS, TRAIN, TEST = 6, 128, (0, 1, 2), 768, 512
ALONE, TOGETHER = (0.01, 0.02, 0.05), (0.005, 0.01, 0.02)
MIXED = [
    [0.05, 0.05, 0.01, 0.02, 0.005, 0.002],
    [0.02, 0.02, 0.01, 0.02, 0.01, 0.005],
    [0.05, 0.05, 0.02, 0.02, 0.02, 0.01],
]


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


def main(model: str) -> None:
    """Measure all assignments with every seed, and write them beside this file."""
    checkpoint = load_checkpoint(model)
    tokenizer, encoder = load_tokenizer(checkpoint.folder), Encoder(checkpoint.model)
    table = pd.DataFrame(
        assignments(), columns=[f"threshold_{n}" for n in range(LAYERS)]
    )
    for seed in SEEDS:
        task = load_task("wordnet", None, seed=seed)
        parts = []
        for examples, count in ((task.train, TRAIN), (task.test, TEST)):
            lengths = tokenizer.lengths(examples.texts).tolist()
            some = join_to_length(examples, lengths, TOKENS).first(count)
            parts.append((tokenizer.encode(some.texts, TOKENS), some.labels))
        (learnt, classes), (judged, labels) = parts
        features = encoder.features(learnt, Pruning())
        probe = fit_probe(features, classes, len(task.classes), ridge=RIDGE)
        dense = probe.accuracy(encoder.features(judged, Pruning()), labels)
        found = []
        for thresholds in assignments():
            rule = DynaTranByLayer(thresholds=jnp.asarray(thresholds))
            features = encoder.features(judged, Pruning(activation=rule))
            found.append(probe.accuracy(features, labels))
        table[f"dense_{seed}"], table[f"accuracy_{seed}"] = dense, found
    table.to_csv(
        Path(__file__).with_name("layers.csv"), index=False, float_format="%.6g"
    )


if __name__ == "__main__":
    main(sys.argv[1])
