"""Who leaves is told who plays on: those that sound, or will, when nobody does anything any more."""

from __future__ import annotations

import pytest

import groovelive as gl
from groovelive.live.farewell import farewell, playing_on
from groovelive.live.session import Session


@pytest.fixture
def live() -> Session:
    return gl.open(realtime=False)


def test_nobody_plays_on_in_a_new_session(live: Session) -> None:
    assert playing_on(live.score) == [] and farewell(live.score) == ""


def test_drummers_that_play_or_are_about_to_play_on(live: Session) -> None:
    live.d1 >> gl.play("bd*4")
    live.run(bars=1)
    with gl.at("+8"):
        live.d2 >> gl.groove("x..x")
    assert playing_on(live.score) == ["d1", "d2"]
    assert farewell(live.score).startswith("d1, d2 play on without this program: ")
    assert farewell(live.score).endswith("groovelive stop ends the session")


def test_those_that_are_muted_or_silenced_do_not(live: Session) -> None:
    for drummer in (live.d1, live.d2, live.d3):
        drummer >> gl.play("bd*4")
    live.run(bars=1)
    live.d1.mute()
    live.d2.solo()
    assert playing_on(live.score) == ["d2"]
    gl.unsolo()
    live.run(bars=1)
    assert playing_on(live.score) == ["d2", "d3"]
    gl.hush()
    assert playing_on(live.score) == []


def test_a_simulated_session_ends_with_its_program(live: Session, capsys: pytest.CaptureFixture[str]) -> None:
    live.d1 >> gl.play("bd*4")
    live.run(bars=1)
    live.close()
    assert capsys.readouterr() == ("", "")
