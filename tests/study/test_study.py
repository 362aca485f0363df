"""Studies: what their files may say, and what they come to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jax
import pytest

import dse
from dse.evaluation import combine
from dse.study.summary import summarize

WHOLE = """\
question = "Which machine?"
engine = "tile"
preset = "edge"
objectives = ["max:throughput", "min:energy"]
limits = ["area <= 70 mm^2"]

[[workload]]
model = "bert-tiny"
seq_len = 64
activation_density = 0.5
why_density = "stated: for a test"
weight = 3

[[workload]]
model = "own/config.json"

[space]
pes = [64, 128]
main_memory = ["dram_32_2_1", "rram_32_2_1"]
batch = [1, 4]
issue_batch = "pes / 8"

[legal]
"few sequences on many PEs" = "pes * batch <= 256"

[reference]
Edge = { preset = "edge", batch = 4 }
"""
CONFIG = (
    '{"model_type": "bert", "num_hidden_layers": 1, "hidden_size": 128, '
    '"num_attention_heads": 2, "intermediate_size": 256, "vocab_size": 1000, '
    '"max_position_embeddings": 512, "type_vocab_size": 2}'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my_study"
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "config.json").write_text(CONFIG)
    (folder / "study.toml").write_text(WHOLE)
    return folder


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    """Change parts of the file of a study, each of which stands there once."""
    file = folder / "study.toml"
    text = file.read_text()
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    file.write_text(text)
    return file


def faults(path: Path) -> list[str]:
    """Return the messages of a study that does not load, without its path."""
    with pytest.raises(dse.InputError) as told:
        dse.load_study(path)
    lines = str(told.value).splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_a_study_holds_what_its_file_says(folder: Path) -> None:
    study = dse.load_study(folder)
    assert study.name == "my_study"
    assert study.question == "Which machine?"
    assert study.space.shape == (2, 2, 2)
    assert study.objectives == ("max:throughput", "min:energy")
    assert study.limits == ("buildable", "area <= 70 mm^2")
    assert study.timing == "walk"
    assert study.technology.name == "acceltran + memories"
    assert [weight for _, weight in study.suite] == [3.0, 1.0]
    assert study.why_density == ("stated: for a test", "")
    tiny, own = (workload for workload, _ in study.suite)
    assert (tiny.seq_len, own.seq_len) == (64, 128)
    assert set(tiny.blocks[1].ops.input_density) == {0.5}
    assert own.weights < tiny.weights
    assert study.references == {"Edge": dse.TileEngine.edge()}
    assert study.reference_batches == {"Edge": 4.0}


def test_a_folder_and_its_file_are_the_same_study(folder: Path) -> None:
    by_folder, by_file = dse.load_study(folder), dse.load_study(folder / "study.toml")
    assert by_folder.name == by_file.name
    assert by_folder.space.shape == by_file.space.shape


def test_a_text_ties_a_field_to_others(folder: Path) -> None:
    moved = dse.load_study(folder).space.decode(range(8))
    assert list(moved["issue_batch"]) == list(moved["pes"] / 8)


def test_a_study_knows_what_it_rests_on(folder: Path) -> None:
    study = dse.load_study(
        changed(folder, ("objectives =", "node_nm = 7\nobjectives ="))
    )
    assert study.technology.name == "acceltran + memories at 7 nm"
    assert study.sources[0] == "tuli2023acceltran"
    of_memories = set(dse.load_parameters("memories").sources())
    own = [key for key in study.sources if key not in of_memories]
    assert own == ["stillmaker2017scaling", "turc2019wellread"]
    assert of_memories <= set(study.sources)
    assert all(f"{{{key}," in study.bibtex for key in study.sources)


def test_running_a_study_gives_the_front_of_its_suite_within_its_rules(
    folder: Path,
) -> None:
    study = dse.load_study(folder)
    front = study.run(progress=False)
    rows = dse.sweep(
        study.space,
        [workload for workload, _ in study.suite],
        weights=[3, 1],
        limits=study.limits,
        progress=False,
    )
    expected = dse.pareto(rows, *study.objectives)
    assert front.evaluated == 8
    assert list(front.index) == list(expected.index)
    assert set(rows.reason) == {
        "",
        "few sequences on many PEs",
        "breaks area <= 70 mm^2",
    }

    summary = summarize(study, front)
    edge = summary.standings[0]
    own = study.evaluate(dse.TileEngine.edge(), batch=4)
    assert float(edge.metrics.energy) == float(own.energy)
    for row in edge.beaten_by:
        assert front.metrics["throughput"][row] >= own.throughput
        assert front.metrics["energy"][row] <= own.energy
    gains = (
        front.metrics["throughput"] / own.throughput,
        own.energy / front.metrics["energy"],
    )
    evenly = [min(pair) for pair in zip(*gains, strict=True)]
    assert min(edge.gains.values()) == pytest.approx(max(evenly), rel=1e-12)
    assert edge.rival == evenly.index(max(evenly))
    best = summary.best["max:throughput"]
    assert front.metrics["throughput"][best] == front.metrics["throughput"].max()


def test_a_machine_is_evaluated_over_the_suite_at_its_own_batch(folder: Path) -> None:
    study = dse.load_study(folder)
    with jax.enable_x64(True):
        parts = [
            dse.evaluate(dse.TileEngine.edge(), workload.replace(batch=4))
            for workload, _ in study.suite
        ]
        expected = combine(parts, [3.0, 1.0])
    found = study.evaluate_references()["Edge"]
    assert float(found.energy) == pytest.approx(float(expected.energy), rel=1e-12)
    assert float(found.throughput) == pytest.approx(
        float(expected.throughput), rel=1e-12
    )


def test_all_faults_of_a_file_are_told_at_once_in_its_order(folder: Path) -> None:
    file = changed(
        folder,
        ("engine =", "engin ="),
        ('"max:throughput"', "5"),
        ('"bert-tiny"', '"bert-tny"'),
        ("seq_len = 64", "seq_len = 64.5"),
        ("weight = 3", "weight = 0"),
        ("pes = [64, 128]", "pes = [64, 64]"),
        ("batch = [1, 4]", "batch = []"),
        ("batch = 4 }", "bach = 4 }"),
    )
    found = faults(file)
    expected = [
        "1: engine: is missing; write the kind of machine",
        "2: engin: is not a key of a study; rename or remove it. Did you mean `eng",
        "4: objectives: is 5; write a list such as",
        "8: workload.model: `bert-tny` is neither a model of the zoo nor a path",
        "9: workload.seq_len: is 64.5; write tokens per sequence, a whole number; left "
        "out, 128, or those of an image.",
        "12: workload.weight: is 0; write its weight in the suite, above 0.",
        "18: space.pes: names 64 twice; say it once.",
        "20: space.batch: is []; write a list of values, or an expression",
        "27: reference.Edge.bach: is not a key of a `reference`; rename or remove it.",
    ]
    assert len(found) == len(expected)
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)


def test_what_an_engine_cannot_run_is_told_of_the_workload(folder: Path) -> None:
    file = folder / "study.toml"
    text = """\
