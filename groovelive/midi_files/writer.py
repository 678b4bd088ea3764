"""Writing MIDI files: loops, songs and timed notes as one drum track, whole or not at all."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from mido import Message, MetaMessage, MidiFile, MidiTrack
from numpy.typing import NDArray

from ..checks import is_number, number, whole
from ..errors import GrooveError
from ..grooves.grid import STEPS_PER_BAR, STEPS_PER_BEAT, VOICES, Note
from ..grooves.groove import Groove
from ..runtime.atomic import replacing
from . import drum_maps
from .parser import HIGHEST_BPM, LOWEST_BPM

Tempo = float | Sequence[tuple[float, float]]
"""Beats per minute, or a map of (beat, beats per minute) that begins at beat 0."""

Music = Groove | Iterable[Groove] | Iterable[Note]

PPQ = 4800  # ticks per quarter: an offset comes back to within 1/1000 of a 16th, and 480 divides it

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def write(
    path: str | PathLike[str],
    music: Music,
    *,
    tempo: Tempo = 120.0,
    kit: drum_maps.DrumMapLike = "gm",
    note_length: float = 0.25,
    repeats: int = 1,
    channel: int = 10,
    ppq: int = PPQ,
    name: str = "groove",
) -> Path:
    """Write a groove, a song of grooves, or timed notes to a MIDI file; the arguments of `grooves_to_midi`.

    The file appears whole or not at all, see `runtime.atomic.replacing`.

    Returns:
        the path.

    Raises:
        GrooveError: an argument is wrong, or the file cannot be written.
    """
    data = grooves_to_midi(
        music, tempo=tempo, kit=kit, note_length=note_length, repeats=repeats,
        channel=channel, ppq=ppq, name=name,
    )  # fmt: skip
    with replacing(path) as part:
        part.write_bytes(data)
    return Path(path)


def grooves_to_midi(
    music: Music,
    *,
    tempo: Tempo = 120.0,
    kit: drum_maps.DrumMapLike = "gm",
    note_length: float = 0.25,
    repeats: int = 1,
    channel: int = 10,
    ppq: int = PPQ,
    name: str = "groove",
) -> bytes:
    """Return the bytes of a MIDI file (type 0, one track in 4/4) that plays `music`.

    The file ends on the bar line where the music ends. A note that anticipates the very first step would
    begin before the file does, and sounds at its beginning; at the seam of later repeats it is early as it
    should be. A note off never cuts the next note of the same pitch: it comes with it at the latest. Two
    notes of one pitch at the same moment are one, the louder.

    Args:
        music: a Groove; Grooves, to be played one after the other; or Notes with steps from the beginning,
            which last to the end of the bar of the last one.
        tempo: beats per minute, 3.6..10000, or a tempo map: (beat, beats per minute), the first at beat 0;
            tempos behind the end of the music are left out.
        kit: which note plays which voice, see `drum_maps.load`.
        note_length: length of a note in beats.
        repeats: how many times the music is played, at least 1.
        channel: MIDI channel, 1..16; drums are expected on 10.
        ppq: ticks per quarter note, 24..32767. With the default an offset keeps its value to within 1/1000
            of a step; velocities are always rounded to 1/127, and at least 1/127.
        name: the name of the track.

    Raises:
        GrooveError: an argument is out of its range, there is no music, or the kit lacks a voice.

    >>> data = grooves_to_midi(Groove.from_notes([(0, "kick"), (4, "snare")], steps=16), tempo=120, repeats=2)
    >>> data[:4], MidiFile(file=io.BytesIO(data)).length
    (b'MThd', 4.0)
    """
    channel = whole("channel", channel, 1, 16)
    repeats = whole("repeats", repeats, 1, 100_000)
    ppq = whole("ppq", ppq, 24, 32767)
    number("note_length", note_length, 0, unit="beats", above=True)
    tempos = _tempo_map(tempo)
    step, voice, velocity, offset, steps = _timed(music)
    step = (np.arange(repeats)[:, None] * steps + step).ravel()
    voice = np.tile(voice, repeats)
    velocity, offset = np.tile(velocity, repeats), np.tile(offset, repeats)

    pitches = drum_maps.load(kit).notes
    lacking = [VOICES[v] for v in np.unique(voice) if pitches[v] is None]
    if lacking:
        raise GrooveError(f"the kit {drum_maps.load(kit).name} has no note for {' and '.join(lacking)}")
    pitch = np.array([0 if p is None else p for p in pitches], np.int64)[voice]
    end = steps * repeats * ppq // STEPS_PER_BEAT
    on, off, pitch, velocity7 = _spans(
        _ticks(step, offset, ppq), pitch, np.clip(np.round(velocity * 127), 1, 127).astype(np.int64),
        max(1, round(note_length * ppq)), end,
    )  # fmt: skip

    # (tick, order at one tick, message): tempos first, then the notes that end, then those that begin
    events: list[tuple[int, int, Message | MetaMessage]] = [
        (round(beat * ppq), 0, MetaMessage("set_tempo", tempo=round(60e6 / bpm)))
        for beat, bpm in tempos
        if not beat or beat * ppq < end
    ]
    for begin, stop, key, loudness in zip(*(a.tolist() for a in (on, off, pitch, velocity7)), strict=True):
        events.append((begin, 2, Message("note_on", channel=channel - 1, note=key, velocity=loudness)))
        events.append((stop, 1, Message("note_off", channel=channel - 1, note=key)))
    events.sort(key=lambda event: event[:2])
    track = MidiTrack([MetaMessage("track_name", name=name), MetaMessage("time_signature")])
    now = 0
    for tick, _, message in [*events, (end, 3, MetaMessage("end_of_track"))]:
        message.time = tick - now
        track.append(message)
        now = tick
    data = io.BytesIO()
    MidiFile(type=0, ticks_per_beat=ppq, charset="utf-8", tracks=[track]).save(file=data)
    return data.getvalue()


def _timed(music: Music) -> tuple[Ints, Ints, Floats, Floats, int]:
    """Return steps, voices, velocities and offsets of all notes, and how many steps the music lasts."""
    items = [music] if isinstance(music, Groove) else list(music)
    grooves = [item for item in items if isinstance(item, Groove)]
    notes = [item for item in items if isinstance(item, Note)]
    if not items or len(items) not in (len(grooves), len(notes)):
        raise GrooveError("there is nothing to write; pass a Groove, a list of Grooves, or a list of Notes")
    if notes:
        return _from_notes(notes)
    steps, columns = 0, []
    for groove in grooves:
        step, voice = np.nonzero(groove.hits)
        columns.append((step + steps, voice, groove.velocities[step, voice], groove.offsets[step, voice]))
        steps += groove.steps
    step, voice = (np.concatenate([c[i] for c in columns]).astype(np.int64) for i in (0, 1))
    velocity, offset = (np.concatenate([c[i] for c in columns]).astype(np.float64) for i in (2, 3))
    return step, voice, velocity, offset, steps


def _from_notes(notes: list[Note]) -> tuple[Ints, Ints, Floats, Floats, int]:
    # Not through a Groove, which has one note a step and voice: flams and rolls are to be written too.
    step, voice, velocity, offset = np.array(notes, np.float64).T
    if not ((step >= 0) & (step == np.floor(step)) & (step < 2**31)).all():
        raise GrooveError("the step of a note must be a whole number from 0 on")
    if not np.isin(voice, range(len(VOICES))).all():
        raise GrooveError(f"the voice of a note must be a whole number from 0 to {len(VOICES) - 1}")
    if not ((velocity >= 0) & (velocity <= 1)).all():
        raise GrooveError("the velocity of a note must lie from 0 to 1")
    if not (abs(offset) <= 0.5).all():
        raise GrooveError("the offset of a note must lie from -0.5 to 0.5 of a step")
    bars = int(step.max()) // STEPS_PER_BAR + 1
    return step.astype(np.int64), voice.astype(np.int64), velocity, offset, bars * STEPS_PER_BAR


def _ticks(step: Ints, offset: Floats, ppq: int) -> Ints:
    """Return the times of notes in ticks, each nearer to its own step than to the next one, none before 0."""
    per_step = ppq / STEPS_PER_BEAT
    tick = np.round((step + offset) * per_step)
    tick = np.clip(tick, np.ceil((step - 0.5) * per_step), np.ceil((step + 0.5) * per_step) - 1)
    return np.maximum(tick, 0).astype(np.int64)


def _spans(tick: Ints, pitch: Ints, velocity: Ints, length: int, end: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Return beginnings, ends, pitches and velocities of notes; none overlaps the next of its pitch."""
    order = np.lexsort((velocity, tick, pitch))
    tick, pitch, velocity = tick[order], pitch[order], velocity[order]
    louder_follows = np.zeros(len(tick), bool)
    louder_follows[:-1] = (tick[1:] == tick[:-1]) & (pitch[1:] == pitch[:-1])
    tick, pitch, velocity = tick[~louder_follows], pitch[~louder_follows], velocity[~louder_follows]
    off = np.minimum(tick + length, end)
    same = pitch[1:] == pitch[:-1]
    off[:-1][same] = np.minimum(off[:-1], tick[1:])[same]
    return tick, off, pitch, velocity


def _tempo_map(tempo: Tempo) -> list[tuple[float, float]]:
    try:
        tempos: Any = [(0.0, tempo)] if is_number(tempo) else tempo
        pairs = [(float(beat), float(bpm)) for beat, bpm in tempos]
    except (TypeError, ValueError):
        raise GrooveError(f"tempo must be a number or a list of (beat, BPM), not {tempo!r}") from None
    if not pairs or pairs[0][0] != 0:
        raise GrooveError("a tempo map begins with a tempo at beat 0")
    for beat, bpm in pairs:
        number("a tempo", bpm, LOWEST_BPM, HIGHEST_BPM, "BPM")
        number("the beat of a tempo", beat)
    if any(a >= b for (a, _), (b, _) in itertools.pairwise(pairs)):
        raise GrooveError("the beats of a tempo map must rise")
    return pairs
