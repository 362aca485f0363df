"""Files of curves: read with every fault told, written, and those that are shipped."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from dse.errors import InputError
from dse.hardware.citations import read_bibtex
from dse.shipped import hw_params_folder
from dse.sparsity.curve_file import read_curve_file, write_curve_file
from dse.sparsity.curve_names import curve_names, curve_path
from dse.sparsity.library import load_curve

GOOD = """\
[about]
model   = "m"
task    = "t"
policy  = "p"
setting = "threshold"
status  = "digitised"
source  = "tuli2023acceltran"
where   = "a figure"

[curve]
settings = [0.0, 0.1]
accuracy = [0.9, 0.8]
dense_accuracy = 0.9

[density]
activations = [1.0, 0.5]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "curve.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("[0.9, 0.8]", "[0.9, 1.8]", 12, "curve.accuracy: is 1.8"),
        ("[0.9, 0.8]", "[0.9, 0.8, 0.7]", 12, "curve.accuracy: has another shape"),
        ("[0.0, 0.1]", "[0.1, 0.0]", 10, "`settings` must rise"),
        ("policy", "polcy", 4, "polcy: is not a key of this table"),
        ('"digitised"', '"guessed"', 6, "about.status: is 'guessed'; write 'meas"),
        ('"digitised"', '"measured"', 1, "a measured curve needs `model_sha256`"),
        ("[1.0, 0.5]", "[1.0]", 16, "density.activations: is"),
    ],
)
def test_a_fault_is_told_with_file_line_and_remedy(
    tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as error:
        read_curve_file(path)
    assert f"{path}:{line}: " in str(error.value)
    assert told in str(error.value)


def test_tables_of_pairs_come_with_their_sizes(tmp_path: Path) -> None:
    more = "[attention]\nkept = [1.0, 0.5]\nreuse = [[0.5], [0.4]]\n"
    with pytest.raises(InputError, match="`reuse` and `capacities` go together"):
        read_curve_file(write(tmp_path, GOOD + more))
    more += "capacities = [0.1, 0.2]\n"
    with pytest.raises(InputError, match="reuse: has another shape; write 2 lists of"):
        read_curve_file(write(tmp_path, GOOD + more))


@pytest.mark.parametrize("sizes", ["[]", "[0, 8]", "[16, 8]", "[8, 8]"])
def test_sizes_rise_from_one_or_more(tmp_path: Path, sizes: str) -> None:
    rows = "[[1.0, 1.0], [1.0, 1.0]]"
    tables = f"""
[attention]
kept = [1.0, 0.5]
union = {rows}
blocks = {sizes}
[balance]
tile_sizes = {sizes}
useful.query = {rows}
median.query = {rows}
p95.query = {rows}
[density_by_layer]
query = []
"""
    with pytest.raises(InputError) as error:
        read_curve_file(write(tmp_path, GOOD + tables))
    for name in ("attention", "balance", "density_by_layer"):
        assert f": {name}" in str(error.value)


def test_tiles_are_told_of_the_same_products(tmp_path: Path) -> None:
    rows = "[[1.0], [0.5]]"
    more = (
        f"[balance]\ntile_sizes = [8]\nuseful.query = {rows}\nmedian.query = {rows}\n"
    )
    with pytest.raises(InputError, match="are of other products; write all of each"):
        read_curve_file(write(tmp_path, f"{GOOD}{more}p95.key = {rows}\n"))


def test_losses_of_layers_rise_from_where_nothing_is_pruned(tmp_path: Path) -> None:
    more = """
[layer_loss]
settings = [0.05, 0.1]
accuracy_drop = [[-0.02, 0.01], [0.03, 0.01]]
data = "ten texts"
command = "python measure.py"
"""
    loss = load_curve(write(tmp_path, GOOD + more)).layer_loss
    assert loss is not None
    np.testing.assert_allclose(loss.alone(0.0), [0.0, 0.0])
    np.testing.assert_allclose(loss.alone(0.05), [0.0, 0.02])  # a mean of 0.03 and 0.01
    np.testing.assert_allclose(loss.alone(0.1), [0.01, 0.02])
    assert loss.together([0.1, 0.05]) == pytest.approx(0.03)
    wrong = more.replace("[-0.02, 0.01]", "[-0.02]")
    with pytest.raises(InputError, match="accuracy_drop: has another shape"):
        read_curve_file(write(tmp_path, GOOD + wrong))
    falling = more.replace("[0.05, 0.1]", "[0.1, 0.05]")
    with pytest.raises(InputError, match="layer_loss: `settings` must rise"):
        read_curve_file(write(tmp_path, GOOD + falling))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    more = """
[density_by_layer]
key = [[1.0, 0.25], [1.0, 0.125]]

[attention]
kept = [1.0, 0.5]
blocks = [1, 2]
union = [[1.0, 1.0], [0.5, 0.75]]

[layer_loss]
settings = [0.05]
accuracy_drop = [[0.125], [-0.25]]
data = "ten texts"
command = "python measure.py"

[balance]
tile_sizes = [8, 16]
[balance.useful]
scores = [[1.0, 1.0], [0.25, 0.25]]
[balance.median]
scores = [[1.0, 1.0], [0.25, 0.25]]
[balance.p95]
scores = [[1.0, 1.0], [0.5, 0.375]]
"""
    noted = GOOD.replace("[curve]", 'note = "a \\"note\\" of café \U0001f600"\n[curve]')
    read = read_curve_file(write(tmp_path, noted + more))
    again = tmp_path / "a" / "b.toml"
    write_curve_file(again, read)
    assert read_curve_file(again) == read


def test_a_curve_of_your_own_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    found = load_curve(path)
    assert found.name == str(path)
    assert found.density("query", 0.1) == pytest.approx(0.5)


def test_of_several_lengths_the_nearest_by_ratio_is_loaded(tmp_path: Path) -> None:
    own = GOOD.replace("[curve]", "seq_len = 128\n[curve]")
    path = write(tmp_path, own)
    longer = path.with_suffix("") / "512.toml"
    longer.parent.mkdir()
    longer.write_text(GOOD.replace("[1.0, 0.5]", "[1.0, 0.3]"))
    found = {
        tokens: float(load_curve(path, sequence_length=tokens).density("query", 0.1))
        for tokens in (16, 128, 255, 257, 4096)
    }
    assert found == pytest.approx({16: 0.5, 128: 0.5, 255: 0.5, 257: 0.3, 4096: 0.3})
    assert load_curve(path).density("query", 0.1) == pytest.approx(0.5)


def test_an_unknown_curve_is_met_with_the_closest_name() -> None:
    with pytest.raises(InputError, match=r"Did you mean `bert-base/sst-2/dynatran`"):
        load_curve("bert-base/sst-2/dynatra")


@pytest.mark.parametrize("name", curve_names())
def test_a_shipped_curve_says_whose_it_is_and_can_be_used(name: str) -> None:
    curve = load_curve(name)
    about = curve.about
    own = f"{about.model}/{about.task}/{about.policy}"
    assert name in (own, f"{own}/{about.seq_len}")
    assert set(about.sources) <= set(read_bibtex(hw_params_folder() / "references.bib"))
    middle = float(curve.settings.mean())
    assert 0.0 < curve.density("query", middle) <= 1.0
    assert curve.accuracy_drop(middle) >= -1e-6
    assert np.all(np.isfinite(curve.spread))


def test_the_digitised_anchors_are_those_printed_in_the_figures() -> None:
    printed = {
        "dynatran": (0.9381, 0.3765),
        "dynatran_pruned_weights": (0.9151, 0.5315),
    }
    for policy, (accuracy, sparsity) in printed.items():
        curve = load_curve(f"bert-base/sst-2/{policy}")
        found = 1 - curve.densities["activations"].min()
        assert curve.measured_accuracy.max() == pytest.approx(accuracy, abs=1e-4)
        assert found == pytest.approx(sparsity, abs=1.5e-4)
    # The loss counts from the model with all weights: 93 % at threshold 0.
    assert curve.dense_accuracy == pytest.approx(0.93)


def test_no_measured_accuracy_is_surer_than_its_texts_allow() -> None:
    measured = 0
    for name in curve_names():
        file = read_curve_file(curve_path(name))
        if file.about.status != "measured":
            continue
        [texts] = re.findall(
            r"and (\d+) to judge it|^(\d+) glosses held", file.about.data
        )
        count = int("".join(texts))
        for share, spread in zip(file.curve.accuracy, file.curve.spread, strict=True):
            assert spread >= math.sqrt(share * (1 - share) / count), name
        assert "over the texts" in file.about.note, name
        measured += 1
    assert measured == 22
