"""The engines by the name that files and the command line use."""

from __future__ import annotations

from dse.engines.base import Engine
from dse.engines.tile import TileEngine
from dse.errors import InputError, did_you_mean

ENGINES: dict[str, type[Engine]] = {"tile": TileEngine}


def find_engine(name: str) -> type[Engine]:
    """Return the engine of a name. Raises `InputError` for an unknown one."""
    if name not in ENGINES:
        raise InputError(f"`{name}` is not an engine." + did_you_mean(name, ENGINES))
    return ENGINES[name]


def find_preset(engine: str, preset: str) -> Engine:
    """Return a published machine of an engine, as `find_preset("tile", "edge")`."""
    kind = find_engine(engine)
    if preset not in kind.presets:
        raise InputError(
            f"engine `{engine}` has no preset `{preset}`."
            + did_you_mean(preset, kind.presets)
        )
    machine: Engine = getattr(kind, preset)()
    return machine
