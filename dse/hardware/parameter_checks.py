"""The checks of a parameter file: every fault with its file, line, key and remedy."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any

from dse.errors import InputError, did_you_mean
from dse.expressions import evaluate_expression
from dse.hardware.provenance import (
    Parameter,
    derived_from,
    read_parameter,
    why_impossible,
)
from dse.toml_file import TomlFaults, TomlFile
from dse.units import from_si, measures

_TOLERANCE = 1e-9


class ParameterCheck:
    """One reading of a parameter file, gathering faults to tell them all at once."""

    def __init__(self, file: TomlFile, sources: Collection[str]) -> None:
        self._file = file
        self._faults = TomlFaults(file)
        self._tables = self._read_tables()
        self.entries = self._read_entries(sources)

    def inherit(self, shipped: Mapping[str, Parameter], name: str) -> None:
        """Take what is not here from a shipped file; fault what that has not."""
        self.compare(shipped, name, whole=False)
        own = {k: entry for k, entry in self.entries.items() if k in shipped}
        self.entries = {**shipped, **own}
        self._tables = {key: {} for key in shipped} | self._tables
        values = {key: entry.value_si for key, entry in self.entries.items()}
        for key, expression in derived_from(self.entries, own):
            values[key] = float(evaluate_expression(expression, values))
            entry = self.entries[key]
            known = {"value": from_si(values[key], entry.unit)}
            self.entries[key] = entry.model_copy(update=known)

    def compare(
        self, shipped: Mapping[str, Parameter], name: str, *, whole: bool = True
    ) -> None:
        """Fault keys, and kinds of unit, that differ from those of the shipped file.

        Keys that are missing, too, where the file should be `whole`.
        """
        missing = [key for key in shipped if key not in self._tables]
        for key in self._tables:
            if key not in shipped:
                meant = difflib.get_close_matches(key, missing, n=1) or list(shipped)
                missing = [other for other in missing if [other] != meant]
                say = f"is not a parameter of {name}; rename or remove it."
                self._fault(key, say + did_you_mean(key, meant))
        for key in missing if whole else ():
            self._fault(key, f"is missing; copy it from the {name} that dse ships.")
        for key, entry in self.entries.items():
            if key not in shipped:
                continue
            wanted, old = shipped[key].unit, shipped[key].value_si
            if measures(entry.unit) != measures(wanted):
                self._fault(
                    key,
                    f"`{entry.unit}` measures {measures(entry.unit)}; give the "
                    f"{measures(wanted)}, as in `{wanted}`.",
                    "unit",
                )
            elif impossible := why_impossible(key, entry.unit, entry.value_si, old):
                self._fault(key, impossible, "value")

    def check_expressions(self) -> None:
        """Fault derived values that are not what their expression works out to."""
        values = {key: entry.value_si for key, entry in self.entries.items()}
        for key, entry in self.entries.items():
            if entry.expression is None:
                continue
            try:
                answer = float(evaluate_expression(entry.expression, values))
            except (InputError, TypeError) as error:
                self._fault(key, str(error), "expression")
                continue
            if not math.isclose(answer, values[key], rel_tol=_TOLERANCE):
                self._fault(
                    key,
                    f"its expression works out to {answer:.12g} in SI, its value is "
                    f"{values[key]:.12g}; correct one of them.",
                    "expression",
                )

    def raise_faults(self) -> None:
        """Raise one `InputError` with every fault found, in the order of the file."""
        self._faults.tell()

    def _fault(self, key: str, message: str, part: str = "") -> None:
        self._faults.add(tuple(key.split(".")), message, part)

    def _read_tables(self) -> dict[str, dict[str, Any]]:
        tables = {}
        for component, group in self._file.data.items():
            if not isinstance(group, dict):
                self._fault(component, "stands alone; write `[component.parameter]`.")
                continue
            for name, table in group.items():
                key = f"{component}.{name}"
                if isinstance(table, dict):
                    tables[key] = table
                else:
                    say = f"is only {table!r}; make it a table `[{key}]`, with a unit."
                    self._fault(key, say)
        return tables

    def _read_entries(self, sources: Collection[str]) -> dict[str, Parameter]:
        entries = {}
        for key, table in self._tables.items():
            read = read_parameter(table, sources)
            if not isinstance(read, Parameter):
                for part, message in read:
                    self._fault(key, message, part)
            elif impossible := why_impossible(key, read.unit, read.value_si):
                self._fault(key, impossible, "value")
            else:
                entries[key] = read
        return entries
