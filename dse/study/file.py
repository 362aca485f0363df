"""The file of a study: read and checked whole, without waiting for JAX."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    model_validator,
)

from dse.errors import InputError, quoted
from dse.explore.axes import check_columns
from dse.files import exists
from dse.hardware.node_scaling import area_factor
from dse.hardware.parameters import load_parameters
from dse.toml_file import Table, TomlFile, number, read_table, read_toml
from dse.toml_text import key_text
from dse.workload.spec import Place, WorkloadSpec, place_of

if TYPE_CHECKING:  # needs JAX, which waits until the file is in order
    from dse.engines.base import Engine

FILE_NAME = "study.toml"

AxisValues = list[float] | list[str] | str


class WorkloadTable(WorkloadSpec):
    """One `[[workload]]`: what is asked of it, and its part in the suite."""

    unknown: ClassVar[str] = "is not a key of a `workload`; rename or remove it."

    why_density: str = Field(
        "",
        examples=["measured on SST-2, threshold 0.04"],
        description="where the densities come from, in words",
    )
    weight: float = number(
        1.0,
        "1",
        "its weight in the suite, above 0",
        example=2.0,
        gt=0,
    )

    @model_validator(mode="after")
    def _density_has_a_reason(self) -> Self:
        pruned = self.states_densities or self.density is not None
        if (pruned or self.kept_pairs < 1) and not self.why_density:
            raise InputError(
                "a density below 1 needs `why_density`; say where it was measured, or "
                "who states it."
            )
        return self


class HostTable(Table):
    """The `[host]`: the machine beside a co-processor of attention."""

    unknown: ClassVar[str] = "is not a key of a `host`; rename or remove it."

    engine: str = Field(examples=["tile"], description='the kind of machine, as "tile"')
    preset: str = Field(
        examples=["edge"], description="the name of a preset of that engine"
    )


class ReferenceTable(Table):
    """One `[reference]`: a published machine to stand beside the front."""

    unknown: ClassVar[str] = "is not a key of a `reference`; rename or remove it."

    preset: str = Field(
        examples=["server"], description="the name of a preset of the engine"
    )
    batch: int | None = number(
        None,
        "sequence",
        "sequences run together, a whole number",
        example=4,
        ge=1,
    )


def _read_values(given: object) -> AxisValues:
    """Read the values of an axis, or the expression that ties a field to others."""
    if isinstance(given, str) and given.strip():
        return given
    if not isinstance(given, list) or not given:
        raise InputError(
            f"is {quoted(given)}; write a list of values, or an expression over other "
            'fields such as "pes / 8".'
        )
    values = _read_column(given)
    twice = {repr(value) for value, count in Counter(values).items() if count > 1}
    if twice:
        raise InputError(f"names {', '.join(sorted(twice))} twice; say it once.")
    return values


def _read_column(given: object) -> list[float] | list[str]:
    """Read the values of one field of machines that are listed."""
    if not isinstance(given, list) or not given:
        raise InputError(
            f"is {quoted(given)}; write a list of values, one for each machine."
        )
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in given)
    if not numbers and not all(isinstance(value, str) for value in given):
        raise InputError(f"is {quoted(given)}; write numbers only, or labels only.")
    return given


def _read_reference(given: object) -> object:
    return {"preset": given} if isinstance(given, str) else given


def _technology_is_known(name: str, info: ValidationInfo) -> str:
    """Return a shipped name as it is, a path as seen from the study's folder."""
    if name.endswith(".toml"):
        name = str(place_of(info).folder / name)
    load_parameters(name)
    return name


def _node_is_known(node_nm: float) -> float:
    area_factor(node_nm, node_nm)
    return node_nm


