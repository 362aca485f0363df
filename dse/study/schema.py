"""What may stand in a `study.toml`, as JSON Schema: for editors, and for the docs."""

from __future__ import annotations

from typing import Any

from dse.study.file import StudyTable


def study_schema() -> dict[str, Any]:
    """Return the JSON Schema of a study file.

    Each key has its meaning, an example, its range and default, and its `unit`, if any.
    """
    schema = for_toml(StudyTable.model_json_schema())
    properties = schema["properties"]
    # What the file may say in short is read before the tables are.
    lists = [
        {"type": "array", "items": {"type": kind}, "minItems": 1}
        for kind in ("number", "string")
    ]
    tie = {"type": "string", "description": "an expression over other fields"}
    properties["space"]["additionalProperties"] = {"oneOf": [*lists, tie]}
    properties["designs"]["additionalProperties"] = {"oneOf": lists}
    properties["reference"]["additionalProperties"] = {
        "oneOf": [
            {"type": "string", "description": "the name of a preset"},
            properties["reference"]["additionalProperties"],
        ]
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "study.toml",
        **schema,
        "oneOf": [{"required": [name]} for name in ("space", "designs")],
    }


def for_toml(schema: Any) -> Any:
    """Return a schema without null, which TOML has not, and without made-up titles."""
    if isinstance(schema, list):
        return [for_toml(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        key: for_toml(value)
        for key, value in schema.items()
        if not (key == "default" and value is None)
        and not (key == "title" and isinstance(value, str))
    }
    some = [each for each in found.get("anyOf", []) if each != {"type": "null"}]
    if len(some) == 1:
        return {k: v for k, v in found.items() if k != "anyOf"} | some[0]
    return found
