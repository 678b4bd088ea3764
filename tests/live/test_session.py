"""What a performer types: every line of it changes the music, or is refused in one sentence and changes nothing."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import groovelive as gl
from groovelive.errors import GrooveError
from groovelive.live import take
from groovelive.midi_files import reader as midifile
from groovelive.score.controls import CONTROLS
from groovelive.score.edits import Walk

TAP = "9.4.7.4.9.47.4.6"


@pytest.fixture
def live() -> Iterator[gl.Session]:
    with gl.open(realtime=False, by="maria") as session:
        yield session


def played(live: gl.Session, bars: int = 2) -> list[Any]:
    live.run(bars=bars)
    return [(round(e.beat % 8, 6), e.voice, round(e.velocity, 5), e.nudge) for e in live.last(bars).events]


# What


@pytest.mark.parametrize(
    "source",
    [
        lambda: gl.groove("x..x..x."),
        lambda: gl.groove("bd(3,8) [~ sn] hh*8"),
        lambda: gl.groove(gl.parse("x...x.x.")),
        lambda: gl.groove(gl.parse("x...x.x.").tap()),
        lambda: gl.groove(gl.parse("x...x.x.").hvo),
        lambda: gl.groove([gl.Note(0, 0, 0.8, 0.0), gl.Note(20, 1, 0.8, 0.0)]),
        lambda: gl.play("bd*4, [~ cp]*2, hh*16"),
        lambda: gl.play(gl.parse("bd sn", bars=1)),
    ],
)
def test_sources(live: gl.Session, source: Any) -> None:
    assert (live.d1 >> source()) is live.d1
    assert len(played(live)) > 3


def test_a_midi_file_and_some_bars_of_it(live: gl.Session, tmp_path: Path) -> None:
    midifile.write(tmp_path / "song.mid", gl.parse("bd", bars=1) + gl.parse("bd*4", bars=1), tempo=99)
    live.d1 >> gl.play(str(tmp_path / "song.mid"))
    assert len(played(live)) == 5
    live.d1 >> gl.play(tmp_path / "song.mid", bars=(1, 2))
    assert len(played(live)) == 8


def test_play_is_exact_where_a_step_is_too_coarse(live: gl.Session) -> None:
    live.d1 >> gl.play("hh*32, bd*3")
    beats = [e[0] for e in played(live) if e[1] == 2]
    assert beats[:4] == [0, 0.125, 0.25, 0.375] and len(beats) == 64


def test_mini_notation_goes_on_over_the_bars(live: gl.Session) -> None:
    live.d1 >> gl.play("<bd sn cr rd>")
    assert [voice for _, voice, _, _ in played(live, 4)] == [0, 1, 7, 8]


# How


CHANGES: dict[str, Any] = {
    "mirror": True, "instrument": "bass", "adherence": 0.0, "complexity": 1.0, "intensity": 1.0, "variation": 2.0,
    "phrase": 1, "follow": 0.3, "genre": "jazz", "density": 0.9, "max_hits": 2, "threshold": 0.95,
    "drift": 2.0, "sampling": "threshold", "tap_high": 0.3, "tap_low": 0.9, "tap_bias": -0.5, "tap_invert": True,
    "tap_spread": 0.0, "tap_lean": 0.4, "tap_mirror": True, "tap_quantise": 1.0, "velocity": 0.5, "quantise": 1.0,
    "swing": 0.3, "feel": "half", "humanise": 1.0, "nudge": -0.01,
}  # fmt: skip
WITH = {
    "swing_of": ({"swing": 0.3}, 8),
    "temperature": ({"sampling": "bernoulli"}, 5.0),
    "seed": ({"humanise": 1.0}, 9),
    "guidance": ({"mirror": True, "genre": "reggae"}, 0.0),
    "fills": ({"phrase": 1}, 0.0),
    "blend": ({"follow": 0.0, "a": "halftime", "b": "late night"}, 0.9),
    "a": ({"follow": 0.0}, "carnival"),
    "b": ({"follow": 0.0, "a": "halftime", "blend": 1.0}, "carnival"),
    "response": ({}, "now"),
}
LATE = gl.Groove.parse(TAP).nudge(0.2).humanise(0.5, seed=3)


@functools.cache
def told(*settings: tuple[str, Any], later: tuple[str, Any] | None = None) -> tuple[Any, ...]:
    """Return four bars of a drummer that is told something, and in the bar before perhaps something else."""
    with gl.open(realtime=False) as live:
        live.d1 >> gl.groove(LATE)
        for name, value in settings:
            setattr(live.d1, name, value)
        live.run(bars=2)
        if later is not None:
            setattr(live.d1, *later)
        return tuple(played(live, 4))


@pytest.mark.parametrize("name", [name for name in (*CHANGES, *WITH) if name != "response"])
def test_every_control_changes_the_music(name: str, live: gl.Session) -> None:
    before, value = WITH.get(name, ({}, CHANGES.get(name)))
    settings = tuple(before.items())
    assert told(*settings, later=(name, value)) != told(*settings)
    d1 = live.d1
    for other, setting in (*settings, (name, value)):
        setattr(d1, other, setting)
    assert getattr(d1, name) in (value, gl.z(value) if name in ("a", "b") else value)
    setattr(d1, name, None)
    assert getattr(d1, name) == CONTROLS[name].default or CONTROLS[name].default is None


def test_the_same_settings_are_the_same_music() -> None:
    assert told.__wrapped__() == told.__wrapped__()


def test_response_changes_when(live: gl.Session) -> None:
    """With it an edit is due at once, in the middle of a bar."""
    live.d1 >> gl.groove(LATE)
    live.d1.response = "now"
    live.run(beats=5)
    live.d1.density = 0.2
    assert live.d1.history[-1].beat == live.beat


def test_no_control_is_left_out_of_these_tests() -> None:
    tested = {*CHANGES, *WITH, "source", "redirect", "moves", "lock", "mute", "solo", "out", "each_bar", "autopilot"}
    tested |= {"memory", "recording", "clear", "knob"}  # of what is played: test_inputs.py
    tested |= {"build", "drop"}  # test_stage_words.py
    assert tested | {"fill", "section"} == set(CONTROLS)  # of what is played on: tests/score/test_play_on.py


def test_guidance_is_told_to_be_the_mirror_s(live: gl.Session, capsys: pytest.CaptureFixture[str]) -> None:
    live.d1.guidance = 2
    assert capsys.readouterr().err.count("guidance is of a mirror") == 1
    live.d2.mirror = True
    live.d2.guidance = 2
    assert not capsys.readouterr().err


def test_voices_and_groups(live: gl.Session) -> None:
    d1 = live.d1
    d1.mirror = True
    d1 >> gl.groove(TAP)
    d1.hh.density = 0.9
    assert sum(voice == 2 for _, voice, *_ in played(live)) == round(0.9 * 32)
    d1.hats.velocity = 0.5
    assert d1.oh.velocity == 0.5
    d1.bd.mute()
    assert 0 not in {voice for _, voice, *_ in played(live)}
    d1.bd.unmute()
    d1.redirect("hats", "cymbals")
    d1.hh.density = None
    assert not {2, 3, 7, 8} & {voice for _, voice, *_ in played(live)}
    d1.redirect()
    assert {2} & {voice for _, voice, *_ in played(live)}


def test_a_locked_voice_stays_and_the_others_change(live: gl.Session) -> None:
    d1 = live.d1
    d1.mirror = True
    d1 >> gl.groove(TAP)
    before = played(live)
    d1.sn.lock()
    d1.lock(0)
    d1.genre, d1.density = "latin", 0.8
    after = played(live)
    at_lock = [n for n in before if n[1] == 1 or n[0] < 0.2]
    assert [n for n in after if n[1] == 1 or n[0] < 0.2] == at_lock
    assert after != before
    d1.unlock()
    assert [n for n in played(live) if n[1] == 1] != [n for n in before if n[1] == 1]


def test_weights_patterns_and_ramps(live: gl.Session) -> None:
    d1 = live.d1
    d1.mirror = True
    d1 >> gl.groove(TAP)
    d1.genre = {"funk": 0.7, "jazz": 0.3}
    assert d1.genre == {"funk": 0.7, "jazz": 0.3}
    d1.density = "<.2 .9>"
    live.run(bars=4)
    counts = [len(live.last(4).groove(d1)[bar]) for bar in range(4)]
    assert min(counts[1::2]) > max(counts[::2])
    d1.density = gl.line(0.1, 1.0, bars=8)
    live.run(bars=8)
    counts = [len(live.last(8).groove(d1)[bar]) for bar in range(8)]
    assert counts[0] < counts[3] < counts[7]


def test_walks_latents_and_home(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.groove(TAP)
    live.run(bars=2)
    a, b = d1.z, gl.z("late night")
    assert a.vector().shape == (64,)
    middle = 0.5 * a + 0.5 * b
    np.testing.assert_allclose(middle.vector(), (a.vector() + b.vector()) / 2, rtol=1e-5)
    d1.walk(a, b, gl.z.random(3), bars=8)
    grooves = []
    for _ in range(10):
        grooves.append(played(live, 1))
    assert len({str(g) for g in grooves[:8]}) > 4
    live.run(bars=2)
    assert np.allclose(d1.z.vector(), gl.z.random(3).vector(), atol=1e-5)
    d1.z = middle
    assert np.allclose(live["d1"].z.vector(), middle.vector(), atol=1e-5) or live.run(bars=1) is None
    d1.a = "halftime"
    d1.home()
    assert "home()" in repr(d1)
    d1.z = "carnival"
    assert isinstance(live.value("d1", "source").name, str)


def test_moves_are_made_and_typed_again_take_their_place(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.play("bd sn")
    plain = played(live)
    d1.every(2, gl.rotate(1 / 8)).sometimes(0.2, gl.stutter(2)).last_of(8, gl.fill)
    assert played(live) != plain
    d1.every(2, gl.rotate(1 / 4))
    assert [(m.when, m.what, m.amount) for m in d1.moves] == [
        ("sometimes", "stutter", (2.0,)), ("last_of", "fill", ()), ("every", "rotate", (0.25,)),
    ]  # fmt: skip
    d1.moves = ()
    assert played(live) == plain


# When


def test_a_block_is_one_downbeat_and_one_undo(live: gl.Session) -> None:
    d1, d2 = live.d1, live.d2
    d1 >> gl.groove(TAP)
    live.run(bars=2)
    with gl.at("+8", over=4):
        d1.genre, d1.density = "funk", 0.8
        d2.mute()
    assert {(e.beat, e.over, e.group) for e in live.pending} == {(40.0, 4.0, live.pending[0].group)}
    gl.undo()
    assert not live.pending and "undone" in repr(live.history)
    gl.redo()
    assert len(live.pending) == 3
    with gl.at(33):
        d1.swing = 0.1
    assert live.pending[-1].beat == 128
    with gl.at("+2 beats"):
        d1.swing = 0.2
    with gl.at(gl.now):
        d1.quantise = 1.0
    assert d1.history[-1].beat == live.beat


def test_a_block_that_fails_sends_nothing(live: gl.Session) -> None:
    with pytest.raises(ZeroDivisionError), gl.at("+1"):
        live.d1.density = 0.4
        _ = 1 / 0
    assert not live.history


def test_verbs_act_now_and_in_a_block_with_the_rest(live: gl.Session) -> None:
    d1, d2 = live.d1, live.d2
    for drummer in (d1, d2):
        drummer >> gl.play("hh*16")
    live.run(beats=6)
    d2.solo()
    d1.unmute()
    live.run(beats=2)
    assert [len(live.last(2).groove(d)) for d in ("d1", "d2")] == [24, 32]
    gl.unsolo()
    d2.mute()
    with gl.at("+1"):
        gl.hush()
    live.run(bars=2)
    assert [len(live.last(2).groove(d)) for d in ("d1", "d2")] == [16, 0]


def test_scenes(live: gl.Session) -> None:
    d1 = live.d1
    d1.mirror = True
    d1 >> gl.groove(TAP)
    d1.genre, d1.swing = "funk", 0.2
    gl.scene.save("verse")
    live.run(bars=2)
    verse = played(live)
    d1.genre, d1.swing, d1.density = "rock", 0.0, 0.9
    assert played(live) != verse
    gl.scene.verse()
    assert (d1.genre, d1.swing, d1.density) == ("funk", 0.2, None)
    assert played(live) == verse
    assert gl.scene.names == ["verse"] and "verse" in dir(gl.scene)
    with gl.at("+2", over=2):
        d1.genre = "jazz"
    with pytest.raises(GrooveError, match=r"no scene 'vers' \(did you mean 'verse'\?\)"):
        gl.scene["vers"]()


# Own code


def test_own_code_makes_bars(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.play("sn*4")

    @d1.each_bar
    def softer(bar: Any) -> Any:
        return bar.vel(sn=lambda v: v / bar.number)

    live.run(bars=5)
    loud = [round(live.last(5).groove(d1).velocities[16 * bar, 1], 3) for bar in range(5)]
    assert loud == [0.8, 0.4, 0.267, 0.2, 0.16]
    d1.each_bar = None
    live.run(bars=2)
    assert live.last(1).groove(d1).velocities[0, 1] == np.float32(0.8)


def test_own_code_that_fails_is_told_once_and_the_last_bar_plays_on(
    live: gl.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    d1 = live.d1
    d1 >> gl.play("sn*4")

    @d1.each_bar
    def fragile(bar: Any) -> Any:
        if bar.number > 2:
            raise ValueError("oh")
        return bar.vel(sn=lambda v: 0.5)

    live.run(bars=6)
    told = capsys.readouterr().err
    assert told.count("fragile, line ") == 1 and "ValueError: oh" in told and told.count("\n") == 1
    assert set(live.last(4).groove(d1).velocities[::4, 1]) == {np.float32(0.5)}

    d1.each_bar = lambda bar: gl.Groove.empty(bars=2)
    live.run(bars=3)
    assert "returns one bar, not 2" in capsys.readouterr().err


# Keeping


@pytest.mark.synth
def test_record_and_replay(live: gl.Session, tmp_path: Path) -> None:
    d1 = live.d1
    d1 >> gl.groove(TAP)
    d1.humanise = 0.7
    d1.sometimes(0.5, gl.stutter(2))
    live.run(bars=1)
    paths = [tmp_path / f"set.{ending}" for ending in ("mid", "wav", "svg", "take")]
    with gl.record(*paths) as recording:
        live.wait(bars=4)
        d1.genre = "latin"
        live.wait(bars=4)
    assert all(path.stat().st_size > 100 for path in paths)
    again = gl.replay(paths[-1])
    assert recording.clip is not None and again.events == recording.clip.events
    assert midifile.read(paths[0]).groove.bars == 8
    head, _ = take.read(paths[-1])
    assert (head.begin, head.end, head.seed, head.model) == (4.0, 36.0, 7, "groove")


@pytest.mark.synth
def test_a_recording_sounds_as_it_was_played(live: gl.Session, tmp_path: Path) -> None:
    """Each drummer with the kit of its target; of those without one, the session's."""
    from groovelive.score.export import kit_of

    d1, d2 = live.d1, live.d2
    d1 >> gl.play("bd*2")
    d2 >> gl.play("hh*4")
    live.run(bars=2)
    d1.out = gl.midi("nowhere") + gl.scsynth(kit="electronic")
    live.wait(bars=2)
    clip = live.last(4)
    assert {(e.drummer, e.beat >= 8, kit_of(clip.score, e)) for e in clip.events} == {
        ("d1", False, "acoustic"), ("d1", True, "electronic"), ("d2", False, "acoustic"), ("d2", True, "acoustic"),
    }  # fmt: skip
    clip.save(tmp_path / "two.wav")
    live.out = gl.synth(kit="electronic")
    live.wait(bars=1)
    assert {kit_of(live.last(1).score, e) for e in live.last(1).events} == {"electronic"}


