"""When does on-demand fetch pay? Traffic and time of Energon-edge with and without."""

from __future__ import annotations

import tomllib
from pathlib import Path

import dse
from dse.show.fetch_figure import fetch_figure
from dse.show.league_figure import write_picture

HERE = Path(__file__).parent
BLOCKS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
KEPT = (1 / 16, 1 / 8, 1 / 4)
CONTEXT = 512  # keys
FIRST_ROUND = 2.0  # times the pairs of the last round; each round halves what it gets


def machine(block: float, fetch: str) -> dse.FilterEngine:
    """Return Energon-edge with buffers too small to keep keys between blocks."""
    return dse.FilterEngine.energon_edge().replace(
        query_block=block,
        query_buffer_kib=64,
        key_buffer_kib=1e-3,
        value_buffer_kib=1e-3,
        on_demand_fetch=fetch,
    )


def workload(mode: str, kept: float) -> dse.Workload:
    """Return BERT-Base's attention over all its tokens, or GPT-2's for a new one."""
    if mode == "prefill":
        run = dse.transformer("bert-base", seq_len=CONTEXT)
    else:
        run = dse.transformer("gpt2", mode="decode", context_len=CONTEXT)
    first = min(FIRST_ROUND * kept, 1.0)
    return run.attention_only().with_attention(kept=kept, kept_first_round=first)


def saving(mode: str, kept: float, block: float) -> tuple[float, float]:
    """Return traffic and time with on-demand fetch, relative to fetching all."""
    runs = [
        dse.evaluate(machine(block, fetch), workload(mode, kept))
        for fetch in ("yes", "no")
    ]
    traffic = [float(run.dynamic_energy["main_memory"]) for run in runs]
    return traffic[0] / traffic[1], float(runs[0].latency / runs[1].latency)


def answers() -> dict[str, float]:
    """Return the figures of the answer, by name."""
    found = {}
    for kept in KEPT:
        name = f"one_in_{round(1 / kept)}"
        found[f"decode_{name}_traffic"], found[f"decode_{name}_time"] = saving(
            "decode", kept, 1
        )
        for block in BLOCKS:
            found[f"prefill_{name}_block_{block}"] = saving("prefill", kept, block)[0]
    return found


def main() -> None:
    """Print the answer and draw it beside this file."""
    found = answers()
    for name, value in found.items():
        print(f"{name} = {value:.4f}")
    expected = tomllib.loads((HERE / "expected.toml").read_text())
    worst = max(abs(found[name] / value - 1) for name, value in expected.items())
    print(f"Farthest from the committed answer: {worst:.2%}")
    write_picture(fetch_figure(found, KEPT, BLOCKS), HERE / "traffic.svg")


if __name__ == "__main__":
    main()
