"""The folder of a sweep as tables: its answer, or the parts found so far."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.errors import InputError
from dse.files import is_folder

if TYPE_CHECKING:  # pyarrow and pandas wait until there is something to read
    from dse.sweeps.store import Store


def find_parts(place: str) -> Store | None:
    """Return the parts of a sweep in a folder or at a URL; None for any other file.

    Raises `InputError` for a folder without parts, naming the answer if it has one.
    """
    if "://" not in place and not is_folder(Path(place)):
        return None
    from dse.sweeps.store import find_store

    try:
        return find_store(place)
    except InputError:
        answer = Path(place) / "front.parquet"
        if not answer.is_file():
            raise
        raise InputError(f"{place} holds a finished sweep; give {answer}.") from None


def part_tables(store: Store) -> Iterator[Any]:
    """Yield each part that is there as a table; raise `InputError` if none is."""
    found = 0
    for _, table in store.parts(set_aside=False):
        found += 1
        yield table.to_pandas()
    if not found:
        raise InputError(
            f"{store.folder.place} holds no part yet; run its sweep first."
        )


def objective_columns(store: Store) -> list[str]:
    """Return the objectives of a sweep as directions and columns."""
    from dse.explore.runs import column_name, file_units

    units = file_units(store.plan.counted)
    pairs = [text.partition(":") for text in store.plan.objectives]
    return [f"{sense}:{column_name(m, units[m])}" for sense, _, m in pairs]
