"""Llama-7B and GPT-J as a serving engine runs them on one card: `dse validate serving`.

Published are tokens a second of large batches, and the time to the first token of one
sequence. The cards are those of the zoo with the overheads of a serving engine, which
were fitted to a H800 and other ops; nothing is fitted to these figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dse.csv_file import read_rows
from dse.engines.reference import ReferenceMachine
from dse.evidence.claims import Claim
from dse.explore.evaluate import evaluate
from dse.shipped import hw_params_folder
from dse.workload.generation import generation
from dse.workload.ops import Workload
from dse.workload.transformer import transformer

TOLERANCE = 0.3
SOURCE = "nvidia2023tensorrtllm"
MODELS: dict[str, dict[str, Any]] = {
    "Llama-7B": {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_attention_heads": 32,
        "num_hidden_layers": 32,
        "vocab_size": 32000,
        "max_position_embeddings": 4096,
    },
    "GPT-J": {
        "model_type": "gptj",
        "n_embd": 4096,
        "n_head": 16,
        "n_layer": 28,
        "n_positions": 4096,
        "vocab_size": 50400,
    },
}
_REASONS = {
    "throughput": "sampling, and what the host does for hundreds of sequences, is not "
    "counted",
    "first token": "of an earlier version of the engine than the rates",
}
_OVERHEADS = ("overhead_us", "softmax_overhead", "norm_overhead", "activation_overhead")


def validate(data: Path | None = None, *, progress: bool = True) -> list[Claim]:
    """Return each published figure beside what the model says of the same run."""
    table = hw_params_folder() / "reported" / "serving.csv"
    return [
        Claim(
            name=f"{row['model']} on {row['card']}, {row['format']}: batch "
            f"{row['batch']}, {row['prompt']} + {row['new_tokens']}, {row['quantity']}",
            claimed=float(row["claimed"]),
            unit=row["unit"],
            source=SOURCE,
            where=row["where"],
            modelled=modelled(row),
            tolerance=TOLERANCE,
            reason=_REASONS[row["quantity"]],
        )
        for _, row in read_rows(table, "a CSV of claims")
    ]


def modelled(row: dict[str, str]) -> float:
    """Return what the model says of one row, in the unit of the row.

    A step costs in proportion to its context, but for tiles that it fills: the one at
    the mean context stands for all.
    """
    card = ReferenceMachine.described(row["card"])
    serving = ReferenceMachine.h800()
    card = card.replace(**{name: getattr(serving, name) for name in _OVERHEADS})
    batch, prompt, made = (int(row[n]) for n in ("batch", "prompt", "new_tokens"))
    shape, form = MODELS[row["model"]], row["format"]

    def seconds(workload: Workload) -> float:
        return float(evaluate(card, workload, timing="roofline").latency)

    first = seconds(
        generation(shape, prompt=prompt, new_tokens=1, batch=batch, format=form)
    )
    if row["quantity"] == "first token":
        return first * 1e3
    step = transformer(
        shape,
        mode="decode",
        context_len=prompt + made // 2,
        batch=batch,
        lm_head=True,
        format=form,
    )
    return batch * made / (first + (made - 1) * seconds(step))
