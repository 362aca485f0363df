"""A problem: what is wanted, what is allowed, and which axes may move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp

from dse.arguments import flag
from dse.arrays import Number, Values
from dse.errors import InputError, check_kind, quoted
from dse.evaluation import Timing, counted_together
from dse.explore.accuracy import check_accuracy
from dse.explore.asked import TechnologyLike
from dse.explore.basis import Basis
from dse.explore.evaluator import known_metrics
from dse.explore.grid import answer_for
from dse.explore.limits import Limit, applicable, read_limits
from dse.explore.objectives import LINEAR, SHOWN_UNITS, Objective, read_objective
from dse.explore.space import Space, is_of_workload
from dse.hardware.buildable import BUILDABLE, FIT
from dse.hardware.technology import read_technology
from dse.tuning.coordinates import Coordinates
from dse.workload.ops import Workload

Own = Callable[..., Number]  # of the design, or of design and workload
# A space, or a dict or list of them, in any depth.
Spaces = Space | Mapping[str, "Spaces"] | Sequence["Spaces"]
Suite = Sequence[tuple[Workload, float]]


class Problem:
    """Costs and limits as functions of axis values, over one space or several.

    An objective is a text (`min:energy`) or a function of the designs; a constraint is
    a text (`area <= 50 mm^2`) or a function that must not be above 0. Functions get the
    designs in the shape in which their spaces were given, and the workload beside them
    where there is one. Raises `InputError` for texts without a workload, and for what
    cannot be read.
    """

    def __init__(
        self,
        objectives: Sequence[str | Own],
        spaces: Spaces,
        *,
        suite: Suite = (),
        subject_to: Sequence[str | Own] = (),
        buildable: bool = False,
        accept_foreign_accuracy: bool = False,
        technology: TechnologyLike | None = None,
        timing: Timing = "walk",
    ) -> None:
        flag("accept_foreign_accuracy", accept_foreign_accuracy)
        buildable = flag("buildable", buildable)
        check_kind("`subject_to`", subject_to, (list, tuple), "a list of limits")
        for wish in (*objectives, *subject_to):
            if not isinstance(wish, str) and not callable(wish):
                raise InputError(
                    f"an objective or a limit is {quoted(wish)}; give a text, as "
                    "`min:energy` or `area <= 50 mm^2`, or a function of the design."
                )
        self.objectives = [
            read_objective(o) if isinstance(o, str) else o for o in objectives
        ]
        self.suite = tuple(suite)
        counted = counted_together(w.counted for w, _ in self.suite) if suite else None
        self.constraints: list[Limit | Own] = []
        for wish in subject_to:
            told = read_limits([wish], counted) if isinstance(wish, str) else [wish]
            self.constraints += told
        self.timing: Timing = timing
        leaves, self._shape = jax.tree_util.tree_flatten_with_path(spaces)
        if not leaves or not all(isinstance(space, Space) for _, space in leaves):
            raise InputError(
                "there is no `Space` to tune; give one, or a dict or list of them."
            )
        if any(space.rows for _, space in leaves):
            raise InputError(
                "there is no way from one machine of a list to the next; sweep the "
                "list, or give a space of axes."
            )
        named = {_prefix(path): space for path, space in leaves}
        self.coordinates = Coordinates(named)
        if buildable and self.suite and len(named) == 1 and not self.is_buildable:
            self.constraints += read_limits([BUILDABLE])
        self._own = [f for f in (*self.objectives, *self.constraints) if callable(f)]
        self._check(list(named.values()))
        first = next(iter(named.values()))
        self.technology = read_technology(technology, first.design)
        self._accepts = accept_foreign_accuracy
        if self.suite and len(named) == 1:
            wishes = [*self.objectives, *self.limits]
            asked = [wish.metric for wish in wishes if not callable(wish)]
            check_accuracy(asked, first, self.basis)

    def _check(self, spaces: list[Space]) -> None:
        texts = len(self._own) < len(self.objectives) + len(self.constraints)
        if texts and (len(spaces) > 1 or not self.suite):
            raise InputError(
                "a metric in words (`min:energy`, `area <= 50 mm^2`) needs one space "
                "and a `workload`; without them give functions of the design."
            )
        if self._own and len(self.suite) > 1:
            raise InputError(
                "an objective or constraint of your own takes one workload; for a "
                "suite evaluate the others inside it."
            )
        moved = {n for s in spaces for n in (*s.axes, *s.continuous, *s.tied)}
        of_workload = sorted(filter(is_of_workload, moved))
        if of_workload and (len(spaces) > 1 or not self.suite):
            raise InputError(
                f"`{of_workload[0]}` is an axis of the workload: give the `workload`, "
                "and one space."
            )

    @property
    def basis(self) -> Basis:
        """What metrics in words rest on: workloads, technology and timing."""
        return Basis(self.suite, self.technology, self.timing, self._accepts)

    @property
    def space(self) -> Space:
        """The space, where there is one only."""
        return next(iter(self.coordinates.spaces.values()))

    @property
    def limits(self) -> list[Limit]:
        """Those constraints that are limits on metrics."""
        return [c for c in self.constraints if isinstance(c, Limit)]

    @property
    def is_buildable(self) -> bool:
        """Whether only what can be built may answer it."""
        return any(
            limit.physical and limit.metric != FIT.metric for limit in self.limits
        )

    @property
    def sign(self) -> float:
        """What turns the first cost back into what was asked for: -1 for a maximum."""
        first = self.objectives[0]
        return -1.0 if isinstance(first, Objective) and first.maximize else 1.0

    def answer(self, moved: Mapping[str, Values]) -> dict[str, jax.Array]:
        """Return metrics and own costs of axis values, all by name."""
        found: dict[str, jax.Array] = {}
        if self.suite:
            found |= answer_for(self.space, self.basis, known_metrics)(moved)
        if self._own:
            placed = self.place(moved)
            for number, own in enumerate(self._own):
                found[f"own_{number}"] = jnp.asarray(own(*placed)) * 1.0
        return found

    def place(self, moved: Mapping[str, Values]) -> tuple[Any, ...]:
        """Return the designs in the shape of their spaces; the workload, if any."""
        designs, workloads = [], []
        for prefix, space in self.coordinates.spaces.items():
            full = space.complete(self.coordinates.own(prefix, moved))
            if self.suite:
                design, workload = space.place(full, self.suite[0][0])
                workloads.append(workload)
            else:
                design = space.design.replace(**full)
            designs.append(design)
        return (jax.tree.unflatten(self._shape, designs), *workloads)

    def costs(self, found: Mapping[str, Values]) -> list[Values]:
        """Return each objective from what was answered, less being better."""
        return [self._read(o, found, lambda o, m: o.cost(m)) for o in self.objectives]

    def excess(self, found: Mapping[str, Values]) -> list[Values]:
        """Return by how much each constraint is broken, in its own size; <= 0: not."""
        return [self._excess(c, found) for c in self.constraints]

    def _excess(self, constraint: Limit | Own, found: Mapping[str, Values]) -> Values:
        """Return one excess; -1 of a physical limit on what a machine lacks."""
        if isinstance(constraint, Limit) and not applicable([constraint], found):
            return -1.0 + 0.0 * self.costs(found)[0]
        over: Values = self._read(constraint, found, lambda c, m: c.excess(m))
        return over

    def losses_and_excess(self, moved: Mapping[str, Values]) -> jax.Array:
        """Return what a gradient follows, of axis values: a vector.

        Costs by their logarithm first, then the excess of each constraint.
        """
        found = self.answer(moved)
        pairs = zip(self.objectives, self.costs(found), strict=True)
        losses = [_loss(objective, cost) for objective, cost in pairs]
        return jnp.stack([*losses, *self.excess(found)])

    def _read(self, what: Any, found: Mapping[str, Any], read: Any) -> Any:
        if callable(what):
            return found[f"own_{self._own.index(what)}"]
        return read(what, SimpleNamespace(**dict.fromkeys(SHOWN_UNITS) | dict(found)))

    def name(self, constraint: Limit | Own) -> str:
        """Return how a constraint is called when it is broken."""
        if isinstance(constraint, Limit):
            return str(constraint)
        return getattr(constraint, "__name__", "a constraint of your own")

    def reason(self, constraint: Limit | Own) -> str:
        """Return what is said of a design that breaks a constraint."""
        if isinstance(constraint, Limit):
            return constraint.reason
        return f"breaks {self.name(constraint)}"


def _prefix(path: tuple[Any, ...]) -> str:
    """Return the place of a space as a name: "" for the only one, else `edge.`."""
    if not path:
        return ""
    return jax.tree_util.keystr(path, simple=True, separator=".") + "."


def _loss(objective: Objective | Own, cost: Any) -> Any:
    if not isinstance(objective, Objective):
        return cost
    if objective.metric in LINEAR:
        return cost / LINEAR[objective.metric]
    return -jnp.log(-cost) if objective.maximize else jnp.log(cost)