question = "Which co-processor?"
engine = "sprint"
preset = "s_sprint"
objectives = ["min:energy"]
[[workload]]
model = "bert-tiny"
[space]
batch = [1, 2]
"""
    file.write_text(text)
    [fault] = faults(file)
    assert fault.startswith("5: workload: `SprintEngine` cannot run `embedding` ops")
    assert "`part` of a study's workload" in fault
    for more in ('part = "attention"', '[host]\nengine = "tile"\npreset = "edge"'):
        file.write_text(text.replace("[space]", f"{more}\n[space]"))
        assert dse.load_study(file).space.size == 2


def test_faults_that_only_the_engine_knows_have_their_line_too(folder: Path) -> None:
    file = changed(
        folder,
        ("max:throughput", "max:troughput"),
        ("area <= 70 mm^2", "area <= 70 kg"),
        ("seq_len = 64", "seq_len = 640"),
        ("pes = [64", "pess = [64"),
        ('"dram_32_2_1"', '"dram_32"'),
        ('"pes / 8"', '"pes / / 8"'),
        ("pes * batch", "pes * bach"),
        ('{ preset = "edge", batch', '{ preset = "edg", batch'),
    )
    found = faults(file)
    expected = [
        (4, "objectives", "Did you mean `throughput`?"),
        (5, "limits", "is not a unit"),
        (7, "workload", "`seq_len` is 640, but `bert-tiny` has positions for 512"),
        (18, "space.pess", "Did you mean `pes`?"),
        (19, "space.main_memory", "Did you mean `dram_32_2_1`?"),
        (21, "space.issue_batch", "is not an expression"),
        (24, "legal.few sequences on many PEs", "Did you mean `batch`?"),
        (27, "reference.Edge", "Did you mean `edge`?"),
    ]
    assert len(found) == len(expected)
    for line, (number, key, remedy) in zip(found, expected, strict=True):
        assert line.startswith(f"{number}: {key}: ")
        assert remedy in line


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("area <= 70", "area <= 0"), "limits: limit 'area <= 0 mm^2': `area` is alw"),
        (('engine = "tile"', 'engine = "tle"'), "Did you mean `tile`?"),
        (
            ("objectives =", 'technology = "aceltran"\nobjectives ='),
            "you mean `acceltran`?",
        ),
        (
            ("objectives =", "node_nm = 15\nobjectives ="),
            "15 nm is not in the scaling tables",
        ),
        (
            ("objectives =", 'timing = "rooflin"\nobjectives ='),
            "write 'walk' or 'roofline'",
        ),
        (('why_density = "stated: for a test"', ""), "needs `why_density`"),
        (
            ("seq_len = 64", "batch = 4"),
            "`batch` is an axis of `[space]` and stands in",
        ),
        ((", batch = 4 }", " }"), "so `[reference]` must say it"),
        (
            ('Edge = { preset = "edge", batch = 4 }', '"an edge" = "edge"'),
            'write "an edge" = { preset',
        ),
        (('["dram_32_2_1", "rram_32_2_1"]', '["dram_32_2_1", 3]'), "or labels only"),
        (("seq_len = 64", "seq_len = 1979-05-27"), "is 1979-05-27; write tokens"),
        (('"pes / 8"', "07:32:00"), "is 07:32:00; write a list of values"),
        (("pes = [64", "design = [64"), "`design` is not a field of `TileEngine`"),
        (('["dram_32_2_1", "rram_32_2_1"]', '"hbm"'), "for values write a list"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_is_told_with_what_to_do(
    folder: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(dse.InputError, match=r"study\.toml") as told:
        dse.load_study(changed(folder, change))
    assert message in str(told.value)


def test_a_place_without_a_study_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(dse.InputError, match="there is no study at"):
        dse.load_study(tmp_path / "nowhere")
    with pytest.raises(dse.InputError, match=r"These folders in it do: my_study\."):
        dse.load_study(tmp_path)


def test_a_file_is_checked_without_jax(folder: Path) -> None:
    changed(folder, ("engine =", "engin ="))
    program = (
        "import sys, dse\n"
        "try:\n    dse.load_study(sys.argv[1])\n"
        "except dse.InputError:\n    print('jax' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
