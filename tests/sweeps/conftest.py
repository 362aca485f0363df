"""A study that takes a second, its answer, and a store for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dse.explore.runs import Runs
from dse.explore.shard import Shard
from dse.study.study import Study, load_study
from dse.sweeps.folder import LocalFolder
from dse.sweeps.kept import read_kept
from dse.sweeps.plan import Plan, make_plan
from dse.sweeps.search import PartSearch
from dse.sweeps.store import Store, open_store
from dse.sweeps.sweep import search_parts

QUICK = """\
question = "Which of 13,824 machines runs BERT-Tiny best?"
engine = "tile"
preset = "edge"
technology = "acceltran"
objectives = ["max:throughput", "min:energy", "min:area"]
limits = ["area <= 900 mm^2"]

[[workload]]
model = "bert-tiny"
activation_density = 0.5
why_density = "stated: for a test"

[space]
tile_size = [8, 16, 32]
pes = [16, 32, 64, 128, 256, 512]
lanes_per_pe = [2, 4, 8, 16, 32, 64]
softmax_units_per_pe = [1, 2, 4, 8]
batch = [4, 8, 16, 32]
activation_buffer_mib = [1, 2, 4, 8]
weight_buffer_mib = [8, 16]
[legal]
"lanes within PEs" = "lanes_per_pe <= pes"
"""


@pytest.fixture(scope="session")
def quick_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a study of 13,824 machines."""
    file = tmp_path_factory.mktemp("quick") / "study.toml"
    file.write_text(QUICK)
    return file


@pytest.fixture(scope="session")
def quick(quick_file: Path) -> Study:
    """A study of 13,824 machines."""
    return load_study(quick_file)


@pytest.fixture(scope="session")
def front(quick: Study) -> Runs:
    """Its front, found in one piece."""
    return quick.run(progress=False)


@pytest.fixture(scope="session")
def plan_for(quick: Study) -> Callable[..., Plan]:
    """Return a plan of few parts, as `plan_for(parts=3, keep="all")`."""

    def plan(*, parts: int = 6, block_size: int = 512, keep: str = "front") -> Plan:
        kept = read_kept(keep)
        return make_plan(quick, kept=kept, seed=0, parts=parts, block_size=block_size)

    return plan


@pytest.fixture
def store(plan_for: Callable[..., Plan], tmp_path: Path) -> Store:
    """An empty store of six parts."""
    return open_store(LocalFolder(tmp_path / "parts"), plan_for())


@pytest.fixture(scope="session")
def sweep(quick: Study) -> Callable[..., PartSearch]:
    """Search what a store lacks, or a shard's share of it."""

    def run(store: Store, shard: Shard | None = None) -> PartSearch:
        return search_parts(quick, store, shard=shard or Shard(), progress=False)

    return run
