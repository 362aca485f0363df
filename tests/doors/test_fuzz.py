"""Inputs that nobody has listed: each is right, or refused with all that helps."""

from __future__ import annotations

import logging
import random
import time
import traceback
from collections import Counter
from pathlib import Path

import pytest

from dse.errors import InputError
from tests.doors import (
    acceltran,
    answers,
    calls,
    commands,
    files,
    measured,
    own,
    saved,
    tables,
)
from tests.doors.door import DOORS
from tests.doors.judge import fault_of_message

# Their import adds doors to DOORS.
MODULES = (acceltran, answers, calls, commands, files, measured, own, saved, tables)
BY_DAY = 32  # inputs of each door
BY_NIGHT = 540
COSTS = {  # doors behind which a whole verb runs
    **{"answer": 8, "checked_engine": 8, "command": 3, "measurement": 8},
    **{"own_engine": 4, "parts": 3, "silicon_runs": 2, "simulator_runs": 2},
}
SLOW = 5.0  # seconds of the processor


def outcome(name: str, seed: int, folder: Path) -> str:
    """Open a door with what a seed draws; say how it went, and why where it is bad."""
    folder.mkdir()
    opened = DOORS[name](random.Random(f"{name}-{seed}"), folder)
    begun = time.process_time()
    try:
        opened()
        said = "accepted"
    except InputError as error:
        fault = fault_of_message(str(error))
        said = f"poor: {fault}: {error}" if fault else "refused"
    except AssertionError as error:
        line = traceback.extract_tb(error.__traceback__)[-1].line
        said = f"nonsense: {line} {error}"
    except Exception as error:  # whatever a door lets through
        last = traceback.extract_tb(error.__traceback__)[-1]
        said = f"traceback: {error!r} at {last.filename}:{last.lineno}"
    if time.process_time() - begun > SLOW:
        said = f"hang: {said}"
    return said


def try_door(name: str, seeds: range, folder: Path) -> None:
    found = {seed: outcome(name, seed, folder / str(seed)) for seed in seeds}
    counts = Counter(said.partition(":")[0] for said in found.values())
    print(f"{name}, seeds {seeds.start} to {seeds.stop - 1}: {dict(counts)}")
    bad = {s: said for s, said in found.items() if said not in ("accepted", "refused")}
    assert not bad, "\n".join(f"{name}, seed {s}: {said}" for s, said in bad.items())
    assert counts["refused"]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def test_every_door_is_tried() -> None:
    assert len(DOORS) == 33


@pytest.mark.parametrize("name", DOORS)
def test_what_is_drawn_is_right_or_refused(name: str, tmp_path: Path) -> None:
    try_door(name, range(BY_DAY // COSTS.get(name, 1)), tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("name", DOORS)
def test_the_same_for_thousands(name: str, tmp_path: Path) -> None:
    count = BY_NIGHT // COSTS.get(name, 1)
    try_door(name, range(BY_DAY, BY_DAY + count), tmp_path)
