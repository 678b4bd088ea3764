"""The words that a performer types on stage: each changes the notes as it says, and one undo takes it back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import groovelive as gl
from groovelive.errors import GrooveError
from groovelive.live.clip import Clip
from groovelive.score.events import events

KICK, SNARE, HAT, OPEN, CRASH = 0, 1, 2, 3, 7
BEAT = "[bd sn]*2, hh*8"


@pytest.fixture
def live() -> Iterator[gl.Session]:
    with gl.open(realtime=False, by="maria") as session:
        yield session


def steps(live: gl.Session, voice: int, first: int, last: int, drummer: str = "d1") -> list[list[int]]:
    """Return for bars (from 0) the steps at which a voice sounds."""
    found = events(live.score, first * 4.0, last * 4.0, (drummer,))
    return [[e.step % 16 for e in found if e.voice == voice and e.step // 16 == bar] for bar in range(first, last)]


def notes(live: gl.Session, bars: int = 8) -> list[tuple[float, str, int, float]]:
    """Return what the log says of the bars to come, no engine asked."""
    begin = math.ceil(live.beat / 4) * 4.0
    return [(e.beat, e.drummer, e.voice, round(e.velocity, 5)) for e in events(live.score, begin, begin + bars * 4)]


WORDS: dict[str, Callable[[gl.Session], Any]] = {
    "rhythm": lambda live: live.d3 >> "x..x..x.",
    "follow": lambda live: live.d3 >> live.d1,
    "only": lambda live: live.d1.only("kick"),
    "solo of a voice": lambda live: live.d1.kick.solo(),
    "solo of a group": lambda live: live.d1.hats.solo(bars=2),
    "mute for bars": lambda live: live.d1.hats.mute(bars=4),
    "fill": lambda live: live.d1.fill(),
    "build": lambda live: live.d1.build(4),
    "drop": lambda live: live.d1.drop(),
    "halftime": lambda live: live.d1.halftime(bars=4),
    "doubletime": lambda live: live.d1.doubletime(),
    "stop": lambda live: live.d1.stop(),
    "reset": lambda live: live.reset(),
    "swing": lambda live: setattr(live.d1, "swing", 0.2),
    "scene": lambda live: gl.scene.verse(over=2),
}


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_undone_by_one_undo(live: gl.Session, word: str) -> None:
    live.d1 >> gl.play(BEAT)
    live.d2 >> gl.play("rd*4")
    gl.scene.save("verse")
    live.d1.velocity = 0.5
    live.run(bars=2)
    if word == "swing":
        live.d1 >> gl.play("hh*16")
        live.run(bars=1)
    before = notes(live)
    WORDS[word](live)
    if word not in ("rhythm", "follow"):  # whose answer the engine has not given yet
        assert notes(live) != before
    live.undo()
    assert notes(live) == before
    with pytest.raises(GrooveError):
        for _ in range(20):
            live.undo()


# What


def test_a_text_is_a_rhythm(live: gl.Session, tmp_path: Path) -> None:
    assert (live.d1 >> "x..x..x.") is live.d1
    live.run(bars=2)
    assert live.value("d1", "source") == gl.groove("x..x..x.")
    for other in (gl.parse("x...x.x."), gl.parse("x...x.x.").hvo, [gl.Note(0, 0, 0.8, 0.0)]):
        live.d2 >> other
    with pytest.raises(GrooveError, match=r"d1 >> 'x\.\.x"):
        live.d1 >> 5
    with pytest.raises(GrooveError):
        live.d1 >> "bd snn"


def test_a_drummer_follows_what_another_really_plays(live: gl.Session) -> None:
    live.d2 >> live.d1
    live.d2.mirror = True  # which plays the steps of its rhythm, and no others
    live.d1 >> gl.play("bd ~ ~ bd ~ ~ bd ~")
    live.run(bars=2)
    played = [{e.step % 16 for e in live.last(2).events if e.drummer == name and e.step < 16} for name in ("d1", "d2")]
    assert played[1] and played[1] <= played[0] == {0, 6, 12}
    live.d1 >> gl.play("[~ bd]*4")
    live.run(bars=2)
    assert {e.step % 16 for e in live.last(2).events if e.drummer == "d2"} <= {2, 6, 10, 14}
    assert len(live.d2.heard) == 8
    live.d1.mute()  # in the mix: it plays on
    live.run(bars=2)
    assert {e.drummer for e in live.last(2).events} == {"d2"}
    live.d1.stop()
    live.run(bars=2)
    assert not live.last(1).events


def test_a_follower_hears_fills_and_moves(live: gl.Session) -> None:
    live.d2 >> live.d1
    live.d1 >> gl.play("bd")
    live.run(bars=2)
    quiet = len(live.d2.heard)
    live.d1.every(1, gl.fill(1))
    live.run(bars=2)
    assert quiet == 2 and len(live.d2.heard) > 10


def test_drummers_do_not_follow_in_a_circle(live: gl.Session) -> None:
    d1, d2, d3 = live.d1, live.d2, live.d3
    with pytest.raises(GrooveError, match=r"d1 would follow itself"):
        d1 >> d1
    d2 >> d1
    with pytest.raises(GrooveError, match=r"d1 would follow d2, which follows d1; one has to begin"):
        d1 >> d2
    d3 >> d2
    with pytest.raises(GrooveError, match=r"d1 would follow d3, which follows d2, which follows d1"):
        d1 >> d3
    d2 >> "x..x..x."
    d1 >> d2  # no circle any more
    with pytest.raises(GrooveError, match="which follows"), gl.at("+4"):
        d2 >> d1
    assert live.value("d2", "source") == gl.groove("x..x..x.")


def test_a_circle_is_not_made_by_an_undo(live: gl.Session) -> None:
    live.d2 >> live.d1
    live.run(bars=1)
    live.d2 >> "x..x..x."
    live.run(bars=1)
    with gl.open(realtime=False) as other, pytest.raises(GrooveError, match="another session"):
        live.d1 >> other.d1
    live.by = "otto"
    live.d1 >> live.d2
    live.by = "maria"
    with pytest.raises(GrooveError, match="would follow"):
        live.undo()


# The mix


def test_mute_for_some_bars_ends_with_a_bar_and_gives_back_what_was(live: gl.Session) -> None:
    live.d1 >> gl.play(BEAT)
    live.run(beats=5)
    live.d1.hats.mute(bars=2)
    live.run(bars=4)
    assert [len(bar) for bar in steps(live, HAT, 0, 5)] == [8, 2, 0, 8, 8]
    live.d1.hats.mute()
    live.d1.hats.mute(bars=1)
    live.run(bars=3)
    assert not any(steps(live, HAT, 6, 8))  # muted before, and so after
    live.d1.mute(bars=4)
    live.d1.unmute()  # what was said last holds
    live.run(bars=2)
    assert all(steps(live, KICK, 9, 10))


def test_only_and_solo(live: gl.Session) -> None:
    live.d1 >> gl.play("bd*4, sn*4, hh*4, oh*4")
    live.d2 >> gl.play("rd*4")

    def heard() -> set[tuple[str, int]]:
        live.run(bars=1)
        return {(e.drummer, e.voice) for e in live.last(1).events}

    everything = heard()
    assert len(everything) == 5
    live.d1.only("kick", "hats")
    assert heard() == {("d1", 0), ("d1", 2), ("d1", 3), ("d2", 8)}
    live.d1.only()
    assert heard() == everything
    live.d1.kick.solo()
    assert heard() == {("d1", 0), ("d2", 8)}
    live.d1.hh.solo()
    assert heard() == {("d1", 0), ("d1", 2), ("d2", 8)}
    gl.unsolo()
    assert heard() == everything
    live.d1.solo(bars=1)
    assert heard() == {pair for pair in everything if pair[0] == "d1"}
    assert heard() == everything
    with pytest.raises(GrooveError, match="bongo"):
        live.d1.only("bongo")
    for bars in (0, -1, "four"):
        with pytest.raises(GrooveError, match="bars"):
            live.d1.mute(bars=bars)


# Fill, build, drop, feels


def test_a_fill_ends_with_the_bar_in_which_it_is_asked_for(live: gl.Session) -> None:
    live.d1 >> gl.play("bd*4")
    live.run(beats=5)
    live.d1.fill()
    live.run(beats=3)
    counts = [len([e for e in events(live.score, bar * 4.0, bar * 4.0 + 4)]) for bar in range(4)]
    assert counts[1] > 4 and counts[0] == counts[2] == counts[3] == 4
    live.run(beats=3.5)  # too late for a fill that leads anywhere: the bar after
    live.d1.fill()
    live.run(bars=2)
    counts = [len([e for e in events(live.score, bar * 4.0, bar * 4.0 + 4)]) for bar in range(5)]
    assert counts[2] == 4 and counts[3] > 4 and counts[4] == 4


def test_a_fill_changes_nothing_that_has_been_played(live: gl.Session) -> None:
    live.d1 >> gl.play("hh*16")
    live.run(beats=2.75)
    before = events(live.score, 0, 2.75)
    live.d1.fill()
    live.run(bars=1)
    assert events(live.score, 0, 2.75) == before


def test_the_player_fills_what_is_left_of_the_bar(live: gl.Session) -> None:
    live.d1 >> "x..x..x."
    live.d1.fills = 0
    live.run(beats=17)
    unfilled = live.render(bars=1).groove("d1")
    live.d1.fill()
    assert live.score.lane("d1", "fill")[-1].beat == 17
    live.run(beats=3)
    assert len(live.last(1).groove("d1")) and unfilled.bars == 1


def test_a_build_lands_on_a_drop(live: gl.Session) -> None:
    live.d1 >> gl.play(BEAT)
    live.d1.build(8)
    live.run(bars=10)
    snares = [len(bar) for bar in steps(live, SNARE, 0, 10)]
    assert snares == [4, 4, 4, 4, 8, 8, 16, 16, 2, 2]
    assert steps(live, KICK, 7, 9) == [[0], [0, 8]]
    assert steps(live, CRASH, 7, 10) == [[], [0], []]
    loud = [e.velocity for e in live.last(10).events if e.voice == SNARE and e.beat < 32]
    assert loud == sorted(loud)


def test_a_drop_ends_a_build(live: gl.Session) -> None:
    live.d1 >> gl.play(BEAT)
    live.d1.build(8)
    live.run(bars=2.5)
    live.d1.drop()
    live.run(bars=8)
    assert steps(live, CRASH, 0, 10) == [[], [], [], [0], *[[]] * 6]
    assert [len(bar) for bar in steps(live, SNARE, 0, 10)] == [4, 4, 4, *[2] * 7]
    live.d1.build(2)
    live.run(bars=1.5)
    live.undo()
    live.run(bars=2)
    assert not any(steps(live, CRASH, 11, 13))


def test_a_hush_ends_a_build(live: gl.Session) -> None:
    live.d1 >> gl.play(BEAT)
    live.d1.build(8)
    live.run(bars=2)
    gl.hush()
    live.d1 >> gl.play(BEAT)
    live.run(bars=8)
    assert [len(bar) for bar in steps(live, SNARE, 2, 10)] == [2] * 8 and not any(steps(live, CRASH, 2, 10))


@pytest.mark.parametrize("genre", ["rock", "funk", "jazz", "reggae", "punk"])
def test_a_feel_moves_the_back_beat_whatever_is_played(live: gl.Session, genre: str) -> None:
    live.d1 >> "x..x..x."
    live.d1.genre = genre
    live.run(bars=2)
    tempo = live.bpm
    hats = steps(live, HAT, 0, 2)
    live.d1.halftime(bars=4)
    live.run(bars=6)
    for bar in range(2, 6):
        found = [e for e in live.last(6).events if e.voice == SNARE and e.step // 16 == bar]
        loudest = max(e.velocity for e in found)
        accents = {e.step % 16 for e in found if e.velocity > 0.6 * loudest}
        assert 8 in accents and not accents & {4, 12}, bar
    assert live.bpm == tempo and hats


def test_double_time_and_its_end(live: gl.Session) -> None:
    live.d1 >> gl.play(BEAT)
    live.d1.doubletime()
    live.run(bars=2)
    assert steps(live, SNARE, 0, 2) == [[2, 6, 10, 14]] * 2 and steps(live, KICK, 0, 1) == [[0, 4, 8, 12]]
    assert steps(live, HAT, 0, 1) == [[0, 2, 4, 6, 8, 10, 12, 14]]
    live.d1.doubletime(False)
    live.run(bars=1)
    assert steps(live, SNARE, 2, 3) == [[4, 12]]


def test_a_feel_without_a_snare_adds_none(live: gl.Session) -> None:
    live.d1 >> gl.play("hh*8, bd*4")
    live.d1.halftime()
    live.run(bars=1)
    assert steps(live, SNARE, 0, 1) == [[]]


# Swing, phrases


def test_swing_of_eighths(live: gl.Session) -> None:
    live.d1 >> gl.play("hh*16")
    live.d1.swing, live.d1.swing_of = 1 / 3, 8
    live.run(bars=1)
    beats = [e.beat for e in live.last(1).events][:5]
    assert beats == pytest.approx([0, 1 / 3, 2 / 3, 5 / 6, 1])
    live.d1.swing_of = 16
    live.run(bars=1)
    assert [e.beat - 4 for e in live.last(1).events][:3] == pytest.approx([0, 1 / 3, 0.5])
    with pytest.raises(GrooveError, match="8 or 16"):
        live.d1.swing_of = 12


def test_jazz_swings_unless_it_is_told_not_to() -> None:
    def off_beats(**settings: Any) -> tuple[int, int]:
        straight = swung = 0
        for seed in (1, 2, 3):
            with gl.open(realtime=False, seed=seed) as live:
                live.d1 >> "x.x.x.x."
                for name, value in settings.items():
                    setattr(live.d1, name, value)
                live.run(bars=8)
                rows = live.last(8).groove("d1").hits.any(1).reshape(-1, 4)
                straight += int((rows[:, 2] & ~rows[:, 1] & ~rows[:, 3]).sum())
                swung += int((rows[:, 3] & ~rows[:, 2]).sum())
        return straight, swung

    assert off_beats(genre="jazz")[0] == 0 and off_beats(genre="jazz")[1] > 20
    assert off_beats(genre="jazz", swing=0)[0] > 10
    assert off_beats(genre="rock")[0] > 10


def test_a_phrase_is_counted_from_the_bar_in_which_it_is_set(live: gl.Session) -> None:
    from groovelive.score.play_on import play_on

    live.d1 >> "x..x..x."
    live.d1.fills = 10
    live.run(bars=3)
    live.d1.phrase = 4
    live.run(bars=1)

    def place(bar: int) -> int:
        asked = play_on(live.score, "d1", bar, bar * 4.0, None)
        assert asked is not None
        return (asked.loop + bar % 2) % asked.phrase

    assert [place(bar) for bar in range(3, 12)] == [0, 1, 2, 3, 0, 1, 2, 3, 0]


# The session


def test_stop_and_reset_call_off_what_is_planned(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.play("bd*4")
    live.d2 >> gl.play("rd*4")
    live.run(bars=1)
    with gl.at("+2"):
        d1 >> gl.play("sn*4")
        live.d2.density = 0.3
    d1.stop()
    live.run(bars=4)
    assert {e.drummer for e in live.last(4).events} == {"d2"}
    d1 >> gl.play("bd*4")
    d1.genre, d1.swing, live.bpm, live.quantum = "funk", 0.3, 99, 2
    d1.every(2, gl.fill)
    d1.hats.mute()
    d1.lock("kick")
    live.run(bars=2)
    with gl.at("+4"):
        live.bpm = 150
    live.reset()
    assert not live.pending
    live.run(bars=6)
    assert live.bpm == 120 and live.quantum == 1 and not live.last(6).events
    for name in live.score.drummers:
        held = {p: live.score.value(name, p, live.beat) for p in live.score.paths(name) if p not in ("pattern", "fill")}
        assert set(held.values()) == {None}, held


def test_a_scene_over_some_bars(live: gl.Session) -> None:
    live.d1 >> gl.play(BEAT)
    live.d1.velocity = 1.0
    live.run(bars=1)
    gl.scene.save("verse")
    live.d1.velocity = 0.2
    live.run(bars=1)
    gl.scene.verse(over=2)
    live.run(bars=1)
    assert live.score.number("d1", "velocity", live.beat) == pytest.approx(0.6)
    with pytest.raises(GrooveError, match="over"):
        gl.scene.verse(over=-1)


# Ahead of time, and files


def test_render_is_what_will_be_played(live: gl.Session) -> None:
    live.d1 >> "x..x..x."
    live.d2 >> live.d1

    @live.d3.each_bar
    def own(bar: Any) -> Any:
        return bar.vel(hh=lambda v: v / 2)

    live.d3 >> gl.play("hh*8")
    live.run(bars=3)
    with gl.at("+4"):
        live.d1.genre = "funk"
    edits, beat = len(live.score.edits), live.beat
    ahead = live.render(bars=8)
    assert (len(live.score.edits), live.beat) == (edits, beat)
    live.run(bars=8)
    assert ahead.events == live.last(8).events
    assert {event.drummer for event in ahead.events} == {"d1", "d2", "d3"}


def test_render_writes_files_and_refuses_before_it_works(live: gl.Session, tmp_path: Path) -> None:
    live.d1 >> gl.play("bd sn")
    clip = live.render(tmp_path / "next.mid", bars=4)
    assert clip.bars == 4 and (tmp_path / "next.mid").stat().st_size > 50
    with pytest.raises(GrooveError, match=r"must end in"):
        live.render(tmp_path / "next.xyz", bars=4)
    with pytest.raises(GrooveError, match="bars"):
        live.render(bars=0)


def test_stems(live: gl.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nanosynth")
    written: dict[str, list[int]] = {}

    def wav(path: Path, score: Any, found: Any, begin: float, end: float) -> None:
        written[path.name] = sorted({e.voice for e in found})
        assert end - begin == 8

    monkeypatch.setattr("groovelive.score.export.wav", wav)
    live.d1 >> gl.play("bd sn hh oh")
    live.d2 >> gl.play("rd*4")
    live.run(bars=2)
    clip: Clip = live.last(2)
    clip.save(f"{tmp_path}/stems/")
    assert written == {"d1-kick.wav": [0], "d1-snare.wav": [1], "d1-hats.wav": [2, 3], "d2-ride.wav": [8]}
    written.clear()
    clip.save(tmp_path / "stems", by="drummer")
    assert written == {"d1.wav": [0, 1, 2, 3], "d2.wav": [8]}
    with pytest.raises(GrooveError, match="there is no folder"):
        clip.save(f"{tmp_path}/no/stems/")
    with pytest.raises(GrooveError, match="by"):
        clip.save(f"{tmp_path}/stems/", by="bus")  # type: ignore[arg-type]


def test_a_take_keeps_the_words(live: gl.Session, tmp_path: Path) -> None:
    live.d1 >> "x..x..x."
    live.d2 >> live.d1
    live.d1.hats.mute(bars=2)
    live.run(bars=2)
    live.d1.halftime(bars=2)
    live.d1.build(4)
    live.run(bars=6)
    live.last(8).save(tmp_path / "set.take")
    again = gl.replay(tmp_path / "set.take", play=False)
    assert again.events == live.last(8).events
    whole = [(round(e.beat, 6), e.drummer, e.voice) for e in again.events]
    with gl.open(realtime=False) as other:
        gl.replay(tmp_path / "set.take", play=True)
        other.run(bars=9)
        found = [(max(round(e.beat - 4, 6), 0.0), e.drummer, e.voice) for e in events(other.score, 4.0, 36.0)]
    assert sorted(found) == sorted(whole)


def test_genres_and_presets_are_listed(live: gl.Session) -> None:
    assert "funk" in gl.genres and "late night" in gl.presets and gl.presets() is gl.presets
    assert "late night" in repr(gl.presets) and "jazz" in repr(gl.genres)
    for name in gl.genres[:3]:
        live.d1.genre = name
    for name in gl.presets[:3]:
        live.d1.z = name
    assert np.isfinite(live.bpm)