def test_a_take_played_in_another_session_is_the_same(live: gl.Session, tmp_path: Path) -> None:
    d1 = live.d1
    d1 >> gl.groove(TAP)
    d1.humanise = 0.7
    d1.sometimes(0.5, gl.stutter(2)).every(4, gl.rotate(1 / 8))
    live.bpm = 133
    live.run(bars=8)
    live.last(8).save(tmp_path / "set.take")
    with gl.open(realtime=False) as other:
        other.d3 >> gl.play("hh*8")
        other.run(bars=3)
        clip = gl.replay(tmp_path / "set.take", play=True)
        other.run(bars=10)
        start = 16.0
        heard = [(e.beat - start, e.voice, e.velocity) for e in other.last(13).events if e.drummer == "d1"]
    # What is early at the first step of a session sounds at its beginning: nothing is before it.
    again = [(round(max(beat, 0.0), 9), *rest) for beat, *rest in heard]
    assert again == [(round(e.beat, 9), e.voice, e.velocity) for e in clip.events]


def test_last_is_always_there(live: gl.Session, tmp_path: Path) -> None:
    with pytest.raises(GrooveError, match="no bar has been played"):
        live.last(8)
    live.d1 >> gl.play("bd*4")
    live.run(bars=3)
    assert live.last(8).bars == 3 and len(live.last(2).events) == 8
    live.last(2).save(tmp_path / "good.mid")
    assert np.array_equal(midifile.read(tmp_path / "good.mid").groove.hits, live.last(2).groove().hits)


