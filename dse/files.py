"""Files: read with limits, and written so that each is there whole or not at all.

What is read may be anything: a pipe, gigabytes, another encoding. Each comes to one
message that names the file, the fault and what to do.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from dse.errors import InputError

DRAFT = ".draft"  # ends the name of a file that is being written
LARGEST = 16 * 2**20  # bytes of a file, unless its reader says otherwise
DEEPEST = 32  # lists and tables within each other
TOO_DEEP = f"is nested too deeply; write at most {DEEPEST} levels"


def exists(path: Path) -> bool:
    """Say whether something stands at a path, however odd it is."""
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, a null character
        return False


def is_file(path: Path) -> bool:
    """Say whether a file stands at a path, however odd that is."""
    return exists(path) and path.is_file()


def is_folder(path: Path) -> bool:
    """Say whether a folder stands at a path, however odd that is."""
    return exists(path) and path.is_dir()


def leads_nowhere(path: Path) -> bool:
    """Say whether a path is a link to nothing, or to itself."""
    return path.is_symlink() and not exists(path)


def check_regular(path: Path, wanted: str, *, largest: int | None = None) -> None:
    """Raise `InputError` unless a path is that of a file, and a small one if asked.

    `wanted` ends the message, as in "the `config.json` of a model".
    """
    try:
        found = path.stat()
    except (OSError, ValueError) as error:  # a null character in it is a ValueError
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read ({why}); give {wanted}.") from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
        raise InputError(f"{path}: is {kind}; give {wanted}.")
    if largest is not None and found.st_size > largest:
        raise InputError(
            f"{path}: has {found.st_size:,} bytes, more than the {largest:,} that are "
            f"read; give {wanted}."
        )


def read_bytes(path: Path, wanted: str, *, largest: int = LARGEST) -> bytes:
    """Return what a file holds; raise `InputError` where it cannot be read."""
    check_regular(path, wanted, largest=largest)
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give {wanted}."
        ) from None
    if len(data) > largest:  # it grew
        raise InputError(f"{path}: has more than {largest:,} bytes; give {wanted}.")
    return data


def read_text(path: Path, wanted: str, *, largest: int = LARGEST) -> str:
    """Return a file of text, lines ended by a line feed; `InputError` for any other."""
    try:
        text = read_bytes(path, wanted, largest=largest).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: byte {error.start:,} is not UTF-8; save it as UTF-8, or give "
            f"{wanted}."
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check_tree(data: object, place: str) -> None:
    """Raise `InputError` for lists and tables that are too deep in each other."""
    level = [data]
    for _ in range(DEEPEST):
        level = [
            item
            for branch in level
            if isinstance(branch, dict | list)
            for item in (branch.values() if isinstance(branch, dict) else branch)
        ]
        if not level:
            return
    raise InputError(f"{place}: {TOO_DEEP}.")


def check_name(path: Path) -> None:
    """Raise `InputError` for a name that no file can have."""
    try:
        os.lstat(path)
    except ValueError:
        raise InputError(
            f"`{path}` holds a null character; give another path."
        ) from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"`{path}` is too long; give a shorter path.") from None


def make_parent(path: Path) -> None:
    """Make the folder of a file where it is missing; `InputError` if that cannot be.

    Nor can the file where what stands there is none, as a device or a pipe: it would be
    replaced.
    """
    check_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(
            f"{path}: {path.parent} is no folder; give another path."
        ) from None
    path = Path(os.path.realpath(path))  # what a link points to, not the link
    if os.path.lexists(path) and not path.is_file():
        raise InputError(f"`{path}` is no regular file; give the name of one.")


def write_whole(path: Path, data: str | bytes, draft: str = "") -> None:
    """Write a file that survives a fall of the power once this returns.

    Until then, and where it fails, an older file of that name stays as it was. The
    `draft` is the name of the file meanwhile, in the same folder, which is made where
    it is missing. Raises `InputError` where `make_parent` does.
    """
    make_parent(path)
    path = Path(os.path.realpath(path))
    half = path.with_name(draft or f".{path.name}{DRAFT}")
    raw = data.encode() if isinstance(data, str) else data
    try:
        with half.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
    except OSError:
        half.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too, reaches the disk
    finally:
        os.close(folder)
