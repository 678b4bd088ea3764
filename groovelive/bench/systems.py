"""Other live-coding systems for Python, playing the same 16ths to the same receiver through their public interface."""

from __future__ import annotations

import importlib.util
import itertools
import socket
import sys
from typing import Any

from ..osc_messages.codec import bundle, message
from . import loads
from .performer import until_closed

SYSTEMS = ("isobar", "supriya")
AHEAD = 0.1  # seconds of the bundles of those that send with timetags
_NTP = 2_208_988_800  # seconds from 1900, when NTP begins, to 1970 (RFC 5905)


def there() -> tuple[str, ...]:
    """Return those that are installed."""
    return tuple(name for name in SYSTEMS if importlib.util.find_spec(name))


class _Wire:
    """Sends numbered notes: at their moment to one port, and, where there is a time, in a bundle to another."""

    def __init__(self, untagged: int, tagged: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._untagged, self._tagged = ("127.0.0.1", untagged), ("127.0.0.1", tagged)
        self._counts = itertools.count()

    def note(self, time: float | None = None) -> None:
        packet = message("/hit", next(self._counts))
        self._socket.sendto(packet, self._untagged)
        if time is not None:
            tag = round((time + AHEAD) * 2**32) + (_NTP << 32)
            self._socket.sendto(bundle(tag, [packet]), self._tagged)


def isobar(bpm: float, wire: _Wire) -> Any:
    """Play through an isobar Timeline, and an output device that is told each note."""
    import isobar as iso  # optional

    class Device(iso.OutputDevice):  # type: ignore[misc]  # only there with an extra
        def note_on(self, note: int = 60, velocity: int = 64, channel: int = 0) -> None:
            wire.note()

        def note_off(self, note: int = 60, channel: int = 0) -> None:
            pass

    timeline = iso.Timeline(bpm, output_device=Device())
    timeline.schedule({"note": iso.PSequence([42]), "duration": 0.25})
    timeline.background()
    return timeline


def supriya(bpm: float, wire: _Wire) -> Any:
    """Play from a callback of supriya's Clock, with the time that it says the note should have."""
    import supriya as library  # optional

    def callback(state: Any) -> float:
        wire.note(state.desired_moment.seconds)
        return 1 / 16

    clock = library.Clock()
    clock.start(beats_per_minute=bpm)
    clock.cue(callback, quantization="1/4")
    return clock


def play(name: str, load: str, bpm: float, untagged: int, tagged: int) -> None:
    """Play until standard input ends, beside a load in the same process."""
    system = {"isobar": isobar, "supriya": supriya}[name](bpm, _Wire(untagged, tagged))
    loads.start(load)
    print("ready", flush=True)
    until_closed()
    del system


if __name__ == "__main__":
    play(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
