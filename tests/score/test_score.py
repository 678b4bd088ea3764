"""The pure core: tempo, the fold of the log, and events that are there once, whatever span is asked for."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groovelive.errors import GrooveError
from groovelive.grooves.grid import Note
from groovelive.score.edits import (
    Cycle,
    Edit,
    Exact,
    Line,
    Move,
    Moves,
    Pattern,
    Rhythm,
    decode,
    encode,
    pack,
    unpack,
)  # fmt: skip
from groovelive.score.events import events
from groovelive.score.score import Score
from groovelive.score.tempo_map import TempoMap


def made(**fields: Any) -> Edit:
    known: dict[str, Any] = {"beat": 0.0, "drummer": "d1", "by": "me"}
    return Edit(**known | fields)


EARLY = Pattern(notes=pack([Note(s, v, 0.5 + s / 64, o) for s in range(32) for v, o in ((0, -0.5), (2, 0.25))]))
LATE = Pattern(notes=pack([Note(s, 1, 0.9, 0.45) for s in range(0, 32, 2)]))


# Tempo


@given(st.lists(st.tuples(st.floats(0.1, 8), st.floats(30, 300), st.floats(30, 300)), min_size=1, max_size=100))
def test_seconds_and_beats_are_each_others_inverse(steps: list[tuple[float, float, float]]) -> None:
    points, beat = [], 0.0
    for length, bpm, towards in steps:
        points.append((beat, bpm, towards))
        beat += length
    tempo = TempoMap(points)
    last = -1.0
    for k in range(200):
        at = k * beat / 150
        seconds = tempo.seconds(at)
        assert seconds > last and abs(tempo.beat(seconds) - at) < 1e-9 * max(1, at)
        last = seconds


def test_a_hundred_tempo_changes_do_not_move_what_has_passed() -> None:
    chance, score, past = random.Random(3), Score(), []
    for k in range(100):
        past.append((4.0 * k, score.tempo.seconds(4.0 * k)))
        bpm, over = chance.uniform(60, 180), chance.choice((0, 0.5))
        score.add(made(beat=4.0 * k, drummer="", path="bpm", value=bpm, over=over))
    assert all(abs(score.tempo.seconds(beat) - seconds) < 1e-9 for beat, seconds in past)


def test_a_ramp_and_a_transition_of_the_tempo() -> None:
    score = Score([made(drummer="", path="bpm", value=Line(60.0, 120.0, 2.0))])
    assert [score.tempo.bpm(b) for b in (0, 4, 8, 20)] == [60, 90, 120, 120]
    score.add(made(drummer="", beat=16.0, path="bpm", value=60.0, over=1.0, group=1))
    assert [round(score.tempo.bpm(b), 9) for b in (16, 18, 20, 40)] == [120, 90, 60, 60]
    score.add(made(drummer="", beat=18.5, path="undo", value=1))
    assert score.tempo.bpm(18) == 90 and score.tempo.bpm(19) == 120


# The log


def test_undo_redo_and_who() -> None:
    score = Score([made(path="swing", value=0.1, group=1), made(path="swing", value=0.2, beat=4.0, group=2, by="kim")])
    assert score.last_group("me") == 1 and score.last_group("kim") == 2 and score.last_group("no") is None
    score.add(made(drummer="", path="undo", value=2, beat=6.0, by="kim"))
    assert [score.number("d1", "swing", b) for b in (3, 5, 6, 9)] == [0.1, 0.2, 0.1, 0.1]
    assert score.last_undone("kim") == 2 and score.last_group("kim") is None and score.last_undone("me") is None
    score.add(made(drummer="", path="redo", value=2, beat=8.0, by="kim"))
    assert [score.number("d1", "swing", b) for b in (7, 8)] == [0.1, 0.2]
    score.add(made(drummer="", path="undo", value=1, beat=8.0))
    assert score.number("d1", "swing", 9) == 0.2 and [e.group for e in score.history("d1")] == [1, 2]


def test_patterns_in_time_and_transitions() -> None:
    score = Score([made(path="density", value=Cycle("<.2 .6>")), made(path="density", value=0.8, beat=16.0, over=2.0)])
    assert [score.number("d1", "density", b) for b in (0, 4, 8, 15)] == [0.2, 0.6, 0.2, 0.6]
    assert [round(score.number("d1", "density", b), 6) for b in (16, 20, 24)] == [0.2, 0.5, 0.8]
    score = Score([made(path="genre", value="funk"), made(path="genre", value="jazz", beat=8.0, over=1.0)])
    assert score.weights("d1", "genre", 9) == (("funk", 0.75), ("jazz", 0.25))


def test_the_fold_does_not_depend_on_how_it_was_read() -> None:
    edits = _some_edits(random.Random(5), 80)
    whole = Score(edits)
    copied = Score(decode(encode(edit)) for edit in edits)
    assert events(whole, 0, 64) == events(copied, 0, 64)


def test_notes_that_are_none_are_refused() -> None:
    with pytest.raises(GrooveError, match="11 bytes each"):
        unpack(b"12345")
    with pytest.raises(GrooveError, match=r"a voice 0\.\.8"):
        unpack(pack([Note(0, 9, 0.5, 0.0)]))


# Events


def _some_edits(chance: random.Random, count: int) -> list[Edit]:
    edits = [made(path="source", value=Rhythm(text="x")), made(path="pattern", value=EARLY, by="engine")]
    for k in range(count):
        beat = chance.choice((float(chance.randrange(64)), chance.uniform(0, 64)))
        path, value = chance.choice([
            ("swing", chance.uniform(0, 0.5)), ("humanise", chance.uniform(0, 2)), ("velocity", chance.uniform(0, 2)),
            ("mute", chance.random() < 0.5), ("solo", chance.random() < 0.2), ("nudge", chance.uniform(-0.1, 0.1)),
            ("quantise", chance.random()),
            ("source", chance.choice((None, Exact(text="bd*3 [~ sn]"), Rhythm(text="x")))),
            ("pattern", chance.choice((EARLY, LATE))), ("lock.kick", chance.random() < 0.5),
            ("moves", Moves((Move("every", 2.0, "rotate", (0.125,)), Move("sometimes", 0.5, "stutter", (2.0,))))),
        ])  # fmt: skip
        by = "engine" if path == "pattern" else "me"
        name = chance.choice(("d1", "d2"))
        edits.append(made(beat=beat, drummer=name, path=path, value=value, by=by, group=0 if by == "engine" else k + 1))
        if chance.random() < 0.1:
            edits.append(made(drummer="", beat=beat + chance.random(), path="undo", value=chance.randrange(1, k + 2)))
    return edits


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_any_spans_that_meet_have_every_note_once(seed: int) -> None:
    chance = random.Random(seed)
    score = Score(_some_edits(chance, 30))
    whole = events(score, 0, 64)
    parts, at = [], 0.0
    while at < 64:
        end = min(at + chance.choice((0.25, 0.3, 1.0, 2.6, 4.0)), 64)
        parts += events(score, at, end)
        at = end
    assert sorted(parts) == sorted(whole) and whole == events(score, 0, 64)
    assert all(0 < e.velocity <= 1 and e.beat >= 0 for e in whole)


def test_an_early_note_sounds_before_its_bar_line_once() -> None:
    score = Score([made(path="source", value=Rhythm(text="x")), made(path="pattern", value=EARLY, by="engine")])
    kicks = [e for e in events(score, 4, 8) if e.voice == 0]
    assert kicks[0].step == 16 and kicks[0].beat == 3.875 and len(kicks) == 16
    assert events(score, 0, 1)[0].beat == 0  # nothing is before the beginning


def test_a_change_off_the_grid_keeps_what_had_been_sent() -> None:
    edits = [made(path="source", value=Rhythm(text="x")), made(path="pattern", value=EARLY, by="engine")]
    score = Score([*edits, made(beat=7.95, path="pattern", value=LATE, by="engine")])
    found = [(e.voice, round(e.beat, 4)) for e in events(score, 7.5, 8.6)]
    # The kick of step 32 had sounded at 7.875, before the change; its hat, at 8.0625, had not.
    assert (0, 7.875) in found and (2, 8.0625) not in found and (1, 8.1125) in found


def test_a_mute_now_takes_what_has_not_sounded() -> None:
    edits = [made(path="source", value=Exact(text="hh*16"))]
    score = Score([*edits, made(beat=1.1, path="mute", value=True)])
    assert [e.beat for e in events(score, 0, 4)] == [0, 0.25, 0.5, 0.75, 1.0]
    faded = Score([*edits, made(beat=0.0, path="mute", value=True, over=1.0)])
    loud = [round(e.velocity, 3) for e in events(faded, 0, 4)]
    assert loud == sorted(loud, reverse=True) and loud[0] == 0.8


def test_what_plays_plays_on_until_the_answer_is_there() -> None:
    score = Score([made(path="source", value=Exact(text="bd*4"))])
    score.add(made(beat=4.0, path="source", value=Rhythm(text="x")))
    assert [e.voice for e in events(score, 4, 8)] == [0] * 4
    score.add(made(beat=8.0, path="pattern", value=LATE, by="engine"))
    assert {e.voice for e in events(score, 8, 12)} == {1} and [e.voice for e in events(score, 4, 8)] == [0] * 4


def test_chance_is_a_function_of_seed_drummer_and_bar() -> None:
    def played(seed: int, name: str, start: float) -> list[Any]:
        score = Score([
            made(drummer="", path="seed", value=seed), made(drummer="", path="origin", value=int(start // 4)),
            made(drummer=name, path="source", value=Exact(text="hh*16")),
            made(drummer=name, path="humanise", value=1.0),
            made(drummer=name, path="moves", value=Moves((Move("sometimes", 0.5, "degrade", (0.5,)),))),
        ])  # fmt: skip
        return [(round(e.beat - start, 9), e.velocity) for e in events(score, start + 4, start + 20)]

    first = played(7, "d1", 0)
    assert first == played(7, "d1", 0) == played(7, "d1", 16)
    assert first != played(8, "d1", 0) and first != played(7, "d2", 0)


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_tempo_map_that_grew_is_the_same_as_one_made_at_once(seed: int) -> None:
    chance, score = random.Random(seed), Score()
    for k in range(1, 14):
        beat = round(chance.uniform(0, 40), 2)
        match chance.randrange(4):
            case 0 if k > 1:
                undone = chance.randrange(1, k)
                score.add(Edit(beat=beat, path=chance.choice(["undo", "redo"]), value=undone))
            case 1:
                ramp = Line(chance.uniform(60, 200), chance.uniform(60, 200), chance.choice([0.1, 1.0, 4.0]))
                score.add(Edit(beat=beat, path="bpm", value=ramp, group=k))
            case _:
                over = chance.choice([0.0, 0.0, 2.0])
                score.add(Edit(beat=beat, path="bpm", value=chance.uniform(60, 200), over=over, group=k))
        if chance.random() < 0.7:
            score.tempo  # noqa: B018 - it is worked out now, and goes on from there
    again = Score(score.edits)
    for beat in range(60):
        assert score.tempo.seconds(beat) == pytest.approx(again.tempo.seconds(beat), abs=1e-9)
        assert score.tempo.bpm(beat + 0.3) == pytest.approx(again.tempo.bpm(beat + 0.3))
