"""Playing along as a performer types it, on the simulated clock: ears, hands, knobs, pictures, takes."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import groovelive as gl
from groovelive.score.edits import Home
from groovelive.score.events import events
from groovelive.score.inputs import Hearing


@pytest.fixture
def live() -> Iterator[gl.Session]:
    with gl.open(realtime=False, by="maria") as live:
        yield live


def test_a_drummer_follows_what_is_played(live: gl.Session) -> None:
    d1 = live.d1
    assert (d1 >> gl.midi_in("Keys", follow=0.8)) is d1
    assert d1.follow == 0.8
    live.feed("x..x..x.", bars=4)
    live.run(bars=2)
    assert len(live.last(2).groove(d1)) > 3
    assert "midi_in('Keys')" in repr(d1) and "tap " in repr(d1)
    d1.response = "now"
    live.feed("xxxxxxxx", bars=1)
    assert any(edit.beat % 4 for edit in live.score.lane("d1", "pattern"))


def test_without_a_port_it_is_hands(live: gl.Session) -> None:
    live.d1 >> gl.hands()
    live.d2 >> gl.midi_in("Keys")
    live.hit(0.5)  # of two ports, by hand
    live.hit(0.9, key=36, port="Keys", channel=3)
    live.hit(0.0)  # which is a note-off
    assert [(n.step, round(n.velocity, 2)) for n in live.d1.heard] == [(0, 0.5)]
    assert [(n.step, round(n.velocity, 1)) for n in live.d2.heard] == [(0, 0.9)]


def test_several_inputs(live: gl.Session) -> None:
    ears = gl.midi_in("Bass", weight=0.5) + gl.midi_in("Voice", notes=range(48, 73), velocity="pitch", follow=0.7)
    live.d1 >> ears
    live.hit(1.0, port="Bass")
    live.hit(0.1, port="Voice", key=72)
    live.hit(1.0, port="Voice", key=20)
    assert [(n.step, n.velocity) for n in live.d1.heard] == [(0, 1.0)] and live.d1.follow == 0.7
    assert repr(ears) == "midi_in('Bass', weight=0.5) + midi_in('Voice', velocity='pitch', notes=25 keys)"


def test_what_it_heard_side_by_side(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.hands()
    d1.tap_low, d1.memory = 0.5, 2
    live.feed("x..x..x.", bars=2)
    live.run(beats=1)
    assert len(d1.heard) == len(d1.adjusted) == 12 and d1.heard != d1.adjusted
    assert d1.adjusted.velocities.max() == pytest.approx(0.5 + 0.5 * d1.heard.velocities.max())
    assert len(d1.now) > 3 and d1.now == live.d1.hearing.now
    shown = repr(d1.hearing).splitlines()
    assert shown[0].strip() == "▼" and shown[1].startswith("heard") and shown[2].startswith("adjusted")
    assert shown[1].index("▇") == shown[0].index("▼") - 4  # the fifth 16th plays
    assert d1.hearing._repr_svg_().count("<svg") == 1
    d1.home()
    assert len(d1.heard) == 12  # it still listens
    with pytest.raises(gl.GrooveError, match="d2 hears nothing: d2 >> midi_in"):
        _ = live.d2.heard


def test_a_written_rhythm_is_heard_too(live: gl.Session) -> None:
    live.d1 >> gl.groove("x..x..x.")
    live.run(beats=1)
    assert len(live.d1.heard) == 12


def test_clear_memory_and_recording(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.hands()
    assert (d1.memory, d1.recording) == (1.0, "overdub")
    d1.memory = gl.forever
    assert d1.memory == 1000
    live.feed("x...", bars=1)
    live.run(bars=3)
    assert len(d1.heard) == 4
    assert d1.clear() is d1
    assert len(d1.heard) == 0
    gl.undo()
    assert len(d1.heard) == 4
    d1.recording = "off"
    live.run(bars=1)
    live.hit()
    assert len(d1.heard) == 4
    assert [edit.path for edit in d1.history][-1] == "recording"  # notes are not among them


def test_what_leads_a_control_resumes(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.hands()
    d1.follow = gl.adaptive(0.2, 0.9)
    assert "set d1.follow to adaptive(0.2, 0.9)" in repr(d1.history)
    d1.follow = 0.5
    d1.follow.resume()
    assert d1.follow == gl.adaptive(0.2, 0.9)
    d1.density = gl.line(0, 1, bars=4)
    live.run(bars=2)
    d1.density = 0.9
    live.run(bars=1)
    assert d1.resume("density") is d1
    assert d1.density == gl.line(0.75, 1, bars=1)
    d1.home()
    live.run(bars=1)
    d1.resume()
    assert isinstance(live.value("d1", "source"), Hearing)
    with pytest.raises(gl.GrooveError, match="not at home"):
        d1.resume()


def test_learning(live: gl.Session, capsys: pytest.CaptureFixture[str]) -> None:
    d1 = live.d1
    d1 >> gl.midi_in("Keys")
    gl.learn(d1.follow)
    live.knob(21, 3)
    assert "d1.follow is turned by controller 21 on channel 1 of Keys" in capsys.readouterr().err
    live.knob(21, 127)
    live.knob(21, 0)
    assert d1.follow == 0
    gl.learn(d1, "density", cc=22, low=0.5, high=0.6)  # it is not set, and None does not know whose it is
    gl.learn(d1.hats, "density", cc=22)
    gl.learn(d1.home, cc=64)
    gl.learn(d1.genre, cc=25)
    live.knob(64, 127)
    live.knob(25, 0)
    assert live.model and d1.genre == live.model.genres[0] and live.value("d1", "source") == Home()
    live.knob(64, 0)
    assert isinstance(live.value("d1", "source"), Hearing)
    gl.learn(live, "bpm", cc=23, low=90, high=180)
    for value in (0, 127):
        live.knob(22, value)
        live.knob(23, value)
    assert d1.hats.density == 1.0 and live.score.value("", "bpm", math.inf) == 180
    gl.unlearn(d1.follow)
    live.knob(21, 127)
    assert d1.follow == 0


def test_a_reading_is_a_number(live: gl.Session) -> None:
    follow = live.d1.follow
    assert (follow, repr(follow), follow + 1, isinstance(follow, float)) == (1.0, "1.0", 2.0, True)
    assert type(pickle.loads(pickle.dumps(follow))) is type(copy.deepcopy(follow)) is float
    live.d2.follow = live.d1.follow
    live.d2.density = gl.line(live.d1.follow, 0.5, bars=2)
    live.d2.blend = follow


# Takes


def test_a_take_replays_bit_for_bit_with_what_was_played(live: gl.Session, tmp_path: Path) -> None:
    d1 = live.d1
    d1 >> gl.midi_in("Keys", follow=0.9)
    live.d2 >> gl.midi_in("Keys", velocity=0.7)
    d1.response, d1.follow = "now", gl.adaptive(0.3, 1)
    gl.learn(d1, "density", cc=5)
    with gl.record(tmp_path / "set.take"):
        live.feed("hh(5,8) [hh hh*2] hh?", bars=3)
        live.knob(5, 100)
        live.run(beats=1.3)
        d1.home()
        live.feed("xx.x", bars=1)
        d1.resume()
        live.hit()
        live.run(beats=6)
        d1.clear()
        live.run(bars=1)
    score = live.snapshot()
    end = math.floor(live.beat / 0.25) * 0.25
    was = events(score, 0, end)
    clip = gl.replay(tmp_path / "set.take")
    assert clip.events == was and len(was) > 60
    assert clip.score.lane("", "played") == score.lane("", "played") and len(score.lane("", "played")) > 15

    with gl.open(realtime=False, by="other") as again:
        again.d1.density = 0.1
        again.run(bars=1)
        gl.replay(tmp_path / "set.take", play=True)
        again.run(bars=int(end // 4) + 3)
        start = 8.0
        found = [e._replace(beat=e.beat - start, step=e.step - 32) for e in events(again.score, start, start + end)]
        assert found == was
        for name in ("d1", "d2"):  # nothing was asked anew
            assert len(again.score.lane(name, "pattern")) == len(score.lane(name, "pattern"))


# What is refused


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (lambda live: gl.midi_in("Keys", channel=17), "channel must be a whole number from 1 to 16, not 17"),
        (lambda live: gl.midi_in("Keys", channel=0), "channel must be a whole number from 1 to 16, not 0"),
        (lambda live: gl.midi_in("Keys", notes="c4"), r"notes are keys from 0 to 127: one, several, or range"),
        (lambda live: gl.midi_in("Keys", notes=[128]), "a key must be a whole number from 0 to 127, not 128"),
        (lambda live: gl.midi_in("Keys", notes=[]), "notes must name a key"),
        (lambda live: gl.midi_in("Keys", velocity="pich"), "did you mean 'pitch'"),
        (lambda live: gl.midi_in("Keys", velocity=100), "velocity must be a number from 0 to 1, not 100"),
        (lambda live: gl.midi_in("Keys", weight=-1), "weight must be a number from 0 to 2, not -1"),
        (lambda live: gl.midi_in("Keys", role="accents"), "did you mean 'accent'"),  # type: ignore[arg-type]
        (lambda live: gl.midi_in(""), "a MIDI port has a name"),
        (lambda live: live.d1 >> gl.midi_in("Keys", follow=2), "follow must be a number from 0 to 1, not 2"),
        (lambda live: live.d1 >> sum((gl.hands() for _ in range(16)), gl.hands()), "1 to 16 ears, not 17"),
        (lambda live: live.d1 >> "Keys", "unknown drum 'Keys'; drums are bd sn hh"),
        (lambda live: gl.learn(live.d1, "mute"), "no knob can turn 'mute'.*; one can turn"),
        (lambda live: gl.learn(None), r"say which control: learn\(d1.follow\)"),
        (lambda live: gl.learn(live.d1.clear), "no knob can turn 'clear'"),
        (lambda live: gl.learn(live.d1.response), "no knob can turn 'response'"),
        (lambda live: gl.learn(live.d1.follow, cc=128), "cc must be a whole number from 0 to 127, not 128"),
        (lambda live: gl.learn(live.d1.follow, channel=0), "channel must be a whole number from 1 to 16"),
        (lambda live: gl.learn(live.d1.follow, low=-1), "follow must be a number from 0 to 1, not -1"),
        (lambda live: setattr(live.d1, "swing", gl.adaptive(0, 0.2)), r"adaptive\(\) is for what the model is asked"),
        (lambda live: gl.adaptive("a"), "low of adaptive must be a number"),  # type: ignore[arg-type]
        (lambda live: live.hit(80), "velocity must be a number from 0 to 1, not 80"),
        (lambda live: live.hit(key=128), "key must be a whole number from 0 to 127"),
        (lambda live: live.hit(channel=0), "channel must be a whole number from 1 to 16"),
        (lambda live: live.knob(1, 128), "a controller's value must be a whole number from 0 to 127"),
        (lambda live: live.feed("x", bars=0), "bars must be a whole number from 1"),
        (lambda live: live.feed("x..q"), "q"),
        (lambda live: live.d1.resume("follow"), "nothing led d1.follow"),
        (lambda live: setattr(live.d1, "recording", "dub"), "recording must be"),
    ],
)
def test_bad_input_is_one_sentence(live: gl.Session, line: Any, sentence: str) -> None:
    before = list(live.score.edits)
    with pytest.raises(gl.GrooveError, match=sentence):
        line(live)
    assert live.score.edits == before
