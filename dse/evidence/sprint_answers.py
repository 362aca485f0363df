"""What the model answers to the figures that SPRINT printed about itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from dse.engines.sprint.engine import SprintEngine
from dse.evaluation import Metrics, metrics
from dse.evidence.sprint_cases import SIZES, Case
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

# What is compared with what, as changes of a SPRINT machine. As the published speed-ups
# tell, their baseline leaves out padded queries; as energy and traffic tell, it does
# not. Read from the figures, not from the text.
MACHINES: dict[str, dict[str, str]] = {
    "baseline": {"pruning": "none", "sequence_reduction": "none"},
    "timed_baseline": {"pruning": "none", "sequence_reduction": "queries"},
    "mask": {"pruning": "none", "sequence_reduction": "both"},
    "pruning": {"pruning": "on_chip", "sequence_reduction": "none"},
    "sprint": {},
}
_READ = "main_memory_read_mbit"
# Padding and pruning as the paper states them for its synthetic sequences; not fitted.
STATED = Case(name="stated", seq_len=2048, padded=0.5, pruned=0.75, printed={})

Table = dict[tuple[str, str], Metrics]  # (size, machine) -> metrics


def answers(cases: Sequence[Case], technology: Technology) -> dict[str, Any]:
    """Return every answer by name: one per case and figure, `BERT-B.spd_S`, and means.

    Units as in `hw_params/reported/sprint_headlines.csv`.
    """
    columns = _figures(_evaluate_all([*cases, STATED], technology))
    found = {
        f"{case.name}.{name}": values[row]
        for name, values in columns.items()
        for row, case in enumerate(cases)
    }
    found["speedup_synthetic"] = columns["spd_S"][-1]
    measured = {name: values[:-1] for name, values in columns.items()}
    return found | _over_cases(cases, measured)


def _evaluate_all(cases: Sequence[Case], technology: Technology) -> Table:
    """Return the metrics of all machines in all sizes, `[cases]` each.

    All are evaluated side by side, for which JAX wants equal names and lengths.
    """
    keys = [(size, name) for size in SIZES for name in MACHINES]
    designs = _stack(
        [
            getattr(SprintEngine, f"{size}_sprint")().replace(**MACHINES[name])
            for size, name in keys
        ]
    )
    workloads = _stack(
        [case.workload(technology).replace(name="", seq_len=0) for case in cases]
    )

    def ask(design: SprintEngine, workload: Workload) -> Metrics:
        return metrics(design, workload, technology, "walk")

    over_cases = jax.vmap(ask, in_axes=(None, 0))
    found = jax.vmap(over_cases, in_axes=(0, None))(designs, workloads)
    return {
        key: jax.tree.map(lambda leaf, i=i: leaf[i], found)
        for i, key in enumerate(keys)
    }


def _stack(records: Sequence[Any]) -> Any:
    def column(*leaves: Any) -> Any:
        return jnp.stack([jnp.asarray(leaf) * 1.0 for leaf in leaves])

    return jax.tree.map(column, *records)


def _figures(table: Table) -> dict[str, Any]:
    """Return figures by name, `[cases]`: those by model, and what means are taken of.

    Speed-ups, gains in energy, movement saved in % of S-Baseline's, what M-SPRINT
    reaches, and the share of each component in the energy of M-Baseline in %.
    """
    first = table["s", "baseline"].extras[_READ]

    def saved(size: str, machine: str) -> Any:
        return 100.0 * (1.0 - table[size, machine].extras[_READ] / first)

    found = {}
    for size in SIZES:
        end, sprint = size.upper(), table[size, "sprint"]
        found[f"spd_{end}"] = table[size, "timed_baseline"].latency / sprint.latency
        found[f"dmm_{end}"] = saved(size, "mask")
        found[f"dm_{end}"] = saved(size, "sprint")
        found[f"e{end}_sprint"] = table[size, "baseline"].energy / sprint.energy
    medium, sprint = table["m", "baseline"], table["m", "sprint"]
    found["eM_prune"] = medium.energy / table["m", "pruning"].energy
    found |= {"rate": sprint.effective_rate / 1e9, "power": sprint.power}
    found["area"] = sprint.area * 1e6
    parts = medium.energy_by_component.items()
    shares = {f"stack_{name}": 100.0 * joule / medium.energy for name, joule in parts}
    return found | shares


def _over_cases(cases: Sequence[Case], columns: dict[str, Any]) -> dict[str, Any]:
    """Return the means over cases, and the rates of M-SPRINT.

    Rates count the operations of pairs of real tokens. Those by power count pairs of a
    real query and any key, padded or not: one way of counting does not meet both of the
    printed figures, for the power that their quotient tells is half of the model's.
    """
    means: dict[str, Any] = {}
    for size in SIZES:
        end = size.upper()
        means |= {
            f"speedup_geomean_{size}": _geomean(columns[f"spd_{end}"]),
            f"energy_gain_geomean_{size}": _geomean(columns[f"e{end}_sprint"]),
            f"movement_mask_mean_{size}": jnp.mean(columns[f"dmm_{end}"]),
            f"movement_sprint_mean_{size}": jnp.mean(columns[f"dm_{end}"]),
        }
    real = jnp.asarray([1.0 - case.padded for case in cases])
    rate, power, area = (columns[name] for name in ("rate", "power", "area"))
    return means | {
        "rate": _geomean(rate),
        "rate_by_area": _geomean(rate / area),
        "rate_by_power": _geomean(rate / real / power),
        "power": _geomean(power),
        "area": area[0],
    }


def _geomean(values: Any) -> Any:
    return jnp.exp(jnp.mean(jnp.log(values)))
