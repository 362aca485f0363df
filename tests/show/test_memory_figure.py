"""The plot of live values shows the plan of residency, no second one."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import dse
from dse.engines.base import Engine, describe_run
from dse.schedule.residency import plan_residency
from dse.show.figure import Figure

GPT2 = dse.transformer("gpt2", seq_len=1024, batch=2)
BERT = dse.transformer("bert-base", seq_len=128, batch=64)
PAIR = dse.Pair(host=dse.TileEngine.edge(), coprocessor=dse.SprintEngine.m_sprint())
MACHINES: dict[str, Engine] = {
    "tile": dse.TileEngine.edge(),
    "nm": dse.NMEngine(),
    "crossbar": dse.CrossbarEngine.puma(),
    "reference": dse.ReferenceMachine.raspberry_pi_4(),
    "pair": PAIR,
}


def heights(figure: Figure, where: str) -> dict[str, dict[int, float]]:
    """The heights of the bars on or off chip, by value and step."""
    return {
        trace.text.replace("<br>", " "): dict(zip(trace.x, trace.y, strict=True))
        for trace in figure.data
        if trace.type == "bar" and trace.name == where
    }


def line(figure: Figure) -> float:
    return float(next(t for t in figure.data if t.type == "scatter").y[0])


def stacked(figure: Figure, *places: str) -> np.ndarray:
    total = np.zeros(len(figure.layout.xaxis.tickvals))
    for place in places:
        for bars in heights(figure, place).values():
            for step, height in bars.items():
                total[step] += height
    return total


def test_what_is_drawn_off_chip_is_what_the_plan_writes() -> None:
    machine = dse.TileEngine.edge()
    run = describe_run(GPT2)
    with jax.enable_x64(True):
        technology = machine.default_technology()
        storage = [machine.storage(b.ops, run, technology) for b in GPT2.blocks]
        planned = plan_residency(GPT2.blocks, storage, GPT2.batch)
    figure = dse.plot_memory(machine, GPT2)
    assert "(MiB)" in figure.layout.yaxis.title.text
    off = heights(figure, "off chip")
    ops, parts = GPT2.blocks[1].ops, GPT2.batch / float(planned.together)
    words = 21 / 20  # in the buffer a value has no mask bit, on the port it has one
    found = {}
    for place, name in enumerate(ops.names[:-1]):  # the last one is read by two blocks
        written = float(planned.traffic[1].spill_written[place]) / parts
        if written:
            found[name] = written / words / 8 / 2**20
    drawn = {name: next(iter(bars.values())) for name, bars in off.items()}
    assert {"key", "value", "context", "activation"} == set(found)
    for name, size in found.items():
        assert drawn[name] == pytest.approx(size, rel=1e-9)


@pytest.mark.parametrize("name", MACHINES)
def test_no_step_has_more_on_chip_than_there_is_room_for(name: str) -> None:
    figure = dse.plot_memory(MACHINES[name], GPT2)
    on, alive = (
        stacked(figure, "on chip"),
        stacked(figure, "on chip", "off chip"),
    )
    assert on.max() <= line(figure) * (1 + 1e-9) < alive.max()
    # Two tensors of the width of the model while the first norm works, in the end five.
    assert alive[[0, -1]] / alive[0] == pytest.approx([1, 2.5])


def test_a_layer_of_bert_has_the_values_that_are_known_by_hand() -> None:
    # Words of 20 bits; six tensors of the width of the model at most, when it is wide.
    figure = dse.plot_memory(dse.TileEngine.server(), BERT)
    assert list(figure.layout.xaxis.ticktext) == [
        "query",
        "key",
        "value",
        "scores<br>softmax<br>context",
        "output<br>norm<br>attention",
        "FFN up<br>activation",
        "FFN down<br>norm FFN",
    ]
    assert heights(figure, "off chip") == {}
    tensor = 32 / 5  # as many sequences as fit 32 MiB: 27.3 of 0.234 MiB a tensor
    assert "27.3 of 64 sequences at a time" in figure.layout.title.text
    steps = np.asarray([2, 3, 4, 4, 2, 5, 5])  # the context takes the room of queries
    assert stacked(figure, "on chip") == pytest.approx(tensor * steps)
    assert line(figure) == 32


def test_values_that_change_machines_are_off_chip() -> None:
    off = heights(dse.plot_memory(PAIR, BERT), "off chip")
    on = heights(dse.plot_memory(PAIR, BERT), "on chip")
    assert {"query", "key", "value", "context"} <= off.keys() - on.keys()


def test_a_buffer_far_above_all_that_lives_does_not_flatten_it() -> None:
    step = dse.transformer("gpt2", mode="decode", context_len=64)
    figure = dse.plot_memory(dse.ReferenceMachine.a100(), step)
    assert figure.layout.yaxis.range[1] < 1.1 * stacked(figure, "on chip").max()
    assert any("40 MiB, far above" in trace.name for trace in figure.data)


@pytest.mark.parametrize(
    ("machine", "problem"),
    [
        (dse.SprintEngine.m_sprint(), "runs attention alone"),
        (dse.FilterEngine.energon_edge(), "runs attention alone"),
        (dse.TileEngine(conventions=dse.SIMULATOR), "have no bounds"),
    ],
)
def test_a_machine_without_such_a_buffer_says_so(machine: Engine, problem: str) -> None:
    with pytest.raises(dse.InputError, match=problem):
        dse.plot_memory(machine, BERT)
