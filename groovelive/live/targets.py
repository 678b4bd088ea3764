"""Targets as a performer types them, joined by `+`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any, cast

import msgspec

from ..errors import GrooveError
from ..grooves.grid import GM_NOTES, voice_indices
from ..midi_files import drum_maps as kits
from ..runtime.atomic import check_writable
from ..score.edits import Outs
from ..score.targets import (
    DIRT,
    LANES,
    Ableton,
    AnyTarget,
    Cv,
    File,
    Midi,
    Osc,
    Scsynth,
    SuperDirt,
    Synth,
)
from .addressed import bare

_PLACE = re.compile(r"(.+):(\d{1,5})")


class JoinedTargets(Outs, frozen=True, tag="outs"):
    """One target, or several joined by `+`."""

    def __add__(self, other: Outs) -> JoinedTargets:
        if not isinstance(other, Outs):
            return NotImplemented
        return JoinedTargets((*self.targets, *other.targets))

    def __repr__(self) -> str:
        return " + ".join(map(_shown, self.targets)) or "nowhere"


def _shown(target: AnyTarget) -> str:
    fields = msgspec.structs.asdict(target)
    plain = type(target)()
    said = [f"{name}={value!r}" for name, value in fields.items() if value != getattr(plain, name)]
    return f"{type(target).__name__.lower()}({', '.join(said)})"


def _made(kind: Any, **fields: Any) -> JoinedTargets:
    try:
        plain = {name: bare(value) for name, value in fields.items()}
        target = msgspec.convert({"to": kind.__struct_config__.tag, **plain}, kind)
    except msgspec.ValidationError as error:
        told = str(error).replace("`", "").replace(" - at $.", " in ")
        raise GrooveError(f"{kind.__struct_config__.tag}(...): {told[:1].lower()}{told[1:]}") from None
    return JoinedTargets((cast(AnyTarget, target),))


def synth(kit: str = "acoustic", *, gain: float = 1.0, ahead: float = 0.1, shift: float = 0.0) -> JoinedTargets:
    """The embedded synth, heard through this machine's sound device (extra `synth`).

    Args:
        kit: "acoustic" or "electronic": those of `groovelive.synthesis.kits.kits()`.
        gain: 0..2.
        ahead: seconds that a note is sent before its time.
        shift: seconds, -1..1, that it is played later (earlier).

    >>> synth(gain=0.8)
    synth(gain=0.8)
    """
    return _made(Synth, kit=kit, gain=gain, ahead=ahead, shift=shift)


def midi(
    port: str = "groovelive",
    *,
    virtual: bool | None = None,
    channel: int = 10,
    notes: str | Mapping[str, int] = "gm",
    length: float = 0.05,
    shift: float = 0.0,
) -> JoinedTargets:
    """A MIDI output (extra `midi`).

    Args:
        port: its name, or a part of it.
        virtual: whether to make a port of that name, for others to connect to (Linux, macOS); by default only for
            the name "groovelive".
        channel: 1..16.
        notes: the drum map: "gm", "roland", "ableton", … (see `groovelive.midi_files.drum_maps`), or keys by
            voice: {"kick": 36}.
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
    return _made(Midi, port=port, virtual=made, channel=channel, notes=tuple(keys), length=length, shift=shift)


def osc(
    place: str = "127.0.0.1:57120",
    address: str = "/hit",
    *,
    tagged: bool = True,
    ahead: float = 0.1,
    shift: float = 0.0,
) -> JoinedTargets:
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
    host, port = _place(place, "an OSC receiver")
    return _made(Osc, host=host, port=port, address=address, tagged=tagged, ahead=ahead, shift=shift)


def scsynth(
    place: str = "127.0.0.1:57110",
    kit: str = "acoustic",
    *,
    gain: float = 1.0,
    group: int = 0,
    out: int = 0,
    bus: int = -1,
    boot: bool = False,
    ahead: float = 0.1,
    shift: float = 0.0,
) -> JoinedTargets:
    """A running SuperCollider server, beside whatever else plays on it.

    Args:
        place: "host:port" of scsynth.
        kit: one of `groovelive.synthesis.kits.kits()`; its SynthDefs are sent.
        gain: 0..2.
        group: node id of the group at whose end the kit is put; 0 is the root.
        out: the first of two output buses.
        bus: the first of two private buses that the kit plays on; -1 takes two at the end of the usual 1024.
        boot: whether to boot a server, on this machine, where none answers.
        ahead: seconds that a note is sent before its time.
        shift: seconds, -1..1, that it is played later (earlier).

    >>> scsynth(out=2, boot=True)
    scsynth(out=2, boot=True)
    """
    host, port = _place(place, "scsynth")
    return _made(
        Scsynth, host=host, port=port, kit=kit, gain=gain, group=group, out=out, bus=bus, boot=boot,
        ahead=ahead, shift=shift,
    )  # fmt: skip


