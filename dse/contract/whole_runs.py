"""Laws of a whole run: parts and totals, more and less work, rooms and rates."""

from __future__ import annotations

import dataclasses

import numpy as np

from dse.contract.holds import Case, falls, hold, named_numbers, near, rises
from dse.engines.pair import Pair
from dse.errors import InputError
from dse.workload.acceltran_models import acceltran_model
from dse.workload.ops import Workload
from dse.workload.transformer import transformer

TOTALS = ("latency", "throughput", "energy", "power", "area", "peak_rate")
_BIT = 1e-6  # of what may be lost to rounding


def parts_sum_to_totals(case: Case) -> None:
    """Energy and area are the sums of their parts, and power is energy over time."""
    found, batch = case.found, case.workload.batch
    by_component = sum(float(e) for e in found.energy_by_component.values())
    near(by_component, found.energy, "energy by component", relative=1e-5)
    areas = sum(map(float, found.area_by_component.values()))
    near(areas, found.area, "area by component", relative=1e-5)
    working = sum(float(e) for e in found.dynamic_energy.values())
    near(found.op_energy.sum(), working, "energy by op", relative=1e-5)
    moved = sum(map(float, found.off_chip_bytes.values()))
    near(found.op_bytes.sum(), moved, "bytes off chip by op", relative=1e-5)
    rate = float(found.op_work.sum()) * float(found.throughput)
    near(rate, found.effective_rate, "work by op and second", relative=1e-5)
    spent = float(found.power) * batch / float(found.throughput)
    near(spent, float(found.energy) * batch, "power times time", relative=1e-5)


def nothing_is_negative(case: Case) -> None:
    """No number of an answer is below zero; ratios in decibels may be."""
    for name, number in named_numbers(case.found).items():
        fine = name.endswith("_db") or np.all(number >= 0.0)
        hold(fine, f"`{name}` is {number.min():.6g}")


def nothing_is_busier_than_the_run(case: Case) -> None:
    """A port or unit works for as long as the run takes, at most."""
    for name, share in case.found.utilization.items():
        hold(share <= 1.0 + _BIT, f"`{name}` is busy for {float(share):.4g} of the run")


def roofline_is_never_above_the_walk(case: Case) -> None:
    """The lower bound of the latency is one."""
    walk, bound = case.found.latency, case.ask(timing="roofline").latency
    near_enough = float(bound) <= float(walk) * (1 + _BIT)
    hold(near_enough, f"roofline {float(bound):.6g} s, walk {float(walk):.6g} s")


def twice_the_work_never_takes_less(case: Case) -> None:
    """Twice the batch, or twice the tokens, takes as much time and energy or more."""
    less, work = case.found, case.workload
    longer = transformer("bert-tiny", seq_len=128, batch=4)
    longer = longer.with_density(activation=0.5, weight=0.4)
    for what, more in (("batch", work.replace(batch=8)), ("tokens", longer)):
        found = case.ask(more)
        rises([less.latency, found.latency], f"latency with {what}", slack=_BIT)
        joules = [
            float(run.energy) * float(of.batch)
            for run, of in ((less, work), (found, more))
        ]
        rises(joules, f"energy of a batch with {what}")


def sparser_never_costs_more(case: Case) -> None:
    """More zeros in activations or weights take no more energy, and no more time."""
    for operand in ("activation", "weight"):
        runs = [
            case.ask(
                case.workload.with_density(
                    **({"activation": 1.0, "weight": 1.0} | {operand: share})
                )
            )
            for share in (0.1, 0.25, 0.5, 0.75, 1.0)
        ]
        for metric in ("energy", "latency"):
            values = [float(getattr(run, metric)) for run in runs]
            rises(values, f"{metric} with {operand} density", slack=1e-9)


def density_one_is_the_dense_machine(case: Case) -> None:
    """A density of 1 is no density at all."""
    plain = transformer("bert-tiny", seq_len=64, batch=4)
    given = case.ask(plain.with_density(activation=1.0, weight=1.0))
    found = case.ask(plain)
    for total in TOTALS:
        same = float(getattr(found, total)) == float(getattr(given, total))
        hold(same, f"`{total}` of a dense run changes where density 1 is said")


def dense_runs() -> dict[str, Workload]:
    """Return runs without a zero. Masks hide pairs, and nobody wants what they hide."""
    taps = {"l": 1, "o": [["c_5_64", "sa_sdp_64"]], "h": [128], "f": [[512]]}
    return {
        "masked": transformer("gpt2", seq_len=256).replace(padded_fraction=0.6),
        "convolution": acceltran_model(taps, batch=32),
        "short": transformer("bert-tiny", seq_len=32),
        "many": transformer("bert-tiny", seq_len=384, batch=32),
        "decode": transformer("gpt2", mode="decode", context_len=256, batch=16),
    }


def no_machine_is_faster_than_its_peak(case: Case, *, names: str = "masked") -> None:
    """On dense work no machine does more operations a second than it says it can.

    Runs with ops that it has not are left out.
    """
    for name, run in dense_runs().items():
        if name not in names.split():
            continue
        try:
            found = case.ask(run)
        except InputError:
            continue
        rate, peak = float(found.effective_rate), float(found.peak_rate)
        fits = 0.0 < rate <= peak * (1 + _BIT)
        hold(fits, f"{name}: {rate:.6g} op/s, of a peak of {peak:.6g}")


