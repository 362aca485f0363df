"""A proof as a file: all that another program needs to check it, or this one to go on.

`benchmarks/proofs/check.py` checks one, in NumPy alone.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dse.arrays import Array
from dse.compile.graph import CONSTANT, CONVERT, Graph, Node
from dse.errors import InputError
from dse.explore.shard import Shard
from dse.files import check_regular, write_whole
from dse.tuning.enclosure import Boxes, Enclosure, together

_WANTED = "a file that `--proof-file` wrote"
LARGEST = 2**32  # bytes of its arrays
_ARRAYS = ("first", "last", "open_first", "open_last", "points")
_NO_PROOF: tuple[type[Exception], ...] = (
    *(OSError, LookupError, ValueError, TypeError, AttributeError, EOFError),
    *(zipfile.BadZipFile, zlib.error, RuntimeError, RecursionError),
)
FINE = 16  # boxes of each share of a space, at least


class Begun(NamedTuple):
    """How far a proof has come: what is closed, what is open, and what was found.

    `points` are the positions of the best design, or of a front `[designs, axes]`,
    `left_out` is the lowest bound of what the gap closed. `boxes`, `designs` and
    `seconds` were spent. `share` says which part of the space this is, as `2/3`.
    """

    closed: Boxes
    open: Boxes
    points: Array
    left_out: float = np.inf
    boxes: int = 0
    designs: int = 0
    seconds: float = 0.0
    share: str = ""

    @property
    def sizes(self) -> float:
        """Designs of all its boxes."""
        return float(self.closed.sizes.sum() + self.open.sizes.sum())


def begin(enclosure: Enclosure, shard: Shard) -> Begun:
    """Return a proof of which nothing is done, of a share of the space.

    A space is halved evenly, and every n-th box is of one share.
    """
    boxes, shared = enclosure.whole, shard.count > 1
    while shared and len(boxes) < FINE * shard.count and _has_many(boxes):
        widths = boxes.last - boxes.first
        wide = widths.max(axis=1) > 0
        halves = boxes.take(wide).halves(widths[wide].argmax(axis=1))
        boxes = together([boxes.take(~wide), halves])
    none = np.zeros((0, boxes.first.shape[1]), np.int32)
    return Begun(
        Boxes(none, none),
        boxes.take(slice(shard.number - 1, None, shard.count)),
        none.astype(float),
        share=f"{shard.number}/{shard.count}" if shared else "",
    )


def _has_many(boxes: Boxes) -> bool:
    return bool((boxes.last > boxes.first).any())


def write_proof(
    path: Path, enclosure: Enclosure, begun: Begun, front: Array, gap: float
) -> None:
    """Write what was proven, of which function, and the boxes that were closed.

    `front` holds the costs of designs `[designs, objectives]` that none betters by more
    than the gap, once no box is open.
    """
    told = _function(enclosure) | {"front": np.asarray(front).tolist(), "gap": gap}
    told |= {name: getattr(begun, name) for name in _NUMBERS}
    data = np.frombuffer(json.dumps(told).encode(), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        told=data,
        first=begun.closed.first,
        last=begun.closed.last,
        open_first=begun.open.first,
        open_last=begun.open.last,
        points=begun.points,
    )
    write_whole(path, file.getvalue())


_SPENT = ("boxes", "designs", "seconds")
_NUMBERS = ("left_out", "share", *_SPENT)


def read_proofs(paths: Sequence[Path], enclosure: Enclosure, gap: float) -> Begun:
    """Return how far the proofs in some files have come together.

    They are one that was ended, or all shares of one. Raises `InputError` for files of
    another question, of a larger gap, and where shares are missing or there twice.
    """
    parts = [_read(path, enclosure, gap) for path in paths]
    whole = enclosure.whole
    known = sum(int(_count(each.closed) + _count(each.open)) for each in parts)
    if (known - int(_count(whole))) % 2**64 or not np.isclose(
        sum(each.sizes for each in parts), float(whole.sizes.sum())
    ):
        told = ", ".join(each.share or "all" for each in parts)
        raise InputError(
            f"{', '.join(map(str, paths))}: together not the whole space, each design "
            f"once (shares {told}); give the files of all shares."
        )
    spent = {name: sum(getattr(each, name) for each in parts) for name in _SPENT}
    return Begun(
        together([each.closed for each in parts]),
        together([each.open for each in parts]),
        np.concatenate([each.points for each in parts]),
        min(each.left_out for each in parts),
        **spent,
    )


def _count(boxes: Boxes) -> Any:
    """Return the designs of some boxes, but for multiples of 2^64."""
    widths = (boxes.last - boxes.first + 1).astype(np.uint64)
    return widths.prod(axis=1, dtype=np.uint64).sum(dtype=np.uint64)


def _read(path: Path, enclosure: Enclosure, gap: float) -> Begun:
    told, arrays = _load(path)
    asked = json.loads(json.dumps(_function(enclosure)))
    if any(told.get(name) != value for name, value in asked.items()):
        raise InputError(
            f"{path}: this proof is of another question, or of another version of the "
            "models; give the same study, objective and limits."
        )
    closed = Boxes(arrays["first"], arrays["last"])
    left = Boxes(arrays["open_first"], arrays["open_last"])
    inside = all(_lie_within(boxes, enclosure.whole) for boxes in (closed, left))
    points = Boxes(arrays["points"], arrays["points"])
    inside &= _lie_within(points, enclosure.whole)
    numbers = [told.get(name) for name in ("gap", "left_out", *_SPENT)]
    if not (
        inside and all(map(_is_number, numbers)) and isinstance(told.get("share"), str)
    ):
        raise InputError(f"{path}: its boxes or numbers are damaged; give {_WANTED}.")
    if told["gap"] > gap:
        raise InputError(
            f"{path}: its boxes were closed within {100 * told['gap']:g} %; ask for no "
            "smaller gap."
        )
    return Begun(closed, left, points.first, **{name: told[name] for name in _NUMBERS})


def _load(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what a proof tells, and its arrays; `InputError` if it is none."""
    check_regular(path, _WANTED)
    size, told, arrays = 0, None, {}
    try:
        with zipfile.ZipFile(path) as file:
            size = sum(each.file_size for each in file.infolist())
        if size <= LARGEST:
            with np.load(path, allow_pickle=False) as kept:
                arrays = {name: kept[name] for name in _ARRAYS}
                told = json.loads(bytes(kept["told"]))
    except _NO_PROOF:
        told = None
    if size > LARGEST:
        raise InputError(
            f"{path}: has {size:,} bytes unpacked, more than the {LARGEST:,} that are "
            f"read; give {_WANTED}."
        )
    if not isinstance(told, dict) or {a.dtype.kind for a in arrays.values()} - {*"if"}:
        raise InputError(f"{path}: this is no proof that dse wrote; give {_WANTED}.")
    return told, arrays


