"""Figures written for papers: SVG, PDF and PNG of the width that was asked for."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import dse
from dse.explore.runs import Runs

BERT = dse.transformer("bert-tiny", seq_len=64)
EDGE, NANO = dse.TileEngine.edge(), dse.TileEngine.nano()
INCH = {".svg": 96, ".pdf": 72, ".png": 96}  # units of each format in an inch


def figures(front: Runs, width: float) -> dict[str, Any]:
    found = dse.evaluate(EDGE, BERT)
    return {
        "front": dse.plot_front(front, "throughput", "energy", width=width),
        "breakdown": dse.plot_breakdown(found, width=width),
        "time": dse.plot_time(found, width=width),
        "roofline": dse.plot_roofline(found, width=width),
        "memory": dse.plot_memory(EDGE, BERT, width=width),
        "compare": dse.plot_compare(dse.compare(EDGE, NANO, BERT), width=width),
        "schedule": dse.plot_schedule(EDGE, BERT, width=width),
        "sensitivity": dse.plot_sensitivity(
            dse.sensitivity(EDGE, BERT), "energy", width=width
        ),
    }


def width_of(path: Path) -> float:
    """The width of a picture in units of its format."""
    data = path.read_bytes()
    if path.suffix == ".svg":
        root = ElementTree.fromstring(data)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        return float(root.attrib["width"])
    if path.suffix == ".pdf":
        assert data.startswith(b"%PDF-")
        (box,) = re.findall(rb"/MediaBox \[0 0 (\S+) \S+\]", data)
        return float(box)
    assert data.startswith(b"\x89PNG\r\n")
    return float(struct.unpack(">I", data[16:20])[0])


@pytest.fixture
def one_browser(chromium: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kaleido's browser, started once for all pictures of a test."""
    monkeypatch.setitem(os.environ, "BROWSER_PATH", chromium)
    kaleido = pytest.importorskip("kaleido")
    kaleido.start_sync_server()
    yield
    kaleido.stop_sync_server()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore:The kopts argument")  # of Plotly to kaleido
@pytest.mark.usefixtures("one_browser")
@pytest.mark.parametrize(
    ("inches", "every"),
    [
        pytest.param(3.3, False, id="column"),
        pytest.param(3.3, True, id="column, all", marks=pytest.mark.nightly),
        pytest.param(7.0, True, id="page, all", marks=pytest.mark.nightly),
    ],
)
def test_a_figure_is_written_as_wide_as_it_was_asked_for(
    tmp_path: Path, front: Runs, inches: float, every: bool
) -> None:
    drawn = figures(front, inches)
    for name in drawn if every else ("front", "time"):
        figure = drawn[name]
        for suffix in INCH if every or name == "time" else (".svg",):
            path = tmp_path / f"{name}{suffix}"
            figure.write_image(path)
            asked = inches * INCH[suffix]
            assert width_of(path) == pytest.approx(asked, abs=1.0), path.name
        text = "".join(ElementTree.parse(tmp_path / f"{name}.svg").getroot().itertext())
        for axis in figure.select_xaxes():
            title = axis.title.text or ""
            assert all(word in text for word in re.split(r"<br>| ", title)), name
