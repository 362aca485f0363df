"""A folder, here or on an object store, where a file is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from dse.errors import InputError
from dse.files import DRAFT, check_regular, write_whole

PARTS = "parts"  # the folder of parts in the folder of an answer


class Folder(Protocol):
    """What a store needs of the place where its files lie."""

    place: str

    def names(self) -> list[str]:
        """Return the names of the files that are there; none if there is no folder."""

    def read(self, name: str) -> bytes:
        """Return what a file holds."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file that appears whole, or not at all; an older one is replaced."""

    def rename(self, name: str, new: str) -> None:
        """Give a file another name."""

    def delete(self, name: str) -> None:
        """Delete a file."""

    def remove_if_empty(self) -> None:
        """Remove the folder if nothing is in it."""


class LocalFolder:
    """A folder on a disk: draft, flush, rename, so that nothing is ever half there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)

    def names(self) -> list[str]:
        """Return the names of the files that are there."""
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; give a folder.")
        files = self.path.iterdir() if self.path.is_dir() else ()
        return sorted(f.name for f in files if not f.name.endswith(DRAFT))

    def read(self, name: str) -> bytes:
        """Return what a file holds."""
        check_regular(self.path / name, "what a sweep wrote")  # no pipe, to wait for
        return (self.path / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Write a file that survives a fall of the power once this returns."""
        write_whole(self.path / name, data, draft=f"{name}.{os.getpid()}{DRAFT}")

    def rename(self, name: str, new: str) -> None:
        """Give a file another name."""
        os.replace(self.path / name, self.path / new)

    def delete(self, name: str) -> None:
        """Delete a file."""
        (self.path / name).unlink()

    def remove_if_empty(self) -> None:
        """Remove the folder if nothing is in it."""
        with suppress(OSError):  # it holds something, or is not there
            self.path.rmdir()


class RemoteFolder:
    """A folder at a URL; there a written file appears when it is closed, at once."""

    def __init__(self, url: str) -> None:
        self.place = url
        self._files, self._path = _file_system(url)

    def names(self) -> list[str]:
        """Return the names of the files that are there."""
        from pyarrow.fs import FileSelector

        chosen = FileSelector(self._path, allow_not_found=True)
        return sorted(info.base_name for info in self._files.get_file_info(chosen))

    def read(self, name: str) -> bytes:
        """Return what a file holds."""
        with self._files.open_input_stream(f"{self._path}/{name}") as file:
            data: bytes = file.read()
        return data

    def write(self, name: str, data: bytes) -> None:
        """Write a file in one go; stores of objects show it when it is complete."""
        self._files.create_dir(self._path, recursive=True)
        with self._files.open_output_stream(f"{self._path}/{name}") as file:
            file.write(data)

    def rename(self, name: str, new: str) -> None:
        """Give a file another name."""
        self._files.move(f"{self._path}/{name}", f"{self._path}/{new}")

    def delete(self, name: str) -> None:
        """Delete a file."""
        self._files.delete_file(f"{self._path}/{name}")

    def remove_if_empty(self) -> None:
        """Remove the folder if nothing is in it, where there is such a thing."""
        if not self.names():
            with suppress(OSError):
                self._files.delete_dir(self._path)


def open_folder(place: str | Path) -> Folder:
    """Return the folder at a path, or at a URL such as `s3://bucket/run`.

    Raises `InputError` for a URL of a kind that nothing here can open.
    """
    if "://" in str(place):
        return RemoteFolder(str(place).rstrip("/"))
    return LocalFolder(Path(place))


@contextmanager
def reached(place: str | Path) -> Iterator[None]:
    """Tell a fault of the system, met where parts lie, as one of the place."""
    try:
        yield
    except OSError as fault:
        why = fault.strerror or " ".join(str(fault).split())
        raise InputError(
            f"{place} cannot be used ({why}); give --out or --store another folder."
        ) from None


def _file_system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, pyarrow's own before those of fsspec."""
    from pyarrow.fs import FileSystem

    for known in (url, f"fsspec+{url}"):
        try:
            files, path = FileSystem.from_uri(known)
        except (ValueError, ImportError) as error:
            fault = error
        else:
            return files, path
    raise InputError(
        f"{url} cannot be opened: {fault}. Give a folder, or a URL that pyarrow or an "
        'installed fsspec knows (`pip install ".[dist]"`, and s3fs, gcsfs, …).'
    )
