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
from dse.explore.rows.xla import DeviceCode
chance = np.random.default_rng(0)
table = {
    "pes": chance.integers(16, 512, 70_000),
    "batch": chance.integers(1, 32, 70_000),
    "weight_buffer_mib": chance.uniform(1, 64, 70_000),
}
columns = {name: column.astype(np.float32) for name, column in table.items()}
bert = dse.transformer("bert-tiny", seq_len=128)
model = dse.compile_model(dse.TileEngine.edge(), bert, over=table, timing="roofline")
assert len(jax.devices()) == int(sys.argv[1])
for metric in (None, "energy"):
    run = DeviceCode(model.program(metric), np.float32)
    for name, column in run(columns, 70_000).items():
        sys.stdout.buffer.write(column.tobytes())
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
