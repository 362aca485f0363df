"""A front comes back as a study of its machines, which answers the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dse
from dse.cli.main import main
from dse.explore.basis import Basis, read_suite
from dse.explore.hashes import hash_of_records
from dse.explore.objectives import read_objectives
from dse.hardware.technology import read_technology
from dse.sparsity.curve_names import curve_path
from dse.study.written import study_files

EDGE = dse.TileEngine.edge()
TINY = dse.transformer("bert-tiny", seq_len=32)
CURVE = dse.load_curve("minilm-l6/wordnet/dynatran", sequence_length=32)
GOALS = ("max:throughput", "min:energy", "min:area")
SUITE = [
    TINY.with_density(activation=0.5, weight=0.4).with_attention(
        kept=0.3, kept_first_round=0.5
    ),
    TINY.with_curve(CURVE, 0.005, stand_in=True),
]


def space(**more: Any) -> dse.Space:
    axes: dict[str, Any] = {
        "pes": [64, 128],
        "main_memory": ["dram_32_2_1", "hbm_32_1_4"],
        "issue_batch": dse.tied("pes / 8"),
    }
    return dse.Space(EDGE.replace(tile_size=16), **axes | more)


@pytest.fixture(scope="module")
def front() -> dse.Runs:
    """A front of a machine that is no preset, on two workloads."""
    found = dse.sweep(space(batch=[1, 4]), SUITE, weights=[1, 2], progress=False)
    return dse.pareto(found, *GOALS)


def check_answers_as(folder: Path, front: dse.Runs) -> dse.Runs:
    """Return the front of a study, which is one that is known, bit for bit."""
    found = dse.load_study(folder).run(progress=False)
    assert len(found) == found.evaluated == len(front)
    assert [found.row(row) for row in range(len(found))] == [
        front.row(row) for row in range(len(front))
    ]
    for metric, column in front.metrics.items():
        assert found.metrics[metric].tobytes() == column.tobytes(), metric
    return found


def test_a_front_comes_back_and_goes_round(front: dse.Runs, tmp_path: Path) -> None:
    assert 3 < len(front) < 8
    dse.save(front, tmp_path / "study.toml")
    found = check_answers_as(tmp_path, front)
    assert list(found.designs["batch"]) == list(front.designs["batch"])
    again = dse.load(dse.save(found, tmp_path / "found.parquet"))
    assert (again.space.size, list(again.index)) == (len(front), [*range(len(front))])
    for other in ("twice", "thrice"):
        (tmp_path / other).mkdir()
        dse.save(again, tmp_path / other / "study.toml")
    texts = [path.read_text() for path in sorted(tmp_path.rglob("study.toml"))]
    assert texts[0] == texts[1] == texts[2]


@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        (1, "What does this machine give?"),
        (2, "Which of these 2 machines is the best?"),
    ],
)
def test_a_study_asks_of_as_many_machines_as_it_has(
    front: dse.Runs, tmp_path: Path, rows: int, asked: str
) -> None:
    dse.save(front.take(np.arange(rows)), tmp_path / "study.toml")
    assert dse.load_study(tmp_path).question == asked


def single(design: Any, workload: Any, technology: Any = None) -> dse.Runs:
    """Results of one machine that nobody evaluated."""
    used = read_technology(technology, design)
    basis = Basis(read_suite(workload, None), used, "walk", False)
    metrics = {"energy": np.ones(1)}
    row = np.zeros(1, int), metrics, np.full(1, "", object), 1
    return dse.Runs(dse.Space(design), basis, *row, read_objectives(["min:energy"]))


@pytest.mark.parametrize(
    ("design", "workload", "technology"),
    [
        (
            dse.NMEngine.edge(),
            dse.transformer("gpt2", mode="decode", context_len=64),
            None,
        ),
        (
            dse.CrossbarEngine.puma(),
            dse.generation(
                "gpt2", prompt=9, new_tokens=4, chunk=4, batch=2, format="int8"
            ).with_density(activation=0.7),
            None,
        ),
        (
            dse.Pair(host=EDGE, coprocessor=dse.SprintEngine.m_sprint()),
            TINY.attention_only(),
            None,
        ),
        (EDGE, "vit-b", "acceltran"),
        (EDGE, TINY, EDGE.default_technology().at_node(7)),
        (dse.ReferenceMachine.h100(), TINY.replace(batch=8, padded_fraction=0.1), None),
    ],
)
def test_each_engine_and_kind_of_workload_comes_back(
    design: Any, workload: Any, technology: Any, tmp_path: Path
) -> None:
    runs = single(design, workload, technology)
    study = dse.load_study(dse.save(runs, tmp_path / "study.toml"))
    assert study.space.at(0) == design
    assert study.basis.to_json() == runs.basis.to_json()
    mine, theirs = study.technology.values, runs.basis.technology.values
    assert mine == theirs


@pytest.mark.parametrize(
    ("design", "workload", "technology", "said"),
    [
        (EDGE, TINY.with_density(activation=0.5), "mine", "no parameter file holds"),
        (dse.TileEngine(conventions=dse.SIMULATOR), TINY, None, "are design 0"),
    ],
)
def test_what_a_study_has_no_words_for_is_refused(
    design: Any, workload: Any, technology: Any, said: str, tmp_path: Path
) -> None:
    if technology is not None:
        technology = EDGE.default_technology().replace(**{"clock.frequency": "1 GHz"})
    with pytest.raises(dse.InputError, match=said):
        dse.save(single(design, workload, technology), tmp_path / "study.toml")
    assert list(tmp_path.iterdir()) == []


LLAMA = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 3,
    "vocab_size": 500,
    "max_position_embeddings": 128,
}
HEADS = ["sa_sdp_32", "c_5_32"]
DICTIONARY = {"l": 2, "o": [HEADS, HEADS[:1]], "h": [64, 64], "f": [[96], [96, 64]]}


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder of a user, with a model, a dictionary and a curve."""
    folder = tmp_path / "given"
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "config.json").write_text(json.dumps(LLAMA))
    (folder / "heads.json").write_text(json.dumps(DICTIONARY))
    shutil.copy(curve_path("bert-tiny/sst-2/dynatran"), folder / "curve.toml")
    return folder


