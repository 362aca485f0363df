"""What tests share: strict shapes, repeatable properties, and a browser if any."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from typing import Any

import hypothesis
import jax
import pytest

from dse.deep_calls import in_one_piece
from tests.browser import empty_page, open_browser

# Models are traced from the code as a test has it, not read as they once were.
os.environ["DSE_CACHE"] = ""
jax.config.update("jax_numpy_rank_promotion", "raise")
# Traces and compiled models are kept for later tests, by the million objects: to look
# for garbage among them as often as usual took a fifth of the time of all tests.
gc.set_threshold(30_000, 20, 100)

# Answers are in SI, many of them below 1e-12, and what `approx` lets pass beside its
# relative tolerance would let any of those pass.
type(pytest.approx(1.0)).DEFAULT_ABSOLUTE_TOLERANCE = 0.0

hypothesis.settings.register_profile("dse", deadline=None, derandomize=True)
hypothesis.settings.load_profile("dse")

CHROMIUMS = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium on this machine: BROWSER_PATH, else the first on PATH."""
    places = [os.environ.get("BROWSER_PATH"), *map(shutil.which, CHROMIUMS)]
    found = next((place for place in places if place), None)
    if found is None:
        pytest.skip("no Chromium here: install one, or name it in BROWSER_PATH")
    return found


@pytest.fixture
def page(chromium: str) -> Iterator[Any]:
    """An empty Playwright page that cannot reach any network."""
    with open_browser(chromium) as browser:
        yield empty_page(browser)


def pytest_itemcollected(item: Any) -> None:
    """Spare tests what a stack in small pieces takes: a fifth of the time of all."""
    item.setup, item.runtest = in_one_piece(item.setup), in_one_piece(item.runtest)


def pytest_collection_finish() -> None:
    """Spare the modules and tests, which stay to the end, from garbage collection."""
    gc.freeze()
