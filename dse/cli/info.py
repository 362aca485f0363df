"""`dse info`: what is installed, and what it computes on."""

from __future__ import annotations

import hashlib
from typing import Any

from dse.cli.options import Json, Quiet, Verbose
from dse.cli.output import print_json, say
from dse.shipped import COMPUTES, hw_params_folder, versions
from dse.show.text_table import text_table

SHORT = 12  # digits of a hash for eyes; JSON has them all
PACKAGES = (*COMPUTES, "pandas", "pyarrow", "plotly")


def info(as_json: Json = False, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Print versions, device and data hashes."""
    found = _find()
    if as_json:
        print_json(found)
        return
    rows = [[name, version] for name, version in found["versions"].items()]
    rows += [["device", found["device"]]]
    rows += [[f"{what} in", dtype] for what, dtype in found["dtypes"].items()]
    hashes = found["hw_params"].items()
    rows += [[name, f"sha256 {digest[:SHORT]}…"] for name, digest in hashes]
    say(text_table(["what", "is"], rows))


def _find() -> dict[str, Any]:
    import jax

    device = jax.devices()[0]
    files = sorted(path for path in hw_params_folder().rglob("*") if path.is_file())
    return {
        "versions": versions(PACKAGES),
        "device": f"{len(jax.devices())} x {device.platform} ({device.device_kind})",
        "dtypes": {"answers": "float64", "searches": "float32"},
        "hw_params": {
            path.relative_to(hw_params_folder()).as_posix(): hashlib.sha256(
                path.read_bytes()
            ).hexdigest()
            for path in files
        },
    }
