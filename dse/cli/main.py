"""The command line: `dse VERB`. Answers go to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext

from dse.cli.collector import collected_seldom
from dse.cli.interrupt import leaving_on_interrupt


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb and exit with its code; left out, the arguments of the process."""
    ends = arguments is None  # the process ends with the verb
    with collected_seldom() if ends else nullcontext(), leaving_on_interrupt():
        from dse.cli.app import app
        from dse.cli.options import start_logging

        start_logging()
        app(sys.argv[1:] if arguments is None else list(arguments), prog_name="dse")


if __name__ == "__main__":
    main()
