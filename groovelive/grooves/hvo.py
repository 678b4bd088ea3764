"""Hits, velocities and offsets (HVO): the three arrays of a groove, checked, cut into bars and read as notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GrooveError
from .grid import DEFAULT_VELOCITY, STEPS_PER_BAR, VOICES, Note, voice_indices

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

ROUNDING = 1e-6  # what arithmetic may put a value beyond its range


@runtime_checkable
class HVO(Protocol):
    """Whatever has the three arrays (steps, 9) of a groove: a Groove, or some of its bars."""

    @property
    def hits(self) -> Array:
        """1 where a voice hits, else 0."""

    @property
    def velocities(self) -> Array:
        """0..1; 0 where there is no hit."""

    @property
    def offsets(self) -> Array:
        """-0.5..0.5 of a step, negative is early; 0 where there is no hit."""


class Cells(NamedTuple):
    """The three arrays alone, as they are cut out of a groove; an `HVO`."""

    hits: Array
    velocities: Array
    offsets: Array


def arrays(groove: HVO) -> Cells:
    """Return hits, velocities and offsets."""
    return Cells(groove.hits, groove.velocities, groove.offsets)


def bar_count(groove: HVO) -> int:
    """Return how many bars of 4/4 a groove lasts."""
    return len(groove.hits) // STEPS_PER_BAR


def cut(groove: HVO, first: int, stop: int) -> Cells:
    """Return the bars of a groove from `first` up to, and without, `stop`.

    >>> ones = np.ones((64, 9), np.float32)
    >>> bar_count(cut(Cells(ones, ones, ones), 1, 3))
    2
    """
    steps = slice(first * STEPS_PER_BAR, stop * STEPS_PER_BAR)
    return Cells(*(a[steps] for a in arrays(groove)))


def fitted(groove: HVO, steps: int) -> Cells:
    """Return the arrays of a groove, repeated or cut to `steps`."""
    return Cells(*(np.resize(a, (steps, len(VOICES))) for a in arrays(groove)))


def notes(groove: HVO) -> Iterator[Note]:
    """Yield the notes of a groove in the order of time; at one moment in the order of `VOICES`.

    >>> cells = Cells(*np.zeros((3, 16, 9), np.float32))
    >>> cells.hits[[4, 4], [2, 1]] = 1
    >>> [note.name for note in notes(cells)]
    ['snare', 'closed_hat']
    """
    step, voice = np.nonzero(groove.hits)
    velocity, offset = groove.velocities[step, voice], groove.offsets[step, voice]
    order = np.lexsort((voice, step + offset.astype(np.float64)))
    columns = (a[order].tolist() for a in (step, voice, velocity, offset))
    return map(Note, *columns)


def checked_array(values: ArrayLike, name: str) -> Array:
    """Return values as a float32 array of their own.

    Args:
        values: numbers in any shape.
        name: what the error calls them.

    Raises:
        GrooveError: they are no numbers, or NaN is among them.
    """
    try:
        array = np.array(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise GrooveError(f"{name} must be an array of numbers: {error}") from None
    if np.isnan(array).any():
        raise GrooveError(f"{name} must hold numbers, but NaN is among them")
    return array


def checked_range(values: ArrayLike, name: str, on: Mask, low: float, high: float) -> Array:
    """Return values zeroed where there is no hit.

    Args:
        values: one number for each cell of the grid.
        name: what the error calls them.
        on: (steps, 9), true where a voice hits.
        low: the least that is right at a hit.
        high: the most.

    Raises:
        GrooveError: the shape is not that of `on`, or a value at a hit lies outside.
    """
    array = checked_array(values, name)
    if array.shape != on.shape:
        raise GrooveError(f"{name} must have the shape of hits, {on.shape}, not {array.shape}")
    array = np.where(on, array, np.float32(0))
    if array.size and (array.min() < low - ROUNDING or array.max() > high + ROUNDING):
        found = f"{array.min():g} to {array.max():g}"
        raise GrooveError(f"{name} must lie from {low:g} to {high:g}; these go from {found}")
    return array.clip(low, high)


def hvo_of(notes: list[Note | tuple[Any, ...]], steps: int) -> NDArray[np.float64]:
    """Return hits, velocities and offsets (3, steps, 9) of notes; where two meet in a cell, the louder stays.

    Args:
        notes: Notes, or tuples (step, voice[, velocity[, offset]]), the voice an index or a name.
        steps: how many steps there are.

    Raises:
        GrooveError: a note lies outside `steps`, has no such voice, or holds what is no number. Velocities and offsets
            are not checked against their ranges.
    """
    rows = [_row(note) for note in notes]
    try:
        table = np.array(rows, np.float64).reshape(len(rows), 4)
    except (TypeError, ValueError):
        raise GrooveError("the step, voice, velocity and offset of a note must be numbers") from None
    if not np.isfinite(table).all():
        raise GrooveError("a note has a step, velocity or offset that is not a number")
    table = table[np.argsort(table[:, 2], kind="stable")]  # the louder is written later, and stays
    step, voice = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    if ((step != table[:, 0]) | (step < 0) | (step >= steps)).any():
        raise GrooveError(f"the step of a note must be a whole number from 0 to {steps - 1}")
    if ((voice != table[:, 1]) | (voice < 0) | (voice >= len(VOICES))).any():
        last = len(VOICES) - 1
        raise GrooveError(f"the voice of a note must be a name or a whole number from 0 to {last}")
    hvo = np.zeros((3, steps, len(VOICES)))
    hvo[0, step, voice] = 1
    hvo[1:, step, voice] = table[:, 2:].T
    return hvo


def _row(note: Note | tuple[Any, ...]) -> tuple[float, int, float, float]:
    if not isinstance(note, tuple) or not 2 <= len(note) <= 4:
        raise GrooveError(f"a note is a tuple (step, voice[, velocity[, offset]]), not {note!r}")
    step, voice, *rest = note
    velocity, offset = rest + [DEFAULT_VELOCITY, 0.0][len(rest) :]
    return step, one_voice(voice, "a note has one voice") if isinstance(voice, str) else voice, velocity, offset


def one_voice(name: str, rule: str) -> int:
    """Return the index of the one voice that a name stands for, or refuse a group and say the rule."""
    indices = voice_indices(name)
    if len(indices) != 1:
        raise GrooveError(f"{rule}; {name!r} is a group of {len(indices)}")
    return indices[0]
