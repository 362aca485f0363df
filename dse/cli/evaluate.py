"""`dse evaluate`: one machine on one transformer, with everything that explains it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dse.cli.options import (
    Batch,
    Json,
    Model,
    NumberFormat,
    Quiet,
    SeqLen,
    Verbose,
    finite,
)
from dse.cli.output import print_json, say
from dse.cli.own import engine_name
from dse.errors import InputError, did_you_mean
from dse.hardware.parameters import load_parameters
from dse.workload.spec import read_options

if TYPE_CHECKING:  # needs JAX, which waits until the arguments are in order
    from dse.engines.base import Engine


class Timing(StrEnum):
    """How ops are put in time."""

    walk = "walk"
    roofline = "roofline"


class Part(StrEnum):
    """Which ops are run."""

    all = "all"
    attention = "attention"


class Mode(StrEnum):
    """Whether sequences are read whole, or one token is made."""

    prefill = "prefill"
    decode = "decode"


def evaluate(
    workload: Model,
    engine: Annotated[
        str,
        typer.Option(help="The kind of machine: a name, or a Python file of your own."),
    ] = "tile",
    preset: Annotated[
        str | None,
        typer.Option(
            help="The published machine to start from, or a design file of "
            "AccelTran's simulator.",
            show_default="edge, or the first",
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="Change a field; may be repeated."
        ),
    ] = None,
    seq_len: SeqLen = None,
    batch: Batch = 1,
    mode: Annotated[
        Mode, typer.Option(help="Read whole sequences, or make one token.")
    ] = Mode.prefill,
    context_len: Annotated[
        int | None, typer.Option(help="Tokens that a decode step sees.")
    ] = None,
    prompt: Annotated[
        int | None, typer.Option(help="Tokens that are read, and then answered.")
    ] = None,
    new_tokens: Annotated[
        int | None, typer.Option(help="Tokens that answer a prompt.")
    ] = None,
    chunk: Annotated[
        int | None,
        typer.Option(help="Tokens of a prompt read at a time.", show_default="all"),
    ] = None,
    number_format: NumberFormat = None,
    padded_fraction: Annotated[
        float,
        typer.Option(
            callback=finite, min=0, max=1, help="Share of tokens that are padding."
        ),
    ] = 0.0,
    activation_density: Annotated[
        float,
        typer.Option(
            callback=finite,
            min=0,
            max=1,
            help="Share of activations that are not zero.",
        ),
    ] = 1.0,
    weight_density: Annotated[
        float,
        typer.Option(
            callback=finite, min=0, max=1, help="Share of weights that are not zero."
        ),
    ] = 1.0,
    density: Annotated[
        str | None,
        typer.Option(
            metavar="CURVE", help="Take all densities from a curve (`dse curves`)."
        ),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(callback=finite, help="The setting of that curve.")
    ] = None,
    stand_in: Annotated[
        bool,
        typer.Option(
            "--stand-in",
            help="Take that curve though it is of another model or length.",
        ),
    ] = False,
    kept_pairs: Annotated[
        float,
        typer.Option(
            callback=finite, min=0, max=1, help="Share of query-key pairs kept."
        ),
    ] = 1.0,
    kept_first_round: Annotated[
        float,
        typer.Option(
            callback=finite, min=0, max=1, help="Share of them a first round keeps."
        ),
    ] = 1.0,
    part: Annotated[
        Part, typer.Option(help="Run everything, or attention alone.")
    ] = Part.all,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="ENGINE:PRESET",
            help="The machine beside an attention co-processor.",
        ),
    ] = None,
    technology: Annotated[
        str | None,
        typer.Option(
            help="A parameter file by name or path.", show_default="the engine's"
        ),
    ] = None,
    numbers: Annotated[
        list[str] | None,
        typer.Option(
            "--set-technology",
            metavar="KEY=VALUE UNIT",
            help="Change a number of the technology (`dse params`), before any scaling "
            "to a node; may be repeated.",
        ),
    ] = None,
    node: Annotated[
        float | None,
        typer.Option(callback=finite, help="Scale to a process node, in nm."),
    ] = None,
    timing: Annotated[
        Timing, typer.Option(help="Put ops in time, or bound it from below.")
    ] = Timing.walk,
    sensitivity: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC", help="Say which numbers a metric depends on, and how far."
        ),
    ] = None,
    uncertainty: Annotated[
        bool,
        typer.Option(
            "--uncertainty", help="Add bars by assumed numbers and model error."
        ),
    ] = False,
    find_out: Annotated[
        str | None,
        typer.Option(
            "--next",
            metavar="METRIC",
            help="Say which unknowns a metric's bar hangs on: what to find out next.",
        ),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Run one transformer on one machine.

    Says what that takes in time, energy and area, and where it goes.
    """
    settings = [_read_setting(text) for text in changes or []]
    physics = dict(_read_number(text) for text in numbers or [])
    asked = read_options(
        {
            "model": workload,
            "seq_len": seq_len,
            "batch": batch,
            "mode": mode.value,
            "context_len": context_len,
            "prompt": prompt,
            "new_tokens": new_tokens,
            "chunk": chunk,
            "format": number_format,
            "padded_fraction": padded_fraction,
            "activation_density": activation_density,
            "weight_density": weight_density,
            "density": density,
            "threshold": threshold,
            "stand_in": stand_in,
            "kept_pairs": kept_pairs,
            "kept_first_round": kept_first_round,
            "part": part.value,
        }
    )
    if technology is not None:
        load_parameters(technology)
    import dse
    from dse.engines.registry import find_machine, find_preset
    from dse.show.evaluation_text import evaluation_json, evaluation_text

    machine = find_machine(engine_name(engine), preset)
    if host is not None:
        machine = dse.Pair(host=find_preset(*_read_host(host)), coprocessor=machine)
    design = _change(machine, settings)
    run = asked.build()
    used = design.default_technology()
    if technology is not None:
        used = dse.load_technology(technology)
    if physics:
        used = used.replace(**physics)
    if node is not None:
        used = used.at_node(node)
    basis: Any = {"technology": used, "timing": timing.value}
    found = dse.evaluate(design, run, **basis)
    texts = [evaluation_text(design, run, used, timing.value, found)]
    told = evaluation_json(design, run, used, timing.value, found)
    if sensitivity is not None or uncertainty or find_out is not None:
        from dse.show import sureness_text  # needs pandas

    if sensitivity is not None:
        hangs = dse.sensitivity(design, run, metrics=[sensitivity], **basis)
        texts.append(sureness_text.sensitivity_text(hangs, sensitivity))
        told["sensitivity"] = sureness_text.sensitivity_json(hangs, sensitivity)
    if uncertainty or find_out is not None:
        sure = dse.uncertainty(design, run, **basis)
    if uncertainty:
        texts.append(sureness_text.uncertainty_text(sure))
        told["uncertainty"] = sureness_text.uncertainty_json(sure)
    if find_out is not None:
        unknowns = sure.drivers(find_out)
        texts.append(sureness_text.next_text(unknowns, find_out))
        told["next"] = {"metric": find_out, "shares": unknowns.to_dict()}
    if as_json:
        print_json(told)
    else:
        say("\n\n".join(texts))


