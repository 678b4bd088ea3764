"""Takes of an older groovelive, whose drummers were all mirrors."""

from __future__ import annotations

from pathlib import Path

import pytest

import groovelive as gl
from groovelive import GrooveError
from groovelive.live import take
from groovelive.protocol.base import PROTOCOL
from groovelive.score.events import events


def _recorded(path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int, mirror: bool) -> list[tuple[float, int]]:
    """Record eight bars as a groovelive of that protocol did, and return what was played."""
    with gl.open(realtime=False) as live:
        if mirror:
            live["d1"].mirror = True
        live["d1"] >> gl.groove("x..x..x.")
        live.run(bars=8)
        notes = [(event.beat, event.voice) for event in events(live.score, 0, 32)]
        kept = [edit for edit in live.score.edits if edit.path != "mirror"] if protocol < PROTOCOL else live.score.edits
        monkeypatch.setattr(take, "PROTOCOL", protocol)
        take.write(path, take.Take(type(live.score)(kept), 0.0, 32.0, None))
        monkeypatch.undo()
    return notes


def test_a_take_of_mirrors_is_played_by_mirrors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.take"
    notes = _recorded(path, monkeypatch, 1, mirror=True)
    _, read = take.read(path)
    assert read.score.value("d1", "mirror", 0.0) is True
    assert [(event.beat, event.voice) for event in events(read.score, 0, 32)] == notes


def test_a_take_of_players_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new.take"
    notes = _recorded(path, monkeypatch, PROTOCOL, mirror=False)
    _, read = take.read(path)
    assert not read.score.value("d1", "mirror", 0.0)
    assert [(event.beat, event.voice) for event in events(read.score, 0, 32)] == notes


def test_a_take_of_a_later_groovelive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "later.take"
    _recorded(path, monkeypatch, PROTOCOL + 1, mirror=False)
    with pytest.raises(GrooveError, match=f"reads 1.1 to 1.{PROTOCOL}"):
        take.read(path)
