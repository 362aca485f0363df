"""Pages of the studies: each README with its pictures, as it stands there."""

from __future__ import annotations

import shutil
from pathlib import Path

STUDIES = Path(__file__).parents[1] / "studies"
START = """# Studies

Questions that were asked with `dse`, each with its answer. What a study is made of
stands in a folder of `studies/` in the source, and tests hold its figures.

```{toctree}
:maxdepth: 1

PAGES
```
"""


def copy_all(folder: Path) -> None:
    """Write the page of every study into a folder, and remove what is no more."""
    shutil.rmtree(folder, ignore_errors=True)
    names = sorted(page.parent.name for page in STUDIES.glob("*/README.md"))
    for name in names:
        (folder / name).mkdir(parents=True)
        for file in (STUDIES / name / "README.md", *(STUDIES / name).glob("*.svg")):
            shutil.copy2(file, folder / name)
    listed = "\n".join(f"{name}/README" for name in names)
    (folder / "index.md").write_text(START.replace("PAGES", listed))
