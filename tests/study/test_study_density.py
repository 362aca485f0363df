"""Densities of a study: stated, or taken from a curve at a threshold."""

from __future__ import annotations

from pathlib import Path

import pytest

import dse

CURVE = "bert-tiny/sst-2/dynatran"
STUDY = f"""\
question = "Which threshold?"
engine = "tile"
preset = "edge"
objectives = ["max:throughput", "min:accuracy_drop"]

[[workload]]
model = "bert-tiny"
seq_len = 32
density = "{CURVE}"
threshold = 0.05
why_density = "measured by others"

[space]
threshold = [0.01, 0.05, 0.09]
batch = [4]

[reference]
Edge = {{ preset = "edge", batch = 4 }}
"""


def load(folder: Path, text: str) -> dse.Study:
    path = folder / "study.toml"
    path.write_text(text)
    return dse.load_study(path)


def test_a_study_takes_its_densities_from_a_curve(tmp_path: Path) -> None:
    study = load(tmp_path, STUDY)
    (workload, _), *_ = study.suite
    found = dse.load_curve(CURVE)
    assert workload.threshold == 0.05
    drop = float(found.accuracy_drop(0.05))
    assert float(workload.accuracy_drop) == pytest.approx(drop, rel=1e-5)
    assert "jhalab2022acceltran" in study.sources
    assert "@misc{jhalab2022acceltran" in study.bibtex


def test_a_threshold_trades_accuracy_for_throughput(tmp_path: Path) -> None:
    front = load(tmp_path, STUDY).run(progress=False)
    table = front.to_pandas().sort_values("threshold")
    assert table["threshold"].to_list() == [0.01, 0.05, 0.09]
    assert table["throughput_seq_per_s"].is_monotonic_increasing
    assert table["accuracy_drop_percent"].is_monotonic_increasing


def test_each_layer_may_have_an_axis_of_its_own(tmp_path: Path) -> None:
    both = '"threshold.0" = [0.01, 0.05]\n"threshold.1" = [0.05, 0.09]'
    study = load(tmp_path, STUDY.replace("threshold = [0.01, 0.05, 0.09]", both))
    front = study.run(progress=False)
    table = front.to_pandas()
    row = int(table["throughput_seq_per_s"].idxmax())
    assert (table["threshold.0"][row], table["threshold.1"][row]) == (0.05, 0.09)
    again = study.evaluate_at(int(front.index[row]))
    assert float(again.energy) == pytest.approx(front.metrics["energy"][row], rel=1e-9)
    page = dse.write_report(study, front, tmp_path / "report.html").read_text()
    assert "threshold of layer 1" in page


def test_a_curve_of_your_own_stands_beside_the_study(tmp_path: Path) -> None:
    from dse.sparsity.curve_names import curve_path

    (tmp_path / "own.toml").write_text(curve_path(CURVE).read_text())
    study = load(tmp_path, STUDY.replace(CURVE, "own.toml"))
    assert study.suite[0][0].threshold == 0.05


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("threshold = 0.05\n", "", 6, "write both"),
        (f'density = "{CURVE}"\n', "", 6, "write both"),
        ('why_density = "measured by others"\n', "", 6, "needs `why_density`"),
        (CURVE, "bert-tiny/sst-2/dynatra", 9, f"Did you mean `{CURVE}`"),
        ("seq_len = 32", "weight_density = 0.5", 6, "remove one"),
        ("threshold = 0.05", "threshold = 0.5", 6, "threshold 0.5 is outside"),
        ("0.05, 0.09]", "0.05, 0.9]", 14, "threshold 0.9 is outside"),
        ("threshold = [", '"threshold.2" = [', 14, "has 2 layers and no `threshold.2`"),
        ("0.05, 0.09]", '0.05]\n"threshold.1" = [0.05, 0.9]', 15, "0.9 is outside"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    with pytest.raises(dse.InputError) as error:
        load(tmp_path, STUDY.replace(old, new, 1))
    assert f"study.toml:{line}: " in str(error.value)
    assert told in str(error.value)