def test_a_file_as_a_target(tmp_path: Path) -> None:
    with gl.open(realtime=False) as live:
        d1, d2 = live.d1, live.d2
        d1 >> gl.play("bd*4")
        d2 >> gl.play("hh*8")
        d1.out = gl.file(tmp_path / "d1.mid") + gl.osc()
        live.run(bars=2)
        d1.out = gl.file(tmp_path / "later.mid")
        live.run(bars=2)
        assert len(midifile.read(tmp_path / "d1.mid").groove) == 8
        assert not (tmp_path / "later.mid").exists()
    assert len(midifile.read(tmp_path / "later.mid").groove) == 8
    with pytest.raises(GrooveError, match=r"ends in \.mid"):
        gl.file(tmp_path / "set.wav")


# Looking


def test_what_is_shown(live: gl.Session) -> None:
    d1 = live.d1
    assert "d1 >> groove" in repr(d1)
    d1 >> gl.groove("x..x..x.")
    d1.genre = "funk"
    shown = repr(d1)
    assert shown.startswith("d1 · from bar 1 · groove('x..x..x.') · genre 'funk'") and "tap " in shown
    assert "█" in shown or "▇" in shown
    live.run(beats=2)
    with gl.at("+4"):
        d1 >> gl.groove("x.x.")
    assert "then 1 more from bar 5" in repr(d1)
    assert d1._repr_svg_().startswith("<svg")
    assert repr(live).startswith("live · 120 bpm · bar 1 · simulated · engine ready")
    assert "bar 1: maria set d1.genre to 'funk'" in repr(d1.history).splitlines()
    assert repr(live.pending) == "due in bar 5: maria let d1 follow groove('x.x.')"


