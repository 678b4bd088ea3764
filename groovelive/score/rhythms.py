"""From a source to notes: what a text or a pattern has in two bars, on the grid for a model, or as it is written."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError
from ..grooves.grid import DEFAULT_VELOCITY, STEPS_PER_BAR, Note
from ..notation.parser import drums, on_grid, step_count
from ..notation.parser import notes as read_notes
from .edits import Exact, Notes, Rhythm, unpack

LOOP = 2  # bars
LOOP_STEPS = LOOP * STEPS_PER_BAR


@lru_cache(maxsize=1024)
def notes_in(source: Rhythm | Exact, bar: int, seed: int = 0, bars: int = LOOP) -> Notes:
    """Return the notes of a source in some bars.

    Args:
        source: of an `Exact` notes stay where they are written; those of a `Rhythm` go to the 16th grid as they do in
            `notation.parse`. All of them go round for ever.
        bar: the first bar, from 0.
        seed: decides what `?` and `|` do.
        bars: how many.

    >>> [note.step for note in notes_in(Rhythm(text="<x x*2>"), 1)]
    [0, 8, 16]
    >>> [(note.step, note.offset) for note in notes_in(Exact(text="hh*3"), 0, bars=1)]
    [(0, 0.0), (5, 0.3333333432674408), (10, 0.6666666865348816)]
    """
    if not source.text:
        return around(unpack(source.notes), source.steps, bar, bars)
    if isinstance(source, Rhythm) or on_grid(source.text):
        return read_notes(source.text, bars=bars, seed=seed, start=bar)
    notes = []
    for begin, _, (voice, velocity) in drums(source.text, seed=seed).query(bar, bar + bars):
        position = (begin - bar) * STEPS_PER_BAR
        step = int(position)
        loud = DEFAULT_VELOCITY if velocity is None else velocity
        notes.append(Note(step, voice, float(np.float32(loud)), float(np.float32(position - step))))
    return tuple(notes)


def check(source: Rhythm | Exact) -> None:
    """Raise a GrooveError where a source cannot be read; nothing in it is not an error."""
    if source.text:
        if source.notes or source.steps:
            raise GrooveError("a source has a text or notes, not both")
        notes_in(source, 0)
        steps = step_count(source.text)
        if steps > LOOP_STEPS and steps % STEPS_PER_BAR:
            whole = -(-steps // STEPS_PER_BAR) * STEPS_PER_BAR
            longer = f"{steps} steps are longer than {LOOP} bars ({LOOP_STEPS} steps)"
            raise GrooveError(f"{longer}, and no whole bars; write {whole} steps")
        return
    if not source.steps or source.steps % STEPS_PER_BAR:
        raise GrooveError(f"notes come in whole bars of {STEPS_PER_BAR} steps, not in {source.steps}")
    for note in unpack(source.notes):
        if note.step >= source.steps:
            raise GrooveError(f"a note at step {note.step} lies outside the {source.steps} steps")


def around(notes: Notes, steps: int, bar: int, bars: int) -> Notes:
    """Return so many bars, from a bar on, of notes that go round."""
    start, end = bar * STEPS_PER_BAR, (bar + bars) * STEPS_PER_BAR
    found = []
    for turn in range(start // steps, -(-end // steps)):
        for note in notes:
            step = note.step + turn * steps
            if start <= step < end:
                found.append(note._replace(step=step - start))
    return tuple(found)


def tap_of(notes: Notes) -> NDArray[np.float32]:
    """Return the tap (32, 3) of two bars: at each step the loudest note's hit, velocity and offset.

    >>> tap_of((Note(4, 0, 0.5, 0.25),))[4].tolist()
    [1.0, 0.5, 0.25]
    """
    tap = np.zeros((LOOP_STEPS, 3), np.float32)
    for step, _, velocity, offset in notes:
        if offset > 0.5:  # nearer to the next step
            step, offset = (step + 1) % LOOP_STEPS, offset - 1
        if not tap[step, 0] or velocity > tap[step, 1]:
            tap[step] = 1, velocity, offset
    return tap
