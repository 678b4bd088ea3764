"""Where notes go, as data: a target names a receiver, how far ahead it wants its notes, and how they are told to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ..errors import GrooveError, closest
from ..grooves.grid import GM_NOTES

Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(ge=0, le=10)]
Shift = Annotated[float, Meta(ge=-1, le=1)]
Key = Annotated[int, Meta(ge=0, le=127)]
Channel = Annotated[int, Meta(ge=1, le=16)]
Text = Annotated[str, Meta(min_length=1, max_length=256)]
Bus = Annotated[int, Meta(ge=0, le=16384)]
Output = Annotated[int, Meta(ge=-1, le=1023)]

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
    """A MIDI file that is written when the session ends, or when nobody plays into it any more."""

    path: Text = ""
    ahead: Seconds = 0.0


class Scsynth(Target, frozen=True, kw_only=True, tag="scsynth"):
    """A SuperCollider server, beside whatever else plays on it: notes are bundles with their time, straight to it.

    Args:
        host: name or address.
        port: of UDP.
        kit: one of `sound.kits()`; its SynthDefs are sent.
        gain: 0..2, of the whole kit.
        group: node id of the group at whose end that of the kit is put; 0 is the root.
        out: the first of two output buses.
        bus: the first of two private buses that the kit plays on; -1 takes two at the end of the usual 1024.
        boot: whether to boot one, on this machine, where none answers.
    """

    host: Text = "127.0.0.1"
    port: Port = 57110
    kit: Text = "acoustic"
    gain: Annotated[float, Meta(ge=0, le=2)] = 1.0
    group: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    out: Bus = 0
    bus: Annotated[int, Meta(ge=-1, le=16384)] = -1
    boot: bool = False


Sample = Annotated[str, Meta(max_length=64, pattern=r"^(~|[^\s:]+(:\d+)?)$")]
# Folders of Dirt-Samples: cr is a ride.
DIRT = ("bd", "sn", "hc", "ho", "lt", "mt", "ht", "cc", "cr")


class SuperDirt(Target, frozen=True, kw_only=True, tag="superdirt"):
    """SuperDirt, the sampler of TidalCycles: each note is a `/dirt/play` bundle with its time.

    Args:
        host: name or address of the sclang in which SuperDirt runs.
        port: of UDP.
        samples: for each of the nine voices a folder of samples, or a synth, as Tidal writes it: "bd", "sn:3"; "~" is
            none. The default is that of the Dirt-Samples which come with SuperDirt.
        orbit: 0 or more.
        gain: 0..2; velocities are played by it, too.
        cut: the cut group that both hats are in, so that a closed one ends an open one; 0: none.
    """

    host: Text = "127.0.0.1"
    port: Port = 57120
    samples: tuple[Sample, Sample, Sample, Sample, Sample, Sample, Sample, Sample, Sample] = DIRT
    orbit: Annotated[int, Meta(ge=0, le=1023)] = 0
    gain: Annotated[float, Meta(ge=0, le=2)] = 1.0
    cut: Annotated[int, Meta(ge=0, le=1023)] = 1


class Lane(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Outputs of a DC-coupled interface that some voices play.

    Args:
        voices: 0..8, those of the lane; of two within 5 ms the louder is heard by the velocity.
        gate: output (from 0) that is high for `length` seconds from each note; -1: none. If it still is at the next
            note, it falls 1 ms before that, and rises again.
        trigger: the same, with `pulse` seconds; -1: none.
        velocity: output that holds the velocity, from note to note; -1: none.
        length: seconds, 0..10, that a gate is high.
        pulse: seconds, 0..10, that a trigger is high.
    """

    voices: Annotated[tuple[Annotated[int, Meta(ge=0, le=8)], ...], Meta(min_length=1, max_length=9)]
    gate: Output = -1
    trigger: Output = -1
    velocity: Output = -1
    length: Annotated[float, Meta(gt=0, le=10)] = 0.02
    pulse: Annotated[float, Meta(gt=0, le=10)] = 0.005


# Seven voices in four lanes, as the GrooveTransformer's Eurorack demo merged them: kick; snare; hats; toms.
LANES = (
    Lane(voices=(0,), gate=0, velocity=4),
    Lane(voices=(1,), gate=1, velocity=5),
    Lane(voices=(2, 3), gate=2, velocity=6),
    Lane(voices=(4, 5, 6), gate=3, velocity=7),
)


