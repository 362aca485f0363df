"""`dse engines`, `dse models`, `dse memories`."""

from __future__ import annotations

import pytest

import dse as package
from dse.engines.registry import ENGINES
from dse.workload.zoo import zoo


def test_every_engine_is_listed_with_its_machines(dse) -> None:
    rows = dse("engines", "--json").json["engines"]
    assert [row["engine"] for row in rows] == list(ENGINES)
    tile = rows[-1]
    assert (tile["class"], tile["presets"]) == (
        "TileEngine",
        list(package.TileEngine.presets),
    )
    text = dse("engines").out
    assert all(name in text for name in ENGINES)


@pytest.mark.parametrize("name", ENGINES)
def test_the_fields_of_an_engine_are_listed_with_their_ranges(dse, name: str) -> None:
    rows = dse("engines", name, "--json").json["fields"]
    assert [row["field"] for row in rows] == list(ENGINES[name].quantities())
    assert all(row["range"] and row["meaning"] for row in rows)
    assert "range" in dse("engines", name).out


def test_an_unknown_engine_is_refused(dse) -> None:
    refused = dse("engines", "tlie")
    assert refused.code == 2
    assert "Did you mean `tile`" in refused.err


def test_every_model_is_listed(dse) -> None:
    rows = dse("models", "--json").json["models"]
    assert [row["name"] for row in rows] == list(zoo())
    listed = dse("models")
    assert dse("params", "transformers").out == listed.out
    assert max(map(len, listed.out.splitlines())) <= 80
    assert not listed.err
    llama = next(row for row in rows if row["name"] == "llama-3-8b")
    assert llama["parameters"] + llama["head_parameters"] == 8_030_261_248
    assert (llama["layers"], llama["heads"], llama["kv_heads"]) == (32, 32, 8)


def test_every_memory_that_can_be_chosen_is_listed_with_its_energy(dse) -> None:
    rows = dse("memories", "--json").json["memories"]
    listed = {(row["engine"], row["main_memory"]) for row in rows}
    for name, kind in ENGINES.items():
        field = kind.quantities().get("main_memory")
        choices = field.choices if field else ()
        assert {(name, choice) for choice in choices} <= listed
    assert all(row["value"] and row["status"] for row in rows)
    assert "dram_32_2_1" in dse("memories").out


def test_a_model_of_any_kind_is_counted(dse, tmp_path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"model_type": "mixtral"}')
    found = dse("models", str(path), "--format", "w4a16 kv8", "--json").json
    shape = package.model_shape(path)
    assert found["parameters"] == shape.parameters == 46_571_720_704
    assert found["head_parameters"] == 32000 * 4096
    assert (found["seq_len"], found["macs"]) == (128, shape.macs(128))
    assert found["weight_bytes"] == (46_571_720_704 + 32000 * 4096) / 2
    assert found["cache_bytes_per_token"] == 2 * 32 * 8 * 128
    assert "46,571,720,704" in dse("models", str(path)).out


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--format", "w4b16"], "has the word 'w4b16'"),
        (["--seq-len", "0"], "`seq_len` is 0"),
    ],
)
def test_what_cannot_be_counted_is_refused(dse, words, fault) -> None:
    refused = dse("models", "gpt2", *words)
    assert refused.code == 2
    assert fault in refused.err
