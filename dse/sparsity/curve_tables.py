"""What the file of a curve says, table by table.

    [about]                     # who found it, on what, and how
    model, task, policy         # together the name of the curve
    setting  = "threshold"      # what the knots are; for N:M weights `kept share`, N/M
    metric   = "accuracy"       # what was measured, as a share
    status   = "digitised"      # read off a published figure; or "measured", by `dse`
    source   = "key"            # of references.bib, with `where` in it
    [curve]                     # settings, accuracy, spread, all [k]; dense_accuracy
    [density]                   # site = [k]; `activations` for all, `weights`
    [density_by_layer]          # site = [layers, k]
    [attention]                 # kept [k], capacities, reuse [k, sizes], ...
    [balance]                   # tile_sizes; useful, median, p95 by product
    [layer_loss]                # accuracy_drop [layers, k] of one layer pruned alone

Numbers are as they were measured; that curves are monotone is the reader's business.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dse.errors import InputError
from dse.toml_file import Table

Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[tuple[Share, ...], Field(min_length=2)]
Rows = tuple[tuple[Share, ...], ...]
Layers = Annotated[tuple[Shares, ...], Field(min_length=1)]
Sizes = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
Setting = Annotated[float, Field(ge=-1e9, le=1e9)]
LEAST_STEP = 1e-12  # from one setting to the next


def _check_rising(name: str, numbers: tuple[float, ...]) -> None:
    if any(after - before < LEAST_STEP for before, after in pairwise(numbers)):
        raise InputError(
            f"`{name}` must rise from one to the next, by {LEAST_STEP:g} or more; "
            "sort them."
        )


class About(Table):
    """Where a curve comes from."""

    model: str = Field(min_length=1, description="the model that was pruned")
    task: str = Field(min_length=1, description="what its accuracy was measured on")
    policy: str = Field(min_length=1, description="the pruning rule")
    setting: str = Field(min_length=1, description="what the settings are")
    metric: str = Field(default="accuracy", description="what was measured, a share")
    status: Literal["measured", "digitised"] = Field(
        description="'measured' or 'digitised'"
    )
    source: str = Field(min_length=1, description="a key of references.bib")
    where: str = Field(min_length=1, description="the place in the source, in words")
    densities: str = Field(
        default="", description="how the densities are meant, in words"
    )
    note: str = Field(default="", description="what a reader must know, in words")
    data_source: str = Field(
        default="", description="a key of references.bib, for the data"
    )
    model_sha256: str = Field(default="", description="sha256 of the model's weights")
    data: str = Field(default="", description="which texts, and how many")
    seq_len: int | None = Field(default=None, ge=1, description="tokens per sequence")
    padded_fraction: Share | None = Field(
        default=None, description="the share of all tokens that was padding"
    )
    seeds: tuple[int, ...] = Field(default=(), description="a list of whole numbers")
    date: str = Field(default="", description="the day, as 2026-11-22")
    command: str = Field(default="", description="the command that measured it")

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of references.bib: of the model or figure, and of the data."""
        return tuple(key for key in (self.source, self.data_source) if key)

    @model_validator(mode="after")
    def _a_measurement_can_be_repeated(self) -> Self:
        needed = ("model_sha256", "data", "seeds", "date", "command")
        missing = [name for name in needed if not getattr(self, name)]
        if self.status == "measured" and missing:
            raise InputError(
                f"a measured curve needs `{'`, `'.join(missing)}`; add it."
            )
        return self


class CurveTable(Table):
    """The table `[curve]`: accuracy over the settings."""

    settings: tuple[Setting, ...] = Field(
        min_length=2, description="two or more numbers, rising"
    )
    accuracy: Shares = Field(description="a list of shares between 0 and 1")
    spread: tuple[Share, ...] = Field(default=(), description="a list of shares")
    dense_accuracy: Share = Field(description="a share between 0 and 1")

    @model_validator(mode="after")
    def _settings_rise(self) -> Self:
        _check_rising("settings", self.settings)
        return self


class AttentionTable(Table):
    """The table `[attention]`: how the kept query-key pairs lay."""

    kept: Shares = Field(description="a list of shares between 0 and 1")
    kept_first_round: Shares | None = Field(
        default=None, description="a list of shares"
    )
    overlap: Shares | None = Field(  # of the kept keys, what the query before kept too
        None, description="a list of shares"
    )
    capacities: Annotated[tuple[Share, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="shares of the keys of a sequence that a buffer holds, rising",
    )
    reuse: Rows | None = Field(
        default=None, description="a list of shares for each setting"
    )
    blocks: Sizes | None = Field(
        default=None, description="numbers of adjacent queries, rising"
    )
    union: Rows | None = Field(
        default=None, description="a list of shares for each setting"
    )

    @model_validator(mode="after")
    def _tables_have_their_sizes(self) -> Self:
        for table, sizes in (("reuse", "capacities"), ("union", "blocks")):
            if (getattr(self, table) is None) != (getattr(self, sizes) is None):
                raise InputError(f"`{table}` and `{sizes}` go together; write both.")
            _check_rising(sizes, getattr(self, sizes) or ())
        return self


class BalanceTable(Table):
    """The table `[balance]`: useful multiplications, as a share of all."""

    tile_sizes: Sizes = Field(description="edges of square tiles, rising")
    useful: dict[str, Rows] = Field(description="rows of shares per product")
    median: dict[str, Rows] = Field(description="rows of shares per product")
    p95: dict[str, Rows] = Field(description="rows of shares per product")

    @model_validator(mode="after")
    def _of_the_same_products(self) -> Self:
        _check_rising("tile_sizes", self.tile_sizes)
        if not self.useful.keys() == self.median.keys() == self.p95.keys():
            raise InputError(
                "`useful`, `median` and `p95` are of other products; write all of each."
            )
        return self


class LayerLossTable(Table):
    """The table `[layer_loss]`: what is lost when one layer is pruned and no other."""

    settings: tuple[Annotated[float, Field(gt=0, le=1e9)], ...] = Field(
        min_length=1, description="numbers above 0, where nothing is pruned, rising"
    )
    accuracy_drop: tuple[tuple[Annotated[float, Field(ge=-1, le=1)], ...], ...] = Field(
        min_length=1,
        description="for each layer a list of shares, below 0 where accuracy rose",
    )
    data: str = Field(description="which texts, and how many")
    command: str = Field(description="the command that measured it")

    @model_validator(mode="after")
    def _settings_rise(self) -> Self:
        _check_rising("settings", self.settings)
        return self


class CurveFile(Table):
    """Everything that the file of a curve says."""

    about: About = Field(description="a table [about]")
    curve: CurveTable = Field(description="a table [curve]")
    density: dict[str, Shares] = Field(
        min_length=1, description="a list of shares between 0 and 1 for each site"
    )
    density_by_layer: dict[str, Layers] = Field(
        default={}, description="for each site a list of shares per layer"
    )
    attention: AttentionTable | None = Field(
        default=None, description="a table [attention]"
    )
    balance: BalanceTable | None = Field(default=None, description="a table [balance]")
    layer_loss: LayerLossTable | None = Field(
        default=None, description="a table [layer_loss]"
    )
