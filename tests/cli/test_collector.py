"""A process that ends looks for garbage seldom; one that goes on as before."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from dse.cli.collector import SELDOM, collected_seldom
from dse.cli.main import main

PROGRAM = """
import atexit, gc, sys
from dse.cli.main import main
sys.argv = ["dse", "--version"]
atexit.register(lambda: print(gc.get_freeze_count() > 10_000, gc.get_threshold()[0]))
main()
"""


def test_what_was_imported_is_not_looked_through_as_the_process_ends() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split()[-2:] == ["True", str(SELDOM)]


def test_a_call_from_python_leaves_the_collector_as_it_is() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with pytest.raises(SystemExit):
        main(["--version"])
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() <= frozen  # those that have died are gone


def test_garbage_is_still_found() -> None:
    before = gc.get_threshold()
    try:
        with collected_seldom():
            assert gc.isenabled()
            assert gc.get_threshold()[1:] == before[1:]
    finally:
        gc.set_threshold(*before)
