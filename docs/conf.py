"""How the site is made: `make docs`. Pages of the reference come from the code."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import reference_pages  # noqa: E402  # beside this file
import study_pages  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402

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


def setup(app: Sphinx) -> None:
    """Write the pages of the reference and of the studies, for this build."""
    reference_pages.write_all(HERE / "reference")
    study_pages.copy_all(HERE / "studies")
    app.connect("source-read", _link_on_the_site)


def _link_on_the_site(app: Sphinx, page: str, source: list[str]) -> None:
    """Let pages and studies link to each other where they stand on the site.

    There studies are in this folder; in the repository they stand beside it.
    """
    there, here = (
        ("../../docs/", "../../")
        if page.startswith("studies/")
        else ("../studies/", "studies/")
    )
    source[0] = source[0].replace(f"]({there}", f"]({here}")
