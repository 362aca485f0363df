"""Laws of a model as a program: eager, compiled, batched, and its derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dse.compile.function import compile_function
from dse.contract.holds import Case, hold, named_numbers, near
from dse.engines.base import Engine, Op, describe_run, stage_of
from dse.evaluation import Metrics, metrics
from dse.explore.sensitivity import sensitivity
from dse.hardware.technology import Technology
from dse.schedule.stage import Stage
from dse.schedule.traffic import Traffic
from dse.workload.kinds import KINDS
from dse.workload.ops import Workload

_SMOOTH = ("KiB", "MiB", "GB/s", "MHz")  # of fields that a designer turns freely


def eager_answers_are_those_of_evaluation(case: Case) -> None:
    """Nothing in the physics waits for a compiler."""
    with jax.disable_jit():
        eager = metrics(case.machine, case.workload, case.technology, "walk")
    _same(eager, case.found, relative=1e-5, absolute=1e-20)


def compiled_answers_are_those_of_evaluation(case: Case) -> None:
    """`jax.jit` changes no answer."""
    with jax.enable_x64(True):
        compiled = jax.jit(metrics, static_argnums=3)(
            case.machine, case.workload, case.technology, "walk"
        )
    _same(compiled, case.found, relative=1e-10)


def an_op_costs_what_it_costs_alone(case: Case) -> None:
    """Ops of a kind are priced together, each as if it were the only one."""
    machine, technology, work = case.machine, case.technology, case.workload
    run, ops = describe_run(work), _three_ops()
    last = jax.tree.map(lambda column: column[2:], ops)
    kinds = [kind for kind in KINDS if hasattr(machine, kind)]

    def stages(given: Mapping[str, Any]) -> list[list[Stage]]:
        seen = run.replace(batch=given["batch"])
        return [
            [stage_of(machine, kind, each, seen, technology) for each in (ops, last)]
            for kind in kinds
        ]

    found = compile_function(stages, ["batch"]).grid({"batch": work.batch})
    for kind, (among, alone) in zip(kinds, found, strict=True):
        together = named_numbers(among)
        for name, number in named_numbers(alone).items():
            what = f"`{name}` of the last of three `{kind}` ops"
            near(together[name][2], number[0], what, relative=1e-12)


def _three_ops() -> Op:
    """Return ops of unlike sizes."""
    bits = np.asarray([0.0, 3e4, 5e3])
    moved: dict[str, Any] = dict.fromkeys(Traffic().meanings(), bits)
    sizes = {
        "heads": [1.0, 2.0, 12.0],
        "rows": [64.0, 100.0, 7.0],
        "inner": [128.0, 64.0, 33.0],
        "columns": [96.0, 500.0, 64.0],
        "weights": [12288.0, 0.0, 25344.0],
        "weights_before": [0.0, 12288.0, 12288.0],
        "input_density": [0.5, 1.0, 0.2],
        "weight_density": [1.0, 0.4, 0.7],
        "output_density": [0.3, 0.9, 1.0],
        "density_before": [1.0, 0.4, 0.7],
        "in_attention": [0.0, 1.0, 1.0],
        "last_share": [0.0, 0.0, 0.5],
    }
    columns: dict[str, Any] = {n: np.asarray(column) for n, column in sizes.items()}
    ops = Op(**columns, traffic=Traffic(**moved))
    found: Op = jax.tree.map(lambda column: np.broadcast_to(column, 3), ops)
    return found


def vmap_is_a_loop(case: Case) -> None:
    """`jax.vmap` over a field gives what one design after another gives."""
    tried, names = jnp.asarray([12.8, 25.6, 100.0]), case.bandwidths

    def answer(bandwidth: Any) -> Any:
        design = case.machine.replace(**dict.fromkeys(names, bandwidth))
        found = metrics(design, case.workload, case.technology, "walk")
        return found.energy, found.latency

    batched = jax.jit(jax.vmap(answer))(tried)
    looped = [case.ask(**dict.fromkeys(names, float(each))) for each in tried]
    for column, metric in zip(batched, ("energy", "latency"), strict=True):
        known = [float(getattr(each, metric)) for each in looped]
        near(np.broadcast_to(column, 3), known, f"{metric} under vmap", relative=1e-5)


def gradients_are_finite_in_float32(case: Case) -> None:
    """A tuner never meets an infinite slope, or one that is no number."""
    slopes = jax.jit(jax.grad(_loss, argnums=(0, 1, 2), allow_int=True))(
        case.machine, case.workload, case.technology
    )
    for path, slope in jax.tree.leaves_with_path(slopes):
        if slope.dtype != jax.dtypes.float0:
            where = jax.tree_util.keystr(path, simple=True, separator=".")
            hold(jnp.isfinite(slope), f"the slope by `{where}` is not finite")


def gradients_are_differences(case: Case) -> None:
    """Slopes by every number are finite, and differences where they are smooth.

    By numbers of design, workload and technology. Each is moved by a factor, so that
    every slope is of the size of an elasticity.
    """
    given = (case.machine, case.workload, case.technology)
    leaves, tree = jax.tree.flatten(given)
    paths = [
        jax.tree_util.keystr(path, simple=True, separator=".")
        for path, _ in jax.tree.leaves_with_path(given)
    ]
    floats = [
        path
        for path, leaf in zip(paths, leaves, strict=True)
        if np.issubdtype(np.asarray(leaf).dtype, np.floating)
    ]

    def moved(factors: Mapping[str, Any]) -> Any:
        return jax.tree.unflatten(
            tree, [x * factors.get(p, 1.0) for p, x in zip(paths, leaves, strict=True)]
        )

    model = compile_function(lambda f: {"loss": _loss(*moved(f))}, floats)
    found = model.gradient("loss").grid(dict.fromkeys(floats, np.float64(1.0)))
    slopes = {name: found[f"d_{name}"] for name in floats}
    for name, slope in slopes.items():
        hold(np.isfinite(slope), f"the slope by `{name}` is not finite")
    smooth, step = _smooth(case, floats), 1e-6
    factors = {name: np.ones((len(smooth), 2)) for name in floats}
    for row, name in enumerate(smooth):
        factors[name][row] = 1.0 - step, 1.0 + step
    ends = model.grid(factors)["loss"]
    for name, (low, high) in zip(smooth, ends, strict=True):
        told = f"the slope by `{name}`, against a difference"
        difference = (high - low) / (2.0 * step)
        near(slopes[name], difference, told, relative=1e-3, absolute=1e-6)


def elasticities_are_differences(case: Case) -> None:
    """`dse.sensitivity` says how answers change, but along what counts whole things.

    Which fields are staircases is their own kind: no list stands anywhere.
    """
    wanted, step = ("latency", "energy", "area"), 1e-4
    found = sensitivity(
        case.machine, case.workload, metrics=wanted, technology=case.technology
    )
    kinds = case.machine.meanings()
    whole = {name for name in found.design.index if kinds[name].integer}
    hold(set(found.whole) == whole, f"staircases are {set(found.whole)}, not {whole}")
    for name in found.design.index.difference([*found.whole]):
        own = float(case.machine.number(name))
        values = [own * (1 + side * step) for side in (-1, 1)]
        if not kinds[name].fits(values).all():
            continue  # at an end of its range
        ends = [case.ask(**{name: float(value)}) for value in values]
        for metric in wanted:
            low, high = (float(getattr(end, metric)) for end in ends)
            near(
                found.design.loc[name, metric],
                (np.log(high) - np.log(low)) / (2 * step),
                f"the elasticity of {metric} by `{name}`",
                relative=1e-2,
                absolute=1e-4,
            )


def _loss(design: Engine, workload: Workload, technology: Technology) -> Any:
    found = metrics(design, workload, technology, "walk")
    return jnp.log(found.energy) + jnp.log(found.latency) + jnp.log(found.area)


def _smooth(case: Case, floats: list[str]) -> list[str]:
    """Return the numbers along which answers have no kinks: no counts, no nodes."""
    fields = [f"0.{field}" for field in case.fields(*_SMOOTH)]
    # By node, laws go from one table entry to the next, with a kink at each.
    physics = [path for path in floats if path.startswith("2.")]
    return fields + [path for path in physics if not path.endswith("process.node")]


def _same(
    one: Metrics, other: Metrics, *, relative: float, absolute: float = 0
) -> None:
    known = named_numbers(other)
    for name, numbers in named_numbers(one).items():
        told = f"`{name}`"
        near(numbers, known[name], told, relative=relative, absolute=absolute)
