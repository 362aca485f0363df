"""Does inheriting masks pay? Trains BERT-Tiny, prunes it four ways, writes the answer.

Every line of `accuracies.csv` is one model; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from dse.measure.bert_tiny import Trained, train_bert_tiny
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
SEQ_LEN = 24  # tokens: three of four glosses are whole
TEST_TEXTS = 4000
COLUMNS = ("seed", "method", "n", "m", "steps", "accuracy")


def recipe(seed: int, steps: int, learning_rate: float) -> Recipe:
    """Return how long a model is trained."""
    return Recipe(steps=steps, batch=64, learning_rate=learning_rate, seed=seed)


def models(task: Task, seed: int) -> Iterator[tuple[str, int, int, int, float]]:
    """Yield method, N, M, steps of pruning and accuracy of every model of a seed."""
    start = recipe(seed, 1200, 2e-3)
    dense: Trained = train_bert_tiny(task, start, seq_len=SEQ_LEN, progress="dense")
    learned = dense.tokenizer.encode(task.train.texts, SEQ_LEN)
    asked = dense.tokenizer.encode(task.test.texts, SEQ_LEN)
    labels, answers = task.train.labels, task.test.labels
    yield "dense", 1, 1, 0, accuracy(dense.model, asked, answers)
    longer = train(dense.model, learned, labels, recipe(seed, 360, 1e-3))
    yield "dense", 1, 1, 360, accuracy(longer, asked, answers)
    for m, counts in COUNTS.items():
        for method, per_series in WAYS:
            series = prune_in_series(
                dense.model,
                learned,
                labels,
                method=method,
                counts=counts,
                m=m,
                recipe=recipe(seed, STEPS, 1e-3),
                per_series=per_series,
                progress=True,
            )
            for place, (n, model) in enumerate(series, 1):
                steps = STEPS * (1 if per_series else place)
                right = accuracy(model, asked, answers)
                yield method, n, m, 0 if method == "one_shot" else steps, right


def main() -> None:
    """Run what is missing of the study; results go to results/ where you are."""
    path = Path("results") / Path(__file__).parent.name / "accuracies.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    done = set(path.read_text().split("\n")) if path.exists() else set()
    finished = {line.split(",")[0] for line in done if ",end," in line}
    task = wordnet_glosses(seed=0).limited(test=TEST_TEXTS)
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if not done:
            writer.writerow(COLUMNS)
        for seed in SEEDS:
            if str(seed) in finished:
                continue
            for row in models(task, seed):
                writer.writerow([seed, *row[:-1], f"{row[-1]:.5f}"])
                file.flush()
                print(seed, *row)


if __name__ == "__main__":
    main()
