from __future__ import annotations

import sys

import pytest

from dse.explore.progress import progress_bar


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_shown_where_it_is_wanted_and_seen(
    wanted: bool, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with progress_bar(wanted, unit="design") as bar:
        assert bar.disable is not (wanted and terminal)


def test_a_bar_goes_over_items_and_knows_how_many_there_are() -> None:
    with progress_bar(True, unit="run", over=["a", "b"]) as bar:
        assert bar.total == 2
        assert list(bar) == ["a", "b"]
