"""Hands without an instrument: notes and controllers that are typed, or fed on the simulated clock."""

from __future__ import annotations

import math
from typing import Any

from ..checks import number, whole
from ..errors import GrooveError
from ..grooves.grid import GM_NOTES
from ..midi_files.messages import CONTROL, NOTE_ON
from ..protocol import session as messages
from ..score import rhythms
from ..score.edits import BEATS_PER_BAR, STEP, Exact, Home
from ..score.inputs import Hearing
from .client import SessionClient
from .sources import play
from .transport import TransportControls


def hit(live: SessionClient, velocity: float, key: int, channel: int, port: str | None) -> None:
    """Play a note now."""
    velocity = number("velocity", velocity, 0, 1)
    key = whole("key", key, 0, 127)
    _send(live, NOTE_ON, channel, key, max(round(127 * velocity), 1) if velocity else 0, port)


def knob(live: SessionClient, controller: int, value: int, channel: int, port: str | None) -> None:
    """Turn a controller now."""
    controller = whole("a controller's number", controller, 0, 127)
    value = whole("a controller's value", value, 0, 127)
    _send(live, CONTROL, channel, controller, value, port)


def feed(live: TransportControls, source: Any, bars: int, channel: int, port: str | None) -> None:
    """Play a rhythm for some bars; they pass."""
    if live.realtime:
        raise GrooveError("a session in real time is played to as time goes: live.hit() plays a note")
    bars = whole("bars", bars, 1, 4096)
    exact: Exact = play(source)
    start = live.beat
    rhythms.check(exact)
    for at, note in _moments(exact, bars):
        _wait(live, start + max(at, 0.0))
        hit(live, note.velocity, GM_NOTES[note.voice], channel, port)
    _wait(live, start + bars * BEATS_PER_BAR)


def _moments(exact: Exact, bars: int) -> list[tuple[float, Any]]:
    """Return the notes of some bars by their beats, in order."""
    notes = rhythms.notes_in(exact, 0, bars=bars)
    return sorted((((n.step + n.offset) * STEP, n) for n in notes), key=lambda moment: moment[0])


def _wait(live: TransportControls, beat: float) -> None:
    if beat > live.beat and not math.isclose(beat, live.beat, abs_tol=1e-9):
        live.run(beats=beat - live.beat)


def _send(live: SessionClient, kind: int, channel: int, first: int, second: int, port: str | None) -> None:
    channel = whole("channel", channel, 1, 16)
    data = bytes((kind | channel - 1, first, second))
    live.hands(messages.Hands(port=_port(live) if port is None else port, data=data))


def _port(live: SessionClient) -> str:
    """Return the only port that drummers hear, or heard before they went home, or else are about to; or ""."""
    line = (live.beat // BEATS_PER_BAR + 1) * BEATS_PER_BAR
    for beat in (live.present, line):
        ports: set[str] = set()
        for name in live.score.drummers:
            for edit in live.score.sources(name, beat):
                if isinstance(edit.value, Hearing):
                    ports.update(ear.port for ear in edit.value.ears)
                if not isinstance(edit.value, Home):
                    break
        if ports:
            return ports.pop() if len(ports) == 1 else ""
    return ""
