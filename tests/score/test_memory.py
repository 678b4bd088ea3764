"""The tap buffer: the rules of onsets against a simple model, memory, recording, inputs, and what undo does to them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groovelive.errors import GrooveError
from groovelive.score.automation import resumed
from groovelive.score.edits import (
    Cycle,
    Edit,
    Exact,
    Home,
    Line,
    Outs,
    decode,
    encode,
)
from groovelive.score.events import events
from groovelive.score.inputs import (
    GRAIN,
    Adaptive,
    Ear,
    Hearing,
    Knob,
    Played,
    Stroke,
    grained,
    loudness,
    pack,
)
from groovelive.score.memory import heard
from groovelive.score.queries import wish
from groovelive.score.score import Score
from groovelive.score.targets import Midi
from groovelive.score.validation import check

KEYS = Hearing(ears=(Ear(port="Keys"),))
FOREVER = Edit(beat=0, drummer="d1", path="memory", value=1000.0)


def played(*hits: tuple[float, float], port: str = "Keys", key: int = 60, channel: int = 1) -> Edit:
    """Return the edit that a port's notes make: (beat, velocity 0..1) each."""
    beat = grained(max(at for at, _ in hits))
    notes = [Stroke(round((beat - grained(at)) * GRAIN), key, max(round(v * 127), 1), channel) for at, v in hits]
    return Edit(beat=beat, path="played", value=Played(port=port, notes=pack(notes)), by=f"midi:{port}")


def follows(ears: Hearing = KEYS, beat: float = 0.0) -> Edit:
    return Edit(beat=beat, drummer="d1", path="source", value=ears, group=1)


def steps(score: Score, beat: float, ears: Hearing = KEYS) -> dict[int, tuple[float, float]]:
    """Return what is heard by a beat: velocity and offset by step, each rounded."""
    tap = heard(score, "d1", ears, beat)
    on = np.flatnonzero(tap[:, 0]).tolist()
    return {k: (round(float(tap[k, 1]), 2), round(float(tap[k, 2]), 2)) for k in on}


# The rules of onsets


def model(hits: Sequence[tuple[float, int]]) -> set[float]:
    """Return which onsets stay, in plain words: a list, gone through from the first to the last."""
    kept: list[tuple[float, int]] = []

    def meets(a: float, b: float) -> bool:
        apart = abs(a - b) % 8
        same_step = math.floor(a * 4 + 0.5) % 32 == math.floor(b * 4 + 0.5) % 32
        return same_step or min(apart, 8 - apart) < 1 / 8

    for beat, velocity in hits:
        met = [other for other in kept if meets(beat, other[0])]
        if any(abs(beat - other[0]) < 4 and other[1] >= velocity for other in met):
            continue  # the louder of one pass stays
        kept = [*(other for other in kept if other not in met), (beat, velocity)]
    return {beat for beat, _ in kept}


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 40 * 64), st.integers(1, 127)), max_size=80), st.integers(1, 7))
def test_the_onset_rules_are_those_of_a_simple_model(raw: list[tuple[int, int]], batch: int) -> None:
    hits = sorted({at / 64: velocity for at, velocity in raw}.items())
    score = Score([follows(), FOREVER])
    for at in range(0, len(hits), batch):
        score.add(played(*((beat, velocity / 127) for beat, velocity in hits[at : at + batch])))
        steps(score, hits[at][0])  # a look in between changes nothing
    tap = heard(score, "d1", KEYS, 48.0)
    expected = {math.floor(b * 4 + 0.5) % 32: b * 4 - math.floor(b * 4 + 0.5) for b in model(hits)}
    assert {k: float(tap[k, 2]) for k in np.flatnonzero(tap[:, 0]).tolist()} == pytest.approx(expected)
    again = Score([decode(encode(edit)) for edit in score.edits])
    assert np.array_equal(heard(again, "d1", KEYS, 48.0), tap)


