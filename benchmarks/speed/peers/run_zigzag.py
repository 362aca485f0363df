"""One config of ZigZag's TPU-like machine on the GEMMs of a BERT-Base layer.

Run in an environment of its own. ZigZag searches a mapping for each GEMM; how many
mappings its cost model is asked for is counted, and told beside the CPU seconds.
"""

import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import zigzag
from zigzag.api import get_hardware_performance_zigzag
from zigzag.stages.evaluation import cost_model_evaluation

INPUTS = Path(zigzag.__file__).parent / "inputs"
MACHINE = str(INPUTS / "hardware" / "tpu_like.yaml")
MAPPING = str(INPUTS / "mapping" / "tpu_like.yaml")


def layers(sizes):
    return [
        {
            "id": place,
            "name": f"gemm_{place}",
            "operator_type": "Gemm",
            "equation": "O[b][k]+=I[b][c]*W[c][k]",
            "loop_dims": ["B", "K", "C"],
            "loop_sizes": [rows, columns, inner],
            "operand_precision": {"O": 16, "O_final": 8, "W": 8, "I": 8},
            "operand_source": {"I": place, "W": place},
        }
        for place, (rows, inner, columns) in enumerate(sizes)
    ]


def count_evaluations():
    found = []
    before = cost_model_evaluation.CostModelEvaluation.__init__

    def counting(self, *arguments, **named):
        found.append(1)
        before(self, *arguments, **named)

    cost_model_evaluation.CostModelEvaluation.__init__ = counting
    return found


def main():
    sizes, limit = json.loads(sys.argv[1]), int(sys.argv[2])
    logging.disable(logging.CRITICAL)
    evaluations = count_evaluations()
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        _, cycles, _ = get_hardware_performance_zigzag(
            layers(sizes),
            MACHINE,
            MAPPING,
            opt="latency",
            dump_folder=folder,
            lpf_limit=limit,
            loma_show_progress_bar=False,
        )
    print(
        json.dumps(
            {
                "cpu_s": time.process_time() - began,
                "evaluations": len(evaluations),
                "cycles": cycles,
            }
        )
    )


if __name__ == "__main__":
    main()