def _read_setting(text: str) -> tuple[str, float | str]:
    """Read `pes=128` or `main_memory=rram_32_2_1`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise InputError(f"--set {text!r}: write FIELD=VALUE, as in --set pes=128.")
    try:
        return name.strip(), float(value)
    except ValueError:
        return name.strip(), value.strip()


def _read_number(text: str) -> tuple[str, str]:
    """Read `clock.frequency=1 GHz`."""
    key, equals, value = text.partition("=")
    if not equals or "." not in key or not value.strip():
        raise InputError(
            f"--set-technology {text!r}: write KEY=VALUE UNIT, as in "
            "--set-technology 'clock.frequency=1 GHz'."
        )
    return key.strip(), value.strip()


def _read_host(text: str) -> tuple[str, str]:
    """Read `tile:edge`."""
    engine, colon, preset = text.partition(":")
    if not colon:
        raise InputError(f"--host {text!r}: write ENGINE:PRESET, as tile:edge.")
    return engine, preset


def _change(design: Engine, settings: list[tuple[str, Any]]) -> Engine:
    """Return the design with some fields set; unknown ones raise `InputError`."""
    for name, value in settings:
        known = design.meanings()
        if name not in known:
            raise InputError(
                f"--set: `{type(design).__name__}` has no field `{name}` to set."
                + did_you_mean(name, known)
            )
        design = design.replace(**{name: value})
    return design