def _is_number(told: object) -> bool:
    """Say whether something is a number: not NaN, nor too large a whole one."""
    if type(told) is int:
        return abs(told) < 2**63
    return type(told) is float and told == told


def _lie_within(boxes: Boxes, whole: Boxes) -> bool:
    """Say whether boxes are none but those of a space, each with a design or more."""
    shape = (boxes.first.size // whole.first.shape[1], whole.first.shape[1])
    if boxes.first.shape != shape or boxes.last.shape != shape:
        return False
    rising = (whole.first[0] <= boxes.first) & (boxes.first <= boxes.last)
    return bool((rising & (boxes.last <= whole.last[0])).all())


def _function(enclosure: Enclosure) -> dict[str, Any]:
    """Return what is bounded as operations on single numbers, in order.

    Costs, by how much each limit is broken, and numbers above 0 where a rule is. Inputs
    are the values of each axis, and what hangs on that alone: `columns`, the place of
    the axis and the ends at each of its positions.
    """
    function, problem = enclosure.function, enclosure.problem
    needed = function.graph.needed(function.places)
    number = {place: at for at, place in enumerate(needed)}
    answers = function.answers
    return {
        "question": f"{', '.join(map(str, problem.objectives))} | "
        f"{', '.join(map(str, problem.limits))}",
        "shape": (enclosure.whole.last[0] + 1).tolist(),
        "columns": {
            name: [column.axis, column.low.tolist(), column.high.tolist()]
            for name, column in enclosure.columns.items()
        },
        "nodes": [_node(function.graph, place, number) for place in needed],
        "costs": [number[int(at)] for at in answers["costs"]],
        "excess": [number[int(at)] for at in answers["excess"]],
        "rules": [number[int(at)] for at in answers["rules"]],
    }


def _node(graph: Graph, place: int, number: dict[int, int]) -> list[Any]:
    """Return an operation, the numbers of what it takes, and an input or a constant."""
    node: Node = graph.nodes[place]
    operation, detail = node.operation, node.detail
    if operation == CONSTANT:
        detail = detail.item() if detail.dtype == bool else float(detail)
    elif operation == CONVERT:
        whole = np.dtype(detail).kind in "iu"
        operation, detail = ("whole" if whole else "float"), None
    return [operation, [number[at] for at in node.takes], detail]
