"""However many devices share the rows of a table, answers are those of machine code."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
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
how = {"over": table, "timing": "roofline", "precision": "double"}
by_devices, by_machine_code = (
    dse.compile_model(edge, bert, backend=backend, **how) for backend in ("jax", "llvm")
)
assert len(jax.devices()) == int(sys.argv[1])
for model in (lambda m: m(table), lambda m: m.value_and_gradient("energy", table)[1]):
    found, wanted = model(by_devices), model(by_machine_code)
    for name, column in found.items():
        sys.stdout.buffer.write(np.stack([column, wanted[name]]).tobytes())
"""


def answers(devices: int) -> np.ndarray:
    """Metrics and gradients of a process with some devices, each beside our own."""
    split = f"--xla_force_host_platform_device_count={devices}"
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(devices)],
        env={**os.environ, "XLA_FLAGS": split},
        check=True,
        capture_output=True,
    ).stdout
    return np.frombuffer(found).reshape(-1, 2, 70_000)


@pytest.mark.nightly
def test_one_device_and_four_answer_as_machine_code_does() -> None:
    alone, four = answers(1), answers(4)
    assert len(alone) > 6
    np.testing.assert_array_equal(alone[:, 1], four[:, 1])
    for by_devices, by_machine_code in (*alone, *four):
        size = np.median(np.abs(by_machine_code))
        np.testing.assert_allclose(
            by_devices, by_machine_code, rtol=1e-11, atol=1e-11 * size
        )
