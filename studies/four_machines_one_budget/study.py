"""Four machines, one budget: the league at two memory bandwidths, with its pictures."""

from __future__ import annotations

import tomllib
from pathlib import Path

from dse.evidence.league import League, play
from dse.show.league_figure import league_figure, write_picture
from dse.show.league_text import league_text

HERE = Path(__file__).parent
BANDWIDTHS = (25.6, 256.0)  # GB/s: DDR4, and a stack of HBM2


def answers(league: League) -> dict[str, float]:
    """Return what each best design answers in its objective, SI, and its wins."""
    found = {}
    for player in league.players:
        name = f"{player.objective}_{player.family}"
        found[name] = player.answers[player.objective]
        found[f"{name}_wins"] = player.wins
    return found


def main() -> None:
    """Play the league at both bandwidths, print it and draw it beside this file."""
    expected = tomllib.loads((HERE / "expected.toml").read_text())
    for bandwidth in BANDWIDTHS:
        league = play(bandwidth_gb_per_s=bandwidth)
        print(league_text(league))
        name = f"{bandwidth:g}"
        write_picture(league_figure(league), HERE / f"league_{name}_gb_per_s.svg")
        for key, value in answers(league).items():
            print(f'"{key}" = {value:.5g}')
        print(f"Committed: {expected[name]}")


if __name__ == "__main__":
    main()
