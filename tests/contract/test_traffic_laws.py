"""What crosses the main-memory port, over every engine: each byte once, no cliff."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import dse
from dse.engines.base import Engine
from dse.workload.shapes import TransformerShape

MACHINES: dict[str, Engine] = {
    "crossbar-isaac": dse.CrossbarEngine.isaac(),
    "crossbar-puma": dse.CrossbarEngine.puma(),
    "nm": dse.NMEngine(),
    "nm-tensor-core": dse.NMEngine.sparse_tensor_core(),
    "reference-a100": dse.ReferenceMachine.a100(),
    "tile-edge": dse.TileEngine.edge(),
    "tile-nano": dse.TileEngine.nano(),  # a write to its RRAM costs eight reads
    "tile-server": dse.TileEngine.server(),
}
SMALL = TransformerShape(
    name="small",
    family="encoder",
    layers=2,
    hidden=64,
    heads=2,
    head_width=32,
    ffn=(256,),
    vocab=100,
    positions=4000,
)
PAIRS: dict[str, Engine] = {
    "energon": dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.FilterEngine.energon_edge()
    ),
    "sprint": dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.SprintEngine.m_baseline()
    ),
}
WORD_BITS = {"nm": 8, "tile-edge": 20, "tile-nano": 20, "tile-server": 20}  # others 16
LLAMA = TransformerShape(
    name="llama-like",
    family="decoder",
    layers=32,
    hidden=4096,
    heads=32,
    kv_heads=8,
    head_width=128,
    ffn=(14336,),
    gated=True,
    vocab=128256,
    positions=131072,
)
LATENTS = {  # of 64 values a token, and 16 more that all heads see
    "model_type": "deepseek_v3",
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "q_lora_rank": None,
    "kv_lora_rank": 64,
    "qk_rope_head_dim": 16,
    "qk_nope_head_dim": 32,
    "v_head_dim": 48,
    "intermediate_size": 128,
    "moe_intermediate_size": 64,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_shared_experts": 1,
    "first_k_dense_replace": 3,
    "vocab_size": 100,
    "max_position_embeddings": 4096,
}
FOUR_HEADS = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 16,
    "intermediate_size": 128,
    "vocab_size": 100,
}
BERT_BASE = dse.transformer("bert-base", seq_len=128)
BERT = dse.transformer("bert-mini", seq_len=64, batch=4)
GPT2 = dse.transformer("gpt2", mode="decode", context_len=512, batch=2)


def of(found: dict[str, Any]) -> dict[str, float]:
    return {origin: float(value) for origin, value in found.items()}


def off_chip(machine: Engine, workload: dse.Workload) -> float:
    """Bytes over the main-memory port, a sequence."""
    return sum(of(dse.evaluate(machine, workload).off_chip_bytes).values())


def buffers(machine: Engine) -> list[str]:
    known = machine.meanings().items()
    return [name for name, meaning in known if meaning.unit in ("KiB", "MiB")]


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> Engine:
    return MACHINES[request.param]


@pytest.mark.parametrize("workload", [BERT, GPT2], ids=["prefill", "decode"])
def test_nothing_moves_less_than_weights_cache_input_and_output_once(
    machine: Engine, workload: dse.Workload
) -> None:
    found = dse.evaluate(machine, workload)
    moved, needed = of(found.off_chip_bytes), of(found.compulsory_bytes)
    for origin, bytes_needed in needed.items():
        assert moved[origin] >= bytes_needed * (1 - 1e-9)
    again = moved["spilled"] + moved["refetched"]
    assert sum(moved.values()) == pytest.approx(
        again + sum(moved[origin] for origin in needed)
    )


@pytest.mark.parametrize("workload", [BERT, GPT2], ids=["prefill", "decode"])
def test_without_bounds_on_buffers_no_byte_moves_twice(
    machine: Engine, workload: dse.Workload
) -> None:
    boundless = machine.replace(**dict.fromkeys(buffers(machine), 1e9))
    found = dse.evaluate(boundless, workload)
    needed = of(found.compulsory_bytes)
    moved = of(found.off_chip_bytes)
    if isinstance(machine, dse.CrossbarEngine):  # weights wait for cells, not buffers
        assert needed["weights"] == 0
        moved.pop("weights")
    assert sum(moved.values()) == pytest.approx(sum(needed.values()))


def test_compulsory_values_are_those_counted_by_hand() -> None:
    # Without sparsity a word of 16 bits a value, whatever the op.
    found = dse.evaluate(dse.ReferenceMachine.a100(), GPT2).compulsory_bytes
    width, layers, batch, context = 768, 12, 2, 512
    weights = layers * (4 * width**2 + 2 * width * 4 * width)
    assert of(found) == pytest.approx(
        {
            "weights": 2 * weights / batch,
            "cache": 2 * 2 * layers * width * context,
            "input": 2 * width,
            "output": 2 * width,
        }
    )


@pytest.mark.parametrize("name", MACHINES)
def test_a_token_of_context_is_a_key_and_a_value_of_each_key_head(name: str) -> None:
    for kv_heads in (8, 32):
        shape = dataclasses.replace(LLAMA, kv_heads=kv_heads)
        near, far = (
            dse.transformer(shape, mode="decode", context_len=tokens)
            for tokens in (1000, 3000)
        )
        machine = MACHINES[name]
        each = (off_chip(machine, far) - off_chip(machine, near)) / 2000
        bits = WORD_BITS.get(name, 16)
        assert each == pytest.approx(2 * 32 * kv_heads * 128 * bits / 8, rel=1e-9)


ROOMY: dict[str, Engine] = {  # co-processors that skip nothing and hold all keys
    "filter": dse.FilterEngine(rounds=0, key_buffer_kib=1e6, value_buffer_kib=1e6),
    "sprint": dse.SprintEngine.m_baseline().replace(buffer_kib=1e6),
}


@pytest.mark.parametrize("name", [*MACHINES, *ROOMY])
def test_a_latent_is_read_once_though_it_is_key_and_value(name: str) -> None:
    machine = (MACHINES | ROOMY)[name]
    word = WORD_BITS.get(name, 8 if name == "sprint" else 16) / 8
    near, far = (
        dse.transformer(LATENTS, mode="decode", context_len=tokens)
        for tokens in (500, 1500)
    )
    parts = [(near.attention_only(), far.attention_only())]
    if name in MACHINES:
        parts.append((near, far))
    for short, long in parts:
        each = (off_chip(machine, long) - off_chip(machine, short)) / 1000
        assert each == pytest.approx(3 * (64 + 16) * word, rel=1e-6), long.name


@pytest.mark.parametrize("name", [*MACHINES, *ROOMY])
def test_attention_alone_reads_each_operand_once_whatever_its_width(name: str) -> None:
    """Keys of 48 values and values of 48, 8 heads of each: queries as many as keys."""
    machine = (MACHINES | ROOMY)[name]
    word = WORD_BITS.get(name, 8 if name == "sprint" else 16) / 8
    alone = dse.transformer(LATENTS | {"v_head_dim": 24}, seq_len=40).attention_only()
    values = 3 * 8 * 40 * (48 + 48 + 24 + 24)
    moved = dse.evaluate(machine, alone).off_chip_bytes
    if name == "sprint":  # written and read; its result is a host's to write
        values = 3 * 8 * 40 * 2 * (48 + 48 + 24)
    mask = 1 / 8 if name.startswith("tile") else 0.0
    assert sum(of(moved).values()) == pytest.approx(values * (word + mask), rel=1e-6)


@pytest.mark.parametrize("name", [*MACHINES, *ROOMY])
def test_under_a_window_attention_alone_reads_every_key_once(name: str) -> None:
    """512 tokens of which a query sees 64: queries of 4 heads, keys and values of 2."""
    machine = (MACHINES | ROOMY)[name]
    word = WORD_BITS.get(name, 8 if name == "sprint" else 16) / 8
    shape = {
        "model_type": "mistral",
        "hidden_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "intermediate_size": 128,
        "vocab_size": 100,
        "sliding_window": 64,
    }
    alone = dse.transformer(shape, seq_len=512).attention_only()
    given = 2 * 512 * 32 * (4 + 2 + 2)
    moved = sum(of(dse.evaluate(machine, alone).off_chip_bytes).values())
    mask = 1 / 8 if name.startswith("tile") else 0.0
    answer = 2 * 512 * 32 * 4 * (word + mask)
    if name == "sprint":  # written and read; its result is a host's to write
        given, answer = 2 * given, 0.0
    assert moved == pytest.approx(given * (word + mask) + answer, rel=1e-6)


@pytest.mark.parametrize("window", [None, 64])
def test_sprint_writes_the_keys_of_a_chunk_and_none_of_its_cache(
    window: int | None,
) -> None:
    """Chunks of 96 tokens of 288, and a step: 4 heads of 16 values of 8 bits."""
    shape = FOUR_HEADS | {"model_type": "mistral", "sliding_window": window}
    run = dse.generation(shape, prompt=288, new_tokens=2, chunk=96)
    for step, tokens in ((run.steps[1].workload, 96), (run.steps[-1].workload, 1)):
        found = dse.evaluate(ROOMY["sprint"], step.attention_only())
        bits = 2 * 8 * 16 * 4 * (1 + 1 + 1) * tokens
        written = float(found.extras["main_memory_written_mbit"])
        assert written == pytest.approx(bits / 1e6, rel=1e-6)


@pytest.mark.parametrize("name", [*MACHINES, *ROOMY])
@pytest.mark.parametrize("window", [None, 64])
def test_of_a_chunk_the_keys_of_its_cache_alone_are_from_one(
    name: str, window: int | None
) -> None:
    """The third chunk of 96 tokens: 4 heads of 16 values, all 192 before or 63."""
    machine = (MACHINES | ROOMY)[name]
    shape = FOUR_HEADS | {"model_type": "mistral", "sliding_window": window}
    chunk = dse.generation(shape, prompt=288, new_tokens=1, chunk=96).steps[1].workload
    values = 2 * 2 * 4 * 16 * (192 if window is None else 63)
    word = WORD_BITS.get(name, 8 if name == "sprint" else 16) / 8
    moved = dse.evaluate(machine, chunk.attention_only()).off_chip_bytes
    assert float(moved["cache"]) == pytest.approx(values * word, rel=1e-6)


def test_a_step_of_gpt2_takes_as_much_longer_as_its_cache_needs() -> None:
    first, last = (
        dse.evaluate(
            dse.TileEngine.edge(),
            dse.transformer("gpt2", mode="decode", context_len=tokens),
        )
        for tokens in (1, 1024)
    )
    seconds = 2 * 12 * 768 * 1023 * 2.5 / 25.6e9  # 47 MB: 1.84 ms
    assert float(last.latency - first.latency) == pytest.approx(seconds, rel=0.01)


def test_sixteen_long_contexts_move_their_weights_and_caches_once() -> None:
    shape = dataclasses.replace(
        LLAMA, layers=16, hidden=2048, head_width=64, ffn=(8192,)
    )
    step = dse.transformer(shape, mode="decode", context_len=8192, batch=16)
    found = dse.evaluate(dse.TileEngine.server(), step)
    values = 16 * float(found.off_chip_bytes["cache"]) / 2.5
    values += 16 * float(found.off_chip_bytes["weights"]) / (21 / 8)  # with a mask bit
    assert values == pytest.approx(3121e6, rel=1e-3)


def test_the_head_of_gpt2_reads_its_weights_and_writes_its_logits_once() -> None:
    with_head, without = (
        dse.evaluate(
            dse.TileEngine.edge(), dse.transformer("gpt2", seq_len=1024, lm_head=head)
        )
        for head in (True, False)
    )
    more = {
        origin: (float(found) - float(without.off_chip_bytes[origin])) / 1e6
        for origin, found in with_head.off_chip_bytes.items()
    }
    words = 21 / 8e6  # MB of a value with its mask
    assert more["weights"] == pytest.approx(768 * 50257 * words)
    assert more["output"] == pytest.approx(1024 * (50257 - 768) * words)
    assert sum(more.values()) <= 253  # its input fits beside: no pass comes again


def test_a_sequence_never_costs_more_in_a_larger_batch(machine: Engine) -> None:
    """Neither bytes nor energy nor time: a machine may run the batch in parts."""
    for workload in (BERT_BASE, GPT2):
        runs = [
            dse.evaluate(machine, workload.replace(batch=float(batch)))
            for batch in (1, 2, 4, 8, 16, 64, 1024)
        ]
        costs = np.asarray(
            [
                (sum(of(r.off_chip_bytes).values()), r.energy, 1.0 / r.throughput)
                for r in runs
            ]
        )
        assert np.all(np.diff(costs, axis=0) <= 1e-9 * costs[:-1])


def test_weights_that_stay_in_their_buffer_come_once_for_all_parts() -> None:
    workload = dse.transformer("bert-mini", seq_len=512, batch=256)  # 8.3 MB of weights
    roomy = dse.TileEngine.edge()
    moved, needed = (
        float(found["weights"])
        for run in [dse.evaluate(roomy, workload)]
        for found in (run.off_chip_bytes, run.compulsory_bytes)
    )
    assert moved == pytest.approx(needed, rel=1e-6)
    tight = dse.evaluate(roomy.replace(weight_buffer_mib=1.0), workload)
    assert float(tight.off_chip_bytes["weights"]) > 2 * needed


@pytest.mark.parametrize("seq_len", [16, 32])
def test_no_batch_moves_more_than_a_smaller_one_in_any_small_buffer(
    seq_len: int,
) -> None:
    """What leaves the chip is that of one sequence, whatever the batch."""
    small = dse.transformer(SMALL, seq_len=seq_len)
    for kib in (3.0, 7.95, 20.0, 50.0, 98.76):
        machine = dse.ReferenceMachine.a100().replace(cache_mib=kib / 1024)
        moved = [
            off_chip(machine, small.replace(batch=float(batch)))
            for batch in (1, 2, 3, 4, 5, 6, 7, 8, 10, 40)
        ]
        assert np.all(np.diff(moved) <= 1e-9 * np.asarray(moved[:-1])), kib


def test_scores_that_leave_the_chip_do_so_a_sequence_at_a_time() -> None:
    machine = dse.NMEngine.sparse_tensor_core()
    longer = dse.transformer("bert-mini", seq_len=512)
    moved = [off_chip(machine, longer.replace(batch=float(b))) for b in (1, 4, 16, 64)]
    assert np.all(np.diff(moved) < 0)


def test_a_residual_and_a_query_are_read_once_however_small_the_buffer() -> None:
    """One head of 2,000 tokens, 64 wide, in 8-bit words and a buffer of 50 KiB."""
    machine = dse.ReferenceMachine.a100().replace(word_bits=8.0, cache_mib=0.05)
    shape = dataclasses.replace(
        SMALL, name="one head", layers=1, heads=1, head_width=64, positions=4000
    )
    found = dse.evaluate(machine, dse.transformer(shape, seq_len=2000).attention_only())
    tensor, room = 2000 * 64, 0.05 * 2**20
    again = min(2 * tensor / room - 1, 1.5 * (2 * tensor / room - 1))
    assert float(found.off_chip_bytes["refetched"]) == pytest.approx(
        2 * again * tensor, rel=1e-6
    )


def test_a_head_that_fits_the_buffer_is_read_once() -> None:
    """Of 100 tokens, 64 wide: 256,000 bits of keys and values, whose masks lie apart.

    Sparse, as many as are not zero; of a cache, its own words, all of them.
    """
    shape = dataclasses.replace(SMALL, name="one head", heads=1, head_width=64)
    dense = dse.transformer(shape, seq_len=100).attention_only()
    sparse = dense.with_density(activation=0.25)
    bits = {"dense": (dense, 2 * 100 * 64 * 20), "sparse": (sparse, 2 * 100 * 64 * 5)}
    for name, (run, taken) in bits.items():
        for room, again in ((1.01 * taken, False), (0.97 * taken, True)):
            machine = dse.TileEngine.server().replace(
                activation_buffer_mib=room / 2**23, mask_buffer_mib=1.0
            )
            moved = of(dse.evaluate(machine, run).off_chip_bytes)["refetched"]
            assert (moved > 0) == again, (name, room)


def test_a_buffer_that_is_a_little_smaller_moves_a_little_more(
    machine: Engine,
) -> None:
    workload = BERT_BASE.replace(batch=4.0)
    for buffer in buffers(machine):
        size = machine.number(buffer)
        if size is None:
            continue
        for scale in (0.003, 0.03, 0.3, 1.0, 3.0):
            smaller, larger = (
                off_chip(machine.replace(**{buffer: scale * size * step}), workload)
                for step in (0.99, 1.0)
            )
            assert larger * (1 - 1e-9) <= smaller <= 1.1 * larger, (buffer, scale)


def test_a_sparse_product_that_memory_holds_back_gains_no_more_than_its_bytes() -> None:
    step = dse.transformer("gpt2", mode="decode", context_len=1)
    slow = dse.NMEngine(memory_bandwidth_gb_per_s=1.0)
    dense, sparse = (
        dse.evaluate(slow.replace(kept=kept, position_code="index"), step)
        for kept in (4, 2)
    )
    gain = float(dense.latency / sparse.latency)
    bytes_gain = off_chip(slow.replace(kept=4), step) / off_chip(
        slow.replace(kept=2, position_code="index"), step
    )
    assert gain <= bytes_gain * (1 + 1e-9)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("workload", [BERT, GPT2], ids=["prefill", "decode"])
def test_a_co_processor_that_skips_nothing_gains_nothing_in_traffic(
    name: str, workload: dse.Workload
) -> None:
    pair = PAIRS[name]
    word = 20 / (8 if name == "sprint" else 16)  # its words are shorter than the host's
    alone = dse.evaluate(pair.host, workload).off_chip_bytes
    beside = dse.evaluate(pair, workload).off_chip_bytes
    assert float(beside["weights"]) == pytest.approx(float(alone["weights"]))
    assert float(beside["cache"]) * word >= float(alone["cache"]) * (1 - 1e-2)
    assert float(beside["spilled"]) > float(alone["spilled"])


@pytest.mark.parametrize("name", [*MACHINES, *PAIRS])
def test_layers_that_share_weights_fetch_them_again_only_if_they_do_not_fit(
    name: str,
) -> None:
    machine = (MACHINES | PAIRS)[name]
    rooms, roomy, tight, least = buffers(machine), 1e7, 1e-5, 1
    if name.startswith("crossbar"):  # its weights are in cells, where there are some
        rooms, tight, least = ["weight_tiles"], 1.0, 0
    albert = dse.transformer("albert-xl", seq_len=64)  # 24 layers of one set
    one_set, step = 12 * 2048**2, 128 * 2048  # values; from tables to layers
    value = 2.0  # bytes
    if least:
        needed = dse.evaluate(machine, albert).compulsory_bytes["weights"]
        value = float(needed) / (one_set + step)
    for size, sets in ((roomy, least), (tight, 24)):
        made = machine.replace(**dict.fromkeys(rooms, size))
        moved = float(dse.evaluate(made, albert).off_chip_bytes["weights"])
        wanted = value * (sets * one_set + (sets > 0) * step)
        assert moved == pytest.approx(wanted, rel=0.01), sets


GROUPS = {
    "model_type": "albert",
    "num_hidden_layers": 6,
    "num_hidden_groups": 2,
    "hidden_size": 128,
    "embedding_size": 128,
    "num_attention_heads": 2,
    "intermediate_size": 512,
    "vocab_size": 100,
}


@pytest.mark.parametrize("name", ["reference-a100", "tile-edge"])
def test_groups_of_layers_fetch_each_set_once_where_it_fits(name: str) -> None:
    """Six layers of 1, 2 or 6 sets; where none fits, all fetch as often."""
    machine = MACHINES[name]
    two = dse.transformer(GROUPS, seq_len=32)
    one = dse.transformer(GROUPS | {"num_hidden_groups": 1}, seq_len=32)
    own = tuple(block.replace(shared=False) for block in two.blocks)
    runs = [one, two, two.replace(blocks=own)]
    for buffer in (1e9, 0.01, 1e-6):
        sized = machine.replace(**dict.fromkeys(buffers(machine), buffer))
        found = [dse.evaluate(sized, run) for run in runs]
        held = [float(each.memory_use["weights"]) for each in found]
        assert held[2] - held[1] == pytest.approx(4 * (held[1] - held[0]))
        moved = [of(each.off_chip_bytes)["weights"] for each in found]
        if buffer == 1e9:
            assert moved[2] - moved[1] == pytest.approx(4 * (moved[1] - moved[0]))
        if buffer == 1e-6:
            assert moved == pytest.approx([moved[0]] * 3, rel=1e-4)
        for answers in (
            moved,
            [float(each.energy) for each in found],
            [float(each.latency) for each in found],
        ):
            assert np.all(np.diff(answers) >= -1e-9 * answers[0])