def no_machine_is_faster_than_its_peak_on_any_run(case: Case) -> None:
    """The same for a convolution, short and long sequences, and decoding."""
    no_machine_is_faster_than_its_peak(case, names="convolution short many decode")


def a_clock_that_is_not_reached_raises_no_rate(case: Case) -> None:
    """Ten times the wanted clock gives ten times the peak, or none of it."""
    machine, technology = case.machine, case.technology
    fast = machine.replace(**{n: 10.0 * machine.number(n) for n in case.clocks})
    rates = [float(each.peak_rate(technology)) for each in (machine, fast)]
    reached = [float(each.clock(technology)) for each in (machine, fast)]
    gain, allowed = rates[1] / rates[0], reached[1] / reached[0]
    if isinstance(machine, Pair):  # whose machines have two clocks
        allowed = 10.0
    said = f"the peak rises {gain:.4g} times, the clock {allowed:.4g} times"
    hold(gain <= allowed * (1 + 1e-9), said)


def more_bandwidth_is_never_slower(case: Case) -> None:
    """Latency falls, or stays, as main memory gets faster."""
    latencies = [
        float(case.ask(**dict.fromkeys(case.bandwidths, b)).latency)
        for b in (5.0, 25.6, 256.0, 2560.0)
    ]
    falls(latencies, "latency with bandwidth")


def a_small_buffer_costs_traffic_and_never_fails(case: Case) -> None:
    """Latency falls, or stays, as a buffer grows from nearly nothing."""
    for buffer in case.buffers:
        latencies = [
            float(case.ask(**{buffer: size}).latency) for size in (1e-4, 1e-2, 1.0, 64)
        ]
        falls(latencies, f"latency with `{buffer}`", slack=1e-9)


def every_field_has_a_unit_and_a_meaning(case: Case) -> None:
    """What stands in a design is declared as `quantity` or `static`, and explained."""
    meanings = case.machine.meanings()
    for name, meant in meanings.items():
        hold(meant.unit and meant.doc, f"`{name}` lacks a unit or a meaning")
    named = {name.partition(".")[0] for name in meanings}
    for field in dataclasses.fields(case.machine):  # type: ignore[arg-type]
        if field.metadata.get("static"):
            hold(field.metadata["doc"], f"`{field.name}` lacks a meaning")
        elif getattr(case.machine, field.name) is not None:  # may be left out
            hold(field.name in named, f"`{field.name}` is no `quantity` or `static`")


def each_byte_that_is_needed_moves(case: Case) -> None:
    """Weights, cache, input and output move once at least, by the sum of all."""
    for run in _prefill_and_decode():
        found = case.ask(run)
        moved, needed = found.off_chip_bytes, found.compulsory_bytes
        for origin, least in needed.items():
            enough = float(moved[origin]) >= float(least) * (1 - 1e-9)
            hold(enough, f"{run.name}: fewer bytes of {origin} move than are needed")


def each_byte_that_moves_is_paid_for(case: Case) -> None:
    """What crosses the port takes the energy of its bits in the memory interface."""
    runs = _prefill_and_decode()
    if isinstance(case.machine, Pair):  # the ports of two machines: here that of one
        case = Case(case.machine.coprocessor)
        runs = [run.attention_only() for run in runs]
    memory = case.machine.memory(case.technology)
    if memory is None:
        return
    for run in runs:
        found = case.ask(run)
        bits = 8.0 * sum(map(float, found.off_chip_bytes.values()))
        paid = found.dynamic_energy["memory_interface"]
        what = f"{run.name}: energy of the memory interface"
        near(paid, bits * float(memory.interface_energy), what, relative=1e-5)


def a_larger_batch_moves_no_more_a_sequence(case: Case) -> None:
    """Bytes and energy of a sequence fall, or stay, as more run together."""
    base = transformer("bert-base", seq_len=128)
    runs = [case.ask(base.replace(batch=float(b))) for b in (1, 2, 4, 16, 64, 1024)]
    moved = [sum(map(float, run.off_chip_bytes.values())) for run in runs]
    falls(moved, "bytes of a sequence with batch", slack=1e-9)
    falls([run.energy for run in runs], "energy of a sequence with batch", slack=1e-3)


def a_buffer_a_little_smaller_moves_a_little_more(case: Case) -> None:
    """No cliff: a buffer smaller by 1 % moves at most a tenth more bytes."""
    work = transformer("bert-base", seq_len=128, batch=4)
    for buffer in case.buffers:
        size = case.machine.number(buffer)
        for scale in (0.003, 0.03, 0.3, 1.0, 3.0):
            smaller, larger = (
                sum(map(float, case.ask(work, **{buffer: s}).off_chip_bytes.values()))
                for s in (0.99 * scale * size, scale * size)
            )
            at = f"bytes at {scale:g} times `{buffer}`, and 1 % less of it"
            rises([larger, smaller], at, slack=1e-9)
            hold(smaller <= 1.1 * larger, f"{at}: {larger:.6g}, then {smaller:.6g}")


def _prefill_and_decode() -> list[Workload]:
    return [
        transformer("bert-mini", seq_len=64, batch=4),
        transformer("gpt2", mode="decode", context_len=512, batch=2),
    ]
