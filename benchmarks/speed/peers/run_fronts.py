"""Pareto filtering by pymoo and paretoset, of the points in a file; CPU seconds each.

Run in an environment of its own.
"""

import json
import sys
import time

import numpy as np
import paretoset
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

POINTS_OF_PYMOO = 20_000  # it compares all with all, in memory


def by_pymoo(costs):
    return NonDominatedSorting().do(costs, only_non_dominated_front=True)


def by_paretoset(costs):
    return np.flatnonzero(paretoset.paretoset(costs, distinct=False))


def main():
    costs = np.load(sys.argv[1])
    found = {}
    for name, search in (("pymoo", by_pymoo), ("paretoset", by_paretoset)):
        if name == "pymoo" and len(costs) > POINTS_OF_PYMOO:
            continue
        search(costs[:100])
        began = time.process_time()
        front = search(costs)
        spent = time.process_time() - began
        found[name] = {"cpu_s": spent, "front": sorted(int(i) for i in front)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
