"""However many devices share the rows of a table, the answers are the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import jax, numpy as np
import dse
chance = np.random.default_rng(0)
table = {
    "pes": chance.integers(16, 512, 70_000),
    "batch": chance.integers(1, 32, 70_000),
    "weight_buffer_mib": chance.uniform(1, 64, 70_000),
}
bert = dse.transformer("bert-tiny", seq_len=128)
edge = dse.TileEngine.edge()
model = dse.compile_model(edge, bert, over=table, timing="roofline")
_, slopes = model.value_and_gradient("energy", table)
assert len(jax.devices()) == int(sys.argv[1])
found = [*model(table).values(), *slopes.values()]
sys.stdout.buffer.write(b"".join(column.tobytes() for column in found))
"""


def answers(devices: int) -> bytes:
    """The metrics and gradients that a process with some devices finds."""
    split = f"--xla_force_host_platform_device_count={devices}"
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(devices)],
        env={**os.environ, "XLA_FLAGS": split},
        check=True,
        capture_output=True,
    ).stdout


@pytest.mark.nightly
def test_one_device_and_four_give_the_same_bytes() -> None:
    alone = answers(1)
    assert len(alone) > 4 * 70_000 * 6
    assert answers(4) == alone
