"""What an encoder made is kept for all layers of its decoder: written and read once."""

from __future__ import annotations

import pytest

import dse
from dse.engines.base import Engine
from dse.workload.layers import Op, chain, linear
from dse.workload.ops import Block, Workload

LONG, SHORT, WIDTH = 500, 20, 64  # tokens of the encoder, of the decoder
ENCODED, TENSOR = float(LONG * WIDTH), float(SHORT * WIDTH)
NM = dse.NMEngine(kept=4, group=4)  # a byte a value


def run(layers: int, *, encoders: int = 1) -> Workload:
    """Encoders of one op; layers that make keys of the last, which are values too."""
    up = chain([linear("up", LONG, WIDTH, WIDTH, reads=(0,))])
    table = Op("embedding", "embedding", (), SHORT, WIDTH, 1000)
    cross = linear("key_cross", LONG, WIDTH, WIDTH, reads=(-1,))
    query = linear("query", SHORT, WIDTH, WIDTH, reads=(0,))
    scores = Op("scores", "matmul", (1, 2), SHORT, LONG, WIDTH)
    softmax = Op("softmax", "softmax", (1,), SHORT, LONG)
    context = Op("context", "matmul", (1, 4), SHORT, WIDTH, LONG)
    return Workload(
        name="pair",
        blocks=(
            Block(ops=up, repeats=encoders),
            Block(ops=chain([table]), repeats=1),
            Block(ops=chain([cross, query, scores, softmax, context]), repeats=layers),
        ),
        seq_len=SHORT,
    )


def bytes_of(machine: Engine, workload: Workload) -> dict[str, float]:
    found = dse.evaluate(machine, workload).off_chip_bytes
    return {origin: float(size) for origin, size in found.items()}


@pytest.mark.parametrize(("layers", "encoders"), [(1, 1), (2, 1), (6, 1), (2, 4)])
def test_without_a_buffer_each_layer_reads_it_and_it_is_written_once(
    layers: int, encoders: int
) -> None:
    whole = run(layers, encoders=encoders)
    found = bytes_of(NM.replace(activation_buffer_kib=1e-6), whole)
    between = (encoders - 1) * 2 * ENCODED
    keys = 3 * ENCODED  # written, read by scores and by context
    query = 2 * TENSOR
    before = 2 * TENSOR  # of the table, and of each layer but the last
    assert found["output"] == TENSOR
    assert found["input"] == ENCODED + TENSOR
    assert found["spilled"] == pytest.approx(
        between + ENCODED + layers * (ENCODED + keys + query + before)
    )


def test_with_room_for_all_it_never_leaves_the_chip() -> None:
    found = dse.evaluate(NM.replace(activation_buffer_kib=1e6), run(6))
    assert float(found.compulsory_bytes["output"]) == TENSOR
    assert float(found.off_chip_bytes["spilled"]) == 0


def test_it_takes_its_room_in_all_layers() -> None:
    """While queries are made: it, keys, queries, and what they are made of."""
    kib = (2 * ENCODED + 2 * TENSOR) / 1024
    fits = NM.replace(activation_buffer_kib=2 * kib * 1.0001)  # one half streams
    assert bytes_of(fits, run(6))["spilled"] == 0
    lacks = NM.replace(activation_buffer_kib=2 * kib * 0.99)
    missing = 0.01 * (2 * ENCODED + 2 * TENSOR)  # of what is wanted last
    assert bytes_of(lacks, run(6))["spilled"] == pytest.approx(7 * missing)


def test_a_layer_that_reads_an_encoder_that_never_ran_says_so() -> None:
    alone = run(2).replace(blocks=run(2).blocks[2:])
    with pytest.raises(dse.InputError, match="no encoder runs before"):
        dse.evaluate(NM, alone)


@pytest.mark.parametrize("name", ["t5-small", "whisper-tiny"])
def test_only_the_decoder_answers(name: str) -> None:
    read = dse.transformer(name, seq_len=64)
    width = {"t5-small": 512, "whisper-tiny": 384}[name]
    found = dse.evaluate(dse.ReferenceMachine.a100(), read)
    for moved in (found.off_chip_bytes, found.compulsory_bytes):
        assert float(moved["output"]) == 2 * 64 * width
