"""Hands without an instrument: notes and controllers that are typed, or fed on the simulated clock."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import GrooveError
from ..grooves.grid import GM_NOTES
from ..midi_files.messages import CONTROL, NOTE_ON
from ..protocol import session as messages
from ..score import rhythms
from ..score.edits import BEATS_PER_BAR, STEP, Exact, Home
from ..score.inputs import Hearing

if TYPE_CHECKING:
    from .session import Live

_SOURCES = 8  # that are looked at for the one before home


def hit(live: Live, velocity: float, key: int, channel: int, port: str | None) -> None:
    """Play a note now."""
    _number("velocity", velocity, 0, 1, float)
    _number("key", key, 0, 127, int)
    _send(live, NOTE_ON, channel, key, max(round(127 * velocity), 1) if velocity else 0, port)


def knob(live: Live, number: int, value: int, channel: int, port: str | None) -> None:
    """Turn a controller now."""
    _number("a controller's number", number, 0, 127, int)
    _number("a controller's value", value, 0, 127, int)
    _send(live, CONTROL, channel, number, value, port)


def feed(live: Live, source: Any, bars: int, channel: int, port: str | None) -> None:
    """Play a rhythm for some bars; they pass."""
    from .api import play

    if live.realtime:
        raise GrooveError("a session in real time is played to as time goes: live.hit() plays a note")
    if isinstance(bars, bool) or not isinstance(bars, int) or not 1 <= bars <= 4096:
        raise GrooveError(f"a rhythm is fed for a whole number of bars from 1, not {bars!r}")
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


def _wait(live: Live, beat: float) -> None:
    if beat > live.beat and not math.isclose(beat, live.beat, abs_tol=1e-9):
        live.run(beats=beat - live.beat)


def _send(live: Live, kind: int, channel: int, first: int, second: int, port: str | None) -> None:
    _number("channel", channel, 1, 16, int)
    data = bytes((kind | channel - 1, first, second))
    live.hands(messages.Hands(port=_port(live) if port is None else port, data=data))


def _port(live: Live) -> str:
    """Return the only port that drummers hear, or heard before they went home; or ""."""
    ports: set[str] = set()
    for name in live.score.drummers:
        for edit in live.score.sources(name, math.inf, _SOURCES):
            if isinstance(edit.value, Hearing):
                ports.update(ear.port for ear in edit.value.ears)
            if not isinstance(edit.value, Home):
                break
    return ports.pop() if len(ports) == 1 else ""


def _number(name: str, value: Any, low: int, high: int, kind: Any) -> None:
    kinds = int if kind is int else int | float
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        what = "whole number" if kind is int else "number"
        raise GrooveError(f"{name} is a {what} from {low} to {high}, not {value!r}")
