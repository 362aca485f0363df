"""What people read beside a number: titles, units, digits that mean something."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from dse.engines.base import Engine
from dse.explore.objectives import SHOWN_UNITS
from dse.explore.runs import Runs, from_si_column
from dse.explore.space import Space, meaning_of
from dse.units import UNITS, from_si

TITLES = {
    "throughput": "Throughput",
    "latency": "Latency of a batch",
    "energy": "Energy per sequence",
    "power": "Power",
    "area": "Chip area",
    "energy_delay": "Energy × delay",
    "peak_rate": "Peak rate",
    "effective_rate": "Effective rate",
    "accuracy_drop": "Accuracy lost",
    "budget_use": "Fullest budget",
}

_ACRONYMS = {
    "adc": "ADC",
    "adcs": "ADCs",
    "dac": "DAC",
    "corelets": "CORELETs",
    "dma": "DMA",
    "ffn": "FFN",
    "fifo": "FIFO",
    "mac": "MAC",
    "pe": "PE",
    "pes": "PEs",
    "qk": "QK",
    "v": "V",
}
_SUPERSCRIPTS = str.maketrans({"2": "²", "3": "³"})


def shown_unit(unit: str) -> str:
    """Return a unit as it is printed: `mm²` for `mm^2`, nothing for a pure number."""
    if unit == "1":
        return ""
    head, caret, power = unit.partition("^")
    printed = head + power.translate(_SUPERSCRIPTS) if caret else head
    return printed.replace(" ", "\u202f").replace("us", "µs").replace("um", "µm")


def metric_title(metric: str) -> str:
    """Return the title of an axis or a column: `Chip area (mm²)`."""
    return f"{TITLES[metric]} ({shown_unit(SHOWN_UNITS[metric])})"


def number(value: float, digits: int = 3) -> str:
    """Return a number with some significant digits and with thousands set apart."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    exponent = math.floor(math.log10(abs(value)))
    if not -4 <= exponent < 9:
        return f"{value:.{digits - 1}e}"
    rounded = round(value, digits - 1 - exponent)
    text = f"{rounded:,.{max(0, digits - 1 - exponent)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value_si: float, unit: str) -> str:
    """Return an SI value with its unit: `amount(5.4e-5, "mm^2")` is `54 mm²`."""
    return f"{number(from_si(float(value_si), unit))} {shown_unit(unit)}".strip()


def metric_amount(metric: str, value_si: float) -> str:
    """Return the value of a metric with its unit, as in `17.4 mJ`, if it is known."""
    if math.isnan(value_si):
        return "not known"
    return amount(value_si, SHOWN_UNITS[metric])


def shown_column(runs: Runs, metric: str) -> np.ndarray[Any, Any]:
    """Return a metric of runs in the unit that people read, `[designs]`."""
    return from_si_column(runs.column(metric), SHOWN_UNITS[metric])


def component_label(component: str) -> str:
    """Return a component, a port, a unit or an op in words: `MAC lanes`, `FFN up`."""
    return " ".join(_ACRONYMS.get(word, word) for word in re.split("[_.]", component))


def field_label(field: str, unit: str) -> str:
    """Return a field in words, the unit at its end left out: `memory bandwidth`."""
    name, _, layer = field.partition(".")
    if layer.isdecimal():
        return f"{component_label(name)} of layer {layer}"
    word = unit.lower().replace("/", "_per_").replace("^", "")
    return component_label(field.removesuffix(f"_{word}"))


def describe_fields(design: Engine, values: dict[str, float]) -> dict[str, str]:
    """Return fields with their values as people read both: `weight buffer: 8 MiB`."""
    described = {}
    for field, value in values.items():
        known = meaning_of(design, field)
        described[field_label(field, known.unit)] = known.show(value)
    return described


def describe_design(space: Space, index: int) -> dict[str, str]:
    """Return what a space chose for one design, in words, with units."""
    values = {name: float(v) for name, v in space.decode(index).items()}
    return describe_fields(space.design, values)


def hover_texts(runs: Runs, metrics: Sequence[str]) -> list[str]:
    """Return for each run its number, some metrics and its design, with units."""
    lines = [[f"<b>Design {index:,}</b>" for index in runs.index]]
    for metric in metrics:
        amounts = (metric_amount(metric, value) for value in runs.metrics[metric])
        lines.append([f"{TITLES[metric]}: <b>{text}</b>" for text in amounts])
    for field, values in runs.space.decode(runs.index).items():
        known = meaning_of(runs.space.design, field)
        label = field_label(field, known.unit)
        different, which = np.unique(values, return_inverse=True)  # few of many
        texts = [f"{label}: {known.show(value)}" for value in different]
        lines.append([texts[place] for place in which])
    return ["<br>".join(parts) for parts in zip(*lines, strict=True)]


def scaled_unit(values_si: Sequence[float], kind: str) -> str:
    """Return the unit of a kind (`energy`, `area`, `time`) in which values read best.

    That is the largest unit in which the greatest value is at least 1.
    """
    top = max(abs(v) for v in values_si)
    sizes = {u: size for u, (measured, size) in UNITS.items() if measured == kind}
    fitting = [u for u, size in sizes.items() if size <= top]
    return max(fitting or [min(sizes, key=lambda u: sizes[u])], key=lambda u: sizes[u])
