"""What the process that hears MIDI clock tells the conductor; `runtime.frames` is how."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from .base import Change


class BeatHeard(Struct, frozen=True, array_like=True, tag="heard"):
    """Where the beat was at a moment (s, monotonic), the tempo, and whether it is known where the bar begins."""

    beat: float
    bpm: float
    at: float
    placed: bool
    runs: bool


class TransportChanged(Struct, frozen=True, array_like=True, tag="changed"):
    """A start or a stop."""

    to: Change


class ClockOpened(Struct, frozen=True, array_like=True, tag="opened"):
    """The port is open."""


class ClockRefused(Struct, frozen=True, array_like=True, tag="refused"):
    """The port cannot be opened; `why` is a sentence."""

    why: str


Answer = BeatHeard | TransportChanged | ClockOpened | ClockRefused
answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
