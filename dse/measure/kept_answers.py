"""The folder of a measurement: one question, and the answer of each setting so far.

An answer bears a hash of itself and of the question: what was changed, or belongs to
another question, never gets into a curve.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from dse.errors import InputError
from dse.files import exists, write_whole
from dse.json_file import read_json

QUESTION = "question.json"
SEAL = "sha256"  # of an answer with its question

Answer = dict[str, Any]


class KeptAnswers:
    """The answers of one question in a folder, by the number of the setting."""

    def __init__(self, folder: Path, question: dict[str, Any]) -> None:
        """Make a folder this question's.

        Raises `InputError` where it is another's, or holds other files.
        """
        self.folder = folder
        self._question = json.loads(json.dumps(question))
        self._claim()

    def read(self, number: int) -> Answer | None:
        """Return the answer of a setting; None where it is missing.

        Raises `InputError` for one that was not written so, or for another question.
        """
        path = self._path(number)
        if not exists(path):
            return None
        answer = read_json(path, "what a measurement wrote, or move it away")
        if answer.pop(SEAL, "") != self._seal(answer):
            raise InputError(
                f"{path}: was changed after it was measured, or comes from elsewhere "
                f"(its `{SEAL}` is another); move it away, to have it measured again."
            )
        return answer

    def write(self, number: int, answer: Answer) -> Answer:
        """Keep the answer of a setting; return it as it will be read."""
        answer = json.loads(json.dumps(answer))
        _write(self._path(number), {SEAL: self._seal(answer), **answer})
        return answer

    def _path(self, number: int) -> Path:
        return self.folder / f"setting-{number:02d}.json"

    def _seal(self, answer: Answer) -> str:
        told = json.dumps([self._question, answer], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def _claim(self) -> None:
        path, asked = self.folder / QUESTION, self._question
        if exists(path):
            held = read_json(
                path, "another --out, or the file that a measurement wrote"
            )
            keys = [*asked, *(key for key in held if key not in asked)]
            other = [key for key in keys if (key, held.get(key)) not in asked.items()]
            if other:
                raise InputError(
                    f"`{self.folder}` holds a measurement with another "
                    f"`{'`, `'.join(other)}`; give another folder, or the same "
                    "question."
                )
        elif self.folder.exists() and any(self.folder.iterdir()):
            raise InputError(
                f"`{self.folder}` holds other files; give an empty or a new folder."
            )
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(path, asked)


def _write(path: Path, data: dict[str, Any]) -> None:
    write_whole(path, json.dumps(data, indent=1) + "\n")