def test_within_a_32nd_the_louder_wins_and_beyond_it_the_newest_loop() -> None:
    score = Score([follows(), FOREVER, played((1.0, 0.9), (1.05, 0.3))])
    assert steps(score, 2) == {4: (0.9, 0.0)}
    score.add(played((1.08, 1.0)))
    assert steps(score, 2) == {4: (1.0, 0.32)}
    score.add(played((9.0, 0.2)))
    assert steps(score, 10) == {4: (0.2, 0.0)}
    score.add(played((16.85, 0.5)))  # early by more than a 32nd: another stroke
    assert set(steps(score, 18)) == {3, 4}


def test_of_a_roll_there_is_a_hit_a_step_at_most_and_no_step_is_lost_to_a_softer_note() -> None:
    score = Score([follows()])
    for k in range(0, 8000, 20):
        score.add(played(*((0.002 * n, (1 + n * 37 % 127) / 127) for n in range(k, k + 20))))
    assert 24 <= len(steps(score, 16.0)) <= 32


def test_late_and_early_notes_at_the_wrap_are_one() -> None:
    score = Score([follows(), played((7.95, 0.8))])
    assert steps(score, 8.0) == {0: (0.8, -0.2)}
    score.add(played((16.06, 0.7)))
    assert steps(score, 17) == {0: (0.7, 0.24)}
    score.add(played((23.88, 0.9)))  # nearer to the step before, but the same stroke
    assert set(steps(score, 24.5)) == {0}
    wobbling = Score([follows(), FOREVER, *(played((8 * k + (0.12 if k % 2 else 0.13), 0.5)) for k in range(6))])
    assert len(steps(wobbling, 48)) == 1


# Memory and recording


@pytest.mark.parametrize(("loops", "until"), [(0, 0.125), (0.5, 4.125), (1, 8.125), (3, 24.125)])
def test_memory_ends_with_the_step_so_many_loops_later(loops: float, until: float) -> None:
    score = Score([follows(), Edit(beat=0, drummer="d1", path="memory", value=loops), played((0.02, 0.5))])
    assert set(steps(score, until - 0.01)) == {0}
    assert steps(score, until) == {}


def test_memory_for_ever() -> None:
    assert set(steps(Score([follows(), FOREVER, played((0.02, 0.5))]), 1e6)) == {0}


def test_recording_takes_the_place_of_what_was_as_the_loop_goes_round() -> None:
    score = Score([follows(), FOREVER, played((0.0, 0.5), (4.0, 0.5))])
    score.add(Edit(beat=8.5, drummer="d1", path="recording", value="record", group=5))
    assert set(steps(score, 11)) == {0, 16}  # it began after the first step had come round
    assert set(steps(score, 12)) == {0}
    assert steps(score, 15.9) == {}  # now it has come round again
    score.add(Edit(beat=10.0, path="undo", value=5))
    assert set(steps(score, 40)) == {0, 16}


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000))
def test_what_is_long_forgotten_need_not_be_gone_through(seed: int) -> None:
    """Asked in any order, and with a memory that shrinks and grows, it is what all notes from the first on leave."""
    chance = random.Random(seed)
    score, beat = Score([follows()]), 0.0
    for _ in range(120):
        beat += chance.choice((0.05, 0.2, 0.25, 0.3, 0.5, 4.0))
        what = chance.random()
        if what < 0.85:
            score.add(played((beat, chance.uniform(0.1, 1)), port=chance.choice(("Keys", "Keys", "Pad"))))
        elif what < 0.93:
            loops = chance.choice((0.0, 0.5, 1.0, 2.0, 1000.0, Adaptive(low=4, high=0)))
            score.add(Edit(beat=beat, drummer="d1", path="memory", value=loops))
        else:
            mode = chance.choice(("off", "record", "overdub"))
            score.add(Edit(beat=beat, drummer="d1", path="recording", value=mode, group=chance.randrange(3)))
        if chance.random() < 0.3:
            at = max(beat - chance.choice((0.0, 0.0, 0.0, 3.0, 20.0)), 0.0)
            with patch("groovelive.score.loop_buffer._rest", return_value=0):
                expected = heard(Score(score.edits), "d1", KEYS, at)
            assert np.array_equal(heard(score, "d1", KEYS, at), expected)
            assert np.array_equal(heard(Score(score.edits), "d1", KEYS, at), expected)


