"""What is asked of a transformer: the same by options of a command and by a study."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from dse.cli.evaluate import evaluate
from dse.errors import InputError
from dse.explore.hashes import hash_of_records
from dse.study.study import load_study
from dse.workload.spec import WorkloadSpec, read_options

CURVE = "bert-tiny/sst-2/dynatran"
STUDY = """\
question = "Which?"
engine = "tile"
preset = "edge"
objectives = ["min:energy"]
space = { pes = [64] }
[[workload]]
"""


def study(folder: Path, keys: dict[str, Any]) -> Any:
    lines = (f"{key} = {str(v).lower()}" for key, v in keys.items() if v != str(v))
    texts = (f'{key} = "{v}"' for key, v in keys.items() if v == str(v))
    path = folder / "study.toml"
    path.write_text(STUDY + "\n".join([*lines, *texts, 'why_density = "a test"', ""]))
    return load_study(path)


def test_whatever_a_study_may_ask_an_option_may_too() -> None:
    options = set(inspect.signature(evaluate).parameters)
    other = {"model": "workload", "format": "number_format"}
    assert {other.get(key, key) for key in WorkloadSpec.model_fields} <= options


@pytest.mark.parametrize(
    "keys",
    [
        {"model": "bert-tiny", "seq_len": 32, "batch": 4, "padded_fraction": 0.25},
        {"model": "gpt2", "mode": "decode", "context_len": 64, "format": "w4a16"},
        {"model": "gpt2", "prompt": 16, "new_tokens": 4, "chunk": 8, "batch": 2},
        {"model": "gpt2", "prompt": 8, "new_tokens": 2, "weight_density": 0.5},
        {"model": "bert-tiny", "kept_pairs": 0.3, "kept_first_round": 0.5},
        {"model": "bert-tiny", "density": CURVE, "threshold": 0.05},
        {"model": "bert-mini", "density": CURVE, "threshold": 0.05, "stand_in": True},
        {"model": "bert-tiny", "activation_density": 0.5, "part": "attention"},
    ],
    ids=lambda keys: ",".join(keys),
)
def test_one_question_is_one_workload_whoever_reads_it(
    tmp_path: Path, keys: dict[str, Any]
) -> None:
    ((asked, _),) = study(tmp_path, keys).suite
    assert hash_of_records(asked) == hash_of_records(read_options(keys).build())


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"density": CURVE}, "{density} names a curve, {threshold} a setting of it; "),
        ({"prompt": 8}, "{prompt} is answered by {new_tokens}; "),
        ({"chunk": 8}, "{chunk} cuts a {prompt}; "),
        (
            {"prompt": 8, "new_tokens": 2, "seq_len": 4},
            "{seq_len} says nothing of a prompt that is answered; leave it out, or ",
        ),
        (
            {"density": CURVE, "threshold": 0.05, "weight_density": 0.5},
            "densities come from {density}, and are stated too; remove one",
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_a_fault_names_the_place_where_it_was_asked(
    tmp_path: Path, keys: dict[str, Any], told: str
) -> None:
    every = WorkloadSpec.model_fields
    with pytest.raises(InputError) as error:
        read_options({"model": "bert-tiny", **keys})
    options = {key: f"--{key.replace('_', '-')}" for key in every}
    assert str(error.value).startswith(told.format(**options))
    with pytest.raises(InputError) as error:
        study(tmp_path, {"model": "bert-tiny", **keys})
    assert "study.toml:6: workload: " in str(error.value)
    assert told.format(**{key: f"`{key}`" for key in every}) in str(error.value)


def test_all_faults_of_a_command_are_told_at_once() -> None:
    with pytest.raises(InputError) as error:
        read_options({"model": "bert-tny", "seq_len": 0, "format": "w4b4"})
    model, length, form = str(error.value).splitlines()
    assert "Did you mean `bert-tiny`?" in model
    assert length == (
        "--seq-len is 0; write tokens per sequence, a whole number; left out, 128, or "
        "those of an image."
    )
    assert "has the word 'w4b4'" in form
