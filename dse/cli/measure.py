"""`dse measure`: how sparse a real model gets, and what that costs in accuracy."""

from __future__ import annotations

import datetime
import importlib.util
import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dse.cli.interrupt import resumed_later
from dse.cli.options import Json, Quiet, Verbose, log, shows_progress
from dse.cli.output import check_folder, check_names, print_json, say
from dse.errors import InputError
from dse.show.text_table import text_table

if TYPE_CHECKING:  # needs the extra `measure`
    from dse.measure.checkpoint import Checkpoint
    from dse.measure.experiment import Plan
    from dse.measure.tasks.task import Task

EXTRA = ("flax", "huggingface_hub", "safetensors", "tokenizers")
CURVE = "curve.toml"


class TaskName(StrEnum):
    """What accuracy is measured on."""

    wordnet = "wordnet"
    sst2 = "sst-2"


def measure(
    model: Annotated[
        str,
        typer.Argument(
            help="A folder with config.json, model.safetensors and tokenizer.json; "
            "with --revision, a repository of the Hugging Face hub."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder of the answers; a stopped run goes on there.")
    ],
    policy: Annotated[str, typer.Option(help="The pruning rule.")] = "dynatran",
    task: Annotated[
        TaskName | None,
        typer.Option(help="What accuracy is measured on.", show_default="wordnet"),
    ] = None,
    seq_len: Annotated[
        int, typer.Option(min=8, max=512, help="Tokens per sequence.")
    ] = 128,
    settings: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…", help="Settings of the rule.", show_default="the rule's"
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Draws of texts; their spread is the error bar.")
    ] = 3,
    train: Annotated[
        int, typer.Option(min=64, help="Sequences per seed that the probe learns from.")
    ] = 768,
    test: Annotated[
        int, typer.Option(min=8, help="Sequences per seed that judge a setting.")
    ] = 256,
    single: Annotated[
        bool,
        typer.Option("--single", help="Pad every text; do not join those of a class."),
    ] = False,
    wordnet: Annotated[
        Path | None,
        typer.Option(help="WordNet's data files.", show_default="/usr/share/wordnet"),
    ] = None,
    sst2: Annotated[
        Path | None, typer.Option(help="SST-2's train and validation files.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Texts of your own, a CSV, in place of a --task."),
    ] = None,
    text: Annotated[
        str, typer.Option(metavar="COLUMN", help="Of --data, with the texts.")
    ] = "text",
    label: Annotated[
        str, typer.Option(metavar="COLUMN", help="Of --data, with their classes.")
    ] = "label",
    revision: Annotated[
        str | None, typer.Option(help="Commit of the hub repository to download.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="What the model is called.", show_default="its folder"),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Measure what a pruning rule leaves of a model.

    Writes DIR/curve.toml, which `dse.load_curve` and every engine read, and one JSON
    file per setting with all that was seen.
    """
    need_extra("measure")
    check_folder(out)
    check_names(out, (CURVE,))
    from dse.measure.experiment import Plan
    from dse.measure.policies.choices import find_choice

    choice = find_choice(policy)
    asked = _data(task, data, wordnet, sst2, (text, label))
    plan = Plan(
        policy=policy,
        settings=choice.settings if settings is None else _read_settings(settings),
        task=asked.task,
        seq_len=seq_len,
        join=not single and asked.task == TaskName.wordnet,
        seeds=tuple(range(seeds)),
        train=train,
        test=test,
    )
    with resumed_later(out):
        checkpoint = _checkpoint(model, revision)
        called = checkpoint.name if name is None else name
        command = _command(plan, model, out, revision, called, asked)
        answers = _run(checkpoint, plan, asked, out, called, command)
    if as_json:
        print_json({"curve": str(out / CURVE), "settings": answers})
    else:
        say(_text(answers, choice.setting))


@dataclass(frozen=True)
class _Data:
    """What accuracy is measured on: a task by name, where it lies, whose columns."""

    task: str
    place: Path | None
    columns: tuple[str, str] | None = None

    def load(self, seed: int) -> Task:
        """Return the task in the order of a seed."""
        from dse.measure.tasks.load import load_task

        return load_task(self.task, self.place, seed=seed, columns=self.columns)

    def options(self) -> dict[str, Any]:
        """Return the options that name it."""
        if self.columns is None:
            place = (
                {} if self.place is None else {self.task.replace("-", ""): self.place}
            )
            return {"task": self.task} | place
        return {"data": self.place, "text": self.columns[0], "label": self.columns[1]}


def _data(
    task: TaskName | None,
    data: Path | None,
    wordnet: Path | None,
    sst2: Path | None,
    columns: tuple[str, str],
) -> _Data:
    """Return what was named, once; raise `InputError` where things are named twice."""
    if data is None:
        name = task or TaskName.wordnet
        return _Data(name.value, wordnet if name is TaskName.wordnet else sst2)
    if task is not None:
        raise InputError(
            f"--data {data} is a task of its own; leave out --task {task}."
        )
    if data.stem in list(TaskName):
        raise InputError(f"--data {data} has the name of a known task; rename it.")
    return _Data(data.stem, data, columns)


def _run(
    checkpoint: Checkpoint,
    plan: Plan,
    asked: _Data,
    out: Path,
    called: str,
    command: str,
) -> list[dict[str, Any]]:
    from dse.explore.progress import progress_bar
    from dse.measure.curve_from import curve_file
    from dse.measure.experiment import measure as run_plan
    from dse.measure.tokenizer import load_tokenizer
    from dse.sparsity.curve_file import write_curve_file

    first = asked.load(plan.seeds[0])
    log.debug(f"{checkpoint.folder}: sha256 {checkpoint.sha256}; {first.data}.")
    with progress_bar(shows_progress(), unit="seq", total=plan.sequences) as bar:
        answers = run_plan(
            checkpoint,
            load_tokenizer(checkpoint.folder),
            asked.load,
            plan,
            out,
            tick=bar.update,
        )
    file = curve_file(
        checkpoint,
        plan,
        answers,
        name=called,
        data=first.data,
        date=datetime.date.today().isoformat(),
        command=command,
    )
    write_curve_file(out / CURVE, file)
    log.info(f"Wrote {out / CURVE}.")
    return answers


def _checkpoint(model: str, revision: str | None) -> Checkpoint:
    from dse.measure.checkpoint import fetch_checkpoint, load_checkpoint

    if revision is not None:
        return load_checkpoint(fetch_checkpoint(model, revision))
    return load_checkpoint(model)


def need_extra(verb: str) -> None:
    """Raise `InputError` where what measures and trains models is not installed."""
    missing = [name for name in EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"dse {verb} needs {', '.join(missing)}: pip install '.[measure]'."
        )


def _read_settings(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"--settings {text!r}: write numbers with commas, as in 0,0.01,0.05."
        ) from None


def _command(
    plan: Plan, model: str, out: Path, revision: str | None, name: str, asked: _Data
) -> str:
    """Return what to type to measure it again, every default spelt out."""
    options = asked.options() | {
        "policy": plan.policy,
        "settings": ",".join(repr(float(setting)) for setting in plan.settings),
        "seq-len": plan.seq_len,
        "seeds": len(plan.seeds),
        "train": plan.train,
        "test": plan.test,
        "name": name,
    }
    if revision is not None:
        options["revision"] = revision
    words = ["dse", "measure", model, *(f"--{o}={v}" for o, v in options.items())]
    alone = plan.task == TaskName.wordnet.value and not plan.join
    return shlex.join([*words, *["--single"] * alone, f"--out={out}"])


def _text(answers: list[dict[str, Any]], setting: str) -> str:
    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    rows = [
        [
            f"{one['setting']:g}",
            f"{one['activations']:.3f}",
            f"{one['weights']:.3f}",
            f"{one['rounds'][-1]:.3f}",
            f"{mean(one['accuracy']):.4f}",
        ]
        for one in answers
    ]
    header = [setting, "activations", "weights", "pairs kept", "accuracy"]
    dense = mean(answers[0]["dense_accuracy"])
    return f"{text_table(header, rows)}\n\nAccuracy of the dense model: {dense:.4f}."
