"""MIDI clock that comes to a port, heard by a process of its own: it tells where the beat is, some times a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

import msgspec

from ..errors import GrooveError
from ..runtime.workers import Fall, Worker, command
from ..score.clocks import MidiClock
from .base import Change, check_installed
from .beat_tracker import Word
from .frames import Answer, BeatHeard, ClockOpened, ClockRefused, TransportChanged, answers

_START = 10.0  # seconds for the process to come up, on a machine that has much to do
AWAY = 1.5  # seconds without a word after which nobody is there


class MidiClockSource:
    """Follows the MIDI clock at a port.

    Until a start, a continue or a song position has said where the bar begins, only the tempo is followed, and the
    phase of the ticks kept as it was found.

    Raises:
        GrooveError: there is no MIDI, or no such port.
    """

    by, bend, over, deadband = "midi clock", 0.1, 2.0, 0.0007

    def __init__(self, clock: MidiClock) -> None:
        check_installed("rtmidi2", "MIDI clock", "midi")
        self._clock = clock
        self._last: BeatHeard | None = None
        self._changes: deque[Change] = deque(maxlen=8)
        self._starts = False
        self._answered, self._why = threading.Event(), ""
        self._worker: Worker[Any] = Worker(
            "MIDI clock input",
            command("groovelive.sync", msgspec.json.encode(clock).decode()),
            hear=lambda body: self._hear(answers.decode(body)),
            fell=self._fell,
        )
        self._worker.start()
        if not self._answered.wait(_START):
            self._why = f"the process that hears {clock.port!r} does not answer within {_START:g} s"
        if self._why:
            self.close()
            raise GrooveError(self._why)

    @property
    def placed(self) -> bool:
        """Whether it is known where the bar begins."""
        return self._last is not None and self._last.placed

    def look(self) -> Word | None:
        """Return the last word, or None where none has come for 1.5 s."""
        last = self._last
        if last is None or time.monotonic() - last.at > AWAY:
            return None
        return Word(last.beat, last.bpm, last.at + self._clock.shift)

    def change(self) -> Change | None:
        """Return the next start or stop that has come, where they are heeded."""
        if not self._changes:
            return None
        change = self._changes.popleft()
        return change if self._clock.transport else None

    def alone(self, beat: float, bpm: float, at: float, playing: bool) -> None:
        """Do nothing: there is no session that others could come to."""

    def close(self) -> None:
        """Let the process end; does not wait."""
        self._worker.leave()

    # In the threads of the worker

    def _fell(self, fall: Fall) -> bool:
        if self._answered.is_set():
            return True  # whether the clock is there is told by who follows it
        self._why = self._why or f"the process that hears {self._clock.port!r} {fall.how}"
        self._answered.set()
        return False

    def _hear(self, answer: Answer) -> None:
        match answer:
            case BeatHeard() as heard:
                self._last = heard
                if self._starts:  # not before: who starts asks where the beat is, and the last word is of another run
                    self._starts = False
                    self._changes.append("start")
            case TransportChanged(to):
                self._starts = to == "start"
                if to == "stop":
                    self._changes.append("stop")
            case ClockRefused(why):
                self._why = why
            case ClockOpened():
                self._answered.set()