def superdirt(
    place: str = "127.0.0.1:57120",
    samples: Mapping[str, str] | None = None,
    *,
    orbit: int = 0,
    gain: float = 1.0,
    cut: int = 1,
    ahead: float = 0.1,
    shift: float = 0.0,
) -> JoinedTargets:
    """SuperDirt, the sampler of TidalCycles.

    Args:
        place: "host:port" of the sclang in which it runs.
        samples: folders or synths by voice, in place of those of Dirt-Samples: {"sn": "sn:3", "crash": "~"}.
        orbit: 0 or more.
        gain: 0..2.
        cut: the cut group of both hats; 0: none.
        ahead: seconds that a note is sent before its time.
        shift: seconds, -1..1, that it is played later (earlier).

    >>> superdirt(orbit=3)
    superdirt(orbit=3)
    """
    host, port = _place(place, "SuperDirt")
    names = list(DIRT)
    for name, sample in (samples or {}).items():
        for voice in voice_indices(name):
            names[voice] = sample
    return _made(
        SuperDirt, host=host, port=port, samples=tuple(names), orbit=orbit, gain=gain, cut=cut,
        ahead=ahead, shift=shift,
    )  # fmt: skip


def cv(
    place: str = "127.0.0.1:57110",
    lanes: Mapping[str, Mapping[str, float]] | None = None,
    *,
    level: float = 1.0,
    group: int = 0,
    boot: bool = False,
    ahead: float = 0.1,
    shift: float = 0.0,
) -> JoinedTargets:
    """Gates, triggers and velocities as voltages, from a SuperCollider server on a DC-coupled interface.

    Args:
        place: "host:port" of scsynth.
        lanes: outputs (from 0) by voice or group: {"kick": {"gate": 0, "velocity": 4}, "hats": {"trigger": 1}};
            "length" is that of a gate in seconds (0.02), "pulse" that of a trigger (0.005). By default kick, snare,
            hats and toms have the gates 0 to 3 and the velocities 4 to 7.
        level: 0..1, the sample value of a gate, and of the velocity 1.
        group: node id of the group at whose end ours is put; 0 is the root.
        boot: whether to boot a server, on this machine, where none answers.
        ahead: seconds that a note is sent before its time.
        shift: seconds, -1..1, that it is played later (earlier).

    >>> cv(lanes={"kick": {"gate": 2}}).targets[0].lanes[0].gate
    2
    """
    host, port = _place(place, "scsynth")
    rows: list[dict[str, Any]] = [msgspec.to_builtins(lane) for lane in LANES]
    if lanes is not None:
        rows = [{"voices": voice_indices(name), **lane} for name, lane in lanes.items()]
    return _made(
        Cv, host=host, port=port, lanes=rows, level=level, group=group, boot=boot,
        ahead=ahead, shift=shift,
    )  # fmt: skip


def ableton(
    track: int | str = "Drums",
    *,
    slots: tuple[int, int] = (0, 1),
    bars: int = 2,
    history: bool = False,
    chances: bool = False,
    place: str | None = None,
) -> JoinedTargets:
    """Clips in Ableton Live: each new loop is written into the slot that does not play, and launched on Live's grid.

    Only clips that groovelive wrote, whose names end with " [gl]", are ever rewritten. Live's transport plays them;
    `live.ableton.follow_transport()` ties the bars of both.

    Args:
        track: its name, or its index from 0.
        slots: the indices of the pair.
        bars: 1, 2, 4 or 8: how long a clip is, and how often it may change.
        history: leave each loop as a clip in the slots below, too.
        chances: give notes the model's own probabilities and some deviation of velocity, and add likely ones, so that
            Live varies the loop by itself.
        place: "host:port" of the script GrooveLive; by default GROOVELIVE_ABLETON of the environment, else
            "127.0.0.1:57150".

    >>> ableton("Drums", bars=1, history=True)
    ableton(bars=1, history=True)
    """
    host, port = ableton_place(place)
    return _made(
        Ableton, track=track, slots=list(slots), bars=bars, history=history, chances=chances, host=host, port=port
    )


def ableton_place(place: str | None = None) -> tuple[str, int]:
    """Return where the script in Live listens: what is given, or what the environment says, or the default."""
    return _place(place or os.environ.get("GROOVELIVE_ABLETON") or "127.0.0.1:57150", "the script in Live")


def _place(place: Any, what: str) -> tuple[str, int]:
    found = _PLACE.fullmatch(place) if isinstance(place, str) else None
    if found is None or not 0 < int(found[2]) < 65536:
        raise GrooveError(f"{what} is written as 'host:port', as '127.0.0.1:9000'; not as {place!r}")
    return found[1], int(found[2])


def file(path: str | PathLike[str]) -> JoinedTargets:
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
