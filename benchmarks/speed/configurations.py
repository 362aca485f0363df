"""How many machines a CPU second evaluates on BERT-Base, by ours and by plain ways."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dse
from benchmarks.speed.by_hand import answer
from benchmarks.speed.by_hand_machine import Scalars
from benchmarks.speed.table import Rate, rate
from dse.evaluation import Timing
from dse.explore.basis import Basis
from dse.explore.compiled_model import compile_model
from dse.explore.evaluator import BATCH, Evaluator
from dse.explore.front_search import FrontSearch
from dse.explore.objectives import read_objectives
from dse.study.study import BLOCK_SIZE

STUDY = Path(__file__).parents[2] / "studies" / "acceltran_design_space"
ONE = "a machine on BERT-Base"
COMPILED = "`dse.compile_model`, any designs"


class Case:
    """AccelTran's design space on BERT-Base, half of all values zero.

    `axes` take the place of those of the space.
    """

    def __init__(self, timing: Timing, **axes: Sequence[float]) -> None:
        self.timing = timing
        study = dse.load_study(STUDY)
        self.objectives = read_objectives(study.objectives)
        known = {**study.space.axes, **study.space.tied}
        self.space = dse.Space(
            study.space.design, legal=study.space.legal, **(known | axes)
        )
        bert = dse.transformer("bert-base", seq_len=128)
        self.bert = bert.with_density(activation=0.5, weight=0.5)
        self.technology = self.space.design.published_technology()
        basis = Basis(((self.bert, 1.0),), self.technology, timing)
        self.evaluator = Evaluator(self.space, basis)

    def table(self, index: Any) -> dict[str, np.ndarray[Any, Any]]:
        """Return the fields of designs as columns."""
        digits = self.space.digits(index)
        values = {n: self.space.values(n)[at] for n, at in digits.items()}
        columns = self.space.complete(values)
        return {n: np.broadcast_to(c, (len(index),)) for n, c in columns.items()}

    def grid_rate(self, share: float) -> float:
        """Search a share of the space once; return designs per CPU second, all told."""
        began = time.process_time()
        search = FrontSearch(self.space, self.evaluator, self.objectives, (), "all")
        search.prepare(BLOCK_SIZE)
        blocks = max(int(search.blocks * share), 1)
        search.search(range(blocks), lambda _: None)
        search.found.front()
        spent = time.process_time() - began
        return self.space.size * blocks / search.blocks / spent


def by_numpy(case: Case, columns: dict[str, Any], block: int = BATCH) -> None:
    """Evaluate by hand in blocks that stay in the cache, which is its best."""
    count = len(columns["pes"])
    for start in range(0, count, block):
        rows = {n: c[start : start + block] for n, c in columns.items()}
        answer(rows, case.technology, case.timing)


def by_numbers(case: Case, columns: dict[str, Any]) -> None:
    """Evaluate by hand, one design after another, in Python's own numbers."""
    rows = zip(*(c.tolist() for c in columns.values()), strict=True)
    for row in rows:
        design = dict(zip(columns, row, strict=True))
        answer(design, case.technology, case.timing, Scalars)


def one_by_one(case: Case, index: Any) -> None:
    """Call `dse.evaluate` for every design."""
    for at in index:
        found = dse.evaluate(case.space.at(at), case.bert, timing=case.timing)
        float(found.energy)


def configurations(timing: Timing, scale: float) -> list[Rate]:
    """Return the rates of one timing; `scale` shrinks the work for a quick look."""
    case = Case(timing)
    wide = case.table(case.space.sample(int(2_000_000 * scale), seed=1))
    plenty = {name: column.astype(np.float32) for name, column in wide.items()}
    many = case.space.sample(int(200_000 * scale), seed=2)
    few = many[: max(int(500 * scale), 40)]
    columns = case.table(many)
    rows = {n: c[: len(few)] for n, c in columns.items()}
    one = f"{ONE}, {timing}"
    model = compile_model(
        case.space.design,
        case.bert,
        over=columns,
        technology=case.technology,
        timing=timing,
    )
    return [
        Rate("`dse.sweep`, exact front of a grid", one, case.grid_rate(scale)),
        rate(COMPILED, one, lambda: model(plenty), len(plenty["pes"])),
        rate("dse, any designs, float64", one, lambda: case.evaluator(many), len(many)),
        rate("NumPy by hand", one, lambda: by_numpy(case, columns), len(many)),
        rate("Python by hand, a loop", one, lambda: by_numbers(case, rows), len(few)),
        rate("`dse.evaluate`, a loop", one, lambda: one_by_one(case, few[:40]), 40, 2),
    ]
