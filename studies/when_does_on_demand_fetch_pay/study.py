"""When does on-demand fetch pay? Traffic of Energon-edge with it, and without."""

from __future__ import annotations

import tomllib
from pathlib import Path

import dse
from dse.show.fetch_figure import fetch_figure
from dse.show.league_figure import write_picture

HERE = Path(__file__).parent
CURVE = "minilm-l6/wordnet/mp_mrf"
SETTINGS = (0.0, 0.1, 0.2)  # of MP-MRF: mix of mean and maximum
BLOCKS = (1, 2, 4, 8, 16, 32, 64)
TOKENS = 128  # as measured


def machine(block: float, fetch: str) -> dse.FilterEngine:
    """Return Energon-edge with buffers too small to keep keys between blocks."""
    return dse.FilterEngine.energon_edge().replace(
        query_block=block,
        query_buffer_kib=64,
        key_buffer_kib=1e-3,
        value_buffer_kib=1e-3,
        on_demand_fetch=fetch,
    )


def attention(mode: str, setting: float, *, measured: bool) -> dse.Workload:
    """Return attention over all tokens, or for a new one, pruned as a curve says.

    The union of the keys that neighbouring queries keep is the measured one, or that of
    queries that choose independently of each other.
    """
    curve, run = dse.load_curve(CURVE), dse.transformer("bert-base", seq_len=TOKENS)
    if mode == "decode":
        run = dse.transformer("gpt2", mode="decode", context_len=TOKENS)
    pruned = run.attention_only().with_curve(curve, setting, stand_in=True)
    if measured:
        return pruned
    alone = pruned.attention.replace(measured_union=None, measured_reuse=None)
    return pruned.replace(attention=alone)


def traffic(mode: str, setting: float, block: float, *, measured: bool = True) -> float:
    """Return the traffic with on-demand fetch, relative to fetching all."""
    workload = attention(mode, setting, measured=measured)
    runs = [dse.evaluate(machine(block, fetch), workload) for fetch in ("yes", "no")]
    bits = [float(run.dynamic_energy["main_memory"]) for run in runs]
    return bits[0] / bits[1]


def answers() -> dict[str, float]:
    """Return the figures of the answer, by name."""
    curve, found = dse.load_curve(CURVE), {}
    for setting in SETTINGS:
        name = f"mix_{setting:g}"
        found[f"{name}_kept"] = float(curve.kept(setting))
        found[f"{name}_decode"] = traffic("decode", setting, 1)
        for block in BLOCKS:
            found[f"{name}_block_{block}"] = traffic("prefill", setting, block)
            bound = traffic("prefill", setting, block, measured=False)
            found[f"{name}_block_{block}_bound"] = bound
    return found


def main() -> None:
    """Print the answer and draw it beside this file."""
    found = answers()
    for name, value in found.items():
        print(f'"{name}" = {value:.4f}')
    expected = tomllib.loads((HERE / "expected.toml").read_text())
    worst = max(abs(found[name] / value - 1) for name, value in expected.items())
    print(f"Farthest from the committed answer: {worst:.2%}")
    write_picture(fetch_figure(found, SETTINGS, BLOCKS), HERE / "traffic.svg")


if __name__ == "__main__":
    main()