def test_everything_completes_and_has_help(live: gl.Session) -> None:
    names = dir(live.d1)
    settings = [n for n, c in CONTROLS.items() if c.kind in ("number", "whole", "genre", "choice", "point")]
    settings = [name for name in settings if name not in ("fill", "build")]  # verbs
    assert {*settings, "bd", "sn", "hats", "walk", "home", "mute", "every", "each_bar"} <= set(names)
    drummer = type(live.d1)
    for name in settings:
        text = getattr(drummer, name).__doc__
        assert text and CONTROLS[name].about in text
    assert "0..1" in str(drummer.density.__doc__)
    assert live._ipython_key_completions_() == []


# What is refused


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("d1.genre = 'fnuk'", "there is no genre 'fnuk' (did you mean 'funk'?)"),
        ("d1.genre = '<funk jaz>'", "there is no genre 'jaz'"),
        ("d1.genre = {'funk': -1}", ""),
        ("d1.density = 2", "density must be a number from 0 to 1, not 2"),
        ("d1.density = '<.3 3>'", "density must be a number from 0 to 1, not 3"),
        ("d1.density = 'lots'", "density takes numbers from 0 to 1, or a pattern in time of such; 'lots' is no"),
        ("d1.density = gl.line(.2, 9, bars=4)", "density must be a number from 0 to 1, not 9"),
        ("d1.hh.threshold = -1", "must be a number from 0 to 1"),
        ("d1 >> gl.groove('x' * 40)", "40 steps are longer than 2 bars"),
        ("d1 >> gl.groove(np.zeros((40, 9)))", "not 40"),
        ("d1 >> gl.groove('bd [sn')", "bd [sn"),
        ("d1 >> 7", "d1 >> groove(...), follows"),
        ("d1 >> d1", "d1 would follow itself"),
        ("d1.only('bongo')", "unknown voice 'bongo'"),
        ("d1.hats.mute(bars=0)", "bars must be a number above 0"),
        ("d1.build(99)", "build must be a number from 1 to 64"),
        ("d1.swing_of = 12", "swing_of must be 8 or 16"),
        ("d1.feel = 'halftime'", "feel"),
        ("live.render('x.mp3')", "must end in .mid"),
        ("d1.a = 'late nite'", "(did you mean 'late night'?)"),
        ("d1.walk('late night')", "1 is too few"),
        ("d1.walk('late night', 'nowhere')", "no preset and no genre 'nowhere'"),
        ("d1.walk('late night', 'lagos', bars=0)", "bars of a walk must be a number above 0"),
        ("d1.every(0, gl.fill)", "every must be a whole number from 1 to 1024 bars"),
        ("d1.sometimes(2, gl.fill)", "the probability of sometimes must be a number from 0 to 1"),
        ("d1.every(4)", "takes a number and what is done then"),
        ("d1.redirect('hh')", "redirect takes groups"),
        ("d1.redirect('kick','snare','hats','toms','cymbals')", "must leave a group"),
        ("d1.lock()", "say what shall stay"),
        ("d1.lock('cowbell')", "unknown voice 'cowbell'"),
        ("d1.out = 'speaker'", "a target is synth()"),
        ("d1.each_bar = 7", "takes a function of a bar"),
        ("d1.swing = True", "swing must be a number"),
        ("d1.seed = 1.5", "a whole number"),
        ("live.bpm = 1000", "bpm must be a number from 20 to 400"),
        ("live.bpm = '<120 140>'", "not a pattern"),
        ("live.wait(bars=-1)", "time passes forwards"),
        ("live['D 1'].mute()", "a drummer's name"),
        ("gl.at('tomorrow')", "'+8' (bars)"),
        ("gl.at('+1', over=-1)", "from 0 to 256"),
        ("gl.undo()", "there is nothing to undo"),
        ("gl.redo()", "there is nothing to redo"),
        ("gl.record('set.mp3')", "must end in .mid"),
        ("gl.record('no/such/set.mid')", "there is no folder"),
        ("gl.replay('missing.take')", "cannot read missing.take"),
        ("gl.osc('nowhere')", "'host:port'"),
        ("gl.osc('127.0.0.1:9000', 'hit')", "osc"),
        ("gl.midi(notes='cowbells')", "cowbells"),
        ("gl.synth(gain=9)", "gain"),
        ("gl.scsynth('nowhere')", "'host:port'"),
        ("gl.superdirt(samples={'cowbell': 'cb'})", "unknown voice 'cowbell'"),
        ("gl.cv(lanes={'kick': {'gate': -7}})", "cv"),
        ("gl.line(1, 2, bars=0)", "above 0"),
        ("gl.z('late nite').vector()", "late nite"),
        ("live.last(0)", "bars must be a whole number from 1 up"),
        ("live.stop()", "live.run"),
    ],
)
def test_refused_in_a_sentence_and_nothing_changes(line: str, sentence: str, live: gl.Session) -> None:
    before = len(live.score.edits)
    with pytest.raises((GrooveError, ValueError), match=None) as refusal:
        exec(line, {"gl": gl, "np": np, "live": live, "d1": live.d1})
    assert sentence in str(refusal.value) and "Traceback" not in str(refusal.value)
    assert len(live.score.edits) == before


