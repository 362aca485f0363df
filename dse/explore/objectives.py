"""Objectives: what is wanted of a machine, as in `max:throughput`."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from dse.arguments import texts
from dse.arrays import Rows, Values
from dse.errors import InputError, check_kind, did_you_mean
from dse.evaluation import Metrics

# What may be asked for, and the unit in which a person sees it.
SHOWN_UNITS = {
    "throughput": "seq/s",
    "latency": "us",
    "energy": "mJ",
    "power": "W",
    "area": "mm^2",
    "energy_delay": "J s",
    "batch_energy_delay": "J s",
    "peak_rate": "TOP/s",
    "effective_rate": "TOP/s",
    "accuracy_drop": "%",
    "accuracy_spread": "%",
    "budget_use": "%",
    "power_density": "W/mm^2",
    "wear": "%/year",
    "clock_use": "%",
    "time_to_first_token": "ms",
    "time_per_output_token": "ms",
    "tokens_per_second": "tokens/s",
    "energy_per_token": "mJ",
    "edge_use": "%",
    "capacity_use": "%",
    "weight_memory": "GiB",
    "cache_memory": "GiB",
    "activation_memory": "GiB",
}
# Metrics that may be 0 have no logarithm: a tuner counts them in these units.
LINEAR = {
    "accuracy_drop": 0.01,
    "accuracy_spread": 0.01,
    "budget_use": 1.0,
    "wear": 1e-9,
    "edge_use": 1.0,
    "weight_memory": 1e9,
    "cache_memory": 1e9,
}
LARGEST = {"accuracy_drop": 1.0, "accuracy_spread": 1.0}  # shares of a whole
# What throughput is shown in, by what is counted (`Workload.counted`).
THROUGHPUTS = {"sequence": "seq/s", "token": "tokens/s", "run": "runs/s"}
# What a front trades off where nothing else is asked for.
USUAL = ("max:throughput", "min:energy", "min:area")


def metric_value(metrics: Metrics, metric: str) -> Values:
    """Return a metric in SI. Raises `InputError` for one that is not known."""
    value: Values | None = getattr(metrics, metric)
    if value is None:
        raise unknown_metric(metric)
    return value


def column_of(columns: Mapping[str, Rows], metric: str) -> Rows:
    """Return a metric of many designs; raise `InputError` for one not known of them."""
    return columns[known_metric(metric, columns)]


def known_metric(metric: str, known: Container[str]) -> str:
    """Return the name of a metric; raise `InputError` for one not known here."""
    check_kind("a metric", metric, str, "its name, as `energy`")
    if metric not in known:
        raise unknown_metric(metric)
    return metric


def unknown_metric(metric: str) -> InputError:
    """Return the error of a metric that nothing here tells."""
    if "token" in metric:
        return InputError(
            f"`{metric}` is told of a generation alone; give one as the workload: "
            "`dse.generation(model, prompt=, new_tokens=)`."
        )
    if metric.startswith("accuracy"):
        return InputError(
            f"`{metric}` is not known here: densities that are only stated say nothing "
            "about accuracy. Take them from a measured curve (`dse curves` lists them)."
        )
    return InputError(
        f"`{metric}` is not known of this machine, or not by the conventions of this "
        "technology; take a metric that `dse evaluate` prints for it."
    )


@dataclass(frozen=True)
class Objective:
    """A metric and the direction in which it is better."""

    metric: str
    maximize: bool

    def cost(self, metrics: Metrics) -> Values:
        """Return the metric with its sign turned so that less is better."""
        value = metric_value(metrics, self.metric)
        return -value if self.maximize else value

    def __str__(self) -> str:
        return f"{'max' if self.maximize else 'min'}:{self.metric}"


def read_objective(text: str) -> Objective:
    """Read `max:throughput` or `min:energy`. Raises `InputError` for anything else."""
    sense, _, metric = text.partition(":")
    if sense not in ("max", "min"):
        raise InputError(f"objective {text!r}: write `max:` or `min:` and a metric.")
    if metric not in SHOWN_UNITS:
        raise InputError(
            f"objective {text!r}: `{metric}` is not a metric."
            + did_you_mean(metric, SHOWN_UNITS)
        )
    return Objective(metric, sense == "max")


def read_objectives(given: Iterable[str]) -> tuple[Objective, ...]:
    """Read one objective or more; each metric may stand once."""
    asked = texts("objectives", given, "max:throughput")
    objectives = tuple(read_objective(text) for text in asked)
    if not objectives:
        raise InputError(
            "a front has no objectives; give some, as `max:throughput`, `min:area`."
        )
    if len({o.metric for o in objectives}) != len(objectives):
        raise InputError(
            f"`objectives` has one metric twice, {', '.join(asked)}; remove one."
        )
    return objectives
