"""Check a proof that was written to a file: `python check.py FILE`.

A program of its own: it needs NumPy alone, and knows nothing of how a proof is found.
The file holds what is minimised and what is allowed, as operations on single numbers;
the values of each axis, and what hangs on it alone; the costs of some designs; and
boxes of positions on the axes. It is said that of every allowed design one of those
costs no more, but for a gap, in any objective. Checked is that the boxes are the whole
space, none twice, and that in each, by interval arithmetic, no design is allowed, or
one and the same of those costs no more than any.
"""

import json
import sys

import numpy as np

SLACK = 1e-12  # what float64 leaves of a limit met with equality; relative
BATCH = 4096  # boxes at once
FALSE = np.zeros(1, bool)


def corners(function, x, y):
    found = [function(a, b) for a in x for b in y]
    found = [np.where(np.isnan(corner), 0.0, corner) for corner in found]
    return np.minimum.reduce(found), np.maximum.reduce(found)


def unless(lost, low, high):
    return np.where(lost, -np.inf, low), np.where(lost, np.inf, high)


def divide(x, y):
    return unless((y[0] <= 0) & (y[1] >= 0), *corners(np.divide, x, y))


def power(x, y):
    return unless(x[0] <= 0, *outward(*corners(np.power, x, y)))


def outward(low, high):
    for _ in range(8):  # NumPy knows powers and logarithms to some bits only
        low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
    return low, high


def rising(f, end=lambda low, high: (low, high)):
    return lambda *x: end(f(*(low for low, _ in x)), f(*(high for _, high in x)))


def equal(x, y):
    point = (x[0] == x[1]) & (y[0] == y[1]) & (x[0] == y[0])
    return point, (x[0] <= y[1]) & (y[0] <= x[1])


def choose(which, no, yes):
    always, ever = which
    low = np.where(ever, np.minimum(no[0], yes[0]), no[0])
    high = np.where(ever, np.maximum(no[1], yes[1]), no[1])
    return np.where(always, yes[0], low), np.where(always, yes[1], high)


KEEP = ("input", "constant", "max", "min", "select_n", "ceil", "floor", "nextafter")
COMPARE = {
    "lt": lambda x, y: (x[1] < y[0], x[0] < y[1]),
    "le": lambda x, y: (x[1] <= y[0], x[0] <= y[1]),
    "gt": lambda x, y: (x[0] > y[1], x[1] > y[0]),
    "ge": lambda x, y: (x[0] >= y[1], x[1] >= y[0]),
    "eq": equal,
    "ne": lambda x, y: tuple(~end for end in equal(x, y)[::-1]),
}
RULES = COMPARE | {
    "add": rising(np.add),
    "sub": lambda x, y: (x[0] - y[1], x[1] - y[0]),
    "mul": lambda x, y: corners(np.multiply, x, y),
    "div": divide,
    "neg": lambda x: (-x[1], -x[0]),
    "abs": lambda x: (np.maximum(0, np.maximum(x[0], -x[1])), np.maximum(-x[0], x[1])),
    "pow": power,
    "nextafter": lambda x, y: (np.nextafter(x[0], -np.inf), np.nextafter(x[1], np.inf)),
    "not": lambda x: (~x[1], ~x[0]),
    "select_n": choose,
    "whole": rising(lambda x: np.trunc(x * 1.0)),
    "float": rising(lambda x: x * 1.0),
    **{n: rising(getattr(np, n)) for n in ("sqrt", "ceil", "floor", "round")},
    **{n: rising(getattr(np, f"{n}imum")) for n in ("max", "min")},
    **{n: rising(getattr(np, f"logical_{n}")) for n in ("and", "or")},
    **{n: rising(getattr(np, n), outward) for n in ("exp", "expm1", "log", "log1p")},
    "tanh": rising(np.tanh, outward),
}


