"""Moves: what is done to the notes of some bars, each a function of the loop, the bar and a seeded chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..errors import GrooveError, closest
from ..grooves.grid import STEPS_PER_BAR, VOICES, Note
from .edits import Move, Notes
from .rhythms import LOOP_STEPS

_SNARE, _KICK, _CRASH = VOICES.index("snare"), VOICES.index("kick"), VOICES.index("crash")
_HATS = {VOICES.index("closed_hat"), VOICES.index("open_hat"), VOICES.index("ride")}
_DOWN = ("snare", "high_tom", "mid_tom", "low_tom")  # the way a fill goes


class Bar(NamedTuple):
    """A bar that a move is made in: its number from 0, its first step in the loop (0 or 16), and its chance."""

    number: int
    start: int
    chance: np.random.Generator


def _note(note: Note, position: float, velocity: float | None = None) -> Note:
    """Return a note at another position in the loop, in steps."""
    step = int(np.floor(position + 0.5))
    loud = note.velocity if velocity is None else min(max(velocity, 0.0), 1.0)
    return Note(step % LOOP_STEPS, note.voice, loud, position - step)


def rotate(notes: Notes, bar: Bar, amount: float = 1 / 16) -> Notes:
    """Later by `amount` bars (earlier, if negative), around the loop of two bars."""
    return tuple(_note(n, n.step + n.offset + amount * STEPS_PER_BAR) for n in notes)


def reverse(notes: Notes, bar: Bar) -> Notes:
    """The bar backwards."""
    last = 2 * bar.start + STEPS_PER_BAR - 1
    inside = bar.start, bar.start + STEPS_PER_BAR
    return tuple(
        Note(last - n.step, n.voice, n.velocity, max(-n.offset, -0.5)) if inside[0] <= n.step < inside[1] else n
        for n in notes
    )


def stutter(notes: Notes, bar: Bar, times: float = 2) -> Notes:
    """Every hit `times` times within its 16th, softer and softer."""
    count = int(times)
    return tuple(
        Note(n.step, n.voice, n.velocity * 0.8**k, min(n.offset + k / count, 1.0)) for n in notes for k in range(count)
    )


def degrade(notes: Notes, bar: Bar, p: float = 0.5) -> Notes:
    """Each hit dropped with probability `p`; what a smaller `p` drops, a larger does too."""
    draws = bar.chance.random((LOOP_STEPS, len(VOICES)))
    return tuple(n for n in notes if draws[n.step, n.voice] >= p)


def double(notes: Notes, bar: Bar) -> Notes:
    """Double time: the loop in one bar, twice."""
    half = [(n, (n.step + n.offset) / 2) for n in notes]
    return tuple(_note(n, at + turn) for turn in (0, STEPS_PER_BAR) for n, at in half)


def halve(notes: Notes, bar: Bar) -> Notes:
    """Half time: the first bar of the loop over two."""
    return tuple(_note(n, 2 * (n.step + n.offset)) for n in notes if n.step < STEPS_PER_BAR)


def louder(notes: Notes, bar: Bar, factor: float = 1.25) -> Notes:
    """Velocities times `factor`; below 1 it is softer."""
    return tuple(n._replace(velocity=min(n.velocity * factor, 1.0)) for n in notes)


def fill(notes: Notes, bar: Bar, length: float = 0.5) -> Notes:
    """A fill over the last `length` of the bar: from the snare down the toms, louder and louder, over the same kick.

    Which 16ths are played, and where the toms turn, is drawn anew in every bar.
    """
    steps = max(1, min(round(length * STEPS_PER_BAR), STEPS_PER_BAR))
    first = bar.start + STEPS_PER_BAR - steps
    kept = [n for n in notes if not first <= n.step < first + steps or n.voice == _KICK]
    played = bar.chance.random(steps) < 0.8
    played[::4] = True
    turns = np.sort(bar.chance.random(len(_DOWN) - 1) * 0.5 + np.linspace(0.1, 0.6, len(_DOWN) - 1))
    for k in range(steps):
        if played[k]:
            voice = VOICES.index(_DOWN[int(np.searchsorted(turns, k / steps, side="right"))])
            swell = 0.5 + 0.45 * k / steps + (0.05 if k % 4 == 0 else 0.0)
            kept.append(Note(first + k, voice, float(np.float32(min(swell, 1.0))), 0.0))
    return tuple(kept)


def crash(notes: Notes, bar: Bar, velocity: float = 0.9) -> Notes:
    """A crash, and a kick under it, on the first beat of the bar."""
    others = [n for n in notes if (n.step, n.voice) not in ((bar.start, _CRASH), (bar.start, _KICK))]
    return (*others, Note(bar.start, _CRASH, velocity, 0.0), Note(bar.start, _KICK, velocity, 0.0))


def without(notes: Notes, bar: Bar, *voices: float) -> Notes:
    """The bar without some voices, by their indices."""
    return tuple(n for n in notes if n.voice not in voices)


class Doing(NamedTuple):
    """A move by its name: what it does, and the range of its amount; None: it takes none."""

    do: Callable[..., Notes]
    low: float | None = None
    high: float | None = None
    many: bool = False


DOINGS: dict[str, Doing] = {
    "rotate": Doing(rotate, -2, 2),
    "reverse": Doing(reverse),
    "stutter": Doing(stutter, 2, 8),
    "degrade": Doing(degrade, 0, 1),
    "double": Doing(double),
    "halve": Doing(halve),
    "louder": Doing(louder, 0, 4),
    "fill": Doing(fill, 1 / 16, 1),
    "crash": Doing(crash, 0, 1),
    "without": Doing(without, 0, len(VOICES) - 1, many=True),
}


def check(move: Move) -> None:
    """Raise a GrooveError where there is no such move, or its numbers are out of range."""
    doing = DOINGS.get(move.what)
    if doing is None:
        raise GrooveError(f"there is no move {move.what!r}{closest(move.what, DOINGS)}; moves are {', '.join(DOINGS)}")
    if move.when == "sometimes":
        if not 0 <= move.n <= 1:
            raise GrooveError(f"sometimes takes a probability from 0 to 1, not {move.n:g}")
    elif move.n != int(move.n) or not 1 <= move.n <= 1024:
        raise GrooveError(f"{move.when} takes a whole number of bars from 1 to 1024, not {move.n:g}")
    if not move.amount:
        return
    low, high = doing.low, doing.high
    if low is None or high is None or (len(move.amount) > 1 and not doing.many):
        takes = "no number" if low is None else "one number"
        raise GrooveError(f"{move.what} takes {takes}, not {len(move.amount)}")
    for amount in move.amount:
        if not low <= amount <= high:
            raise GrooveError(f"the number of {move.what} must lie from {low:g} to {high:g}, not {amount:g}")


def applies(move: Move, number: int, draw: Callable[[], float]) -> bool:
    """Return whether a move is made in a bar, numbered from 0; `draw` gives the bar's chance 0..1."""
    if move.when == "every":
        return number % int(move.n) == 0
    if move.when == "last_of":
        return (number + 1) % int(move.n) == 0
    return draw() < move.n
