"""The page on large sweeps leaves out no way to share one; all of it is run."""

from __future__ import annotations

from tests.docs.run_page import ROOT, steps


def test_the_page_names_every_way_to_share_a_sweep() -> None:
    page = ROOT / "docs" / "large_sweeps.md"
    commands = " ".join(text for _, text, _ in steps(page))
    for option in ("--shard", "--dask", "--store", "--keep", "--parts", "dse merge"):
        assert option in commands
