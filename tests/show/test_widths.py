"""No text of a figure lies on another, from the column of a paper to a wide screen."""

from __future__ import annotations

import json
from itertools import combinations, product
from pathlib import Path
from typing import Any

import plotly
import pytest

import dse
from dse.errors import InputError
from dse.explore.runs import Runs
from dse.show.figure import least_width
from dse.show.style import ACCENT, GREY_DARK, GREY_LIGHT, TINT
from tests.browser import empty_page, open_browser

INCHES = (3.3, 5.0, 7.0, 10.0)
BERT = dse.transformer("bert-tiny", seq_len=64)
EDGE, NANO = dse.TileEngine.edge(), dse.TileEngine.nano()
KINDS = (
    *("front", "breakdown", "time", "roofline", "memory", "compare", "schedule"),
    *("sensitivity", "families", "accuracy"),
)
TOGETHER = ((ACCENT, TINT), (ACCENT, GREY_DARK, GREY_LIGHT), (ACCENT, TINT, GREY_DARK))
_BOXES = """() => [...document.querySelectorAll(
    ".annotation-text, .bartext, .legendtext, .xtitle, .ytitle, [class$=tick] text, " +
    ".textpoint text")]
    .map((e) => [e.textContent, e.getBoundingClientRect()])
    .filter(([text, box]) => text.trim() && box.width > 0)
    .map(([text, box]) => [text, box.left, box.top, box.right, box.bottom])"""
_DRAW = """async (figure) => {
    document.body.replaceChildren();
    const div = document.body.appendChild(document.createElement("div"));
    await Plotly.newPlot(div, figure.data, figure.layout, {responsive: true});
    return (%s)();
}"""


@pytest.fixture(scope="module")
def answers() -> Any:
    found = dse.evaluate(EDGE, BERT)
    both = {"edge": found, "nano": dse.evaluate(NANO, BERT)}
    return found, both, dse.compare(EDGE, NANO, BERT)


def accuracy_front() -> Runs:
    """The front over an accuracy, which is told with what it was measured on."""
    run = dse.transformer("minilm-l6", seq_len=128).with_curve(
        dse.load_curve("minilm-l6/wordnet/dynatran"), 0.0
    )
    space = dse.Space(EDGE, pes=[32, 64], threshold=[0.0, 0.005, 0.01])
    runs = dse.sweep(space, run, progress=False)
    return dse.pareto(runs, "min:energy", "min:accuracy_drop")


def draw(kind: str, answers: Any, front: Runs, width: float | None) -> Any:
    found, both, compared = answers
    array = dse.evaluate(dse.NMEngine.edge(), BERT)
    own = {
        "front": lambda: dse.plot_front(
            front, "throughput", "energy", references=both, width=width
        ),
        "breakdown": lambda: dse.plot_breakdown(both, width=width),
        "families": lambda: dse.plot_breakdown(
            {"tile": found, "N:M": array}, width=width
        ),
        "accuracy": lambda: dse.plot_front(
            accuracy_front(), "energy", "accuracy_drop", width=width
        ),
        "time": lambda: dse.plot_time(found, width=width),
        "roofline": lambda: dse.plot_roofline(found, width=width),
        "memory": lambda: dse.plot_memory(EDGE, BERT, width=width),
        "compare": lambda: dse.plot_compare(compared, width=width),
        "sensitivity": lambda: dse.plot_sensitivity(
            dse.sensitivity(EDGE, BERT), "energy", width=width
        ),
        "schedule": lambda: dse.plot_schedule(EDGE, BERT, width=width),
    }
    return own[kind]()


@pytest.fixture(scope="module")
def sheet(chromium: str) -> Any:
    """A page with Plotly, to draw one figure after another on."""
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    with open_browser(chromium) as browser:
        page = empty_page(browser)
        page.set_content("<body style='margin: 0'></body>")
        page.add_script_tag(content=script.read_text())
        yield page


def overlaps(boxes: list[list[Any]]) -> list[tuple[str, str]]:
    """Pairs of texts that share more than a pixel in both directions."""
    found = []
    for (one, *a), (other, *b) in combinations(boxes, 2):
        wide = min(a[2], b[2]) - max(a[0], b[0])
        high = min(a[3], b[3]) - max(a[1], b[1])
        if wide > 1 and high > 1:
            found.append((one, other))
    return found


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("on_paper", [True, False], ids=["paper", "screen"])
def test_texts_of_a_figure_keep_apart(
    sheet: Any, answers: Any, front: Runs, kind: str, on_paper: bool
) -> None:
    for inches in INCHES:
        if on_paper or inches >= 5.0:  # a telephone's page scrolls
            figure = draw(kind, answers, front, inches if on_paper else None)
            hold_apart(sheet, figure, inches, on_paper=on_paper)


