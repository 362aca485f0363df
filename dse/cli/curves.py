"""`dse curves`: what is known of sparsity, and what it costs in accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose
from dse.cli.output import print_json, say
from dse.show.text_table import prose, text_table

if TYPE_CHECKING:  # needs JAX
    from dse.sparsity.curves import Curve


def curves(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A curve by name or path, to show whole; a list of them where left "
            "out."
        ),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """List the curves of pruning settings, or show one."""
    from dse.sparsity.curve_names import curve_names
    from dse.sparsity.library import load_curve

    if name is not None:
        _show(load_curve(name), as_json)
        return
    known = [load_curve(each) for each in curve_names()]
    if as_json:
        print_json({"curves": [_summary(curve) for curve in known]})
        return
    rows = [_cells(_summary(curve)) for curve in known]
    header = ["curve", "setting", "density", "lost", "status"]
    say(text_table(header, rows))
    say(
        prose(
            "\ndensity: all activations pooled (of weights, where only they were "
            "pruned), at the first and last setting.\nlost: points of accuracy at its "
            "sparsest setting. Show one with `dse curves NAME`."
        )
    )


def _summary(curve: Curve) -> dict[str, Any]:
    ends = (float(curve.settings[0]), float(curve.settings[-1]))
    site = "activations"
    pooled = curve.densities.get(site)
    if pooled is None or pooled.min() == 1.0:
        site = "weights" if "weights" in curve.densities else site
    densities = [float(curve.density(site, end)) for end in ends]
    return {
        "name": curve.name,
        "setting": curve.about.setting,
        "lowest_setting": ends[0],
        "highest_setting": ends[1],
        "density": densities,
        "sites": len(curve.sites),
        "largest_drop": max(float(curve.accuracy_drop(end)) for end in ends),
        "status": curve.about.status,
    }


def _cells(summary: dict[str, Any]) -> list[str]:
    low, high = summary["density"]
    return [
        summary["name"],
        "{setting} {lowest_setting:.4g} to {highest_setting:.4g}".format(**summary),
        f"{low:.3f} to {high:.3f}",
        f"{100 * summary['largest_drop']:.1f}",
        summary["status"],
    ]


def _show(curve: Curve, as_json: bool) -> None:
    about = curve.about.model_dump(exclude_defaults=True)
    if as_json:
        print_json(
            {
                "name": curve.name,
                "about": about,
                "settings": curve.settings.tolist(),
                "accuracy": curve.accuracy.tolist(),
                "measured_accuracy": curve.measured_accuracy.tolist(),
                "spread": curve.spread.tolist(),
                "dense_accuracy": float(curve.dense_accuracy),
                "density": {n: row.tolist() for n, row in curve.densities.items()},
            }
        )
        return
    say(f"{curve.name}\n")
    for key, value in about.items():
        say(prose(f"{key}: {value}"))
    say(f"{curve.about.metric} of the dense model: {curve.dense_accuracy:.4f}\n")
    header = [curve.about.setting, curve.about.metric, "spread", *curve.sites]
    columns = [curve.settings, curve.accuracy, curve.spread, *curve.densities.values()]
    rows = zip(*columns, strict=True)
    say(text_table(header, [[f"{value:.4g}" for value in row] for row in rows]))
