"""`dse tune`: the best machine of a study within limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dse.cli.interrupt import end_if_interrupted
from dse.cli.options import (
    AcceptForeign,
    Buildable,
    Json,
    ProofFile,
    ProofFrom,
    ProveSeconds,
    Quiet,
    Verbose,
    log,
    shows_progress,
)
from dse.cli.output import PARTIAL, check_file, print_json, say
from dse.errors import InputError
from dse.show.text_table import prose, text_table
from dse.study.study import load_study
from dse.units import read_quantity, to_si

if TYPE_CHECKING:  # needs JAX, which waits until the arguments are in order
    import pandas as pd

    from dse.study.study import Study
    from dse.tuning.result import Tuned

# Metrics that have an option of their own, and the side on which they must stay.
_DRAWS = 2000  # of all that is not known, for each design beside the best
_BOUNDS = {
    "area": "<=",
    "power": "<=",
    "energy": "<=",
    "latency": "<=",
    "throughput": ">=",
    "accuracy_drop": "<=",
}


def tune(
    study: Annotated[
        Path, typer.Argument(help="The folder of a study, or its TOML file.")
    ],
    most: Annotated[
        str | None, typer.Option("--max", metavar="METRIC", help="What to make large.")
    ] = None,
    least: Annotated[
        str | None, typer.Option("--min", metavar="METRIC", help="What to make small.")
    ] = None,
    area: Annotated[str | None, typer.Option(help='At most, as "50 mm2".')] = None,
    power: Annotated[str | None, typer.Option(help='At most, as "5 W".')] = None,
    energy: Annotated[str | None, typer.Option(help='At most, as "10 mJ".')] = None,
    latency: Annotated[str | None, typer.Option(help='At most, as "2 ms".')] = None,
    throughput: Annotated[
        str | None, typer.Option(help='At least, as "1000 seq/s".')
    ] = None,
    accuracy_drop: Annotated[
        str | None,
        typer.Option(help='At most, as "1 %" (points of accuracy below the dense).'),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help='One more limit, as "peak_rate >= 1 TOP/s".'),
    ] = None,
    buildable: Buildable = True,
    accept_foreign_accuracy: AcceptForeign = False,
    starts: Annotated[
        int, typer.Option(min=1, help="Designs to begin from, all at once.")
    ] = 64,
    steps: Annotated[
        int, typer.Option(min=1, help="Steps of each down the gradient.")
    ] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the starts.")] = 0,
    prove: Annotated[
        bool, typer.Option("--prove", help="Prove that no design is better.")
    ] = False,
    gap: Annotated[
        str | None,
        typer.Option(help='Prove that none is better by more, as "1 %".'),
    ] = None,
    prove_seconds: ProveSeconds = None,
    proof_file: ProofFile = None,
    proof_from: ProofFrom = None,
    shard: Annotated[
        str, typer.Option(help="Prove a share of the space: 2/3, the second of three.")
    ] = "1/1",
    find_out: Annotated[
        bool,
        typer.Option(
            "--next",
            help="Say which unknowns would change the choice among the best design and "
            "those one step beside it: what to find out next.",
        ),
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Find the best design of a study within limits.

    Follows gradients from many starts at once, rounds, and searches on with the exact
    model; with --prove or --gap until nothing better is left. Ctrl-C ends a proof as
    --prove-seconds does: with its answer so far, and its file. Limits of the study hold
    as well. Where no design keeps all limits, the one that comes nearest is told, with
    what it breaks; then the exit code is 3.
    """
    if (most is None) == (least is None):
        raise InputError(
            "say either --max METRIC or --min METRIC, as --max throughput."
        )
    objective = f"max:{most}" if least is None else f"min:{least}"
    given = {
        "area": area,
        "power": power,
        "energy": energy,
        "latency": latency,
        "throughput": throughput,
        "accuracy_drop": accuracy_drop,
    }
    texts = [
        f"{n} {_BOUNDS[n]} {text}" for n, text in given.items() if text is not None
    ]
    if proof_file is not None:
        check_file(proof_file, "--proof-file")
    asked = load_study(study)
    if not buildable:
        asked = asked.any_design()
    if accept_foreign_accuracy:
        asked = replace(asked, accept_foreign_accuracy=True)
    limits = [*asked.limits, *texts, *(limit or [])]
    proof = {
        "prove": prove,
        "gap": 0.0 if gap is None else to_si(*read_quantity(gap, "%")),
        "prove_seconds": prove_seconds,
        "proof_file": proof_file,
        "proof_from": proof_from or (),
        "shard": shard,
    }
    found = _tune(asked, objective, limits, starts, steps, seed, proof)
    unknowns, told_of = None, ""
    if find_out and found.feasible:
        unknowns, told_of = _what_next(asked, objective, limits, found)
    if as_json:
        head = {
            "study": asked.name,
            "engine": type(asked.space.design).__name__,
            "hash": asked.hash,
            "objective_text": objective,
            "limits": limits,
        }
        told = head | found.to_json()
        if unknowns is not None:
            told["next"] = unknowns.to_dict(orient="index")
        print_json(told)
    else:
        say(
            "\n\n".join(filter(None, [_text(asked, objective, limits, found), told_of]))
        )
    end_if_interrupted(found.proof, proof_file)
    if not found.feasible:
        raise typer.Exit(PARTIAL)


