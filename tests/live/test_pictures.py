"""Pictures say from which bar they are, and whether they are old."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import groovelive as gl


@pytest.fixture
def live() -> Iterator[gl.Session]:
    with gl.open(realtime=False, by="maria") as found:
        found.d1 >> gl.groove("x..x..x.")
        found.run(bars=2)
        yield found


def test_a_picture_without_the_answer_to_what_changed_is_marked(live: gl.Session) -> None:
    live.run(beats=1)
    assert "old" not in repr(live.d1)
    live.d1.genre = "funk"
    assert "from bar 4" in repr(live.d1) and "old, as of bar 3: the answer is not there yet" in repr(live.d1)
    assert "old, as of bar 3" in live.d1._repr_svg_()
    live.run(bars=1)
    assert "old" not in repr(live.d1)
    live.d2 >> gl.groove("x.x.")
    assert "no answer yet" in repr(live.d2)
    live.d1 >> gl.play("bd*4")
    live.run(bars=1)
    assert "old" not in repr(live.d1)


def test_what_was_kept_says_so_when_it_is_looked_at_later(live: gl.Session) -> None:
    hearing, ideas, clip = live.d1.hearing, live.d1.ideas(2), live.last(2)
    assert "old" not in repr(hearing) + repr(ideas)
    assert "plays · bar 3" in hearing._repr_svg_() and "d1, bars 1 to 2" in clip._repr_svg_()
    live.run(bars=5)
    for kept in (hearing, ideas):
        assert repr(kept).endswith("old: this was bar 3, now it is bar 8")
    assert "plays · old: this was bar 3" in hearing._repr_svg_()
