"""What drummers play as the notes of a clip: times from its beginning, and the model's own chances where asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..grooves.grid import STEPS_PER_BEAT
from ..grooves.groove import Groove
from .notes import DURATION, LiveNote, notes_of, thin

VARIED = 0.5  # of its velocity, by which Live may vary a note that is unsure
_LEAST = 0.05  # chance of a note that is played, whatever the model thinks

Pads = Sequence[int | None]
Floats = NDArray[np.float32]


class PlayedNote(Protocol):
    """A note as it is played: `score.events.Event` is one."""

    @property
    def beat(self) -> float: ...
    @property
    def voice(self) -> int: ...
    @property
    def velocity(self) -> float: ...
    @property
    def step(self) -> int: ...
    @property
    def nudge(self) -> float: ...


def notes_in(found: Iterable[PlayedNote], begin: float, beats: float, pads: Pads, bpm: float) -> list[LiveNote]:
    """Return the notes of a loop that begins at a beat, for its clip; what sounds before the line goes to its end.

    >>> from groovelive.score.events import Event
    >>> notes = notes_in([Event(3.9375, "d1", 0, 1.0, 16), Event(6.0, "d1", 1, 0.5, 24)], 4.0, 4.0, (36, 38), 120.0)
    >>> [(note.pitch, note.start, note.velocity) for note in notes]
    [(38, 2.0, 63.5), (36, 3.9375, 127.0)]
    """
    notes = []
    for event in found:
        pitch = pads[event.voice]
        if pitch is None:
            continue
        start = (event.beat + event.nudge * bpm / 60 - begin) % beats
        velocity = min(max(127.0 * event.velocity, 1.0), 127.0)
        notes.append(LiveNote(pitch, start, min(DURATION, beats - start), velocity))
    return thin(note for note in notes if note.duration > 0)


def unsure(found: Iterable[PlayedNote], begin: float, beats: float, pads: Pads, chances: Floats) -> list[LiveNote]:
    """Return the notes of a loop with the model's probabilities, (32, 9) by the steps of a drummer's loop of two bars.

    Likely notes are added, and each may vary in velocity by as much as it is unsure.
    """
    steps, first = round(beats * STEPS_PER_BEAT), round(begin * STEPS_PER_BEAT)
    rows = {}
    for event in found:
        step = event.step - first
        offset = min(max(event.beat * STEPS_PER_BEAT - event.step, -0.5), 0.5)
        rows[step, event.voice] = (step, event.voice, event.velocity, offset)
    table = chances[(first + np.arange(steps)) % len(chances)]
    groove = Groove.from_notes(rows.values(), steps=steps)
    notes = notes_of(groove, pads, probabilities=np.maximum(table, _LEAST * groove.hits))
    return [n._replace(deviation=-round(VARIED * (1 - n.probability) * n.velocity) + 0.0) for n in notes]
