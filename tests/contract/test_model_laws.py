"""What experts, latents, windows and shared keys cost, on engines that run them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import dse
from dse.compile.function import compile_function
from dse.engines.base import Engine, schedule_run
from dse.workload.layers import Op, chain, linear
from dse.workload.ops import Block
from dse.workload.parts import Experts, FeedForward

LLAMA = {
    "model_type": "llama",
    "hidden_size": 512,
    "intermediate_size": 1024,
    "num_attention_heads": 32,
    "num_hidden_layers": 3,
    "num_key_value_heads": 8,
    "vocab_size": 1000,
}
MIXTRAL = LLAMA | {
    "model_type": "mixtral",
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
}
DEEPSEEK = LLAMA | {
    "model_type": "deepseek_v3",
    "num_key_value_heads": 32,
    "kv_lora_rank": 64,
    "q_lora_rank": 96,
    "qk_rope_head_dim": 16,
    "qk_nope_head_dim": 32,
    "v_head_dim": 32,
    "n_routed_experts": 16,
    "moe_intermediate_size": 128,
    "num_experts_per_tok": 4,
    "first_k_dense_replace": 1,
}
MACHINES: dict[str, Engine] = {
    "nm": dse.NMEngine(),
    "reference": dse.ReferenceMachine.a100(),
    "tile": dse.TileEngine.edge(),
}
WORD_BITS = {"nm": 8, "reference": 16, "tile": 20}


@pytest.fixture(params=MACHINES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def step(config: dict[str, Any], context: int, batch: float = 1) -> dse.Workload:
    return dse.transformer(config, mode="decode", context_len=context, batch=batch)


def moved(machine: Engine, workload: dse.Workload) -> dict[str, float]:
    found = dse.evaluate(machine, workload).off_chip_bytes
    return {origin: float(value) for origin, value in found.items()}


def bytes_per_context_token(name: str, config: dict[str, Any]) -> float:
    far, near = (moved(MACHINES[name], step(config, n)) for n in (3000, 1000))
    return (far["cache"] - near["cache"]) / 2000


@pytest.mark.parametrize("key_heads", [32, 8, 1])
def test_a_context_token_is_read_by_each_layer_and_key_head(
    name: str, key_heads: int
) -> None:
    config = LLAMA | {"num_key_value_heads": key_heads}
    values = 2 * 3 * key_heads * 16
    assert dse.model_shape(config).cached == values
    found = bytes_per_context_token(name, config)
    assert found == pytest.approx(values * WORD_BITS[name] / 8, rel=1e-9)


def test_of_latents_only_they_are_cached(name: str) -> None:
    values = 3 * (64 + 16)
    assert dse.model_shape(DEEPSEEK).cached == values
    found = bytes_per_context_token(name, DEEPSEEK)
    assert found == pytest.approx(values * WORD_BITS[name] / 8, rel=1e-9)


def test_a_window_bounds_what_a_step_reads(name: str) -> None:
    config = MIXTRAL | {"model_type": "mistral", "sliding_window": 256}
    del config["num_local_experts"], config["num_experts_per_tok"]
    machine = MACHINES[name]
    inside, edge, far = (
        moved(machine, step(config, n))["cache"] for n in (128, 256, 4096)
    )
    assert inside < edge == far


@pytest.mark.parametrize(
    ("count", "used", "tokens", "met"),
    [(8, 2, 3, 4.6), (256, 8, 32, 163), (256, 8, 64, 222), (128, 8, 32, 112)],
)
def test_a_batch_meets_as_many_experts_as_chance_has_it(
    count: int, used: int, tokens: int, met: float
) -> None:
    each = FeedForward(hidden=8, widths=(8,))
    experts = Experts(count=count, per_token=used, each=each)
    assert experts.loaded(tokens) == pytest.approx(met, abs=0.5 if met > 9 else 0.05)
    draws = np.random.default_rng(0)
    drawn = [
        len({e for _ in range(tokens) for e in draws.permutation(count)[:used]})
        for _ in range(20_000 // tokens)
    ]
    assert experts.loaded(tokens) == pytest.approx(np.mean(drawn), rel=0.02)


def weight_bytes(machine: Engine) -> float:
    """Bytes that a weight takes on the way in, from a model without experts."""
    matrices = dse.model_shape(LLAMA).parameters - 1000 * 512 - 7 * 512  # table, norms
    return moved(machine, step(LLAMA, 64))["weights"] / matrices


def test_of_two_experts_one_that_is_not_met_stays_in_memory(name: str) -> None:
    """As of four: what differs is the rows of the router."""
    machine = MACHINES[name]
    two, four = (
        moved(machine, step(MIXTRAL | mixture, 64))["weights"]
        for mixture in (
            {"num_local_experts": 2, "num_experts_per_tok": 1},
            {"num_local_experts": 4, "num_experts_per_tok": 1},
        )
    )
    router = 3 * 2 * 512 * weight_bytes(machine)
    assert four - two == pytest.approx(router, rel=1e-6)


def test_the_weights_of_experts_that_are_met_come_once(name: str) -> None:
    """What eight sequences read beyond one is the experts that one does not meet."""
    machine = MACHINES[name]
    one, eight = (
        batch * moved(machine, step(MIXTRAL, 64, batch))["weights"] for batch in (1, 8)
    )
    expert = 3 * (3 * 512 * 1024)  # three layers of three matrices
    met = 8 * (1 - 0.75**8) - 2
    assert (eight - one) / (expert * met) == pytest.approx(
        weight_bytes(machine), rel=1e-6
    )


SMALL: dict[str, Engine] = {  # whose buffers hold a part of the weights below
    "nm": dse.NMEngine(kept=4, weight_buffer_kib=24, index_buffer_kib=24),
    "tile": dse.TileEngine.edge().replace(weight_buffer_mib=64 / 1024),
    "crossbar": dse.CrossbarEngine.isaac().replace(weight_tiles=1, arrays_per_tile=12),
}


def early(machine: Engine, *, heads: int, choices: float) -> float:
    """The share of four matrices that comes while those before are worked on."""
    matrices = Op("b", "linear", (1,), 64, 64, 128, heads=heads, choices=choices)
    ops = chain([linear("a", 64, 128, 32, reads=(0,)), matrices])
    work = dse.Workload(
        name="two products", blocks=(Block(ops=ops, repeats=1),), seq_len=64
    )

    def share(_: Mapping[str, Any]) -> Any:
        chains, _, _ = schedule_run(machine, work, machine.default_technology())
        return chains[0].column("prefetch")[1]

    return float(compile_function(share, []).grid({}))


@pytest.mark.parametrize("name", SMALL)
def test_what_comes_early_of_several_matrices_is_what_there_is_room_for(
    name: str,
) -> None:
    """Side by side in heads, or experts of which 64 tokens meet all: as large."""
    whole = early(SMALL[name], heads=4, choices=1.0)
    assert 0.1 < whole < 0.9
    assert early(SMALL[name], heads=2, choices=2.0) == pytest.approx(whole, rel=1e-6)
    assert early(SMALL[name], heads=1, choices=4.0) == pytest.approx(whole, rel=1e-6)


FREE: dict[str, Engine] = MACHINES | {  # of what a product waits for beside units
    "reference": dse.ReferenceMachine.a100().replace(
        overhead_us=0.0, memory_bandwidth_gb_per_s=1e9
    )
}
WORKING = ("array", "operand_muxes", "weight_buffer", "mac_lanes", "arithmetic")


def costs_of(
    machine: Engine, *, heads: int, choices: float, rows: int
) -> dict[str, float]:
    """Time and energies of multiplying by some matrices."""
    op = Op("b", "linear", (0,), rows, 192, 128, heads=heads, choices=choices)
    work = dse.Workload(
        name="one product", blocks=(Block(ops=chain([op]), repeats=1),), seq_len=rows
    )
    found = dse.evaluate(machine, work)
    spent = {n: float(j) for n, j in found.dynamic_energy.items() if n in WORKING}
    return {"compute": float(found.op_busy["compute"][0])} | spent


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(("heads", "choices"), [(1, 16.0), (2, 8.0), (4, 4.0)])
def test_experts_that_all_are_met_are_as_many_products_of_fewer_tokens(
    name: str, heads: int, choices: float
) -> None:
    """320 tokens that choose 1, 2 or 4 of 16: 16 matrices, of 20, 40 or 80 rows."""
    chosen = costs_of(FREE[name], heads=heads, choices=choices, rows=320)
    dealt = costs_of(FREE[name], heads=16, choices=1.0, rows=320 * heads // 16)
    assert chosen.keys() == dealt.keys() > {"compute"}
    for part, each in chosen.items():
        assert each == pytest.approx(dealt[part], rel=1e-6, abs=0.0), part


@pytest.mark.parametrize("part", ["nm array", "tile mac_lanes"])
def test_values_of_other_width_than_keys_are_as_many_products_as_they_are(
    part: str,
) -> None:
    """Keys of 48 and values of 32: energy of multiplying follows the products."""
    name, component = part.split()
    machine = dse.NMEngine(kept=4) if name == "nm" else MACHINES[name]
    runs = [
        dse.transformer(config, seq_len=64).attention_only()
        for config in (LLAMA, DEEPSEEK)
    ]
    each = [
        float(dse.evaluate(machine, run).dynamic_energy[component]) / run.macs
        for run in runs
    ]
    assert each[1] / each[0] == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize(
    "config", [LLAMA, MIXTRAL, DEEPSEEK], ids=["llama", "mixtral", "deepseek"]
)
def test_no_cell_is_written_for_what_a_step_has_in_its_cache(
    config: dict[str, Any],
) -> None:
    machine = dse.CrossbarEngine.isaac()
    found = dse.evaluate(machine, step(config, 2000))
    assert float(found.dynamic_energy["key_value_writes"]) == 0.0
    assert float(found.extras["key_value_writes_per_cell"]) == 0.0
    read = dse.evaluate(machine, dse.transformer(config, seq_len=64))
    assert float(read.dynamic_energy["key_value_writes"]) > 0.0


@pytest.mark.parametrize("by_layer", [False, True])
def test_a_product_of_a_zero_is_gated_whichever_operand_it_is(by_layer: bool) -> None:
    """Scores, and probabilities by values: of each operand half, or a share a layer."""
    densities = np.array([0.5, 0.25, 1.0]) if by_layer else np.full(3, 0.5)
    dense = dse.transformer(LLAMA, seq_len=64).attention_only()
    run = dense.with_density(activation=0.5)
    if by_layer:
        shape = (3, len(dense.blocks[0].ops))
        column = np.broadcast_to(densities[:, None], shape)
        names = ("input_density", "weight_density", "output_density")
        ops = dense.blocks[0].ops.replace(**dict.fromkeys(names, column))
        run = dense.replace(blocks=(dense.blocks[0].replace(ops=ops),))
    whole, left = (
        float(dse.evaluate(dse.NMEngine(kept=4), each).dynamic_energy["array"])
        for each in (dense, run)
    )
    assert left / whole == pytest.approx(np.mean(densities**2), rel=1e-6)


def test_where_all_choose_the_same_experts_no_others_come(name: str) -> None:
    machine, work = MACHINES[name], step(MIXTRAL, 64, 8)
    even, uneven, same = (
        8 * moved(machine, work.replace(expert_imbalance=i))["weights"]
        for i in (1.0, 2.0, 4.0)
    )
    assert even > uneven > same
    assert same == pytest.approx(moved(machine, step(MIXTRAL, 64))["weights"])


def test_of_more_experts_a_token_reads_no_more_than_their_router(name: str) -> None:
    machine = MACHINES[name]
    few, many = (
        moved(machine, step(MIXTRAL | {"num_local_experts": n}, 64))["weights"]
        for n in (8, 64)
    )
    router = 3 * 512 * (64 - 8)
    assert (many - few) / router == pytest.approx(weight_bytes(machine), rel=1e-6)


@pytest.mark.parametrize(
    "config", [LLAMA, MIXTRAL, DEEPSEEK], ids=["llama", "mixtral", "deepseek"]
)
def test_a_longer_context_costs_more(name: str, config: dict[str, Any]) -> None:
    found = [dse.evaluate(MACHINES[name], step(config, n)) for n in (512, 1024, 4096)]
    energies = [float(each.energy) for each in found]
    times = [float(each.latency) for each in found]
    assert energies == sorted({*energies})
    assert times == sorted({*times})


def test_an_encoder_runs_before_its_decoder_and_not_in_a_step() -> None:
    t5 = {"model_type": "t5", "num_layers": 2}
    read, made = dse.transformer(t5, seq_len=64), step(t5, 64)
    assert [block.causal for block in read.blocks if len(block.ops) > 3] == [
        False,
        False,
        True,
        True,
    ]
    assert "key_cross" in read.blocks[-2].ops.names
    assert "key_cross" not in made.blocks[-2].ops.names
    cross = made.blocks[-2].ops.names.index("scores_cross")
    assert made.blocks[-2].ops.cached[cross] == 128 * 64  # the encoder read 128 tokens


TIGHT = {  # whose buffers hold the activations of few sequences
    "nm": MACHINES["nm"].replace(activation_buffer_kib=64),
    "reference": MACHINES["reference"].replace(cache_mib=1),
    "tile": MACHINES["tile"].replace(activation_buffer_mib=0.0625),
}


def test_a_larger_batch_of_those_who_choose_experts_moves_no_more_a_sequence(
    name: str,
) -> None:
    """Also where it runs in parts: each part meets its own experts, no others."""
    work = step(MIXTRAL | {"num_local_experts": 256}, 64)
    runs = [
        dse.evaluate(TIGHT[name], work.replace(batch=4.0**power)) for power in range(6)
    ]
    moves = [float(run.off_chip_bytes["weights"]) for run in runs]
    assert all(b <= a * (1 + 1e-9) for a, b in pairwise(moves)), moves
    rates = [float(run.throughput) for run in runs]
    assert all(b >= a * (1 - 1e-9) for a, b in pairwise(rates)), rates