def test_nothing_is_taken_in_nor_forgotten_while_recording_is_off() -> None:
    score = Score([follows(), played((0.0, 0.5))])
    score.add(Edit(beat=4, drummer="d1", path="recording", value="off"))
    score.add(played((5.0, 0.9)))
    assert set(steps(score, 400)) == {0}
    score.add(Edit(beat=400, drummer="d1", path="recording", value="overdub"))
    assert set(steps(score, 404)) == {0} and steps(score, 405) == {}


def test_clear_forgets_and_undo_remembers() -> None:
    score = Score([follows(), FOREVER, played((0.0, 0.5))])
    score.add(Edit(beat=3.0, drummer="d1", path="clear", value=True, group=9))
    score.add(played((3.5, 0.5)))
    assert set(steps(score, 4)) == {14}
    score.add(Edit(beat=5.0, path="undo", value=9))
    assert set(steps(score, 5)) == {0, 14}
    assert set(steps(score, 4)) == {14}  # what was heard then is what was heard then


# Ears


def test_inputs_with_weights_and_roles() -> None:
    ears = Hearing(ears=(Ear(port="Bass", weight=0.5), Ear(port="Voice"), Ear(port="Pad", role="accent")))
    score = Score([follows(ears), played((0.0, 1.0), (1.0, 1.0), port="Bass"), played((0.0, 0.8), port="Voice")])
    assert steps(score, 2, ears) == {0: (0.8, 0.0), 4: (0.5, 0.0)}
    score.add(played((1.01, 1.0), (2.0, 1.0), port="Pad"))
    assert steps(score, 3, ears) == {0: (0.8, 0.0), 4: (1.0, 0.0)}
    assert steps(score, 3, KEYS) == {}


def test_one_input_for_several_drummers() -> None:
    low = Hearing(ears=(Ear(port="Keys", keys=tuple(range(48))),))
    high = Hearing(ears=(Ear(port="Keys", keys=tuple(range(48, 128)), velocity=0.25),))
    score = Score([played((0.0, 1.0), key=40), played((1.0, 1.0), key=70)])
    assert steps(score, 2, low) == {0: (1.0, 0.0)} and steps(score, 2, high) == {4: (0.25, 0.0)}


def test_pitch_as_velocity() -> None:
    ear = Ear(velocity="pitch")
    found = [loudness(ear, Stroke(0, key, 64, 1)) for key in (0, 36, 66, 96, 127)]
    assert found == pytest.approx([0.1, 0.1, 0.55, 1.0, 1.0])
    assert loudness(Ear(velocity="pitch", keys=(60,)), Stroke(0, 60, 1, 1)) == 1.0


@pytest.mark.parametrize(
    ("ear", "out", "channel", "hears"),
    [
        (Ear(port="TR-8"), Midi(port="tr-8"), 10, False),
        (Ear(port="TR-8"), Midi(port="TR-8"), 9, True),
        (Ear(port="TR-8", channel=10), Midi(port="TR-8"), 10, False),
        (Ear(port="Keys"), Midi(port="TR-8"), 10, True),
        (Ear(port="Keys", virtual=True), Midi(port="TR-8"), 10, False),
        (Ear(port="Keys", virtual=True, channel=10), Midi(port="TR-8"), 10, True),
        (Ear(), Midi(port="TR-8"), 10, True),
    ],
)
def test_a_drummer_does_not_hear_itself(ear: Ear, out: Midi, channel: int, hears: bool) -> None:
    ears = Hearing(ears=(ear,))
    score = Score([follows(ears), Edit(beat=0, drummer="d1", path="out", value=Outs((out,)))])
    score.add(played((1.0, 1.0), port=ear.port, channel=channel))
    assert bool(steps(score, 2, ears)) is hears


# What follows a player, and what the model is asked


