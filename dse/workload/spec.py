"""What is asked of a transformer: by options of a command, or by keys of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic import model_validator as check

from dse.errors import InputError
from dse.files import exists
from dse.sparsity.curve_file import read_curve_file
from dse.sparsity.curve_names import curve_path
from dse.toml_file import Table, faults_of, number
from dse.workload.formats import read_words
from dse.workload.model_file import Kind, dictionary_workload, kind_of, saved_workload

if TYPE_CHECKING:  # needs JAX, which waits until all is in order
    from dse.workload.ops import Workload


@dataclass(frozen=True)
class Place:
    """Where it is asked: from which folder paths are seen, and how keys are called."""

    folder: Path = Path()
    options: bool = False  # of a command, as --seq-len; else keys of a file

    @property
    def write(self) -> str:
        """What a person does with a key there."""
        return "give" if self.options else "write"

    def __call__(self, key: str) -> str:
        """Return a key as a message names it."""
        return f"--{key.replace('_', '-')}" if self.options else f"`{key}`"


_SHARE = "a share between 0 and 1"
_PAIRS = "a share of query-key pairs, above 0"
# What says nothing of a prompt that is answered.
_OF_ONE_PASS = ("context_len", "mode", "padded_fraction", "part", "seq_len")
# What says nothing of AccelTran's encoders.
_OF_DECODERS = ("chunk", "context_len", "mode", "new_tokens", "prompt")


class WorkloadSpec(Table):
    """A transformer, how it is run, and how sparse it is: checked, and not yet built.

    The context of its checks is a `Place`.
    """

    model: str = Field(
        examples=["bert-base"],
        description="a name of the zoo, or the path of a config.json, of a model "
        "dictionary of AccelTran, or of a workload that `dse.save` wrote, which takes "
        "no other key but its weight",
    )
    seq_len: int | None = number(
        None,
        "token",
        "tokens per sequence, a whole number; left out, 128, or those of an image",
        example=128,
        ge=1,
    )
    batch: int = number(
        1, "sequence", "sequences run together, a whole number", example=4, ge=1
    )
    mode: Literal["prefill", "decode"] = Field(
        "prefill", examples=["decode"], description="'prefill' or 'decode'"
    )
    context_len: int | None = number(
        None, "token", "tokens that a decode step sees", example=512, ge=1
    )
    prompt: int | None = number(
        None, "token", "tokens that are read, then answered", example=512, ge=1
    )
    new_tokens: int | None = number(
        None, "token", "tokens that answer a prompt", example=64, ge=1
    )
    chunk: int | None = number(
        None, "token", "tokens of a prompt read at a time", example=128, ge=1
    )
    format: str | None = Field(
        None,
        examples=["w4a16 kv8"],
        description='bits of weights, activations and cache, as "w4a16 kv8"',
    )
    padded_fraction: float = number(0.0, "1", _SHARE, example=0.25, ge=0, le=1)
    activation_density: float = number(1.0, "1", _SHARE, example=0.5, ge=0, le=1)
    weight_density: float = number(1.0, "1", _SHARE, example=0.5, ge=0, le=1)
    kept_pairs: float = number(1.0, "1", _PAIRS, example=0.3, gt=0, le=1)
    kept_first_round: float = number(1.0, "1", _PAIRS, example=0.5, gt=0, le=1)
    part: Literal["all", "attention"] = Field(
        "all",
        examples=["attention"],
        description="'all', or 'attention' for a co-processor alone",
    )
    density: str | None = Field(
        None,
        examples=["bert-base/sst-2/dynatran"],
        description="a curve that dse ships, by name, or the path of another",
    )
    threshold: float | None = number(
        None, "the curve's", "a setting of that curve, a number", example=0.04
    )
    stand_in: bool = Field(
        False,
        strict=True,
        examples=[True],
        description="true for a curve of another model, or false",
    )

    @field_validator("model")
    @classmethod
    def _model_is_known(cls, model: str, info: ValidationInfo) -> str:
        """Return a name of the zoo as it is, a path as seen from the folder."""
        beside = place_of(info).folder / model
        if exists(beside) or beside.suffix == ".json":
            model = str(beside)
        kind_of(model)
        return model

    @field_validator("format")
    @classmethod
    def _format_is_known(cls, told: str) -> str:
        read_words(told)
        return told

    @field_validator("density")
    @classmethod
    def _curve_is_known(cls, curve: str, info: ValidationInfo) -> str:
        """Return a shipped name as it is, a path as seen from the folder."""
        if curve.endswith(".toml"):
            curve = str(place_of(info).folder / curve)
        read_curve_file(curve_path(curve))
        return curve

    @check(mode="after")
    def _keys_fit_what_runs(self, info: ValidationInfo) -> Self:
        place, kind = place_of(info), self.kind
        if kind == "model":
            return self
        own = WorkloadSpec.model_fields.keys() - {"model"}
        odd = sorted(own if kind == "saved" else _OF_DECODERS)
        told = [key for key in odd if key in self.model_fields_set]
        if told:
            what = {
                "saved": "a workload that was saved, for it says how it runs",
                "dictionary": "a model dictionary of AccelTran, of encoders",
            }[kind]
            raise InputError(f"{place(told[0])} says nothing of {what}; leave it out.")
        return self

    @check(mode="after")
    def _generation_is_whole(self, info: ValidationInfo) -> Self:
        place = place_of(info)
        prompt, new_tokens = place("prompt"), place("new_tokens")
        if (self.prompt is None) != (self.new_tokens is None):
            raise InputError(
                f"{prompt} is answered by {new_tokens}; {place.write} both."
            )
        if self.prompt is None and self.chunk is not None:
            raise InputError(
                f"{place('chunk')} cuts a {prompt}; {place.write} one, with "
                f"{new_tokens}."
            )
        told = [key for key in _OF_ONE_PASS if key in self.model_fields_set]
        if self.prompt is not None and told:
            raise InputError(
                f"{place(told[0])} says nothing of a prompt that is answered; leave it "
                f"out, or {prompt} and {new_tokens}."
            )
        return self

    @check(mode="after")
    def _densities_are_said_once(self, info: ValidationInfo) -> Self:
        place = place_of(info)
        curve, threshold = place("density"), place("threshold")
        if (self.density is None) != (self.threshold is None):
            raise InputError(
                f"{curve} names a curve, {threshold} a setting of it; {place.write} "
                "both."
            )
        if self.density is not None and self.states_densities:
            raise InputError(
                f"densities come from {curve}, and are stated too; remove one of the "
                f"two: leave out {place('activation_density')} and "
                f"{place('weight_density')}, or {curve} and {threshold}."
            )
        return self

    @property
    def kind(self) -> Kind:
        """What its `model` stands for."""
        return kind_of(self.model)

    @property
    def states_densities(self) -> bool:
        """Whether it says itself how dense values are."""
        return min(self.activation_density, self.weight_density) < 1

    def build(self) -> Workload:
        """Return the workload; raise `InputError` for what its model cannot do."""
        from dse.sparsity.library import load_curve

        kind = self.kind
        if kind == "saved":
            return saved_workload(self.model)
        run = self._dictionary() if kind == "dictionary" else self._model()
        if self.density is not None:
            curve = load_curve(self.density, sequence_length=run.seq_len)
            setting: Any = self.threshold  # None is refused there
            run = run.with_curve(curve, setting, stand_in=self.stand_in)
        elif self.states_densities:
            run = run.with_density(
                activation=self.activation_density, weight=self.weight_density
            )
        if self.kept_pairs < 1:
            run = run.with_attention(
                kept=self.kept_pairs, kept_first_round=self.kept_first_round
            )
        return run.attention_only() if self.part == "attention" else run

    def _dictionary(self) -> Workload:
        """Return the run of a model dictionary, all densities 1."""
        length = {} if self.seq_len is None else {"seq_len": self.seq_len}
        run = dictionary_workload(self.model, batch=self.batch, **length)
        return run.replace(padded_fraction=self.padded_fraction, format=self.format)

    def _model(self) -> Workload:
        """Return the run of a model, all densities 1."""
        from dse.workload.generation import generation
        from dse.workload.transformer import transformer

        if self.prompt is not None and self.new_tokens is not None:
            return generation(
                self.model,
                prompt=self.prompt,
                new_tokens=self.new_tokens,
                batch=self.batch,
                chunk=self.chunk,
                format=self.format,
            )
        return transformer(
            self.model,
            seq_len=self.seq_len,
            batch=self.batch,
            padded_fraction=self.padded_fraction,
            mode=self.mode,
            context_len=self.context_len,
            format=self.format,
        )


def place_of(info: ValidationInfo) -> Place:
    """Return where a table stands that is being checked."""
    return info.context or Place()


def read_options(options: Mapping[str, Any]) -> WorkloadSpec:
    """Return what options of a command ask for; those at their default say nothing.

    Raises one `InputError` with a line per fault.
    """
    place, keys = Place(options=True), WorkloadSpec.model_fields
    said = {key: value for key, value in options.items() if value != keys[key].default}
    try:
        return WorkloadSpec.model_validate(said, context=place)
    except ValidationError as errors:
        faults = faults_of(errors, WorkloadSpec, named=place)
        raise InputError("\n".join(text for _, text in faults)) from None
