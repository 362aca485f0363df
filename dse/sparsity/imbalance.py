"""How much longer a slow tile of a product takes than the mean one."""

from __future__ import annotations

import itertools

import numpy as np

from dse.arrays import Values, array_namespace
from dse.records import Record, record, static


@record
class Imbalance(Record):
    """Useful multiplications of a slow tile over those of the mean tile, 1 or more.

    Measured for tiles of some edges: small tiles differ more than large ones do.
    """

    tile_sizes: tuple[float, ...] = static("edges of tiles, rising", default=(1.0,))
    ratios: tuple[Values, ...] = (1.0,)  # for each of them, [ops]

    def at(self, tile_size: Values) -> Values:
        """Return the ratio for an edge: linear in its logarithm, level past ends."""
        xp = array_namespace(tile_size)
        ratio, place = self.ratios[0], xp.log(tile_size)
        knots = zip(np.log(self.tile_sizes), self.ratios, strict=True)
        for (left, before), (right, after) in itertools.pairwise(knots):
            way = xp.clip((place - left) / (right - left), 0.0, 1.0)
            ratio = ratio + way * (after - before)
        return ratio


def even(ops: int, ratio: Values = 1.0) -> Imbalance:
    """Return one ratio for all ops and tiles; 1, where all tiles are alike."""
    return Imbalance(ratios=(ratio * np.ones(ops),))
