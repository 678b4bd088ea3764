"""The autopilot on the simulated clock: a set that nobody touches, one with a player, and one that is steered."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

import groovelive as gl
from groovelive import GrooveError
from groovelive.score.events import bar_notes
from groovelive.score.inputs import Adaptive
from groovelive.score.queries import wish


def hits(live: gl.Session, first: int, last: int) -> float:
    """Return the notes a bar, between two bars from 0."""
    notes = Counter(int(event.beat // 4) for event in live.last(last).events)
    return sum(notes[bar] for bar in range(first, last)) / (last - first)


def by_autopilot(live: gl.Session, path: str) -> list[int]:
    """Return the bars, from 0, at which the autopilot has changed something."""
    return [round(edit.beat / 4) for edit in live.score.edits if edit.path == path and edit.by == "autopilot"]


def test_a_set_that_nobody_touches() -> None:
    with gl.open(realtime=False) as live:
        live.d1.autopilot()
        live.run(bars=72)
        assert by_autopilot(live, "density") == list(range(0, 72, 8))
        assert by_autopilot(live, "genre") == [32, 64]
        assert by_autopilot(live, "seed") == [16, 32, 48, 64]
        notes = Counter(int(event.beat // 4) for event in live.last(72).events)
        assert all(notes[bar] > 4 for bar in range(72)), "no gap"
        score = live.score
        loops = {bar_notes(score, "d1", bar, bar * 4.0) for bar in range(0, 72, 2)}
        assert len(loops) > 12, "it goes on changing"
        each = [{(n.step, n.voice) for n in bar_notes(score, "d1", bar, bar * 4.0)} for bar in range(0, 72, 2)]
        kept = [len(a & b) / len(a | b) for a, b in itertools.pairwise(each)]
        assert sorted(kept)[len(kept) // 2] > 0.5, "and slowly"


def test_a_mirror_s_moves_end_the_phrases() -> None:
    with gl.open(realtime=False) as live:
        live.d1.autopilot()
        live.d1.mirror = True
        live.run(bars=17)
        toms = Counter(int(event.beat // 4) for event in live.last(17).events if event.voice in (4, 5, 6))
        assert toms[7] >= 2 and toms[15] >= 2
        assert max(toms[bar] for bar in (0, 1, 4, 5)) <= min(toms[7], toms[15])
        assert [move.what for move in live.d1.moves] == ["fill", "crash"] and by_autopilot(live, "fill") == []
        live.d1.mirror = False
        live.run(bars=7)
        assert live.d1.moves == () and by_autopilot(live, "fill") == [23]


def test_the_player_fills_the_ends_of_phrases() -> None:
    """Over seeds: in bars 8 and 16 there is more of snare and toms than in the others; and none where fills are 0."""
    ends, others = [], []
    for seed in range(3):
        with gl.open(realtime=False, seed=seed) as live:
            live.d1.autopilot()
            live.run(bars=16)
            assert by_autopilot(live, "fill") == [7, 15] and live.d1.moves == ()
            drums = Counter(int(event.beat // 4) for event in live.last(16).events if event.voice in (1, 4, 5, 6))
            ends += [drums[7], drums[15]]
            others += [drums[bar] for bar in range(16) if bar not in (7, 15)]
    assert sum(ends) / len(ends) > 1.4 * sum(others) / len(others)
    with gl.open(realtime=False) as live:
        live.d1.autopilot()
        live.d1.fills = 0
        live.run(bars=9)
        assert by_autopilot(live, "fill") == []


def test_it_follows_a_player_and_goes_home_without_one() -> None:
    with gl.open(realtime=False) as live:
        live.d1 >> gl.hands()
        live.d1.autopilot()
        live.feed("x...x...x...x...", bars=8)
        sparse = hits(live, 4, 8)
        live.feed("x.xxx.xxx.xxx.xx", bars=8)
        dense = hits(live, 12, 16)
        assert dense > 1.25 * sparse
        live.run(bars=8)
        assert all(hits(live, bar, bar + 1) > 4 for bar in range(16, 24)), "no gap"
        at_home = bar_notes(live.score, "d1", 20, 80.0)
        live.feed("x...x...x...x...", bars=4)
        assert bar_notes(live.score, "d1", 26, 104.0) != at_home
        assert wish(live.score, "d1", 20).follow == 0 and wish(live.score, "d1", 26).follow == 1  # type: ignore[union-attr]
        assert by_autopilot(live, "follow") == []


def test_what_is_set_steers_it() -> None:
    with gl.open(realtime=False) as live:
        live.d1.autopilot()
        live.d1.genre = "funk"
        live.d1.density = 0.85
        live.run(bars=40)
        assert by_autopilot(live, "genre") == []
        loud = hits(live, 20, 40)
        live.d1.density = 0.2
        live.run(bars=24)
        assert hits(live, 50, 64) < 0.6 * loud
        assert live.d1.genre == "funk"


def test_the_player_s_density_lies_around_what_is_set() -> None:
    with gl.open(realtime=False) as live:
        live.d1 >> gl.hands()
        live.d1.density = 0.4
        live.d1.autopilot()
        live.run(bars=2)
        assert live.value("d1", "density") == Adaptive(low=0.25, high=0.55)


def test_what_is_silenced_stays_silent() -> None:
    with gl.open(realtime=False) as live:
        live.d1.autopilot()
        live.run(bars=4)
        gl.hush()
        live.run(bars=12)
        assert hits(live, 6, 16) == 0


def test_it_ends() -> None:
    with gl.open(realtime=False) as live:
        live.d1.autopilot()
        live.run(bars=4)
        live.d1.autopilot(False)
        count = len([edit for edit in live.score.edits if edit.by == "autopilot"])
        live.run(bars=40)
        assert len([edit for edit in live.score.edits if edit.by == "autopilot"]) == count
        with pytest.raises(GrooveError, match="autopilot must be True or False"):
            live.d1.autopilot("yes")


def test_the_same_set_again_and_from_its_take(tmp_path: object) -> None:
    def play() -> list[object]:
        with gl.open(realtime=False, seed=5) as live:
            live.d1 >> gl.hands()
            live.d1.autopilot()
            live.feed("x..x..x.x...x...", bars=6)
            live.run(bars=14)
            live.last(20).save(f"{tmp_path}/set.take")
            return list(live.last(20).events)

    first = play()
    assert first == play()
    assert list(gl.replay(f"{tmp_path}/set.take").events) == first
