"""Models of growing N:M sparsity from one dense model, by four methods at equal steps.

There are two ways to be fair to a method that trains each model on from the one before:
to give the others, for each model, as many steps as led to its counterpart; or to give
them as many for the whole series.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from dse.errors import InputError, did_you_mean
from dse.measure.policies.n_of_m import NOfM
from dse.measure.sparsifying import Sparsifying, prunable
from dse.measure.tokenizer import Tokens
from dse.measure.training import Classifier, Recipe, parameters_of, train

METHODS = {
    "one_shot": "largest weights, not trained",
    "frozen": "largest weights, trained",
    "sr_ste": "chosen at every step",
    "idp": "chosen at every step, among those of the model before",
}


def prune_in_series(
    model: Classifier,
    tokens: Tokens,
    labels: np.ndarray,
    *,
    method: str,
    counts: Sequence[int],
    m: int,
    recipe: Recipe,
    per_series: bool = False,
    progress: bool = True,
) -> Iterator[tuple[int, Classifier]]:
    """Yield N and the model that keeps N of every M weights, for each N of `counts`.

    All but `idp` start each model from the dense one; `idp` goes on from the weights
    and masks of the model before it, for the recipe's steps. The others train the i-th
    model for i times these steps, as `idp` did by then, so that a series costs them
    more; with `per_series` for these steps, so that it costs them as much. `one_shot`
    trains nothing. `counts` fall.

    Raises:
        InputError: for an unknown method, or counts that do not fall.

    Source: fang2022sta, inherited dynamic pruning (order, update at every step and
    equal schedules are choices made here); zhou2021nm, SR-STE.
    """
    if method not in METHODS:
        meant = did_you_mean(method, METHODS)
        raise InputError(f"there is no method {method!r}.{meant}")
    if list(counts) != sorted(set(counts), reverse=True):
        raise InputError(
            f"counts {list(counts)} must fall; sort them, most weights first."
        )
    weights = parameters_of(model)
    everything = prunable(weights)
    latest, kept = model, everything
    for i, n in enumerate(counts, 1):
        rule = NOfM(n=n, m=m)
        largest = {name: rule.keep(weights[name]) for name in everything}
        start, steps = model, recipe.steps if per_series else i * recipe.steps
        match method:
            case "one_shot":
                steps, sparsifying = 0, Sparsifying(inherited=largest)
            case "frozen":
                sparsifying = Sparsifying(inherited=largest)
            case "sr_ste":
                sparsifying = Sparsifying(inherited=everything, rule=rule)
            case "idp":
                start, steps = latest, recipe.steps
                sparsifying = Sparsifying(inherited=kept, rule=rule)
        latest = train(
            start,
            tokens,
            labels,
            replace(recipe, steps=steps),
            sparsifying=sparsifying,
            progress=f"{method} {n}:{m}" if progress else "",
        )
        kept = sparsifying.masks(parameters_of(latest))
        yield n, latest
