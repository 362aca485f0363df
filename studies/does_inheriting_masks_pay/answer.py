"""From the accuracies of all seeds to the answer: a table, curves and a figure."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

import pandas as pd
from figure import LOOK, RATIOS, WAYS, draw

from dse.measure.n_of_m_curves import gains, mean_and_spread, n_of_m_curve
from dse.sparsity.curve_file import write_curve_file

TEXTS = 4000  # that are held back, by which models are judged


def write_answer(folder: Path) -> None:
    """Write what a folder of `seed_*.csv` and models says, and print it."""
    parts = [pd.read_csv(path) for path in sorted(folder.glob("seed_*.csv"))]
    table = pd.concat(parts, ignore_index=True)
    table.to_csv(folder / "accuracies.csv", index=False)
    draw(table, folder / "accuracies.svg")
    weights = (folder / "model_0" / "model.safetensors").read_bytes()
    about = {
        "model": "bert-tiny",
        "task": "wordnet",
        "status": "measured",
        "source": "turc2019wellread",
        "where": "its shape alone; trained from nothing on the task",
        "data_source": "fellbaum1998wordnet",
        "data": f"{TEXTS} glosses held back of 117,659; 45 classes, 24 tokens",
        "densities": "weights of the linear layers of the encoder; activations dense",
        "note": "the dense model was trained on for as many steps as the longest "
        "series; spread: of the accuracy, over the texts and over seeds together (root "
        "of the sum of squares; over the seeds: of the loss against the seed's own "
        "dense model); the hash is that of seed 0",
        "model_sha256": hashlib.sha256(weights).hexdigest(),
        "seq_len": 24,
        "seeds": tuple(int(seed) for seed in sorted(table["seed"].unique())),
        "date": datetime.date.today().isoformat(),
        "command": "python studies/does_inheriting_masks_pay/study.py",
    }
    dense_steps = int(table[table["method"] == "dense"]["steps"].max())
    for method in LOOK:
        for m in sorted({m for _, m in RATIOS}):
            curve = n_of_m_curve(
                table,
                method=method,
                m=m,
                dense_steps=dense_steps,
                texts=TEXTS,
                about=about,
            )
            write_curve_file(folder / f"{method}_m{m}.toml", curve)
    print(in_words(table))


def in_words(table: pd.DataFrame) -> str:
    """Return accuracies by ratio and method, and the gains of IDP, as Markdown."""
    lines = ["| method | steps | " + " | ".join(f"{n}:{m}" for n, m in RATIOS) + " |"]
    lines.append("|---" * (2 + len(RATIOS)) + "|")
    for method, (*_, words) in LOOK.items():
        own = table[table["method"] == method]
        longest = own.groupby(["n", "m"])["steps"].transform("max")
        for steps, rows in (
            ("per model", own[own["steps"] == longest]),
            ("per series", own[own["steps"] == own["steps"].min()]),
        ):
            if method in ("one_shot", "idp"):  # both ways of counting are one
                if steps == "per series":
                    continue
                steps = "none" if method == "one_shot" else "either"
            by_ratio = rows.groupby(["n", "m"])["accuracy"]
            cells = [
                f"{100 * mean:.1f} ± {100 * spread:.1f}"
                for mean, spread in (
                    (by_ratio.mean()[ratio], by_ratio.std()[ratio]) for ratio in RATIOS
                )
            ]
            lines.append(f"| {words} | {steps} | " + " | ".join(cells) + " |")
    for over, per_series, words in WAYS:
        mean, spread = mean_and_spread(gains(table, over=over, per_series=per_series))
        name = words.replace("<br>", " ")
        lines.append(
            f"\nIDP over {name}: {100 * mean:+.2f} ± {100 * spread:.2f} points"
        )
    return "\n".join(lines)
