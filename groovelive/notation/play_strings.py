"""Play strings, as FoxDot and Renardo have them: a character is a sound and an 8th note, as in "x-o[--]"."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from ..grooves.grid import VOICES
from .caret import NotationError
from .drums import DRUMS, DrumHit
from .nodes import Choice, Fast, Node, Pure, Rest, Sequenced, Stack

MAX_TEXT: Final = 4096
MAX_DEPTH: Final = 50
MAX_EVENTS_PER_BAR: Final = 1024
PER_BAR: Final = 8  # characters in a bar: each lasts half a beat

# Which voice a character goes to, by the description of its samples in FoxDot; a heavy sound is an accent.
_SOUNDS: dict[str, str] = {
    "kick": "xXvVA", "snare": "oOuiIDhHt*", "closed_hat": "-askS+", "open_hat": "=", "low_tom": "pP",
    "mid_tom": "mKELy", "high_tom": "d&", "crash": "#", "ride": "~TeRr",
}  # fmt: skip
_ACCENTS, _SOFT = "XOV", "uv"
SOUNDS: dict[str, DrumHit] = {
    char: DrumHit(VOICES.index(name), 1.0 if char in _ACCENTS else 0.5 if char in _SOFT else None)
    for name, chars in _SOUNDS.items()
    for char in chars
}
_CLOSERS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_PLAIN = re.compile(r"[A-Za-z\-=#*\s()\[\]{}<>.]+")
_LETTERS = re.compile(r"[A-Za-z]+")
_CORE = frozenset("xXoOvVu")


def is_play_string(text: str) -> bool:
    """Tell a play string from mini-notation, where that can be told.

    It has an o, u, v, = or #, or layers side by side, and somewhere two characters touch.

    >>> [is_play_string(text) for text in ("x-o-", "x-o[-o]", "---(-=)", "<X ><-->")]
    [True, True, True, True]
    >>> [is_play_string(text) for text in ("x - x -", "bd ho", "x o x o", "[x x]*2")]
    [False, False, False, False]
    """
    if not _PLAIN.fullmatch(text) or not re.search(r"\S\S", text):
        return False
    if "><" not in text and not set(text) & set("oOvVu=#"):
        return False
    runs = _LETTERS.findall(text)
    return all(
        set(run) <= _CORE if len(run) > 1 else run in SOUNDS and run.lower() not in DRUMS.keys() - {"x", "t"}
        for run in runs
    )


def may_be_play_string(text: str) -> bool:
    """Return whether a text that is no mini-notation can be read as a play string, and names no drum in full.

    >>> may_be_play_string("x s x s"), may_be_play_string("bd sm")
    (True, False)
    """
    if not set(text) & set("xXoOvV-="):
        return False
    if any(len(run) > 1 and run.lower() in DRUMS for run in _LETTERS.findall(text)):
        return False
    try:
        read(text)
    except NotationError:
        return False
    return True


def read(text: str, seed: int = 0) -> Node:
    """Read a play string.

    Every character lasts an 8th note, and the string goes round. A space or '.' rests, [ ] puts what is in it into one
    8th, ( ) takes one of its sounds each time round, { } takes one at random, and < > < > play at the same time.

    Args:
        text: the play string, a FoxDot `play`'s first argument.
        seed: decides what { } takes.

    Raises:
        NotationError: the text cannot be read, or asks for too much.

    >>> from groovelive.notation.pattern import TimePattern
    >>> [(str(event.begin), event.value.voice) for event in TimePattern(read("x-o[--]"), "").query(0, .5)]
    [('0', 0), ('1/8', 2), ('1/4', 1), ('3/8', 2), ('7/16', 2)]
    """
    return _PlayReader(text, seed).read()


class _PlayReader:
    def __init__(self, text: str, seed: int) -> None:
        self.text, self.seed = text, seed
        self.here = 0
        self.places = 0
        self.depth = 0

    def error(self, reason: str, at: int, length: int = 1) -> NotationError:
        return NotationError(reason, self.text, at, length)

    def read(self) -> Node:
        if len(self.text) > MAX_TEXT:
            raise self.error(f"a play string has at most {MAX_TEXT} characters, not {len(self.text)}", MAX_TEXT)
        layers: list[Node] = []
        if "<" in self.text:
            while self.here < len(self.text):
                start = self.here
                if self.text[start] == "<":
                    self.here += 1
                    layers.append(self.paced(self.sounds(">"), start))
                elif self.text[start].isspace():
                    self.here += 1
                else:
                    raise self.error("beside < > stand only others, as in '<x ><-->'; put this into < > too", start)
        else:
            layers.append(self.paced(self.sounds(""), 0))
        return layers[0] if len(layers) == 1 else Stack(layers)

    def paced(self, sounds: list[Node], start: int) -> Node:
        node = Fast(Sequenced([(sound, Fraction(1)) for sound in sounds]), Fraction(PER_BAR, len(sounds)))
        if node.rate > MAX_EVENTS_PER_BAR:
            raise self.error(f"this asks for more than {MAX_EVENTS_PER_BAR} events in a bar", start)
        return node

    def sounds(self, closer: str) -> list[Node]:
        """Read sounds up to `closer`, which is read too."""
        start, found = self.here, list[Node]()
        while self.here < len(self.text):
            char = self.text[self.here]
            if char == closer:
                break
            if char in ")]}>":
                raise self.error(f"{char!r} closes nothing here", self.here)
            found.append(self.sound(char))
        if closer and self.here >= len(self.text):
            raise self.error(f"{self.text[start - 1]!r} is never closed; {closer!r} is missing", start - 1)
        if not found:
            raise self.error("there is no sound here; write for example 'x-o-'", max(start - 1, 0))
        self.here += len(closer)
        return found

    def sound(self, char: str) -> Node:
        at = self.here
        self.here += 1
        if char == "<":
            raise self.error("'<' begins a layer, and stands in no other brackets", at)
        if char in _CLOSERS:
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.error(f"brackets are nested more than {MAX_DEPTH} deep", at)
            inner = self.sounds(_CLOSERS[char])
            self.depth -= 1
            return self.group(char, inner)
        if char.isspace() or char == ".":
            return Rest()
        if char not in SOUNDS:
            known = "x X v V kick, o O u snare, - = hats, * clap, # crash, m tom, ~ ride"
            raise self.error(f"{char!r} is no drum in a play string; drums are {known}", at)
        return Pure(SOUNDS[char])

    def group(self, opener: str, inner: list[Node]) -> Node:
        if opener == "{":
            self.places += 1
            return Choice(inner, self.seed, self.places)
        node = Sequenced([(sound, Fraction(1)) for sound in inner])
        return node if opener == "[" else Fast(node, Fraction(1, len(inner)))
