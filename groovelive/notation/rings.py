"""Lists of numbers, as Sonic Pi's rings have them: a number is a 16th step, as in [1,0,0,0, 1,0,0,0]."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from ..grooves.grid import DEFAULT_VELOCITY, STEPS_PER_BAR
from .caret import NotationError
from .drums import DrumHit
from .nodes import Fast, Node, Pure, Rest, Sequenced, Stack, bjorklund

MAX_STEPS: Final = 4096

_LABEL = re.compile(r"\s*(?:([A-Za-z]\w*)\s*[:=]\s*)?")
_HEAD = re.compile(r"[(\[]?\s*(ring|bools|knit|spread)\b\s*[,(]?|[(\[]")
_ITEM = re.compile(r"[\s,()\[\]]*(true|false|-?\d*\.?\d+)\b", re.ASCII)
_TAIL = re.compile(r"[\s,)\]]*(?:\.(?:ring|flatten|tick|look)\b[\s)]*)*")
_LINE = re.compile(r"[^\n;]+")
# What only a list begins with, or has: a word of Sonic Pi, or a bracket and numbers with commas between them.
_RING = re.compile(
    r"\s*(?:[A-Za-z]\w*\s*[:=]\s*)?(?:[(\[]?\s*(?:ring|bools|knit|spread)\b|[(\[\s]*(?:[\d.]+|true|false)\s*,)"
)


def is_ring(text: str) -> bool:
    """Tell a list of numbers from the other notations: by its commas, or by Sonic Pi's word for it.

    >>> [is_ring(text) for text in ("[1,0,0,1]", "1, 0, 0", "(spread 3, 8)", "kick = [1,0]")]
    [True, True, True, True]
    >>> [is_ring(text) for text in ("1 0 0 1", "1000", "[bd, hh]", "bd(3,8)")]
    [False, False, False, False]
    """
    return _RING.match(text.lstrip("; \t\r\n")) is not None


def read(text: str, voice_of: Callable[[str], int]) -> Node:
    """Read lists of numbers; each goes round.

    0 rests, 1 is a hit, what lies between is a velocity; true and false are 1 and 0. `spread 3, 8` is a Euclidean
    rhythm, `knit 1, 3, 0, 1` repeats each value as often as the number after it says.

    Args:
        text: one list for the voice that `voice_of("x")` names, or lines (also divided by ';') such as
            "kick = [1,0,0,0]".
        voice_of: the index of a voice by its name; its ValueError becomes a NotationError at the label.

    Raises:
        NotationError: the text cannot be read.

    >>> from groovelive.notation.pattern import TimePattern
    >>> [str(event.begin) for event in TimePattern(read("spread 3, 8", lambda name: 2), "").query(0, 1)]
    ['0', '3/16', '3/8', '1/2', '11/16', '7/8']
    """
    layers: list[Node] = []
    for line in _LINE.finditer(text):
        if not line[0].strip():
            continue
        label = _LABEL.match(text, line.start(), line.end())
        assert label is not None  # it may be empty
        try:
            voice = voice_of(label[1] or "x")
        except ValueError as error:
            raise NotationError(str(error), text, label.start(1), len(label[1])) from None
        steps = [(_step(value, voice), Fraction(1)) for value in _values(text, label.end(), line.end())]
        layers.append(Fast(Sequenced(steps), Fraction(STEPS_PER_BAR, len(steps))))
    return layers[0] if len(layers) == 1 else Stack(layers)


def _step(value: float, voice: int) -> Node:
    if not value:
        return Rest()
    return Pure(DrumHit(voice, DEFAULT_VELOCITY if value == 1 else value))


def _values(text: str, start: int, stop: int) -> list[float]:
    """Return the steps of one list."""
    head = _HEAD.match(text, start, stop)
    here, kind = (head.end(), head[1]) if head else (start, None)
    values: list[float] = []
    places: list[int] = []
    while (item := _ITEM.match(text, here, stop)) is not None:
        values.append({"true": 1.0, "false": 0.0}.get(item[1]) if item[1].isalpha() else float(item[1]))  # type: ignore[arg-type]
        places.append(item.start(1))
        here = item.end()
    tail = _TAIL.match(text, here, stop)
    here = tail.end() if tail else here
    if here < stop:
        raise NotationError("a list holds numbers from 0 to 1, as in [1,0,0,0], and nothing after it", text, here)
    if not values:
        raise NotationError("there is no number in this list; write for example [1,0,0,0]", text, start)
    if kind in ("spread", "knit"):
        values, places = _made(kind, values, text, places)
    for value, place in zip(values, places, strict=True):
        if not 0 <= value <= 1:
            raise NotationError("a step of a list is 0 for a rest, 1 for a hit, or a velocity between", text, place)
    return values


def _made(kind: str, values: list[float], text: str, places: list[int]) -> tuple[list[float], list[int]]:
    """Return the steps of a `spread` or a `knit`, and where in the text each comes from."""
    if kind == "spread":
        if len(values) != 2 or any(value != int(value) for value in values) or not 0 <= values[0] <= values[1]:
            raise NotationError("spread takes hits and steps, as in (spread 3, 8)", text, places[0])
        if not 1 <= values[1] <= MAX_STEPS:
            raise NotationError(f"spread takes 1 to {MAX_STEPS} steps", text, places[1])
        made = [float(hit) for hit in bjorklund(int(values[0]), int(values[1]))]
        return made, [places[0]] * len(made)
    pairs = list(zip(values[::2], values[1::2], places[::2], strict=False))
    if len(values) % 2 or any(times != int(times) or times < 1 for _, times, _ in pairs):
        raise NotationError("knit takes values and how often each comes, as in (knit 1, 3, 0, 1)", text, places[0])
    if sum(times for _, times, _ in pairs) > MAX_STEPS:
        raise NotationError(f"a list has at most {MAX_STEPS} steps", text, places[0])
    repeated = [(value, place) for value, times, place in pairs for _ in range(int(times))]
    return [value for value, _ in repeated], [place for _, place in repeated]
