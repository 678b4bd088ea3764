"""Drum tabs: a line for each drum, bar lines between the bars, as in "HH|x-x-x-x-x-x-x-x-|"."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final, NamedTuple

from ..grooves.grid import STEPS_PER_BAR
from .caret import NotationError
from .drums import DrumHit
from .nodes import Fast, Node, Pure, Rest, Sequenced, Stack
from .step_strings import STROKES, stroke

MAX_TEXT: Final = 65_536
WHOLE_BARS: Final = (8, 12, 16, 24, 32)  # so many characters between bar lines are a bar

_LINE = re.compile(r"[^\n]+|(?<=\n)(?=\n)")
_DRUM = re.compile(r"\s*(?P<name>[A-Za-z][\w .-]*?)\s*\|(?P<bars>[xXoOgfd.\-*@#\s|\d]*)$", re.ASCII)
_NAME = re.compile(r"\s*(?P<name>[A-Za-z][\w .-]*?)\s*\|", re.ASCII)
_RUN = re.compile(r"[xXoOgfd.\-]{2}")
_COUNT = re.compile(r"[\s|]*\d[\s|\dea+&.]*")  # the line that counts: 1 e + a 2 e + a


class _TabLine(NamedTuple):
    """A line of a tab: its voice, and its bars, each a list of (position in the text, character)."""

    voice: int
    bars: list[list[tuple[int, str]]]
    whole: bool


def is_tab(text: str) -> bool:
    """Tell a drum tab from the other notations: its first line is the name of a drum, a bar line and steps.

    >>> [is_tab(text) for text in ("HH|x-x-", "S |----o---|", "bd|sn|hh", "bd | x")]
    [True, True, False, False]
    """
    for line in text.split("\n"):
        if line.strip() and not _COUNT.fullmatch(line):
            found = _DRUM.match(line)
            return found is not None and _RUN.search(found["bars"]) is not None
    return False


def read(text: str, voice_of: Callable[[str], int]) -> tuple[Node, int]:
    r"""Read a drum tab; it goes round.

    8, 12, 16, 24 or 32 characters between bar lines are a bar; fewer are 16th steps. Where a drum comes again, or
    after an empty line, the tab goes on in time.

    Args:
        text: the tab.
        voice_of: the index of a voice by the name of its line; its ValueError becomes a NotationError there.

    Returns:
        The pattern, and how many bars it lasts.

    Raises:
        NotationError: the text cannot be read.

    >>> from groovelive.notation.pattern import TimePattern
    >>> node, bars = read("HH|x-x-x-x-|\nSD|--o---o-|", lambda name: {"HH": 2, "SD": 1}[name])
    >>> bars, [(str(event.begin), event.value.voice) for event in TimePattern(node, "").query(0, .5)]
    (1, [('0', 2), ('1/4', 2), ('1/4', 1)])
    """
    if len(text) > MAX_TEXT:
        raise NotationError(f"a tab has at most {MAX_TEXT} characters, not {len(text)}", text, MAX_TEXT)
    systems = _systems(text, voice_of)
    if len(systems) == 1 and not all(line.whole for line in systems[0]):
        layers, length = [_round(line) for line in systems[0]], 1
        return (layers[0] if len(layers) == 1 else Stack(layers)), length
    lengths = [max(len(line.bars) for line in system) for system in systems]
    layers = []
    for voice in dict.fromkeys(line.voice for system in systems for line in system):
        for lines in _tracks(systems, voice):
            bars: list[Node] = []
            for line, length in zip(lines, lengths, strict=True):
                bars += [_bar(line.bars[n % len(line.bars)], voice) if line else Rest() for n in range(length)]
            layers.append(Fast(Sequenced([(bar, Fraction(1)) for bar in bars]), Fraction(1, len(bars))))
    return (layers[0] if len(layers) == 1 else Stack(layers)), sum(lengths)


def _tracks(systems: list[list[_TabLine]], voice: int) -> list[list[_TabLine | None]]:
    """Return the lines of a voice through all systems; a voice may have two, as a hi-hat and its foot."""
    found = [[line for line in system if line.voice == voice] for system in systems]
    most = max(len(lines) for lines in found)
    return [[lines[n] if n < len(lines) else None for lines in found] for n in range(most)]


def _systems(text: str, voice_of: Callable[[str], int]) -> list[list[_TabLine]]:
    systems: list[list[_TabLine]] = [[]]
    names: set[str] = set()
    for found in _LINE.finditer(text):
        line = found[0]
        if not line.strip():
            if systems[-1]:
                systems.append([])
                names = set()
            continue
        if _COUNT.fullmatch(line):
            continue
        named = _NAME.match(text, found.start(), found.end())
        if not named:
            first = found.start() + len(line) - len(line.lstrip())
            raise NotationError("every line of a tab begins with a drum and a bar line, as in 'HH|x-x-'", text, first)
        try:
            voice = voice_of(named["name"])
        except ValueError as error:
            raise NotationError(str(error), text, named.start("name"), len(named["name"])) from None
        if named["name"] in names:
            systems.append([])
            names = set()
        names.add(named["name"])
        systems[-1].append(_read_line(text, voice, named.end(), found.end()))
    return [system for system in systems if system]


def _read_line(text: str, voice: int, start: int, stop: int) -> _TabLine:
    bars: list[list[tuple[int, str]]] = []
    for part in re.finditer(r"[^|]+", text[start:stop]):
        told = [(start + part.start() + n, char) for n, char in enumerate(part[0])]
        solid = [(position, char) for position, char in told if not char.isspace()]
        if not solid:
            continue
        spaced = [(position, "." if char.isspace() else char) for position, char in told]
        dashed = any(char in ".-" for _, char in solid)
        chars = spaced if not dashed and len(solid) not in WHOLE_BARS and len(spaced) in WHOLE_BARS else solid
        for position, char in chars:
            if char not in STROKES:
                said = "a stroke is x X o O, g a ghost note, f a flam, d a drag, and - or . a rest"
                raise NotationError(f"{char!r} is no stroke of a tab; {said}", text, position)
        bars.append(chars)
    if not bars:
        raise NotationError("this line has no strokes", text, start - 1)
    whole = [len(bar) in WHOLE_BARS for bar in bars]
    for bar, fine in zip(bars, whole, strict=True):
        if not fine and (len(bar) > min(WHOLE_BARS) or any(whole)):
            reason = f"this bar has {len(bar)} characters; a bar of a tab has 8, 12, 16, 24 or 32"
            raise NotationError(reason, text, bar[0][0], bar[-1][0] - bar[0][0] + 1)
    if all(whole):
        return _TabLine(voice, bars, True)
    steps = [step for bar in bars for step in bar]  # beats of some 16ths each
    if len(steps) % STEPS_PER_BAR:
        return _TabLine(voice, [steps], False)
    return _TabLine(voice, [steps[n : n + STEPS_PER_BAR] for n in range(0, len(steps), STEPS_PER_BAR)], True)


def _bar(bar: list[tuple[int, str]], voice: int) -> Node:
    return Sequenced([(_stroke(char, voice), Fraction(1)) for _, char in bar])


def _round(line: _TabLine) -> Node:
    if line.whole:
        bars = [(_bar(bar, line.voice), Fraction(1)) for bar in line.bars]
        return Fast(Sequenced(bars), Fraction(1, len(bars)))
    return Fast(_bar(line.bars[0], line.voice), Fraction(STEPS_PER_BAR, len(line.bars[0])))


def _stroke(char: str, voice: int) -> Node:
    where, velocity = stroke(char, voice)
    return Pure(DrumHit(where, velocity)) if velocity else Rest()
