"""How long a person waits: a front in a fresh process, and 10,000 draws of one design.

`python benchmarks/tuning/timings.py`: wall and CPU seconds. Those of the front are of
the whole process so far, imports and tracing with it; draws are timed after a first
call, and trace the model anew each time.
"""

from __future__ import annotations

import json
import time

from truth import OBJECTIVES, load, suite

import dse

DRAWS = 10_000


def main() -> None:
    study = load()
    asked = suite(study)
    workload = asked.pop("workload")
    found = dse.tune_front(
        study.space, workload, objectives=OBJECTIVES, progress=False, **asked
    )
    told = {"front_designs": len(found.front), "front_cpu_s": time.process_time()}
    edge, bert = dse.TileEngine.edge(), dse.transformer("bert-base", batch=4)
    dse.uncertainty(edge, bert, draws=10)
    began = time.process_time(), time.perf_counter()
    dse.uncertainty(edge, bert, draws=DRAWS)
    told["draws_cpu_s"] = time.process_time() - began[0]
    told["draws_wall_s"] = time.perf_counter() - began[1]
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
