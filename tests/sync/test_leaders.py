"""Leaders of MIDI clock that start, stop, pause and jump: the tick after a start is the stated place."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from groovelive.conductor.tempo_sync import LeadingClock
from groovelive.score.clocks import TICKS, MidiClock
from groovelive.sync.base import Change
from groovelive.sync.beat_tracker import Word
from groovelive.sync.frames import Answer, BeatHeard
from groovelive.sync.midi_clock import MidiClockSource
from groovelive.sync.midi_clock_worker import ClockParser
from tests.sync.test_midi_clock import Studio

TICK, START, CONTINUE, STOP = [0xF8], [0xFA], [0xFB], [0xFC]
Message = tuple[float, list[int]]


@dataclass
class Run:
    """A stretch of music: how it begins, how fast it goes, how long it lasts, and what comes after it."""

    begins: str = "start"  # or "continue", "position"
    bpm: float = 120.0
    ticks: int = 16 * TICKS
    pause: float = 1.0  # s
    stops: bool = True  # whether it says so
    ticking: bool = False  # whether it ticks on in the pause
    place: int = 0  # 16ths, for "position"


@dataclass
class Leader:
    """What a leader sends, and where it is.

    `truth` has (at, beat, bpm, ticks of the run so far) of each tick of a run.
    """

    runs: list[Run]
    jitter: float = 0.0  # s
    losing: float = 0.0  # the part of its ticks that are lost
    truth: list[tuple[float, float, float, int]] = field(default_factory=list)

    def messages(self, seed: int = 1) -> Iterator[Message]:
        chance, at, song = random.Random(seed), 100.0, 0
        sent = at
        for run in self.runs:
            if run.begins == "start":
                song = 0
                yield sent, START
            else:
                if run.begins == "position":
                    song = run.place * TICKS // 4
                    yield sent, [0xF2, run.place & 127, run.place >> 7]
                yield sent, CONTINUE
            for k in range(run.ticks):
                self.truth.append((at, song / TICKS, run.bpm, k))
                # The first says where the song is; that the last ones were lost nobody can know.
                if not 0 < k < run.ticks - 2 or chance.random() >= self.losing:
                    sent = max(sent + 1e-5, at + chance.gauss(0, self.jitter))
                    yield sent, TICK
                song += 1
                at += 60 / run.bpm / TICKS
            if run.stops:
                yield max(sent, at - 0.001), STOP
            until = at + run.pause
            while run.ticking and at < until:
                sent = max(sent + 1e-5, at + chance.gauss(0, self.jitter))
                yield sent, TICK
                at += 60 / run.bpm / TICKS
            at = max(at, until) + chance.random() * 0.01
            sent = max(sent, at - 0.001)


def errors(leader: Leader, after: int = 2 * TICKS) -> list[float]:
    """Return by how many seconds what is told is off, from so many ticks of each run on."""
    told: list[Answer] = []
    parser = ClockParser(told.append)
    found: list[float] = []
    known = 0
    for at, data in leader.messages():
        told.clear()
        parser.hear(round(at * 1e9), data)
        heard = [word for word in told if isinstance(word, BeatHeard)]
        if data != TICK or not heard or not heard[-1].runs:
            continue
        known = len(leader.truth) - 1
        place, beat, bpm, so_far = leader.truth[known]
        if so_far >= after:
            assert heard[-1].placed
            assert heard[-1].bpm == pytest.approx(bpm, rel=0.02)
            found.append((heard[-1].beat - beat) * 60 / bpm + place - heard[-1].at)
    assert found
    return found


PAUSES = st.floats(-2, 1.78).map(lambda x: 10**x)  # s: .01 to 60, as many short ones as long ones
RUNS = st.builds(
    Run,
    begins=st.sampled_from(["start", "continue", "position"]),
    bpm=st.floats(40, 240),
    ticks=st.integers(3 * TICKS, 5 * TICKS),
    pause=PAUSES,
    stops=st.just(True),
    ticking=st.booleans(),
    place=st.integers(0, 1000),
)


@given(st.lists(RUNS, min_size=2, max_size=3), st.sampled_from([(0.0, 0.0), (0.002, 0.0), (0.0003, 0.02)]))
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@example([Run(pause=0.5), Run(ticks=8 * TICKS)], (0.0, 0.0))
@example([Run(pause=1.0), Run(ticks=8 * TICKS)], (0.0, 0.0))
@example([Run(pause=5.0), Run(ticks=8 * TICKS)], (0.0, 0.0))
@example([Run(pause=5.0), Run(begins="continue", ticks=8 * TICKS, bpm=90)], (0.0, 0.0))
def test_the_tick_after_a_start_is_the_stated_place(runs: list[Run], faults: tuple[float, float]) -> None:
    jitter, losing = faults
    for run in runs:
        if run.ticking:
            run.pause = min(run.pause, 2.0)
    found = errors(Leader(runs, jitter, losing))
    assert max(map(abs, found)) < 0.0005 + 2.5 * jitter


def test_a_short_run_goes_on_at_the_tempo_from_before() -> None:
    runs = [Run(pause=0.7), *(Run(begins="continue", ticks=5, pause=0.3) for _ in range(4)), Run()]
    found = errors(Leader(runs), after=0)
    assert max(map(abs, found)) < 1e-5  # known from the third tick on, as long as the tempo is the same


@pytest.mark.parametrize("pause", [0.4, 1.2, 9.0])
def test_a_stop_that_was_not_heard(pause: float) -> None:
    for begins in ("start", "continue"):
        found = errors(Leader([Run(stops=False, pause=pause), Run(begins=begins)]))
        assert max(map(abs, found)) < 1e-5


@pytest.mark.parametrize("pause, ticking", [(1.5, False), (0.05, True), (1.5, True)])
def test_ticks_that_were_lost_just_before_a_stop(pause: float, ticking: bool) -> None:
    leader = Leader([Run(pause=pause, ticking=ticking, ticks=6 * TICKS), Run(begins="continue", ticks=4 * TICKS)])
    sent = list(leader.messages())
    missing = next(k for k, (_, data) in enumerate(sent) if data == STOP) - 5
    told: list[Answer] = []
    parser = ClockParser(told.append)
    for k, (at, data) in enumerate(sent):
        if k != missing:
            parser.hear(round(at * 1e9), data)
    last = [word for word in told if isinstance(word, BeatHeard)][-1]
    place, beat, _, _ = min(leader.truth, key=lambda true: abs(true[0] - last.at))
    assert (last.beat, last.at) == (pytest.approx(beat), pytest.approx(place))


def test_a_tempo_that_halves_in_the_first_beat_is_no_lost_ticks() -> None:
    told: list[Answer] = []
    parser, at = ClockParser(told.append), 100.0
    parser.hear(0, START)
    for k in range(4 * TICKS):
        parser.hear(round(at * 1e9), TICK)
        at += 60 / TICKS / (120 if k < 8 else 60)
    last = [word for word in told if isinstance(word, BeatHeard)][-1]
    assert last.bpm == pytest.approx(60, rel=0.01) and last.beat == pytest.approx(4, abs=0.2)


# The conductor behind such a leader


class Port(MidiClockSource):
    """The source of MIDI clock without its process: takes what a leader sends, on simulated time."""

    def __init__(self, studio: Studio, leader: Leader, transport: bool = True) -> None:
        self._studio, self.sent = studio, list(leader.messages())
        self._begin = studio.seconds - 100.0
        self._clock = MidiClock(port="x", transport=transport)
        self._last: BeatHeard | None = None
        self._changes: list[Change] = []  # type: ignore[assignment]
        self._starts = False
        self._parser = ClockParser(self._hear)

    def _pass(self) -> None:
        while self.sent and self.sent[0][0] + self._begin <= self._studio.seconds:
            at, data = self.sent.pop(0)
            self._parser.hear(round((at + self._begin) * 1e9), data)

    def look(self) -> Word | None:
        last = self._last
        return None if last is None or self._studio.seconds - last.at > 1.5 else Word(last.beat, last.bpm, last.at)

    def change(self) -> Change | None:
        self._pass()
        change = self._changes.pop(0) if self._changes else None
        return change if self._clock.transport else None

    def close(self) -> None: ...


def bar_errors(runs: list[Run], transport: bool = True) -> tuple[Studio, list[tuple[int, float, bool]]]:
    """Return the run, how far off our bar line is (s), and whether we play, at each tick from two beats of a run on."""
    studio, leader = Studio(), Leader(runs)
    port = Port(studio, leader, transport)
    studio.tempo.follow(LeadingClock(port._clock, port))
    found: list[tuple[int, float, bool]] = []
    run = -1
    for at, beat, bpm, so_far in leader.truth:
        run += so_far == 0
        moment = at + port._begin
        while studio.seconds < moment:
            studio.seconds = min(studio.seconds + 0.005, moment)
            studio.tempo.turn()
        if so_far >= 2 * TICKS:
            ahead = (studio.transport.beat_at(studio.transport.now()) - beat + 2) % 4 - 2
            found.append((run, ahead * 60 / bpm, studio.transport.playing))
    return studio, found


@pytest.mark.parametrize("pause, ticking", [(0.05, False), (0.5, False), (1.1, True), (5.0, False), (40.0, False)])
def test_the_drums_come_in_where_the_leader_is(pause: float, ticking: bool) -> None:
    again = [Run("continue", 133.0, 5 * TICKS, pause), Run("position", 90.0, 5 * TICKS, pause, place=37)]
    first = Run(pause=pause, ticking=ticking, ticks=6 * TICKS + 5)
    studio, found = bar_errors([first, *again])
    later = [(abs(error), plays) for run, error, plays in found if run]
    assert max(error for error, _ in later) < 0.002
    assert all(plays for _, plays in later)
    assert studio.told == ["MIDI clock 'x' leads the tempo"]  # that it is silent while it is stopped is no news


def test_a_leader_that_starts_elsewhere_without_a_stop() -> None:
    _, found = bar_errors([Run(ticks=7 * TICKS + 7, stops=False, pause=0.0), Run(ticks=5 * TICKS)])
    assert max(abs(error) for run, error, _ in found if run) < 0.002
    assert all(plays for _, _, plays in found)


def test_a_leader_whose_stops_are_not_heeded_is_drawn_near() -> None:
    _, found = bar_errors([Run(pause=0.5, ticks=7 * TICKS), Run(ticks=30 * TICKS)], transport=False)
    assert all(plays for _, _, plays in found)
    assert max(abs(error) for run, error, _ in found[-TICKS:]) < 0.002
