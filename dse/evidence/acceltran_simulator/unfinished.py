"""How a run of AccelTran's simulator can fail to end."""

from __future__ import annotations

from dse.errors import InputError


class Unfinished(InputError):  # noqa: N818 - what became of a run, not of this program
    """AccelTran's simulator does not finish this run."""


class Deadlock(Unfinished):
    """Every op that is left waits for something that will never happen."""


class Failure(Unfinished):
    """The simulator stops with an exception."""
