"""Edits: everything that a performer does, or a drummer answers, as one kind of value that is due at one beat."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from ..errors import GrooveError
from ..grooves.grid import STEPS_PER_BAR, VOICES, Note
from ..grooves.groove import Groove
from .inputs import (
    Adaptive,
    Ear,
    Hearing,
    Knob,
    Played,
    Player,
    Resume,
    strokes,
)
from .targets import AnyTarget

BEATS_PER_BAR = 4
STEP = 0.25  # beats
MAX_BARS = 64  # of a pattern
MAX_OVER = 256.0  # bars

Bars = Annotated[float, Meta(gt=0, le=4096)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(min_length=1, max_length=4096)]
Blob = Annotated[bytes, Meta(max_length=128 * 1024)]
Finite = Annotated[float, Meta(ge=-1e9, le=1e9)]


Notes = tuple[Note, ...]
_NOTE = struct.Struct("<HBff")


def pack(notes: Iterable[Note]) -> bytes:
    """Return notes as bytes: 11 each, little-endian.

    A pattern may have several notes of a voice at a step, as a Groove has not: `hh*32` is played as it is written.

    >>> unpack(pack([Note(4, 1, 0.5, -0.25)]))
    (Note(step=4, voice=1, velocity=0.5, offset=-0.25),)
    """
    return b"".join(_NOTE.pack(*note) for note in notes)


@lru_cache(maxsize=4096)
def unpack(data: bytes) -> Notes:
    """Return the notes in bytes.

    Raises:
        GrooveError: they hold no notes.
    """
    if len(data) % _NOTE.size:
        raise GrooveError(f"notes take {_NOTE.size} bytes each; {len(data)} bytes are no whole number of them")
    notes = tuple(Note(*fields) for fields in _NOTE.iter_unpack(data))
    for note in notes:
        if not (note.voice < len(VOICES) and 0 <= note.velocity <= 1 and -0.5 <= note.offset <= 1):
            raise GrooveError(f"a note has a voice 0..8, a velocity 0..1, an offset -0.5..1; not {tuple(note)}")
    return notes


def of_groove(groove: Groove) -> bytes:
    """Return the notes of a groove as bytes."""
    return pack(groove)


# What an edit may set


class _Value(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="is"):
    pass


class Line(_Value, frozen=True, tag="line"):
    """A ramp: `start` at the edit's beat, `end` after `bars` and from then on."""

    start: Finite
    end: Finite
    bars: Bars


class Cycle(_Value, frozen=True, tag="cycle"):
    """A value that changes with time: mini-notation of numbers or names, one cycle a bar."""

    text: Text


class Weights(_Value, frozen=True, tag="weights"):
    """Weights over names, as of genres."""

    of: Annotated[dict[Name, Annotated[float, Meta(ge=0, le=1e6)]], Meta(min_length=1, max_length=64)]


class Rhythm(_Value, frozen=True, tag="rhythm"):
    """What a drummer follows: a text in notation, or notes in `steps`; and who plays it, where that is told."""

    text: str = ""
    notes: Blob = b""
    steps: Annotated[int, Meta(ge=0, le=MAX_BARS * STEPS_PER_BAR)] = 0
    instrument: Player = ""


class FromLive(Rhythm, frozen=True, tag="from live"):
    """The rhythm of a clip in Ableton Live, as it was read last; it is watched, and read again when it changes.

    Args:
        track, slot: names, or indices from 0.
        host, port: where the script GrooveLive in Live listens.
    """

    track: Annotated[int, Meta(ge=0, le=9999)] | Name = 0
    slot: Annotated[int, Meta(ge=0, le=9999)] | Name = 0
    host: Name = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 57150


class FromDrummer(_Value, frozen=True, tag="from drummer"):
    """What another drummer of the session plays, as the rhythm that is followed.

    Args:
        drummer: its name.
    """

    drummer: Annotated[str, Meta(min_length=1, max_length=32)]


class Exact(_Value, frozen=True, tag="exact"):
    """What a drummer plays as it is written: a text in notation, or notes in `steps`."""

    text: str = ""
    notes: Blob = b""
    steps: Annotated[int, Meta(ge=0, le=MAX_BARS * STEPS_PER_BAR)] = 0


class Point(_Value, frozen=True, tag="point"):
    """A point of the latent space: the name of a preset or a genre, a latent (float32), or the notes of two bars."""

    name: str = ""
    z: Blob = b""
    notes: Blob = b""


