"""What a `study.toml` may hold is an interface: files and editors rest on it.

`python -m tests.study.test_schema` writes `schema.json` anew. A key, a range or a
default that moves there is told in CHANGELOG.md.
"""

from __future__ import annotations

import json
from pathlib import Path

from dse.study.schema import study_schema

FILE = Path(__file__).with_name("schema.json")


def test_keys_ranges_and_defaults_are_those_that_are_written_down() -> None:
    assert study_schema() == json.loads(FILE.read_text())


if __name__ == "__main__":
    FILE.write_text(json.dumps(study_schema(), indent=1, ensure_ascii=False) + "\n")
