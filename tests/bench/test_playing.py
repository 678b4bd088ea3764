"""The benchmark of playing along: that it measures, what it prints, and that no note is lost; never how quickly."""

from __future__ import annotations

import json
import math

import pytest

from groovelive.bench import main, playing, syncing

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(300)]

FIGURES = {
    "hand.ready", "note.ready", "note.read", "note.changed", "dense.late", "dense.dropped", "dense.lost", "dense.edits",
    "dense.log", "earlier.wait",
}  # fmt: skip


@pytest.mark.jack
def test_it_prints_one_json_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rtmidi2")
    monkeypatch.setattr(playing, "QUICK", playing.PlayingSizes(notes=6, dense=0.5))
    monkeypatch.setattr(syncing, "run", lambda **how: {})  # see test_syncing.py
    assert main(["playing", "--quick", "--json"]) in (0, 1)
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert set(figures) >= FIGURES
    for name, found in figures.items():
        assert all(math.isfinite(found[k]) for k in ("median", "p95", "p99", "max"))
        assert (found["met"] is None) == (not found["goal"]), name
    assert figures["dense.lost"]["max"] == figures["dense.dropped"]["max"] == 0
    assert figures["note.read"]["median"] > 0 and 0 < figures["note.ready"]["median"] < figures["note.changed"]["max"]
