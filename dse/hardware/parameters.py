"""Parameter files: every hardware number with its unit, its status and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType
from typing import NamedTuple

from dse.errors import InputError, check_kind, did_you_mean
from dse.files import is_file
from dse.hardware.citations import read_bibtex
from dse.hardware.parameter_checks import ParameterCheck
from dse.hardware.provenance import Parameter
from dse.shipped import hw_params_folder, own_params_folder
from dse.toml_file import TomlFaults, TomlFile, read_toml


class ParameterRow(NamedTuple):
    """One line of the table that a person reads; the value is in `unit`, not in SI."""

    key: str
    value: float
    unit: str
    status: str
    source: str
    where: str


@dataclass(frozen=True)
class Parameters:
    """The numbers of one parameter file, by key (`softmax.area_tile_16`)."""

    name: str
    path: Path
    entries: Mapping[str, Parameter]

    def __getitem__(self, key: str) -> Parameter:
        """Return one parameter with its provenance; raise `InputError` if unknown."""
        check_kind("the key of a parameter", key, str, "one, as `clock.frequency`")
        if key not in self.entries:
            raise InputError(
                f"`{key}` is not a parameter of {self.name}."
                + did_you_mean(key, self.entries)
            )
        return self.entries[key]

    def value_si(self, key: str) -> float:
        """Return one value in SI; raise `InputError` for an unknown key."""
        return self[key].value_si

    def si(self) -> dict[str, float]:
        """Return every value in SI, by key."""
        return {key: entry.value_si for key, entry in self.entries.items()}

    def table(self) -> list[ParameterRow]:
        """Return a row per parameter, in the order of the file and in its units."""
        return [
            ParameterRow(key, e.value, e.unit, e.status, e.source, e.where)
            for key, e in self.entries.items()
        ]

    def sources(self) -> list[str]:
        """Return the keys of `references.bib` that these numbers rest on."""
        return sorted({entry.source for entry in self.entries.values()})


def parameter_files() -> dict[str, Path]:
    """Return the files that are known by name: those of `dse`, and of one's own folder.

    The environment names that folder, as DSE_HW_PARAMS; its files go before those of
    `dse` of the same name.
    """
    return {file.stem: file for file in hw_params_folder().glob("*.toml")} | own_files()


def own_files() -> dict[str, Path]:
    """Return the files of one's own folder by name."""
    folder = own_params_folder()
    return {file.stem: file for file in sorted(folder.glob("*.toml"))} if folder else {}


def load_parameters(name_or_path: str | Path, *, like: str | None = None) -> Parameters:
    """Read and check a parameter file: one that `dse` ships, or a path to your own.

    Your own file must hold the keys of the shipped file that it is `like` (unless said,
    the one of the same name, if any), each in a unit of the same kind. Or it begins
    with `inherits = "acceltran"` and holds only what differs from that shipped file;
    what is derived there from such numbers follows them. Raises one `InputError` with a
    line `file:line: key: fault; remedy` for every fault found.

    Examples:
        >>> clock = dse.load_parameters("acceltran")["clock.frequency"]
        >>> clock.value, clock.unit, clock.status
        (700.0, 'MHz', 'quoted')
    """
    path = _find(name_or_path)
    check_kind("`like`", like, (str, NoneType), "a name of `dse params`")
    file, inherited = _split(read_toml(path))
    check = ParameterCheck(file, _known_sources(path.parent))
    template = _template(path, like) if like or inherited is None else None
    if inherited is not None:
        check.inherit(inherited.entries, inherited.name)
    if template is not None:
        shipped = load_parameters(template)
        check.compare(shipped.entries, shipped.name)
    check.check_expressions()
    check.raise_faults()
    return Parameters(path.stem, path, check.entries)


def _split(file: TomlFile) -> tuple[TomlFile, Parameters | None]:
    """Return a file without its first line `inherits = …`, and what that names."""
    if "inherits" not in file.data:
        return file, None
    name, faults = file.data["inherits"], TomlFaults(file)
    shipped = {path.stem: path for path in hw_params_folder().glob("*.toml")}
    if not isinstance(name, str) or name not in shipped:
        say = f"{name!r} is not a parameter file that dse ships; name one."
        faults.add(("inherits",), say + did_you_mean(str(name), shipped))
        faults.tell()
    rest = {key: value for key, value in file.data.items() if key != "inherits"}
    return replace(file, data=rest), load_parameters(shipped[name])


def _find(name_or_path: str | Path) -> Path:
    wanted = "a name of `dse params` or a path"
    check_kind("`name_or_path`", name_or_path, (str, Path), wanted)
    path = Path(name_or_path)
    if path.suffix == ".toml" or len(path.parts) > 1:
        return path
    known = parameter_files()
    if path.name not in known:
        raise InputError(
            f"`{path}` is not a parameter file that dse ships; for one of your own "
            f"give its path, ending in .toml.{did_you_mean(path.name, known)}"
        )
    return known[path.name]


def _template(path: Path, like: str | None) -> Path | None:
    shipped = hw_params_folder() / f"{path.stem}.toml"
    template = _find(like) if like else shipped
    if like and not is_file(template):
        raise InputError(f"{like} is no file; give the name of one that dse ships.")
    is_another = is_file(template) and template.resolve() != path.resolve()
    return template if is_another else None


def _known_sources(folder: Path) -> set[str]:
    files = {hw_params_folder() / "references.bib", folder / "references.bib"}
    return {key for file in files if file.is_file() for key in read_bibtex(file)}
