"""What happens on Ctrl-C."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

INTERRUPTED = 130


def leave_interrupted() -> NoReturn:
    """Say that nothing was written, which files moving together make true, and leave.

    At once: XLA may be compiling in a thread, which ends badly if Python waits to close.
    """
    print("\nInterrupted; nothing was written.", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(INTERRUPTED)
