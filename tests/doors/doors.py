"""The doors of `dse`: every way in for something of the user's, with its own judge.

A door opens one input that a seed has drawn. What it lets in must make sense: finite,
positive, conserved, and what was asked for. What it refuses, it refuses with
`InputError`, which says where, what and what to do.
"""

from __future__ import annotations

import functools
import json
import math
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import dse
from dse.expressions import evaluate_expression
from dse.hardware.bibtex import read_bibtex
from dse.shipped import hw_params_folder
from dse.toml_file import read_toml
from tests.doors.mutations import (
    changed_table,
    changed_text,
    changed_tree,
    json_text,
    odd,
    toml_text,
)

Draw = random.Random
Open = Callable[[], Any]
Door = Callable[[Draw, Path], Open]
DOORS: dict[str, Door] = {}
PARAMS = hw_params_folder()
REFERENCE = Path(__file__).parents[1] / "measure" / "reference" / "bert-gelu"


def door(function: Door) -> Door:
    """Add a way in to those that are tried."""
    DOORS[function.__name__] = function
    return function


def is_number(value: Any, low: float = 0.0, high: float = math.inf) -> bool:
    """Whether all of a value is finite and inside a range."""
    numbers = np.asarray(value, float)
    return bool((np.isfinite(numbers) & (numbers >= low) & (numbers <= high)).all())


@functools.cache
def _toml(path: Path) -> Any:
    return read_toml(path).data


def _file(draw: Draw, path: Path, tree: Any, as_text: Callable[[Any], str]) -> Path:
    """Write a changed tree, or its text with changes that leave no tree."""
    if draw.random() < 0.75:
        data = as_text(changed_tree(draw, tree)).encode(errors="replace")
    else:
        data = changed_text(draw, as_text(tree))
    path.write_bytes(data)
    return path


@door
def study(draw: Draw, folder: Path) -> Open:
    """A `study.toml`."""
    files = sorted((Path(__file__).parents[2] / "studies").rglob("study.toml"))
    path = _file(draw, folder / "study.toml", _toml(draw.choice(files)), toml_text)

    def open_it() -> None:
        found = dse.load_study(path)
        assert found.space.size >= 1
        assert all(is_number(w, 1e-300) for _, w in found.suite)
        assert all(is_number(w.macs, 1) for w, _ in found.suite)

    return open_it


@door
def parameters(draw: Draw, folder: Path) -> Open:
    """A parameter file of one's own."""
    name = draw.choice(["acceltran", "sta", "energon", "reram", "isaac"])
    tree = dict(_toml(PARAMS / f"{name}.toml"))
    some = draw.sample(list(tree), min(6, len(tree)))
    path = folder / f"mine_{name}.toml"
    _file(draw, path, {key: tree[key] for key in some}, toml_text)

    def open_it() -> None:
        found = dse.load_parameters(path)
        for entry in found.entries.values():
            assert is_number(entry.value, -math.inf)
            assert entry.unit
            assert entry.source
            if entry.status == "assumed":
                assert entry.low <= entry.value <= entry.high

    return open_it


@door
def models(draw: Draw, folder: Path) -> Open:
    """A table of transformers."""
    from dse.workload.zoo import read_zoo

    tree = _toml(PARAMS / "transformers.toml")
    some = draw.sample(list(tree), 4)
    path = folder / "transformers.toml"
    _file(draw, path, {name: tree[name] for name in some}, toml_text)

    def open_it() -> None:
        for entry in read_zoo(path).values():
            assert is_number(entry.shape.parameters, 1, 1e30)

    return open_it


