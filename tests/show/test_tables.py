from __future__ import annotations

import re

import pytest

from dse.explore.runs import Runs
from dse.hardware.citations import cite
from dse.show.scale import scale_for
from dse.show.sources import read_sources
from dse.show.tables import front_columns, html_table


def test_a_table_has_units_below_its_heads_and_numbers_to_the_right() -> None:
    rows = [("Edge & Co", {"Area": 54.0612, "Note": "a < b"})]
    html = html_table("Machine", rows, units={"Area": "mm²"})
    assert '<span class="unit">mm²</span>' in html
    assert '<td class="number" data-of="Area" data-unit="mm²">54.1</td>' in html
    assert re.search("<td [^>]*>a &lt; b</td>", html)
    assert "Edge &amp; Co" in html


def test_a_row_can_name_the_design_that_it_shows() -> None:
    rows = [("knee", {"Area": 1.0}), ("Edge", {"Area": 2.0})]
    html = html_table("Machine", rows, picks=[7, None])
    assert html.count("data-row") == 1
    assert '<tr data-row="7" tabindex="0"><th scope="row">knee' in html


def test_columns_of_a_front_are_those_of_its_table_objectives_first(
    front: Runs,
) -> None:
    columns = front_columns(front, scale_for({}, "sequence"))
    table = front.to_pandas()
    assert [c.name for c in columns][:4] == [
        "design",
        "throughput_seq_per_s",
        "energy_mj",
        "area_mm2",
    ]
    built = next(column for column in columns if column.name == "buildable")
    assert set(built.values) == {"yes"}
    for column in columns:
        if column is built:  # told in words; in files `reason` tells it
            continue
        told = table[column.name].tolist()
        same = column.values == told
        assert same or column.values == pytest.approx(told, rel=1e-5)
    units = {c.name: c.unit for c in columns}
    assert units["weight_buffer_mib"] == "MiB"
    assert units["area_mm2"] == "mm²"


def test_sources_are_read_with_title_authors_year_and_link() -> None:
    paper, code = read_sources(cite("tuli2023acceltran"))
    assert paper.key == "tuli2023acceltran"
    assert paper.title.startswith("AccelTran: A Sparsity-Aware Accelerator")
    assert (paper.authors, paper.year) == ("Tuli and Jha", "2023")
    assert paper.link == "https://doi.org/10.1109/TCAD.2023.3273992"
    assert code.link.startswith("https://github.com/")


def test_a_title_over_two_lines_is_one_line_and_many_authors_are_others() -> None:
    (bert,) = read_sources(cite("devlin2019bert"))
    assert bert.title.endswith("Transformers for Language Understanding")
    assert bert.authors == "Devlin et al."