def test_a_bar_in_the_past(live: gl.Session) -> None:
    live.run(bars=4)
    with pytest.raises(GrooveError, match="bar 3 has passed; this is bar 5"), gl.at(3):
        live.d1.density = 0.4
    assert not live.history


def test_an_attribute_that_is_not_there(live: gl.Session) -> None:
    with pytest.raises(AttributeError, match=r"no 'dens' \(did you mean 'density'\?\)"):
        live.d1.dens = 0.4
    with pytest.raises(AttributeError, match=r"no 'genr' \(did you mean 'genre'\?\)"):
        _ = live.d1.genr


def test_takes_that_cannot_be_read(live: gl.Session, tmp_path: Path) -> None:
    live.d1 >> gl.play("bd")
    live.run(bars=1)
    live.last(1).save(tmp_path / "a.take")
    data = (tmp_path / "a.take").read_bytes()
    (tmp_path / "cut.take").write_bytes(data[:-3])
    (tmp_path / "none.take").write_bytes(b"RIFF")
    head = take.TakeHeader(1, 99, 0.0, 4.0, "groove", "1", 7)
    import msgspec

    body = msgspec.msgpack.encode(head)
    (tmp_path / "new.take").write_bytes(b"groovelive take\n" + len(body).to_bytes(4, "big") + body)
    for name, sentence in (("cut", "ends in the middle"), ("none", "is no take"), ("new", "is of version 1.99")):
        with pytest.raises(GrooveError, match=sentence):
            gl.replay(tmp_path / f"{name}.take")


def test_a_full_disk_while_recording(live: gl.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from groovelive.live import clip

    live.d1 >> gl.play("bd")
    real = take.write

    def full(path: Path, what: Any) -> None:
        raise GrooveError(f"cannot write {path}: No space left on device")

    monkeypatch.setattr(take, "write", full)
    with pytest.raises(GrooveError, match="No space left"), gl.record(tmp_path / "a.take", tmp_path / "a.mid"):
        live.run(bars=1)
    assert (tmp_path / "a.mid").stat().st_size > 0 and not (tmp_path / "a.take").exists()
    assert real is not None and clip is not None


def test_no_session_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groovelive.live.api._sessions", [])
    with pytest.raises(GrooveError, match="no session is open"):
        gl.hush()


def test_walk_value_is_kept_as_it_was_typed(live: gl.Session) -> None:
    live.d1.walk("late night", "lagos", bars=4, path="slerp")
    value = live.value("d1", "source")
    assert isinstance(value, Walk) and value.path == "slerp" and value.bars == 4
