"""Rhythms as text: Tidal's mini-notation and step strings, for drums and for any other value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np

from ..checks import whole
from ..errors import GrooveError, closest
from ..grooves.grid import DEFAULT_VELOCITY, SHORT, STEPS_PER_BAR, VOICES, Note
from ..grooves.groove import Groove
from . import mini, step_strings
from .caret import NotationError
from .pattern import PatternEvent, TimePattern

__all__ = [
    "DRUMS", "DrumHit", "NotationError", "PatternEvent", "TimePattern", "drum", "notes", "number", "parse", "pattern",
    "value", "word",
]  # fmt: skip

T = TypeVar("T")

MAX_BARS = 256

# Names from Tidal's and Strudel's sample sets that this kit has no voice for go to the nearest one.
_ALIASES: dict[str, tuple[str, ...]] = {
    "kick": ("kd", "bassdrum"),
    "snare": ("sd", "cp", "clap", "rim", "rs"),
    "closed_hat": ("x", "ch", "hc", "hat", "sh", "tb"),
    "open_hat": ("ho",),
    "crash": ("cc",),
    "ride": ("cb",),
}
DRUMS: dict[str, int] = {
    **{name: voice for names in (VOICES, SHORT) for voice, name in enumerate(names)},
    **{alias: VOICES.index(name) for name, aliases in _ALIASES.items() for alias in aliases},
}


class DrumHit(NamedTuple):
    """A drum in a pattern: the index of its voice, and its velocity 0..1 (None where the text gives none)."""

    voice: int
    velocity: float | None = None


def drum(name: str) -> DrumHit:
    """Return the drum that a word of mini-notation stands for; `x` is the tap's voice, `X` its accent.

    Raises:
        GrooveError: there is no such drum; the message offers the closest.

    >>> drum("sn"), drum("ho"), drum("X")
    (DrumHit(voice=1, velocity=None), DrumHit(voice=3, velocity=None), DrumHit(voice=2, velocity=1.0))
    """
    if name == "X":
        return DrumHit(DRUMS["x"], step_strings.VELOCITIES["X"])
    voice = DRUMS.get(name.lower())
    if voice is not None:
        return DrumHit(voice)
    plain, colon, _ = name.partition(":")
    if colon and plain.lower() in DRUMS:
        raise GrooveError(f"a voice has one sound and no sample numbers; write {plain!r} instead of {name!r}")
    raise GrooveError(f"unknown drum {name!r}{closest(name, DRUMS)}; drums are {' '.join(SHORT)}")


def number(text: str) -> float:
    """Return the number that a word of mini-notation stands for; 1%3 is a third.

    Raises:
        GrooveError: it is not a number.

    >>> number(".5"), number("-3"), number("1%4")
    (0.5, -3.0, 0.25)
    """
    over, ratio, under = text.partition("%")
    try:
        return float(over) / float(under) if ratio else float(over)
    except (ValueError, ZeroDivisionError):
        raise GrooveError(f"{text!r} is not a number") from None


def word(text: str) -> str:
    """Return a word of mini-notation as it stands.

    >>> word("funk")
    'funk'
    """
    return text


def value(text: str) -> float | str:
    """Return a word of mini-notation as a number if it is one, else as it stands.

    >>> value(".5"), value("funk")
    (0.5, 'funk')
    """
    try:
        return number(text)
    except GrooveError:
        return text


@overload
def pattern(text: str, *, seed: int = ...) -> TimePattern[float | str]: ...
@overload
def pattern(text: str, atom: Callable[[str], T], *, seed: int = ...) -> TimePattern[T]: ...
def pattern(text: str, atom: Callable[[str], Any] = value, *, seed: int = 0) -> TimePattern[Any]:
    """Read mini-notation into a pattern that can be queried for any span of time.

    Args:
        text: mini-notation; see docs/notation.md.
        atom: what makes a value of each word: `value` (a number or a word), `number`, `word`, `drum`, or any
            function of a str that raises ValueError for what it does not know.
        seed: decides what `?` and `|` do; the same seed, cycle and position always decide alike.

    Raises:
        NotationError: the text cannot be read; it shows where.

    >>> density = pattern("<.3 .5 .5 .9>", number)
    >>> density.at(0), density.at(3.75)
    (0.3, 0.9)
    >>> [(str(event.begin), event.value) for event in pattern("rock jazz*2").query(0, 1)]
    [('0', 'rock'), ('1/2', 'jazz'), ('3/4', 'jazz')]
    """
    mark = _with_velocity if atom is drum else None
    return TimePattern(mini.read(_text(text), atom, mark, whole("seed", seed)), text)


def parse(text: str, *, bars: int = 2, seed: int = 0, start: int = 0) -> Groove:
    """Read a rhythm, as mini-notation or as a step string, into a Groove.

    A text is a step string if it holds only step characters (x X . - 0..9), '|' and white space and at
    least two of the former touch, or if it begins with a label ("bd: x...x..."). All else is mini-notation,
    of which one cycle is one bar. A note off the 16th grid goes to the nearest step and keeps its time as the
    offset. Half-way notes belong to the earlier step, or to the later one if the earlier is taken. Of two
    notes of one voice that meet in a step the louder stays; of equal ones, the one nearer to the grid. A note
    less than a 32nd before the end of the loop is the first step's, early.

    Args:
        text: the notation; see docs/notation.md.
        bars: length of the groove, 1..256.
        seed: decides what `?` and `|` do.
        start: the bar, from 0, with which the groove begins; of mini-notation, which may never repeat. A step string
            begins with itself.

    Raises:
        NotationError: the text cannot be read; it shows where.
        GrooveError: `bars` or `seed` is out of range or of the wrong type.

    >>> [(note.name, note.step) for note in parse("bd [~ sn]", bars=1)]
    [('kick', 0), ('snare', 12)]
    >>> parse("x..x..x.") == parse("x ~ ~ x ~ ~ x ~ x ~ ~ x ~ ~ x ~")
    True
    >>> [(note.step, round(note.offset, 2)) for note in parse("[hh hh hh]@1 ~@3", bars=1)]
    [(0, 0.0), (1, 0.33), (3, -0.33)]
    >>> parse("bd snn")
    Traceback (most recent call last):
    groovelive.notation.caret.NotationError: unknown drum 'snn' (did you mean 'sn'?); drums are ...
      bd snn
         ^^^
    """
    cells = _cells(text, bars, seed, start)
    hits, velocities, offsets = np.zeros((3, bars * STEPS_PER_BAR, len(VOICES)), np.float32)
    if cells:
        step, voice = np.array(list(cells)).T
        hits[step, voice] = 1
        velocities[step, voice], offsets[step, voice] = np.array(list(cells.values())).T
    return Groove(hits, velocities, offsets)


def notes(text: str, *, bars: int = 2, seed: int = 0, start: int = 0) -> tuple[Note, ...]:
    """Read a rhythm into its notes, in the order of time: those of the Groove that `parse` makes, in one step.

    Args:
        text: the notation; see docs/notation.md.
        bars: how many bars are read, 1..256.
        seed: decides what `?` and `|` do.
        start: the first bar, from 0, as in `parse`.

    Raises:
        NotationError: the text cannot be read; it shows where.
        GrooveError: `bars` or `seed` is out of range or of the wrong type.

    >>> [(note.name, note.step) for note in notes("bd, [~ sn]", bars=1)]
    [('kick', 0), ('snare', 8)]
    """
    found = [
        Note(step, voice, float(np.float32(velocity)), float(np.float32(offset)))
        for (step, voice), (velocity, offset) in _cells(text, bars, seed, start).items()
    ]
    return tuple(sorted(found, key=lambda note: (note.position, note.voice, note.step)))


def _cells(text: str, bars: int, seed: int, start: int) -> dict[tuple[int, int], tuple[float, float]]:
    """Return the velocity and the offset of each (step, voice) that a rhythm hits."""
    steps = whole("bars", bars, 1, MAX_BARS) * STEPS_PER_BAR
    if step_strings.is_step_string(_text(text)):
        rows = [(*row, 0.0) for row in step_strings.read(text, steps, lambda name: drum(name).voice)]
    else:
        first = whole("start", start)
        events = pattern(text, drum, seed=seed).query(first, first + bars)
        rows = _on_grid(events if not first else [e._replace(begin=e.begin - first) for e in events], steps)
    rows.sort(key=lambda row: (row[2], -abs(row[3])))  # what comes last stays
    return {(step, voice): (velocity, offset) for step, voice, velocity, offset in rows}


def _on_grid(events: Iterable[PatternEvent[DrumHit]], steps: int) -> list[tuple[int, int, float, float]]:
    rows: list[tuple[int, int, float, float]] = []
    halfway: list[tuple[int, int, float]] = []
    for begin, _, (voice, velocity) in events:
        loud = DEFAULT_VELOCITY if velocity is None else velocity
        under = begin.denominator
        step, rest = divmod(begin.numerator * STEPS_PER_BAR, under)
        if rest * 2 == under:
            halfway.append((step, voice, loud))
        elif rest * 2 > under:
            rows.append(((step + 1) % steps, voice, loud, rest / under - 1))
        else:
            rows.append((step, voice, loud, rest / under))
    taken = {(step, voice) for step, voice, _, _ in rows}
    for step, voice, loud in halfway:
        later = (step + 1) % steps
        if (step, voice) in taken and (later, voice) not in taken:
            taken.add((later, voice))
            rows.append((later, voice, loud, -0.5))
        else:
            taken.add((step, voice))
            rows.append((step, voice, loud, 0.5))
    return rows


def _with_velocity(hit: DrumHit, velocity: Fraction) -> DrumHit:
    return hit if hit.velocity is not None else DrumHit(hit.voice, float(velocity))


def _text(text: str) -> str:
    if not isinstance(text, str):
        raise GrooveError(f"a rhythm is written as text, not as {type(text).__name__}")
    return text
