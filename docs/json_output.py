"""The page on `--json`, from what the verbs print: `python docs/json_output.py`.

A key that goes, or becomes something else, breaks what people wrote; so the page is
committed, and a test says whether it is still true.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dse.explore.runs import THROUGHPUTS, column_name, file_units

PAGE = Path(__file__).parent / "json_output.md"
STUDY = "acceltran_design_space"
COMMANDS = {
    "evaluate": "evaluate --workload bert-base --sensitivity energy --uncertainty",
    "evaluate, of a generation": "evaluate --model gpt2 --prompt 64 --new-tokens 8",
    "sweep": f"sweep {STUDY}",
    "sweep --dry-run": f"sweep {STUDY} --dry-run",
    "sweep --shard": "sweep mine --out shards --parts 2 --shard 2/2",
    "merge": "merge mine shards",
    "pareto": "pareto runs",
    "tune": f"tune {STUDY} --max throughput",
    "explain": f"explain {STUDY} 24064313",
    "compare": "compare tile:edge tile:server --workload bert-base",
    "league": "league --draws 100",
    "study": f"study {STUDY}",
    "engines": "engines",
    "engines NAME": "engines tile",
    "check-engine": "check-engine reference --preset a100",
    "reference list": "reference list",
    "reference measure": "reference measure mine.toml",
    "models": "models",
    "models NAME": "models llama-3-8b",
    "memories": "memories",
    "curves": "curves",
    "train": "train --wordnet small_wordnet --steps 2 --seq-len 16 --out small",
    "measure": "measure small --wordnet small_wordnet --policy topk --settings 0.5,1 "
    "--seq-len 16 --seeds 1 --train 64 --test 16 --out measured",
    "params": "params",
    "params NAME": "params acceltran",
    "cite": "cite acceltran",
    "validate, of claims": "validate isaac",
    "validate, of runs": "validate a100",
    "validate --calibration": "validate --calibration",
    "info": "info",
}
# What is run before a verb, in the same folder.
BEFORE = {
    "sweep --shard": ["new study mine"],
    "merge": [
        "new study mine",
        "sweep mine --out shards --parts 2 --shard 1/2",
        "sweep mine --out shards --parts 2 --shard 2/2",
    ],
    "pareto": ["new study mine", "sweep mine --out runs --keep all"],
    "measure": [COMMANDS["train"]],
}
MADE_UP = (
    Path(__file__).parent / "measured_sparsity.md"
)  # texts to train and measure on
# The keys of these are names at the top.
NAMES = ("reference list", "validate --calibration")
# Of these the keys are names of things: of components, fields, ops, files.
NAMED = (
    "design",
    "values",
    "versions",
    "memory_use_gib",
    "dynamic_energy_mj",
    "leakage_energy_mj",
    "area_mm2",
    "off_chip_mb",
    "compulsory_mb",
    "utilization",
    "extras",
    "energy_by_component_j",
    "area_by_component_m2",
    "energy_by_op_j",
    "compute_by_op_s",
    "parameters",
    "checked",
    "figures",
    "hw_params",
    "elasticities",
    "best",
    "references",
    "rival_times_better",
    "axes",
    "tied",
    "groups",
    "designs",
    "differences",
    "density",
    "density_by_layer",
    "useful",
    "median",
    "p95",
    "inside",
    "measured_s",
    "predicted_s",
)
METRICS = dict.fromkeys(
    column_name(metric, unit)
    for counted in THROUGHPUTS
    for metric, unit in file_units(counted).items()
)
_KINDS = {str: "text", bool: "true or false", int: "number", float: "number"}

START = """# Output for machines: `--json`

A verb that answers prints JSON on standard output where it is given `--json`, and
nothing else there: notes and progress go to standard error, and an error is one line
of text with exit code 2. The unit of a number ends its key (`energy_mj`, `area_mm2`);
a number without one is a share, a count or a factor. What is not known is `null`.
`{name}` stands for the name of a component, field, op, machine or file; `[]` for each
of a list; `{metric}` for a metric:

METRICS

Those are there that the run has. Keys are added; one that is listed here goes, or
changes its unit, with a line in the changelog. In Python, `dse.save` and `dse.load`
keep designs and results with nothing lost. This page is written by
`docs/json_output.py` from what the verbs print.
"""


def answer(title: str) -> Any:
    """Return what a command prints with `--json`, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        if "small_wordnet" in COMMANDS[title]:
            [block] = re.findall(
                r"^```python\n(.*?)^```", MADE_UP.read_text(), re.M | re.S
            )
            exec(block, {})
        for command in BEFORE.get(title, []):
            _run(command)
        return json.loads(_run(f"{COMMANDS[title]} --json"))


def _run(command: str) -> str:
    words = [sys.executable, "-m", "dse", *shlex.split(command), "-q"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def keys(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the keys of an answer, dotted, with the kind of what they hold."""
    if isinstance(value, dict):
        is_row = (
            isinstance(value.get("design"), int) and path
        )  # of a table: axes and metrics
        for key, part in value.items():
            if path.rpartition(".")[2] in NAMED or (is_row and key != "design"):
                own = "{name}"
            else:
                own = key
            if key in METRICS and f"{path}{key}" not in NAMED:
                own = "{metric}"
            yield from keys(part, f"{path}.{own}" if path else own)
    elif isinstance(value, list) and value and isinstance(value[0], dict | list):
        for part in value:
            yield from keys(part, f"{path}[]")
    elif isinstance(value, list):
        kinds = {_KINDS.get(type(part), "null") for part in value}
        yield path, f"list of {' or '.join(sorted(kinds)) or 'text'}"
    else:
        yield path, _KINDS.get(type(value), "null")


def listing(title: str) -> dict[str, str]:
    """Return each key of an answer once, with all kinds that it holds."""
    found: dict[str, set[str]] = {}
    told = answer(title)
    for path, kind in keys([*told.values()] if title in NAMES else told):
        own = path.replace("[]", "{name}", 1) if title in NAMES else path
        found.setdefault(own, set()).add(kind)
    return {path: " or ".join(sorted(kinds)) for path, kinds in found.items()}


def page() -> str:
    """Return the page."""
    sections = (section(title, listing(title)) for title in COMMANDS)
    return "\n".join([start(), *sections])


def start() -> str:
    """Return what the page says of all verbs."""
    return START.replace("METRICS", ", ".join(f"`{name}`" for name in METRICS))


def section(title: str, listed: dict[str, str]) -> str:
    """Return what the page says of the answer of one verb."""
    rows = [f"| `{key}` | {kind} |\n" for key, kind in listed.items()]
    asked = f"## {title}\n\n`dse {COMMANDS[title]} --json`\n\n"
    return asked + "| key | holds |\n|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
