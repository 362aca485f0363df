"""Model error: how far measurements lie from models, learned by family and metric.

The logarithm of measured over modelled is a sum of two parts:

    error = shared + own

`shared` is one draw for all machines of a family that stand side by side: its rules and
numbers are wrong for all of them alike. `own` is a draw for each machine: what one run
on one machine has of its own. Both are Student's t. A ratio of two machines of a family
thus knows no shared part, one of two families has both.

Numbers: hw_params/model_error.json, by `dse validate --learn`. It keeps latency, energy
and area; all other metrics are products of powers of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.engines.base import Engine
from dse.engines.pair import Pair
from dse.engines.registry import ENGINES
from dse.errors import InputError
from dse.explore.draws import SHARE, middle
from dse.explore.evidence_range import farthest, octaves_beyond
from dse.hardware.technology import Technology
from dse.json_file import read_json
from dse.shipped import hw_params_folder
from dse.workload.ops import Workload

FILE = "model_error.json"
LEARNED = ("latency", "energy", "area")
LARGEST = float(np.log(1e3))  # of an error: draws beyond a factor of 1,000 are that
# A metric as powers of latency, energy and area; of all others no error is known.
POWERS: Mapping[str, tuple[int, int, int]] = {
    "latency": (1, 0, 0),
    "time_to_first_token": (1, 0, 0),
    "time_per_output_token": (1, 0, 0),
    "throughput": (-1, 0, 0),
    "tokens_per_second": (-1, 0, 0),
    "effective_rate": (-1, 0, 0),
    "wear": (-1, 0, 0),
    "energy": (0, 1, 0),
    "energy_per_token": (0, 1, 0),
    "power": (-1, 1, 0),
    "energy_delay": (1, 1, 0),
    "batch_energy_delay": (1, 1, 0),
    "area": (0, 0, 1),
    "power_density": (-1, 1, -1),
}


@dataclass(frozen=True)
class Spread:
    """Student's t about a `bias`; `figures` of how many machines it was learned from.

    Of a family and metric that nothing is known of, it is what others leave to expect.
    """

    bias: float
    scale: float
    freedom: float
    machines: int = 0
    figures: int = 0

    def draw(self, random: np.random.Generator, shape: int | tuple[int, ...]) -> Rows:
        """Return draws of a shape, none beyond a factor of 1,000."""
        drawn = self.bias + self.scale * random.standard_t(self.freedom, shape)
        return np.asarray(np.clip(drawn, -LARGEST, LARGEST))


@dataclass(frozen=True)
class ModelError:
    """What was learned: `shared` by family and metric, `own` of every machine.

    `unknown` is the shared part of a family or metric without evidence.
    """

    shared: Mapping[str, Mapping[str, Spread]]
    unknown: Spread
    own: Spread

    def of(self, family: str, metric: str) -> Spread:
        """Return the shared part of a family and one of `LEARNED`."""
        return self.shared.get(family, {}).get(metric, self.unknown)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class DrawnErrors:
    """Draws of the error of some machines of a family, by metric of `LEARNED`.

    Shapes: `shared` `[draws]`, `own` `[designs, draws]`.
    """

    shared: Mapping[str, Rows]
    own: Mapping[str, Rows]

    def of(self, metric: str, *, shared: bool = True, own: bool = True) -> Rows | float:
        """Return the error of any metric, `[designs, draws]`, of one part or of both.

        It is 0 for metrics that the model has no error of, as accuracies.
        """
        total: Rows | float = 0.0
        for name, power in zip(LEARNED, POWERS.get(metric, (0, 0, 0)), strict=True):
            if power:
                parts = self.shared[name] * shared + self.own[name] * own
                total = total + power * parts
        return total


def read_model_error(path: Path | None = None) -> ModelError:
    """Return what was learned, from the file that comes with dse or another.

    Raises `InputError` for a file that holds no such thing.
    """
    return _read(path or hw_params_folder() / FILE)


@lru_cache(8)
def _read(path: Path) -> ModelError:
    wanted = "a file that `dse validate --learn` wrote"
    found = read_json(path, wanted)
    try:
        return ModelError(
            shared={
                family: {metric: Spread(**spread) for metric, spread in spreads.items()}
                for family, spreads in found["shared"].items()
            },
            unknown=Spread(**found["unknown"]),
            own=Spread(**found["own"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: lacks or misnames {error}; give {wanted}.") from None


def family_of(design: Engine) -> str:
    """Return the family of a machine, by the name of its engine.

    A pair of machines is a family of its own, `tile+sprint`: none was measured.
    """
    if isinstance(design, Pair):
        return f"{family_of(design.host)}+{family_of(design.coprocessor)}"
    names = (name for name, kind in ENGINES.items() if isinstance(design, kind))
    return next(names, type(design).__name__.lower())


def draw_errors(
    family: str,
    *,
    designs: int,
    count: int,
    seed: int = 0,
    beyond: float | Rows = 0.0,
    learned: ModelError | None = None,
) -> DrawnErrors:
    """Return draws of the error of machines of one family, of each metric its own.

    Families are drawn independently of each other. Machines that lie `beyond` those
    with evidence, by factors of 2, `[designs]`, are off by a share of what machines
    without any are, all of it from one factor of 2 on; it is one draw for all of them.
    """
    known = read_model_error() if learned is None else learned
    random = np.random.default_rng([seed, 2, zlib.crc32(family.encode())])
    apart = np.random.default_rng([seed, 3, zlib.crc32(family.encode())])
    shared, own = {}, {}
    for metric in LEARNED:
        shared[metric] = known.of(family, metric).draw(random, count)
        own[metric] = known.own.draw(random, (designs, count))
        outside = known.unknown.draw(apart, count)
        weight = np.broadcast_to(np.minimum(beyond, 1.0), designs)
        own[metric] += weight[:, None] * outside
    return DrawnErrors(shared, own)


def model_bars(
    design: Engine,
    technology: Technology,
    runs: Sequence[Workload],
    share: float = SHARE,
) -> dict[str, tuple[float, float]]:
    """Return by what the middle share of errors multiplies each metric of a machine.

    `runs` is what it runs, as far as its evidence may lie elsewhere.
    """
    far = farthest(octaves_beyond(design, technology, runs))
    drawn = draw_errors(family_of(design), designs=1, count=20_000, beyond=far)
    found = {}
    for metric in POWERS:
        low, high = np.exp(middle(np.ravel(drawn.of(metric)), share))
        found[metric] = (float(low), float(high))
    return found


def evidence_text(
    design: Engine, technology: Technology, runs: Sequence[Workload]
) -> str:
    """Return what the errors of a machine were learned from, and how far off it is."""
    family = family_of(design)
    known = read_model_error().shared.get(family, {})
    told = [
        f"{metric} from {_plural(known[metric].figures, 'figure')} of "
        f"{_plural(known[metric].machines, 'machine')}"
        for metric in LEARNED
        if metric in known
    ]
    lacking = [metric for metric in LEARNED if metric not in known]
    if lacking:
        *first, last = lacking
        named = f"{', '.join(first)} and {last}" if first else last
        told.append(f"{named} borrowed from other families, for want of figures")
    said = f"Error of the {family} model: {'; '.join(told)}."
    beyond = octaves_beyond(design, technology, runs)
    if not beyond:
        return said
    name = max(beyond, key=lambda n: beyond[n].max())
    times = 2.0 ** float(beyond[name].max())
    return (
        f"{said} The bar is wider beyond what those are and ran: most in {name}, by a "
        f"factor of {times:.3g}."
    )


def _plural(count: int, name: str) -> str:
    return f"{count} {name}" + ("" if count == 1 else "s")
