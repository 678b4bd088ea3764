"""What a drummer hears live, as data: its ears, the notes that were played to them, and controls that follow either."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from ..errors import GrooveError

GRAIN = 1 << 20  # parts of a beat that moments are kept in: bars can be added to them without rounding
FOREVER = 1000.0  # loops of memory from which nothing is forgotten
MAX_EARS = 16
PEDAL = 64  # the value from which a switch on a controller is down
LOWEST, HIGHEST = 36, 96  # keys of a keyboard of five octaves: what "pitch" ranges over by default

Number = Annotated[float, Meta(ge=-1e9, le=1e9)]
Port = Annotated[str, Meta(max_length=128)]
Key = Annotated[int, Meta(ge=0, le=127)]
Role = Literal["rhythm", "accent", "density"]
Player = Literal["", "drums", "typed", "bass", "guitar", "piano", "any"]  # who plays what is heard; "": not told


class _Value(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="is"):
    pass


class Ear(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One input, and what of it is heard.

    Args:
        port: the MIDI port, or a part of its name; "" is what clients play by hand.
        virtual: whether the port is made, for others to connect to.
        channel: 1..16; 0 is all, but for those that the drummer plays on itself.
        keys: those that are heard; none: all.
        velocity: what makes a note loud: its "velocity", its "pitch" (from the lowest of `keys` to the highest), or
            a number 0..1, the same for all.
        weight: 0..2, factor of the velocities; where two inputs meet, the louder is heard.
        role: "rhythm" is followed, "accent" only makes the hits of others louder, "density" only counts for what is
            `Adaptive`.
        instrument: who plays there: "drums", "bass", "guitar", "piano", "any"; "" is drums, or hands on anything.
    """

    port: Port = ""
    virtual: bool = False
    channel: Annotated[int, Meta(ge=0, le=16)] = 0
    keys: Annotated[tuple[Key, ...], Meta(max_length=128)] = ()
    velocity: Literal["velocity", "pitch"] | Annotated[float, Meta(ge=0, le=1)] = "velocity"
    weight: Annotated[float, Meta(ge=0, le=2)] = 1.0
    role: Role = "rhythm"
    instrument: Player = ""


class Hearing(_Value, frozen=True, tag="hearing"):
    """What a drummer follows: all that is played to its ears.

    Args:
        ears: one or more.
        taken: whether it is played again from a take: what the engine answered is in the log, and it is not asked.
    """

    ears: Annotated[tuple[Ear, ...], Meta(min_length=1, max_length=MAX_EARS)]
    taken: bool = False


class Played(_Value, frozen=True, tag="played"):
    """Notes that were played to a port: see `pack`."""

    port: Port
    notes: Annotated[bytes, Meta(max_length=128 * 1024)]


class Adaptive(_Value, frozen=True, tag="adaptive"):
    """A number that follows how densely is played: `low` in silence, `high` where nearly every 16th is hit."""

    low: Number
    high: Number


class Knob(_Value, frozen=True, tag="knob"):
    """A controller on a MIDI port that a control follows.

    Args:
        port: as of an `Ear`; "" is any that is heard.
        virtual: as of an `Ear`.
        channel: 1..16; 0 is any.
        number: 0..127 of the controller; -1: that which is turned next.
        low, high: what its ends stand for; by default the range of the control.
    """

    port: Port = ""
    virtual: bool = False
    channel: Annotated[int, Meta(ge=0, le=16)] = 0
    number: Annotated[int, Meta(ge=-1, le=127)] = -1
    low: Number | None = None
    high: Number | None = None


class Resume(_Value, frozen=True, tag="resume"):
    """What a control was led by before a hand was laid on it: a ramp, a pattern in time, a density, a knob."""


class Stroke(NamedTuple):
    """A note that was played: so many grains of a beat before its edit, its key, velocity 1..127 and channel 1..16."""

    ago: int
    key: int
    velocity: int
    channel: int


_STROKE = struct.Struct("<IBBB")


def pack(strokes: Iterable[Stroke]) -> bytes:
    """Return strokes as bytes: 7 each, little-endian.

    >>> strokes(pack([Stroke(0, 36, 100, 10)]))
    (Stroke(ago=0, key=36, velocity=100, channel=10),)
    """
    return b"".join(_STROKE.pack(*stroke) for stroke in strokes)


@lru_cache(maxsize=4096)
def strokes(data: bytes) -> tuple[Stroke, ...]:
    """Return the strokes in bytes, the earliest first.

    Raises:
        GrooveError: they hold none.
    """
    if not data or len(data) % _STROKE.size:
        raise GrooveError(f"what was played takes {_STROKE.size} bytes a note; {len(data)} bytes are no notes")
    found = tuple(Stroke(*fields) for fields in _STROKE.iter_unpack(data))
    for stroke in found:
        if not (stroke.key < 128 and 0 < stroke.velocity < 128 and 0 < stroke.channel <= 16):
            raise GrooveError(f"a note has a key 0..127, a velocity 1..127, a channel 1..16; not {tuple(stroke[1:])}")
    return tuple(sorted(found, key=lambda stroke: -stroke.ago))


def grained(beat: float) -> float:
    """Return a beat as it is kept: at or before it, by less than a millionth.

    >>> grained(2.5), grained(1 / 3) + 128.0 == grained(1 / 3 + 128.0)
    (2.5, True)
    """
    return math.floor(beat * GRAIN) / GRAIN


def loudness(ear: Ear, stroke: Stroke) -> float:
    """Return the velocity 0..1 with which an ear hears a stroke; 0: not at all.

    >>> loudness(Ear(keys=tuple(range(48, 73)), velocity="pitch"), Stroke(0, 60, 1, 1))
    0.55
    >>> loudness(Ear(channel=2), Stroke(0, 60, 127, 1))
    0.0
    """
    if (ear.channel and ear.channel != stroke.channel) or (ear.keys and stroke.key not in ear.keys):
        return 0.0
    if ear.velocity == "velocity":
        loud = stroke.velocity / 127
    elif ear.velocity == "pitch":
        low, high = (min(ear.keys), max(ear.keys)) if ear.keys else (LOWEST, HIGHEST)
        share = (stroke.key - low) / (high - low) if high > low else 1.0
        loud = 0.1 + 0.9 * min(max(share, 0.0), 1.0)
    else:
        assert isinstance(ear.velocity, float | int)
        loud = float(ear.velocity)
    return min(loud * ear.weight, 1.0)