class Walk(_Value, frozen=True, tag="walk"):
    """A way through the latent space: it arrives at its last point after `bars`, and stays there."""

    points: Annotated[tuple[Point, ...], Meta(min_length=2, max_length=16)]
    bars: Bars
    path: Literal["linear", "slerp"] = "linear"


class Home(_Value, frozen=True, tag="home"):
    """The preset of a drummer, whatever it followed before."""


class Pattern(_Value, frozen=True, tag="pattern"):
    """An answer of the engine, or of the performer's own code: notes in `steps`."""

    notes: Blob
    steps: Annotated[int, Meta(ge=STEPS_PER_BAR, le=MAX_BARS * STEPS_PER_BAR)] = 2 * STEPS_PER_BAR


class Move(Struct, frozen=True, array_like=True):
    """Something done to some bars: when (every n-th, the last of n, or with probability n), what, with what."""

    when: Literal["every", "last_of", "sometimes"]
    n: Finite
    what: Name
    amount: tuple[Finite, ...] = ()


class Moves(_Value, frozen=True, tag="moves"):
    """All moves of a drummer, in the order in which they are made.

    Args:
        moves: what is done to some bars.
        added: whether they join those that hold when they are due; of one kind (when, and what), the new one counts.
    """

    moves: Annotated[tuple[Move, ...], Meta(max_length=32)] = ()
    added: bool = False

    def to(self, held: Value) -> Moves:
        """Return all moves, where these are added to what a drummer does already.

        >>> Moves((Move("every", 2, "fill"),), added=True).to(Moves((Move("every", 4, "fill"),))).moves
        (Move(when='every', n=2, what='fill', amount=()),)
        """
        new = {(move.when, move.what) for move in self.moves}
        before = held.moves if isinstance(held, Moves) else ()
        return Moves((*(move for move in before if (move.when, move.what) not in new), *self.moves))


class Outs(_Value, frozen=True, tag="outs"):
    """Where a drummer's notes go; none: nowhere."""

    targets: Annotated[tuple[AnyTarget, ...], Meta(max_length=16)] = ()


Names = Annotated[tuple[Name | Annotated[int, Meta(ge=0, le=31)], ...], Meta(max_length=64)]
Source = Rhythm | FromLive | FromDrummer | Exact | Point | Walk | Home | Hearing
Value = (
    None | bool | int | Finite | Text | Names
    | Line | Cycle | Weights | Rhythm | FromLive | FromDrummer | Exact | Point | Walk | Home | Pattern | Moves | Outs
    | Hearing | Played | Adaptive | Knob | Resume
)  # fmt: skip


class Edit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One change, due at one beat.

    Args:
        beat: from when on it holds, 0 or more; a bar has four beats, bar 1 begins at beat 0.
        drummer: its name, or "" for the session.
        path: what changes, as "density", "density.hats" or "mute"; see `controls`.
        value: what it is from then on; None is the default again.
        over: bars in which the old goes over into the new.
        bars: for how long it holds; then what held before holds again. 0 is for good.
        by: who made it; "engine" is an answer, not a performer's.
        group: edits of one line or block have the same number; they are undone together. 0 is never undone.
    """

    beat: Annotated[float, Meta(ge=0, le=1e7)]
    drummer: Annotated[str, Meta(max_length=32)] = ""
    path: Name
    value: Value = None
    over: Annotated[float, Meta(ge=0, le=MAX_OVER)] = 0.0
    bars: Annotated[float, Meta(ge=0, le=4096)] = 0.0
    by: Annotated[str, Meta(max_length=64)] = ""
    group: Annotated[int, Meta(ge=0)] = 0

    @property
    def end(self) -> float:
        """The beat from which on it holds no more.

        What holds for whole bars ends with a bar, that which is nearest; what holds for parts of one, with a 16th.

        >>> [Edit(beat=17.1, path="mute", bars=bars).end for bars in (4, 0.5, 0)]
        [32, 19.0, inf]
        """
        if not self.bars:
            return math.inf
        unit = BEATS_PER_BAR if float(self.bars).is_integer() else STEP
        return max(round((self.beat + self.bars * BEATS_PER_BAR) / unit), math.floor(self.beat / unit) + 1) * unit


class Draft(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An edit as it is asked for, when its beat is not known yet: `protocol.session.When` says when it is due.

    Args:
        path, value, drummer, bars, by: as of the `Edit` that it becomes.
        beat, over: the same, of a take that is played again, whose beats are known.
    """

    path: Name
    value: Value = None
    drummer: Annotated[str, Meta(max_length=32)] = ""
    beat: Annotated[float, Meta(ge=0, le=1e7)] = 0.0
    over: Annotated[float, Meta(ge=0, le=MAX_OVER)] = 0.0
    bars: Annotated[float, Meta(ge=0, le=4096)] = 0.0
    by: Annotated[str, Meta(max_length=64)] = ""


