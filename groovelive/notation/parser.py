"""Rhythms as text: Tidal's mini-notation and step strings, for drums and for any other value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, TypeVar, overload

import numpy as np

from ..checks import whole
from ..errors import GrooveError
from ..grooves.grid import DEFAULT_VELOCITY, STEPS_PER_BAR, VOICES, Note
from ..grooves.groove import Groove
from . import code, mini, play_strings, rings, step_strings, tabs
from .caret import NotationError
from .drums import DRUMS, DrumHit, drum, drum_or_rest, step_voice
from .nodes import Node
from .pattern import PatternEvent, TimePattern

__all__ = [
    "DRUMS",
    "DrumHit",
    "NotationError",
    "PatternEvent",
    "TimePattern",
    "bars_of",
    "drum",
    "drums",
    "notes",
    "number",
    "on_grid",
    "parse",
    "pattern",
    "step_count",
    "value",
    "word",
]  # fmt: skip

T = TypeVar("T")

MAX_BARS = 256


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
    if atom is drum:
        return drums(text, seed=seed)
    return TimePattern(mini.read(_text(text), atom, None, whole("seed", seed)), text)


def drums(text: str, *, seed: int = 0) -> TimePattern[DrumHit]:
    """Read a rhythm in any notation but a step string into a pattern of drums, which never ends.

    Args:
        text: a drum tab, a list of numbers, a play string or mini-notation, alone or in the code of its system, as in
            'sound("bd sn")'; see docs/notation.md.
        seed: decides what is random.

    Raises:
        NotationError: the text cannot be read; it shows where.

    >>> [(str(event.begin), event.value.voice) for event in drums("bd sn:3").query(0, 1)]
    [('0', 0), ('1/2', 1)]
    """
    found = code.unwrapped(_text(text))
    return TimePattern(_node(found, whole("seed", seed)), found.text)


def _node(found: code.Code, seed: int) -> Node:
    text = found.text
    if found.system == "play":
        return play_strings.read(text, seed)
    if not found.system:
        if tabs.is_tab(text):
            return tabs.read(text, step_voice)[0]
        if rings.is_ring(text):
            return rings.read(text, step_voice)
        if play_strings.is_play_string(text):
            return play_strings.read(text, seed)
    try:
        return mini.read(text, drum_or_rest, _with_velocity, seed, later=found.system == "strudel")
    except NotationError as error:
        if found.system or not play_strings.may_be_play_string(text):
            raise
        reason = f"{error.reason}; as FoxDot's play string it is written play({text!r})"
        raise NotationError(reason, text, error.position, error.length) from None


def on_grid(text: str) -> bool:
    """Return whether a rhythm is a step string, whose notes all lie on the grid of 16ths.

    >>> on_grid("x..x..x."), on_grid("x(3,8)")
    (True, False)
    """
    return _is_step_string(code.unwrapped(_text(text)))


def step_count(text: str) -> int:
    """Return the length of the longest line of a step string, in steps; 0 for another notation.

    >>> step_count("bd: x...; sn: ....x..."), step_count("bd sn")
    (8, 0)
    """
    found = code.unwrapped(_text(text))
    return len(step_strings.bars_of(found.text, step_voice)[1].steps) if _is_step_string(found) else 0


def bars_of(text: str) -> int:
    """Return how many bars a rhythm needs to be there as a whole: one, or as many as a step string or a tab has.

    Raises:
        NotationError: the text cannot be read; it shows where.

    >>> bars_of("x..x..x."), bars_of("x" * 48), bars_of("bd <sn hh>")
    (1, 3, 1)
    """
    return _written(text)[0]


def _written(text: str) -> tuple[int, str, int, int]:
    """Return the bars of a rhythm, how many steps that are in words, and where in the text they stand."""
    found = code.unwrapped(_text(text))
    if _is_step_string(found):
        bars, line = step_strings.bars_of(found.text, step_voice)
        return bars, f"{len(line.steps)} steps", line.begin, line.end - line.begin
    if not found.system and tabs.is_tab(found.text):
        return tabs.read(found.text, step_voice)[1], "the bars of this tab", 0, 1
    return 1, "", 0, 1


def parse(text: str, *, bars: int = 2, seed: int = 0, start: int = 0) -> Groove:
    """Read a rhythm, as mini-notation or as a step string, into a Groove.

    A text is a step string if it holds only step characters (x X . - 0..9), '|' and white space and at
    least two of the former touch, or if it begins with a label ("bd: x...x..."). All else is a drum tab, a list
    of numbers, a play string, or mini-notation, of which one cycle is one bar. A note off the 16th grid goes to
    the nearest step and keeps its time as the offset. Half-way notes belong to the earlier step, or to the later
    one if the earlier is taken. Of two notes of one voice that meet in a step the louder stays; of equal ones,
    the one nearer to the grid. A note less than a 32nd before the end of the loop is the first step's, early.

    Args:
        text: the notation; see docs/notation.md.
        bars: length of the groove, 1..256.
        seed: decides what `?` and `|` do.
        start: the bar, from 0, with which the groove begins: a rhythm may never repeat.

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
    bars = whole("bars", bars, 1, MAX_BARS)
    length, told, position, size = _written(text)
    if length > bars:
        loop = f"{bars} bar{'s' if bars > 1 else ''} ({bars * STEPS_PER_BAR} steps)"
        raise NotationError(
            f"{told} are longer than {loop}; use bars={length}", code.unwrapped(text).text, position, size
        )
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
    bars, first = whole("bars", bars, 1, MAX_BARS), whole("start", start)
    steps = bars * STEPS_PER_BAR
    found = code.unwrapped(_text(text))
    if _is_step_string(found):
        rows = [(*row, 0.0) for row in step_strings.read(found.text, steps, step_voice, first * STEPS_PER_BAR)]
    else:
        events = drums(text, seed=seed).query(first, first + bars)
        rows = _on_grid(events if not first else [e._replace(begin=e.begin - first) for e in events], steps)
    rows.sort(key=lambda row: (row[2], -abs(row[3])))  # what comes last stays
    return {(step, voice): (velocity, offset) for step, voice, velocity, offset in rows}


def _is_step_string(found: code.Code) -> bool:
    return not found.system and step_strings.is_step_string(found.text)


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
