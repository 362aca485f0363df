"""What main memory must hold of a run, and what it can: the same for every engine."""

from __future__ import annotations

import numpy as np
import pytest

import dse
from dse.engines.base import Engine
from dse.errors import InputError

LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
}
MIXTRAL = LLAMA | {
    "model_type": "mixtral",
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "sliding_window": 4096,
}
DEEPSEEK = LLAMA | {
    "model_type": "deepseek_v3",
    "num_key_value_heads": 32,
    "kv_lora_rank": 512,
    "q_lora_rank": 1536,
    "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128,
    "v_head_dim": 128,
    "n_routed_experts": 16,
    "moe_intermediate_size": 2048,
    "num_experts_per_tok": 4,
    "first_k_dense_replace": 1,
}
A100 = dse.ReferenceMachine.a100()
MACHINES: dict[str, Engine] = {
    "nm": dse.NMEngine(value_format="int16", kept=4, group=4),
    "reference": A100,
    "tile": dse.TileEngine.server(),
}


def step(config, context: int, batch: float = 1, form: str = "w16a16") -> dse.Workload:
    return dse.transformer(
        config,
        mode="decode",
        context_len=context,
        batch=batch,
        lm_head=True,
        format=form,
    )


def use(machine: Engine, workload: dse.Workload) -> dict[str, float]:
    return {k: float(v) for k, v in dse.evaluate(machine, workload).memory_use.items()}


@pytest.mark.parametrize("name", MACHINES)
def test_the_cache_is_counted_by_hand_for_every_engine(name: str) -> None:
    found = use(MACHINES[name], step(LLAMA, 5000, batch=3, form="w8a16 kv8"))
    assert found["cache"] == 3 * 5000 * 2 * 32 * 8 * 128
    assert found["activations"] > 0


@pytest.mark.parametrize("config", [LLAMA, MIXTRAL, DEEPSEEK])
@pytest.mark.parametrize("form", ["bf16", "int4 g128"])
def test_weights_are_those_of_the_model_in_its_format(config, form: str) -> None:
    shape = dse.model_shape(config)
    found = use(A100, step(config, 64, form=form))
    # All experts, tables and the head; gains of norms are no matrices.
    assert found["weights"] == pytest.approx(shape.weight_bytes(form), rel=1e-3)
    seen = min(64, 4096)
    bits = 16 if form == "bf16" else 4
    assert found["cache"] == shape.cached * seen * bits / 8


def test_a_tied_head_is_the_table_of_words() -> None:
    work = dse.transformer("gpt2", seq_len=8, lm_head=True, format="bf16")
    gpt2 = dse.model_shape("gpt2")
    tables = 1024 * 768  # positions are added on the way
    found = use(A100, work)["weights"] / 2
    assert found == pytest.approx(gpt2.parameters - tables, rel=2e-3)


def test_a_card_of_40_gib_refuses_a_cache_of_1024() -> None:
    work = step(LLAMA, 131072, batch=64, form="bf16")
    found = dse.evaluate(A100, work)
    assert float(found.memory_use["cache"]) == 2 * 2 * 32 * 8 * 128 * 131072 * 64
    assert "cache 1,024 GiB, weights 14.96 GiB" in found.does_not_fit
    assert "main memory holds 40 GiB" in found.does_not_fit
    assert "cache 1,024 GiB" in found.summary().text
    # 16 GiB of cache and 15 GiB of weights: one sequence fits, two do not.
    assert dse.evaluate(A100, work.replace(batch=1)).does_not_fit == ""
    assert dse.largest(A100, work) == 1


def test_sweeps_say_which_rows_do_not_fit_and_why() -> None:
    space = dse.Space(A100, batch=[1, 64])
    work = step(LLAMA, 131072, form="bf16")
    runs = dse.sweep(space, work, progress=False)
    assert runs.reason[0] == ""
    assert runs.reason[1].startswith("does not fit: needs 1,0")
    assert "cache 1,024 GiB" in runs.reason[1]
    front = dse.sweep(space, work, front=("max:throughput",), progress=False)
    assert front.index.tolist() == [0]
    free = dse.sweep(
        space, work, front=("max:throughput",), buildable=False, progress=False
    )
    assert free.index.tolist() == [1]
    asked = dse.sweep(
        space, work, limits=["fits"], buildable=False, progress=False
    ).reason
    assert asked.tolist() == runs.reason.tolist()
    assert dse.pareto(runs, "max:throughput").index.tolist() == [0]
    assert dse.pareto(runs, "max:throughput", buildable=False).index.tolist() == [1]


@pytest.mark.parametrize(
    ("config", "form"),
    [(LLAMA, "bf16"), (LLAMA, "w4a16 kv8"), (MIXTRAL, "int4"), (DEEPSEEK, "w4a16")],
)
def test_the_largest_is_the_last_that_fits(config, form: str) -> None:
    work = step(config, 3000, form=form)
    batch = dse.largest(A100, work)
    shares = [
        float(dse.evaluate(A100, work.replace(batch=b)).capacity_use)
        for b in (batch, batch + 1)
    ]
    assert shares[0] <= 1 < shares[1]
    context = dse.largest(A100, work, "context")
    if config is MIXTRAL:  # its window bounds what is kept
        assert context == 2**40 - 1
        return
    config = {k: v for k, v in config.items() if k != "max_position_embeddings"}
    config["max_position_embeddings"] = 10**7
    shares = [
        float(dse.evaluate(A100, step(config, n, form=form)).capacity_use)
        for n in (context, context + 1)
    ]
    assert shares[0] <= 1 < shares[1]


def test_none_fits_and_what_cannot_be_asked() -> None:
    assert dse.largest(A100.replace(memory_gib=1), step(LLAMA, 64)) == 0
    with pytest.raises(InputError, match="`of` is 'depth'"):
        dse.largest(A100, step(LLAMA, 64), "depth")
    with pytest.raises(InputError, match="is no decode step over a cache"):
        dse.largest(A100, dse.transformer("gpt2"), "context")
    edge = dse.TileEngine.edge()
    with pytest.raises(InputError, match="main memory of `TileEngine` is not descr"):
        dse.largest(
            edge, dse.transformer("gpt2"), technology=edge.published_technology()
        )


def test_a_generation_sets_aside_the_most_of_each_kind() -> None:
    work = dse.generation(LLAMA, prompt=100, new_tokens=30, batch=2, format="bf16")
    found, last = use(A100, work), use(A100, step(LLAMA, 129, 2, "bf16"))
    assert found["cache"] == last["cache"]
    assert found["weights"] == last["weights"]
    assert found["activations"] > last["activations"]  # of the prompt


def test_capacity_follows_the_memory_of_a_machine() -> None:
    one = dse.TileEngine.edge().replace(
        main_memory="lpddr5x", memory_bandwidth_gb_per_s=17.07
    )
    four = one.replace(memory_bandwidth_gb_per_s=4 * 17.07)
    technology = one.default_technology()
    sizes = [float(m.memory_capacity(technology)) for m in (one, four)]
    assert np.isclose(sizes[1], 4 * sizes[0], rtol=1e-3)
    assert one.memory_capacity(one.published_technology()) is None
    found = dse.evaluate(one, dse.transformer("gpt2"), technology="acceltran")
    assert found.capacity_use is None
    assert found.does_not_fit == ""