def test_adaptive_controls_follow_the_density() -> None:
    score = Score([follows(), Edit(beat=0, drummer="d1", path="follow", value=Adaptive(low=0.1, high=0.8))])
    assert score.number("d1", "follow", 4) == 0.1
    score.add(played(*((k / 4, 0.5) for k in range(7))))
    assert score.number("d1", "follow", 3.9) == pytest.approx(0.45)
    score.add(played(*((k / 4 + 0.02, 0.5) for k in range(16))))
    assert score.number("d1", "follow", 3.9) == pytest.approx(0.8)
    assert score.number("d1", "follow", 8) == pytest.approx(0.1)
    score.add(Edit(beat=4, drummer="d1", path="source", value=Home()))
    assert score.activity("d1", 4) > 0.5  # at home it still listens
    density = Hearing(ears=(Ear(port="Keys", role="density"), Ear(port="Pad")))
    score.add(follows(density, beat=4))
    assert score.activity("d1", 4) > 0.5 and steps(score, 4, density) == {}


def test_a_wish_is_of_what_was_heard_by_then_and_notes_change_nothing_else() -> None:
    score = Score([follows(), Edit(beat=0, drummer="d2", path="source", value=Exact(text="hh*16"))])
    before, turns = events(score, 0, 16), dict(score.turns)
    score.add(played((0.3, 0.5)))
    wanted = wish(score, "d1", 1)
    assert wanted is not None and np.frombuffer(wanted.tap, np.float32).reshape(32, 3)[1, 0] == 1
    assert wish(score, "d1", 0) != wanted
    assert events(score, 0, 16) == before and dict(score.turns) == turns
    assert score.history() == score.edits[:2] and score.pending(0) == []
    taken = Hearing(ears=KEYS.ears, taken=True)
    assert wish(Score([follows(taken), *score.edits[2:]]), "d1", 1) is None


def test_what_a_hand_was_on_can_be_led_again() -> None:
    def at(beat: float, value: object, path: str = "follow") -> Edit:
        return Edit(beat=beat, drummer="d1", path=path, value=value)  # type: ignore[arg-type]

    touched = [at(0, Line(start=0.0, end=0.8, bars=8)), at(4, 0.5)]
    assert resumed(Score(touched), "d1", "follow", 16) == Line(start=0.4, end=0.8, bars=4.0)
    assert resumed(Score(touched), "d1", "follow", 99) == 0.8
    assert resumed(Score([at(0, Cycle(".1 .9")), at(4, 0.5), at(5, 0.6)]), "d1", "follow", 8) == Cycle(".1 .9")
    assert resumed(Score([follows(), at(4, Home(), "source")]), "d1", "source", 8) == KEYS
    for edits, path, problem in (
        ([at(0, 0.5)], "follow", "nothing led d1.follow"),
        ([at(0, Cycle(".1 .9"))], "follow", "no hand was on it"),
        ([follows()], "source", "not at home"),
        ([at(4, Home(), "source")], "source", "followed nothing"),
    ):
        with pytest.raises(GrooveError, match=problem):
            resumed(Score(edits), "d1", path, 8)


@pytest.mark.parametrize(
    ("drummer", "path", "value", "problem"),
    [
        ("d1", "swing", Adaptive(low=0, high=0.2), "adaptive"),
        ("d1", "follow", Adaptive(low=0, high=2), "follow must be a number from 0 to 1"),
        ("d1", "recording", "overdubb", "did you mean 'overdub'"),
        ("d1", "memory", -1, "from 0 to 1000"),
        ("d1", "clear", False, "undo"),
        ("d1", "knob.source", Knob(number=1), "no knob can turn 'source'"),
        ("d1", "knob.genre", Knob(number=1, low=0.2), "no range"),
        ("d1", "knob.follow", Knob(number=1, low=3), "follow must be a number from 0 to 1"),
        ("", "played", 3, "notes on a port"),
        ("", "played", Played(port="", notes=b"abc"), "7 bytes"),
    ],
)
def test_what_cannot_be_is_refused(drummer: str, path: str, value: object, problem: str) -> None:
    with pytest.raises(GrooveError, match=problem):
        check(drummer, path, value, None)  # type: ignore[arg-type]
    assert check("d1", "knob.density.hh", Knob(number=3), None)[0] == "knob.density.closed_hat"
