"""No answer moves unseen: what some machines of each engine say stands in a file.

That a number stands there does not make it right; known answers and laws are for that.
`python -m tests.engines.test_answers` writes `answers.json` anew. A number that moves
there is told in CHANGELOG.md.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import dse
from dse.compile.function import compile_function
from dse.engines.base import Engine
from dse.evaluation import Timing, metrics
from dse.hardware.shared_parts import with_shared_parts
from tests.contract.test_random_machines import MACHINES, random_columns

FILE = Path(__file__).with_name("answers.json")
COUNT = 24  # machines of a kind

RUNS: dict[str, Callable[[], dse.Workload]] = {
    "sparse": lambda: dse.transformer(
        "bert-base", seq_len=128, padded_fraction=0.25
    ).with_density(activation=0.5, weight=0.4),
    "decode": lambda: dse.transformer(
        "gpt2", mode="decode", context_len=700, batch=3, format="w4a8 kv8"
    ),
    "kept": lambda: dse.transformer("gpt2", seq_len=512, batch=2).with_attention(
        kept=0.2
    ),
    "latents": lambda: dse.transformer("deepseek-v3", seq_len=96, batch=2),
    "windows": lambda: dse.transformer("gemma-2-2b", seq_len=5000),
    "experts": lambda: dse.transformer("qwen3-30b-a3b", mode="decode", batch=4),
    "answers": lambda: dse.generation("gpt2", prompt=48, new_tokens=16, batch=2),
    "taps": lambda: dse.acceltran_model(
        {"l": 1, "o": [["c_5_64", "sa_sdp_64"]], "h": [128], "f": [[512]]}, batch=8
    ),
    # By the arithmetic that all engines share, at 32 nm.
    "shared parts": lambda: RUNS["sparse"]().attention_only(),
}
TILE, NM = dse.TileEngine.edge(), dse.NMEngine()
KINDS: dict[str, Engine] = MACHINES | {
    "filter": dse.FilterEngine.energon_edge(),
    "nm-input-stationary": NM.replace(dataflow="input_stationary"),
    "nm-output-stationary": NM.replace(dataflow="output_stationary"),
    "nm-weight-stationary": NM.replace(dataflow="weight_stationary"),
    "sprint": dse.SprintEngine.m_sprint(),
    "tile-k-outermost": TILE.replace(loop_order="k_b_i_j"),
    "tile-simulator": TILE.replace(conventions=dse.SIMULATOR),
}
EACH = ("sparse", "decode")
MORE = ("kept", "latents", "windows", "experts")
OF_KIND = dict.fromkeys(KINDS, EACH) | {
    "crossbar-isaac": (*EACH, *MORE),
    "filter": ("shared parts",),
    "filter-and-host": (*EACH, *MORE, "taps"),
    "nm": (*EACH, *MORE, "taps", "shared parts"),
    "reference-a100": (*EACH, *MORE, "taps", "answers"),
    "sprint": ("shared parts",),
    "sprint-and-host": (*EACH, *MORE, "taps"),
    "tile-edge": (*EACH, *MORE, "taps", "shared parts"),
    "tile-simulator": (*EACH, "taps"),
}
ASKED = [(kind, run) for kind, runs in OF_KIND.items() for run in runs]


def answers(kind: str, run: str) -> dict[str, float]:
    """Return each answer, the geometric mean of what is not zero.

    It is taken over a machine, random ones like it, and their ops.
    """
    machine, workload = KINDS[kind], RUNS[run]()
    columns = {
        name: np.append(values, machine.number(name))
        for name, values in random_columns(
            np.random.default_rng(1), machine, COUNT - 1
        ).items()
    }
    names: list[str] = []

    def flat(numbers: Mapping[str, Any]) -> list[Any]:
        technology = machine.default_technology()
        if run == "shared parts":
            technology = with_shared_parts(technology, 32.0)
        timing: Timing = "roofline" if run == "windows" else "walk"
        found = metrics(machine.replace(**numbers), workload, technology, timing)
        leaves = jax.tree_util.tree_flatten_with_path(found)[0]
        names[:] = [
            jax.tree_util.keystr(p, simple=True, separator=".") for p, _ in leaves
        ]
        return [leaf for _, leaf in leaves]

    found = compile_function(flat, list(columns)).grid(columns)
    return {name: mean(values) for name, values in zip(names, found, strict=True)}


def mean(values: np.ndarray) -> float:
    """Return the geometric mean of the sizes of what is neither zero nor endless."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0.0)])
    return float(f"{np.exp(np.mean(np.log(sizes))):.8g}") if sizes.size else 0.0


@functools.cache
def written() -> Any:
    return json.loads(FILE.read_text())


@pytest.mark.parametrize(("kind", "run"), ASKED)
def test_answers_are_those_that_are_written_down(kind: str, run: str) -> None:
    assert answers(kind, run) == pytest.approx(written()[kind][run], rel=1e-6)


if __name__ == "__main__":
    told: dict[str, Any] = {kind: {} for kind in KINDS}
    for kind, run in ASKED:
        told[kind][run] = answers(kind, run)
    FILE.write_text(json.dumps(told, indent=1) + "\n")
