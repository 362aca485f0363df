"""Check a proof that was written to a file: `python check.py FILE`.

A program of its own: it needs NumPy alone, and knows nothing of how a proof is found.
The file holds what is minimised and what is allowed, as operations on single numbers;
the values of each axis; the costs of some designs; and boxes of positions on the axes.
It is said that of every design of the space that is allowed, one of those costs no
more, but for a gap, in any objective. Two things are checked. The boxes together are
the whole space, none twice. And in each, by interval arithmetic, no design is allowed,
or one and the same of those costs no more than any.
"""

import json
import sys

import numpy as np

SLACK = 1e-12  # what float64 leaves of a limit met with equality; relative
BATCH = 4096  # boxes at once


def corners(function, x, y):
    found = [function(a, b) for a in x for b in y]
    found = [np.where(np.isnan(corner), 0.0, corner) for corner in found]
    return np.minimum.reduce(found), np.maximum.reduce(found)


def divide(x, y):
    low, high = corners(np.divide, x, y)
    zero = (y[0] <= 0) & (y[1] >= 0)
    return np.where(zero, -np.inf, low), np.where(zero, np.inf, high)


def power(x, y):
    low, high = outward(*corners(np.power, x, y))
    return np.where(x[0] > 0, low, -np.inf), np.where(x[0] > 0, high, np.inf)


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
    ever, always = which[1], which[0]
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
}
RULES = COMPARE | {
    "add": rising(np.add),
    "sub": lambda x, y: (x[0] - y[1], x[1] - y[0]),
    "mul": lambda x, y: corners(np.multiply, x, y),
    "div": divide,
    "neg": lambda x: (-x[1], -x[0]),
    "abs": lambda x: (
        np.maximum(np.maximum(x[0], -x[1]), 0.0),
        np.maximum(-x[0], x[1]),
    ),
    "pow": power,
    "nextafter": lambda x, y: (np.nextafter(x[0], -np.inf), np.nextafter(x[1], np.inf)),
    "not": lambda x: (~x[1], ~x[0]),
    "select_n": choose,
    "whole": rising(lambda x: np.trunc(x * 1.0)),
    "float": rising(lambda x: x * 1.0),
    **{
        name: rising(getattr(np, name), outward)
        for name in ("exp", "expm1", "log", "log1p", "tanh")
    },
    **{name: rising(getattr(np, name)) for name in ("sqrt", "ceil", "floor", "round")},
    **{name: rising(getattr(np, f"{name}imum")) for name in ("max", "min")},
    **{name: rising(getattr(np, f"logical_{name}")) for name in ("and", "or")},
}


def bounds(nodes, given):
    found = []
    for operation, takes, detail in nodes:
        ends = [found[at][:2] for at in takes]
        none = sum((found[at][2] for at in takes), np.zeros(1, bool))
        if operation == "input":
            low, high = given[detail]
        elif operation == "constant":
            low = high = np.atleast_1d(np.asarray(detail))
        elif operation == "sub" and takes[0] == takes[1]:
            low = high = np.zeros(1)
        elif operation == "ne":
            always, ever = equal(*ends)
            low, high = ~ever, ~always | none
        elif operation in RULES:
            low, high = RULES[operation](*ends)
        else:
            sys.exit(f"NOT CHECKED: there is no rule here for `{operation}`")
        if operation == "mul" and takes[0] == takes[1]:
            low = np.maximum(low, 0.0)
        if operation in COMPARE:  # nothing holds of what is no number
            low = low & ~none
        if operation == "select_n":
            (always, ever, _), no, yes = (found[at] for at in takes)
            none = np.where(always, yes[2], no[2] | (ever & yes[2]))
        if low.dtype == bool:
            none = np.zeros(1, bool)
        else:
            lost = np.isnan(low) | np.isnan(high)
            low, high = np.where(lost, -np.inf, low), np.where(lost, np.inf, high)
            for end in [] if operation in KEEP else [low, high, *sum(ends, ())]:
                lost = lost | np.isinf(end)
            none = none | lost
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
    for i, axis in enumerate(told["axes"]):
        values = np.asarray(axis["values"])
        given[axis["name"]] = values[first[:, i]], values[last[:, i]]
    with np.errstate(all="ignore"):
        found = bounds(told["nodes"], given)
    shut = np.zeros(len(first), bool)
    for slack, places in ((SLACK, told["excess"]), (0.0, told["rules"])):
        for at in places:
            shut |= found[at][0] > slack
    shape = len(told["costs"]), len(first)
    costs = [np.broadcast_to(found[at][0], shape[1]) for at in told["costs"]]
    for cost in np.asarray(told["front"], float).reshape(-1, shape[0], 1):
        enough = cost - (told["gap"] + SLACK) * abs(cost)
        shut |= (np.asarray(costs) >= enough).all(axis=0)
    return shut


def main(path):
    with np.load(path) as file:
        told = json.loads(bytes(file["told"]))
        first, last = file["first"].astype(int), file["last"].astype(int)
    ends = np.asarray([len(axis["values"]) - 1 for axis in told["axes"]])
    if not tiles(first, last, np.zeros_like(ends), ends):
        sys.exit("NOT PROVEN: the boxes are not the whole space, each design once")
    for start in range(0, len(first), BATCH):
        part = slice(start, start + BATCH)
        if not closed(told, first[part], last[part]).all():
            sys.exit("NOT PROVEN: a box may hold a better design")
    front, gap = told["front"], told["gap"]
    if not front:
        claim = "is allowed"
    elif len(told["costs"]) == 1:
        claim = f"costs less than {front[0][0]!r}"
    else:
        claim = f"lies beyond a front of {len(front)}"
    more = f" by more than {100 * gap:g} %" if front and gap else ""
    designs = f"{np.prod(ends + 1.0):.4g} designs"
    print(f"{told['question']}: of {designs} none {claim}{more}")


if __name__ == "__main__":
    main(sys.argv[1])
