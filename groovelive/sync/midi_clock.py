"""MIDI clock that comes to a port, heard by a process of its own: it tells where the beat is, some times a second."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import deque
from typing import IO, Any

import msgspec
from msgspec import Struct

from ..errors import GrooveError
from ..runtime.workers import environment
from ..score.clocks import MidiClock
from .base import Change, check_installed
from .beat_tracker import Word

_START = 10.0  # seconds for the process to come up, on a machine that has much to do
AWAY = 1.5  # seconds without a word after which nobody is there
_RESTS = (0.2, 1.0, 3.0)  # seconds before a process that died again and again is started again


class Heard(Struct, frozen=True, array_like=True, tag="heard"):
    """Where the beat was at a moment (s, monotonic), the tempo, and whether it is known where the bar begins."""

    beat: float
    bpm: float
    at: float
    placed: bool
    runs: bool


class Changed(Struct, frozen=True, array_like=True, tag="changed"):
    """A start or a stop."""

    to: Change


class Opened(Struct, frozen=True, array_like=True, tag="opened"):
    """The port is open."""


class Refused(Struct, frozen=True, array_like=True, tag="refused"):
    """The port cannot be opened; `why` is a sentence."""

    why: str


Told = Heard | Changed | Opened | Refused
told: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)


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
        self._last: Heard | None = None
        self._changes: deque[Change] = deque(maxlen=8)
        self._answered, self._why = threading.Event(), ""
        self._over = False
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name="midi clock", daemon=True)
        self._keeper.start()
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
        """End the process."""
        self._over = True
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()

    # In the thread

    def _keep(self) -> None:
        falls = 0
        while not self._over:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "groovelive.sync", msgspec.json.encode(self._clock).decode()],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), start_new_session=True,
            )  # fmt: skip
            self._process = process
            if self._over and process.stdin is not None:
                process.stdin.close()
            assert process.stdout is not None
            self._hear(process.stdout)
            process.wait()
            if not self._answered.is_set():
                self._why = self._why or f"the process that hears {self._clock.port!r} died"
                self._answered.set()
                return
            if not self._over:
                time.sleep(_RESTS[min(falls, len(_RESTS) - 1)])
                falls += 1

    def _hear(self, pipe: IO[Any]) -> None:
        for line in pipe:
            match told.decode(line):
                case Heard() as heard:
                    self._last = heard
                case Changed(to):
                    self._changes.append(to)
                case Refused(why):
                    self._why = why
                    if not self._answered.is_set():
                        return
                case Opened():
                    self._answered.set()
