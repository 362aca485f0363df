"""Expressions: arithmetic over named numbers, and nothing else."""

from __future__ import annotations

import pytest

from dse.errors import InputError
from dse.expressions import evaluate_expression

VALUES = {"clock.frequency": 700e6, "lanes": 16.0}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("2 + 3 * 4", 14),
        ("(2 + 3) * -4", -20),
        ("2 ** 0.5 * 2 ** 0.5", 2),
        ("lanes / clock.frequency", 16 / 700e6),
        (" 1e3 - lanes ", 984),
        ("lanes <= 2 * 8", True),
    ],
)
def test_arithmetic_over_keys_is_worked_out(text: str, answer: float) -> None:
    assert evaluate_expression(text, VALUES) == pytest.approx(answer, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lanes +", "is not an expression"),
        ("1 / 0", "has no answer"),
        ("10.0 ** 400", "has no answer"),
        ("lane", "Did you mean `lanes`"),
        ("__import__('os')", "more than arithmetic"),
        ("'a' * 3", "more than arithmetic"),
        ("lanes if 1 else 2", "more than arithmetic"),
        ("lanes % 3", "more than arithmetic"),
    ],
)
def test_anything_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        evaluate_expression(text, VALUES)


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9",
        "9**9**9**9",
        "2**99999",
        "(" * 300 + "1",
        "-" * 990 + "1",
        "1+" * 5000 + "1",
        "9" * 900 + "**" + "9" * 90,
        "(-8)**0.5",
        "True",
        "lanes\0",
    ],
)
def test_no_expression_takes_for_ever(text: str) -> None:
    with pytest.raises(InputError, match=r"expression|arithmetic"):
        evaluate_expression(text, VALUES)
