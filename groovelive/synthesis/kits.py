"""The drum kits of SuperCollider: notes as timed OSC messages, and grooves as WAV by an embedded scsynth.

The sounds are SynthDefs, written in sclang (`supercollider/SynthDefs/`) and shipped compiled in
`groovelive/synthesis/synthdefs/`. A `DrumKit` says which OSC messages set a kit up on a server and strike its voices;
it keeps no state and no clock, so that a file, the embedded synth and a running scsynth are all sent the same.
"""

from __future__ import annotations

import importlib.util
import logging
import math
import os
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from ..checks import number
from ..errors import GrooveError, closest
from ..grooves.grid import STEPS_PER_BEAT, VOICES, Note
from ..grooves.groove import Groove
from ..runtime.atomic import replacing
from ..runtime.hints import install

_log = logging.getLogger(__name__)

Message = tuple[str | int | float | bytes, ...]
"""An OSC message: its address, then its arguments."""

Event = tuple[float, list[Message]]
"""The messages of one OSC bundle and the time it is due, in seconds from the start of the score."""

Tempo = float | Sequence[tuple[float, float]]
"""Beats (quarter notes) a minute, or a map of (beat, beats a minute) that begins at beat 0."""

FOLDER = Path(__file__).with_name("synthdefs")
OPEN_HAT, CLOSED_HAT = VOICES.index("open_hat"), VOICES.index("closed_hat")
BYTES_PER_FRAME = 2 * 3  # stereo, 24 bit
ADD_TO_HEAD, ADD_TO_TAIL, ADD_AFTER = 0, 1, 3


def kits() -> tuple[str, ...]:
    """Return the names of the kits that are shipped.

    >>> "acoustic" in kits()
    True
    """
    prefix, suffix = "gl_", f"_{VOICES[0]}.scsyndef"
    return tuple(sorted(path.name[len(prefix) : -len(suffix)] for path in FOLDER.glob(f"{prefix}*{suffix}")))


@dataclass(frozen=True, slots=True)
class DrumKit:
    """A drum kit on a SuperCollider server: the OSC messages that set it up and strike it.

    Args:
        name: one of `kits()`.
        group: node id of the kit's group; the two ids after it are taken as well (open hats, master).
        bus: first of two private audio buses that the voices play on and the master reads. The default is
            free on a server of one's own; on a shared one, ask its owner.
        out: first of the two buses the master writes to; 0 is the first output.
        room: 0..1, how much of a small room is heard around the kit; 0 is dry.

    Raises:
        GrooveError: there is no kit of that name, or `room` is out of its range.

    >>> DrumKit().strike(0, 0.5)
    [('/s_new', 'gl_acoustic_kick', -1, 1, 1000, 'out', 16, 'velocity', 0.5)]
    """

    name: str = "acoustic"
    group: int = 1000
    bus: int = 16
    out: int = 0
    room: float = 0.15

    def __post_init__(self) -> None:
        known = kits()
        if self.name not in known:
            hint = closest(self.name, known)
            raise GrooveError(f"unknown kit {self.name!r}{hint}; kits are {', '.join(known)}")
        number("room", self.room, 0, 1)

    @property
    def open_hats(self) -> int:
        """The group of the sounding open hats, inside the kit's group."""
        return self.group + 1

    @property
    def master(self) -> int:
        """The node that limits the mix and writes it to the outputs."""
        return self.group + 2

    def setup(self, *, target: int = 0, seed: int = 0) -> list[Message]:
        """Return the messages that make the kit ready: SynthDefs, groups, master.

        Args:
            target: the group of the server in which the kit is put.
            seed: above 0, every noise of the server starts from here, and a render can be repeated bit for
                bit; 0 leaves the server's random numbers alone.
        """
        names = [f"gl_{self.name}_{voice}" for voice in VOICES] + ["gl_master", "gl_seed"]
        messages: list[Message] = [("/d_recv", (FOLDER / f"{name}.scsyndef").read_bytes()) for name in names]
        if seed:
            messages.append(("/s_new", "gl_seed", -1, ADD_TO_HEAD, target, "seed", seed))
        messages.append(("/g_new", self.group, ADD_TO_TAIL, target))
        messages.append(("/g_new", self.open_hats, ADD_TO_TAIL, self.group))
        controls = ("in", self.bus, "out", self.out, "room", self.room)
        messages.append(("/s_new", "gl_master", self.master, ADD_AFTER, self.group, *controls))
        return messages

    def strike(self, voice: int, velocity: float) -> list[Message]:
        """Return the messages that strike one voice, to be sent as one bundle with the time of the note.

        A closed hat first closes every open hat that has been ringing for more than 40 ms: a younger one
        belongs to the same stroke.

        Args:
            voice: index into `VOICES`.
            velocity: 0..1.
        """
        group = self.open_hats if voice == OPEN_HAT else self.group
        choke: list[Message] = [("/n_set", self.open_hats, "t_choke", 1)] if voice == CLOSED_HAT else []
        name = f"gl_{self.name}_{VOICES[voice]}"
        return [*choke, ("/s_new", name, -1, ADD_TO_TAIL, group, "out", self.bus, "velocity", velocity)]


