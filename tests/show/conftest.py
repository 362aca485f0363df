"""A small study, its front and its report, found once for all tests of `dse.show`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dse.engines.tile.engine import TileEngine
from dse.evaluation import Metrics
from dse.explore.evaluator import Evaluator
from dse.explore.runs import Runs, pareto
from dse.explore.space import Space
from dse.hardware.citations import cite
from dse.show.findings import draw_background
from dse.show.report import write_report
from dse.study.study import Study
from dse.workload.transformer import transformer

SOURCES = ("tuli2023acceltran", "turc2019wellread")


@pytest.fixture(scope="session")
def study() -> Study:
    space = Space(
        TileEngine.edge(),
        legal={"more lanes than softmax units": "lanes_per_pe > softmax_units_per_pe"},
        pes=[32, 64, 128],
        lanes_per_pe=[4, 16, 32],
        softmax_units_per_pe=[2, 4],
        weight_buffer_mib=[2, 8],
        main_memory=["dram_32_2_1", "rram_32_2_1"],
        batch=[1, 4],
    )
    workload = transformer("bert-tiny").with_density(activation=0.5, weight=0.25)
    return Study(
        name="small_machines",
        question="Which small machine runs BERT-Tiny best, at <any> price & size?",
        space=space,
        suite=((workload, 1.0),),
        why_density=("stated: for a test",),
        objectives=("max:throughput", "min:energy", "min:area"),
        limits=("area <= 80 mm^2",),
        references={"Edge": TileEngine.edge(), "Nano": TileEngine.nano()},
        reference_batches={"Edge": 4.0},
        technology=space.design.default_technology(),
        timing="walk",
        accept_foreign_accuracy=False,
        sources=SOURCES,
        bibtex=cite(SOURCES),
    )


@pytest.fixture(scope="session")
def evaluator(study: Study) -> Evaluator:
    return study.evaluator()


@pytest.fixture(scope="session")
def runs(study: Study, evaluator: Evaluator) -> Runs:
    return draw_background(study, evaluator, count=study.space.size)


@pytest.fixture(scope="session")
def front(study: Study, runs: Runs) -> Runs:
    return replace(pareto(runs, *study.objectives), evaluated=study.space.size)


@pytest.fixture(scope="session")
def machines(study: Study) -> dict[str, Metrics]:
    return study.evaluate_references()


@pytest.fixture(scope="session")
def report(
    study: Study,
    front: Runs,
    evaluator: Evaluator,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return write_report(
        study,
        front,
        folder / "report.html",
        evaluator=evaluator,
        command="dse sweep small --out <results>",
    )