@door
def curve(draw: Draw, folder: Path) -> Open:
    """The file of a curve."""
    files = sorted((PARAMS / "curves").rglob("*.toml"))
    path = folder / "curve.toml"
    _file(draw, path, _toml(draw.choice(files)), toml_text)

    def open_it() -> None:
        found = dse.load_curve(path)
        settings = np.asarray(found.settings)
        assert is_number(settings, -math.inf)
        assert (np.diff(settings) > 0).all()
        for row in (*found.densities.values(), *found.layer_densities.values()):
            assert is_number(row, 0, 1)
        assert is_number(found.accuracy, 0, 1)
        assert is_number(found.spread, 0, 2)
        middle = float(settings[len(settings) // 2])
        assert is_number(found.accuracy_drop(middle), 0, 1)
        pairs = found.attention(middle)
        for buffered in (1.0, 16.0, 1e9):
            assert is_number(pairs.reuse(buffered, 128.0), 0, 1)
        for block in (1.0, 3.0, 1e6):
            assert is_number(pairs.union(0.3, block), 0, 1)
        for product in found.balance.useful if found.balance else ():
            assert is_number(found.imbalance(product, middle), 1)

    return open_it


CONFIG = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 128,
    "intermediate_size": 512,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
    "type_vocab_size": 2,
    "vocab_size": 30522,
}
KEYS = [
    *("head_dim", "num_local_experts", "multi_query", "is_encoder_decoder"),
    *("num_key_value_heads", "sliding_window", "rope_scaling", "pruned_heads"),
    *("attention_bias", "num_experts_per_tok", "layer_types", "ffn_dim_multiplier"),
]


@door
def config(draw: Draw, folder: Path) -> Open:
    """A `config.json` of Hugging Face."""
    tree: dict[str, Any] = CONFIG | {"model_type": draw.choice(["bert", "roberta"])}
    if draw.random() < 0.2:
        tree[draw.choice(KEYS)] = odd(draw)
    path = _file(draw, folder / "config.json", tree, json_text)

    def open_it() -> None:
        run = dse.transformer(path)
        said = json.loads(path.read_text(encoding="utf-8-sig"))
        assert is_number(run.macs, 1, 1e30)
        assert is_number(run.weights, 1, 1e30)
        assert run.blocks[1].repeats == said["num_hidden_layers"]
        assert 1 <= run.seq_len <= said["max_position_embeddings"]
        for key in KEYS:
            assert said.get(key) in (None, False, True, {}, 64, 2), key
        hidden, inner = said["hidden_size"], said["intermediate_size"]
        linear = 4 * hidden**2 + 2 * hidden * inner
        assert run.weights >= said["num_hidden_layers"] * linear

    return open_it


@door
def references(draw: Draw, folder: Path) -> Open:
    """A `references.bib`."""
    path = folder / "references.bib"
    text = (PARAMS / "references.bib").read_text()[:4000]
    path.write_bytes(changed_text(draw, text))

    def open_it() -> None:
        for key, entry in read_bibtex(path).items():
            assert key
            assert key == key.strip()
            assert entry.text.startswith("@")

    return open_it


TABLE = """\
name,throughput_seq_per_s,energy_mj,feasible
a,100,3,true
b,200,5,true
c,150,9,false
d,50,1,true
e,,2,true
"""


@door
def pareto(draw: Draw, folder: Path) -> Open:
    """A table of anybody's."""
    from dse.cli.pareto import _front, _read

    path = folder / "table.csv"
    path.write_bytes(changed_table(draw, TABLE))
    asked = ["max:throughput_seq_per_s", "min:energy_mj"]
    if draw.random() < 0.2:
        asked[draw.randrange(2)] = str(odd(draw))

    def open_it() -> None:
        front, rows, lost = _front(iter([_read(path)]), asked, str(path), False)
        assert len(front) + lost <= rows
        for text in asked:
            assert is_number(front[text.partition(":")[2]], -math.inf)
        if "feasible" in front:
            said = {str(word).strip().lower() for word in front["feasible"]}
            assert not said & {"no", "false", "0", "nan", "", "none"}

    return open_it


@door
def scalesim_runs(draw: Draw, folder: Path) -> Open:
    """Finished runs of SCALE-Sim."""
    from dse.evidence.scalesim import validate

    lines = (PARAMS / "reported" / "scalesim_sparse.csv").read_text().splitlines()
    path = folder / "runs.csv"
    path.write_bytes(changed_table(draw, "\n".join(lines[:4])))

    def open_it() -> None:
        for run in validate(path, progress=False)["runs"]:
            for value in run.values():
                assert not isinstance(value, float) or math.isfinite(value)

    return open_it


@door
def acceltran_runs(draw: Draw, folder: Path) -> Open:
    """Finished runs of AccelTran's simulator; read, not run."""
    from dse.csv_file import read_rows
    from dse.evidence.acceltran import _claimed
    from dse.evidence.acceltran_run import SimulatorRun

    lines = (PARAMS / "reported" / "acceltran_golden.csv").read_text().splitlines()
    path = folder / "runs.csv"
    text = "\n".join(lines[:2])
    how = changed_table if draw.random() < 0.7 else changed_text
    path.write_bytes(how(draw, text))

    def open_it() -> None:
        for place, row in read_rows(path, "a CSV with one row per run"):
            run = SimulatorRun.from_row(
                row, load_bandwidths={"lb": 1.0}, store_bandwidth=1.0, place=place
            )
            for value in _claimed(place, row).values():
                assert is_number(value, -math.inf)
            assert is_number(run.pes, 1)

    return open_it


@door
def sprint_figures(draw: Draw, folder: Path) -> Open:
    """SPRINT's figures by model."""
    from dse.evidence.sprint_cases import read_cases

    lines = (PARAMS / "reported" / "sprint_figures.csv").read_text().splitlines()
    path = folder / "figures.csv"
    path.write_bytes(changed_table(draw, "\n".join(lines[:4])))

    def open_it() -> None:
        for case in read_cases(path):
            assert case.seq_len >= 1
            assert is_number([case.padded, case.pruned], 0, 1)
            assert is_number(list(case.printed.values()))

    return open_it


@door
def checkpoint(draw: Draw, folder: Path) -> Open:
    """A checkpoint of Hugging Face."""
    from flax import nnx

    from dse.measure.checkpoint import load_checkpoint

    place = Path(shutil.copytree(REFERENCE, folder / "model"))
    tree = json.loads((place / "config.json").read_text())
    how = draw.randrange(4)
    if how == 0:
        _file(draw, place / "config.json", tree, json_text)
    elif how == 1:
        weights = place / "model.safetensors"
        data = bytearray(weights.read_bytes())
        for _ in range(draw.choice((1, 3, 20))):
            data[draw.randrange(draw.choice((300, len(data))))] = draw.randrange(256)
        weights.write_bytes(data[: draw.choice((len(data), len(data) // 2, 7, 0))])
    elif how == 2:
        weights = place / "model.safetensors"
        weights.rename(place / "part.safetensors")
        index = {"metadata": {}, "weight_map": {"a": "part.safetensors"}}
        _file(draw, place / "model.safetensors.index.json", index, json_text)
    else:
        _file(draw, place / "config.json", CONFIG, json_text)

    def open_it() -> None:
        found = load_checkpoint(place)
        for _, variable in nnx.to_flat_state(nnx.state(found.model)):
            assert is_number(np.asarray(variable[...]), -math.inf)

    return open_it


@door
def tokenizer(draw: Draw, folder: Path) -> Open:
    """A `tokenizer.json`."""
    from dse.measure.tokenizer import load_tokenizer
    from dse.measure.vocabulary import choose_pieces

    path = folder / "tokenizer.json"
    choose_pieces(["bread soup rice", "run jump"] * 4, pieces=20).save(str(path))
    _file(draw, path, json.loads(path.read_text()), json_text)

    def open_it() -> None:
        found = load_tokenizer(folder).encode(["bread soup", "run"], 8)
        assert found.ids.shape == (2, 8)
        assert (found.ids >= 0).all()

    return open_it


@door
def expression(draw: Draw, folder: Path) -> Open:
    """Arithmetic over named numbers."""
    parts = ["pes", "2", "**", "/", "(", ")", "-", "9", "<", "lanes", "1e9", ".5", "."]
    parts += [
        "+",
        "*",
        "**9**9",
        "if",
        "lambda:0",
        "[0]",
        "'a'",
        "0",
        "1e400",
        "~",
        ",",
    ]
    text = " ".join(draw.choice(parts) for _ in range(draw.randrange(1, 9)))
    if draw.random() < 0.1:
        text = draw.choice(("(" * 400 + "1" + ")" * 400, "-" * 900 + "1", "1+" * 499))

    def open_it() -> None:
        found = evaluate_expression(text, {"pes": 64.0, "lanes": 8})
        assert isinstance(found, bool | np.bool_) or is_number(found, -math.inf), text

    return open_it


@door
def workload(draw: Draw, folder: Path) -> Open:
    """Arguments of what makes a workload."""
    names = ["seq_len", "batch", "mode", "context_len", "padded_fraction", "causal"]
    given = {name: odd(draw) for name in draw.sample(names, draw.choice((1, 1, 2)))}
    model = odd(draw) if draw.random() < 0.2 else "bert-tiny"
    more, value = draw.choice(MORE), odd(draw)

    def open_it() -> None:
        run = dse.transformer(model, **given)
        assert is_number(run.macs, 1, 1e40)
        assert is_number(run.batch, 1)
        assert 1 <= run.seq_len <= 512
        for name in ("batch", "seq_len", "padded_fraction"):
            if given.get(name) is not None:
                assert getattr(run, name) == given[name], name
        if more:
            run = more(run, value)
            for block in run.blocks:
                assert is_number(block.ops.input_density, 0, 1)
                assert is_number(block.ops.weight_density, 0, 1)

    return open_it


MORE: list[Callable[[Any, Any], Any] | None] = [
    None,
    lambda run, value: run.with_density(activation=value),
    lambda run, value: run.with_density(weight=value),
    lambda run, value: run.with_attention(kept=value),
    lambda run, value: run.with_attention(kept=0.5, kept_first_round=value),
    lambda run, value: run.with_imbalance(value),
    lambda run, value: run.with_curve(dse.load_curve("bert-tiny/wordnet/topk"), value),
    lambda run, value: run.replace(threshold=value),
    lambda run, value: run.replace(batch=value),
]


@door
def machine(draw: Draw, folder: Path) -> Open:
    """Fields of a machine, and the names of presets."""
    kinds = [dse.TileEngine, dse.NMEngine, dse.SprintEngine, dse.FilterEngine]
    kind = draw.choice([*kinds, dse.CrossbarEngine, dse.ReferenceMachine])
    preset = getattr(kind, draw.choice(list(kind.presets)))
    fields = list(kind.quantities())
    changes = {draw.choice([*fields, "pse"]): odd(draw) for _ in range(2)}

    def open_it() -> None:
        found = preset().replace(**changes)
        for name, meaning in kind.quantities().items():
            value = getattr(found, name)
            assert is_number(value, meaning.low, meaning.high), name
            if meaning.integer:
                assert np.all(np.asarray(value) == np.round(value)), name

    return open_it


@door
def space(draw: Draw, folder: Path) -> Open:
    """Axes of a space of machines."""
    axes = [dse.powers_of_two, dse.integers, dse.continuous, dse.interval]
    made = draw.choice([*axes, dse.choice, dse.tied, lambda *v: list(v), lambda *v: v])
    needs = {dse.interval: 3, dse.tied: 1}.get(made, 2)
    values = [odd(draw) for _ in range(needs)]
    name = draw.choice(["pes", "tile_size", "batch", "pse", "loop_order"])
    legal: dict[str, Any] = {}
    if draw.random() < 0.1:
        legal["legal"] = draw.choice((odd(draw), {"rule": odd(draw)}))

    def open_it() -> None:
        found = dse.Space(dse.TileEngine.edge(), **{name: made(*values)}, **legal)
        assert found.size >= 1
        for axis in found.axes:
            assert is_number(found.values(axis), -math.inf)

    return open_it


@door
def calls(draw: Draw, folder: Path) -> Open:
    """Whole calls with one argument of another kind."""
    value, other = odd(draw), odd(draw)
    edge, run = dse.TileEngine.edge(), _tiny()
    made = draw.choice(
        [
            lambda: dse.evaluate(value, run),
            lambda: dse.evaluate(edge, value),
            lambda: dse.evaluate(edge, run, technology=value),
            lambda: dse.evaluate(edge, run, timing=value),
            lambda: dse.load_curve(value),
            lambda: dse.load_curve("bert-tiny/wordnet/topk", sequence_length=value),
            lambda: dse.load_parameters(value),
            lambda: dse.load_technology(value),
            lambda: dse.load_technology("acceltran").at_node(value),
            lambda: dse.load_study(value),
            lambda: dse.cite(value),
            lambda: dse.acceltran_model(value),
            lambda: dse.pareto(value, "max:throughput"),
            lambda: dse.sweep(value, run),
            lambda: dse.sweep(_space(), value),
            lambda: dse.sweep(_space(), run, front=value),
            lambda: dse.sweep(_space(), run, limits=value, progress=False),
            lambda: dse.sweep(_space(), run, weights=value, progress=False),
            lambda: dse.sweep(_space(), run, block_size=value, progress=False),
            lambda: dse.sensitivity(edge, run, metrics=value),
            lambda: dse.uncertainty(edge, run, draws=value),
            lambda: _tune(value),
            lambda: _tune(workload=value),
            lambda: _tune(subject_to=value),
            lambda: _tune(technology=value),
            lambda: dse.tune_front(_space(), run, limits=value, progress=False),
            lambda: dse.tune_front(value, run),
            lambda: dse.Pair(host=value, coprocessor=other),
            lambda: dse.write_report(value, other, folder / "report.html"),
        ]
    )
    return made


def _tune(objective: Any = "min:latency", **changes: Any) -> Any:
    small = {"workload": _tiny(), "starts": 1, "steps": 1, "progress": False}
    return dse.tune(objective, _space(), **small | changes)


@functools.cache
def _tiny() -> Any:
    return dse.transformer("bert-tiny", seq_len=16)


@functools.cache
def _space() -> Any:
    return dse.Space(dse.TileEngine.edge(), pes=dse.powers_of_two(64, 128))
