"""A proof goes on from its file, and shares of one come together as the whole."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dse
from dse.tuning import prove, prove_front, tune
from dse.tuning.descent import Descent
from dse.tuning.problem import Problem

ROOT = Path(__file__).parents[2]
TINY = dse.transformer("bert-tiny", seq_len=32)
SPACE = dse.Space(
    dse.TileEngine.edge(),
    pes=[32, 64, 128, 256],
    lanes_per_pe=[8, 16, 32],
    tile_size=[8, 16],
    batch=[1, 4, 16],
    activation_buffer_mib=[1, 2, 4, 8, 16],
    weight_buffer_mib=[1, 2, 4, 8, 16],
)
LIMITS = ["area <= 30 mm^2"]
FEW: Any = {"starts": 4, "steps": 5, "progress": False}
AT_ONCE = 1e-9  # seconds: after its first step


def best(objective: str = "min:energy_delay", **how: Any) -> dse.Tuned:
    given = {"prove": True, "subject_to": LIMITS, **FEW, **how}
    return dse.tune(objective, SPACE, workload=TINY, **given)


def front(**how: Any) -> Any:
    given = {"gap": 0.05, "limits": LIMITS, "budget": 50, "progress": False, **how}
    return dse.pareto_proof(SPACE, TINY, **given)


def check(file: Path) -> subprocess.CompletedProcess[str]:
    program = ROOT / "benchmarks" / "proofs" / "check.py"
    words = [sys.executable, str(program), str(file)]
    return subprocess.run(words, capture_output=True, text=True)


@pytest.fixture(scope="module", autouse=True)
def _one_descent() -> Iterator[None]:
    """Compile the descent of a question once: it ends where proofs begin."""
    made: dict[Any, Descent] = {}

    def descent(problem: Problem, *args: Any, **how: Any) -> Descent:
        axes = [(axis.name, axis.values) for axis in problem.coordinates.all]
        asked = str((problem.objectives, problem.constraints, axes, how))
        return made.setdefault(asked, Descent(problem, *args, **how))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tune, "Descent", descent)
        yield


@pytest.fixture(scope="module")
def known() -> dse.Tuned:
    """What one proof in one piece says."""
    return best()


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A proof that had no time."""
    file = tmp_path_factory.mktemp("ended") / "proof.npz"
    proof = best(prove_seconds=AT_ONCE, proof_file=file).proof
    assert proof is not None
    assert not proof.optimal
    return file


