"""Where the file of a curve stands, by its name. Answers without waiting for JAX."""

from __future__ import annotations

from pathlib import Path

from dse.errors import InputError, check_kind, did_you_mean
from dse.files import exists
from dse.shipped import hw_params_folder

FOLDER = "curves"


def curve_names() -> list[str]:
    """Return the names of the curves that come with `dse`, in order.

    Examples:
        >>> dse.curve_names()[:2]
        ['bert-base/squad/dynatran', 'bert-base/sst-2/dynatran']
    """
    return [curve_name(path) for path in sorted(_folder().rglob("*.toml"))]


def curve_path(name_or_path: str | Path) -> Path:
    """Return the file of a curve; raise `InputError` where there is none."""
    wanted = "a name of `dse curves` or a path"
    check_kind("`name_or_path`", name_or_path, (str, Path), wanted)
    path = Path(name_or_path)
    if path.suffix == ".toml":
        return path
    shipped = _folder() / f"{path}.toml"
    if not exists(shipped):
        raise InputError(
            f"`{path}` is not a curve that dse ships; for one of your own give its "
            f"path, ending in .toml.{did_you_mean(str(path), curve_names())}"
        )
    return shipped


def paths_by_length(path: Path) -> dict[int, Path]:
    """Return the files of the same curve measured at other sequence lengths.

    They stand in a folder of its name: `dynatran/512.toml` beside `dynatran.toml`.
    """
    found = path.with_suffix("").glob("*.toml")
    return {int(other.stem): other for other in found if other.stem.isdecimal()}


def curve_name(path: Path) -> str:
    """Return the name of a shipped curve, or the path of another as it was given."""
    if path.is_relative_to(_folder()):
        return path.relative_to(_folder()).with_suffix("").as_posix()
    return str(path)


def _folder() -> Path:
    return hw_params_folder() / FOLDER
