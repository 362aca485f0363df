"""Modules of studies, each under a name that no other study has."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

STUDIES = Path(__file__).parents[2] / "studies"


def module_of(study: str, name: str = "study") -> Any:
    """Load a module of a study, which finds those beside it as a script does."""
    folder, known = STUDIES / study, set(sys.modules)
    spec = importlib.util.spec_from_file_location(
        f"{study}.{name}", folder / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    for beside in set(sys.modules) - known - {spec.name}:
        file = getattr(sys.modules[beside], "__file__", None)
        if file and Path(file).parent == folder:
            del sys.modules[beside]  # `machines` and the like, of other studies too
    return module
