"""Two machines: the way from one to the other adds up, and names what differs."""

from __future__ import annotations

from typing import Any

import pytest

import dse
from dse.explore.compare import differences
from dse.show.comparison import comparison_sentence, comparison_tables

BERT = dse.transformer("bert-tiny", seq_len=64)
EDGE, SERVER = dse.TileEngine.edge(), dse.TileEngine.server()


@pytest.fixture(scope="module")
def compared() -> dse.Comparison:
    return dse.compare(EDGE, SERVER, BERT, names=("edge", "server"))


def test_the_steps_go_from_one_machine_to_the_other(compared: dse.Comparison) -> None:
    one, other = compared.values
    assert one == float(dse.evaluate(EDGE, BERT).energy)
    assert other == float(dse.evaluate(SERVER, BERT).energy)
    assert compared.steps[-1].metric == pytest.approx(other, rel=1e-12)
    assert sum(compared.changes.values()) == pytest.approx(other - one, rel=1e-9)
    changed = {n for n in EDGE.meanings() if EDGE.number(n) != SERVER.number(n)}
    assert {step.field for step in compared.steps} == changed


def test_each_step_is_the_machine_with_that_field_changed(
    compared: dse.Comparison,
) -> None:
    machine = EDGE
    for step in compared.steps:
        machine = machine.replace(**{step.field: SERVER.number(step.field)})
        known = float(dse.evaluate(machine, BERT).energy)
        assert step.metric == pytest.approx(known, rel=1e-12)
    assert machine == SERVER


def test_the_first_step_is_the_largest_there_is(compared: dse.Comparison) -> None:
    first = max(map(abs, [next(iter(compared.changes.values()))]))
    alone = [
        abs(
            float(dse.evaluate(EDGE.replace(**{n: SERVER.number(n)}), BERT).energy)
            - compared.values[0]
        )
        for n in differences(EDGE, SERVER)
    ]
    assert first == pytest.approx(max(alone), rel=1e-12)


def test_parts_and_ops_sum_to_what_they_are_of(compared: dse.Comparison) -> None:
    for side, found in enumerate(compared.found):
        parts = compared.by_component()
        assert sum(p[side] for p in parts.values()) == pytest.approx(
            float(found.energy)
        )
        areas = compared.by_component("area")
        assert sum(a[side] for a in areas.values()) == pytest.approx(float(found.area))
        ops = compared.by_op()
        assert sum(o[side] for o in ops.values()) == pytest.approx(
            float(found.op_energy.sum())
        )


def test_it_is_told_in_words_and_drawn(compared: dse.Comparison) -> None:
    said = comparison_sentence(compared)
    assert said.startswith("server has ")
    assert " where edge has " in said
    assert str(comparison_tables(compared)) == repr(compared)
    [bars] = dse.plot_compare(compared).data
    assert bars.x[0] + sum(bars.x[1:-1]) == pytest.approx(bars.x[-1])
    assert next(iter(bars.measure)) == "absolute"


def test_machines_of_different_kinds_have_no_way_between_them() -> None:
    other = dse.compare(EDGE, dse.NMEngine(), BERT)
    assert other.steps == ()
    assert "no fields in which they differ" in comparison_sentence(other)
    [bars] = dse.plot_compare(other).data
    assert bars.x[0] + sum(bars.x[1:-1]) == pytest.approx(bars.x[-1])


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ("tile:edge", dse.TileEngine.server(), ("tile:edge", "tile:server")),
        (EDGE, EDGE.replace(pes=128), ("tile:edge", "tile:edge, pes 128")),
        (EDGE, EDGE, ("tile:edge (A)", "tile:edge (B)")),
        (
            EDGE.replace(pes=128, tile_size=8),
            dse.NMEngine.edge(),
            ("TileEngine", "nm:edge"),
        ),
        (
            dse.Pair(host=EDGE, coprocessor=dse.SprintEngine.m_sprint()),
            dse.TileEngine(conventions=dse.SIMULATOR),
            ("tile:edge + sprint:m_sprint", "TileEngine"),
        ),
    ],
)
def test_machines_are_called_by_what_they_are(a: Any, b: Any, told: Any) -> None:
    compared = dse.compare(a, b, BERT)
    assert compared.names == told
    [bars] = dse.plot_compare(compared).data
    ends = (bars.y[0], bars.y[-1])
    assert tuple(end.replace("<br>", " ") for end in ends) == told
    assert dse.compare(a, b, BERT, names=("old", "new")).names == ("old", "new")


def test_equal_machines_do_not_differ() -> None:
    same = dse.compare(EDGE, EDGE, BERT)
    assert same.steps == ()
    assert same.values[0] == same.values[1]
    assert "the same" in comparison_sentence(same)


def test_what_is_no_number_is_a_step_as_well() -> None:
    simulator = EDGE.replace(conventions=dse.SIMULATOR)
    found = dse.compare(EDGE, simulator, BERT, metric="latency")
    fields = [step.field for step in found.steps]
    assert sorted(fields) == ["conventions", "technology"]
    assert "whole_cycles=True" in found.steps[fields.index("conventions")].after
    assert found.steps[-1].metric == pytest.approx(found.values[1], rel=1e-12)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(dse.InputError, match="speed"):
        dse.compare(EDGE, SERVER, BERT, metric="speed")
    with pytest.raises(dse.InputError, match="of a generation alone"):
        dse.compare(EDGE, SERVER, BERT, metric="time_to_first_token")


def test_pairs_differ_by_the_fields_of_their_machines() -> None:
    pair = dse.Pair(host=EDGE, coprocessor=dse.SprintEngine.m_sprint())
    faster = pair.replace(**{"host.clock_mhz": 900.0})
    found = dse.compare(pair, faster, BERT, metric="latency")
    assert [step.field for step in found.steps] == ["host.clock_mhz"]
