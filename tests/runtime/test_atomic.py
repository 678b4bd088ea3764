"""Files are written whole, and what stands under a name keeps its links and its mode."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from groovelive.errors import GrooveError
from groovelive.runtime.atomic import check_writable, replacing, same_file


def write(path: Path, text: str = "new") -> None:
    with replacing(path) as part:
        part.write_text(text)


def test_a_link_stays_one_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    target = tmp_path / "kept" / "song"
    target.write_text("old")
    link = tmp_path / "song.mid"
    link.symlink_to("kept/song")
    write(link)
    assert link.is_symlink() and os.readlink(link) == "kept/song" and target.read_text() == "new"
    assert sorted(child.name for child in tmp_path.rglob("*")) == ["kept", "song", "song.mid"]


def test_a_link_to_nothing_makes_its_target(tmp_path: Path) -> None:
    (tmp_path / "link.mid").symlink_to(tmp_path / "target.mid")
    write(tmp_path / "link.mid")
    assert (tmp_path / "link.mid").is_symlink() and (tmp_path / "target.mid").read_text() == "new"


def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.mid").symlink_to(tmp_path / "b.mid")
    (tmp_path / "b.mid").symlink_to(tmp_path / "a.mid")
    with pytest.raises(GrooveError, match="leads to itself"):
        write(tmp_path / "a.mid")
    (tmp_path / "c.mid").symlink_to(tmp_path / "no" / "c.mid")
    with pytest.raises(GrooveError, match="there is no folder"):
        write(tmp_path / "c.mid")


def test_hard_links_stay_one_file(tmp_path: Path) -> None:
    one, two = tmp_path / "one.mid", tmp_path / "two.mid"
    one.write_text("a much longer old text")
    os.link(one, two)
    write(one)
    assert one.read_text() == two.read_text() == "new" and same_file(one, two)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_the_mode_is_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "song.mid"
    path.write_text("old")
    path.chmod(mode)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode and path.read_text() == "new"


def test_nothing_is_left_where_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["song.mid"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="nothing is closed to root")
def test_a_file_that_is_closed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(GrooveError, match="closed to you"):
        check_writable(path)


@pytest.mark.parametrize("path", ["a\0.mid", "no/folder/a.mid", "."])
def test_what_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GrooveError, match=r"^cannot write "):
        check_writable(path)


def test_one_file_by_many_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    song = tmp_path / "song.mid"
    song.write_text("x")
    (tmp_path / "link.mid").symlink_to(song)
    os.link(song, tmp_path / "hard.mid")
    (tmp_path / "folder").symlink_to(tmp_path)
    for other in ("song.mid", "./song.mid", "link.mid", "hard.mid", "folder/song.mid", f"../{tmp_path.name}/song.mid"):
        assert same_file(song, other)
    assert not same_file(song, "other.mid")
    assert same_file("not there.mid", tmp_path / "folder" / "not there.mid")