ENGINE = "engine"
HANDS = "midi:"  # who plays an instrument is this and its port

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Edit] = msgspec.msgpack.Decoder(Edit)


def encode(edit: Edit) -> bytes:
    """Return an edit as MessagePack.

    >>> decode(encode(Edit(beat=16, drummer="d1", path="density", value=0.5))).value
    0.5
    """
    return _encoder.encode(edit)


def decode(data: bytes) -> Edit:
    """Return the edit in MessagePack; raises GrooveError where there is none."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise GrooveError(f"this is no edit: {error}") from None


def bar_of(beat: float) -> int:
    """Return the bar, from 1, in which a beat lies.

    >>> bar_of(0), bar_of(3.99), bar_of(4)
    (1, 1, 2)
    """
    return int(beat // BEATS_PER_BAR) + 1


def beat_of(bar: float) -> float:
    """Return the beat with which a bar begins.

    >>> beat_of(33)
    128.0
    """
    return (bar - 1) * float(BEATS_PER_BAR)


def _move(move: Move) -> str:
    amount = f"({', '.join(f'{number:g}' for number in move.amount)})" if move.amount else ""
    return f"{move.when}({move.n:g}, {move.what}{amount})"


def _ear(ear: Ear) -> str:
    """Return an ear as it was typed, but for what is as usual."""
    usual = Ear()
    fields = ("channel", "velocity", "weight", "role", "instrument")
    said = [f"{name}={getattr(ear, name)!r}" for name in fields if getattr(ear, name) != getattr(usual, name)]
    said += [f"notes={len(ear.keys)} keys"] if ear.keys else []
    return f"midi_in({', '.join([repr(ear.port), *said])})" if ear.port else f"hands({', '.join(said)})"


def _by(value: Rhythm) -> str:
    """Return who plays a rhythm, as it was typed."""
    return f", instrument={value.instrument!r}" if value.instrument else ""


def plain(value: Any) -> Any:
    """Return a value as what a performer would have typed, as far as it is short."""
    if isinstance(value, Line):
        return f"line({value.start:g}, {value.end:g}, bars={value.bars:g})"
    if isinstance(value, Cycle):
        return repr(value.text)
    if isinstance(value, Weights):
        return "{" + ", ".join(f"{name!r}: {weight:g}" for name, weight in value.of.items()) + "}"
    if isinstance(value, FromLive):
        return f"live.ableton.clip({value.track!r}, {value.slot!r}{_by(value)})"
    if isinstance(value, Rhythm | Exact):
        what = repr(value.text) if value.text else f"{value.steps // STEPS_PER_BAR} bars"
        return f"groove({what}{_by(value)})" if isinstance(value, Rhythm) else f"play({what})"
    if isinstance(value, FromDrummer):
        return value.drummer
    if isinstance(value, Point):
        return f"z({value.name!r})" if value.name else "z(…)"
    if isinstance(value, Walk):
        return f"walk({', '.join(plain(p) for p in value.points)}, bars={value.bars:g})"
    if isinstance(value, Home):
        return "home()"
    if isinstance(value, Pattern):
        return f"{len(unpack(value.notes))} notes"
    if isinstance(value, Moves):
        return ", ".join(map(_move, value.moves)) or "none"
    if isinstance(value, Hearing):
        return " + ".join(map(_ear, value.ears))
    if isinstance(value, Played):
        return f"{len(strokes(value.notes))} notes on {value.port or 'hands'}"
    if isinstance(value, Adaptive):
        return f"adaptive({value.low:g}, {value.high:g})"
    if isinstance(value, Knob):
        which = f"controller {value.number}" if value.number >= 0 else "the next controller that is turned"
        return f"{which} of {value.port or 'any port'}"
    if isinstance(value, Resume):
        return "resume()"
    if isinstance(value, Outs):
        return " + ".join(type(t).__name__.lower() for t in value.targets) or "none"
    return f"{value:g}" if isinstance(value, float) else repr(value)