def score(notes: Iterable[tuple[float, Note]], kit: DrumKit) -> list[Event]:
    """Return one event for each note, in time order.

    Args:
        notes: pairs of the time in seconds and the Note that sounds then.
        kit: what strikes them.

    >>> groove = Groove.from_notes([(0, "kick"), (4, "snare", 0.9)], steps=16)
    >>> [(seconds, messages[-1][1]) for seconds, messages in score(timed(groove, tempo=60), DrumKit())]
    [(0.0, 'gl_acoustic_kick'), (1.0, 'gl_acoustic_snare')]
    """
    in_order = sorted(notes, key=lambda pair: pair[0])
    return [(seconds, kit.strike(note.voice, note.velocity)) for seconds, note in in_order]


class _Seconds:
    """When each beat of a tempo map is, in seconds from its beginning."""

    def __init__(self, tempo: Tempo) -> None:
        if not isinstance(tempo, list | tuple):
            tempo = [(0.0, number("tempo", tempo, 10, 999))]
        if not tempo or tempo[0][0] != 0:
            raise GrooveError("a tempo map begins with a tempo at beat 0")
        self._beats, self._bpm, self._at = [0.0], [number("tempo", tempo[0][1], 10, 999)], [0.0]
        for beat, bpm in tempo[1:]:
            at = self(beat)
            self._beats.append(beat)
            self._bpm.append(number("tempo", bpm, 10, 999))
            self._at.append(at)

    def __call__(self, beat: float) -> float:
        """Return the moment of a beat."""
        k = max(bisect_right(self._beats, beat) - 1, 0)
        return self._at[k] + (beat - self._beats[k]) * 60.0 / self._bpm[k]


def timed(music: Groove | Iterable[Groove], *, tempo: Tempo = 120.0) -> list[tuple[float, Note]]:
    """Return (seconds, note) for every note of a groove, or of grooves played one after the other.

    A note ahead of its groove's first step sounds before that bar line; at the start of the music nothing is
    before it, and the note sounds at 0.

    Args:
        music: a groove, or grooves in their order.
        tempo: 10..999 beats (quarter notes) a minute, or a tempo map.

    >>> [seconds for seconds, note in timed(Groove.parse("x*4", bars=1), tempo=[(0, 60), (2, 120)])]
    [0.0, 1.0, 2.0, 2.5]
    >>> early = Groove.from_notes([(0, "crash", 0.9, -0.25)], steps=16)
    >>> [seconds for seconds, note in timed([early, early], tempo=60)]
    [0.0, 3.9375]
    """
    seconds = _Seconds(tempo)
    notes: list[tuple[float, Note]] = []
    start = 0
    for groove in _grooves(music):
        notes += [(max(0.0, seconds((start + note.position) / STEPS_PER_BEAT)), note) for note in groove]
        start += groove.steps
    return notes


def render(
    music: Groove | Iterable[Groove],
    path: str | os.PathLike[str],
    *,
    tempo: Tempo = 120.0,
    kit: str | DrumKit = "acoustic",
    sample_rate: int = 48000,
    tail: float = 2.0,
) -> Path:
    """Render a groove, or grooves one after the other, to a WAV file (24 bit, stereo) with SuperCollider.

    The same music gives the same file. Every note starts within one sample of its place. The file appears
    whole or not at all.

    Args:
        music: a groove, or grooves in their order.
        path: where to write; its name ends in .wav.
        tempo: 10..999 beats (quarter notes) a minute, or a tempo map.
        kit: one of `kits()`, or a DrumKit.
        sample_rate: 8000..192000 Hz.
        tail: 0..60 seconds after the last bar, for cymbals to ring.

    Returns:
        The path that was written.

    Raises:
        GrooveError: the embedded synth is not installed, the path can't be written, or a value is out of its
            range.

    >>> render(Groove.parse("bd sn"), "loop.wav", tempo=-1)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: tempo must be a number from 10 to 999, not -1
    """
    grooves = _grooves(music)
    notes = timed(grooves, tempo=tempo)
    end = _Seconds(tempo)(sum(groove.steps for groove in grooves) / STEPS_PER_BEAT)
    return render_timed(notes, path, end, kit=kit, sample_rate=sample_rate, tail=tail)


