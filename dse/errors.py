"""What `dse` says when it is given something it cannot use."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, time
from pathlib import Path
from traceback import extract_tb

LONGEST = 1000  # characters of a line of a message
LONGEST_PIECE = 200  # of them between backticks
MOST = 60  # lines of it
MOST_KNOWN = 40  # names that a message lists


class InputError(ValueError):
    """Bad input: the message names the place, what was wrong there and what to do.

    The command line prints the message alone and exits with code 2. What of the input
    stands in it is cut where it is long, and cannot steer a terminal.

    Examples:
        >>> try:
        ...     dse.TileEngine(pes=0)
        ... except dse.InputError as error:
        ...     print(error)
        `TileEngine.pes` is 0, outside its range 1 to inf; give a number in it.
    """

    def __init__(self, message: str) -> None:
        lines = [_short(_plain(_PIECE.sub(_begin, m))) for m in message.split("\n")]
        if len(lines) > MOST:
            more = len(lines) - MOST
            lines = [*lines[:MOST], f"… and {more:,} more; correct these first."]
        super().__init__("\n".join(lines))


class Faults:
    """What is wrong with an input, gathered to be told all at once."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []  # line, or row, and message

    def note(self, line: int, message: str) -> None:
        """Add one fault."""
        self.found.append((line, message))

    @contextmanager
    def gathered(self, line: int) -> Iterator[None]:
        """Add whatever `InputError` the block raises."""
        try:
            yield
        except InputError as error:
            self.note(line, str(error))

    def tell(self) -> None:
        """Raise one `InputError` with every fault, in the order of the input."""
        if self.found:
            raise InputError("\n".join(text for _, text in sorted(self.found)))


def named(given: object) -> str:
    """Return what was given as a message names it: `'edge'`, or a `TileEngine`."""
    if isinstance(given, type):
        return f"the class `{given.__name__}`"
    if isinstance(given, str | int | float | None):
        return quoted(given)
    return f"a `{type(given).__name__}`"


def quoted(given: object) -> str:
    """Return the beginning of a value as Python writes it, or what kind of thing it is.

    Days and times stand as in the file that they come from, numbers of NumPy as those
    of Python. Whole numbers of thousands of digits are not written: Python refuses to.
    """
    if type(given).__module__ == "numpy" and not hasattr(given, "__len__"):
        given = given.item()  # type: ignore[attr-defined]
    if isinstance(given, date | time):
        return given.isoformat()
    try:
        text = f"{given!r:.60}"
    except ValueError:
        return f"a `{type(given).__name__}` too long to write"
    return named(given) if text.startswith("<") else text  # `<Thing at 0x7f…>`


def check_kind(
    place: str, value: object, kind: type | tuple[type, ...], wanted: str
) -> None:
    """Raise `InputError` unless a value is of a kind; `wanted` says what to give.

    True and False are no numbers.
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    is_flag = isinstance(value, bool) and bool not in kinds
    if is_flag or not isinstance(value, kinds):
        said = quoted(value)
        said = named(value) if "\n" in said else said  # a table is long
        raise InputError(f"{place} is {said}; give {wanted}.")


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """Return ' Did you mean `x`?' for the closest known name, or the whole list."""
    names = sorted(str(each) for each in known)
    asked = str(name)
    close = difflib.get_close_matches(asked, names, n=1) if len(asked) < 100 else []
    if close:
        return f" Did you mean `{close[0]}`?"
    more = f" and {len(names) - MOST_KNOWN} more" if len(names) > MOST_KNOWN else ""
    return f" Known: {', '.join(names[:MOST_KNOWN])}{more}."


def last_line_in(files: Collection[str], fault: BaseException) -> str:
    """Return `name.py:63`, the last line of some files on the way to a fault, or ''."""
    frames = extract_tb(fault.__traceback__)
    lines = [
        f"{Path(f.filename).name}:{f.lineno}" for f in frames if f.filename in files
    ]
    return lines[-1] if lines else ""


_PIECE = re.compile("`[^`]*`")


def _begin(piece: re.Match[str]) -> str:
    """Return what stands between backticks, its beginning where it is long."""
    text = piece.group()
    return text if len(text) <= LONGEST_PIECE else f"{text[:60]}…`"


def _plain(line: str) -> str:
    """Return a line with what is not printable as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def _short(line: str) -> str:
    """Return a line without its middle where it is long: places and remedies stay."""
    if len(line) <= LONGEST:
        return line
    half = LONGEST // 2
    return f"{line[:half]} … {line[-half:]}"
