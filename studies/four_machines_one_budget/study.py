"""Four machines, one budget: the league with two memories, and its pictures."""

from __future__ import annotations

import tomllib
from pathlib import Path

from dse.evidence.league import League, play
from dse.show.league_figure import league_figure, write_picture
from dse.show.league_text import league_text

HERE = Path(__file__).parent
# The budget of area in mm^2 by main memory, each a channel or stack of it.
MEMORIES = {"ddr4": 50.0, "hbm2": 100.0}


def answers(league: League) -> dict[str, float]:
    """Return what each best design answers in its objective, SI, and its wins."""
    found = {}
    for player in league.players:
        name = f"{player.objective}_{player.family}"
        found[name] = player.answers[player.objective]
        found[f"{name}_wins"] = player.wins
    return found


def main() -> None:
    """Play the league with both memories, print it and draw it beside this file."""
    expected = tomllib.loads((HERE / "expected.toml").read_text())
    for name, area in MEMORIES.items():
        league = play(memory=name, area_mm2=area)
        print(league_text(league))
        write_picture(league_figure(league), HERE / f"league_{name}.svg")
        for key, value in answers(league).items():
            print(f'"{key}" = {value:.5g}')
        print(f"Committed: {expected.get(name)}")


if __name__ == "__main__":
    main()
