"""Step strings: one character per 16th step, as in "x..x..X.", alone or labelled voice by voice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..grooves.grid import STEPS_PER_BAR, VOICES
from .caret import NotationError

MAX_TEXT = 65_536

# One character: x normal, X accented, 1..9 ninths of full velocity, the others rest.
VELOCITIES: dict[str, float] = {"x": 0.8, "X": 1.0, ".": 0.0, "-": 0.0, **{str(n): n / 9 for n in range(10)}}
# What drum tabs write besides, for a voice that is named: o a hit too, O an accent, g a ghost note, f a flam, d a drag.
STROKES: dict[str, float] = {**VELOCITIES, "o": 0.8, "O": 1.0, "g": 0.3, "f": 0.8, "d": 0.8}

_STEPS = re.compile(r"[xX.\-0-9|\s]+")
_RUN = re.compile(r"[xX.\-0-9]{2}")
# A name and a colon; "bd:3" and "bd:<0 3>" are sample numbers of mini-notation, and "bd:1000" four steps.
_LABEL = re.compile(r"\s*([A-Za-z]\w*)\s*:(?!\d{1,3}(?!\d)|[<\[{])", re.ASCII)
_LINE = re.compile(r"[^\n;]+")
_ON_OFF = frozenset("01")

CLOSED_HAT, OPEN_HAT = VOICES.index("closed_hat"), VOICES.index("open_hat")

Row = tuple[int, int, float]
"""A note: its step, the index of its voice, its velocity."""


class StepLine(NamedTuple):
    """A line of a step string: its voice, one (voice, velocity) a step, and where in the text it begins and ends."""

    steps: tuple[tuple[int, float], ...]
    begin: int
    end: int


def is_step_string(text: str) -> bool:
    """Tell a step string from mini-notation.

    A step string holds nothing but step characters, bar marks ('|') and white space, and somewhere two step
    characters touch; or it begins with a label, a name and a colon that no sample number follows.

    >>> [is_step_string(text) for text in ("x..x..x.", "x... | x...", "bd: x...")]
    [True, True, True]
    >>> [is_step_string(text) for text in ("x x x x", "bd ~ sn", "x(3,8)", "bd:3")]
    [False, False, False, False]
    """
    return bool((_STEPS.fullmatch(text) and _RUN.search(text)) or _LABEL.match(text.lstrip("; \t\r\n")))


def read(text: str, steps: int, voice_of: Callable[[str], int], start: int = 0) -> list[Row]:
    """Read a step string; each of its lines goes round until the loop is full.

    Args:
        text: one rhythm for the voice that `voice_of("x")` names, or lines (also divided by ';') such as
            "bd: x...x...", each with its own length; a voice may have several lines.
        steps: the length of the loop.
        voice_of: the index of a voice by its name; its ValueError becomes a NotationError at the label.
        start: the step, from 0, with which the loop begins: a line of 12 steps is at its fifth in step 16.

    Returns:
        Notes as (step, voice, velocity), line by line.

    Raises:
        NotationError: a character, a label or a length is wrong.

    >>> read("X.x.", 8, lambda name: 2)
    [(0, 2, 1.0), (2, 2, 0.8), (4, 2, 1.0), (6, 2, 0.8)]
    >>> [step for step, _, _ in read("x.....", 16, lambda name: 2)]
    [0, 6, 12]
    """
    notes: list[Row] = []
    for line in lines(text, voice_of):
        length = len(line.steps)
        for step in range(steps):
            voice, velocity = line.steps[(start + step) % length]
            if velocity:
                notes.append((step, voice, velocity))
    return notes


def bars_of(text: str, voice_of: Callable[[str], int]) -> tuple[int, StepLine]:
    """Return how many bars the longest line of a step string needs, and that line."""
    longest = max(lines(text, voice_of), key=lambda line: len(line.steps))
    return -(-len(longest.steps) // STEPS_PER_BAR), longest


def lines(text: str, voice_of: Callable[[str], int]) -> list[StepLine]:
    """Return the lines of a step string; arguments and errors as for `read`."""
    if len(text) > MAX_TEXT:
        reason = f"a step string has at most {MAX_TEXT} characters, not {len(text)}"
        raise NotationError(reason, text, MAX_TEXT)
    if _STEPS.fullmatch(text):
        return [_line(text, 0, len(text), voice_of("x"), _on_off(text))]
    found = [(label, line.end(), _voice(text, label, voice_of)) for line, label in _labelled(text)]
    on_off = _on_off("".join(text[label.end() : end] for label, end, _ in found))
    return [_line(text, label.end(), end, voice, on_off, STROKES) for label, end, voice in found]


def _labelled(text: str) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    for line in _LINE.finditer(text):
        if not line[0].strip():
            continue
        label = _LABEL.match(text, line.start(), line.end())
        if not label:
            first = line.end() - len(line[0].lstrip())
            raise NotationError("every line begins with a voice, for example 'sn: ....x...'", text, first)
        yield line, label


def _voice(text: str, label: re.Match[str], voice_of: Callable[[str], int]) -> int:
    try:
        return voice_of(label[1])
    except ValueError as error:
        raise NotationError(str(error), text, label.start(1), len(label[1])) from None


def _on_off(text: str) -> bool:
    """Return whether 1 is the only sign for a hit: then it is no velocity, but a hit as x is."""
    return not any(STROKES.get(char) and char != "1" for char in text)


def _line(
    text: str, start: int, stop: int, voice: int, on_off: bool, strokes: dict[str, float] = VELOCITIES
) -> StepLine:
    told = [(position, text[position]) for position in range(start, stop) if not _for_the_eye(text[position])]
    for position, char in told:
        if char not in strokes:
            raise NotationError(f"{char!r} is no step; steps are x X . - and 1 to 9", text, position)
    if not told:
        raise NotationError("this line has no steps", text, max(0, start - 1))
    # In a line of 1 and 0 alone the 1 is a hit, whatever the other lines are written with.
    on_off = on_off or _ON_OFF.issuperset(char for _, char in told)
    begin = start + len(text[start:stop]) - len(text[start:stop].lstrip())
    end = start + len(text[start:stop].rstrip())
    return StepLine(tuple(stroke("x" if on_off and char == "1" else char, voice) for _, char in told), begin, end)


def stroke(char: str, voice: int) -> tuple[int, float]:
    """Return the voice and the velocity of a character in the line of a voice; o on the hi-hat is the open one.

    >>> stroke("x", CLOSED_HAT), stroke("o", CLOSED_HAT), stroke("o", 0)
    ((2, 0.8), (3, 0.8), (0, 0.8))
    """
    return OPEN_HAT if voice == CLOSED_HAT and char in "oO" else voice, STROKES[char]


def _for_the_eye(char: str) -> bool:
    return char == "|" or char.isspace()
