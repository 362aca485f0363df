"""What a search costs as spaces and models grow: designs, axes, layers, ops."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

import dse
from benchmarks.speed.table import short
from dse.explore.basis import Basis
from dse.explore.evaluator import Evaluator
from dse.explore.front_search import FrontSearch
from dse.explore.objectives import read_objectives
from dse.study.study import BLOCK_SIZE
from dse.workload.ops import Workload
from dse.workload.zoo import listed_sizes

OBJECTIVES = read_objectives(("max:throughput", "min:energy", "min:area"))
# Axes that decide how long tile ops take, and axes that only energy or area look at.
TIME = {
    "pes": [64, 128, 256, 512, 1024],
    "lanes_per_pe": [8, 16, 32, 64, 128],
    "tile_size": [8, 16, 32],
    "softmax_units_per_pe": [2, 4, 8, 16, 32, 64],
    "batch": [4, 16, 32],
    "tile_batch": [1, 4],
    "multipliers_per_lane": [1, 16],
    "memory_bandwidth_gb_per_s": [25.6, 256],
}
REST = {
    "weight_buffer_mib": [8, 16, 32, 64, 128],
    "activation_buffer_mib": [4, 8, 16, 32, 64],
    "mask_buffer_mib": [0.5, 1, 2, 4, 8, 16],
    "main_memory": ["rram_16_2_2", "rram_32_2_1", "dram_16_4_1", "hbm_32_1_4"],
}


class Cost(NamedTuple):
    """CPU seconds of a search: of its start (tracing, tables), and of its blocks."""

    what: str
    designs: int
    start: float
    search: float


def costs(scale: float) -> list[Cost]:
    """Return what spaces and models of growing size cost, the less of two times."""
    return [
        min((_cost(*case) for _ in range(2)), key=lambda cost: cost.search)
        for case in _cases(scale)
    ]


def _cases(scale: float) -> Iterator[tuple[str, Mapping[str, Any], Workload]]:
    bert = _bert()
    names = list(TIME)
    for count in (3, 6, 8):
        axes = {name: TIME[name] for name in names[:count]}
        yield f"{count} axes of time", axes, bert
    more = dict(TIME)
    for name in list(REST)[: 2 if scale < 1 else 4]:
        more[name] = REST[name]
    yield f"{len(more)} axes, of energy and area too", more, bert
    step = int(32 / scale)
    fine = {"pes": range(64, 1025, step), "lanes_per_pe": range(8, 129, step // 8)}
    wide = {**TIME, **{name: list(values) for name, values in fine.items()}}
    for layers in (3, 12, 48, 192):
        yield f"{layers} equal layers", wide, _bert(layers=layers)
    yield "12 layers that differ", wide, _differing(bert)
    for nets in (1, 2, 4):
        yield f"{10 + 2 * nets} ops a layer", wide, _bert(ffn=(3072,) * nets)


def _bert(**changes: Any) -> Workload:
    shape = replace(listed_sizes("bert-base"), **changes)
    bert = dse.transformer(shape, seq_len=128)
    return bert.with_density(activation=0.5, weight=0.5)


def _differing(workload: Workload) -> Workload:
    """Return a workload in which every layer has densities of its own."""
    start, layers = workload.blocks
    slope = np.linspace(0.8, 1.2, layers.repeats)[:, None]
    density = slope * np.asarray(layers.ops.input_density)
    ops = layers.ops.replace(input_density=density)
    return workload.replace(blocks=(start, layers.replace(ops=ops)))


def _cost(what: str, axes: Mapping[str, Any], workload: Workload) -> Cost:
    space = dse.Space(dse.TileEngine.edge(), **axes)
    basis = Basis(((workload, 1.0),), space.design.default_technology(), "walk")
    began = time.process_time()
    evaluator = Evaluator(space, basis)
    search = FrontSearch(space, evaluator, OBJECTIVES, (), "all")
    search.prepare(BLOCK_SIZE)
    start = time.process_time() - began
    began = time.process_time()
    search.search(range(search.blocks), lambda _: None)
    search.found.front()
    return Cost(what, space.size, start, time.process_time() - began)


def rows(found: list[Cost]) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of a table."""
    heads = ["searched whole", "designs", "to start", "to search", "designs a CPU s"]
    return heads, [
        [
            c.what,
            f"{c.designs:,}",
            f"{short(c.start)} s",
            f"{short(c.search)} s",
            short(c.designs / c.search),
        ]
        for c in found
    ]