def render_timed(
    notes: Iterable[tuple[float, Note]],
    path: str | os.PathLike[str],
    seconds: float,
    *,
    kit: str | DrumKit = "acoustic",
    sample_rate: int = 48000,
    tail: float = 2.0,
) -> Path:
    """Render notes at times of their own to a WAV file; else as `render`.

    Args:
        notes: pairs of the time in seconds and the Note that sounds then.
        path: where to write; its name ends in .wav.
        seconds: how long the music lasts, without its tail.
        kit: one of `kits()`, or a DrumKit.
        sample_rate: 8000..192000 Hz.
        tail: 0..60 seconds after the music, for cymbals to ring.

    Returns:
        The path that was written.

    Raises:
        GrooveError: as `render`.
    """
    return render_kits({kit: notes}, path, seconds, sample_rate=sample_rate, tail=tail)


def render_kits(
    parts: Mapping[str | DrumKit, Iterable[tuple[float, Note]]],
    path: str | os.PathLike[str],
    seconds: float,
    *,
    sample_rate: int = 48000,
    tail: float = 2.0,
) -> Path:
    """Render what several kits play together to a WAV file; else as `render_timed`.

    They are mixed before the master, that of the first: the sum doesn't clip. Each closes its own open hats.

    Args:
        parts: of each kit, one at least, its notes: pairs of the time in seconds and the Note that sounds then.
        path: where to write; its name ends in .wav.
        seconds: how long the music lasts, without its tail.
        sample_rate: 8000..192000 Hz.
        tail: 0..60 seconds after the music, for cymbals to ring.

    Returns:
        The path that was written.

    Raises:
        GrooveError: there is no kit, or as `render`.

    >>> render_kits({}, "loop.wav", 1.0)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: there is no kit to render with
    """
    number("sample_rate", sample_rate, 8000, 192000)
    number("tail", tail, 0, 60)
    kits = [kit if isinstance(kit, DrumKit) else DrumKit(kit) for kit in parts]
    if not kits:
        raise GrooveError("there is no kit to render with")
    first, target = kits[0], Path(path)
    kits = [replace(kit, group=first.group + 10 * k, bus=first.bus) for k, kit in enumerate(kits)]
    if sample_rate != int(sample_rate):
        raise GrooveError(f"sample_rate must be a whole number of Hz, not {sample_rate!r}")
    if target.suffix.lower() != ".wav":
        raise GrooveError(f"the name of an audio file must end in .wav, not {target.name!r}")
    if importlib.util.find_spec("nanosynth") is None:
        raise GrooveError(f"WAV needs the embedded synth: {install('synth')}")

    end = seconds + tail
    size = math.floor(end * sample_rate) * BYTES_PER_FRAME
    if size > 2**32 - 2**16:
        raise GrooveError(f"{end / 3600:.1f} hours do not fit into a WAV file (4 GiB): render fewer bars")
    silence: Message = ("/c_set", 0, 0)  # does nothing: its time is where the file ends
    setup = first.setup(seed=1)
    for kit in kits[1:]:
        setup += kit.setup(target=first.group)[:-1]  # the last is its master
    strokes = [event for kit, notes in zip(kits, parts.values(), strict=True) for event in score(notes, kit)]
    events = [(0.0, setup), *sorted(strokes, key=lambda event: event[0]), (end, [silence])]
    with replacing(target) as part:
        _scsynth(events, part, int(sample_rate))
        if part.stat().st_size < size:
            raise GrooveError(f"cannot write {target}: the file came out too short; is the disk full?")
    return target


def _grooves(music: Groove | Iterable[Groove]) -> Sequence[Groove]:
    grooves = [music] if isinstance(music, Groove) else list(music)
    if not grooves or not all(isinstance(groove, Groove) for groove in grooves):
        raise GrooveError("expected a Groove or a sequence of Grooves to play one after the other")
    return grooves


def _scsynth(events: list[Event], path: Path, sample_rate: int) -> None:
    """Render `events` to `path` in a child process; see `render_worker`."""
    # -P: a file named like a module in the working folder must not be imported instead of it.
    command = [sys.executable, "-P", str(Path(__file__).with_name("render_worker.py")), str(path), str(sample_rate)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    data = msgspec.msgpack.encode(events)
    child = subprocess.run(command, input=data, capture_output=True, env=environment, check=False)
    if child.returncode != 0:
        _log.error("the process that renders failed:\n%s", child.stderr.decode(errors="replace"))
        said = child.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {child.returncode}"]
        raise GrooveError(f"the embedded synth failed: {said[-1]}")
