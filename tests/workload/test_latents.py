"""Attention over latents: unfolded or as they are, whichever multiplies less."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import dse
from dse.workload.attention import attention_places

LAYERS, HEADS, LATENT, SHARED, OWN, VALUE = 3, 8, 64, 16, 32, 48
CONFIG = {
    "model_type": "deepseek_v2",
    "hidden_size": 256,
    "intermediate_size": 512,
    "kv_lora_rank": LATENT,
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "num_key_value_heads": HEADS,
    "q_lora_rank": None,
    "qk_nope_head_dim": OWN,
    "qk_rope_head_dim": SHARED,
    "v_head_dim": VALUE,
    "first_k_dense_replace": LAYERS,
    "n_routed_experts": 4,
    "moe_intermediate_size": 64,
    "num_experts_per_tok": 2,
    "vocab_size": 1000,
}
NAMES = ("key", "query_latent", "value", "scores", "context")


def parts(work: dse.Workload) -> list[dse.Workload]:
    """The chunks of a prompt, one after the other."""
    later = [step.workload for step in work.steps]
    return [work.replace(steps=(), new_tokens=0), *later]


def chunks(new: int, keys: int) -> dse.Workload:
    """The last chunk of a prompt: new tokens that see keys."""
    prompt = dse.generation(CONFIG, prompt=keys, new_tokens=1, chunk=new)
    return parts(prompt)[-1]


def macs(work: dse.Workload, names: Sequence[str] = NAMES) -> float:
    """Products of one layer in what makes and reads keys and values."""
    return sum(
        float(np.sum(np.asarray(block.ops.macs)[[n in names for n in block.ops.names]]))
        * block.repeats
        for block in work.blocks
    )


@pytest.mark.parametrize(("new", "keys"), [(8, 64), (32, 64), (64, 128), (128, 1024)])
def test_a_chunk_multiplies_as_little_as_either_way_does(new: int, keys: int) -> None:
    folds = new * LATENT * (OWN + VALUE)
    folded = folds + new * keys * (2 * LATENT + SHARED)
    unfolds = keys * LATENT * (OWN + VALUE)
    unfolded = unfolds + new * keys * (OWN + SHARED + VALUE)
    least = LAYERS * HEADS * min(folded, unfolded)
    assert macs(chunks(new, keys)) == least
    assert (folded < unfolded) == (new < 64)  # both ways are among these


@pytest.mark.parametrize("new", [8, 64])
def test_softmax_of_a_chunk_takes_all_scores_of_its_tokens(new: int) -> None:
    for block in chunks(new, 128).blocks:
        ops = block.ops
        for scores in attention_places(ops):
            made = [
                float(ops.heads[i] * ops.rows[i] * ops.columns[i])
                for i in (scores, scores + 1)
            ]
            assert made == [HEADS * new * 128] * 2


def test_the_first_chunk_is_read_as_a_prompt_is() -> None:
    first, *_ = parts(dse.generation(CONFIG, prompt=512, new_tokens=1, chunk=256))
    whole, *_ = parts(dse.generation(CONFIG, prompt=256, new_tokens=1))
    assert macs(first) == macs(whole)


@pytest.mark.parametrize("new", [32, 128])
def test_what_a_cache_holds_is_read_once_and_fills_memory_either_way(new: int) -> None:
    work, token = chunks(new, 1024).with_format("fp16"), 2 * LAYERS * (LATENT + SHARED)
    found = dse.evaluate(dse.ReferenceMachine.h200(), work, timing="roofline")
    read, joined = (1024 - new) * token, new * token
    for moved in (found.off_chip_bytes, found.compulsory_bytes):
        assert float(moved["cache"]) == pytest.approx(read + joined)
    assert float(found.memory_use["cache"]) == pytest.approx(1024 * token)


def test_alone_attention_over_latents_reads_its_scores_and_no_values() -> None:
    """The values are parts of the keys, which the scores have read."""
    step = dse.transformer(CONFIG, mode="decode", context_len=64).attention_only()
    for block in step.blocks:
        assert block.ops.names == ("scores", "softmax", "context")
        assert block.ops.reads == ((0, 0), (1,), (1,))
