"""How the site is made: `make docs`. Pages of the reference come from the code."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import reference_pages  # noqa: E402  # beside this file

from dse import shipped  # noqa: E402

project = "dse"
author = "The dse authors"
copyright = "The dse authors, Apache-2.0"
release = version = shipped.version()

extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
nitpicky = True

html_theme = "furo"
html_title = f"dse {release}"
html_static_path: list[str] = []
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}

# Pages also stand in the repository, where they link to what is no page of the site.
suppress_warnings = ["myst.xref_missing"]


def setup(app: object) -> None:
    """Write the pages of the reference, for this build."""
    reference_pages.write_all(HERE / "reference")
