"""Does inheriting masks pay? Trains BERT-Tiny, prunes it four ways, writes the answer.

What a seed gave is kept: a run that was stopped goes on with the seed it was at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from answer import TEXTS, write_answer

from dse.measure.bert_tiny import train_bert_tiny
from dse.measure.series import prune_in_series
from dse.measure.tasks.task import Task
from dse.measure.tasks.wordnet import wordnet_glosses
from dse.measure.training import Recipe, accuracy, train

SEEDS = (0, 1, 2)
COUNTS = {8: (4, 2, 1), 4: (2, 1)}  # N by M, in the order of a series
STEPS = 120  # of training of each model of a series
WAYS = (  # method, and whether its whole series is to cost as much as that of IDP
    *(("one_shot", False), ("frozen", False), ("sr_ste", False), ("idp", False)),
    *(("frozen", True), ("sr_ste", True)),
)
SEQ_LEN = 24  # three of four glosses fit so many tokens
COLUMNS = ("method", "n", "m", "steps", "accuracy")
Row = tuple[str, int, int, int, float]


def recipe(seed: int, steps: int, learning_rate: float) -> Recipe:
    """Return how long a model is trained."""
    return Recipe(steps=steps, batch=64, learning_rate=learning_rate, seed=seed)


def models(task: Task, seed: int, folder: Path) -> Iterator[Row]:
    """Yield method, N, M, steps of pruning and accuracy of every model of a seed."""
    start = recipe(seed, 1200, 2e-3)
    dense = train_bert_tiny(task, start, seq_len=SEQ_LEN, progress="dense")
    dense.save(folder / f"model_{seed}")
    learned = dense.tokenizer.encode(task.train.texts, SEQ_LEN)
    asked = dense.tokenizer.encode(task.test.texts, SEQ_LEN)
    labels, answers = task.train.labels, task.test.labels
    yield "dense", 1, 1, 0, accuracy(dense.model, asked, answers)
    longer = train(dense.model, learned, labels, recipe(seed, 3 * STEPS, 1e-3))
    yield "dense", 1, 1, 3 * STEPS, accuracy(longer, asked, answers)
    for method, per_series in WAYS:
        for m, counts in COUNTS.items():
            series = prune_in_series(
                dense.model,
                learned,
                labels,
                method=method,
                counts=counts[1:] if per_series else counts,  # the first is the same
                m=m,
                recipe=recipe(seed, STEPS, 1e-3),
                per_series=per_series,
            )
            for place, (n, model) in enumerate(series, 1):
                steps = STEPS * (1 if per_series else place) * (method != "one_shot")
                yield method, n, m, steps, accuracy(model, asked, answers)


def main() -> None:
    """Run the seeds that are missing; results go to results/ where you are."""
    folder = Path("results") / Path(__file__).parent.name
    folder.mkdir(parents=True, exist_ok=True)
    task = wordnet_glosses().limited(test=TEXTS)
    for seed in SEEDS:
        path = folder / f"seed_{seed}.csv"
        if not path.exists():
            table = pd.DataFrame(models(task, seed, folder), columns=COLUMNS)
            table.insert(0, "seed", seed)
            table.to_csv(path, index=False)
    write_answer(folder)


if __name__ == "__main__":
    main()