@pytest.fixture(scope="module")
def shares(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The proofs of three shares; the second had no time."""
    folder = tmp_path_factory.mktemp("shares")
    for number in (1, 2, 3):
        seconds = AT_ONCE if number == 2 else None
        found = best(
            shard=f"{number}/3",
            prove_seconds=seconds,
            proof_file=folder / f"{number}.npz",
        )
        assert found.proof is not None
        assert f"share {number}/3 of 1,800 designs" in found.proof.verdict
    return sorted(folder.iterdir())


def test_an_ended_proof_goes_on_to_the_same_answer(
    ended: Path, known: dse.Tuned, tmp_path: Path
) -> None:
    assert "not the whole space" in check(ended).stderr
    file = tmp_path / "whole.npz"
    found = best(proof_from=[ended], proof_file=file)
    assert found.proof is not None
    assert found.proof.optimal
    assert found.objective == known.objective
    assert f"costs less than {known.objective!r}" in check(file).stdout


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def interrupted(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Proofs in the first step of which Ctrl-C is pressed, or a job is ended."""
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    for search in (prove._Search, prove_front._FrontSearch):

        def step(self: Any, step: Any = search.step) -> None:
            signal.raise_signal(request.param)
            step(self)

        monkeypatch.setattr(search, "step", step)
    yield
    assert handlers == (
        signal.getsignal(signal.SIGINT),
        signal.getsignal(signal.SIGTERM),
    )


def test_a_proof_that_is_interrupted_ends_as_one_that_had_no_time(
    ended: Path, interrupted: None, tmp_path: Path
) -> None:
    file = tmp_path / "proof.npz"
    found = best(proof_file=file)
    assert found.proof is not None
    assert found.proof.interrupted
    assert found.proof.verdict.endswith(" s, then interrupted.")
    with np.load(file) as mine, np.load(ended) as timed:
        names = ("first", "last", "open_first", "open_last", "points")
        assert all(np.array_equal(mine[name], timed[name]) for name in names)
    told = front(proof_file=tmp_path / "front.npz").proof
    assert told.interrupted
    assert told.left
    assert (tmp_path / "front.npz").is_file()


def test_shares_come_together_in_any_order(
    shares: list[Path], known: dse.Tuned, tmp_path: Path
) -> None:
    files = [tmp_path / "one.npz", tmp_path / "other.npz"]
    for file, order in zip(files, (shares, shares[::-1]), strict=True):
        found = best(proof_from=order, proof_file=file)
        assert found.proof is not None
        assert found.proof.optimal
        assert found.objective == known.objective
        assert found.proof.verdict.startswith("Proven optimal of 1,800 designs")
        assert f"costs less than {known.objective!r}" in check(file).stdout


def test_shares_are_disjoint_and_the_whole(shares: list[Path]) -> None:
    seen = np.zeros([len(axis.values) for axis in SPACE.axes.values()], int)
    for share in shares:
        with np.load(share) as kept:
            for ends in (("first", "last"), ("open_first", "open_last")):
                for first, last in zip(*(kept[name] for name in ends), strict=True):
                    box = zip(first, last, strict=True)
                    seen[tuple(slice(a, b + 1) for a, b in box)] += 1
    assert (seen == 1).all()


def test_a_front_goes_on_and_comes_together(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.npz" for number in (1, 2)]
    for number, file in enumerate(files, 1):
        front(shard=f"{number}/2", proof_file=file, prove_seconds=AT_ONCE)
    found = front(proof_from=files, proof_file=tmp_path / "whole.npz")
    assert found.proof.reached
    assert not found.proof.share
    assert "lies beyond a front" in check(tmp_path / "whole.npz").stdout
    costs = np.stack([front().front.metrics[m] for m in ("energy", "area")])
    mine = np.stack([found.front.metrics[m] for m in ("energy", "area")])
    near = (mine[:, None, :] <= 1.05 * (1 + 1e-9) * costs[:, :, None]).all(axis=0)
    assert near.any(axis=1).all()


def test_what_is_no_proof_of_this_question_is_refused(
    ended: Path, shares: list[Path], tmp_path: Path
) -> None:
    other = tmp_path / "thesis.npz"
    other.write_text("mine")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"proof_from": shares[:2]}, "shares 1/3, 2/3"),
        ({"proof_from": [ended, ended]}, "not the whole space, each design once"),
        ({"proof_from": [other]}, "this is no proof that dse wrote"),
        ({"proof_from": [tmp_path / "no.npz"]}, "there is no such file"),
        ({"proof_from": [ended], "objective": "min:energy"}, "of another question"),
        ({"proof_from": [ended], "subject_to": []}, "of another question"),
        ({"proof_from": [ended], "shard": "1/2"}, "give `shard` or `proof_from`"),
        ({"shard": "3/2"}, "write which of how many"),
    ]
    for how, said in cases:
        with pytest.raises(dse.InputError, match=said):
            best(**how)
    wide = tmp_path / "wide.npz"
    best(gap=0.5, proof_file=wide, prove_seconds=AT_ONCE)
    with pytest.raises(dse.InputError, match="closed within 50 %"):
        best(proof_from=[wide])
    assert other.read_text() == "mine"


def test_there_may_be_more_shares_than_designs(tmp_path: Path) -> None:
    two = dse.Space(dse.TileEngine.edge(), pes=[32, 64])
    files = [tmp_path / f"{number}.npz" for number in (1, 2, 3)]
    asked: Any = {"workload": TINY, "prove": True, **FEW}
    for number, file in enumerate(files, 1):
        found = dse.tune(
            "min:energy", two, shard=f"{number}/3", proof_file=file, **asked
        )
        assert found.proof is not None
        assert (
            found.proof.left == 0.0
        )  # so that nothing is open when they come together
    whole = tmp_path / "whole.npz"
    found = dse.tune("min:energy", two, proof_from=files, proof_file=whole, **asked)
    assert found.proof is not None
    assert found.proof.verdict.startswith("Proven optimal of 2 designs; 2 evaluations")
    assert "of 2 designs none costs less" in check(whole).stdout
