"""Notes of a clip, and what they are as a groove: both ways, with micro-timing, velocities and chances."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GrooveError
from ..grooves.grid import GM_NOTES, STEPS_PER_BAR, STEPS_PER_BEAT, VOICES, voice_indices
from ..grooves.groove import Groove
from ..midi_files.drum_maps import DrumMap, DrumMapLike, load

RECORD = struct.Struct(">BB2d4f")  # docs/ableton-protocol.md
MOST = 20_000
SHORTEST = 1 / 64  # beats: of two notes of a pitch that are nearer than this the louder stays
DURATION = 0.25  # beats of a drum's note
LEAST = 0.1  # chances below it are left out
GHOST = 0.6  # velocity of what is only likely, of the voice's mean

PadMap = Mapping[str, int] | Sequence[int | None]
"""The note that each voice plays: by name, or nine in the order of `VOICES`, None for none."""


class LiveNote(NamedTuple):
    """A note of a clip, with all that Live's API knows of it.

    Args:
        pitch: 0..127; start, duration: in beats, the start from the clip's own beat 0, below which it may lie.
        velocity: 1..127; probability: 0..1; deviation: -127..127, by which Live may vary the velocity.
        release: 0..127, the release velocity.
    """

    pitch: int
    start: float
    duration: float = DURATION
    velocity: float = 100.0
    muted: bool = False
    probability: float = 1.0
    deviation: float = 0.0
    release: float = 64.0


def pack(notes: Iterable[LiveNote]) -> bytes:
    """Return notes as the records of the protocol.

    Raises:
        GrooveError: a note has a value that no clip takes, or there are more than 20,000.

    >>> len(pack([LiveNote(36, 0.0), LiveNote(38, 1.0)]))
    68
    >>> pack([LiveNote(36, 0.0, velocity=0)])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: note 0 has the velocity 0, not one from 1 to 127
    """
    records = [_record(number, note) for number, note in enumerate(notes)]
    if len(records) > MOST:
        raise GrooveError(f"a clip is given at most {MOST:,} notes, not {len(records):,}")
    return b"".join(records)


_RANGES = (("pitch", 0, 0, 127), ("velocity", 3, 1, 127), ("probability", 5, 0, 1), ("deviation", 6, -127, 127),
           ("release", 7, 0, 127))  # fmt: skip


def _record(number: int, note: LiveNote) -> bytes:
    for name, index, low, high in _RANGES:
        if not low <= note[index] <= high:  # NaN, too, is not
            raise GrooveError(f"note {number} has the {name} {note[index]:g}, not one from {low} to {high}")
    if not (abs(note.start) <= 1e6 and 0 < note.duration <= 1e6):
        raise GrooveError(
            f"note {number} starts at {note.start:g} and lasts {note.duration:g} beats; a start lies within a million "
            "beats, and a duration is above 0"
        )
    floats = (value + 0.0 for value in (note.start, note.duration, note.velocity, *note[5:]))  # no -0.0: hashes differ
    return RECORD.pack(note.pitch, bool(note.muted), *floats)


def unpack(blob: bytes) -> list[LiveNote]:
    """Return the notes of records.

    >>> unpack(pack([LiveNote(36, 0.5, probability=0.25)]))[0].probability
    0.25
    """
    return [
        LiveNote(pitch, start, duration, velocity, bool(flags & 1), *rest)
        for pitch, flags, start, duration, velocity, *rest in RECORD.iter_unpack(blob)
    ]


def digest(notes: Iterable[LiveNote]) -> str:
    """Return the hash that the script gives a clip which holds exactly these notes.

    >>> digest([LiveNote(38, 1.0), LiveNote(36, 0.0)]) == digest([LiveNote(36, 0.0), LiveNote(38, 1.0)])
    True
    """
    rows = sorted(unpack(pack(notes)), key=lambda n: (n.start, n.pitch, n.muted, *n[2:4], *n[5:]))
    return hashlib.sha1(pack(rows)).hexdigest()[:16]


def thin(notes: Iterable[LiveNote], shortest: float = SHORTEST) -> list[LiveNote]:
    """Return notes of which no two of one pitch overlap, in the order of time: in Live one would cut the other.

    An earlier note ends where the next of its pitch begins; of two that begin within `shortest` beats the louder stays.

    >>> [(n.start, n.duration) for n in thin([LiveNote(36, 0.0, 1.0), LiveNote(36, 0.5, 1.0)])]
    [(0.0, 0.5), (0.5, 1.0)]
    >>> thin([LiveNote(36, 0.0, velocity=90), LiveNote(36, 0.001, velocity=100)])[0].velocity
    100
    """
    kept: list[LiveNote] = []
    last: dict[int, int] = {}
    for note in sorted(notes, key=lambda n: (n.start, n.pitch, -n.velocity)):
        at = last.get(note.pitch)
        if at is not None:
            before = kept[at]
            if note.start - before.start < shortest:
                if note.velocity > before.velocity:
                    kept[at] = note
                continue
            kept[at] = before._replace(duration=min(before.duration, note.start - before.start))
        last[note.pitch] = len(kept)
        kept.append(note)
    return sorted(kept, key=lambda n: (n.start, n.pitch))


def notes_of(
    groove: Groove, pads: PadMap = GM_NOTES, *, duration: float = DURATION, probabilities: ArrayLike | None = None,
    least: float = LEAST, deviation: float = 0.0,
) -> list[LiveNote]:  # fmt: skip
    """Return a groove as the notes of a clip that is as long as the groove.

    A note that is early at step 0 lies at the end of the clip: it sounds before the loop begins again.

    Args:
        pads: the note of each voice; a voice without one is left out.
        duration: in beats, shortened where the same pad is hit again.
        probabilities: (steps, 9), the model's chance of each cell. Each hit then has its chance, and cells without a
            hit of at least `least` are added, softer, so that Live varies the loop by itself.
        deviation: by which Live varies velocities, -127..127.

    >>> groove = Groove.from_notes([(0, "kick", 1.0, -0.25), (4, "snare", 0.5, 0.1)], steps=16)
    >>> [(n.pitch, round(n.start, 4), n.velocity) for n in notes_of(groove)]
    [(38, 1.025, 63.5), (36, 3.9375, 127.0)]
    """
    pitches = pitches_of(pads)
    hits, velocities, chances = groove.hits, groove.velocities, np.ones_like(groove.hits)
    if probabilities is not None:
        chances = np.asarray(probabilities, np.float32)
        if chances.shape != hits.shape or not ((chances >= 0) & (chances <= 1)).all():
            raise GrooveError(f"probabilities are {hits.shape} numbers from 0 to 1, not {chances.shape}")
        mean = velocities.sum(axis=0) / np.maximum(hits.sum(axis=0), 1)
        mean = np.where(mean > 0, mean, 0.5)
        velocities = np.where(hits == 1, velocities, GHOST * mean).astype(np.float32)
        hits = ((hits == 1) | (chances >= least)).astype(np.float32)
    beats = groove.steps / STEPS_PER_BEAT
    found = []
    for step, voice in zip(*np.nonzero(hits), strict=True):
        pitch = pitches[voice]
        if pitch is None:
            continue
        start = (float(step) + float(groove.offsets[step, voice])) / STEPS_PER_BEAT
        start = (start + beats) % beats  # early by less than a float can tell it is on the line
        velocity = min(127.0, max(1.0, float(velocities[step, voice]) * 127.0))
        lasts, chance = max(SHORTEST, min(duration, beats - start)), float(chances[step, voice])
        found.append(LiveNote(pitch, start, lasts, velocity, False, chance, deviation))
    return thin(found)


def groove_of(
    notes: Iterable[LiveNote], loop: tuple[float, float], pads: PadMap | None = None, *, kit: DrumMapLike = "common"
) -> tuple[Groove, int]:
    """Return the drums of a clip's loop as a groove, and how many of its notes are no drum.

    Times are relative to the loop; what lies outside it, and what is muted, is passed over. Notes less than a 32nd
    before the end belong to the first step. A loop that is no whole number of bars goes round until its last bar is
    full.

    Args:
        loop: (start, end) in beats.
        pads: the note of each voice; a note that is none of them is looked up in `kit`.

    >>> groove, other = groove_of([LiveNote(36, 7.9, velocity=127), LiveNote(60, 0.0)], (0.0, 8.0))
    >>> [(n.step, n.name, round(n.offset, 3)) for n in groove], groove.bars, other
    ([(0, 'kick', -0.4)], 2, 1)
    """
    named = {} if pads is None else {pitch: voice for voice, pitch in enumerate(pitches_of(pads)) if pitch is not None}
    drums: DrumMap = load(kit)
    rows, other = [], 0
    steps, cells = _cells(notes, loop)
    for step, offset, note in cells:
        voice = named.get(note.pitch, drums.voice_of(note.pitch))
        if voice is None:
            other += 1
        else:
            rows.append((step, voice, note.velocity / 127.0, offset))
    return Groove.from_notes(rows, steps=steps), other


def tap_of(notes: Iterable[LiveNote], loop: tuple[float, float], steps: int | None = None) -> NDArray[np.float32]:
    """Return the rhythm of any clip's loop, whatever instrument it is for: at each step its loudest note.

    Args:
        loop: (start, end) in beats.
        steps: how long the tap is, over which the loop goes round or is cut; by default whole bars.

    Returns:
        (steps, 3) float32: hit, velocity, offset.

    >>> tap_of([LiveNote(40, 4.0, 2.0, 64), LiveNote(52, 5.5, 0.5, 127)], (4.0, 8.0))[[0, 6]].round(2).tolist()
    [[1.0, 0.5, 0.0], [1.0, 1.0, 0.0]]
    """
    steps, cells = _cells(notes, loop, steps)
    tap = np.zeros((steps, 3), np.float32)
    for step, offset, note in cells:
        velocity = note.velocity / 127.0
        if not tap[step, 0] or velocity > tap[step, 1]:
            tap[step] = 1.0, velocity, offset
    return tap


def _cells(
    notes: Iterable[LiveNote], loop: tuple[float, float], steps: int | None = None
) -> tuple[int, list[tuple[int, float, LiveNote]]]:
    """Return how many steps there are, and the step and the offset of each note that sounds in them."""
    start, end = loop
    if not (math.isfinite(start) and math.isfinite(end) and start < end):
        raise GrooveError(f"a loop begins before it ends, not at {start:g} and {end:g}")
    length = (end - start) * STEPS_PER_BEAT
    if length < 1 - 1e-9:
        raise GrooveError(f"a loop of {end - start:g} beats has no rhythm: it lasts at least a 16th")
    if steps is None:
        steps = max(1, math.ceil(length / STEPS_PER_BAR - 1e-9)) * STEPS_PER_BAR
    found = []
    for note in notes:
        if note.muted or not start <= note.start < end or note.probability < 0.5:
            continue
        position = (note.start - start) * STEPS_PER_BEAT
        while position < steps:
            step = math.floor(position + 0.5)
            if step < steps:
                found.append((step, position - step, note))
            elif math.isclose(steps % length, 0.0, abs_tol=1e-6) or math.isclose(steps % length, length, abs_tol=1e-6):
                found.append((0, position - step, note))  # early for the first step of the next loop
            position += length
    return steps, found


def pitches_of(pads: PadMap) -> tuple[int | None, ...]:
    """Return the note of each voice, None for none, in the order of `VOICES`.

    >>> pitches_of({"kick": 36, "hh": 42})[:3]
    (36, None, 42)
    """
    if isinstance(pads, Mapping):
        by_voice: dict[int, int] = {}
        for name, pitch in pads.items():
            by_voice.update(dict.fromkeys(voice_indices(name), pitch))
        pitches: tuple[int | None, ...] = tuple(by_voice.get(index) for index in range(len(VOICES)))
    else:
        pitches = tuple(pads)
    if len(pitches) != len(VOICES):
        raise GrooveError(f"a pad map has {len(VOICES)} notes, one for each voice, not {len(pitches)}")
    for voice, note in zip(VOICES, pitches, strict=True):
        if note is not None and not 0 <= note <= 127:
            raise GrooveError(f"the note of {voice} is one from 0 to 127, not {note}")
    return pitches
