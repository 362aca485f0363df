"""`dse reference`: processors and GPUs to compare with, and the one at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dse.cli.options import (
    Batch,
    Json,
    Model,
    Quiet,
    SeqLen,
    Verbose,
    finite,
    shows_progress,
)
from dse.cli.output import check_file, print_json, say
from dse.errors import InputError
from dse.files import write_whole
from dse.show.text_table import prose, text_table
from dse.workload.spec import read_options

reference = typer.Typer(
    name="reference",
    help="Processors and GPUs to compare with, and the one at hand.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@reference.command("list")
def list_machines(
    workload: Model = "bert-base",
    seq_len: SeqLen = None,
    batch: Batch = 1,
    files: Annotated[
        list[Path] | None,
        typer.Option("--file", help="A machine that `measure` wrote; may be repeated."),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Say what each machine takes for a model, and what it waits for."""
    asked = read_options({"model": workload, "seq_len": seq_len, "batch": batch})
    import dse
    from dse.evidence.reference_waits import waits

    machines = {
        name: getattr(dse.ReferenceMachine, name)()
        for name in dse.ReferenceMachine.presets
    }
    machines |= {f.stem: dse.ReferenceMachine.from_file(f) for f in files or []}
    run = asked.build()
    found = {name: waits(machine, run) for name, machine in machines.items()}
    if as_json:
        print_json(found)
        return
    rows = [
        [
            name,
            f"{row['throughput_seq_per_s']:.4g}",
            f"{row['energy_mj']:.4g}",
            *(f"{row[what]:.0%}" for what in ("overhead", "arithmetic", "memory")),
            row["bound"],
        ]
        for name, row in found.items()
    ]
    header = ["machine", "seq/s", "mJ/seq", "overhead", "arithmetic", "memory", "bound"]
    say(text_table(header, rows))


@reference.command("measure")
def measure_machine(
    out: Annotated[Path, typer.Argument(help="The file to write, ending in .toml.")],
    model: Annotated[str, typer.Option(help="A BERT of the zoo.")] = "bert-tiny",
    seq_len: Annotated[int, typer.Option(help="Tokens per sequence.")] = 128,
    full_power_w: Annotated[
        float,
        typer.Option(callback=finite, min=0, help="What it draws when it works, in W."),
    ] = 65.0,
    idle_power_w: Annotated[
        float,
        typer.Option(callback=finite, min=0, help="What it draws when it waits, in W."),
    ] = 15.0,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Time this machine on a dense BERT and write it as a reference machine.

    Use it with `dse evaluate --engine reference --preset FILE`.
    """
    if out.suffix != ".toml":
        raise InputError(
            f"{out}: give a name that ends in .toml, to be read as parameters."
        )
    check_file(out, "OUT")
    from dse.evidence.reference_calibration import calibrate, calibration_toml

    found = calibrate(
        model,
        seq_len=seq_len,
        full_power_w=full_power_w,
        idle_power_w=idle_power_w,
        progress=shows_progress(),
    )
    write_whole(out, calibration_toml(found))
    answer: dict[str, Any] = {
        name: float(getattr(found.machine, name))
        for name in ("peak_tops", "efficiency", "memory_bandwidth_gb_per_s")
    }
    answer |= {
        "overhead_us": float(found.machine.overhead_us),
        "measured_s": {str(batch): s for batch, s in found.seconds.items()},
        "predicted_s": {str(batch): s for batch, s in found.predicted.items()},
        "held_out_error": found.error,
        "file": str(out),
    }
    if as_json:
        print_json(answer)
        return
    at_hand = found.machine
    said = (
        f"{at_hand.peak_tops:.3g} TOP/s, of which a BERT gets "
        f"{at_hand.efficiency:.0%}; {at_hand.memory_bandwidth_gb_per_s:.3g} GB/s; "
        f"{at_hand.overhead_us:.3g} µs an op. A batch that nothing was fitted to is "
        f"missed by {found.error:+.1%}. Written to {out}."
    )
    say(prose(said))
