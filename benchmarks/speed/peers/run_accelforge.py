"""AccelForge on one product: the optimal mapping onto two levels of memory.

Run in an environment of its own. Told twice: a first search, and one that is warm, for
another size of the buffer.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import accelforge
from accelforge.mapper.FFM.mappings import Mappings

MACHINE = """\
arch:
  nodes:
  - !Memory
    name: MainMemory
    size: inf
    leak_power: 0
    area: 0
    tensors: {{keep: ~Intermediates, may_keep: All}}
    actions:
    - {{name: read, energy: 64, throughput: inf, latency: 0}}
    - {{name: write, energy: 64, throughput: inf, latency: 0}}
  - !Memory
    name: Buffer
    size: {bits}
    leak_power: 0
    area: 0
    tensors: {{keep: ~MainMemory, may_keep: All}}
    actions:
    - {{name: read, energy: 1, throughput: inf, latency: 0}}
    - {{name: write, energy: 1, throughput: inf, latency: 0}}
  - !Compute
    name: MAC
    leak_power: 0
    area: 0
    actions:
    - {{name: compute, energy: 1, throughput: 1, latency: 0}}
"""
PRODUCT = """\
workload:
  iteration_space_shape:
    m: 0 <= m < {rows}
    k: 0 <= k < {inner}
    n: 0 <= n < {columns}
  bits_per_value: {{All: 8}}
  einsums:
  - name: Product
    tensor_accesses:
    - {{name: A, projection: [m, k]}}
    - {{name: W, projection: [k, n]}}
    - {{name: C, projection: [m, n], output: True}}
    renames: {{weight: W, input: A, output: C}}
"""


def search(folder, sizes, mebibytes):
    machine, product = folder / "machine.yaml", folder / "product.yaml"
    machine.write_text(MACHINE.format(bits=int(mebibytes * 2**23)))
    rows, inner, columns = sizes
    product.write_text(PRODUCT.format(rows=rows, inner=inner, columns=columns))
    began = time.process_time()
    spec = accelforge.Spec.from_yaml(str(machine), str(product))
    spec.mapper.metrics = accelforge.Metrics.ENERGY
    spec.map_workload_to_arch(print_progress=False)
    return time.process_time() - began


def main():
    sizes = json.loads(sys.argv[1])
    accelforge.set_n_parallel_jobs(1)
    Mappings.render = lambda *_, **__: ""  # else it draws each mapping, by Graphviz
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)  # it leaves files where it runs
        with contextlib.redirect_stdout(io.StringIO()):
            spent = [search(Path(place), sizes, size) for size in (0.25, 0.125)]
    print(json.dumps({"first_cpu_s": spent[0], "cpu_s": spent[1]}))


if __name__ == "__main__":
    main()
