"""What a drummer of a session goes on from, and what becomes of it: the player on the simulated clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import groovelive as gl
from groovelive.conductor.editor import Editor
from groovelive.errors import GrooveError
from groovelive.grooves.phrasing import is_fill
from groovelive.score.edits import Edit, Pattern, Rhythm, decode, encode, pack
from groovelive.score.events import bar_notes
from groovelive.score.play_on import rows
from groovelive.score.queries import described, informed, wish
from groovelive.score.score import Score

TAP = "9.4.7.4.9.47.4.6"
STEPS = 16


@pytest.fixture
def live() -> Iterator[gl.Session]:
    with gl.open(realtime=False, by="maria") as session:
        yield session


def bars(live: gl.Session, first: int, last: int, drummer: str = "d1") -> Any:
    """Return the hits of bars from 0 up to, and without, the last, as they were written: (steps, 9) bool."""
    written = [bar_notes(live.score, drummer, bar, bar * 4.0, transformed=False) for bar in range(first, last)]
    return np.concatenate([rows(notes, STEPS) for notes in written])[:, :9] > 0


def near(one: Any, other: Any) -> float:
    """Return the hits that two patterns share, of all that they have."""
    return float((one & other).sum() / max((one | other).sum(), 1))


def context(live: gl.Session, bar: int, drummer: str = "d1") -> Any:
    """Return the bars that a drummer goes on from in the loop of a bar."""
    wanted = described(live.score, drummer, bar, bar * 4.0)
    assert wanted is not None
    play = informed(live.score, drummer, wanted, bar).play
    assert play is not None
    return np.frombuffer(play.context, np.float32).reshape(-1, 27)


def notes(live: gl.Session, drummer: str = "d1", count: int = 64) -> list[Any]:
    return [event for event in live.last(count).events if event.drummer == drummer]


# What it goes on from


def test_it_goes_on_from_the_last_fifteen_bars_as_they_were_written(live: gl.Session) -> None:
    live.d1 >> gl.groove(TAP)
    live.run(bars=18)
    found = context(live, 18)
    assert len(found) == 15 * STEPS
    assert np.array_equal(found[:, :9] > 0, bars(live, 3, 18))
    assert (found[:, :9].reshape(15, -1).sum(1) > 0).all()


def test_mutes_and_moves_are_no_part_of_it(live: gl.Session) -> None:
    live.d1 >> gl.groove(TAP)
    live.run(bars=8)
    with gl.open(realtime=False) as other:
        other.d1 >> gl.groove(TAP)
        other.d1.every(1, gl.reverse)
        other.run(bars=4)
        other.d1.mute()
        other.run(bars=4)
        assert np.array_equal(bars(other, 0, 8), bars(live, 0, 8))
        assert np.array_equal(context(other, 8), context(live, 8))
        assert notes(other) != notes(live)


def test_silence_is_not_gone_on_from(live: gl.Session) -> None:
    live.d1 >> gl.groove(TAP)
    live.run(bars=4)
    gl.hush()
    live.run(bars=4)
    assert not bars(live, 4, 8).any()
    live.d1 >> gl.groove(TAP)
    live.run(bars=4)
    assert len(context(live, 8)) == 0
    assert (bars(live, 8, 12).reshape(4, -1).sum(1) > 2).all()
    assert np.array_equal(context(live, 12)[:, :9] > 0, bars(live, 8, 12))


def test_another_genre_begins_afresh_and_a_near_one_does_not(live: gl.Session) -> None:
    live.d1 >> gl.groove(TAP)
    live.d1.genre = "rock"
    live.run(bars=4)
    live.d1.genre = {"rock": 0.7, "funk": 0.3}
    live.run(bars=2)
    assert len(context(live, 6)) == 6 * STEPS
    live.d1.genre = "jazz"
    live.run(bars=2)
    assert len(context(live, 6)) == 0
    assert len(context(live, 8)) == 2 * STEPS


def test_what_is_undone_plays_as_it_would_have(live: gl.Session) -> None:
    live.d1 >> gl.groove(TAP)
    live.run(bars=4)
    before = bars(live, 0, 4)
    live.d1 >> gl.groove("x...x...x...x...")
    gl.undo()
    live.run(bars=2)
    with gl.open(realtime=False) as other:
        other.d1 >> gl.groove(TAP)
        other.run(bars=6)
        assert np.array_equal(bars(other, 0, 6), np.concatenate([before, bars(live, 4, 6)]))


def test_what_sounds_before_a_change_stays(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.groove(TAP)
    d1.response = "now"
    live.run(bars=4)
    live.run(beats=2)
    before = bars(live, 4, 6)
    d1.density = 0.95
    live.run(beats=6)
    wanted = [event for event in live.last(2).events if event.step < 72]
    assert {(e.step - 64, e.voice) for e in wanted} == {(s, v) for s, v in np.argwhere(before) if s < 8}
    later = {(e.step - 64, e.voice) for e in live.last(2).events if e.step >= 72}
    assert later != {(s, v) for s, v in np.argwhere(before) if s >= 8}


def test_a_density_is_heard_at_once_both_up_and_down() -> None:
    counts = np.zeros(3)
    for seed in (7, 1, 2):
        with gl.open(realtime=False, seed=seed) as live:
            live.d1 >> gl.groove(TAP)
            live.run(bars=6)
            counts[0] += bars(live, 2, 6).sum()
            for k, density in enumerate((0.9, 0.15)):
                live.d1.density = density
                live.run(bars=4)
                assert len(context(live, 6 + 4 * k)) == 0, "what was played otherwise is not gone on from"
                counts[k + 1] += bars(live, 6 + 4 * k, 10 + 4 * k).sum()
    assert counts[1] > 1.1 * counts[0] and counts[2] < 0.75 * counts[0]


# What becomes of it


def test_intensity_is_heard_at_once_and_does_not_add_up(live: gl.Session) -> None:
    def loudest(first: int, last: int) -> float:
        written = [bar_notes(live.score, "d1", bar, bar * 4.0, transformed=False) for bar in range(first, last)]
        return float(np.concatenate([rows(notes, STEPS) for notes in written])[:, 9:18].max())

    live.d1 >> gl.groove(TAP)
    live.d1.intensity = 0
    live.run(bars=16)
    soft = [loudest(first, first + 4) for first in (0, 4, 8, 12)]
    assert max(soft) <= 0.401 and min(soft) > 0.25  # not softer and softer
    assert context(live, 16)[:, 9:18].max() > 0.7  # what it goes on from is as it was answered
    live.d1.intensity = 0.5
    live.run(bars=4)
    assert loudest(17, 20) > 0.7


def test_loops_vary_and_none_where_variation_is_none(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.groove(TAP)
    d1.fills = 0
    live.run(bars=12)
    assert len({bars(live, k, k + 2).tobytes() for k in range(0, 12, 2)}) > 3
    d1.variation = 0
    live.run(bars=8)
    assert len({bars(live, k, k + 2).tobytes() for k in range(12, 20, 2)}) == 1


def test_fills_are_where_they_are_drawn_and_where_they_are_asked_for(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.groove("x.x.x.x.x.x.x.x.")
    d1.genre, d1.fills, d1.phrase = "rock", 10, 4
    live.run(bars=2)
    play = wish(live.score, "d1", 2).play  # type: ignore[union-attr]
    assert play is not None
    assert play.fill == tuple(is_fill(play.seed, "d1", bar, 10, 0, 4) for bar in (2, 3, 4))
    assert play.fill[1], "the end of the phrase"
    d1.fills = 0
    live.run(bars=2)
    assert wish(live.score, "d1", 4).play.fill == (False, False, False)  # type: ignore[union-attr]
    with gl.at(8):
        d1.fill(bars=2)
    assert wish(live.score, "d1", 6).play.fill == (False, True, True)  # type: ignore[union-attr]
    gl.undo()
    assert wish(live.score, "d1", 6).play.fill == (False, False, False)  # type: ignore[union-attr]


def test_a_fill_that_is_asked_for_is_heard() -> None:
    """Over eight seeds: in the bar that is filled there is more of snare and toms than in the same one without."""
    asked, plain = [], []
    for seed in range(8):
        for fill, found in ((True, asked), (False, plain)):
            with gl.open(realtime=False, seed=seed) as live:
                live.d1 >> gl.groove("x.x.x.x.x.x.x.x.")
                live.d1.genre, live.d1.fills = "rock", 0
                live.run(bars=3)
                if fill:
                    live.d1.fill()
                live.run(bars=1)
                found.append(bars(live, 3, 4)[:, [1, 4, 5, 6]].sum())
    assert np.mean(asked) > 1.3 * np.mean(plain)


def test_what_is_written_and_what_a_mirror_plays_is_filled_too(live: gl.Session) -> None:
    d1, d2 = live.d1, live.d2
    d1 >> gl.play("bd hh")
    d2 >> gl.groove(TAP)
    d2.mirror = True
    live.run(bars=1)
    for drummer in (d1, d2):
        drummer.fill()
    live.run(bars=2)
    for drummer in (d1, d2):
        first, second = (live.last(2).groove(drummer)[bar] for bar in (0, 1))
        toms = [groove.hits[:, 4:7].sum() for groove in (first, second)]
        assert toms[0] >= 3 > toms[1]
    with pytest.raises(AttributeError, match=r"a verb of a drummer: fill\(\)"):
        d1.fill = 1


def test_a_section_that_comes_back_is_remembered() -> None:
    """The second A is nearer to the first than what the same drummer plays there who has no sections."""
    gains = []
    for seed in range(4):
        again = []
        for named in (True, False):
            with gl.open(realtime=False, seed=seed) as live:
                d1 = live.d1
                d1 >> gl.groove(TAP)
                for bar, (name, genre) in {1: ("A", "funk"), 9: ("B", "latin"), 17: ("A", "funk")}.items():
                    with gl.at(bar):
                        d1.genre = genre
                        if named:
                            d1.section = name
                live.run(bars=24)
                if named:
                    assert np.array_equal(context(live, 16)[:, :9] > 0, bars(live, 0, 8))
                    assert len(context(live, 22)) == 14 * STEPS
                again.append(np.mean([near(bars(live, k, k + 2), bars(live, 16 + k, 18 + k)) for k in range(0, 8, 2)]))
        gains.append(again[0] - again[1])
    assert np.mean(gains) > 0.03


def test_locks_are_exact_and_the_rest_hears_them(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.groove(TAP)
    live.run(bars=2)
    before = bars(live, 0, 2)
    d1.bd.lock()
    d1.lock(4)
    live.run(bars=6)
    for k in (2, 4, 6):
        found = bars(live, k, k + 2)
        assert np.array_equal(found[:, 0], before[:, 0]) and np.array_equal(found[4], before[4])
    assert any(not np.array_equal(bars(live, k, k + 2), before) for k in (2, 4, 6))
    play = informed(live.score, "d1", wish(live.score, "d1", 8), 8).play  # type: ignore[arg-type]
    assert play is not None
    known = np.frombuffer(play.known, np.float32).reshape(32, 9)
    held = np.frombuffer(play.held, np.float32).reshape(32, 27)
    assert known[:, 0].all() and known[4].all() and known.sum() == 32 + 8
    assert np.array_equal(held[:, 0] > 0, before[:, 0])


def test_chances_are_of_seed_drummer_and_bar_alone() -> None:
    def play(other: bool, seed: int = 5) -> list[Any]:
        with gl.open(realtime=False, seed=seed) as live:
            live.d1 >> gl.groove(TAP)
            live.run(bars=2)
            if other:
                live.d2 >> gl.groove("x.x.")
                live.d2.density = 0.9
            live.run(bars=4)
            if other:
                assert notes(live, "d2") != notes(live)
            return notes(live)

    alone = play(False)
    assert play(False) == alone
    assert play(True) == alone
    assert play(False, 6) != alone


def test_two_drummers_with_one_rhythm_differ(live: gl.Session) -> None:
    for drummer in (live.d1, live.d2):
        drummer >> gl.groove(TAP)
    live.run(bars=4)
    assert not np.array_equal(bars(live, 0, 4), bars(live, 0, 4, "d2"))


# The latent space


def pattern_of(preset: str) -> Any:
    return gl.load().drum(np.zeros((32, 3), np.float32), follow=0.0, preset=preset, mirror=True).hits > 0


def test_presets_are_heard_at_home_by_name_and_after_a_walk(live: gl.Session) -> None:
    one, two = "late night", "halftime"
    d1, d2, d3 = live.d1, live.d2, live.d3
    d1.a = one
    d1.home()
    d2.z = two
    d3.walk(one, two, bars=4)
    live.run(bars=10)
    for name, preset, other, at in (("d1", one, two, 4), ("d2", two, one, 4), ("d3", one, two, 0), ("d3", two, one, 6)):
        loops = [bars(live, k, k + 2, name) for k in ((at,) if at == 0 else (at, at + 2))]
        own, others = (np.mean([near(loop, pattern_of(p)) for loop in loops]) for p in (preset, other))
        assert own > others + 0.05, (name, preset)


def test_blend_and_follow_move_what_is_heard(live: gl.Session) -> None:
    one, two = "late night", "halftime"
    nearer = []
    for k, blend in enumerate((0.0, 0.5, 1.0)):
        drummer = live[f"b{k}"]
        drummer.a, drummer.b, drummer.blend = one, two, blend
        drummer.home()
    rhythm = gl.Groove.parse("x...x...x...x...")
    for k, follow in enumerate((0.0, 0.25, 0.5, 0.75, 1.0)):
        drummer = live[f"f{k}"]
        drummer.a, drummer.follow = one, follow
        drummer >> gl.groove(rhythm)
    live.run(bars=8)
    for k in range(3):
        shares = [near(bars(live, at, at + 2, f"b{k}"), pattern_of(two)) for at in (0, 2, 4, 6)]
        others = [near(bars(live, at, at + 2, f"b{k}"), pattern_of(one)) for at in (0, 2, 4, 6)]
        nearer.append(np.mean(shares) - np.mean(others))
    assert nearer[0] + 0.05 < nearer[2] and nearer[0] - 0.05 < nearer[1] < nearer[2] + 0.05
    heard = [np.mean([near(bars(live, at, at + 2, f"f{k}"), pattern_of(one)) for at in (0, 2, 4, 6)]) for k in range(5)]
    assert heard[0] > heard[4] + 0.1 and np.mean(heard[1:4]) > heard[4] + 0.03, heard


def test_drift_strays_from_the_preset(live: gl.Session) -> None:
    for name, drift in (("d1", 0.0), ("d2", 3.0)):
        live[name].a, live[name].drift = "halftime", drift
        live[name].home()
    live.run(bars=8)
    still, strayed = (
        np.mean([near(bars(live, at, at + 2, name), pattern_of("halftime")) for at in (0, 2, 4, 6)])
        for name in ("d1", "d2")
    )
    assert still > strayed + 0.05


# Who plays the rhythm


def test_who_plays_is_told_by_source_control_and_port(live: gl.Session) -> None:
    def heard_as() -> str:
        play = wish(live.score, "d1", int(live.beat // 4)).play  # type: ignore[union-attr]
        assert play is not None
        return play.instrument

    d1 = live.d1
    d1 >> gl.groove("x..x")
    assert heard_as() == "typed"
    d1 >> gl.groove("x..x", instrument="bass")
    assert heard_as() == "bass" and "instrument='bass'" in repr(d1.history)
    d1 >> gl.groove(gl.Groove.parse(TAP).nudge(0.1))
    assert heard_as() == "drums"
    d1 >> gl.midi_in("Bass", instrument="bass")
    assert heard_as() == "bass"
    d1 >> gl.midi_in("Bass", instrument="bass") + gl.midi_in("Keys", instrument="piano", role="accent")
    assert heard_as() == "bass"
    d1 >> gl.midi_in("Bass", instrument="bass") + gl.hands(instrument="guitar")
    assert heard_as() == "any"
    d1.instrument = "piano"
    assert heard_as() == "piano"
    with pytest.raises(GrooveError, match=r"instrument must be .*'bas'"):
        gl.midi_in("Bass", instrument="bas")  # type: ignore[arg-type]


def test_a_bass_is_accompanied_and_not_doubled() -> None:
    line = gl.parse("x...x..xx...x..x", bars=1)
    doubled = {}
    for instrument, mirror in (("bass", False), ("typed", False), ("bass", True)):
        with gl.open(realtime=False) as live:
            live.d1 >> gl.groove(line, instrument=instrument)  # type: ignore[arg-type]
            live.d1.mirror = mirror
            live.run(bars=8)
            found, on = bars(live, 0, 8), np.tile(line.hits.any(1), 8)
            doubled[instrument, mirror] = found[:, :2].any(1).tobytes(), found[~on].sum() / found.sum()
    assert doubled["bass", True][1] == 0 and doubled["bass", False][1] > 0.3, "the mirror plays its steps alone"
    assert doubled["bass", False][0] != doubled["typed", False][0], "and who plays is heard"


# Late answers, takes and journals


class Still:
    """A clock that stands where it is put."""

    at = 0.0

    def beat(self) -> float:
        return self.at

    def reach(self, drummer: str) -> float:
        return self.at

    line = reach


def test_where_no_answer_is_there_the_loop_before_plays_on(live: gl.Session) -> None:
    live.d1 >> gl.groove(TAP)
    live.run(bars=4)
    clock = Still()
    editor = Editor(clock, live.score.edits)
    clock.at = 18.0
    due = editor.due("d1")
    assert due is not None and due.bar == 5, "the rest of the loop is asked for"
    late = Pattern(notes=pack([gl.Note(0, 8, 0.5, 0.0)]))
    found = [rows(bar_notes(editor.score, "d1", bar, bar * 4.0), STEPS) for bar in range(2, 6)]
    assert np.array_equal(found[:2], found[2:]), "two bars ago, again"
    play = due.wish.play
    assert play is not None
    known, held = (np.frombuffer(data, np.float32).reshape(32, -1) for data in (play.known, play.held))
    assert known[:16].all() and not known[16:].any() and np.array_equal(held[:16], found[2])
    clock.at = 24.5
    assert editor.given("d1", 4, due.wish, late) is None, "too late for its loop, and nothing is changed"


def test_an_idea_is_played_as_it_is_then_gone_on_from_and_undone(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.groove(TAP)
    with pytest.raises(GrooveError, match="has shown no ideas"):
        d1.take(0)
    live.run(bars=2)
    ideas = d1.ideas(6)
    assert len({idea.groove.hits.tobytes() for idea in ideas}) == 6 and repr(ideas).count("hits a step") == 6
    assert bars(live, 0, 2).tobytes() not in {(i.groove.hits > 0).tobytes() for i in ideas}
    taken = ideas[5].groove.hits > 0
    d1.take(5)
    live.run(bars=8)
    assert np.array_equal(bars(live, 2, 4), taken)
    assert not np.array_equal(bars(live, 4, 6), taken)
    assert np.array_equal(context(live, 10)[:, :9] > 0, bars(live, 2, 10)), "nothing before it"
    gl.undo()
    live.run(bars=2)
    assert len(context(live, 12)) == 12 * STEPS
    with pytest.raises(GrooveError, match="number of an idea must be"):
        d1.take(6)


def test_an_idea_that_is_taken_in_the_middle_of_a_loop_is_heard_whole(live: gl.Session) -> None:
    live.d1 >> gl.groove(TAP)
    live.run(bars=3)
    idea = live.d1.ideas(2)[1].play()
    taken = idea.groove.hits > 0
    live.run(bars=3)
    assert np.array_equal(bars(live, 3, 6), np.concatenate([taken[16:], taken]))
    live.run(bars=2)
    assert not np.array_equal(bars(live, 6, 8), taken)


def test_an_idea_is_gone_on_from_at_home_too(live: gl.Session) -> None:
    d1 = live.d1
    d1.a = "halftime"
    d1.home()
    live.run(bars=2)
    ideas = d1.ideas(4)
    taken, far = (ideas[k].groove for k in (1, 2))
    more = d1.ideas(4, like=far)
    assert [i.groove for i in more] != [i.groove for i in ideas]
    ideas[1].play()
    live.run(bars=6)
    asked = described(live.score, "d1", 8, 32.0)
    assert asked is not None and np.array_equal(bars(live, 2, 4), taken.hits > 0)
    play = informed(live.score, "d1", asked, 8).play
    assert play is not None and play.chosen and np.array_equal(context(live, 8)[:32, :9] > 0, taken.hits > 0)


def test_orders_of_ideas_and_more_like_one(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.groove(TAP)
    live.run(bars=4)
    for by in ("density", "syncopation", "distance"):
        measures = [getattr(idea.candidate, by) for idea in d1.ideas(6, by=by)]
        assert measures == sorted(measures) and measures[0] < measures[-1]
    nats = [idea.candidate.nats for idea in d1.ideas(6, by="likely")]
    assert nats == sorted(nats) and nats[0] > 0
    drawn = d1.ideas(4, by="drawn")
    assert [i.groove for i in d1.ideas(2, by="drawn", first=2)] == [i.groove for i in drawn[2:]]
    spread = d1.ideas(8)
    far = spread[1]
    more = far.more(8)
    like, other = (np.mean([near(i.groove.hits > 0, far.groove.hits > 0) for i in them]) for them in (more, spread[2:]))
    assert like > other
    live.d2 >> gl.groove(TAP)
    live.d2.mirror = True
    with pytest.raises(GrooveError, match="a mirror has no ideas"):
        live.d2.ideas(2)
    with pytest.raises(GrooveError, match="d3 follows nothing to have ideas about"):
        live.d3.ideas(2)
    with pytest.raises(GrooveError, match="number of ideas must be"):
        d1.ideas(65)


def test_a_part_of_a_take_is_the_same_in_another_session(live: gl.Session, tmp_path: Path) -> None:
    """What was played before is not there, and the answers are: nothing is asked anew, unless it is changed."""
    d1 = live.d1
    d1 >> gl.groove(TAP)
    live.run(bars=5)
    d1.ideas(2)
    d1.take(1)
    live.run(bars=2)
    d1.variation = 0
    live.run(bars=5)
    live.last(6).save(tmp_path / "part.take")
    clip = gl.replay(tmp_path / "part.take", play=False)
    expected = [(round(e.beat - 24, 6), e.voice, e.velocity) for e in clip.events]
    for touched in (False, True):
        with gl.open(realtime=False, seed=99) as other:
            other.d3 >> gl.play("hh*8")
            other.run(bars=2)
            gl.replay(tmp_path / "part.take", play=True)
            if touched:
                with gl.at("+3"):
                    other.d1.density = 0.9
            other.run(bars=7)
            start = next(e.beat for e in other.score.edits if e.path == "origin")
            again = [(round(e.beat - start, 6), e.voice, e.velocity) for e in other.last(9).events if e.drummer == "d1"]
            assert (again == expected) is not touched


def test_a_journal_made_before_there_was_a_player_replays(live: gl.Session) -> None:
    """Its edits have no word of the player, and its answers are held for many loops."""
    old = [
        gl_edit(0.0, "source", source=TAP, by="maria", group=1),
        gl_edit(0.0, "pattern", pattern=[(0, 0, 0.8), (8, 1, 0.7), (20, 2, 0.5)]),
        gl_edit(16.0, "density", value=0.4, by="maria", group=2),
        gl_edit(16.0, "pattern", pattern=[(0, 0, 0.9)]),
    ]
    editor = Editor(Still(), old)
    found = [len(bar_notes(editor.score, "d1", bar, bar * 4.0)) for bar in range(8)]
    assert found == [2, 1, 2, 1, 1, 0, 1, 0]
    assert Score(old).drummers == ("d1",)


def gl_edit(beat: float, path: str, **told: Any) -> Any:
    """Return an edit as an old journal has it: read back from its bytes."""
    value = told.get("value")
    if "source" in told:
        value = Rhythm(text=told["source"])
    if "pattern" in told:
        value = Pattern(notes=pack(gl.Note(s, v, loud, 0.0) for s, v, loud in told["pattern"]))
    by, group = told.get("by", "engine"), told.get("group", 0)
    data = encode(Edit(beat=beat, drummer="d1", path=path, value=value, by=by, group=group))
    assert b"instrument" not in data
    return decode(data)


# Songs


def test_a_song_is_played_section_by_section_and_undone_at_once(live: gl.Session, tmp_path: Path) -> None:
    d1 = live.d1
    d1 >> gl.groove(TAP)
    d1.genre = "rock"
    made = gl.song(
        "A4 build4 A4", tempo=96, A=dict(genre="funk", density={"hats": 0.3}), build=dict(rhythm="x.x."), count_in=1,
        ending=True,
    )  # fmt: skip
    assert made.save(tmp_path / "song.mid", tmp_path / "song.svg") is made
    assert (tmp_path / "song.mid").stat().st_size > 500
    with pytest.raises(GrooveError, match=r"must end in \.mid, \.wav or \.svg"):
        made.save("song.take")
    live.run(bars=2)
    with gl.at("+2"):
        d1 >> made
    gl.undo()
    assert not live.pending
    made.play(d1)
    live.run(bars=15)
    score = live.score
    names = [score.value("d1", "section", bar * 4.0) for bar in range(2, 17)]
    assert names == [None, *"AAAA", *["build"] * 4, *"AAAA", None, None]
    assert [score.value("d1", "genre", bar * 4.0) for bar in (3, 7, 11, 15)] == ["funk", "rock", "funk", "rock"]
    assert score.number("d1", "density.hats", 12.0) == 0.3 and score.value("d1", "density.hats", 64.0) is None
    assert score.number("d1", "intensity", 28.0) == 0.3 and score.number("d1", "intensity", 43.0) > 0.9
    heard = [len(bar_notes(score, "d1", bar, bar * 4.0)) for bar in range(2, 17)]
    assert heard[0] == 4 and min(heard[1:13]) > 2 and heard[13] == 2 and heard[14] == 0
    assert np.array_equal(context(live, 10 + 1)[:, :9] > 0, bars(live, 3, 7))
    with pytest.raises(GrooveError, match="a song begins with a bar"), gl.at("+2 beats"):
        d1 >> made
    with pytest.raises(GrooveError, match="top_k is of a song that is saved"):
        d1 >> gl.song("A2", top_k=4)