def _tune(
    study: Study,
    objective: str,
    limits: list[str],
    starts: int,
    steps: int,
    seed: int,
    proof: dict[str, Any],
) -> Tuned:
    from dse.explore.limits import read_limits
    from dse.explore.objectives import read_objective

    read_objective(objective)
    read_limits(limits)
    import jax

    from dse.tuning.tune import tune as find

    log.info(f"Tuning over {study.space.size:,} designs.")
    return find(
        objective,
        study.space,
        subject_to=limits,
        buildable=False,  # it is among the limits
        starts=starts,
        steps=steps,
        key=jax.random.key(seed),
        progress=shows_progress(),
        **study.basis.asked,
        **proof,
    )


def _what_next(
    study: Study, objective: str, limits: list[str], found: Tuned
) -> tuple[pd.DataFrame, str]:
    """Return which unknowns would change the choice, most first, and that as text."""
    from dse.explore.uncertainty import uncertainty_of
    from dse.explore.value_of_measuring import value_of_measuring
    from dse.show.sureness_text import choice_text
    from dse.tuning.alternatives import alternatives

    choices = alternatives(found, study.space, limits)
    if len(choices) < 2:
        raise InputError(
            "no design one step beside the best keeps the limits: there is no choice "
            "that an unknown could change; leave out --next."
        )
    drawn = uncertainty_of(choices, draws=_DRAWS)
    unknowns = value_of_measuring(drawn, objective)
    return unknowns, choice_text(unknowns, len(choices))


def _text(study: Study, objective: str, limits: list[str], found: Tuned) -> str:
    from dse.explore.draws import SHARE
    from dse.explore.model_error import evidence_text, model_bars
    from dse.explore.objectives import SHOWN_UNITS
    from dse.show.labels import describe_fields, shown_limits
    from dse.show.scale import scale_for
    from dse.show.words import listed

    scale = scale_for(found.metrics, study.basis.counted, found.grounds.label)
    within = f" within {listed(shown_limits(limits))}" if limits else ""
    fields = describe_fields(found.design, found.values)
    rows = [[label, value, ""] for label, value in fields.items()]
    runs = study.basis.workloads
    bars = model_bars(found.design, study.technology, runs)
    rows += [
        [
            scale.title(metric),
            scale.amount(metric, value),
            scale.span(metric, (value * end for end in bars.get(metric, ()))),
        ]
        for metric in SHOWN_UNITS
        if (value := found.metrics.get(metric)) is not None
    ]
    spent = (
        f"{found.evaluations:,} evaluations and {found.gradients:,} gradients, of "
        f"{study.space.size:,} designs."
    )
    return "\n\n".join(
        [
            prose(f"{study.name}: {objective}{within}.\n\n{found.verdict}"),
            text_table(["", "best found", f"{SHARE:.0%}, by the model"], rows),
            prose(evidence_text(found.design, study.technology, runs)),
            spent,
            *([] if found.proof is None else [prose(found.proof.verdict)]),
        ]
    )