class Cv(Target, frozen=True, kw_only=True, tag="cv"):
    """Gates, triggers and velocities as voltages, from a SuperCollider server on a DC-coupled interface.

    Args:
        host, port: of the server.
        lanes: what goes to which output.
        level: 0..1, the sample value of a gate, and of the velocity 1.
        group: node id of the group at whose end ours is put; 0 is the root.
        boot: whether to boot a server, on this machine, where none answers.
    """

    host: Text = "127.0.0.1"
    port: Port = 57110
    lanes: Annotated[tuple[Lane, ...], Meta(min_length=1, max_length=32)] = LANES
    level: Annotated[float, Meta(gt=0, le=1)] = 1.0
    group: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    boot: bool = False


class Ableton(Target, frozen=True, kw_only=True, tag="ableton"):
    """A pair of slots of a track in Ableton Live: a drummer's loops are clips there, launched on Live's grid.

    Each new loop is written into the slot that does not play, and takes over on the line; one that has not changed goes
    round. Of what holds only within a loop, as a change in its second bar, Live hears at the next line.

    Args:
        track: its name, or its index from 0.
        slots: the indices of the two.
        bars: how long a clip is, and so how often it may change.
        history: whether each loop is left as a clip in the slots below, too.
        chances: whether notes get the model's own probabilities, and likely ones are added, so that Live varies the
            loop by itself.
        host, port: where the script GrooveLive in Live listens.
    """

    track: Annotated[int, Meta(ge=0, le=9999)] | Text = "Drums"
    slots: tuple[Annotated[int, Meta(ge=0, le=9999)], Annotated[int, Meta(ge=0, le=9999)]] = (0, 1)
    bars: Literal[1, 2, 4, 8] = 2
    history: bool = False
    chances: bool = False
    host: Text = "127.0.0.1"
    port: Port = 57150
    ahead: Seconds = 0.0


AnyTarget = Synth | Scsynth | SuperDirt | Cv | Midi | Osc | Ableton | File
Outs = tuple[AnyTarget, ...]

Unsent = Ableton | File
"""Targets that are not sent notes, one by one, by an outlet."""

Notes = Mapping[str, int]

_KINDS: dict[str, type[AnyTarget]] = {
    "synth": Synth, "scsynth": Scsynth, "superdirt": SuperDirt, "cv": Cv, "osc": Osc,
}  # fmt: skip
_PLACE = re.compile(r"(\w+)(?:\s+(.+):(\d{1,5}))?")


def tagged(target: AnyTarget) -> bool:
    """Return whether a target has a clock of its own, so that its notes are sent ahead, with their time.

    >>> tagged(Scsynth()), tagged(Midi()), tagged(Osc(tagged=False))
    (True, False, False)
    """
    return target.tagged if isinstance(target, Osc) else isinstance(target, Synth | Scsynth | SuperDirt | Cv)


def name_of(target: AnyTarget) -> str:
    """Return what a target is called, shortly.

    >>> name_of(Osc(host="10.0.0.5", port=9000)), name_of(Synth())
    ('osc 10.0.0.5:9000', 'synth acoustic')
    """
    if isinstance(target, Osc | Scsynth | SuperDirt | Cv):
        return f"{type(target).__name__.lower()} {target.host}:{target.port}"
    if isinstance(target, Midi):
        return f"midi {target.port}"
    if isinstance(target, Ableton):
        return f"ableton {target.track}"
    return f"synth {target.kit}" if isinstance(target, Synth) else f"file {target.path}"


def from_text(text: str) -> Outs:
    """Return targets as they are written where there are only strings: kinds, and places, joined by +; or none.

    Raises:
        GrooveError: it names no targets.

    >>> from_text("superdirt + osc 10.0.0.5:9000") == (SuperDirt(), Osc(host="10.0.0.5", port=9000))
    True
    >>> from_text("none")
    ()
    """
    if text.strip() in ("", "none"):
        return ()
    found: list[AnyTarget] = []
    for part in text.split("+"):
        match = _PLACE.fullmatch(part.strip())
        kind = _KINDS.get(match[1]) if match else None
        if match is None or kind is None or (kind is Synth and match[2]) or not 0 < int(match[3] or 1) < 65536:
            hint = closest(match[1], _KINDS) if match and kind is None else ""
            raise GrooveError(
                f"targets are {', '.join(_KINDS)}, most with a place as in 'osc 127.0.0.1:9000', or none; "
                f"not {part.strip()!r}{hint}"
            )
        fields: dict[str, Any] = {"host": match[2], "port": int(match[3])} if match[2] else {}
        found.append(kind(**fields))
    return tuple(found)
