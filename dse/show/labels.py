"""What people read beside a number: titles, units, digits that mean something."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from dse.engines.base import Engine
from dse.explore.basis import workload_json
from dse.explore.limits import Limit, read_limits
from dse.explore.space import Space, meaning_of
from dse.hardware.buildable import BUILDABLE, CANNOT
from dse.records import Quantity
from dse.units import from_si
from dse.workload.ops import Workload

if TYPE_CHECKING:
    from dse.explore.sensitivity import Sensitivity

_ACRONYMS = {
    "adc": "ADC",
    "adcs": "ADCs",
    "dac": "DAC",
    "corelets": "CORELETs",
    "dma": "DMA",
    "bram": "BRAM",
    "dsp": "DSP",
    "ffn": "FFN",
    "fifo": "FIFO",
    "lut": "LUT",
    "mac": "MAC",
    "pe": "PE",
    "pes": "PEs",
    "qk": "QK",
    "uram": "URAM",
    "v": "V",
}
_SUPERSCRIPTS = str.maketrans({"2": "²", "3": "³"})
_SPELT = {"TOP/s": "tops", "bit": "bits", "bit/cycle": "bits_per_cycle"}  # in names


def shown_unit(unit: str) -> str:
    """Return a unit as it is printed: `mm²` for `mm^2`, nothing for a pure number."""
    if unit == "1":
        return ""
    head, caret, power = unit.partition("^")
    printed = head + power.translate(_SUPERSCRIPTS) if caret else head
    micro = re.sub("^u(?=[A-Za-z])", "µ", printed)
    return micro.replace(" ", "\u202f")


def in_lines(text: str, letters: int) -> str:
    """Return a text in lines of at most so many letters, as figures have them."""
    return "<br>".join(wrap(text, letters))


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


def shown_limits(texts: Sequence[str]) -> list[str]:
    """Return the limits of a study as they are printed."""
    own = [shown_limit(limit) for limit in read_limits(texts) if not limit.physical]
    return ["the limits of what can be built", *own] if BUILDABLE in texts else own


def shown_limit(limit: Limit) -> str:
    """Return a limit as it is printed: `area ≤ 50 mm²`."""
    sign = "≤" if limit.at_most else "≥"
    name = limit.metric.replace("_", " ")
    return f"{name} {sign} {amount(limit.bound, limit.unit)}"


def buildable_label(reason: str) -> str:
    """Return whether a machine can be built, by what keeps it from that."""
    return "no: " + reason.removeprefix(CANNOT).strip() if reason else "yes"


def amount(value_si: float, unit: str) -> str:
    """Return an SI value with its unit: `amount(5.4e-5, "mm^2")` is `54 mm²`."""
    return f"{number(from_si(float(value_si), unit))} {shown_unit(unit)}".strip()


def component_label(component: str) -> str:
    """Return a component, a port, a unit or an op in words: `MAC lanes`, `FFN up`."""
    return " ".join(_ACRONYMS.get(word, word) for word in re.split("[_.]", component))


def field_label(field: str, unit: str) -> str:
    """Return a field in words, the unit at its end left out: `memory bandwidth`."""
    name, _, layer = field.partition(".")
    if layer.isdecimal():
        return f"{component_label(name)} of layer {layer}"
    if _names_its_unit(field, unit):
        return component_label(field)
    word = _SPELT.get(unit) or unit.lower().replace("/", "_per_").replace("^", "")
    return component_label(re.sub(f"_{re.escape(word)}(?=_per_|$)", "", field))


def sensitivity_label(found: Sensitivity, number: str) -> str:
    """Return a number of a sensitivity as people read it.

    A field of the design in words, a parameter by the name that it is given by.
    """
    unit = found.units.get(number)
    return number if unit is None else field_label(number, unit)


def field_value(known: Quantity, field: str, value: Any) -> str:
    """Return a value of a field beside `field_label`: `8 MiB`; `4` of `integer bits`.

    A label of a choice stands for itself.
    """
    told = known.show(value)
    if known.choices:
        return told
    unit = "" if _names_its_unit(field, known.unit) else shown_unit(known.unit)
    return f"{told.partition(' ')[0]} {unit}".strip()


def _names_its_unit(field: str, unit: str) -> bool:
    """Say whether a field counts its unit, so that its label tells it: `ADC bits`."""
    return unit.startswith("bit") and _SPELT.get(unit, unit) in field


def fit_label(reason: str) -> str:
    """Return whether main memory holds a run: `yes`, or `no:` and why."""
    return f"no: {reason}" if reason else "yes"


def describe_workload(workload: Workload, *, moved: Collection[str] = ()) -> str:
    """Return a run in words: model, mode, length, batch and how sparse it is.

    `moved` are axes of the workload, of which a space has many values.
    """
    about = workload_json(workload, moved=moved)
    if workload.mode == "decode":
        said = [f"{run_kind(workload)}, {workload.seq_len:,} tokens of context"]
    else:
        said = [f"{run_kind(workload)} of {workload.prompt:,} tokens"]
    if workload.new_tokens:
        said.append(f"{workload.new_tokens:,} more made")
    if "batch" in about:
        said.append(f"batch {about['batch']:g}")
    if workload.format is not None:
        said.append(f"values in {workload.format}")
    if workload.padded_fraction:
        said.append(f"{float(workload.padded_fraction):.0%} padding")
    if about["curve"]:
        at = about.get("threshold")
        said.append(
            f"curve {about['curve']}"
            + (f" at {at:g}" if isinstance(at, float) else "")
            + f" ({_measured_on(**about['curve_of'])})"
        )
    for key, what in _SHARES.items():
        if about.get(key) not in (1.0, None):
            said.append(f"{what} {shown_range(about[key])}")
    return f"{workload.name}: {', '.join(said)}"


def _measured_on(model: str, task: str, seq_len: int | None, *, stands_in: bool) -> str:
    """Return what a curve was measured on in words."""
    length = "" if seq_len is None else f", {seq_len} tokens"
    return f"of {model} on {task}{length}" + "; it stands in here" * stands_in


def run_kind(workload: Workload) -> str:
    """Return how a workload is run: `decode step`, `prefill`, `causal prefill`."""
    if workload.mode == "decode":
        return "decode step"
    return "causal prefill" if workload.causal else "prefill"


_SHARES = {
    "activation_density": "density of activations",
    "weight_density": "density of weights",
    "kept_pairs": "query-key pairs kept",
}


def shown_range(ends: float | Sequence[float] | None) -> str:
    """Return a number, or the two ends that numbers lie between: `0.2 to 0.5`."""
    if ends is None:
        return "none"
    low_and_high = [ends] if isinstance(ends, float) else ends
    return " to ".join(map(number, low_and_high))


def describe_fields(design: Engine, values: Mapping[str, Any]) -> dict[str, str]:
    """Return fields with their values as people read both: `weight buffer: 8 MiB`."""
    described = {}
    for field, value in values.items():
        known = meaning_of(design, field)
        described[field_label(field, known.unit)] = field_value(known, field, value)
    return described


def describe_design(space: Space, index: int) -> dict[str, str]:
    """Return what a space chose for one design, in words, with units."""
    values = {name: float(v) for name, v in space.decode(index).items()}
    return describe_fields(space.design, values)