def mine(given: Path, **how: Any) -> dse.Workload:
    return dse.transformer(given / "mine" / "config.json", seq_len=16, **how)


WAYS: dict[str, Callable[[Path], Any]] = {
    "a config of one's own": mine,
    "the folder of a config": lambda given: dse.transformer(given / "mine"),
    "what a config holds": lambda given: dse.transformer(LLAMA, seq_len=16),
    "a step of decoding": lambda given: mine(given, mode="decode", context_len=32),
    "a generation": lambda given: dse.generation(
        given / "mine", prompt=20, new_tokens=5, chunk=8, batch=2, format="w4a16 kv8"
    ),
    "a dictionary": lambda given: dse.acceltran_model(DICTIONARY, seq_len=16),
    "densities of one's own": lambda given: mine(given).with_density(
        activation=0.31, weight=0.7
    ),
    "kept pairs": lambda given: mine(given).with_attention(
        kept=0.3, kept_first_round=0.6
    ),
    "the path of a curve": lambda given: TINY.with_curve(
        dse.load_curve(given / "curve.toml"), 0.05, stand_in=True
    ),
    "a curve on a config": lambda given: mine(given).with_curve(
        dse.load_curve(given / "curve.toml"), 0.05, stand_in=True
    ),
    "a threshold for each layer": lambda given: TINY.with_curve(
        CURVE, np.asarray([0.003, 0.006]), stand_in=True
    ),
    "waiting lanes": lambda given: TINY.with_imbalance(1.5),
    "a suite": lambda given: [mine(given), mine(given, batch=4), TINY],
    "a model of one's own that has a name of the zoo": lambda given: replace(
        mine(given), name="bert-base"
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_front_comes_back_however_its_workload_was_given(
    way: str, given: Path, tmp_path: Path
) -> None:
    asked = WAYS[way](given)
    weights = [1, 2, 3][: len(asked)] if isinstance(asked, list) else None
    batch = {} if way == "a generation" else {"batch": [1, 4]}
    few = dse.Space(EDGE, pes=[64, 128], **batch)
    runs = dse.sweep(few, asked, weights=weights, progress=False)
    front = dse.pareto(runs, "max:throughput", "min:energy")
    mine_before = {path: path.read_bytes() for path in given.rglob("*.*")}
    study = dse.load_study(dse.save(front, given / "study.toml"))
    found = check_answers_as(given, front)
    assert study.basis.to_json(moved=batch) == front.basis.to_json(moved=batch)
    (tmp_path / "sent").mkdir()
    again = dse.load(dse.save(found, tmp_path / "found.parquet"))
    dse.save(again, tmp_path / "sent" / "study.toml")
    same = dse.load_study(tmp_path / "sent")
    assert same.hash == study.hash
    for path, before in mine_before.items():
        assert path.read_bytes() == before
        path.unlink()
    if "path of a curve" not in way:  # what it stands in stays where it was
        check_answers_as(tmp_path / "sent", front)


def test_no_file_of_a_user_gives_way_to_a_workload(given: Path) -> None:
    front = single(EDGE, mine(given))
    (beside,) = set(study_files(front, given / "study.toml")) - {"study.toml"}
    assert beside.startswith("mine-")
    (given / beside).write_text("notes")
    with pytest.raises(dse.InputError, match=f"{beside}: is there already"):
        dse.save(front, given / "study.toml")
    assert (given / beside).read_text() == "notes"
    assert not (given / "study.toml").exists()


def test_a_saved_workload_says_itself_how_it_runs(given: Path) -> None:
    dse.save(mine(given, batch=4), given / "run.json")
    for key, said in (
        ("seq_len = 8", "study.toml:5: workload: `seq_len` says nothing of a workload"),
        ("batch = 8", "study.toml:5: workload: `batch` says nothing of a workload"),
    ):
        write_study(given, f'model = "run.json"\n{key}')
        with pytest.raises(dse.InputError, match=said):
            dse.load_study(given)
    write_study(given, 'model = "run.json"')
    ((found, _),) = dse.load_study(given).suite
    assert hash_of_records(found) == hash_of_records(mine(given, batch=4))
    text = (given / "run.json").read_text()
    (given / "run.json").write_text(text.replace("16", "32", 1))
    with pytest.raises(dse.InputError, match=r"run\.json: was changed after"):
        dse.load_study(given)
    with pytest.raises(dse.InputError, match=r"run\.json: holds what `dse\.save`"):
        dse.transformer(given / "run.json")
    dse.save(EDGE, given / "run.json")
    with pytest.raises(dse.InputError, match=r"run\.json: holds a `TileEngine`"):
        dse.load_study(given)


def test_a_dictionary_of_acceltran_is_taken_as_it_is(
    given: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(given, 'model = "heads.json"\nseq_len = 16\nbatch = 2')
    ((found, _),) = dse.load_study(given).suite
    wanted = dse.acceltran_model(DICTIONARY, seq_len=16, batch=2, name="heads")
    assert hash_of_records(found) == hash_of_records(wanted)
    path = str(given / "heads.json")
    words = ["evaluate", "--workload", path, "--seq-len", "16", "--batch", "2"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--json"])
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    metrics = dse.evaluate("tile:edge", wanted)
    assert told["metrics"]["energy_mj"] == pytest.approx(float(metrics.energy) * 1e3)
    named = dse.evaluate("tile:edge", path)
    alone = dse.acceltran_model(DICTIONARY, batch=1, name="heads")
    assert float(named.energy) == float(dse.evaluate("tile:edge", alone).energy)
    with pytest.raises(dse.InputError, match=r"heads\.json: holds a model dictionary"):
        dse.model_shape(path)
    write_study(given, 'model = "heads.json"\nmode = "decode"')
    with pytest.raises(dse.InputError, match="`mode` says nothing of a model dict"):
        dse.load_study(given)


def write_study(folder: Path, workload: str) -> None:
    (folder / "study.toml").write_text(
        'question = "Which?"\nengine = "tile"\npreset = "edge"\n'
        f'objectives = ["min:energy"]\n[[workload]]\n{workload}\n[space]\npes = [64]\n'
    )


def test_results_that_are_no_front_ask_for_nothing(front: dse.Runs) -> None:
    with pytest.raises(dse.InputError, match="these results are no front"):
        dse.save(replace(front, objectives=()), "study.toml")


def test_the_command_takes_a_folder_and_numbers(
    front: dse.Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dse.save(front, "front.parquet")
    chosen = [str(number) for number in front.index[[0, 2]]]
    words = ["new", "study", "short", "--from", "front.parquet"]
    for code, more in (
        (2, ["--design", "7777777"]),
        (0, ["--design", chosen[0], "--design", chosen[1]]),
    ):
        with pytest.raises(SystemExit) as ended:
            main([*words, *more])
        assert ended.value.code == code
        assert Path("short").is_dir() == (code == 0)
    check_answers_as(Path("short"), front.take([0, 2]))


# -- lists of machines -----------------------------------------------------------------


def test_a_list_is_numbered_in_its_order() -> None:
    listed = dse.Space.listed(
        EDGE,
        pes=[128, 64, 128],
        main_memory=["hbm_32_1_4", "dram_32_2_1", "dram_32_2_1"],
    )
    assert len(listed) == 3
    assert [listed.at(n).pes for n in range(3)] == [128, 64, 128]
    assert listed.index(pes=128, main_memory="dram_32_2_1") == 2
    with pytest.raises(dse.InputError, match="no machine of the list"):
        listed.index(pes=64, main_memory="hbm_32_1_4")
    with pytest.raises(dse.InputError, match="no way from one machine"):
        dse.tune("min:energy", listed, workload=TINY, progress=False)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "needs a column"),
        ({"pes": 64}, "column `pes` is 64"),
        ({"pes": [64, 128], "batch": [1]}, "`batch` has 1 values and `pes` 2"),
        ({"pes": [64, 128, 64]}, "machines 0 and 2 .* are the same"),
        ({"pes": [64, "many"]}, "many"),
        ({"pe": [64]}, "Did you mean `pes`"),
        ({"pes": [64, None]}, "column `pes`"),
    ],
)
def test_what_is_no_list_is_refused(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(dse.InputError, match=said):
        dse.Space.listed(EDGE, **columns)
