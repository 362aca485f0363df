"""The engines by the name that files and the command line use.

Those of `dse`, those that a program registers, and those of installed packages, whose
pyproject.toml says so:

    [project.entry-points."dse.engines"]
    systolic = "my_package.systolic:SystolicArray"
"""

from __future__ import annotations

import dataclasses
import re
from importlib.metadata import EntryPoint, entry_points

from dse.engines.base import Engine
from dse.engines.crossbar.engine import CrossbarEngine
from dse.engines.filter.engine import FilterEngine
from dse.engines.nm.engine import NMEngine
from dse.engines.reference import ReferenceMachine
from dse.engines.sprint.engine import SprintEngine
from dse.engines.tile.engine import TileEngine
from dse.errors import InputError, did_you_mean, named

ENTRY_POINTS = "dse.engines"

# The engines of `dse`.
ENGINES: dict[str, type[Engine]] = {
    "crossbar": CrossbarEngine,
    "filter": FilterEngine,
    "nm": NMEngine,
    "reference": ReferenceMachine,
    "sprint": SprintEngine,
    "tile": TileEngine,
}
_registered: dict[str, type[Engine]] = {}


def register_engine(name: str, engine: type[Engine]) -> None:
    """Make an engine of your own known by a name, as those of `dse` are.

    For this process; an installed package says it once for all by an entry point of the
    group `dse.engines`. Raises `InputError` for a name that is taken or no name, and
    for what is no finished engine.

    Examples:
        >>> dse.register_engine("accel", dse.TileEngine)
        >>> dse.evaluate("accel:edge", "bert-tiny").bottleneck
        'main_memory_port'
    """
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InputError(
            f"`name` is {named(name)}, which names no engine; write small letters, "
            "digits and underscores, a letter first."
        )
    check_engine_class(f"`{name}`", engine)
    known = ENGINES.get(name) or _registered.get(name)
    if known is not None and not _is_same(known, engine):
        raise InputError(
            f"`{name}` is the name of `{known.__name__}` already; give another one."
        )
    _registered[name] = engine


def known_engines() -> list[str]:
    """Return the names of all engines: of `dse`, registered, and of packages."""
    return [*dict.fromkeys([*ENGINES, *sorted({*_registered, *_of_packages()})])]


def find_engine(name: str) -> type[Engine]:
    """Return the engine of a name.

    Raises `InputError` for an unknown one, and for one of a package that cannot be
    loaded.
    """
    found = ENGINES.get(name) or _registered.get(name)
    if found is not None:
        return found
    packages = _of_packages()
    if name not in packages:
        raise InputError(
            f"`{name}` is not an engine." + did_you_mean(name, known_engines())
        )
    return _load(packages[name])


def load_all_engines() -> None:
    """Load the engines of all packages, so that saved designs of them can be read."""
    for point in _of_packages().values():
        _load(point)


def find_preset(engine: str, preset: str) -> Engine:
    """Return a published machine of an engine, as `find_preset("tile", "edge")`.

    A reference machine may also be a file that was measured, ending in .toml, and a
    tile engine a design of AccelTran's simulator, in .yaml.
    """
    kind = find_engine(engine)
    if preset.endswith((".yaml", ".yml")) and kind is TileEngine:
        from dse.engines.tile.design_file import read_design_file

        return read_design_file(preset)
    if preset.endswith(".toml") and kind is ReferenceMachine:
        return ReferenceMachine.from_file(preset)
    if preset not in kind.presets:
        raise InputError(
            f"engine `{engine}` has no preset `{preset}`."
            + did_you_mean(preset, kind.presets)
        )
    return preset_of(kind, preset)


def preset_of(kind: type[Engine], preset: str) -> Engine:
    """Return a machine that an engine presets; `InputError` where it makes none."""
    machine = getattr(kind, preset)()
    if not isinstance(machine, kind):
        raise InputError(
            f"`{kind.__name__}.{preset}` returns {named(machine)}; return a machine of "
            "its class."
        )
    return machine


def find_machine(engine: str, preset: str | None = None) -> Engine:
    """Return a published machine; where none is named, `edge` or the first."""
    presets = find_engine(engine).presets
    usual = "edge" if "edge" in presets else presets[0]
    return find_preset(engine, usual if preset is None else preset)


def check_engine_class(place: str, engine: object) -> None:
    """Raise `InputError` for what is no finished engine."""
    if not isinstance(engine, type) or not issubclass(engine, Engine):
        raise InputError(f"{place} is {named(engine)}; give a class of `dse.Engine`.")
    if not dataclasses.is_dataclass(engine):
        raise InputError(
            f"{place}: `{engine.__name__}` is no record; write `@dse.record` above it."
        )
    if not engine.presets:
        raise InputError(
            f"{place}: `{engine.__name__}.presets` is empty; name class methods that "
            "return a machine."
        )
    for preset in engine.presets:
        if not callable(getattr(engine, preset, None)):
            raise InputError(
                f"{place}: `{engine.__name__}` has no class method `{preset}`, which "
                "its `presets` names; write it, or take the name out."
            )


def _of_packages() -> dict[str, EntryPoint]:
    """Return the engines that installed packages name, those of `dse` left out."""
    points = sorted(entry_points(group=ENTRY_POINTS), key=lambda each: each.value)
    return {each.name: each for each in points if each.name not in ENGINES}


def _load(point: EntryPoint) -> type[Engine]:
    place = f"engine `{point.name}` of an installed package ({point.value})"
    try:
        engine = point.load()
    except Exception as fault:  # whatever a package of somebody else raises
        raise InputError(
            f"{place} cannot be loaded: {type(fault).__name__}: {fault}; mend or "
            "uninstall that package."
        ) from fault
    check_engine_class(place, engine)
    found: type[Engine] = engine
    return found


def _is_same(one: type[Engine], other: type[Engine]) -> bool:
    """Say whether two classes are one, or one that was defined anew in a notebook."""
    told = [(each.__module__, each.__qualname__) for each in (one, other)]
    return told[0] == told[1] and one not in ENGINES.values()
