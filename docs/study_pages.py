"""Pages of the studies: each README with its pictures, as it stands there."""

from __future__ import annotations

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
    names = sorted(page.parent.name for page in STUDIES.glob("*/README.md"))
    listed = "\n".join(f"{name}/README" for name in names)
    files = {Path("index.md"): START.replace("PAGES", listed).encode()}
    for name in names:
        for file in (STUDIES / name / "README.md", *(STUDIES / name).glob("*.svg")):
            files[file.relative_to(STUDIES)] = file.read_bytes()
    for place, data in files.items():
        own = folder / place
        if not own.is_file() or own.read_bytes() != data:
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_bytes(data)
    for own in folder.rglob("*.*"):
        if own.relative_to(folder) not in files:
            own.unlink()
