"""Targets as a performer types them, joined by `+`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any, cast

import msgspec

from .. import kits
from ..errors import GrooveError
from ..files import check_writable
from ..grid import GM_NOTES, voice_indices
from ..timeline.edits import Outs
from ..timeline.targets import AnyTarget, File, Midi, Osc, Synth

_PLACE = re.compile(r"(.+):(\d{1,5})")


class Target(Outs, frozen=True, tag="outs"):
    """One target, or several joined by `+`."""

    def __add__(self, other: Outs) -> Target:
        if not isinstance(other, Outs):
            return NotImplemented
        return Target((*self.targets, *other.targets))

    def __repr__(self) -> str:
        return " + ".join(map(_shown, self.targets)) or "nowhere"


def _shown(target: AnyTarget) -> str:
    fields = msgspec.structs.asdict(target)
    plain = type(target)()
    said = [f"{name}={value!r}" for name, value in fields.items() if value != getattr(plain, name)]
    return f"{type(target).__name__.lower()}({', '.join(said)})"


def _made(kind: Any, **fields: Any) -> Target:
    try:
        target = msgspec.convert({"to": kind.__struct_config__.tag, **fields}, kind)
    except msgspec.ValidationError as error:
        told = str(error).replace("`", "").replace(" - at $.", " in ")
        raise GrooveError(f"{kind.__struct_config__.tag}(...): {told[:1].lower()}{told[1:]}") from None
    return Target((cast(AnyTarget, target),))


def synth(kit: str = "acoustic", *, gain: float = 1.0, ahead: float = 0.1, shift: float = 0.0) -> Target:
    """The embedded synth, heard through this machine's sound device (extra `synth`).

    Args:
        kit: "acoustic", or another of `groovelive.sound.kits()`.
        gain: 0..2.
        ahead: seconds that a note is sent before its time.
        shift: seconds, -1..1, that it is played later (earlier).

    >>> synth(gain=0.8)
    synth(gain=0.8)
    """
    return _made(Synth, kit=kit, gain=float(gain), ahead=float(ahead), shift=float(shift))


def midi(
    port: str = "groovelive",
    *,
    virtual: bool | None = None,
    channel: int = 10,
    notes: str | Mapping[str, int] = "gm",
    length: float = 0.05,
    shift: float = 0.0,
) -> Target:
    """A MIDI output (extra `midi`).

    Args:
        port: its name, or a part of it.
        virtual: whether to make a port of that name, for others to connect to (Linux, macOS); by default only for
            the name "groovelive".
        channel: 1..16.
        notes: the drum map: "gm", "roland", "ableton", … (see `groovelive.kits`), or keys by voice: {"kick": 36}.
        length: seconds until the note-off.
        shift: seconds, -1..1, that it is played later (earlier).

    >>> midi("IAC", channel=1)
    midi(port='IAC', channel=1)
    """
    if isinstance(notes, Mapping):
        keys = list(GM_NOTES)
        for name, key in notes.items():
            for voice in voice_indices(name):
                keys[voice] = key
    else:
        keys = [-1 if key is None else key for key in kits.load(notes).notes]
    made = port == "groovelive" if virtual is None else virtual
    return _made(
        Midi, port=port, virtual=made, channel=channel, notes=tuple(keys), length=float(length), shift=float(shift)
    )


def osc(
    place: str = "127.0.0.1:57120",
    address: str = "/hit",
    *,
    tagged: bool = True,
    ahead: float = 0.1,
    shift: float = 0.0,
) -> Target:
    """Any OSC receiver, over UDP: `address count voice velocity drummer key` for each note.

    Args:
        place: "host:port".
        address: of the messages; {voice} and {drummer} in it stand for their names.
        tagged: whether notes are sent `ahead`, in bundles whose timetag is their time, or each at its moment.
        ahead: seconds.
        shift: seconds, -1..1, that it is played later (earlier).

    >>> osc("127.0.0.1:9000", "/drum/{voice}")
    osc(port=9000, address='/drum/{voice}')
    """
    found = _PLACE.fullmatch(place) if isinstance(place, str) else None
    if found is None or not 0 < int(found[2]) < 65536:
        raise GrooveError(f"an OSC receiver is written as 'host:port', as '127.0.0.1:9000'; not as {place!r}")
    return _made(
        Osc, host=found[1], port=int(found[2]), address=address, tagged=tagged, ahead=float(ahead), shift=float(shift)
    )


def file(path: str | PathLike[str]) -> Target:
    """A MIDI file that is written when the session ends, or when nobody plays into it any more.

    For sound, `record` and `live.last(8).save` write .wav.
    """
    if Path(path).suffix.lower() not in (".mid", ".midi"):
        raise GrooveError(f"a file target ends in .mid, not {fspath(path)!r}; record(...) writes .wav")
    check_writable(path)
    return _made(File, path=str(Path(path).absolute()))


def outs_of(value: Any) -> Outs | None:
    """Return what a performer set as a target."""
    if value is None:
        return None
    if value == ():
        return Outs()
    if not isinstance(value, Outs):
        raise GrooveError(f"a target is synth(), midi('port') or osc('127.0.0.1:9000', '/hit'), not {value!r}")
    return Outs(value.targets)


