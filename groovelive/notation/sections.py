"""The form of a song as text: "A8 B8 A8" is eight bars of section A, eight of B, and A again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import closest
from .caret import NotationError

MAX_BARS = 10_000
DEFAULT_BARS = 8
_SECTION = re.compile(r"([A-Za-z_]+)(\d*)(?:\*(\d+))?")
_WORD = re.compile(r"\S+")


class Section(NamedTuple):
    """A stretch of a song: the name of its section, its first bar from 0, and how many bars it lasts."""

    name: str
    start: int
    bars: int


def sections(text: str, names: Iterable[str] = ()) -> list[Section]:
    """Read the form of a song.

    Args:
        text: names of sections, each with its number of bars (8 where none is given), and perhaps how often it
            is played: "intro4 A8*2 B16".
        names: the sections there are; by default every name is one.

    Returns:
        The sections in the order in which they are played.

    Raises:
        NotationError: a word is no section, a name is unknown, or the song is longer than 10,000 bars.

    >>> sections("A8 B4 A")
    [Section(name='A', start=0, bars=8), Section(name='B', start=8, bars=4), Section(name='A', start=12, bars=8)]
    >>> print(sections("A8 B8,"))
    Traceback (most recent call last):
    groovelive.notation.caret.NotationError: 'B8,' is no section; a section is a name and its bars, as A8 or intro4
      A8 B8,
         ^^^
    """
    known = list(names)
    found: list[Section] = []
    bar = 0
    for word in _WORD.finditer(text):
        said = text[word.start() : word.end()]
        match = _SECTION.fullmatch(said)
        if match is None:
            reason = f"{said!r} is no section; a section is a name and its bars, as A8 or intro4"
            raise NotationError(reason, text, word.start(), len(said))
        name, count, times = match[1], int(match[2] or DEFAULT_BARS), int(match[3] or 1)
        if known and name not in known:
            reason = f"there is no section {name!r}{closest(name, known)}; there are {', '.join(known)}"
            raise NotationError(reason, text, word.start(), len(name))
        if not count or not times:
            raise NotationError("a section lasts one bar or more", text, word.start(), len(said))
        for _ in range(min(times, MAX_BARS)):
            found.append(Section(name, bar, count))
            bar += count
        if bar > MAX_BARS:
            reason = f"a song has at most {MAX_BARS:,} bars, and this one has {bar:,} by here"
            raise NotationError(reason, text, word.start(), len(said))
    if not found:
        raise NotationError("there is no section; a song is written as 'A8 B8 A8'", text or " ", 0)
    return found