class StudyTable(Table):
    """Everything that a `study.toml` says."""

    unknown: ClassVar[str] = "is not a key of a study; rename or remove it."

    question: str = Field(
        min_length=1,
        examples=["Which small machine runs BERT-Tiny best?"],
        description="what is asked, in a sentence",
    )
    engine: str = Field(examples=["tile"], description='the kind of machine, as "tile"')
    preset: str = Field(
        examples=["edge"],
        description="the machine that the space surrounds: a preset of the engine, "
        "or the path of a design of AccelTran's simulator, in YAML",
    )
    host: HostTable | None = Field(
        None,
        examples=[{"engine": "tile", "preset": "edge"}],
        description='a table { engine = "tile", preset = "edge" }',
    )
    technology: Annotated[str, AfterValidator(_technology_is_known)] | None = Field(
        None, examples=["acceltran"], description="a parameter file, by name or path"
    )
    node_nm: Annotated[float, AfterValidator(_node_is_known)] | None = number(
        None,
        "nm",
        "a process node: 65, 45, 32, 20, 16, 14, 10 or 7",
        example=7.0,
    )
    timing: Literal["walk", "roofline"] = Field(
        "walk", examples=["roofline"], description="'walk' or 'roofline'"
    )
    objectives: list[str] = Field(
        min_length=1,
        examples=[["max:throughput", "min:energy"]],
        description='a list such as ["max:throughput", "min:energy"]',
    )
    limits: list[str] = Field(
        [],
        examples=[["area <= 50 mm^2"]],
        description='a list such as ["area <= 50 mm^2"]',
    )
    buildable: bool = Field(
        True,
        strict=True,
        examples=[False],
        description="false to let in what cannot be built, or true",
    )
    accept_foreign_accuracy: bool = Field(
        False,
        strict=True,
        examples=[True],
        description="true to let accuracies of other models decide, or false",
    )
    workload: list[WorkloadTable] = Field(
        min_length=1,
        examples=[[{"model": "bert-tiny"}]],
        description="one `[[workload]]` table for each transformer",
    )
    space: dict[str, Annotated[Any, BeforeValidator(_read_values)]] = Field(
        {},
        examples=[{"pes": [64, 128], "issue_batch": "pes / 8"}],
        json_schema_extra={"unit": "the field's"},
        description="a table `[space]` of fields with lists of values",
    )
    designs: dict[str, Annotated[Any, BeforeValidator(_read_column)]] = Field(
        {},
        examples=[{"pes": [64, 128, 128], "lanes_per_pe": [16, 8, 16]}],
        json_schema_extra={"unit": "the field's"},
        description="machines one by one, in place of `[space]`: lists of fields, the "
        "n-th values of which are a machine",
    )
    legal: dict[str, str] = Field(
        {},
        examples=[{"tiles fit a batch": "tile_batch <= batch"}],
        description='a condition over fields, as "tile_batch <= batch"',
    )
    reference: dict[
        str, Annotated[ReferenceTable, BeforeValidator(_read_reference)]
    ] = Field(
        {},
        examples=[{"AccelTran-Edge": {"preset": "edge", "batch": 4}}],
        description="the name of a preset, or a table { preset, batch }",
    )

    @model_validator(mode="after")
    def _machines_are_said_once(self) -> Self:
        if bool(self.space) == bool(self.designs):
            wrong = "stand both here" if self.space else "are missing"
            raise InputError(
                f"`[space]` and `[designs]` {wrong}; write one: fields with their "
                "values, or machines one by one."
            )
        check_columns(self.designs)
        return self

    @model_validator(mode="after")
    def _batch_is_said_once(self) -> Self:
        place = "`[space]`" if self.space else "`[designs]`"
        if "batch" not in self.space | self.designs:
            return self
        if any("batch" in table.model_fields_set for table in self.workload):
            raise InputError(
                f"`batch` is an axis of {place} and stands in a `[[workload]]` too; "
                "remove one of them."
            )
        lacking = [name for name, r in self.reference.items() if r.batch is None]
        if lacking:
            raise InputError(
                f"`batch` is an axis of {place}, so `[reference]` must say it: write "
                f'{key_text(lacking[0])} = {{ preset = "…", batch = 4 }}.'
            )
        return self

    def machine(self, preset: str) -> Engine:
        """Return a published machine of its engine, with its host if it has one."""
        from dse.engines.pair import Pair
        from dse.engines.registry import find_preset

        machine = find_preset(self.engine, preset)
        if self.host is None:
            return machine
        host = find_preset(self.host.engine, self.host.preset)
        return Pair(host=host, coprocessor=machine)


@dataclass(frozen=True)
class StudyFile:
    """A checked `study.toml`: what it says, and where each key of it stands."""

    file: TomlFile
    table: StudyTable

    @property
    def name(self) -> str:
        """The name of the study: that of its folder, or of a file not called study."""
        path = self.file.path
        return path.resolve().parent.name if path.name == FILE_NAME else path.stem


def read_study_file(path: str | Path) -> StudyFile:
    """Read the `study.toml` of a folder, or a file of that form.

    Raises one `InputError` with a line `file:line: key: fault; remedy` per fault.
    """
    path = Path(path)
    if not exists(path):
        raise InputError(
            f"there is no study at {path}; give a folder with a {FILE_NAME}."
        )
    if path.is_dir():
        inside = sorted(file.parent.name for file in path.glob(f"*/{FILE_NAME}"))
        path = path / FILE_NAME
        if not path.is_file():
            meant = f" These folders in it do: {', '.join(inside)}." if inside else ""
            raise InputError(
                f"{path.parent} holds no {FILE_NAME}; give a study's folder.{meant}"
            )
    return read_study(read_toml(path))


def read_study(file: TomlFile) -> StudyFile:
    """Check what a file says; raise `InputError` with a line for each fault."""
    return StudyFile(file, read_table(file, StudyTable, Place(file.path.parent)))
