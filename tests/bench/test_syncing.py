"""The figures of Link and of MIDI clock: that they are measured, and that notes are with the beats at all."""

from __future__ import annotations

import pytest

from groovelive.bench import syncing

pytestmark = [pytest.mark.jack, pytest.mark.link, pytest.mark.timeout(300)]


def test_all_figures_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "QUICK", syncing.SyncingSizes(seconds=2, changes=1, pairs=1))
    told: list[str] = []
    figures = syncing.run(quick=True, tell=told.append)
    if told != ["Link", "MIDI clock"]:
        pytest.skip("; ".join(told))
    assert set(figures) == {"link.phase", "link.led", "link.change", "link.floor", "midi.phase", "midi.rms"}
    for name in ("link.phase", "link.led", "link.floor", "midi.phase", "midi.rms"):
        assert 0 <= figures[name].median < 5, name
    assert 0 < figures["link.change"].max < 3
