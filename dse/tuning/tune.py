"""Tuning: one design, and what is set beside it, by gradient and exact local search."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np
import optax

from dse.arguments import count, one_of
from dse.arrays import Rows
from dse.evaluation import Timing
from dse.explore.asked import TechnologyLike, WorkloadLike, check_timing
from dse.explore.basis import read_suite
from dse.explore.limits import Limit
from dse.explore.progress import progress_bar
from dse.tuning.asked_proof import Wanted, read_wanted
from dse.tuning.descent import (
    CHOICES,
    Choices,
    Descent,
    Path,
    Starts,
    read_key,
    read_optimizer,
)
from dse.tuning.exact import Exact, Found
from dse.tuning.limit_search import search_along_limits
from dse.tuning.local_search import descend_grid, distinct
from dse.tuning.problem import Own, Problem, Spaces
from dse.tuning.proof import Proof
from dse.tuning.prove import prove as find_proof
from dse.tuning.relaxation import RELAXATIONS, Relaxation
from dse.tuning.result import Tuned, table_of_starts, units_of
from dse.tuning.starts import rounded, spread

FINALISTS = 16  # designs that are improved to the end
ALONG_LIMITS = 40_000  # designs evaluated at most where constraints bind
NEARLY = 1e-3  # excess up to which a relaxed design counts as feasible


def tune(
    objective: str | Own,
    space: Spaces,
    optimizer: optax.GradientTransformation | None = None,
    *,
    workload: WorkloadLike | Sequence[WorkloadLike] = (),
    weights: Sequence[float] | None = None,
    subject_to: Sequence[str | Own] = (),
    buildable: bool = True,
    accept_foreign_accuracy: bool = False,
    starts: int = 64,
    steps: int = 200,
    key: jax.Array | None = None,
    technology: TechnologyLike | None = None,
    timing: Timing = "walk",
    relaxation: Relaxation = "annealed",
    choices: Choices = "spread",
    prove: bool = False,
    gap: float = 0.0,
    prove_seconds: float | None = None,
    proof_file: str | pathlib.Path | None = None,
    proof_from: Sequence[str | pathlib.Path] = (),
    shard: str = "1/1",
    progress: bool = True,
) -> Tuned:
    """Find the design that serves an objective best, within constraints.

    `tune("min:energy_delay", space, workload=bert, subject_to=["area <= 50 mm^2"])`, or
    an objective of your own: a function of the design (of the design and the workload
    where one is given) to a number that should be small, best a logarithm. `space` is a
    `Space` or a dict or list of them; the function then gets designs in that shape.
    `optimizer` is any of optax. All starts go down the gradient at once, constraints
    as an augmented Lagrangian; axes of numbers move on a logit of their logarithm.
    Then starts are rounded, followed along the limits where there are any, the best
    improved by single steps and pairs of them on the exact model, and continuous axes
    tuned again.

    What cannot be built is no answer, unless `buildable=False`.

    `relaxation` is how a gradient sees a grid ("annealed" or "straight_through");
    `choices` gives every start labels of its own ("spread") or mixes all of them, each
    as likely as it is liked ("mixture"). The same `key` gives the same answer, bit for
    bit.

    With `prove` the search goes on, by bounds over whole boxes of designs, until none
    of the space can be better: `proof` says so. It ends sooner when none can be better
    by more than `gap`, a share (0.01), after `prove_seconds`, or at Ctrl-C, which ends
    the proof and not the program. How far it came is written to `proof_file`: proven,
    for another program to check; ended, to go on from, by `proof_from=[file]`. Of a
    `shard`, as `2/3`, only that share of the boxes is searched; `proof_from` then takes
    the files of all shares.

    Raises `InputError` for a problem that cannot be read.

    Examples:
        >>> space = dse.Space("reference:a100", batch=[1, 8, 64], cores=[54, 108])
        >>> bert = dse.transformer("bert-tiny")
        >>> limits = ["latency <= 1 ms"]
        >>> best = dse.tune("max:throughput", space, workload=bert, subject_to=limits)
        >>> best.feasible, best.values
        (True, {'batch': 64.0, 'cores': 54.0})
    """
    one_of("relaxation", relaxation, RELAXATIONS)
    one_of("choices", choices, CHOICES)
    starts, steps = count("starts", starts), count("steps", steps)
    key, optimizer = read_key(key), read_optimizer(optimizer)
    check_timing(timing)
    wanted = read_wanted(prove, gap, prove_seconds, proof_file, proof_from, shard)
    given = not isinstance(workload, Sequence) or len(workload) > 0
    problem = Problem(
        [objective],
        space,
        suite=read_suite(workload, weights) if given else (),
        subject_to=subject_to,
        buildable=buildable,
        accept_foreign_accuracy=accept_foreign_accuracy,
        technology=technology,
        timing=timing,
    )
    stages = 5 if wanted else 4
    with progress_bar(progress, unit="stage", total=stages) as bar:
        _begin(bar, "tracing the model")
        exact = Exact(problem)
        certify = _nothing if wanted is None else _certifier(exact, wanted, bar)
        descent = Descent(
            problem,
            optimizer,
            steps=steps,
            relaxation=relaxation,
            choices=choices,
        )
        begin = partial(_begin, bar)
        return tune_problem(problem, exact, descent, starts, key, begin, certify)


Certify = Callable[[Found], tuple[Found, Proof | None]]


def _begin(bar: Any, stage: str) -> None:
    bar.set_description(stage)
    bar.update()


def _nothing(best: Found) -> tuple[Found, Proof | None]:
    """Return a design of which nothing is proven."""
    return best, None


def _certifier(exact: Exact, wanted: Wanted, bar: Any) -> Certify:
    """Return what proves of a design that none is better, or finds a better one."""
    enclosure, asked = wanted.begin(exact.problem)

    def tell(proof: Proof) -> None:
        bar.set_postfix_str(proof.progress)

    def certify(best: Found) -> tuple[Found, Proof]:
        _begin(bar, "proving")
        return find_proof(enclosure, exact, best, **asked, tell=tell)

    return certify


def tune_problem(
    problem: Problem,
    exact: Exact,
    descent: Descent,
    count: int,
    key: jax.Array,
    begin: Callable[[str], None] = lambda stage: None,
    certify: Certify = _nothing,
) -> Tuned:
    """Tune with a model and a descent that are ready, from `count` starts of a key.

    `begin` is told of each stage when it begins; `certify` may find a better design,
    and what is proven of it.
    """
    exact.forget()
    axes = problem.coordinates
    free = np.zeros(len(axes), bool)
    begin("following slopes")
    start = spread(axes, count, key)
    path = descent(Starts(start, np.ones((count, 1)), free))
    begin("searching along limits")
    ends = rounded(axes, path.shares[-1])
    found = exact(ends)
    if not np.isfinite(found.violation).any():  # where not all is known, nor legal
        ways = rounded(axes, np.concatenate([start, *path.shares]))
        passed = exact(distinct(ways))
        ends = passed.take(passed.order()[:count]).points
        found = exact(ends)
    if _bind(problem, found):
        found = search_along_limits(exact, axes, ends, ALONG_LIMITS)
    begin("trying neighbours")
    finalists = found.take(found.order()[:FINALISTS]).points
    best = descend_grid(exact, axes, finalists)
    gradients = path.gradients
    if axes.continuous:
        again = _retune(problem, descent, best, count, key)
        gradients += again.gradients
        tried = exact(np.concatenate([best.points, rounded(axes, again.shares[-1])]))
        best = descend_grid(exact, axes, tried.take(tried.order()[:FINALISTS]).points)
    best, proof = certify(best.take(slice(0, 1)))
    tuned = _result(problem, exact, best, path, ends, gradients)
    return replace(tuned, proof=proof)


def _bind(problem: Problem, found: Found) -> bool:
    """Say whether constraints are there to bind; those of any chip if one is broken."""
    broken = np.any(found.excess > 0, axis=0).tolist()
    return any(
        hit or not (isinstance(constraint, Limit) and constraint.physical)
        for constraint, hit in zip(problem.constraints, broken, strict=True)
    )


def _retune(
    problem: Problem, descent: Descent, best: Found, count: int, key: jax.Array
) -> Path:
    """Tune continuous axes once more, with everything else as it was rounded."""
    axes = problem.coordinates
    held = np.asarray([axis.kind != "continuous" for axis in axes.all])
    rows = np.arange(count) % len(best.points)
    shares = axes.shares(best.points)[rows]
    # The first copy of each design goes on from where it is, the others from anew.
    copies = np.arange(count) >= len(best.points)
    anew = spread(axes, count, jax.random.fold_in(key, 1))
    shares = np.where(copies[:, None] & ~held, anew, shares)
    return descent(Starts(shares, np.ones((count, 1)), held))


def _result(
    problem: Problem, exact: Exact, best: Found, path: Path, ends: Rows, gradients: int
) -> Tuned:
    axes = problem.coordinates
    answers = {n: float(c[0]) for n, c in exact.answers(best.points).items()}
    moved = {n: float(c[0]) for n, c in axes.table(best.points).items()}
    design, *workload = problem.place(moved)
    shown = {n: c[0].item() for n, c in axes.shown(best.points).items()}
    all_ends = exact(ends)
    gap = _gap(exact.between_points(path.shares[-1]), best)
    basis = problem.basis if problem.suite else None
    return Tuned(
        basis=basis,
        design=design,
        workload=workload[0] if workload else None,
        values=shown,
        objective=abs(float(best.costs[0, 0]))
        if problem.suite
        else float(best.costs[0, 0]),
        metrics={n: v for n, v in answers.items() if not n.startswith("own_")},
        feasible=bool(best.violation[0] == 0),
        violated=_violated(problem, best),
        gap=gap,
        trajectory=path,
        evaluations=exact.evaluations,
        gradients=gradients,
        starts=table_of_starts(
            axes.shown(ends),
            exact.answers(ends),
            units_of(basis),
            _reasons(problem, all_ends),
            path,
        ),
    )


def _gap(relaxed: Found, best: Found) -> float | None:
    """Return how much worse the best design is than the best one before rounding."""
    held = (relaxed.excess <= NEARLY).all(axis=1) & np.isfinite(relaxed.costs[:, 0])
    if not held.any() or best.violation[0] > 0:
        return None
    lowest = relaxed.costs[held, 0].min()
    return float((best.costs[0, 0] - lowest) / abs(lowest)) if lowest else None


def _violated(problem: Problem, best: Found) -> dict[str, float]:
    broken = {
        problem.name(constraint): float(excess)
        for constraint, excess in zip(problem.constraints, best.excess[0], strict=True)
        if not excess <= 0  # nor is what is not known
    }
    rule = str(best.illegal[0])
    return broken | ({rule: float("inf")} if rule else {})


def _reasons(problem: Problem, found: Found) -> Rows:
    """Return what rules each point out, '' where nothing does."""
    reasons = found.illegal.copy()
    for number, constraint in enumerate(problem.constraints):
        hit = (reasons == "") & ~(found.excess[:, number] <= 0)
        reasons = np.where(hit, problem.reason(constraint), reasons)
    return reasons
