"""The pruning rules that can be measured by name, and the settings to try."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dse.errors import InputError, did_you_mean
from dse.measure.policies.contract import Pruning
from dse.measure.policies.dynatran import DynaTran
from dse.measure.policies.mp_mrf import MpMrf
from dse.measure.policies.n_of_m import NOfM
from dse.measure.policies.sprint import Sprint
from dse.measure.policies.top_k import TopK
from dse.measure.policies.weight_magnitude import WeightMagnitude

PRUNED_AT = 0.025  # magnitude: AccelTran's choice for the weights of BERT-Base
LEAST_SHARE = 1e-4  # of keys or pairs kept
GROUP = 8  # weights of a group of N:M

Calibrate = Callable[[float], Any]  # share of pairs to keep -> thresholds [layers]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A rule, what its one setting is, and which settings are worth trying."""

    about: str  # in words, for people
    setting: str  # what the number is
    settings: tuple[float, ...]  # rising
    source: str  # a key of references.bib
    low: float = 0.0  # what a setting may be
    high: float = math.inf
    step: float = 0.0  # settings are whole multiples of it; 0: any
    build: Callable[[float, Calibrate], Pruning]

    def check(self, setting: float) -> None:
        """Raise `InputError` for a setting that the rule cannot have."""
        whole = not self.step or (setting / self.step).is_integer()
        if not (math.isfinite(setting) and self.low <= setting <= self.high and whole):
            steps = f" in steps of {self.step:g}" if self.step else ""
            raise InputError(
                f"`settings` holds {setting:g}, no {self.setting}; choose from "
                f"{self.low:g} to {self.high:g}{steps}."
            )


def find_choice(name: str) -> Choice:
    """Return a rule by its name; raise `InputError` for an unknown one."""
    if name not in CHOICES:
        raise InputError(f"there is no policy {name!r}." + did_you_mean(name, CHOICES))
    return CHOICES[name]


def _sprint(share: float, calibrate: Calibrate, *, recompute: bool) -> Pruning:
    return Pruning(score=Sprint(thresholds=calibrate(share), recompute=recompute))


_THRESHOLDS = (0.0, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1)
_SHARES = (0.02, 0.05, 0.1, 0.15, 0.25, 0.4, 0.7, 1.0)

CHOICES = {
    "dynatran": Choice(
        about="drop every activation below a threshold",
        setting="threshold",
        settings=_THRESHOLDS,
        source="tuli2023acceltran",
        build=lambda x, _: Pruning(activation=DynaTran(threshold=x)),
    ),
    "dynatran_pruned_weights": Choice(
        about=f"the same, with weights below {PRUNED_AT:g} dropped beforehand",
        setting="threshold",
        settings=_THRESHOLDS,
        source="tuli2023acceltran",
        build=lambda x, _: Pruning(
            activation=DynaTran(threshold=x),
            weight=WeightMagnitude(threshold=PRUNED_AT),
        ),
    ),
    "topk": Choice(
        about="keep the largest scores of every query",
        setting="share of keys kept",
        low=LEAST_SHARE,
        high=1.0,
        settings=_SHARES,
        source="tuli2023acceltran",
        build=lambda x, _: Pruning(score=TopK(share=x)),
    ),
    "mp_mrf": Choice(
        about="filter keys in two rounds, at 2 and 4 bits, both with one mix",
        setting="mix of mean and maximum, or minimum",
        low=-1.0,
        high=1.0,
        settings=(-0.75, -0.4, -0.2, 0.0, 0.1, 0.2, 0.35, 0.5),
        source="zhou2023energon",
        build=lambda x, _: Pruning(score=MpMrf(first=x, second=x)),
    ),
    "sprint": Choice(
        about="threshold coarse scores in memory, recompute what passes",
        setting="share of pairs kept at calibration",
        low=LEAST_SHARE,
        high=1.0,
        settings=_SHARES,
        source="yazdanbakhsh2022sprint",
        build=lambda x, calibrate: _sprint(x, calibrate, recompute=True),
    ),
    "sprint_no_recompute": Choice(
        about="threshold coarse scores in memory, and use these scores",
        setting="share of pairs kept at calibration",
        low=LEAST_SHARE,
        high=1.0,
        settings=_SHARES,
        source="yazdanbakhsh2022sprint",
        build=lambda x, calibrate: _sprint(x, calibrate, recompute=False),
    ),
    "one_shot_m8": Choice(
        about="keep the N largest of every 8 weights, without training",
        setting="kept share N/M",
        low=1.0 / GROUP,
        high=1.0,
        step=1.0 / GROUP,
        settings=tuple(n / GROUP for n in range(1, GROUP + 1)),
        source="fang2022sta",
        build=lambda x, _: Pruning(weight=NOfM(n=GROUP * x, m=GROUP)),
    ),
}
