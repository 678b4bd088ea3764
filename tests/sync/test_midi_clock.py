"""Other clocks on simulated time: MIDI clock through its jitter, leaders that go and come, ticks for others, taps."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

import groovelive as gl
from groovelive import GrooveError
from groovelive.conductor.midi_clock import Ticking
from groovelive.conductor.tempo_sync import RESTART, LeadingClock, Tempo
from groovelive.outputs import Due
from groovelive.outputs.midi_clock import Signal
from groovelive.protocol import session as messages
from groovelive.protocol.session import Draft, When
from groovelive.score.clocks import TICKS, Link, MidiClock
from groovelive.score.edits import Edit
from groovelive.score.score import Score
from groovelive.sync.base import Change
from groovelive.sync.beat_tracker import BeatTracker, Word
from groovelive.sync.link import LinkSession
from groovelive.sync.midi_clock import MidiClockSource
from groovelive.sync.open import open_source
from tests.conductor.test_phase_lock import SCLANG, Host

Jitter = Callable[[random.Random], float]
NORMAL: Jitter = lambda chance: chance.gauss(0, 0.005)  # noqa: E731
EVEN: Jitter = lambda chance: chance.uniform(-0.005, 0.005)  # noqa: E731
NONE: Jitter = lambda chance: 0.0  # noqa: E731
SLIGHT: Jitter = lambda chance: chance.gauss(0, 0.001)  # noqa: E731


def pulse_errors(
    jitter: Jitter, bpm: Callable[[float], float], beats: int, seed: int, lost: tuple[int, ...] = (),
    doubled: tuple[int, ...] = (),
) -> list[tuple[float, float]]:  # fmt: skip
    """Return by how many seconds a pulse is off, at each beat that has passed."""
    chance, pulse, errors = random.Random(seed), BeatTracker(), []
    pulse.start()
    at = last = 50.0
    for k in range(beats * TICKS):
        last = max(at + jitter(chance), last + 1e-5)  # ticks stay in order
        if k not in lost:
            pulse.tick(last)
        if k in doubled:
            last += 0.001
            pulse.tick(last)
        word, tempo = pulse.word(), bpm(k / TICKS)
        if word is not None:
            error = word.beat + (at - word.at) * word.bpm / 60 - k / TICKS
            errors.append((k / TICKS, error * 60 / tempo))
        at += 60 / tempo / TICKS
    return errors


def rms(errors: list[tuple[float, float]], since: float) -> float:
    found = [error for beat, error in errors if beat >= since]
    return math.sqrt(sum(error * error for error in found) / len(found))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("jitter", [NORMAL, EVEN], ids=["normal", "even"])
@pytest.mark.parametrize("bpm", [70.0, 120.0, 180.0])
def test_the_beat_in_jitter_of_5_ms(jitter: Jitter, bpm: float, seed: int) -> None:
    assert rms(pulse_errors(jitter, lambda beat: bpm, 48, seed), since=8) < 0.0015


@pytest.mark.parametrize("to", [60.0, 96.0, 118.8, 121.0, 140.0, 180.0, 240.0])
@pytest.mark.parametrize("jitter", [NORMAL, EVEN, NONE], ids=["normal", "even", "none"])
def test_another_tempo_has_settled_after_two_bars(jitter: Jitter, to: float) -> None:
    errors = pulse_errors(jitter, lambda beat: 120.0 if beat < 24 else to, 56, seed=1)
    assert rms(errors, since=32) < (0.002 if jitter is not NONE else 1e-6)
    if jitter is NONE:
        assert rms(errors, since=24.5) < 1e-6  # it shows within half a beat


def test_a_tempo_that_ramps_is_followed() -> None:
    errors = pulse_errors(SLIGHT, lambda beat: 120 + min(max(beat - 16, 0), 32) * 0.5, 80, seed=1)
    assert rms(errors, since=8) < 0.005
    assert rms(errors, since=56) < 0.001


@pytest.mark.parametrize("jitter", [NORMAL, EVEN, SLIGHT], ids=["normal", "even", "slight"])
def test_ticks_that_are_lost_or_doubled(jitter: Jitter) -> None:
    hole = tuple(range(900, 930))
    errors = pulse_errors(jitter, lambda beat: 120.0, 64, 3, lost=(300, 600, *hole), doubled=(450, 1300))
    assert rms(errors, since=56) < 0.002
    if jitter is SLIGHT:
        many = tuple(k for k in range(100, 1400) if random.Random(k).random() < 0.02)
        assert rms(pulse_errors(jitter, lambda beat: 120.0, 64, 3, lost=many), since=56) < 0.001
        assert rms(pulse_errors(jitter, lambda beat: 120.0, 64, 3, doubled=many), since=56) < 0.001


def test_song_positions() -> None:
    pulse, at = BeatTracker(), 7.0

    def ticks(count: int) -> float:
        for _ in range(count):
            nonlocal at
            pulse.tick(at)
            at += 1 / 48
        word = pulse.word()
        assert word is not None
        return word.beat

    ticks(30)
    assert not pulse.placed and not pulse.runs
    pulse.start()
    assert ticks(49) == 2.0 and pulse.placed
    pulse.stop()
    ticks(100)
    pulse.go_on()
    assert ticks(1) == pytest.approx(2 + 1 / 24)  # it goes on with the tick after that at which it stopped
    pulse.locate(64)
    assert ticks(25) == 17.0
    pulse.stop()
    pulse.locate(16)
    pulse.go_on()
    assert ticks(1) == 4.0
    at += 3
    assert ticks(30) > 4 and not pulse.placed  # so long a gap: who knows who ticks now


class Studio(Host):
    """A conductor with a transport that starts and stops."""

    def __init__(self) -> None:
        super().__init__()
        self.tempo = Tempo(self, self.told.append, now=lambda: self.seconds)

    def start(self, beat: float, by: str) -> tuple[Edit, ...]:
        self.transport.start(beat, RESTART)
        return ()

    def stop(self, by: str) -> tuple[Edit, ...]:
        self.transport.stop(self.reach(""))
        return ()

    def reach(self, drummer: str) -> float:
        stopped = self.transport.stopped
        return super().reach(drummer) if stopped is None else stopped


class Leading:
    """A clock on simulated time, exact but for what `error` says of a word."""

    by, bend, over, deadband, placed = "link", 0.1, 0.5, 0.0003, True

    def __init__(self, studio: Studio, bpm: float, beat: float) -> None:
        self.studio, self.bpm = studio, bpm
        self._beat, self._from = beat, studio.seconds
        self.there, self.closed = True, False
        self.changes: list[Change] = []
        self.found: tuple[float, float] | None = None

    def beat(self) -> float:
        return self._beat + (self.studio.seconds - self._from) * self.bpm / 60

    def turn_to(self, bpm: float) -> None:
        self._beat, self._from, self.bpm = self.beat(), self.studio.seconds, bpm

    def look(self) -> Word | None:
        return Word(self.beat(), self.bpm, self.studio.seconds) if self.there else None

    def change(self) -> Change | None:
        return self.changes.pop(0) if self.changes else None

    def alone(self, beat: float, bpm: float, at: float, playing: bool) -> None:
        self.found = beat, bpm

    def close(self) -> None:
        self.closed = True

    def behind(self) -> float:
        """Return by how many seconds the conductor lies behind."""
        return ((self.beat() - self.studio.beat() + 2) % 4 - 2) * 60 / self.bpm


def pass_(studio: Studio, seconds: float, each: Callable[[], None] = lambda: None) -> None:
    end = studio.seconds + seconds
    while studio.seconds < end:
        before = studio.transport.beat_at(studio.transport.now())
        studio.seconds += 0.003
        after = studio.transport.beat_at(studio.transport.now())
        assert 0 <= after - before < 0.003 * 400 / 60 + 1e-9, "the beat number jumped"
        studio.tempo.turn()
        each()


def led_by(bpm: float, beat: float) -> tuple[Studio, Leading]:
    studio = Studio()
    leading = Leading(studio, bpm, beat)
    studio.tempo.follow(LeadingClock(Link(), leading))
    return studio, leading


@pytest.mark.parametrize("bpm, beat", [(120.0, 0.05), (97.3, 1.9), (140.0, 2.8), (75.0, 0.0)])
def test_an_exact_clock_is_met_within_a_millisecond_and_by_few_edits(bpm: float, beat: float) -> None:
    studio, leading = led_by(bpm, 64 + beat)
    pass_(studio, 25)
    errors: list[float] = []
    pass_(studio, 30, lambda: errors.append(abs(leading.behind())))
    assert max(errors) < 0.001
    assert len(studio.editor.score.edits) <= 5 and {edit.by for edit in studio.editor.score.edits} <= {"link"}


@pytest.mark.parametrize("to", [60.0, 119.0, 150.0, 200.0])
def test_its_tempo_is_followed_within_a_beat(to: float) -> None:
    studio, leading = led_by(120.0, 0.0)
    pass_(studio, 2)
    edits = len(studio.editor.score.edits)
    leading.turn_to(to)
    until = leading.beat() + 1
    while leading.beat() < until:
        pass_(studio, 0.003)
    if 90 < to < 160:
        assert abs(leading.behind()) < 0.001
        assert studio.editor.score.tempo.bpm(studio.beat()) == pytest.approx(to, rel=1e-4)
    else:  # it has gone further while we could not yet: that is caught up with gently
        assert studio.editor.score.tempo.bpm(studio.beat()) == pytest.approx(to, rel=0.22)
        pass_(studio, 4)
        assert abs(leading.behind()) < 0.001
    assert len(studio.editor.score.edits) - edits <= 3


def test_what_was_followed_is_in_the_log() -> None:
    studio, leading = led_by(133.0, 1.3)
    pass_(studio, 10)
    leading.turn_to(99.0)
    pass_(studio, 15)
    again = Score(studio.editor.score.edits)
    assert again.tempo.seconds(45.0) == studio.editor.score.tempo.seconds(45.0)
    assert again.tempo.bpm(45.0) == pytest.approx(99)


@pytest.mark.parametrize("seed", range(3))
def test_the_transport_follows_midi_clock_with_5_ms_of_jitter(seed: int) -> None:
    studio = Studio()
    chance, pulse = random.Random(seed), BeatTracker()
    leading = Leading(studio, 120.0, 0.0)
    like = MidiClockSource
    leading.bend, leading.over, leading.deadband, leading.by = like.bend, like.over, like.deadband, like.by
    next_tick, heard = studio.seconds, 0

    def look() -> Word | None:
        nonlocal next_tick, heard
        while next_tick + 0.02 <= studio.seconds:  # late enough for all jitter
            heard += 1
            pulse.tick(next_tick + chance.gauss(0, 0.005))
            next_tick += 60 / 120 / TICKS
        return pulse.word()

    pulse.start()
    leading.look = look  # type: ignore[method-assign]
    studio.tempo.follow(LeadingClock(MidiClock(port="x"), leading))
    errors: list[tuple[float, float]] = []
    pass_(studio, 50, lambda: errors.append((leading.beat(), leading.behind())))
    assert rms(errors, since=8) < 0.002
    edits = studio.editor.score.edits
    assert {edit.by for edit in edits} == {"midi clock"}
    assert len(edits) < 90 and sum(edit.beat > 40 for edit in edits) < 15  # once it is known there is little to be done


def test_a_clock_that_goes_and_comes_back() -> None:
    studio, leading = led_by(100.0, 0.7)
    leading.there = False
    pass_(studio, 1)
    assert not studio.told
    pass_(studio, 2)
    assert studio.tempo.away and studio.tempo.phase() is None
    assert leading.found is not None and leading.found[1] == 120  # who comes finds us as we play
    leading.there = True
    pass_(studio, 20)
    assert abs(leading.behind()) < 0.001 and not studio.tempo.away
    leading.turn_to(101.0)
    pass_(studio, 0.15)
    leading.there = False
    pass_(studio, 10)
    assert studio.editor.score.tempo.bpm(studio.beat()) == 101
    leading.there = True
    pass_(studio, 10)
    assert abs(leading.behind()) < 0.001
    assert [text.partition(",")[0] for text in studio.told] == [
        "Ableton Link is to lead the tempo", "Ableton Link leads the tempo", "Ableton Link",
        "Ableton Link leads the tempo again",
    ]  # fmt: skip


def test_one_leader_at_a_time() -> None:
    studio, leading = led_by(100.0, 0.7)
    pass_(studio, 0.5)
    bpm = (Draft("bpm", 90.0),)
    with pytest.raises(GrooveError, match=r"Ableton Link leads the tempo; live\.follow\(None\) takes the lead back"):
        studio.tempo.check(messages.Write(edits=bpm, by="me"))
    studio.tempo.check(messages.Write(edits=bpm, by="me", when=When("beat")))  # of a take that is played again
    with pytest.raises(GrooveError, match="Ableton Link leads the tempo"):
        studio.tempo.lead(SCLANG, True)
    with pytest.raises(GrooveError, match="Ableton Link leads the tempo"):
        studio.tempo.tap("me", studio.seconds, False)
    other = Leading(studio, 140.0, 0.0)
    studio.tempo.follow(LeadingClock(MidiClock(port="TR-8"), other))
    assert leading.closed and str(studio.tempo.leader) == "MIDI clock 'TR-8'"
    studio.tempo.follow(None)
    assert other.closed and studio.tempo.leader is None and studio.tempo.phase() is None
    studio.tempo.check(messages.Write(edits=bpm, by="me"))
    studio.tempo.lead(SCLANG, True)
    with pytest.raises(GrooveError, match=r"127\.0\.0\.1:57120 leads the tempo"):
        studio.tempo.follow(LeadingClock(Link(), leading))
    studio.tempo.follow(None)  # a performer may always take it back
    assert studio.tempo.leader is None


def test_a_clock_that_fails_leads_no_more() -> None:
    studio, leading = led_by(100.0, 0.7)

    def fail() -> None:
        raise OSError("gone")

    leading.look = fail  # type: ignore[method-assign]
    pass_(studio, 1)
    assert studio.tempo.leader is None and leading.closed
    assert studio.told == ["Ableton Link leads the tempo no more: OSError: gone"]


def test_start_and_stop() -> None:
    studio, leading = led_by(120.0, 0.0)
    pass_(studio, 5.3)
    leading.changes.append("stop")
    pass_(studio, 1)
    stopped = studio.transport.stopped
    assert stopped is not None and studio.beat() == stopped
    leading.turn_to(90.0)
    leading.changes.append("start")
    studio.tempo.turn()
    pass_(studio, 0.05)
    assert studio.transport.playing and stopped <= studio.transport.began < stopped + 4
    pass_(studio, 3)
    assert abs(leading.behind()) < 0.001  # it came in where the leader was
    assert studio.editor.score.tempo.bpm(studio.beat()) == 90


def test_ticks_that_say_nothing_of_the_bar_lead_the_tempo_alone() -> None:
    studio, leading = led_by(90.0, 17.37)
    leading.placed = False
    pass_(studio, 3)
    behind = leading.behind()
    pass_(studio, 30)
    assert leading.behind() == pytest.approx(behind, abs=0.002) and abs(behind) > 0.1
    leading.placed = True
    pass_(studio, 30)
    assert abs(leading.behind()) < 0.001
    leading.placed = False
    leading._beat += 1.7  # it is another one, that counts from elsewhere
    pass_(studio, 10)
    assert abs(leading.behind() - 1.7 * 60 / 90) < 0.002


# MIDI clock for others


def test_ticks_for_others() -> None:
    studio = Studio()
    sent: list[Due] = []
    closed: list[int] = []
    ticking = Ticking(7, lambda dues: sent.extend(dues), closed.append)
    studio.tempo.lead_clock(MidiClock(port="x"), ticking)
    pass_(studio, 1.0)
    studio.editor.write(messages.Write(edits=(Draft("bpm", 90.0),), when=When("now"), by="me"))
    pass_(studio, 4.2)
    studio.stop("me")
    pass_(studio, 1.0)
    count = len(sent)
    pass_(studio, 1.0)
    assert len(sent) == count and sent[-1].voice == Signal.STOP
    stopped = studio.transport.stopped
    assert stopped is not None and sent[-1].when == studio.transport.ns(stopped)
    beats = [due.beat for due in sent if due.voice == Signal.TICK]
    assert beats == [k / TICKS for k in range(round(beats[0] * TICKS), round(beats[-1] * TICKS) + 1)]
    assert all(due.when == studio.transport.ns(due.beat) for due in sent if due.voice == Signal.TICK)
    others = [(Signal(due.voice), due.step, due.beat) for due in sent if due.voice != Signal.TICK]
    assert others[:2] == [(Signal.POSITION, 16, 4.0), (Signal.CONTINUE, 0, 4.0)]  # at the next bar line
    began = math.ceil(stopped / 4) * 4.0
    studio.start(began, "me")
    pass_(studio, 0.5)
    again = sent[count:]
    assert [Signal(due.voice) for due in again[:3]] == [Signal.POSITION, Signal.CONTINUE, Signal.TICK]
    assert again[0].step == began * 4 and again[2].beat == began and again[1].when < again[2].when
    studio.tempo.let_go(None)
    assert closed == [7] and not studio.tempo.led


# Taps


def test_taps_on_a_simulated_clock() -> None:
    live = gl.open(realtime=False)
    assert live.tap() is None
    live.run(beats=0.8)  # 0.4 s
    assert live.tap() == 150
    live.run(beats=6)  # 2.4 s: anew
    assert live.tap() is None
    live.run(beats=1.25)
    assert live.tap(bar=True) == pytest.approx(120)
    tapped = live.score.tempo.seconds(live.beat)
    live.run(bars=12)
    tempo = live.score.tempo
    assert tempo.bpm(live.beat) == pytest.approx(120)
    bars = (tempo.seconds(48.0) - tapped) / 2.0  # those of 120 bpm since the tap
    assert bars == pytest.approx(round(bars), abs=0.001)
    for _ in range(2):
        live.run(beats=0.1)
        if _:
            with pytest.raises(GrooveError, match="bpm must be a number from 20 to 400"):
                live.tap()
        else:
            live.run(bars=2)
            live.tap()


def test_a_simulated_session_meets_no_clocks() -> None:
    live = gl.open(realtime=False)
    for ask in (lambda: live.follow(gl.link()), lambda: live.lead(gl.midi_clock("x"))):
        with pytest.raises(GrooveError, match="simulated clock meets no other clocks"):
            ask()
    with pytest.raises(GrooveError, match=r"a clock is link\(\), midi_clock\('port'\) or .*, not 'link'"):
        live.follow("link")  # type: ignore[arg-type]
    with pytest.raises(GrooveError, match=r"midi_clock\(\.\.\.\): expected `?float`? <= 1"):
        gl.midi_clock("x", shift=3)


def test_what_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(GrooveError, match=r"Ableton Link needs the extra link: .* LinkPython-extern"):
        LinkSession(Link())
    with pytest.raises(GrooveError, match=r"MIDI clock needs the extra midi: .* rtmidi2"):
        open_source(MidiClock(port="x"))
