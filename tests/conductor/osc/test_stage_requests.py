"""The words for the stage over OSC: what a message asks of the conductor, and what an editor makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from groovelive.conductor.editor import Editor
from groovelive.conductor.osc.requests import call
from groovelive.errors import GrooveError
from groovelive.osc_messages.codec import OscMessage
from groovelive.protocol import session as messages
from groovelive.score.edits import FromDrummer


class At:
    """A clock that stands."""

    def beat(self) -> float:
        return 4.0

    def reach(self, drummer: str) -> float:
        return 4.0

    line = reach


def made(address: str, *arguments: Any) -> list[tuple[str, str, Any, float, float]]:
    """Return the edits that a message makes: drummer, path, value, beat, bars."""
    asked = call(OscMessage(address, (1, *arguments)), 1).asked
    assert isinstance(asked, messages.Write)
    return [(e.drummer, e.path, e.value, e.beat, e.bars) for e in Editor(At()).write(asked)]


def test_controls_that_hold_for_some_bars() -> None:
    assert made("/gl/set", "d1", "mute.hats", 1, "now", 0, 4) == [
        ("d1", "mute.closed_hat", True, 4.0, 4.0),
        ("d1", "mute.open_hat", True, 4.0, 4.0),
    ]
    assert made("/gl/set", "d1", "feel", "half", "+8", 0, 2.0) == [("d1", "feel", "half", 36.0, 2.0)]
    assert made("/gl/set", "d1", "solo.kick", 1, "now") == [("d1", "solo.kick", True, 4.0, 0.0)]
    for path, value in (("build", 8), ("drop", True), ("fill", 1), ("swing_of", 8)):
        assert made("/gl/set", "d1", path, value) == [("d1", path, value, 4.0, 0.0)]
    with pytest.raises(GrooveError, match="bars"):
        call(OscMessage("/gl/set", (1, "d1", "mute", 1, "now", 0, -4)), 1)
    with pytest.raises(GrooveError, match="does not end by itself"):
        made("/gl/set", "d1", "fill", 1, "next", 0, 4)


def test_a_drummer_follows_another() -> None:
    assert made("/gl/source", "d2", "drummer", "d1") == [("d2", "source", FromDrummer("d1"), 4.0, 0.0)]
    with pytest.raises(GrooveError, match="needs the name"):
        call(OscMessage("/gl/source", (1, "d2", "drummer")), 1)
    with pytest.raises(GrooveError, match="d2 would follow itself"):
        made("/gl/source", "d2", "drummer", "d2")


def test_only() -> None:
    silent = [path for _, path, value, *_ in made("/gl/only", "d1", "kick", "hats") if value]
    assert silent == [f"mute.{name}" for name in ("snare", "low_tom", "mid_tom", "high_tom", "crash", "ride")]
    assert not any(value for _, _, value, *_ in made("/gl/only", "d1"))
    with pytest.raises(GrooveError, match="bongo"):
        call(OscMessage("/gl/only", (1, "d1", "bongo")), 1)


def test_reset() -> None:
    assert call(OscMessage("/gl/reset", (1,)), 1).asked == messages.ResetRequest(by="osc")
