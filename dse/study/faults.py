"""What is wrong in the file of a study, told all at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dse.errors import InputError
from dse.toml_file import TomlFile


@dataclass
class Faults:
    """What is wrong in a file, gathered to be told all at once, each with its line."""

    file: TomlFile
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, key: tuple[str | int, ...], message: str) -> None:
        """Add one fault at a key of the file."""
        line = self.file.line(*key)
        name = ".".join(part for part in key if isinstance(part, str))
        place = f"{self.file.path}:{line}: {name}: " if name else f"{self.file.path}: "
        self.found.append((line, place + message))

    @contextmanager
    def at(self, *key: str | int) -> Iterator[None]:
        """Add whatever `InputError` the block raises as a fault at a key."""
        try:
            yield
        except InputError as error:
            self.add(key, str(error))

    def tell(self) -> None:
        """Raise one `InputError` with every fault, in the order of the file."""
        if self.found:
            raise InputError("\n".join(text for _, text in sorted(self.found)))
