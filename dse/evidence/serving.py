"""Models as a serving engine runs them on one card: `dse validate serving`.

Published are tokens a second of large batches, output tokens over the time from the
first prompt to the last token, and the time to the first token of one sequence. The
cards are those of the zoo, with the overheads of a serving engine and, where the chip
is the H800's, what its products in FP8 reach: both were fitted to other ops, on that
card. Nothing is fitted to these figures.
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
_LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_attention_heads": 32,
    "vocab_size": 32000,
    "max_position_embeddings": 4352,
}
MODELS: dict[str, dict[str, Any]] = {
    "Llama-7B": _LLAMA,
    "Llama-13B": _LLAMA
    | {
        "num_hidden_layers": 40,
        "hidden_size": 5120,
        "intermediate_size": 13824,
        "num_attention_heads": 40,
    },
    "Llama-70B": _LLAMA
    | {
        "num_hidden_layers": 80,
        "hidden_size": 8192,
        "intermediate_size": 28672,
        "num_attention_heads": 64,
        "num_key_value_heads": 8,
    },
    "Mistral-7B": _LLAMA
    | {
        "model_type": "mistral",
        "intermediate_size": 14336,
        "num_key_value_heads": 8,
        "sliding_window": None,
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
    "first token": "what a product reaches that is not wide is not counted",
}
# Models whose heads share keys, in the versions before kernels did so everywhere.
_NOT_SHARED = {
    ("Llama-70B", "nvidia2023h200"): "kernels of this version do not gain by shared "
    "keys; those of v0.7 made up to 2.4 times as many tokens",
    ("Mistral-7B", "nvidia2024tensorrtllm"): "as fast as Llama-7B, with a quarter of "
    "its keys: kernels that share them were experimental",
}
_OVERHEADS = ("overhead_us", "softmax_overhead", "norm_overhead", "activation_overhead")
_SAME_CHIP = ("h100", "h200")  # as the H800's


def validate(data: Path | None = None, *, progress: bool = True) -> list[Claim]:
    """Return each published figure beside what the model says of the same run."""
    table = hw_params_folder() / "reported" / "serving.csv"
    return [
        Claim(
            name=f"{row['model']} on {row['card']}, {row['format']}: batch "
            f"{row['batch']}, {row['prompt']} + {row['new_tokens']}, {row['quantity']}",
            claimed=float(row["claimed"]),
            unit=row["unit"],
            source=row["source"],
            where=row["where"],
            modelled=modelled(row),
            tolerance=TOLERANCE,
            reason=_NOT_SHARED.get(
                (row["model"], row["source"]), _REASONS[row["quantity"]]
            ),
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
    names = (*_OVERHEADS, *(("efficiency",) if row["card"] in _SAME_CHIP else ()))
    card = card.replace(**{name: getattr(serving, name) for name in names})
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
