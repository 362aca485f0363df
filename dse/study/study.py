"""Studies: a question about a space of machines, as a folder states it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dse.arguments import BLOCK_SIZE, count
from dse.errors import check_kind
from dse.hardware.buildable import BUILDABLE
from dse.shipped import study_path
from dse.shown import Shown
from dse.study.file import StudyFile, read_study_file

if TYPE_CHECKING:  # what needs JAX waits until a study is run
    from dse.engines.base import Engine
    from dse.evaluation import Metrics, Timing
    from dse.explore.basis import Basis
    from dse.explore.evaluator import Evaluator
    from dse.explore.front_search import FrontSearch
    from dse.explore.runs import Runs
    from dse.explore.space import Space
    from dse.hardware.technology import Technology
    from dse.tuning.pareto_proof import ProvenFront
    from dse.workload.ops import Workload


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Study(Shown):
    """A question, and all that decides its answer.

    `suite` holds workloads with their weights, `why_density` says for each where its
    densities come from. `references` are published machines to compare with;
    `reference_batches` says at which batch, where it is not that of the workload.
    `sources` are keys of references.bib, `bibtex` their entries.

    Examples:
        >>> study = dse.load_study("acceltran_design_space")
        >>> study.question[:45]
        "Of all machines that AccelTran's design space"
    """

    name: str
    question: str
    space: Space
    suite: tuple[tuple[Workload, float], ...]
    why_density: tuple[str, ...]
    objectives: tuple[str, ...]
    limits: tuple[str, ...]
    references: Mapping[str, Engine]
    reference_batches: Mapping[str, float]
    technology: Technology
    timing: Timing
    accept_foreign_accuracy: bool
    sources: tuple[str, ...]
    bibtex: str

    def run(self, *, progress: bool = True, block_size: int = BLOCK_SIZE) -> Runs:
        """Evaluate every design of the space and return the exact front.

        `block_size` is how many designs are searched at once; the front does not depend
        on it.
        """
        from dse.explore.sweep import sweep

        return sweep(
            self.space,
            front=self.objectives,
            limits=self.limits,
            buildable=self.buildable,
            progress=progress,
            block_size=block_size,
            **self.basis.asked,
        )

    def prove(
        self,
        gap: float,
        *,
        seconds: float | None = None,
        file: Path | None = None,
        go_on: Sequence[Path] = (),
        shard: str = "1/1",
        progress: bool = True,
    ) -> ProvenFront:
        """Return a front that no design lies beyond by more than a gap.

        For spaces too large to evaluate whole: `dse.pareto_proof`.
        """
        from dse.tuning.pareto_proof import pareto_proof

        return pareto_proof(
            self.space,
            objectives=self.objectives,
            gap=gap,
            limits=self.limits,
            buildable=False,  # it is among the limits
            prove_seconds=seconds,
            proof_file=file,
            proof_from=go_on,
            shard=shard,
            progress=progress,
            **self.basis.asked,
        )

    @property
    def buildable(self) -> bool:
        """Whether only what can be built may answer it."""
        return BUILDABLE in self.limits

    def any_design(self) -> Study:
        """Return the study that takes what cannot be built for an answer as well."""
        others = tuple(text for text in self.limits if text != BUILDABLE)
        return replace(self, limits=others)

    @property
    def hash(self) -> str:
        """A hash of what is asked: machines, workloads, objectives and limits."""
        from dse.explore.hashes import hash_of_records

        space, basis = self.space, self.basis
        return hash_of_records(
            space.design,
            basis.workloads,
            self.technology,
            said=(
                [(n, list(axis.values)) for n, axis in space.axes.items()]
                + [(n, places.tolist()) for n, places in space.rows.items()],
                [(n, tie.expression) for n, tie in space.tied.items()],
                list(space.legal.items()),
                basis.weights,
                list(self.objectives),
                list(self.limits),
                self.timing,
            ),
        )

    def evaluator(self) -> Evaluator:
        """Return what evaluates designs of the space; it traces the model anew."""
        from dse.explore.evaluator import Evaluator

        return Evaluator(self.space, self.basis)

    def search(self, evaluator: Evaluator, *, best: int = 0) -> FrontSearch:
        """Return the search for its front, not begun: see `FrontSearch`.

        Raises `InputError` for what no search can answer: an objective or a limit that
        nothing tells of these machines, an accuracy of another model.
        """
        from dse.explore.evaluator import Evaluator
        from dse.explore.front_search import FrontSearch
        from dse.explore.limits import read_limits
        from dse.explore.objectives import read_objectives

        check_kind("`evaluator`", evaluator, Evaluator, "`study.evaluator()`")
        best = count("best", best, least=0)
        objectives = read_objectives(self.objectives)
        limits = read_limits(self.limits, self.basis.counted)
        return FrontSearch(self.space, evaluator, objectives, limits, "all", best=best)

    @property
    def basis(self) -> Basis:
        """What its answers rest on: workloads, technology and timing."""
        from dse.explore.basis import Basis

        accepts = self.accept_foreign_accuracy
        return Basis(self.suite, self.technology, self.timing, accepts)

    def evaluate(self, design: Engine, *, batch: float | None = None) -> Metrics:
        """Return the metrics of any machine over the suite, as the study counts them.

        In float64. `batch` stands in for that of the workloads.
        """
        return self._over_suite(
            (design, workload if batch is None else workload.replace(batch=batch))
            for workload, _ in self.suite
        )

    def evaluate_at(self, index: int) -> Metrics:
        """Return the metrics of the design of the space with an index, in float64.

        Axes of the workload are at its values, too.
        """
        index = count("index", index, least=0, most=self.space.size - 1)
        values = {name: float(v) for name, v in self.space.decode(index).items()}
        return self._over_suite(
            self.space.place(values, workload) for workload, _ in self.suite
        )

    def _over_suite(self, placed: Iterable[tuple[Engine, Workload]]) -> Metrics:
        from dse.explore.evaluate import evaluate_suite

        return evaluate_suite(placed, self.basis)

    def evaluate_references(self) -> dict[str, Metrics]:
        """Return the metrics of every reference machine, each at its own batch."""
        return {
            name: self.evaluate(design, batch=self.reference_batches.get(name))
            for name, design in self.references.items()
        }


def load_study(path: str | Path) -> Study:
    """Read the study of a folder (its `study.toml`), or of a file of that form.

    Raises one `InputError` with a line `file:line: key: fault; remedy` per fault;
    faults of the file itself are told before JAX is loaded.

    Examples:
        >>> study = dse.load_study("acceltran_design_space")
        >>> print(f"{study.space.size:,} designs")
        35,640,000 designs
    """
    check_kind("`path`", path, (str, Path), "the folder of a study, or its name")
    path = study_path(path)
    return build_study(read_study_file(path))


def build_study(file: StudyFile) -> Study:
    """Return the study that a checked file states; raise `InputError` for its faults.

    Those are what the engine, the models or the metrics do not know.
    """
    from dse.study.parts import study_parts

    return Study(**study_parts(file))
