"""Parameter files: what is in them, and what is said when one is wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dse.errors import InputError
from dse.hardware.parameters import load_parameters

GOOD = """\
[lane.area]
value  = 2.0
unit   = "um^2"
status = "quoted"
source = "tuli2023acceltran"
where  = "table 1"
"""


@pytest.fixture
def write(tmp_path: Path):
    def write_file(text: str, name: str = "mine.toml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file


def faults_of(path: Path, **options: str) -> list[str]:
    """The lines of the error that this file raises, without the folder."""
    with pytest.raises(InputError) as caught:
        load_parameters(path, **options)
    return str(caught.value).replace(f"{path.parent}/", "").split("\n")


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_shipped_number_comes_with_its_unit_status_and_source() -> None:
    area = load_parameters("acceltran")["softmax.area_tile_16"]
    assert (area.value, area.unit) == (87573.326116, "um^2")
    assert (area.status, area.source) == ("quoted", "tuli2023acceltran")
    assert "softmax.tile_16" in area.where


def test_numbers_are_si_inside_and_as_written_in_the_table() -> None:
    parameters = load_parameters("acceltran")
    assert parameters.value_si("clock.frequency") == pytest.approx(700e6)
    assert parameters.si()["weight_buffer.area"] == pytest.approx(
        294100.83e-12 / 2**20, rel=1e-12
    )
    row = next(row for row in parameters.table() if row.key == "clock.frequency")
    assert (row.value, row.unit, row.status) == (700, "MHz", "quoted")


def test_the_edge_machine_has_the_area_that_its_authors_state() -> None:
    area = load_parameters("acceltran").si()
    per_lane = ("lane.area_m16_gelu", "fifo.area", "pre_sparsity.area")
    lane = sum(area[key] for key in (*per_lane, "post_sparsity.area"))
    softmax, layer_norm = area["softmax.area_tile_16"], area["layer_norm.area_tile_16"]
    per_pe = 16 * lane + 4 * softmax + layer_norm
    per_pe += area["dataflow.area"] + area["dma.area"]
    buffers = (
        4 * area["activation_buffer.area"]
        + 8 * area["weight_buffer.area"]
        + 1 * area["mask_buffer.area"]
    ) * 2**20
    assert 64 * per_pe + buffers == pytest.approx(54.064e-6, rel=1e-4)


def test_the_simulator_moves_twenty_bits_where_the_label_means_a_byte() -> None:
    numbers = load_parameters("acceltran").si()
    element = numbers["number.integer_bits"] + numbers["number.fraction_bits"]
    for port, label in (
        ("simulator.bandwidth_low", "main_memory.bandwidth_low"),
        ("simulator.bandwidth_high", "main_memory.bandwidth_high"),
        ("simulator.buffer_bandwidth", "buffer.bandwidth"),
    ):
        labelled = numbers[label] / 1e9 * 2**30 * element / numbers["clock.frequency"]
        assert numbers[port] == pytest.approx(labelled, rel=1e-6)


def test_every_assumed_number_says_why_and_how_far_it_may_be_off() -> None:
    rows = load_parameters("acceltran").table()
    assert [row.key for row in rows if row.status == "assumed"] == [
        "idle.leakage_share"
    ]


def test_your_own_file_of_any_name_loads(write) -> None:
    parameters = load_parameters(write(GOOD))
    assert parameters.name == "mine"
    assert parameters.value_si("lane.area") == 2e-12
    assert parameters.sources() == ["tuli2023acceltran"]


def test_a_source_may_stand_in_a_bibliography_beside_your_file(write) -> None:
    path = write(changed("tuli2023acceltran", "me2026"))
    write("@misc{me2026,\n  title = {Mine},\n}\n", "references.bib")
    assert load_parameters(path).sources() == ["me2026"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (changed('"um^2"', '"um2"'), "mine.toml:3: lane.area: `um2` is not a unit"),
        (changed('"um^2"', '"um2"'), "Did you mean `um^2`?"),
        (changed("2.0", '"two"'), "mine.toml:2: lane.area: `value` is 'two'; write a"),
        (changed("2.0", "nan"), "mine.toml:2: lane.area: `value` is nan; write a"),
        (changed("2.0", "true"), "mine.toml:2: lane.area: `value` is True; write a"),
        (
            changed('source = "tuli2023acceltran"\n', ""),
            "mine.toml:1: lane.area: `source` is missing; write a key of",
        ),
        (
            changed("tuli2023acceltran", "tuli2023aceltran"),
            "mine.toml:5: lane.area: source `tuli2023aceltran` is not in",
        ),
        (changed("tuli2023acceltran", "tuli23accel"), "Did you mean `tuli2023acceltra"),
        (changed("where ", "wear  "), "mine.toml:6: lane.area: `wear` says nothing"),
        (changed("where ", "wear  "), "Did you mean `where`?"),
        (changed("table 1", ""), "mine.toml:6: lane.area: `where` is ''; write the"),
        (changed("quoted", "guess"), "mine.toml:4: lane.area: `status` is 'guess'; wr"),
        (
            changed("quoted", "derived"),
            "mine.toml:1: lane.area: a value that is derive",
        ),
        (changed("quoted", "fitted"), "needs `fitted_to`; add it"),
        (changed("quoted", "assumed"), "needs `why` and `low` and `high`; add it"),
        (GOOD + "low = 3.0\n", "mine.toml:1: lane.area: value 2 um^2 is outside its"),
        (GOOD + "high = 1.0\n", "outside its range"),
        ("area = 2.0\n" + GOOD, "mine.toml:1: area: stands alone; write `[component."),
        ("[lane]\narea = 2.0\n", "mine.toml:2: lane.area: is only 2.0; make it a tabl"),
        (GOOD + "oops\n", "mine.toml:7: not TOML: "),
        (GOOD + GOOD, "mine.toml:7: not TOML: "),
    ],
)
def test_a_fault_is_told_with_file_line_key_and_remedy(
    write, text: str, said: str
) -> None:
    (fault,) = [line for line in faults_of(write(text)) if said in line]
    assert re.search(r"; \w+|Did you mean `", fault)


def test_all_faults_of_a_file_are_told_at_once_in_its_order(write) -> None:
    second = GOOD.replace("lane.area", "lane.width").replace("um^2", "nmm")
    faults = faults_of(write(changed("2.0", "'x'") + "\n" + second))
    assert [fault.split(": ")[0] for fault in faults] == ["mine.toml:2", "mine.toml:10"]


def test_a_derived_value_must_be_what_its_expression_works_out_to(write) -> None:
    twice = changed("lane.area", "pair.area").replace("quoted", "derived")
    derived = f'{twice.replace("2.0", "4.0")}expression = "2 * lane.area"\n'
    assert load_parameters(write(GOOD + derived)).value_si("pair.area") == 4e-12
    for wrong, said in (
        (derived.replace("4.0", "4.00001"), "its expression works out to 4e-12 in SI"),
        (derived.replace("2 *", "2 /"), "its expression works out to"),
        (derived.replace("lane.area", "lane.aera"), "Did you mean `lane.area`?"),
        (derived.replace("2 *", "print *"), "`print` is not a key here"),
        (derived.replace("2 * lane.area", "f(2)"), "more than arithmetic"),
        (derived.replace("2 * lane.area", "(-2) ** 0.5"), "complex"),
    ):
        (fault,) = faults_of(write(GOOD + wrong.replace("[lane.area]", "[pair.area]")))
        assert fault.startswith("mine.toml:13: pair.area: ")
        assert said in fault


def acceltran_with(old: str, new: str) -> str:
    text = load_parameters("acceltran").path.read_text()
    assert old in text
    return text.replace(old, new, 1)


def test_a_copy_of_a_shipped_file_may_change_its_values(write) -> None:
    text = acceltran_with("value  = 700\n", "value  = 650\n")
    for parameters in (
        load_parameters(write(text, "acceltran.toml")),
        load_parameters(write(text), like="acceltran"),
    ):
        assert parameters.value_si("clock.frequency") == pytest.approx(650e6)


def test_a_misspelt_key_in_a_copy_is_one_fault_with_the_key_that_was_meant(
    write,
) -> None:
    text = acceltran_with("[clock.frequency]", "[clock.frequncy]")
    (fault,) = faults_of(write(text, "acceltran.toml"))
    assert re.match(r"acceltran\.toml:\d+: clock\.frequncy: is not a parameter", fault)
    assert fault.endswith("Did you mean `clock.frequency`?")


def test_a_unit_in_a_copy_must_measure_what_the_shipped_one_does(write) -> None:
    text = acceltran_with('unit   = "MHz"', 'unit   = "ps"')
    (fault,) = faults_of(write(text), like="acceltran")
    assert re.match(r"mine\.toml:\d+: clock\.frequency: `ps` measures time; ", fault)


def test_a_key_left_out_of_a_copy_is_missed(write) -> None:
    faults = faults_of(write(GOOD), like="stillmaker2017")
    assert any("area.from_65_to_45: is missing; copy it" in fault for fault in faults)
    assert "mine.toml:1: lane.area: is not a parameter of stillmaker2017" in faults[-1]


def test_an_unknown_name_or_key_is_answered_with_the_closest_known_one() -> None:
    with pytest.raises(InputError, match="Did you mean `acceltran`"):
        load_parameters("aceltran")
    with pytest.raises(InputError, match=r"Did you mean `clock\.frequency`"):
        load_parameters("acceltran").value_si("clock.freqency")


def test_a_file_that_is_not_there_is_said_to_be_unreadable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml: cannot be read"):
        load_parameters(tmp_path / "nowhere.toml")


def test_checking_a_file_and_citing_does_not_import_jax() -> None:
    program = (
        "import sys; from dse.hardware.citations import cite; "
        "from dse.hardware.parameters import load_parameters; "
        "cite(load_parameters('acceltran').sources()); "
        "sys.exit('jax' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
