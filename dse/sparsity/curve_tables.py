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
from dse.toml_file import Table, entry

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

    model: str = entry("the model that was pruned", "minilm-l6", min_length=1)
    task: str = entry("what its accuracy was measured on", "wordnet", min_length=1)
    policy: str = entry("the pruning rule", "dynatran", min_length=1)
    setting: str = entry("what the settings are", "threshold", min_length=1)
    metric: str = entry("what was measured, a share", "accuracy", default="accuracy")
    status: Literal["measured", "digitised"] = entry(
        "'measured' or 'digitised'", "measured"
    )
    source: str = entry("a key of references.bib", "tuli2023acceltran", min_length=1)
    where: str = entry(
        "the place in the source, in words", "equation 1, every matrix", min_length=1
    )
    densities: str = entry(
        "how the densities are meant, in words", "padding is not counted", default=""
    )
    note: str = entry(
        "what a reader must know, in words", "spread: over texts and seeds", default=""
    )
    data_source: str = entry(
        "a key of references.bib, for the data", "fellbaum1998wordnet", default=""
    )
    model_sha256: str = entry(
        "sha256 of the model's weights", "53aa51172d142c89...", default=""
    )
    data: str = entry("which texts, and how many", "3,000 glosses", default="")
    seq_len: int | None = entry("tokens per sequence", 128, "token", default=None, ge=1)
    padded_fraction: Share | None = entry(
        "the share of all tokens that was padding", 0.17, "1", default=None
    )
    seeds: tuple[int, ...] = entry("a list of whole numbers", [0, 1], "1", default=())
    date: str = entry("the day, as 2026-11-22", "2026-11-22", default="")
    command: str = entry(
        "the command that measured it", "dse measure minilm-l6 --out curve", default=""
    )

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

    settings: tuple[Setting, ...] = entry(
        "two or more numbers, rising", [0.0, 0.02, 0.04], "the rule's", min_length=2
    )
    accuracy: Shares = entry(
        "a list of shares between 0 and 1", [0.85, 0.84, 0.79], "1"
    )
    spread: tuple[Share, ...] = entry(
        "a list of shares", [0.0, 0.004, 0.011], "1", default=()
    )
    dense_accuracy: Share = entry("a share between 0 and 1", 0.85, "1")

    @model_validator(mode="after")
    def _settings_rise(self) -> Self:
        _check_rising("settings", self.settings)
        return self


class AttentionTable(Table):
    """The table `[attention]`: how the kept query-key pairs lay."""

    kept: Shares = entry("a list of shares between 0 and 1", [1.0, 0.3, 0.1], "1")
    kept_first_round: Shares | None = entry(
        "a list of shares", [1.0, 0.5, 0.2], "1", default=None
    )
    overlap: Shares | None = entry(  # of the kept keys, what the query before kept too
        "a list of shares", [1.0, 0.7, 0.5], "1", default=None
    )
    capacities: Annotated[tuple[Share, ...], Field(min_length=1)] | None = entry(
        "shares of the keys of a sequence that a buffer holds, rising",
        [0.1, 0.5],
        "1",
        default=None,
    )
    reuse: Rows | None = entry(
        "a list of shares for each setting",
        [[0.1, 0.5], [0.4, 0.9], [0.6, 0.9]],
        "1",
        default=None,
    )
    blocks: Sizes | None = entry(
        "numbers of adjacent queries, rising", [1, 4], "query", default=None
    )
    union: Rows | None = entry(
        "a list of shares for each setting",
        [[1.0, 1.0], [0.3, 0.5], [0.1, 0.2]],
        "1",
        default=None,
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

    tile_sizes: Sizes = entry("edges of square tiles, rising", [8, 16], "value")
    useful: dict[str, Rows] = entry(
        "rows of shares per product",
        {"query": [[1.0, 1.0], [0.5, 0.5], [0.3, 0.3]]},
        "1",
    )
    median: dict[str, Rows] = entry(
        "rows of shares per product",
        {"query": [[1.0, 1.0], [0.5, 0.5], [0.3, 0.3]]},
        "1",
    )
    p95: dict[str, Rows] = entry(
        "rows of shares per product",
        {"query": [[1.0, 1.0], [0.6, 0.5], [0.5, 0.4]]},
        "1",
    )

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

    settings: tuple[Annotated[float, Field(gt=0, le=1e9)], ...] = entry(
        "numbers above 0, where nothing is pruned, rising",
        [0.02, 0.04],
        "the rule's",
        min_length=1,
    )
    accuracy_drop: tuple[tuple[Annotated[float, Field(ge=-1, le=1)], ...], ...] = entry(
        "for each layer a list of shares, below 0 where accuracy rose",
        [[0.001, 0.006], [-0.001, 0.008]],
        "1",
        min_length=1,
    )
    data: str = entry("which texts, and how many", "512 sequences per seed")
    command: str = entry("the command that measured it", "python measure.py minilm-l6")

    @model_validator(mode="after")
    def _settings_rise(self) -> Self:
        _check_rising("settings", self.settings)
        return self


class CurveFile(Table):
    """Everything that the file of a curve says."""

    about: About = Field(description="a table [about]")
    curve: CurveTable = Field(description="a table [curve]")
    density: dict[str, Shares] = entry(
        "a list of shares between 0 and 1 for each site",
        {"activations": [1.0, 0.6, 0.4], "softmax": [1.0, 0.3, 0.1]},
        "1",
        min_length=1,
    )
    density_by_layer: dict[str, Layers] = entry(
        "for each site a list of shares per layer",
        {"softmax": [[1.0, 0.4, 0.2], [1.0, 0.2, 0.1]]},
        "1",
        default={},
    )
    attention: AttentionTable | None = Field(
        default=None, description="a table [attention]"
    )
    balance: BalanceTable | None = Field(default=None, description="a table [balance]")
    layer_loss: LayerLossTable | None = Field(
        default=None, description="a table [layer_loss]"
    )
