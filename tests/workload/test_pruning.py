"""What a curve makes of a workload: each operand as dense as what made it."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import dse
from dse.compile.function import compile_function
from dse.errors import InputError
from dse.sparsity.curve_tables import About
from dse.sparsity.curves import AttentionStatistics, Balance, Curve, fit_curve
from dse.workload.ops import Ops, Workload

ABOUT = About(
    model="bert-tiny",
    task="t",
    policy="p",
    setting="threshold",
    status="digitised",
    source="tuli2023acceltran",
    where="nowhere",
)
SITES = (
    *("query", "key", "value", "scores", "softmax", "context", "output"),
    *("norm_attention", "ffn_up", "activation", "ffn_down", "norm_ffn"),
)


def curve(layers: int = 0, **changes: Any) -> Curve:
    """Each site a density of its own at setting 1: 0.31, 0.32, ... in their order."""
    own = {site: (1.0, 0.31 + 0.01 * i) for i, site in enumerate(SITES)}
    given: dict[str, Any] = {
        "settings": (0.0, 1.0),
        "densities": {
            **own,
            "norm_embedding": (1.0, 0.9),
            "activations": (1.0, 0.5),
            "weights": (0.25, 0.25),
        },
        "layer_densities": {
            site: [(1.0, row[1] + 0.3 * layer) for layer in range(layers)]
            for site, row in own.items()
            if layers
        },
        "accuracy": (0.9, 0.8),
        "spread": (0.0, 0.0),
        "dense_accuracy": 0.9,
    }
    return fit_curve("c", ABOUT, **(given | changes))


def made(site: str) -> float:
    return 0.31 + 0.01 * SITES.index(site)


def layer_of(workload: Workload) -> Ops:
    return workload.blocks[1].ops


def tiny() -> Workload:
    return dse.transformer("bert-tiny", seq_len=16)


def column(ops: Ops, name: str, op: str) -> Any:
    return getattr(ops, name)[..., ops.names.index(op)]


@pytest.mark.parametrize(
    ("op", "left", "right"),
    [
        ("query", "norm_ffn", None),
        ("key", "norm_ffn", None),
        ("scores", "query", "key"),
        ("context", "softmax", "value"),
        ("output", "context", None),
        ("ffn_up", "norm_attention", None),
        ("ffn_down", "activation", None),
    ],
)
def test_an_operand_is_as_dense_as_what_made_it(
    op: str, left: str, right: str | None
) -> None:
    ops = layer_of(tiny().with_curve(curve(), 1.0))
    assert column(ops, "input_density", op) == pytest.approx(made(left))
    wanted = 0.25 if right is None else made(right)
    assert column(ops, "weight_density", op) == pytest.approx(wanted)
    assert column(ops, "output_density", op) == pytest.approx(made(op))


def test_layers_differ_where_the_curve_told_them_apart() -> None:
    ops = layer_of(tiny().with_curve(curve(layers=2), 1.0))
    found = column(ops, "output_density", "scores")
    np.testing.assert_allclose(found, [made("scores"), made("scores") + 0.3])
    # The first layer reads the embedding, the second what the first made.
    read = column(ops, "input_density", "query")
    np.testing.assert_allclose(read, [0.9, made("norm_ffn")])


def test_layers_of_another_model_are_pooled() -> None:
    ops = layer_of(tiny().with_curve(curve(layers=3), 1.0))
    assert column(ops, "output_density", "scores") == pytest.approx(made("scores"))


def test_one_pooled_density_is_that_density_everywhere() -> None:
    pooled = curve(densities={"activations": (1.0, 0.5), "weights": (0.5, 0.5)})
    found = tiny().with_curve(pooled, 1.0)
    stated = tiny().with_density(activation=0.5, weight=0.5)
    for mine, theirs in zip(found.blocks, stated.blocks, strict=True):
        for name in ("input_density", "output_density"):
            np.testing.assert_allclose(
                getattr(mine.ops, name), getattr(theirs.ops, name)
            )
        stored = [kind in ("linear", "embedding") for kind in mine.ops.kinds]
        np.testing.assert_allclose(np.asarray(mine.ops.weight_density)[stored], 0.5)


def test_pairs_that_a_filter_kept_reach_scores_and_probabilities() -> None:
    pairs = AttentionStatistics(
        kept=np.asarray([1.0, 0.25]), kept_first_round=np.asarray([1.0, 0.5])
    )
    dense = {"activations": (1.0, 1.0), "weights": (1.0, 1.0)}
    found = tiny().with_curve(curve(densities=dense, pairs=pairs), 1.0)
    ops = layer_of(found)
    assert column(ops, "output_density", "scores") == pytest.approx(0.25)
    assert column(ops, "input_density", "context") == pytest.approx(0.25)
    assert column(ops, "input_density", "output") == pytest.approx(1.0)
    assert found.attention.kept_first_round == pytest.approx(0.5)


def test_products_are_as_uneven_as_their_tiles_were() -> None:
    # Of the tiles of `context` one in twenty has 0.6 or more useful; the mean is 0.2.
    tiles = Balance(
        tile_sizes=(16.0,),
        useful={"context": np.asarray([[1.0], [0.2]])},
        median={"context": np.asarray([[1.0], [0.1]])},
        p95={"context": np.asarray([[1.0], [0.6]])},
    )
    ops = layer_of(tiny().with_curve(curve(balance=tiles), 1.0))
    found = dict(zip(ops.names, ops.imbalance.at(16.0), strict=True))
    assert found.pop("context") == pytest.approx(3.0)
    assert set(found.values()) == {1.0}
    assert layer_of(tiny().with_density(activation=0.5)).imbalance.at(16.0).max() == 1.0


def test_the_curve_says_what_it_costs_in_accuracy() -> None:
    pruned = tiny().with_curve(curve(), 1.0)
    assert pruned.accuracy_drop == pytest.approx(0.1)
    metrics = dse.evaluate(dse.TileEngine.edge(), pruned)
    assert metrics.accuracy_drop == pytest.approx(0.1)


def test_a_new_threshold_prunes_anew() -> None:
    moved = tiny().with_curve(curve(), 1.0).replace(threshold=0.4)
    same = tiny().with_curve(curve(), 0.4)
    assert moved.threshold == 0.4
    assert jax.tree.all(jax.tree.map(lambda a, b: np.allclose(a, b), moved, same))


def test_a_threshold_needs_a_curve_and_stays_within_it() -> None:
    with pytest.raises(dse.InputError, match="has no curve"):
        tiny().replace(threshold=0.4)
    with pytest.raises(dse.InputError, match="outside what `c` covers"):
        tiny().with_curve(curve(), 1.5)


def test_energy_can_be_differentiated_by_the_threshold() -> None:
    design, start = dse.TileEngine.edge(), tiny()

    def energy(threshold: Any) -> Any:
        run = start.with_curve(curve(layers=2), threshold)
        return 1e6 * dse.evaluate(design, run, timing="roofline").energy

    slopes = compile_function(lambda g: jax.grad(energy)(g["at"]), ["at"])
    slope = slopes.grid({"at": 0.5})
    low, high = energy(0.5 - 1e-5), energy(0.5 + 1e-5)
    assert slope < 0
    assert slope == pytest.approx(float(high - low) / 2e-5, rel=1e-4)


def test_the_threshold_is_an_axis_of_a_space() -> None:
    space = dse.Space(dse.TileEngine.edge(), threshold=[0.0, 0.5, 1.0], batch=[1, 2])
    runs = dse.sweep(space, tiny().with_curve(curve(), 0.0), progress=False)
    table = runs.to_pandas()
    assert len(table) == 6
    at_one = table[table["batch"] == 1]
    assert at_one["energy_mj"].is_monotonic_decreasing
    assert at_one["accuracy_drop_percent"].to_list() == pytest.approx([0.0, 5.0, 10.0])
    alone = dse.evaluate(dse.TileEngine.edge(), tiny().with_curve(curve(), 0.5))
    energy_mj = 1e3 * float(alone.energy)
    assert at_one["energy_mj"].iloc[1] == pytest.approx(energy_mj, rel=1e-5)


def test_an_axis_beyond_the_curve_is_refused() -> None:
    space = dse.Space(dse.TileEngine.edge(), threshold=[0.5, 2.0])
    with pytest.raises(dse.InputError, match="threshold 2 is outside"):
        dse.sweep(space, tiny().with_curve(curve(), 0.0), progress=False)


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (dse.transformer("bert-mini"), "was measured on minilm-l6, not on bert-mini"),
        (dse.transformer("gpt2", seq_len=1024), "on minilm-l6, not on gpt2"),
        (dse.transformer("minilm-l6", seq_len=256), "at 128 tokens, not at 256"),
        (dse.transformer("bert-mini").attention_only(), "not on bert-mini; take"),
    ],
)
def test_a_curve_of_another_run_stands_in_only_where_told(
    run: Workload, why: str
) -> None:
    curve = dse.load_curve("minilm-l6/wordnet/dynatran")
    with pytest.raises(InputError, match=f"{why}.*stand_in"):
        run.with_curve(curve, 0.01)
    assert run.with_curve(curve, 0.01, stand_in=True).threshold == 0.01


def test_a_curve_tells_of_lengths_near_its_own() -> None:
    curve = dse.load_curve("minilm-l6/wordnet/dynatran")
    for tokens in (16, 128, 255):
        run = dse.transformer("minilm-l6", seq_len=tokens)
        assert run.with_curve(curve, 0.01).threshold == 0.01


def test_constants_are_never_pruned() -> None:
    heads = {"l": 2, "o": [["l_dct_64"]] * 2, "h": [64] * 2, "f": [[128]] * 2}
    model = dse.acceltran_model(heads, seq_len=32)
    known = curve(layers=2)
    for run in (
        model.with_density(activation=0.5, weight=0.3),
        model.with_curve(known, 1.0, stand_in=True),
        model.with_curve(known, [0.5, 1.0], stand_in=True),
    ):
        ops = run.blocks[1].ops
        right = ops.weight_density[..., ops.kinds.index("transform")]
        assert np.all(right == 1.0)
        weights = ops.weight_density[..., ops.kinds.index("linear")]
        assert np.all(weights < 1.0)


@pytest.mark.parametrize(
    "points", [5, -5.0, float("nan"), np.float32(5), np.int64(5), np.array([0.1, 5.0])]
)
def test_a_loss_of_accuracy_is_a_share(points: Any) -> None:
    dense = dse.transformer("bert-tiny", seq_len=8)
    with pytest.raises(InputError, match=r"give a share, as 0\.01 for one point"):
        dense.replace(accuracy_drop=points)
    assert dense.replace(accuracy_drop=0.05).accuracy_drop == 0.05
