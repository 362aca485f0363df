"""`dse evaluate`: one machine on one transformer."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import pytest

import dse as package
from dse.compile.function import compile_function
from dse.explore import evaluate as evaluation

Dse = Callable[..., Any]
TINY = ("evaluate", "--workload", "bert-tiny")


def test_the_answer_is_that_of_the_package(dse: Dse) -> None:
    arguments = ("--set", "pes=128", "--batch", "4", "--activation-density", "0.5")
    found = dse(*TINY, *arguments, "--json").json
    run = package.transformer("bert-tiny", batch=4).with_density(activation=0.5)
    with jax.enable_x64(True):
        metrics = package.evaluate(package.TileEngine(pes=128), run)
    assert found["design"]["pes"] == 128
    assert found["bottleneck"] == metrics.bottleneck
    own = found["metrics"]
    assert own["energy_mj"] == pytest.approx(float(metrics.energy) * 1e3, rel=1e-12)
    assert own["area_mm2"] == pytest.approx(float(metrics.area) * 1e6, rel=1e-12)
    assert own["latency_us"] == pytest.approx(float(metrics.latency) * 1e6, rel=1e-12)


def test_parts_sum_to_totals(dse: Dse) -> None:
    found = dse(*TINY, "--json").json
    energy = [
        *found["dynamic_energy_mj"].values(),
        *found["leakage_energy_mj"].values(),
    ]
    assert sum(energy) == pytest.approx(found["metrics"]["energy_mj"], rel=1e-9)
    area = sum(found["area_mm2"].values())
    assert area == pytest.approx(found["metrics"]["area_mm2"], rel=1e-9)
    work = sum(op["dynamic_energy_mj"] for op in found["ops"])
    assert work == pytest.approx(sum(found["dynamic_energy_mj"].values()), rel=1e-9)


def test_it_fits_a_terminal_and_a_pipe(dse: Dse) -> None:
    """Of 80 columns, bars and what is not known of an accuracy among it."""
    run = ("--workload", "gpt2", "--format", "w4a16", "--uncertainty")
    told = dse("evaluate", *run, "--engine", "nm", "--set", "value_format=int16").out
    assert max(map(len, told.splitlines())) <= 80
    assert "not known: words of less than 8 bits" in " ".join(told.split())


def test_it_says_whether_the_machine_can_be_built(dse: Dse) -> None:
    assert re.search(r"^Buildable +yes$", dse(*TINY).out, flags=re.MULTILINE)
    large = (*TINY, "--preset", "server")
    said = "area 1,910 mm^2 is above 858 mm^2 (one reticle)"
    assert f"Buildable no: {said}" in " ".join(dse(*large).out.split())
    told = dse(*large, "--json").json
    assert told["buildable"] is False
    assert told["cannot_be_built"][0] == said
    published = dse(*large, "--technology", "acceltran", "--json").json
    said = "area 1,830 mm^2 is above 858 mm^2 (one reticle)"
    assert published["cannot_be_built"] == [said]


def test_it_says_what_a_metric_hangs_on_and_how_sure_it_is(dse: Dse) -> None:
    asked = ("--sensitivity", "energy", "--uncertainty")
    run, edge = package.transformer("bert-tiny"), package.TileEngine.edge()
    found = dse(*TINY, *asked, "--json").json
    hangs = package.sensitivity(edge, run, metrics=["energy"])
    told = found["sensitivity"]["elasticities"]
    assert told == pytest.approx(hangs.largest("energy", len(told)).to_dict())
    low, high = package.uncertainty(edge, run).interval("energy")
    energy = found["uncertainty"]["metrics"]["energy_mj"]
    assert energy["low"] == pytest.approx(low[0] * 1e3)
    assert energy["high"] == pytest.approx(high[0] * 1e3)
    assert energy["low"] <= energy["nominal"] <= energy["high"]
    text = dse(*TINY, *asked).out
    assert "1 % more of a number changes energy per sequence by:" in text
    assert "sram.leakage_power" in text
    assert re.search(r"^weight buffer +design ", text, re.M)
    assert not re.search(r"buffer mib|gb per s", text)
    assert dse(*TINY, "--sensitivity", "enrgy").code == 2


def test_it_says_what_to_find_out_next(dse: Dse) -> None:
    found = dse(*TINY, "--next", "energy", "--json").json["next"]
    assert found["metric"] == "energy"
    (name, share), *_ = found["shares"].items()
    assert name == "error of the model, energy"
    assert 0.5 < share <= 1.0
    text = dse(*TINY, "--next", "energy").out
    assert "energy per sequence hangs on, to be found out next:" in text
    assert dse(*TINY, "--next", "enrgy").code == 2


def test_every_total_has_a_bar_of_what_the_model_is_off_by(dse: Dse) -> None:
    found = dse(*TINY, "--json").json
    low, high = (found["model_error"][end] for end in ("low", "high"))
    assert {"latency_us", "energy_mj", "area_mm2", "power_w"} <= set(low)
    for name, end in low.items():
        value = found["metrics"][name]
        assert end < value < high[name] or value == 0.0
    text = dse(*TINY).out
    assert re.search(r"Energy per sequence +\S+ .J +\S+ to \S+ .J\n", text)
    assert "Error of the tile model:" in text


def test_choices_are_set_and_shown_by_their_labels(dse: Dse) -> None:
    found = dse(*TINY, "--set", "main_memory=rram_32_2_1", "--json").json
    assert found["design"]["main_memory"] == "rram_32_2_1"


def test_a_smaller_node_takes_less_area_and_energy(dse: Dse) -> None:
    here, there = (
        dse(*TINY, "--json", *more).json["metrics"] for more in ((), ("--node", "7"))
    )
    assert there["area_mm2"] < here["area_mm2"]
    assert there["energy_mj"] < here["energy_mj"]


def test_a_config_file_is_a_workload_and_a_preset_a_machine(
    dse: Dse, tmp_path: Path
) -> None:
    config = tmp_path / "bert-tiny" / "config.json"
    config.parent.mkdir()
    config.write_text(
        '{"model_type": "bert", "num_hidden_layers": 2, "hidden_size": 128, '
        '"num_attention_heads": 2, "intermediate_size": 512, "vocab_size": 30522, '
        '"max_position_embeddings": 512, "type_vocab_size": 2}'
    )
    own = dse("evaluate", "--workload", config, "--preset", "server", "--json").json
    zoo = dse(*TINY, "--preset", "server", "--json").json
    assert own["metrics"] == zoo["metrics"]
    assert own["design"]["pes"] == 512


def test_the_text_names_the_bottleneck_and_every_op(dse: Dse) -> None:
    answer = dse(*TINY, "--seq-len", "64", "--timing", "roofline")
    assert answer.code == 0
    assert "bert-tiny: prefill of 64 tokens, batch 1; roofline timing" in answer.out
    assert "Bottleneck" in answer.out
    assert "FFN down" in answer.out


def test_every_record_tells_its_run_from_every_other(dse: Dse) -> None:
    gpt2 = ("evaluate", "--workload", "gpt2")
    curve = ("--density", "bert-tiny/sst-2/dynatran", "--threshold", "0.02")
    different = (
        (*gpt2, "--seq-len", "32"),
        (*gpt2, "--seq-len", "32", "--kept-pairs", "0.5"),
        (*gpt2, "--seq-len", "32", "--weight-density", "0.5"),
        (*gpt2, "--seq-len", "32", "--node", "7"),
        (*gpt2, "--seq-len", "32", "--timing", "roofline"),
        (*gpt2, "--mode", "decode", "--context-len", "32"),
        (*TINY, *curve),
        (*TINY, *curve[:-1], "0.03"),
    )
    records = [dse(*arguments, "--json").json for arguments in different]
    assert len({record["hash"] for record in records}) == len(records)
    told = ("workload", "technology", "timing")
    assert len({str([record[k] for k in told]) for record in records}) == len(records)
    prefill, kept, _, smaller, _, decode, by_curve, _ = records
    assert (prefill["workload"]["mode"], prefill["workload"]["causal"]) == (
        *("prefill", True),
    )
    assert kept["workload"]["kept_pairs"] == 0.5
    assert smaller["technology"]["node_nm"] == 7
    assert decode["workload"]["context_len"] == 32
    assert decode["metrics"]["throughput_tokens_per_s"] > 0
    assert by_curve["workload"]["threshold"] == 0.02
    assert {"python", "dse", "jax", "numpy"} <= prefill["versions"].keys()
    assert dse(*different[0], "--json").json == prefill


def test_a_decode_step_is_told_by_its_tokens(dse: Dse) -> None:
    arguments = ("--mode", "decode", "--context-len", "512", "--batch", "4")
    text = dse("evaluate", "--workload", "gpt2", *arguments).out
    assert "gpt2: decode step, 512 tokens of context, batch 4" in text
    assert re.search(r"Throughput +[\d,.]+ tokens/s  ", text)
    assert "Energy per token" in text
    assert "seq" not in text


def test_one_unit_for_each_kind_of_quantity_on_a_page(dse: Dse) -> None:
    text = dse(
        *("evaluate", "--workload", "bert-base", "--seq-len", "512", "--batch", "8")
    ).out
    assert re.search(r"Latency of a batch +[\d,.]+ ms  ", text)
    assert "load (ms)" in text
    assert set(re.findall("[µnp]?m?(?:s|J)(?=\\))", text)) == {"ms", "mJ"}


def test_bytes_by_origin_stand_beside_those_that_no_machine_spares(dse: Dse) -> None:
    arguments = ("evaluate", "--workload", "gpt2", "--seq-len", "1024")
    told = dse(*arguments, "--json").json
    moved, least = told["off_chip_mb"], told["compulsory_mb"]
    assert moved["spilled"] > 0
    assert least.keys() == {"weights", "cache", "input", "output"}
    lines = dse(*arguments).out.splitlines()
    start = lines.index("off chip, per sequence  moved (MB)  compulsory (MB)")
    table = lines[start : lines.index("", start)]
    assert max(map(len, table)) <= 80
    rows = {cells[0]: cells[1:] for cells in map(str.split, table[2:])}
    assert "cache" not in rows  # nothing of it, and nothing is said of it
    assert float(rows["weights"][0]) == pytest.approx(moved["weights"], rel=0.005)
    assert float(rows["spilled"][0]) == pytest.approx(moved["spilled"], rel=0.005)
    assert rows["spilled"][1] == "0"
    for place, found in enumerate((moved, least)):
        total = sum(found.values())
        assert float(rows["all"][place]) == pytest.approx(total, rel=0.005)


def test_attention_alone_tells_what_it_moves_and_no_least(dse: Dse) -> None:
    text = dse(
        *("evaluate", "--engine", "sprint", "--preset", "m_sprint"),
        *("--part", "attention", "--workload", "bert-base"),
    ).out
    assert re.search(r"\noff chip, per sequence +moved \([kM]B\)\n", text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "pess=3"), "Did you mean `pes`?"),
        (("--set", "pes=0"), "outside its range"),
        (("--set", "conventions=x"), "has no field `conventions` to set"),
        (("--set", "main_memory=rram_32"), "Did you mean `rram_32_2_1`?"),
        (("--preset", "edg"), "Did you mean `edge`?"),
        (("--engine", "tyle"), "Did you mean `tile`?"),
        (("--seq-len", "1000"), "has positions for 512 tokens"),
        (("--node", "15"), "15 nm is not in the scaling tables"),
        (("--technology", "aceltran"), "Did you mean `acceltran`?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_value_is_told_with_what_to_do(
    dse: Dse, arguments: tuple[str, ...], message: str
) -> None:
    answer = dse(*TINY, *arguments)
    assert answer.code == 2
    assert message in answer.err


def test_a_number_of_the_technology_is_changed_from_the_command_line(dse: Dse) -> None:
    asked = ("--set-technology", "clock.frequency=1 GHz", "--json")
    found = dse(*TINY, *asked).json
    technology = package.load_technology("acceltran", "memories")
    faster = technology.replace(**{"clock.frequency": "1 GHz"})
    edge, run = package.TileEngine.edge(), package.transformer("bert-tiny")
    wanted = package.evaluate(edge, run, technology=faster)
    assert found["metrics"]["latency_us"] == pytest.approx(float(wanted.latency) * 1e6)
    assert found["technology"]["name"] == faster.name
    for text, said in (
        ("clock.frequncy=1 GHz", "Did you mean `clock.frequency`"),
        ("clock.frequency=1", "has no unit"),
        ("clock.frequency", "write KEY=VALUE UNIT"),
    ):
        refused = dse(*TINY, "--set-technology", text)
        assert refused.code == 2
        assert said in refused.err


def test_a_prompt_is_answered_in_a_format(dse: Dse) -> None:
    arguments = ("--prompt", "16", "--new-tokens", "4", "--batch", "2")
    told = dse(
        *("evaluate", "--model", "gpt2", *arguments, "--format", "w4a16", "--json")
    ).json
    work = package.generation("gpt2", prompt=16, new_tokens=4, batch=2, format="w4a16")
    found = package.evaluate("tile:edge", work)
    assert told["metrics"]["tokens_per_second_tokens_per_s"] == pytest.approx(
        float(found.tokens_per_second)
    )
    assert told["workload"]["format"] == "w4a16"
    assert told["memory_use_gib"] == pytest.approx(
        {kind: float(size) / 2**30 for kind, size in found.memory_use.items()}
    )
    assert (told["fits"], told["memory_capacity_gib"]) == (True, 16.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--prompt", "8"), "--prompt is answered by --new-tokens"),
        (("--chunk", "8"), "--chunk cuts a --prompt"),
        (
            ("--prompt", "8", "--new-tokens", "2", "--seq-len", "4"),
            "--seq-len says nothing of a prompt",
        ),
        (("--format", "w4b4"), "has the word 'w4b4'"),
        (("--format", "bf16"), "`TileEngine` computes words of 20 bits"),
    ],
)
def test_half_a_prompt_and_words_that_cannot_be_computed_are_told(
    dse: Dse, arguments: tuple[str, ...], message: str
) -> None:
    told = dse("evaluate", "--model", "gpt2", *arguments)
    assert told.code == 2
    assert message in " ".join(told.err.split())


def test_a_model_is_traced_by_the_first_command_alone(
    dse: Dse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DSE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    traced: list[object] = []

    def counted(function: Any, names: Any) -> Any:
        traced.append(function)
        return compile_function(function, names)

    monkeypatch.setattr(evaluation, "compile_function", counted)

    def afresh() -> str:
        evaluation._function.cache_clear()
        found = str(dse(*TINY).out)
        assert "DSE_CACHE" not in os.environ
        return found

    first = afresh()
    assert len(traced) == 2  # costs, and accuracy, which is quick
    assert afresh() == first
    assert len(traced) == 3
    assert len(list((tmp_path / "dse").iterdir())) == 1
