"""What a study rests on: the sources of its technology, its scaling and its models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dse.hardware.citations import cite
from dse.hardware.parameters import Parameters, load_parameters
from dse.sparsity.curve_file import read_curve_file
from dse.sparsity.curve_names import curve_path
from dse.study.file import StudyTable
from dse.workload.zoo import zoo

if TYPE_CHECKING:  # needs JAX
    from dse.explore.basis import Basis

NODE_SCALING = "stillmaker2017"


def study_sources(table: StudyTable) -> tuple[str, ...]:
    """Return keys of references.bib, each once: of parameters first, then of models."""
    keys = [key for p in _parameters(table) for key in p.sources()]
    if table.node_nm is not None:
        keys += load_parameters(NODE_SCALING).sources()
    keys += [zoo()[w.model].source for w in table.workload if w.model in zoo()]
    curves = [w.density for w in table.workload if w.density is not None]
    for curve in curves:
        keys += read_curve_file(curve_path(curve)).about.sources
    return tuple(dict.fromkeys(keys))


def sources_of(basis: Basis) -> tuple[str, ...]:
    """Return the keys that results rest on: of parameters first, then of models."""
    technology = basis.technology
    keys = [key for file in technology.files for key in load_parameters(file).sources()]
    if " nm" in technology.name:  # it was scaled to a node
        keys += load_parameters(NODE_SCALING).sources()
    for workload in basis.workloads:
        model = workload.name.removesuffix(", attention")
        keys += [zoo()[model].source] if model in zoo() else []
        keys += workload.curve.about.sources if workload.curve else []
    return tuple(dict.fromkeys(keys))


def study_bibtex(table: StudyTable) -> str:
    """Return the BibTeX of a study; an own parameter file brings its own references."""
    return cite(study_sources(table), beside=_parameters(table)[0].path.parent)


def _parameters(table: StudyTable) -> list[Parameters]:
    if table.technology is not None:
        return [load_parameters(table.technology)]
    technology = table.machine(table.preset).default_technology()
    return [load_parameters(name) for name in technology.files]
