"""Where notes go, as data: a target names a receiver, how far ahead it wants its notes, and how they are told to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ..grid import GM_NOTES

Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(ge=0, le=10)]
Shift = Annotated[float, Meta(ge=-1, le=1)]
Key = Annotated[int, Meta(ge=0, le=127)]
Channel = Annotated[int, Meta(ge=1, le=16)]
Text = Annotated[str, Meta(min_length=1, max_length=256)]

AHEAD = 0.1  # seconds


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="to"):
    """What every target has. Several are joined by `+`.

    Args:
        ahead: seconds, 0..10: how long before its time a note is sent. A receiver with a clock of its own gets it
            with a timetag; to others it is 0, and they get each note at its moment.
        shift: seconds, -1..1, that this receiver's notes are played later (earlier, if negative).
    """

    ahead: Seconds = AHEAD
    shift: Shift = 0.0


class Synth(Target, frozen=True, kw_only=True, tag="synth"):
    """The embedded synth: scsynth in a process of groovelive's own.

    Args:
        kit: one of `sound.kits()`.
        gain: 0..2, of the whole kit.
    """

    kit: Text = "acoustic"
    gain: Annotated[float, Meta(ge=0, le=2)] = 1.0


class Midi(Target, frozen=True, kw_only=True, tag="midi"):
    """A MIDI port: each note is sent at its moment.

    Args:
        port: the name of an output port, or of a new one if `virtual`.
        virtual: whether the port is made, for others to connect to (Linux and macOS).
        channel: 1..16; 10 is that of the drums.
        notes: the key 0..127 of each of the nine voices; -1 where a voice is not sent.
        length: seconds until the note-off.
    """

    port: Text = ""
    virtual: bool = False
    channel: Channel = 10
    notes: tuple[int, int, int, int, int, int, int, int, int] = GM_NOTES  # type: ignore[assignment]
    length: Annotated[float, Meta(gt=0, le=10)] = 0.05
    ahead: Seconds = 0.0


class Osc(Target, frozen=True, kw_only=True, tag="osc"):
    """An OSC receiver over UDP.

    Each note is one message: `address count voice velocity drummer key`. `count` (int) goes up by one from note to
    note of this target; voice and drummer are strings, velocity is a float 0..1, key the GM note.

    Args:
        host: name or address of the receiver.
        port: of UDP.
        address: of the messages; {voice} and {drummer} in it stand for their names.
        tagged: whether notes are sent `ahead` in bundles whose timetag is their time, or each at its moment.
    """

    host: Text = "127.0.0.1"
    port: Port = 57120
    address: Annotated[str, Meta(pattern=r"^/[^\s#*,?\[\]]*$", max_length=256)] = "/hit"
    tagged: bool = True


class File(Target, frozen=True, kw_only=True, tag="file"):
    """A file that is written when the set ends, or when the drummer is given another target: .mid or .wav."""

    path: Text = ""
    ahead: Seconds = 0.0


AnyTarget = Synth | Midi | Osc | File
Outs = tuple[AnyTarget, ...]

TargetKind = Literal["synth", "midi", "osc", "file"]
Notes = Mapping[str, int]
