"""Functions that JAX traces once, for all that ask, as one operation of what asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import jax

_F = TypeVar("_F", bound=Callable[..., Any])


def traced_once(*static: str) -> Callable[[_F], _F]:
    """Return a decorator: a function is traced once for each form of its numbers.

    `static` names arguments that are no numbers. It is `jax.jit`, with the types that a
    function has; for what physics asks many times, as each trace of one operation takes
    JAX some 40 us.
    """

    def decorate(function: _F) -> _F:
        return cast(_F, jax.jit(function, static_argnames=static))

    return decorate
