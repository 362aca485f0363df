"""What people do first, once through, as an installed `dse` does it.

`.ci/every_python` runs this on each Python, outside the checkout. It prints versions
and a digest of the fronts that it found.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np

import dse

DSE = str(Path(sys.executable).with_name("dse"))


def run(*words: str) -> str:
    """What a verb prints; it must succeed."""
    done = subprocess.run([DSE, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def python_front() -> bytes:
    """Evaluate, sweep, tune, compile, differentiate and save; the front's table."""
    bert = dse.transformer("bert-tiny", seq_len=64)
    edge = dse.TileEngine.edge()
    assert float(dse.evaluate(edge, bert).energy) > 0
    space = dse.Space(edge, pes=[64, 128], lanes_per_pe=[8, 16, 32], tile_size=[8, 16])
    front = dse.pareto(dse.sweep(space, bert), "max:throughput", "min:energy")
    assert dse.tune("min:energy_delay", space, workload=bert).feasible
    table = {"pes": np.arange(64, 128.0), "clock_mhz": 700.0}
    model = dse.compile_model(edge, bert, over=table)
    with ThreadPoolExecutor(2) as threads:  # that ask for what is not compiled yet
        one, other = threads.map(lambda _: model(table)["latency"], range(2))
    np.testing.assert_array_equal(one, other)
    _, slopes = model.value_and_gradient("latency", table)
    assert all(np.isfinite(np.asarray(slope)).all() for slope in slopes.values())
    assert "Energy per sequence" in repr(dse.evaluate(edge, bert))
    saved = dse.load(dse.save(front, "front.parquet"))
    assert list(saved.index) == list(front.index)
    assert dse.load(dse.save(edge, "edge.json")) == edge
    own = dse.gradient(edge, bert, "energy")
    asked = jax.grad(lambda design: dse.evaluate(design, bert).energy)(edge)
    np.testing.assert_allclose(asked.pes, own.pes, rtol=1e-5)
    return front.to_pandas().to_csv(index=False).encode()


def command_front() -> bytes:
    """The verbs, and the front of a study that came with the wheel."""
    assert run("--version").split() == ["dse", dse.__version__]
    assert "latency" in run("evaluate", "--workload", "bert-base").lower()
    run("evaluate", "--workload", "bert-base", "--sensitivity", "energy")
    run("params", "acceltran")
    run("engines")
    theirs = [Path("found/thesis.txt"), Path("found/parts/thesis.txt")]
    theirs[1].parent.mkdir(parents=True)
    for path in theirs:
        path.write_text("mine")
    run("sweep", "acceltran_design_space", "--out", "found")
    assert [path.read_text() for path in theirs] == ["mine", "mine"]
    assert len(dse.load("found")) > 100
    assert Path("found/report.html").stat().st_size > 10_000
    return Path("found/front.csv").read_bytes()


def faults() -> None:
    """A place that takes nothing, a reader that goes away, no room behind stdout."""
    words = [DSE, "sweep", "acceltran_design_space", "--out", "/dev/null/found"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "cannot be written to" in done.stderr
    with subprocess.Popen([DSE, "engines"], stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        reader.stdout.close()
    assert reader.returncode == 0
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [DSE, "engines"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert "stdout took not all" in done.stderr


faults()
assert Path(sys.prefix) in Path(dse.__file__).parents, dse.__file__
digest = hashlib.sha256(python_front() + command_front()).hexdigest()[:12]
print(
    f"Python {platform.python_version()}, JAX {jax.__version__}: wheel, evaluate, "
    f"sweep, tune, table, gradient, faults; fronts {digest}"
)
