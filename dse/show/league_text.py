"""The league for a terminal and for programs."""

from __future__ import annotations

from typing import Any

from dse.csv_file import read_rows
from dse.evidence.league import OBJECTIVES, SHOWN, League, Player, differences
from dse.explore.objectives import SHOWN_UNITS
from dse.shipped import hw_params_folder
from dse.show.labels import component_label, number
from dse.show.text_table import prose, text_table
from dse.units import from_si

_COLUMNS = {  # of all that is known; the power is the product of the first two
    "throughput": "seq/s",
    "energy": "mJ/seq",
    "area": "mm^2",
    "energy_delay": "J s",
}
_WORDS = {
    "throughput": "most throughput",
    "energy": "least energy",
    "energy_delay": "least energy x delay",
}


FOREIGN = (
    "The points lost are those of other models, named below, which stand in: good to "
    "some five points."
)


def league_text(league: League) -> str:
    """Return a table per objective, how sure each order is, and what papers claim."""
    budget = league.budget
    power = f", {budget['power_w']:g} W" if "power_w" in budget else ""
    parts = [
        f"Each family's best design at {budget['node_nm']:g} nm within "
        f"{budget['area_mm2']:g} mm^2{power}, {budget['bandwidth_gb_per_s']:g} GB/s of "
        f"{budget['memory'].upper()}, and {budget['accuracy_drop']:.1%} of accuracy; "
        "BERT-Base, 128 and 512 tokens, as many of either. " + FOREIGN
    ]
    parts += [
        f"{name} has no design within the budget that can be built."
        for name in league.absent
    ]
    tables: list[str] = []
    for objective in OBJECTIVES:
        players = league.of(objective)
        shows = [n for n in _COLUMNS if n != "energy_delay" or n == objective]
        heads = [_COLUMNS[name] for name in shows]
        header = ["family", "batch", *heads, "range", "wins", "bound by", "points"]
        rows = [_row(player, shows) for player in players]
        tables.append(text_table(header, rows))
        parts += [f"{_WORDS[objective].capitalize()}:", tables[-1]]
        parts.append(_stability(players))
    skips = {player.family: player.skips for player in league.players}
    parts.append(
        "\n".join(
            f"- {name}, best of {league.designs[name]:,} designs: {what}"
            for name, what in skips.items()
        )
    )
    parts.append("What is not the same for all:")
    unlike = differences(budget["node_nm"]).items()
    parts.append("\n".join(f"- {name}: {what}." for name, what in unlike))
    parts.append("What the papers claim, and why it differs:")
    parts.append("\n".join(_claims()))
    return "\n\n".join(part if part in tables else prose(part) for part in parts)


def league_json(league: League) -> dict[str, Any]:
    """Return the whole league, with units in the names."""
    return {
        "budget": league.budget,
        "accuracy": FOREIGN,
        "designs": league.designs,
        "absent": list(league.absent),
        "differences": differences(league.budget["node_nm"]),
        "players": [_player_json(player) for player in league.players],
        "claims": _read_claims(),
    }


def _row(player: Player, shows: list[str]) -> list[str]:
    low, high = (
        from_si(end, SHOWN_UNITS[player.objective])
        for end in player.ranges[player.objective]
    )
    busiest = f"{component_label(player.bound)} ({player.busy:.0%})"
    return [
        player.family,
        f"{player.batch:g}",
        *(number(shown(player, name)) for name in shows),
        f"{number(low)} to {number(high)}",
        f"{player.wins:.0%}",
        ", ".join([busiest, *player.tight]),
        f"{player.accuracy_drop * 100.0:.2f}",
    ]


def shown(player: Player, name: str) -> float:
    """Return an answer of a player in the unit that a person sees."""
    return from_si(player.answers[name], SHOWN_UNITS[name])


def _stability(players: list[Player]) -> str:
    if len(players) < 2:
        return f"{players[0].family} alone has a design within the budget."
    first, second = players[0], max(players[1:], key=lambda player: player.wins)
    return (
        f"{first.family} is best in {first.wins:.0%} of the draws of what is assumed "
        f"and of the error of the models, {second.family} in {second.wins:.0%}."
    )


def _read_claims() -> list[dict[str, str]]:
    table = hw_params_folder() / "reported" / "league_claims.csv"
    return [row for _, row in read_rows(table, "a CSV of claims")]


def _claims() -> list[str]:
    return [
        f"- {row['family']}: {row['claim']} ({row['source']}, {row['where']}). "
        f"Differs: {row['why_different']}."
        for row in _read_claims()
    ]


def _player_json(player: Player) -> dict[str, Any]:
    def named(name: str) -> str:
        unit = SHOWN_UNITS[name].replace("^", "").replace("/", "_per_")
        return f"{name}_{unit.replace(' ', '_').lower()}"

    return {
        "family": player.family,
        "objective": player.objective,
        "design": player.design.in_one_line(),
        "batch": player.batch,
        "skips": player.skips,
        "bound": player.bound,
        "bound_busy": player.busy,
        "tight": list(player.tight),
        "accuracy_drop": player.accuracy_drop,
        "wins": player.wins,
        **{named(name): shown(player, name) for name in SHOWN},
        "ranges": {
            named(name): [from_si(end, SHOWN_UNITS[name]) for end in ends]
            for name, ends in player.ranges.items()
        },
    }