def bounds(nodes, given):
    found = []
    for operation, takes, detail in nodes:
        ends = [found[at][:2] for at in takes]
        none = sum((found[at][2] for at in takes), FALSE)  # may be no number
        gone = sum((low > high for low, high in ends), FALSE)  # is surely none
        if operation == "input":
            low, high = given[detail]
        elif operation == "constant":
            low = high = np.atleast_1d(np.asarray(detail))
            gone = low != low
        elif operation not in RULES:
            sys.exit(f"NOT CHECKED: there is no rule here for `{operation}`")
        elif operation == "sub" and takes[0] == takes[1]:
            low = high = np.zeros(1)
        else:
            low, high = RULES[operation](*ends)
        if operation == "mul" and takes[0] == takes[1]:
            low = np.maximum(low, 0.0)
        if operation in COMPARE:  # of what is no number only holds that it differs
            low, high = low & ~none, high | (none & (operation == "ne"))
        if operation == "select_n":
            (always, ever, _), no, yes = (found[at] for at in takes)
            none = np.where(always, yes[2], no[2] | (ever & yes[2]))
        if low.dtype == bool:
            none = FALSE
        else:
            lost = np.isnan(low) | np.isnan(high)
            low, high = unless(lost, low, high)
            for end in [] if operation in KEEP else [low, high, *sum(ends, ())]:
                lost = lost | np.isinf(end)
            none = none | lost
            if operation not in ("select_n", "pow"):
                low, high = np.where(gone, np.inf, low), np.where(gone, -np.inf, high)
        found.append((low, high, none))
    return found


def tiles(lows, highs, first, last):
    if len(lows) == 1:
        return (lows[0] == first).all() and (highs[0] == last).all()
    middle = (first + last) // 2
    clean = (first < last) & ((highs <= middle) | (lows > middle)).all(axis=0)
    if not len(lows) or not clean.any():
        return False
    axis, end, start = clean.argmax(), last.copy(), first.copy()
    end[axis], start[axis] = middle[axis], middle[axis] + 1
    left = highs[:, axis] <= middle[axis]
    lower = tiles(lows[left], highs[left], first, end)
    return lower and tiles(lows[~left], highs[~left], start, last)


def closed(told, first, last):
    given = {}
    for name, (axis, *columns) in told["columns"].items():
        spans = np.stack([first[:, axis], last[:, axis] + 1], axis=1).ravel()
        ends = zip((np.minimum, np.maximum), columns, strict=True)
        given[name] = [f.reduceat([*column, 0.0], spans)[::2] for f, column in ends]
    with np.errstate(all="ignore"):
        found = bounds(told["nodes"], given)
    shut = np.zeros(len(first), bool)
    for slack, places in ((SLACK, told["excess"]), (0.0, told["rules"])):
        for at in places:
            shut |= found[at][0] > slack
    costs = [np.broadcast_to(found[at][0], len(first)) for at in told["costs"]]
    for cost in np.asarray(told["front"], float).reshape(-1, len(costs), 1):
        shut |= (costs >= cost - (told["gap"] + SLACK) * abs(cost)).all(axis=0)
    return shut


def main(path):
    with np.load(path) as file:
        told = json.loads(bytes(file["told"]))
        first, last = file["first"].astype(int), file["last"].astype(int)
    ends = np.asarray(told["shape"]) - 1
    if not tiles(first, last, np.zeros_like(ends), ends):
        sys.exit("NOT PROVEN: the boxes are not the whole space, each design once")
    for part in np.array_split(np.arange(len(first)), len(first) // BATCH + 1):
        if not closed(told, first[part], last[part]).all():
            sys.exit("NOT PROVEN: a box may hold a better design")
    front, gap, size = told["front"], told["gap"], np.prod(ends + 1.0)
    claim = f"lies beyond a front of {len(front)}" if front else "is allowed"
    if front and len(told["costs"]) == 1:
        claim = f"costs less than {front[0][0]!r}"
    claim += f" by more than {100 * gap:g} %" * bool(front and gap)
    print(f"{told['question']}: of {size:.4g} designs none {claim}")


if __name__ == "__main__":
    main(sys.argv[1])
