"""The process that hears MIDI clock: takes each tick's time when it comes, and tells the pulse to standard output."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import GrooveError
from ..runtime import child
from ..runtime.midi_ports import check_virtual, open_client, which
from ..runtime.realtime import claim, settle
from ..score.clocks import MidiClock
from .beat_tracker import BeatTracker
from .frames import Answer, BeatHeard, ClockOpened, ClockRefused, TransportChanged

_EACH = 3  # ticks to a word
_LOOK = 1.0  # seconds between two looks at whether the port is still there
_POLL = 0.001  # seconds between two looks at the queue
_QUEUE = 1024  # messages that may wait in it
_SOONEST = 256  # messages, of which one was surely taken out at once
_HEARING = 55  # priority, above that of the conductor's loop


class ClockParser:
    """Makes words of messages.

    Args:
        tell: called with each.

    >>> words = []
    >>> parser = ClockParser(words.append)
    >>> parser.hear(0, [0xFA])
    >>> for k in range(25):
    ...     parser.hear(round(k * 1e9 / 48), [0xF8])
    >>> words[0], words[-1]
    (TransportChanged(to='start'), BeatHeard(beat=1.0, bpm=120.0, at=0.5, placed=True, runs=True))
    """

    def __init__(self, tell: Callable[[Answer], None]) -> None:
        self._tell = tell
        self._pulse = BeatTracker()
        self._ticks = 0
        self._change: TransportChanged | None = None  # is told with the next tick: that is when it holds

    def hear(self, at: int, data: list[int]) -> None:
        """Take a message; others than those of the clock are ignored."""
        match data:
            case [0xF8]:
                self._tick(at)
            case [0xFA]:
                self._pulse.start()
                self._change = TransportChanged("start")
            case [0xFB]:
                self._pulse.go_on()
                self._change = TransportChanged("start")
            case [0xFC]:
                self._pulse.stop()
                self._change = None
                self._tell(TransportChanged("stop"))
            case [0xF2, low, high]:
                self._pulse.locate(low | high << 7)
                if self._pulse.runs:  # it goes on elsewhere
                    self._change = TransportChanged("start")

    def _tick(self, at: int) -> None:
        self._pulse.tick(at / 1e9)
        self._ticks += 1
        word = self._pulse.word()
        if word is None:
            return
        if self._change is not None or self._ticks % _EACH == 1:
            if self._change is not None:
                self._tell(self._change)
                self._change = None
            self._tell(BeatHeard(word.beat, word.bpm, word.at, self._pulse.placed, self._pulse.runs))


class ClockPort:
    """An input port, opened again when it has gone and come back.

    The driver's own thread puts what comes into a queue, in C; no Python runs there that could be late. A message's
    time is that of the driver, which tells how long after the last one each came; how far its clock is from ours is
    known from those that were taken out soonest.

    Args:
        clock: which port.

    Raises:
        GrooveError: there is no MIDI, or no such port.
    """

    def __init__(self, clock: MidiClock) -> None:
        self._clock = clock
        self._client: Any = None
        self._name = ""
        self._since = 0  # ns by the driver's clock since its first message
        self._offsets: deque[int] = deque(maxlen=_SOONEST)
        self._open()

    def _open(self) -> None:
        port = open_client("MidiIn", queue=_QUEUE)
        port.ignore_types(False, False, False)  # what is left out here is missing in the driver's times
        try:
            if self._clock.virtual:
                check_virtual()
                port.open_virtual_port(self._clock.port)
            else:
                names = list(port.ports)
                number = which(self._clock.port, names, "hear")
                self._name = names[number]
                port.open_port(number)
        except RuntimeError as error:
            why = str(error).strip() or "it does not open"
            raise GrooveError(f"MIDI port {self._clock.port!r} cannot be heard ({why})") from None
        self._client = port
        self._offsets.clear()

    def take(self) -> list[tuple[int, list[int]]]:
        """Return what has come: (ns, message) each, in order."""
        found: list[tuple[int, list[int]]] = []
        while self._client is not None and (data := self._client.get_message()) is not None:
            self._since += max(round(self._client.deltatime * 1e9), 0)
            self._offsets.append(time.monotonic_ns() - self._since)
            found.append((self._since + min(self._offsets), data))
        return found

    def look(self) -> None:
        """See whether the port is still there, and open it again where it is back."""
        if self._clock.virtual:
            return
        if self._client is not None and self._name not in list(self._client.ports):
            self._client.close_port()
            self._client = None
        if self._client is None:
            with contextlib.suppress(GrooveError):
                self._open()


def go(clock: str) -> None:
    """Hear the clock at a port until standard input ends, and end at once.

    Args:
        clock: a `MidiClock`, as JSON.
    """

    def main() -> int:
        pipe, over = child.take_over("MIDI clock input"), threading.Event()

        def tell(answer: Answer) -> None:
            pipe.write([answer])

        try:
            port = ClockPort(msgspec.json.decode(clock, type=MidiClock))
            tell(ClockOpened())
            child.until_end_of(sys.stdin.buffer, over.set)
            settle()
            claim(_HEARING)
            _listen(port, ClockParser(tell), over)
        except GrooveError as error:
            tell(ClockRefused(str(error)))
            return 1
        except BrokenPipeError:
            return 1
        return 0

    child.run(main)


def _listen(port: ClockPort, parser: ClockParser, over: threading.Event) -> None:
    look = time.monotonic() + _LOOK
    while not over.is_set():
        for at, data in port.take():
            parser.hear(at, data)
        if time.monotonic() >= look:
            port.look()
            look = time.monotonic() + _LOOK
        time.sleep(_POLL)
