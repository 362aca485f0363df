"""Files are written whole, and take the place of files alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import dse
from dse.cli.output import check_file
from dse.errors import InputError
from dse.files import write_whole


def test_a_file_is_replaced_and_so_is_what_a_link_leads_to(tmp_path: Path) -> None:
    path, link = tmp_path / "it.txt", tmp_path / "link.txt"
    path.write_text("old")
    link.symlink_to(path)
    write_whole(link, "new")
    assert (path.read_text(), link.is_symlink()) == ("new", True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["it.txt", "link.txt"]


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_or_a_device_is_never_replaced(tmp_path: Path, linked: bool) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    path = tmp_path / "link.json" if linked else pipe
    if linked:
        path.symlink_to(pipe)
    for write in (
        lambda: write_whole(path, "new"),
        lambda: dse.save(dse.TileEngine.edge(), path),
        lambda: check_file(path, "--out"),
        lambda: _proof(path),
    ):
        with pytest.raises(InputError, match="json"):
            write()
        assert stat.S_ISFIFO(pipe.stat().st_mode)


def _proof(path: Path) -> None:
    space = dse.Space(dse.TileEngine.edge(), pes=[64, 128])
    dse.tune("min:energy", space, workload="bert-tiny", prove=True, proof_file=path)


@pytest.mark.parametrize("target", ["link.json", "no/where"])
def test_a_link_to_nothing_is_refused(tmp_path: Path, target: str) -> None:
    path = tmp_path / "link.json"
    path.symlink_to(target)
    with pytest.raises(InputError):
        check_file(path, "--out")
    with pytest.raises((InputError, OSError)):
        write_whole(path, "new")
    assert [each.name for each in tmp_path.iterdir()] == ["link.json"]
