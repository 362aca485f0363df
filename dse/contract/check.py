"""All laws, and how a machine fares with them."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getfile
from typing import NamedTuple

from dse.arguments import flag
from dse.contract import programs, whole_runs
from dse.contract.holds import BrokenLawError, Case, Law
from dse.engines.base import Engine
from dse.engines.pair import Pair
from dse.engines.registry import check_engine_class, find_preset, preset_of
from dse.errors import InputError, check_kind, did_you_mean, last_line_in

LAWS: dict[str, Law] = {
    law.__name__.replace("_", " "): law
    for law in (
        whole_runs.every_field_has_a_unit_and_a_meaning,
        whole_runs.parts_sum_to_totals,
        whole_runs.nothing_is_negative,
        whole_runs.nothing_is_busier_than_the_run,
        whole_runs.roofline_is_never_above_the_walk,
        whole_runs.twice_the_work_never_takes_less,
        whole_runs.sparser_never_costs_more,
        whole_runs.density_one_is_the_dense_machine,
        whole_runs.no_machine_is_faster_than_its_peak,
        whole_runs.a_clock_that_is_not_reached_raises_no_rate,
        whole_runs.more_bandwidth_is_never_slower,
        whole_runs.a_small_buffer_costs_traffic_and_never_fails,
        whole_runs.each_byte_that_is_needed_moves,
        whole_runs.each_byte_that_moves_is_paid_for,
        programs.an_op_costs_what_it_costs_alone,
        programs.gradients_are_differences,
    )
}
# These compile for half a minute, or dispatch ten thousand operations one by one.
SLOW_LAWS: dict[str, Law] = {
    law.__name__.replace("_", " "): law
    for law in (
        whole_runs.no_machine_is_faster_than_its_peak_on_any_run,
        whole_runs.a_larger_batch_moves_no_more_a_sequence,
        whole_runs.a_buffer_a_little_smaller_moves_a_little_more,
        programs.eager_answers_are_those_of_evaluation,
        programs.compiled_answers_are_those_of_evaluation,
        programs.vmap_is_a_loop,
        programs.gradients_are_finite_in_float32,
        programs.elasticities_are_differences,
    )
}


class Outcome(NamedTuple):
    """How a machine fares with one law; `fault` is '' where it holds."""

    law: str
    machine: str
    fault: str


def check_machine(machine: Engine, laws: dict[str, Law]) -> Iterator[tuple[str, str]]:
    """Try laws on a machine; yield each by name, with what is wrong or ''.

    A co-processor of attention is tried beside a host, AccelTran-Edge.
    """
    if not hasattr(machine, "linear") and hasattr(machine, "attention"):
        machine = Pair(host=find_preset("tile", "edge"), coprocessor=machine)
    case = Case(machine)
    for name, law in laws.items():
        try:
            law(case)
        except (BrokenLawError, InputError) as broken:
            yield name, str(broken)
        except Exception as fault:  # whatever an engine of somebody else raises
            yield name, f"{type(fault).__name__}{_place(fault, machine)}: {fault}"
        else:
            yield name, ""


def _place(fault: Exception, machine: Engine) -> str:
    """Return the last line of a machine's own file on the way to a fault, if any."""
    own = machine.coprocessor if isinstance(machine, Pair) else machine
    line = last_line_in({getfile(type(own))}, fault)
    return f" at {line}" if line else ""


def check_engine(
    engine: type[Engine] | Engine, *, preset: str = "", thorough: bool = False
) -> Iterator[Outcome]:
    """Try the laws that every engine obeys, on a design or on the presets of a class.

    On all presets, or on one. With `thorough`, those laws too that take minutes. A test
    of an engine: `all(not each.fault for each in dse.check_engine(MyEngine))`.

    Examples:
        >>> first = next(dse.check_engine(dse.ReferenceMachine, preset="a100"))
        >>> first.law, first.fault
        ('every field has a unit and a meaning', '')
    """
    laws = LAWS | SLOW_LAWS if flag("thorough", thorough) else LAWS
    check_kind("`preset`", preset, str, "the name of one of the engine")
    if isinstance(engine, Engine):
        machines = {"design": engine}
    else:
        check_engine_class("`engine`", engine)
        if preset and preset not in engine.presets:
            raise InputError(
                f"`{engine.__name__}` has no preset `{preset}`."
                + did_you_mean(preset, engine.presets)
            )
        presets = (preset,) if preset else engine.presets
        machines = {name: preset_of(engine, name) for name in presets}
    for name, machine in machines.items():
        for law, fault in check_machine(machine, laws):
            yield Outcome(law, name, fault)
