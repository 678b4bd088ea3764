"""Completion inside strings: which names a performer can type where a quotation mark has just been opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args

from ..grooves.grid import GROUPS, SHORT, VOICES
from ..score.controls import CONTROLS
from ..score.inputs import Player, Role
from ..synthesis.kits import kits

Names = Callable[[], Iterable[str]]

# What stands before the string: `d1.genre =`, also within weights or a tuple that begins there; or `word(`.
_SET = re.compile(r"\.\s*(\w+)\s*=\s*(?:[\[({][^\])}=]*)?$")
_KEYWORD = re.compile(r"[(,]\s*(\w+)\s*=\s*(?:\{[^}]*)?$")
_CALL = re.compile(r"(\w+)\s*\((?:[^()=]*,)?\s*$")
_PARTS = ("only", "lock", "unlock", "without")


class Strings:
    """What can be typed inside a string.

    Args:
        genres, presets: read what the model of the session has.
        inputs, outputs: read the MIDI ports of this machine.

    >>> strings = Strings(lambda: ["funk", "folk"], lambda: ["late night", "lagos"], lambda: ["Keys"], list)
    >>> strings.at('d1.genre = "fu'), strings.at("z('late n"), strings.at('d1 >> gl.midi_in("')
    (('fu', ['funk']), ('late n', ['late night']), ('', ['Keys']))
    >>> strings.at('d1.sampling = "'), strings.at('print("'), strings.at("d1.density = .4")
    (('', ['threshold', 'bernoulli']), None, None)
    """

    def __init__(self, genres: Names, presets: Names, inputs: Names, outputs: Names) -> None:
        def points() -> list[str]:
            return [*presets(), *genres()]

        def parts() -> list[str]:
            return list(dict.fromkeys((*GROUPS, *VOICES, *SHORT)))

        self._set: dict[str, Names] = {
            name: lambda choices=control.choices: choices for name, control in CONTROLS.items() if control.choices
        } | {"genre": genres, "a": points, "b": points, "z": points}
        self._keyword: dict[str, Names] = {
            "instrument": lambda: [one for one in get_args(Player) if one], "role": lambda: get_args(Role),
            "genre": genres, "kit": kits, "by": lambda: ("voice", "drummer"), "path": lambda: ("linear", "slerp"),
        }  # fmt: skip
        self._call: dict[str, Names] = {
            **dict.fromkeys(_PARTS, parts), "redirect": lambda: GROUPS, "z": points, "walk": points, "synth": kits,
            "midi_in": inputs, "midi": outputs, "midi_clock": lambda: [*inputs(), *outputs()],
            "resume": lambda: CONTROLS,
        }  # fmt: skip

    def at(self, text: str) -> tuple[str, Sequence[str]] | None:
        """Return what is typed of a string already, and the names that begin so; None where no string of ours is open.

        Args:
            text: up to the cursor, one line or several.
        """
        opened = _opened(text)
        if opened is None:
            return None
        before, typed = opened
        names: Names | None = None
        for pattern, known in ((_KEYWORD, self._keyword), (_SET, self._set), (_CALL, self._call)):
            found = pattern.search(before)
            if found is not None and found[1] in known:
                names = known[found[1]]
                break
        if names is None:
            return None
        return typed, [name for name in dict.fromkeys(names()) if name.lower().startswith(typed.lower())]


def _opened(text: str) -> tuple[str, str] | None:
    """Return what stands before the string that is open at the end of a text, and what it has so far."""
    line = text.rpartition("\n")[2]
    mark, start, k = "", 0, 0
    while k < len(line):
        char = line[k]
        if mark and char == "\\":
            k += 1
        elif char == mark:
            mark = ""
        elif not mark and char in "'\"":
            mark, start = char, k
        elif not mark and char == "#":
            return None
        k += 1
    return (line[:start], line[start + 1 :]) if mark else None


def matcher(strings: Strings) -> Any:
    """Return what IPython's completer asks: an answer counts alone, so that no files are offered for a genre."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier="groovelive.strings")  # type: ignore[untyped-decorator]
    def match(context: Any) -> dict[str, Any]:
        found = strings.at(context.full_text[: _position(context)])
        if found is None:
            return {"completions": [], "suppress": False}
        typed, names = found
        made = [SimpleCompletion(text=name, type="value") for name in names]
        return {"completions": made, "matched_fragment": typed, "suppress": True, "ordered": True}

    return match


def _position(context: Any) -> int:
    """Return how many characters stand before the cursor."""
    lines = context.full_text.split("\n")
    return sum(len(line) + 1 for line in lines[: context.cursor_line]) + int(context.cursor_position)
