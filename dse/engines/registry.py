"""The engines by the name that files and the command line use."""

from __future__ import annotations

from dse.engines.base import Engine
from dse.engines.crossbar.engine import CrossbarEngine
from dse.engines.filter.engine import FilterEngine
from dse.engines.nm.engine import NMEngine
from dse.engines.reference import ReferenceMachine
from dse.engines.sprint.engine import SprintEngine
from dse.engines.tile.engine import TileEngine
from dse.errors import InputError, did_you_mean

ENGINES: dict[str, type[Engine]] = {
    "crossbar": CrossbarEngine,
    "filter": FilterEngine,
    "nm": NMEngine,
    "reference": ReferenceMachine,
    "sprint": SprintEngine,
    "tile": TileEngine,
}


def find_engine(name: str) -> type[Engine]:
    """Return the engine of a name. Raises `InputError` for an unknown one."""
    if name not in ENGINES:
        raise InputError(f"`{name}` is not an engine." + did_you_mean(name, ENGINES))
    return ENGINES[name]


def find_preset(engine: str, preset: str) -> Engine:
    """Return a published machine of an engine, as `find_preset("tile", "edge")`.

    A reference machine may also be a file that was measured, ending in .toml.
    """
    kind = find_engine(engine)
    if preset.endswith(".toml") and kind is ReferenceMachine:
        return ReferenceMachine.from_file(preset)
    if preset not in kind.presets:
        raise InputError(
            f"engine `{engine}` has no preset `{preset}`."
            + did_you_mean(preset, kind.presets)
        )
    machine: Engine = getattr(kind, preset)()
    return machine
