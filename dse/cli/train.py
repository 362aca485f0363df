"""`dse train`: a small model to be measured, where no checkpoint can be had."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from dse.cli.measure import TaskName, need_extra
from dse.cli.options import Json, Quiet, Verbose, finite, log, shows_progress
from dse.cli.output import check_folder, print_json, say, written_together
from dse.errors import InputError
from dse.show.text_table import prose

TEST_TEXTS = 2000
MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json")


def train(
    out: Annotated[Path, typer.Option(help="The folder to write the model to.")],
    task: Annotated[TaskName, typer.Option(help="What it learns.")] = TaskName.wordnet,
    wordnet: Annotated[
        Path | None,
        typer.Option(
            help="The folder of WordNet's data files.",
            show_default="that of the Debian package wordnet-base",
        ),
    ] = None,
    sst2: Annotated[
        Path | None, typer.Option(help="The folder of SST-2's TSV or Parquet files.")
    ] = None,
    seq_len: Annotated[
        int, typer.Option(min=8, max=512, help="Tokens per sequence.")
    ] = 128,
    steps: Annotated[int, typer.Option(min=1, help="Steps of AdamW.")] = 600,
    batch: Annotated[int, typer.Option(min=1, help="Sequences per step.")] = 16,
    learning_rate: Annotated[
        float, typer.Option(callback=finite, min=0, help="At its highest.")
    ] = 1e-3,
    seed: Annotated[int, typer.Option(help="Of weights and order.")] = 0,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Train a BERT-Tiny from nothing, for `dse measure` to measure.

    Texts of one class are joined until they fill a sequence. Writes config.json,
    model.safetensors and tokenizer.json; needs the extra `measure`.
    """
    need_extra("train")
    check_folder(out)
    there = [name for name in MODEL_FILES if (out / name).exists()]
    if there:
        raise InputError(
            f"{out} holds {', '.join(there)} already; give --out another folder, or "
            "move them away."
        )
    began = time.perf_counter()
    from dse.measure.bert_tiny import train_bert_tiny
    from dse.measure.checkpoint import load_checkpoint
    from dse.measure.tasks.load import load_task
    from dse.measure.training import Recipe, accuracy

    data = wordnet if task is TaskName.wordnet else sst2
    texts = load_task(task.value, data, seed=seed)
    recipe = Recipe(steps=steps, batch=batch, learning_rate=learning_rate, seed=seed)
    log.info(f"{texts.data}; {len(texts.train):,} to learn from")
    trained = train_bert_tiny(
        texts,
        recipe,
        seq_len=seq_len,
        join=True,
        progress="training" if shows_progress() else "",
    )
    held = texts.test.first(TEST_TEXTS)
    tokens = trained.tokenizer.encode(held.texts, seq_len)
    right = accuracy(trained.model, tokens, held.labels)
    with written_together(out) as drafts:
        trained.save(drafts)
    answer = {
        "model": str(out),
        "sha256": load_checkpoint(out).sha256,
        "accuracy": right,
        "test_texts": len(held),
        "seconds": time.perf_counter() - began,
    }
    if as_json:
        print_json(answer)
        return
    said = (
        f"{out}: {100 * right:.1f} % of {len(held):,} single texts told right; "
        f"sha256 {answer['sha256']}. Measure it with `dse measure {out}`."
    )
    say(prose(said))
