"""Several threads that ask for one model at once get what one of them would get."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.compile import machine_code
from dse.compile.function import compile_function
from dse.compile.machine_code import MachineCode

BERT = dse.transformer("bert-tiny", seq_len=64)


def together(count: int, do: Callable[[int], Any]) -> list[Any]:
    """What `count` threads find that begin at the same moment."""
    start = threading.Barrier(count)

    def begin(number: int) -> Any:
        start.wait(60.0)
        return do(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


def test_one_of_several_threads_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, write = [], machine_code.loop_over_rows

    def slowly(*asked: Any) -> str:
        compiled.append(asked)
        time.sleep(0.1)
        return write(*asked)

    monkeypatch.setattr(machine_code, "loop_over_rows", slowly)
    program = compile_function(lambda given: {"y": jnp.exp(given["x"])}, ["x"])
    code = MachineCode(program, np.float64)
    x = np.linspace(-1.0, 1.0, 9)
    for found in together(4, lambda _: code({"x": x}, len(x))["y"]):
        np.testing.assert_allclose(found, np.exp(x), rtol=1e-14)
    assert len(compiled) == 1


def test_threads_that_compile_and_evaluate_get_equal_answers() -> None:
    table = {"clock_mhz": np.linspace(100.0, 900.0, 7)}
    design = dse.NMEngine()

    def ask(number: int) -> Any:
        if number == 0:
            return float(dse.evaluate(design, BERT).energy)
        energy, slopes = model.value_and_gradient("energy", table)
        return energy, slopes["clock_mhz"], model(table)["latency"]

    def new_model() -> Any:
        return dse.compile_model(design, BERT, over=table, precision="double")

    model = new_model()
    alone, others = ask(0), ask(1)
    model = new_model()  # of which nothing is compiled yet
    found = together(3, ask)
    assert found[0] == alone
    for answers in found[1:]:
        np.testing.assert_array_equal(answers, others)
