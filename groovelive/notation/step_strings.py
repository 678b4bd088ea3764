"""Step strings: one character per 16th step, as in "x..x..X.", alone or labelled voice by voice."""

from __future__ import annotations

import re
from collections.abc import Callable

from .caret import NotationError

MAX_TEXT = 65_536

# One character: x normal, X accented, 1..9 ninths of full velocity, the others rest.
VELOCITIES: dict[str, float] = {"x": 0.8, "X": 1.0, ".": 0.0, "-": 0.0, **{str(n): n / 9 for n in range(10)}}

_STEPS = re.compile(r"[xX.\-0-9|\s]+")
_RUN = re.compile(r"[xX.\-0-9]{2}")
_LABEL = re.compile(r"\s*([A-Za-z]\w*)\s*:(?!\d)", re.ASCII)
_LINE = re.compile(r"[^\n;]+")


def is_step_string(text: str) -> bool:
    """Tell a step string from mini-notation.

    A step string holds nothing but step characters, bar marks ('|') and white space, and somewhere two step
    characters touch; or it begins with a label, a name and a colon that no digit follows.

    >>> [is_step_string(text) for text in ("x..x..x.", "x... | x...", "bd: x...")]
    [True, True, True]
    >>> [is_step_string(text) for text in ("x x x x", "bd ~ sn", "x(3,8)", "bd:3")]
    [False, False, False, False]
    """
    return bool((_STEPS.fullmatch(text) and _RUN.search(text)) or _LABEL.match(text.lstrip("; \t\r\n")))


def read(text: str, steps: int, voice_of: Callable[[str], int]) -> list[tuple[int, int, float]]:
    """Read a step string and repeat it until the loop is full.

    Args:
        text: one rhythm for the voice that `voice_of("x")` names, or lines (also divided by ';') such as
            "bd: x...x...", each with its own length; a voice may have several lines.
        steps: the length of the loop; every length must divide it.
        voice_of: the index of a voice by its name; its ValueError becomes a NotationError at the label.

    Returns:
        Notes as (step, voice, velocity), line by line.

    Raises:
        NotationError: a character, a label or a length is wrong.

    >>> read("X.x.", 8, lambda name: 2)
    [(0, 2, 1.0), (2, 2, 0.8), (4, 2, 1.0), (6, 2, 0.8)]
    """
    if len(text) > MAX_TEXT:
        reason = f"a step string has at most {MAX_TEXT} characters, not {len(text)}"
        raise NotationError(reason, text, MAX_TEXT)
    if _STEPS.fullmatch(text):
        return _line(text, 0, len(text), voice_of("x"), steps)
    notes: list[tuple[int, int, float]] = []
    for line in _LINE.finditer(text):
        if not line[0].strip():
            continue
        label = _LABEL.match(text, line.start(), line.end())
        if not label:
            first = line.end() - len(line[0].lstrip())
            raise NotationError("every line begins with a voice, for example 'sn: ....x...'", text, first)
        try:
            voice = voice_of(label[1])
        except ValueError as error:
            raise NotationError(str(error), text, label.start(1), len(label[1])) from None
        notes += _line(text, label.end(), line.end(), voice, steps)
    return notes


def _line(text: str, start: int, stop: int, voice: int, steps: int) -> list[tuple[int, int, float]]:
    velocities: list[float] = []
    for position in range(start, stop):
        char = text[position]
        if char in VELOCITIES:
            velocities.append(VELOCITIES[char])
        elif char != "|" and not char.isspace():
            raise NotationError(f"{char!r} is no step; steps are x X . - and 1 to 9", text, position)
    length = len(velocities)
    if not length:
        raise NotationError("this line has no steps", text, max(0, start - 1))
    if steps % length:
        start += len(text[start:stop]) - len(text[start:stop].lstrip())
        raise NotationError(_misfit(length, steps), text, start, len(text[start:stop].rstrip()))
    return [(step, voice, velocities[step % length]) for step in range(steps) if velocities[step % length]]


def _misfit(length: int, steps: int) -> str:
    bars = steps // 16
    loop = f"{bars} bar{'s' if bars > 1 else ''} ({steps} steps)"
    if length > steps:
        wanted = f"bars={-(-length // 16)}" if length % 16 == 0 else f"a length of {steps}"
        return f"{length} steps are longer than {loop}; use {wanted}"
    below = max(n for n in range(1, length) if steps % n == 0)
    above = min(n for n in range(length, steps + 1) if steps % n == 0)
    return f"{length} steps do not fill {loop} evenly; use {below} or {above}"
