"""The page on `--json`, from what the verbs print: `python docs/json_output.py`.

A key that goes, or becomes something else, breaks what people wrote; so the page is
committed, and a test says whether it is still true.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
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
    "tune": f"tune {STUDY} --max throughput",
    "explain": f"explain {STUDY} 24064313",
    "compare": "compare tile:edge tile:server --workload bert-base",
    "study": f"study {STUDY}",
    "engines": "engines",
    "engines NAME": "engines tile",
    "models": "models",
    "models NAME": "models llama-3-8b",
    "memories": "memories",
    "curves": "curves",
    "params NAME": "params acceltran",
    "cite": "cite acceltran",
    "validate, of claims": "validate isaac",
    "validate, of runs": "validate a100",
    "info": "info",
}
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
)
METRICS = dict.fromkeys(
    column_name(metric, unit)
    for counted in THROUGHPUTS
    for metric, unit in file_units(counted).items()
)
_KINDS = {str: "text", bool: "true or false", int: "number", float: "number"}

START = """# Output for machines: `--json`

Every verb prints JSON on standard output where it is given `--json`, and nothing else
there: notes and progress go to standard error, and an error is one line of text with
exit code 2. The unit of a number ends its key (`energy_mj`, `area_mm2`); a number
without one is a share, a count or a factor. What is not known is `null`. `{name}`
stands for the name of a component, field, op, machine or file; `[]` for each of a list;
`{metric}` for a metric:

METRICS

Those are there that the run has. Keys are added; one that is listed here goes, or
changes its unit, with a line in the changelog. In Python, `dse.save` and `dse.load`
keep designs and results with nothing lost. This page is written by
`docs/json_output.py` from what the verbs print.
"""


def answer(command: str) -> Any:
    """Return what a command prints with `--json`."""
    words = [sys.executable, "-m", "dse", *shlex.split(command), "--json", "-q"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def keys(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the keys of an answer, dotted, with the kind of what they hold."""
    if isinstance(value, dict):
        is_row = "design" in value and path  # of a table: axes and metrics
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


def listing(command: str) -> dict[str, str]:
    """Return each key of an answer once, with all kinds that it holds."""
    found: dict[str, set[str]] = {}
    for path, kind in keys(answer(command)):
        found.setdefault(path, set()).add(kind)
    return {path: " or ".join(sorted(kinds)) for path, kinds in found.items()}


def page() -> str:
    """Return the page."""
    parts = [START.replace("METRICS", ", ".join(f"`{name}`" for name in METRICS))]
    for title, command in COMMANDS.items():
        parts.append(section(title, listing(command)))
    return "\n".join(parts)


def section(title: str, listed: dict[str, str]) -> str:
    """Return what the page says of the answer of one verb."""
    rows = [f"| `{key}` | {kind} |\n" for key, kind in listed.items()]
    asked = f"## {title}\n\n`dse {COMMANDS[title]} --json`\n\n"
    return asked + "| key | holds |\n|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
