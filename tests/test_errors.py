"""What is said of values that cannot be written, and of names that are too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dse
from dse.errors import quoted

HUGE = 10**5000  # Python refuses to write it in digits


@pytest.mark.parametrize(
    "call",
    [
        lambda: dse.transformer("bert-tiny", seq_len=HUGE),
        lambda: dse.transformer("bert-tiny", mode=np.array([])),  # type: ignore[arg-type]
        lambda: dse.continuous(1, HUGE),
        lambda: dse.load_curve(HUGE),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(
    call: Callable[[], Any],
) -> None:
    with pytest.raises(dse.InputError, match="give"):
        call()


def test_a_half_precision_number_is_an_end_of_an_axis() -> None:
    assert dse.continuous(np.float16(0.5), 2.0).low == 0.5


def test_a_long_name_does_not_hide_what_is_known() -> None:
    with pytest.raises(dse.InputError) as refused:
        dse.load_curve("é" * 700)
    said = str(refused.value)
    assert said.startswith("`ééé")
    assert "…`" in said
    assert "Known: " in said


def test_numbers_of_numpy_are_told_as_those_of_python() -> None:
    day = np.datetime64("2020-01-31")
    told = map(quoted, (np.float32(1.5), np.int64(3), np.bool_(True), day))
    assert list(told) == ["1.5", "3", "True", "2020-01-31"]
