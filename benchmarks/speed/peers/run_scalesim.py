"""One config of SCALE-Sim's 32 x 32 array on one product, cycle by cycle, no traces.

Run in an environment of its own.
"""

import contextlib
import io
import json
import sys
import tempfile
import time
from pathlib import Path

from scalesim.scale_sim import scalesim

CONFIG = """\
[general]
run_name = one
[architecture_presets]
ArrayHeight = 32
ArrayWidth = 32
IfmapSramSzkB = 256
FilterSramSzkB = 256
OfmapSramSzkB = 256
IfmapOffset = 0
FilterOffset = 10000000
OfmapOffset = 20000000
Bandwidth = 64
Dataflow = ws
ReadRequestBuffer = 512
WriteRequestBuffer = 512
[layout]
IfmapCustomLayout = False
IfmapSRAMBankBandwidth = 10
IfmapSRAMBankNum = 10
IfmapSRAMBankPort = 2
FilterCustomLayout = False
FilterSRAMBankBandwidth = 10
FilterSRAMBankNum = 10
FilterSRAMBankPort = 2
[sparsity]
SparsitySupport = False
[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
"""


def main():
    rows, inner, columns = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "config.cfg").write_text(CONFIG)
        product = f"Layer, M, N, K,\ngemm, {rows}, {columns}, {inner},\n"
        (folder / "gemm.csv").write_text(product)
        (folder / "layout.csv").write_text("Layer\n")
        with contextlib.redirect_stdout(io.StringIO()):
            began = time.process_time()
            simulator = scalesim(
                save_disk_space=True,
                verbose=False,
                config=str(folder / "config.cfg"),
                topology=str(folder / "gemm.csv"),
                layout=str(folder / "layout.csv"),
                input_type_gemm=True,
            )
            simulator.run_scale(top_path=place)
            spent = time.process_time() - began
        report = next(folder.rglob("COMPUTE_REPORT.csv")).read_text().splitlines()
    cycles = float(report[1].split(",")[1])
    print(json.dumps({"cpu_s": spent, "cycles": cycles}))


if __name__ == "__main__":
    main()
