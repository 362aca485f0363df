"""The competitors over the same exact model and grid: random, Sobol, NSGA-II, TPE."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import qmc

from dse.explore.pareto import front_mask
from dse.tuning.exact import Exact
from dse.tuning.problem import Problem

Rows = np.ndarray[Any, Any]


class Contestant:
    """Remembers the front of all that it asked the exact model about."""

    def __init__(self, problem: Problem, exact: Exact) -> None:
        exact.forget()
        self.exact = exact
        self.ends = np.asarray([len(c.values) - 1 for c in problem.coordinates.all])
        self.front = np.zeros((0, len(problem.objectives)))

    def ask(self, points: Rows) -> tuple[Rows, Rows]:
        """Costs and violations of points `[n, axes]`."""
        found = self.exact(points)
        costs = np.where(found.violation[:, None] == 0, found.costs, np.inf)
        both = np.concatenate([self.front, costs])
        self.front = both[front_mask(both, keep="distinct")]
        return found.costs, found.violation


def random(contestant: Contestant, stop: Callable[[], bool], seed: int) -> None:
    draws = np.random.default_rng(seed)
    while not stop():
        shares = draws.uniform(size=(1024, len(contestant.ends)))
        contestant.ask(_on_grid(contestant, shares))


def sobol(contestant: Contestant, stop: Callable[[], bool], seed: int) -> None:
    draws = qmc.Sobol(len(contestant.ends), rng=seed)
    while not stop():
        contestant.ask(_on_grid(contestant, draws.random(1024)))


def nsga2(
    contestant: Contestant,
    stop: Callable[[], bool],
    seed: int,
    *,
    population: int,
) -> None:
    """NSGA-II with pymoo's operators for whole numbers, in generations; needs pymoo."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.callback import Callback
    from pymoo.core.problem import Problem as PymooProblem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling
    from pymoo.optimize import minimize
    from pymoo.termination.max_eval import MaximumFunctionCallTermination

    ends = contestant.ends

    class Grid(PymooProblem):
        def __init__(self) -> None:
            super().__init__(
                n_var=len(ends),
                n_obj=contestant.front.shape[1],
                n_ieq_constr=1,
                xl=np.zeros(len(ends)),
                xu=ends,
                vtype=int,
            )

        def _evaluate(self, x: Rows, out: dict[str, Any], *_: Any, **__: Any) -> None:
            costs, violation = contestant.ask(np.asarray(x, float))
            logs = np.sign(costs) * np.log(np.abs(costs))
            out["F"], out["G"] = logs, np.minimum(violation, 1e9)[:, None]

    class Stop(Callback):
        def notify(self, algorithm: Any) -> None:
            if stop():
                algorithm.termination.force_termination = True

    algorithm = NSGA2(
        pop_size=population,
        sampling=IntegerRandomSampling(),
        crossover=SBX(prob=0.9, eta=3.0, vtype=float, repair=RoundingRepair()),
        mutation=PM(eta=3.0, vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    limit = MaximumFunctionCallTermination(10**9)
    minimize(Grid(), algorithm, limit, seed=seed, callback=Stop(), verbose=False)


def tpe(contestant: Contestant, stop: Callable[[], bool], seed: int) -> None:
    """Optuna's multi-objective TPE, one design at a time; needs optuna."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        directions=["minimize"] * contestant.front.shape[1],
        sampler=optuna.samplers.TPESampler(seed=seed),
    )
    while not stop():
        trial = study.ask()
        place = [
            trial.suggest_int(f"x{i}", 0, int(n)) for i, n in enumerate(contestant.ends)
        ]
        costs, _ = contestant.ask(np.asarray([place], float))
        study.tell(trial, list(np.sign(costs[0]) * np.log(np.abs(costs[0]))))


def until(cpu_seconds: float, contestant: Contestant) -> Callable[[], bool]:
    """Stop once this process has spent some CPU seconds from now on."""
    since = time.process_time()
    return lambda: time.process_time() - since >= cpu_seconds


def spent(evaluations: int, contestant: Contestant) -> Callable[[], bool]:
    """Stop once a contestant has evaluated some distinct designs."""
    return lambda: contestant.exact.evaluations >= evaluations


def _on_grid(contestant: Contestant, shares: Rows) -> Rows:
    return np.minimum(np.floor(shares * (contestant.ends + 1)), contestant.ends)
