"""A curve: from the setting of a pruning policy to densities, and to accuracy.

Engines take densities, people choose settings (a threshold, a number of kept keys). A
curve joins the two, with what the choice costs in accuracy and how sure that is. All of
it can be differentiated by the setting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from jax import Array
from jax.core import Tracer
from numpy.typing import ArrayLike

from dse.arrays import Column, Number, Values, array_namespace
from dse.errors import InputError, check_kind, did_you_mean, quoted
from dse.records import Quantity, Record, record, static
from dse.shown import Shown
from dse.sparsity.attention import AttentionPruning, Measured
from dse.sparsity.curve_tables import About
from dse.sparsity.layer_loss import LayerLoss
from dse.sparsity.loss import Subject
from dse.sparsity.monotone import isotonic, pchip

POOLED = "activations"  # the density of all activation sites together
WEIGHTS = "weights"
DENSE = 1.0
_SITE = "the name of an op, as `scores`"
_SETTING = Quantity("1", "of a pruning policy", low=-math.inf)


@record
class AttentionStatistics(Record):
    """How the kept query-key pairs lay, at each knot of a curve."""

    kept: Column  # share of all pairs, [k]
    kept_first_round: Column | None = None  # share that a coarse first round left, [k]
    overlap: Column | None = None  # of kept keys, with the query before in common, [k]
    capacities: Column | None = None  # of a buffer, shares of all keys, [sizes]
    reuse: Column | None = None  # of kept keys, still in such a buffer, [k, sizes]
    blocks: Column | None = None  # numbers of adjacent queries, [blocks]
    union: Column | None = None  # of keys, that one or more of them kept, [k, blocks]


@record
class Balance(Record):
    """How evenly the useful multiplications of each product lay over tiles.

    A multiplication is useful if neither operand is zero. Keys are names of ops.
    """

    tile_sizes: tuple[float, ...] = static("edges of square tiles, rising")
    useful: dict[str, Column]  # share of all, in tiles of each size, [k, sizes]
    median: dict[str, Column]  # the same share in the median tile, [k, sizes]
    p95: dict[str, Column]  # and in the tile at the 95th percentile, [k, sizes]


@record
class Curve(Shown, Record):
    """Densities and accuracy of one policy on one model and task, at `k` settings.

    Sites are the ops whose output is meant, as in `scores`; `activations` is all of
    them pooled, `weights` all weight matrices. Accuracies are shares (0.93), made
    monotone: `spread` is one standard deviation as it was measured, over texts and
    seeds, together with what the fit moved each point.

    Examples:
        >>> curve = dse.load_curve("bert-base/sst-2/dynatran")
        >>> density, lost = curve.density("softmax", 0.06), curve.accuracy_drop(0.06)
        >>> print(f"{density:.2f} left, {lost:.4f} lost")
        0.65 left, 0.0028 lost
    """

    name: str = static("as in `bert-base/sst-2/dynatran`")
    about: About = static("where the numbers come from")
    settings: Column  # rising, in the units of the policy, [k]
    densities: dict[str, Column]  # site -> [k]
    layer_densities: dict[str, Column]  # site -> [layers, k], where measured
    accuracy: Column  # monotone, [k]
    spread: Column  # one standard deviation, [k]
    measured_accuracy: Column  # as it was found, [k]
    dense_accuracy: Number  # of the model that is not pruned at all
    pairs: AttentionStatistics | None = None
    balance: Balance | None = None
    layer_loss: LayerLoss | None = None  # of layers that are pruned alone

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that have a density of their own."""
        return tuple(self.densities)

    def density(self, site: str, setting: Values, *, layer: int | None = None) -> Array:
        """Return the share of a site's values that is not zero.

        That of one layer where asked for and measured; of all layers pooled else, and
        of all activations pooled where the site was not measured alone. Raises
        `InputError` for a site that has neither, and for a setting outside the curve.
        """
        check_kind("`site`", site, str, _SITE)
        if layer is not None and site in self.layer_densities:
            rows = self.layer_densities[site]
            if not isinstance(layer, int) or layer not in range(len(rows)):
                raise InputError(
                    f"`layer` is {quoted(layer)}; give one of {len(rows)}, from 0."
                )
            return self._at(setting, rows[layer])
        return self._at(setting, self._densities_at(site))

    def density_by_layer(self, site: str, setting: Values) -> Array | None:
        """Return the densities of a site, `[layers]`; None where only pooled."""
        check_kind("`site`", site, str, _SITE)
        if site not in self.layer_densities:
            return None
        return self._at(setting, self.layer_densities[site])

    def weight_density(self, setting: Values) -> Values:
        """Return the share of weights that is not zero: 1 where none were pruned."""
        if WEIGHTS not in self.densities:
            self.check(setting)
            return DENSE
        return self._at(setting, self.densities[WEIGHTS])

    def accuracy_at(self, setting: Values) -> Array:
        """Return the accuracy, a share; monotone in the setting.

        Raises `InputError` for a setting outside the curve.
        """
        return self._at(setting, self.accuracy)

    def spread_at(self, setting: Values) -> Array:
        """Return one standard deviation of the accuracy, a share."""
        return self._at(setting, self.spread)

    def accuracy_drop(self, setting: Values) -> Array:
        """Return the accuracy lost against the dense model, 0 or more: 0.01 a point."""
        drop: Array = self.dense_accuracy - self.accuracy_at(setting)
        return drop

    def attention(self, setting: Values) -> AttentionPruning:
        """Return how the kept query-key pairs lie, for engines that use it."""
        pairs = self.pairs
        if pairs is None:
            return AttentionPruning()

        def measured(sizes: Column | None, shares: Column | None) -> Measured | None:
            if sizes is None or shares is None:
                return None
            return Measured(sizes=sizes, shares=self._at(setting, shares.T))

        first = pairs.kept_first_round
        return AttentionPruning(
            kept_first_round=DENSE if first is None else self._at(setting, first),
            measured_reuse=measured(pairs.capacities, pairs.reuse),
            measured_union=measured(pairs.blocks, pairs.union),
        )

    def kept(self, setting: Values) -> Array | None:
        """Return the share of query-key pairs kept; None where it was not measured."""
        if self.pairs is None:
            return None
        return self._at(setting, self.pairs.kept)

    def imbalance(self, product: str, setting: Values) -> Array:
        """Return the useful share of a slow tile over the mean, [sizes], 1 or more.

        The mean is that of tiles of the same size; the slow tile is that at the 95th
        percentile: about the slowest of twenty.
        Raises `InputError` for a product whose tiles were not measured.
        """
        check_kind("`product`", product, str, _SITE)
        if self.balance is None or product not in self.balance.useful:
            raise InputError(
                f"`{self.name}` knows no tiles of `{product}`; use another curve."
            )
        mean, slow = self.balance.useful[product], self.balance.p95[product]
        xp = array_namespace(mean, slow)
        some = xp.where(mean > 0.0, mean, 1.0)
        return self._at(setting, xp.maximum(slow / some, 1.0).T)

    def _at(self, setting: Values, values: Column) -> Array:
        """Return what lies between measured values `[..., k]` at a setting."""
        return pchip(self.check(setting), self.settings, values)

    @property
    def subject(self) -> Subject:
        """What it was measured on."""
        about = self.about
        return Subject(model=about.model, task=about.task, seq_len=about.seq_len)

    def check(self, setting: Values) -> Values:
        """Return a setting as a number; raise `InputError` outside those tried."""
        place = f"{self.about.setting} of `{self.name}`"
        setting = _SETTING.take(place, setting)
        if isinstance(setting, Tracer):
            return setting
        if not np.size(setting):
            raise InputError(f"{place} is an empty array; give one setting or more.")
        low, high = float(self.settings[0]), float(self.settings[-1])
        for number in np.ravel(np.asarray(setting)):
            if not low <= number <= high:
                raise InputError(
                    f"{self.about.setting} {number:g} is outside what `{self.name}` "
                    f"covers; choose from {low:g} to {high:g}."
                )
        return setting

    def _densities_at(self, site: str) -> Column:
        found = self.densities.get(site, self.densities.get(POOLED))
        if found is None:
            raise InputError(
                f"`{self.name}` knows no density of `{site}`."
                + did_you_mean(site, self.densities)
            )
        return found


