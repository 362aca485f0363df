"""What is chosen in a page reaches the kernel behind it, and comes back as rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dse
from dse.errors import InputError
from dse.explore.runs import Runs
from dse.show import explorer
from dse.show.explorer_widget import ExplorerView
from dse.show.figure import Figure
from dse.show.scale import scale_of
from dse.show.selection import Selector

OPENS = """
const el = document.createElement("div");
document.body.append(el);
const state = JSON.parse(document.getElementById("state").textContent);
window.chosen = null;
const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; window.chosen = value; },
    save_changes: () => {},
    on: () => {},
};
await view.render({ model, el });
document.body.dataset.ready = "yes";
"""


@pytest.fixture(scope="module")
def view(runs: Runs) -> ExplorerView:
    found = dse.explore(runs)
    assert isinstance(found, ExplorerView)
    return found


def choose(view: ExplorerView, design: int | None = None, **ranges: Any) -> None:
    number = view.chosen["design"] if design is None else design
    view.chosen = {"ranges": ranges, "design": number}


def test_ranges_choose_rows_of_all_results(view: ExplorerView, runs: Runs) -> None:
    table = runs.to_pandas()
    table = table[table.feasible]
    most = float(table.area_mm2.median())
    choose(view, area_mm2=[None, most * (1 + 1e-9)], pes=[32, 64])
    wanted = table[(table.area_mm2 <= most) & table.pes.isin([32, 64])]
    assert 0 < len(wanted) < len(table)
    assert view.selection.design.tolist() == wanted.design.tolist()
    assert view.told.startswith(f"{len(wanted):,} of all {len(runs):,}")
    choose(view, main_memory=["rram_32_2_1"])
    assert set(view.selection.main_memory) == {"rram_32_2_1"}
    choose(view)
    assert len(view.selection) == len(table)


def test_a_click_gives_the_machine(view: ExplorerView, runs: Runs) -> None:
    number = int(runs.index[5])
    choose(view, design=number)
    assert view.design == runs.design(number)


def test_a_column_that_is_not_known_is_refused(runs: Runs) -> None:
    with pytest.raises(InputError, match="'colour' is no column"):
        Selector(runs, scale_of(runs)).rows({"colour": ["red"]})


def test_without_anywidget_the_front_is_drawn(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer, "find_spec", lambda name: None)
    assert isinstance(dse.explore(runs), Figure)


def open_in(page: Any, view: ExplorerView, folder: Path) -> None:
    """Open the widget in a page as a notebook would, with a stand-in for its model."""
    state = json.dumps({n: getattr(view, n) for n in ("html", "page", "told", "still")})
    (folder / "page.html").write_text(
        f"<style>{view._css}</style>"
        f'<p id="{view.still}">The figure in its place.</p>'
        f'<script type="application/json" id="state">'
        f"{state.replace('<', chr(92) + 'u003c')}</script>"
        f'<script type="module">{view._esm.replace("export default", "const view =")}'
        f"{OPENS}</script>",
        encoding="utf-8",
    )
    page.goto((folder / "page.html").as_uri())
    page.wait_for_selector("body[data-ready]")


@pytest.mark.browser
@pytest.mark.filterwarnings("default")  # of the kernel and its messages, not ours
def test_a_choice_by_hand_is_read_back_from_a_live_kernel(
    page: Any, view: ExplorerView, runs: Runs, tmp_path: Path
) -> None:
    from jupyter_client.manager import start_new_kernel

    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    open_in(page, view, tmp_path)
    assert not page.locator(f"#{view.still}").count()
    page.evaluate(
        """() => {
            const slider = document.getElementById("budget-area_mm2");
            slider.value = 400;
            slider.dispatchEvent(new Event("input"));
        }"""
    )
    page.locator("#table tbody tr").last.click()
    page.wait_for_function("window.chosen && window.chosen.ranges.area_mm2")
    page.wait_for_timeout(300)
    chosen = page.evaluate("window.chosen")
    assert faults == []
    most = chosen["ranges"]["area_mm2"][1]
    wanted = int(((runs.reason == "") & (runs.metrics["area"] * 1e6 <= most)).sum())
    assert 0 < wanted < len(runs)

    dse.save(runs, tmp_path / "runs.parquet")
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        seen = run(
            client,
            "import dse\n"
            f"view = dse.explore(dse.load({str(tmp_path / 'runs.parquet')!r}))\n"
            "print(view.comm.comm_id)",
        )
        message = {"method": "update", "state": {"chosen": chosen}, "buffer_paths": []}
        sent = client.session.msg(
            "comm_msg", {"comm_id": seen.strip(), "data": message}
        )
        client.shell_channel.send(sent)
        seen = run(client, "print(len(view.selection), view.design.pes)")
        design = runs.design(int(chosen["design"]))
        assert seen.split() == [str(wanted), str(float(design.pes))]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client: Any, code: str) -> str:
    """Run code in a kernel and return what it prints."""
    printed: list[str] = []

    def hear(message: Any) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, timeout=120, output_hook=hear)
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(printed)


def test_choosing_among_ten_million_takes_a_moment(runs: Runs) -> None:
    from dataclasses import replace
    from time import perf_counter

    many = 10_000_000
    pick = np.arange(many) % len(runs)
    large = replace(
        runs,
        index=runs.index[pick],
        metrics={
            "area": runs.metrics["area"][pick],
            "energy": runs.metrics["energy"][pick],
        },
        reason=np.broadcast_to(np.asarray("", object), many),
    )
    selector = Selector(large, scale_of(runs))
    middle = float(np.median(runs.metrics["area"])) * 1e6
    start = perf_counter()
    found = selector.mask({"area_mm2": [None, middle], "pes": [32.0]}).sum()
    assert perf_counter() - start < 5.0  # a tenth of it where nothing else runs
    assert 0 < found < many


@pytest.mark.nightly
def test_ten_million_results_are_explored() -> None:
    space = dse.Space(
        "tile:edge",
        pes=range(16, 116),
        lanes_per_pe=[1, 2, 4, 8, 16, 32, 64, 128],
        weight_buffer_mib=[1, 2, 4, 8, 16],
        activation_buffer_mib=[1, 2, 4, 8, 16],
        mask_buffer_mib=[0.5, 1, 2, 4, 8],
        batch=[1, 2, 4, 8, 16],
        softmax_units_per_pe=[1, 2, 4, 8],
        clock_mhz=[300, 400, 500, 600, 700],
    )
    runs = dse.sweep(space, "bert-tiny", progress=False)
    view = dse.explore(runs)
    assert isinstance(view, ExplorerView)
    assert len(runs) == 10_000_000
    assert len(view.page) + len(view.html) < 3e6  # what a notebook keeps of it
    choose(view, area_mm2=[None, 100.0], pes=[32.0, 64.0])
    small = (runs.reason == "") & (runs.metrics["area"] <= 100e-6)
    of_pes = small.reshape(100, -1)[
        [32 - 16, 64 - 16]
    ]  # its first field is the slowest
    assert len(view.selection) == np.count_nonzero(of_pes) > 0
