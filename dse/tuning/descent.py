"""The descent: all starts at once down the gradient, the model's slopes by rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dse.arrays import Rows, Values
from dse.compile.function import compile_function
from dse.errors import InputError, check_kind
from dse.tuning.coordinates import Coordinates
from dse.tuning.lagrangian import (
    first_prices,
    flatten_excess,
    next_prices,
    penalty,
)
from dse.tuning.problem import Problem
from dse.tuning.relaxation import Relaxation, relax

Choices = Literal["spread", "mixture"]
CHOICES = ("spread", "mixture")

LEARNING_RATE = 0.1  # of the usual optimizer
ROUNDS = 20  # updates of the prices of constraints in a run
MOST_MIXED = 256  # combinations of labels that are mixed
EDGE = 1e-3  # share by which a start stays off the ends of an axis
ALL = 0.05  # weight of the other objectives beside the one that lags most
EVEN = 0.1  # temperature of a mixture of labels at the end; 1 at the beginning


@dataclass(frozen=True)
class Starts:
    """Where a descent begins: one row a start.

    `shares` `[starts, axes]` are shares 0..1 of numbers and positions of labels;
    `weights` `[starts, objectives]`; `held` `[axes]` says which axes do not move.
    """

    shares: Rows
    weights: Rows
    held: Rows


@dataclass(frozen=True)
class Path:
    """Where a descent went: `[steps, starts]` and more; gradients taken in all."""

    shares: Rows  # [steps, starts, axes]
    loss: Rows  # mean over objectives, logarithms of metrics
    excess: Rows  # of the constraint that is broken most
    gradients: int


def read_key(key: jax.Array | None) -> jax.Array:
    """Return a key of random numbers, or the usual one."""
    wanted = "a key of JAX, as `jax.random.key(1)`"
    check_kind("`key`", key, (jax.Array, NoneType), wanted)
    if key is None:
        return jax.random.key(0)
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key) or key.ndim:
        raise InputError(f"`key` is an array of {key.dtype}; give {wanted}.")
    return key


def read_optimizer(
    optimizer: optax.GradientTransformation | None,
) -> optax.GradientTransformation:
    """Return an optimizer, or the usual one; raise `InputError` for what is none."""
    kinds = (optax.GradientTransformation, NoneType)
    check_kind("`optimizer`", optimizer, kinds, "one of optax, as `optax.adam(0.1)`")
    return optax.adam(LEARNING_RATE) if optimizer is None else optimizer


class Descent:
    """The descent of a problem, compiled once; it may run from many sets of starts."""

    def __init__(
        self,
        problem: Problem,
        optimizer: optax.GradientTransformation,
        *,
        steps: int,
        relaxation: Relaxation = "annealed",
        choices: Choices = "spread",
    ) -> None:
        self._problem = problem
        self._axes = problem.coordinates
        self._optimizer = optax.with_extra_args_support(optimizer)
        self._steps = steps
        self._relaxation: Relaxation = relaxation
        self._combos = _combinations(self._axes) if choices == "mixture" else None

    def __call__(self, starts: Starts) -> Path:
        """Go down from all starts; the first call compiles."""
        told = self._run(
            jnp.asarray(starts.shares, jnp.float32),
            jnp.asarray(starts.weights, jnp.float32),
            jnp.asarray(starts.held),
        )
        shares, loss, excess, searches = jax.device_get(told)
        gradients = starts.shares.shape[0] * self._steps + int(searches)
        return Path(np.asarray(shares, float), loss, excess, gradients)

    @cached_property
    def _run(self) -> Callable[..., Any]:
        _ = self._told  # made before JAX traces what asks it
        return jax.jit(self._scan)

    @cached_property
    def _told(self) -> Callable[[Mapping[str, Any]], Any]:
        names = [axis.name for axis in self._axes.all]
        return compile_function(self._problem.losses_and_excess, names).as_jax()

    def _scan(self, shares: Any, weights: Any, held: Any) -> Any:
        inside = jnp.clip(shares, EDGE, 1.0 - EDGE)
        free = {"place": jax.scipy.special.logit(inside)}
        if self._combos is not None:
            free["liking"] = jnp.zeros(
                (
                    len(shares),
                    sum(len(self._axes.all[i].values) for i in self._axes.labels),
                )
            )
        state = jax.vmap(self._optimizer.init)(free)
        constraints = len(self._problem.constraints)
        prices = jax.vmap(lambda _: first_prices(constraints))(shares)
        # The frame of the losses is known after the first step only.
        frame = jnp.zeros(weights.shape[1]), jnp.ones(weights.shape[1])

        def step(carry: Any, number: Any) -> Any:
            free, state, prices, (ideal, size) = carry
            progress = number / self._steps

            def go(free: Any, state: Any, prices: Any, shares: Any, weight: Any) -> Any:
                def loss(free: Any) -> Any:
                    losses, excess, mixed = self._ask(free, shares, held, progress)
                    lag = weight * (losses - ideal) / size
                    each = jax.vmap(lambda e: penalty(e, prices))(excess[1])
                    wanted = lag.max() + ALL * lag.sum() + jnp.sum(mixed * each)
                    return wanted, (losses, excess[0])

                return self._step(loss, free, state)

            free, state, told = jax.vmap(go)(free, state, prices, shares, weights)
            losses, excess, searches = told
            due = (number + 1) % max(1, self._steps // ROUNDS) == 0
            dearer = jax.vmap(next_prices)(excess, prices)
            prices = jax.tree.map(
                lambda new, old: jnp.where(due, new, old), dearer, prices
            )
            low, high = losses.min(axis=0), losses.max(axis=0)
            first = number == 0
            size = jnp.where(first & (high > low), high - low, size)
            ideal = jnp.where(first, low, jnp.minimum(ideal, low))
            worst = excess.max(axis=1, initial=-jnp.inf)
            places = jax.vmap(lambda f, s: self._places(f, s, held))(free, shares)
            return (free, state, prices, (ideal, size)), (
                places,
                losses.mean(axis=1),
                worst,
                searches.sum(),
            )

        _, told = jax.lax.scan(
            step, (free, state, prices, frame), jnp.arange(self._steps) * 1.0
        )
        places, loss, worst, searches = told
        return places, loss, worst, searches.sum()

    def _step(self, loss: Callable[[Any], Any], free: Any, state: Any) -> Any:
        """Move one start by one step of the optimizer."""
        (value, told), slope = jax.value_and_grad(loss, has_aux=True)(free)
        slope = jax.tree.map(jnp.nan_to_num, slope)
        change, state = self._optimizer.update(
            slope,
            state,
            free,
            value=value,
            grad=slope,
            value_fn=lambda free: loss(free)[0],
        )
        searches = optax.tree.get(state, "num_linesearch_steps", 0)
        return (
            optax.apply_updates(free, change),
            state,
            (*told, jnp.asarray(searches) * 1.0),
        )

    def _ask(self, free: Any, shares: Any, held: Any, progress: Any) -> Any:
        """Return mean losses, excess (mean, and of each mix), and shares of mixes."""
        places = self._places(free, shares, held)
        mixed = jnp.ones(1)
        labels = places[jnp.asarray(self._axes.labels, int)][None, :]
        if self._combos is not None:
            labels = jnp.asarray(self._combos, places.dtype)
            mixed = self._mixture(free["liking"], progress)

        def one(label: Any) -> Any:
            told = self._told(self._moved(places, label, progress))
            losses, excess = jnp.split(told, [len(self._problem.objectives)])
            return losses, flatten_excess(excess)

        losses, excess = jax.vmap(one)(labels)
        return mixed @ losses, (mixed @ excess, excess), mixed

    def _places(self, free: Any, shares: Any, held: Any) -> Any:
        """Return the shares that a start has come to, with those that are held."""
        numbers = jnp.asarray([c.kind != "labels" and c.moves for c in self._axes.all])
        moved = jnp.where(numbers & ~held, jax.nn.sigmoid(free["place"]), shares)
        if self._combos is None:
            return moved
        at = 0
        for i in self._axes.labels:
            count = len(self._axes.all[i].values)
            best = jnp.argmax(free["liking"][at : at + count])
            moved = moved.at[i].set(jnp.where(held[i], shares[i], best * 1.0))
            at += count
        return moved

    def _moved(self, places: Any, labels: Any, progress: Any) -> dict[str, Values]:
        """Return the axis values that the model is asked about."""
        moved: dict[str, Values] = {}
        of_label = dict(
            zip(self._axes.labels, range(len(self._axes.labels)), strict=True)
        )
        for i, axis in enumerate(self._axes.all):
            if axis.kind == "labels":
                values = jnp.asarray(axis.values)
                moved[axis.name] = values[labels[of_label[i]].astype(int)]
            elif axis.moves:
                moved[axis.name] = relax(axis, places[i], progress, self._relaxation)
            else:
                moved[axis.name] = jnp.asarray(axis.values[0])
        return moved

    def _mixture(self, liking: Any, progress: Any) -> Any:
        """Return the share of each combination of labels, `[combinations]`."""
        warm = EVEN**progress
        shares: Any = jnp.ones(len(self._combos or ()))
        at = 0
        for column, i in enumerate(self._axes.labels):
            count = len(self._axes.all[i].values)
            own = jax.nn.softmax(liking[at : at + count] / warm)
            picked = np.asarray([combo[column] for combo in self._combos or ()])
            shares = shares * own[picked]
            at += count
        return shares


def _combinations(axes: Coordinates) -> tuple[tuple[int, ...], ...]:
    counts = [range(len(axes.all[i].values)) for i in axes.labels]
    combos = tuple(itertools.product(*counts))
    if len(combos) > MOST_MIXED:
        raise InputError(
            f"{len(combos):,} combinations of labels are too many to mix (at most "
            f"{MOST_MIXED}); use choices='spread', which gives each start its own."
        )
    return combos
