"""What a threshold in one layer alone costs, and in many layers together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dse.arrays import Column, Values, array_namespace
from dse.errors import InputError
from dse.records import Record, record
from dse.sparsity.monotone import isotonic, pchip

if TYPE_CHECKING:
    from dse.sparsity.curves import Curve


@record
class LayerLoss(Record):
    """Accuracy lost when one layer is pruned and no other, at `k` settings.

    Layers together are taken to lose the sum of what each loses alone. That is assumed:
    it holds as long as all of it is small. Losses are shares (0.01 is a point) that
    only rise with the setting, from 0 where nothing is pruned.
    """

    settings: Column  # rising, [k]
    drops: Column  # [layers, k]

    def alone(self, setting: Values) -> Column:
        """Return what each layer loses at a setting, no other pruned, `[layers]`."""
        return pchip(setting, self.settings, self.drops)

    def together(self, settings: Column | Sequence[Values]) -> Values:
        """Return the accuracy lost with a setting for each layer `[layers]`, a share.

        drop(t) = sum over layers l of drop_l(t_l). Raises `InputError` for another
        number of layers.
        """
        if len(settings) != len(self.drops):
            raise InputError(
                f"there are {len(settings)} thresholds, and losses of "
                f"{len(self.drops)} layers; give one for each layer."
            )
        return sum(
            pchip(setting, self.settings, own)
            for setting, own in zip(settings, self.drops, strict=True)
        )


def fit_layer_loss(settings: ArrayLike, drops: ArrayLike) -> LayerLoss:
    """Return losses `[layers, k]` at settings above 0 as ones that only rise, from 0.

    Each row becomes the closest rising one (least squares), and nothing below 0: what
    helped, helped by chance.
    """
    rising = np.maximum(isotonic(np.asarray(drops, float), rising=True), 0.0)
    return LayerLoss(
        settings=np.concatenate([[0.0], np.asarray(settings, float)]),
        drops=np.pad(rising, ((0, 0), (1, 0))),
    )


def equal_shares(curve: Curve, settings: Column | Sequence[Values]) -> Values:
    """Return what thresholds `[layers]` lose if every layer matters alike, a share.

    The mean over layers of what the curve loses with one threshold for all. Assumed
    where nobody measured layers alone, and often far off: of MiniLM-L6's six layers the
    last loses most of it (`studies/does_each_layer_want_its_own_threshold`).
    """
    drops = [curve.accuracy_drop(setting) for setting in settings]
    mean: Values = array_namespace(*drops).stack(drops).mean()
    return mean