def fit_curve(
    name: str,
    about: About,
    *,
    settings: ArrayLike,
    densities: Mapping[str, ArrayLike],
    layer_densities: Mapping[str, ArrayLike],
    accuracy: ArrayLike,
    spread: ArrayLike,
    dense_accuracy: float,
    pairs: AttentionStatistics | None = None,
    balance: Balance | None = None,
    layer_loss: LayerLoss | None = None,
) -> Curve:
    """Return a curve through measured points, every density and accuracy monotone.

    Densities and accuracy all rise with the setting, or all fall, as the first and last
    density say. The dense model joins the fit of the accuracy as the point that prunes
    least, so that no setting is said to improve on it; what the fit moved a point by
    adds to its spread (root of the sum of squares). Densities are shares, [k] per site
    and [layers, k] where layers were told apart; accuracies are shares, [k].
    """
    given = np.asarray(accuracy, float)
    tables = [np.asarray(table, float) for table in densities.values()]
    rising = sum(float(table[-1]) - float(table[0]) for table in tables) > 0
    ends = (given, [dense_accuracy]) if rising else ([dense_accuracy], given)
    fitted = isotonic(np.concatenate(ends), rising=rising)
    dense, points = (fitted[-1], fitted[:-1]) if rising else (fitted[0], fitted[1:])

    def monotone(tables: Mapping[str, ArrayLike]) -> dict[str, Column]:
        return {n: isotonic(table, rising=rising) for n, table in tables.items()}

    return Curve(
        name=name,
        about=about,
        settings=np.asarray(settings, float),
        densities=monotone(densities),
        layer_densities=monotone(layer_densities),
        accuracy=points,
        spread=np.hypot(np.asarray(spread, float), given - points),
        measured_accuracy=given,
        dense_accuracy=dense,
        pairs=pairs,
        balance=balance,
        layer_loss=layer_loss,
    )