def hold_apart(sheet: Any, figure: Any, inches: float, *, on_paper: bool) -> None:
    """Assert that no text of a figure lies on another, and none is cut."""
    pixels = round(96 * inches)
    if not on_paper:
        pixels = max(pixels, least_width(figure))
    sheet.set_viewport_size({"width": pixels, "height": 900})
    boxes = sheet.evaluate(_DRAW % _BOXES, json.loads(figure.to_json()))
    assert len(boxes) > 5
    assert overlaps(boxes) == [], f"at {inches} inches"
    cut = [
        text
        for text, left, top, right, _ in boxes
        if top < -1 or (on_paper and (left < -1 or right > pixels))
    ]
    assert cut == [], f"at {inches} inches"


PAIR = dse.Pair(host=EDGE, coprocessor=dse.SprintEngine.m_sprint())
MACHINES = {
    "pair": PAIR,
    "crossbar": dse.CrossbarEngine.isaac(),
    "nm": dse.NMEngine.edge(),
    "reference": dse.ReferenceMachine.a100(),
    "tile": dse.TileEngine.server(),
}
RUNS: dict[str, Any] = {
    "bert": lambda: dse.transformer("bert-base"),
    "experts": lambda: dse.transformer("deepseek-v3", seq_len=512),
    "step": lambda: dse.transformer("llama-3-8b", mode="decode", context_len=2048),
    "two towers": lambda: dse.transformer("t5-small", seq_len=64),
    "generation": lambda: dse.generation("llama-3-8b", prompt=512, new_tokens=32),
}
PLOTS: dict[str, Any] = {
    "time": lambda e, w, width: dse.plot_time(dse.evaluate(e, w), width=width),
    "roofline": lambda e, w, width: dse.plot_roofline(dse.evaluate(e, w), width=width),
    "memory": lambda e, w, width: dse.plot_memory(e, w, width=width),
    "schedule": lambda e, w, width: dse.plot_schedule(e, w, width=width),
    "sensitivity": lambda e, w, width: dse.plot_sensitivity(
        dse.sensitivity(e, w), "energy", width=width
    ),
    "breakdown": lambda e, w, width: dse.plot_breakdown(
        {
            "A published machine of the year 2022": dse.evaluate(EDGE, w),
            "this one, with 256 GB/s of main memory": dse.evaluate(e, w),
            "a third": dse.evaluate(NANO, w),
        },
        width=width,
    ),
}
CROWDED = [  # names and marks that need most room
    ("time", "pair", "bert"),
    ("roofline", "reference", "experts"),
    ("schedule", "pair", "experts"),
    ("sensitivity", "crossbar", "bert"),
    ("breakdown", "nm", "bert"),
]
OTHERS = [
    pytest.param(*each, marks=pytest.mark.nightly)
    for each in product(PLOTS, MACHINES, RUNS)
    if each not in CROWDED
]


@pytest.mark.browser
@pytest.mark.parametrize(("kind", "machine", "run"), [*CROWDED, *OTHERS])
def test_texts_keep_apart_whatever_machine_and_run_are_drawn(
    sheet: Any, kind: str, machine: str, run: str
) -> None:
    work = RUNS[run]()
    for inches in INCHES:
        for on_paper in (True, False) if inches >= 5.0 else (True,):
            width = inches if on_paper else None
            figure = PLOTS[kind](MACHINES[machine], work, width)
            hold_apart(sheet, figure, inches, on_paper=on_paper)


LAYERS = {  # with names of many steps, and long ones
    "cross-attention": ("t5-small", {}),
    "cross-attention, a step": ("t5-small", {"mode": "decode"}),
    "experts": ("mixtral-8x7b", {}),
    "latents": ("deepseek-v3", {}),
    "norms of heads": ("qwen3-8b", {}),
}
CROWDED_LAYERS = ("cross-attention", "latents")


@pytest.mark.browser
@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(
            name, marks=[] if name in CROWDED_LAYERS else [pytest.mark.nightly]
        )
        for name in LAYERS
    ],
)
def test_names_of_the_steps_of_any_layer_keep_apart(sheet: Any, layer: str) -> None:
    model, how = LAYERS[layer]
    work = dse.transformer(model, seq_len=64, **how)
    for inches in INCHES:
        pixels = round(96 * inches)
        sheet.set_viewport_size({"width": pixels, "height": 900})
        for on_paper in (True, False) if inches >= 5.0 else (True,):
            figure = dse.plot_memory(EDGE, work, width=inches if on_paper else None)
            boxes = sheet.evaluate(_DRAW % _BOXES, json.loads(figure.to_json()))
            assert overlaps(boxes) == [], f"{layer} at {inches} inches"


def test_a_width_that_no_paper_has_is_refused(answers: Any) -> None:
    for width in (0.5, 330.0):
        with pytest.raises(InputError, match=r"3\.3 for a column"):
            dse.plot_time(answers[0], width=width)


@pytest.mark.parametrize("colours", TOGETHER)
def test_colours_that_stand_together_differ_in_lightness(
    colours: tuple[str, ...],
) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for one, other in combinations(colours, 2):
        low, high = sorted((luminance(one), luminance(other)))
        assert (high + 0.05) / (low + 0.05) > 1.5
