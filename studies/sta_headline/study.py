"""STA's headline table, reproduced as far as it can be; draws what is left open."""

from __future__ import annotations

import sys

import jax
import jax.numpy as jnp
import plotly.graph_objects as go

from dse.evidence.claims import Claim
from dse.evidence.sta import build_answers, validate
from dse.hardware.parameters import load_parameters
from dse.hardware.technology import load_technology
from dse.show.evidence_text import claims_text
from dse.show.style import ACCENT, GREY_LIGHT, INK


def weights_of_assumptions(answer: str) -> list[tuple[float, str]]:
    """Return how far each assumed number can move an answer, the farthest first.

    |d log answer / d log number| log(high / low), to first order.
    """
    technology = load_technology("sta")

    def log_answer(values: dict[str, jax.Array]) -> jax.Array:
        return jnp.log(build_answers(technology.replace(values=values))[answer])

    values = {key: jnp.asarray(value) for key, value in technology.values.items()}
    slopes = jax.jit(jax.grad(log_answer))(values)
    reach = []
    for key, entry in load_parameters("sta").entries.items():
        if entry.status == "assumed" and entry.low and entry.high:
            spread = float(jnp.log(entry.high / entry.low))
            reach.append((abs(float(slopes[key] * values[key])) * spread, key))
    return sorted(reach, reverse=True)


def draw(claims: list[Claim]) -> go.Figure:
    """Return claimed figures beside the model's answer and interval, in shares."""
    shown = [claim for claim in claims if claim.low is not None and claim.modelled]
    names = [f"{c.name}, {c.unit}" for c in shown]
    figure = go.Figure()
    for name, claim in zip(names, shown, strict=True):
        ends = [claim.low / claim.claimed, claim.high / claim.claimed]
        bar = go.Scatter(x=ends, y=[name, name], mode="lines", showlegend=False)
        figure.add_trace(bar.update(line={"color": GREY_LIGHT, "width": 12}))
    answers = [claim.modelled / claim.claimed for claim in shown]
    for label, values, colour, symbol in (
        ("model", answers, ACCENT, "circle"),
        ("published", [1.0] * len(shown), INK, "line-ns-open"),
    ):
        marker = {"color": colour, "size": 12, "symbol": symbol, "line": {"width": 3}}
        figure.add_trace(
            go.Scatter(x=values, y=names, mode="markers", name=label, marker=marker)
        )
    figure.update_xaxes(title="share of the published figure", range=[0.0, 1.75])
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(
        template="simple_white", width=760, height=260, margin_t=20
    )


def main(picture: str | None = None) -> None:
    """Print the table and what its intervals depend on; draw it where asked."""
    claims = validate(progress=True)
    print(claims_text(claims))
    for answer in ("efficiency_sta_4", "efficiency_sta_8"):
        print(f"\n{answer}: what its assumptions can do to it, as a share")
        for share, key in weights_of_assumptions(answer)[:6]:
            print(f"  {share:5.2f}  {key}")
    if picture:
        draw(claims).write_image(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
