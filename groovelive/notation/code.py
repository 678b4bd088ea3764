"""A rhythm in the code of the system that it comes from, as in 'd1 $ sound "bd sn"': the rhythm is taken out."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from .caret import NotationError

System = Literal["", "tidal", "strudel", "play"]

# What stands before the quotes, without a bracket in Tidal and with one in Strudel; `play` is of FoxDot and Renardo.
_WORDS = ("s", "sound", "mini", "m", "struct", "play")
_CODE = re.compile(r"\s*(?:\$\s*:|[A-Za-z]\w*\s*(?:\$|>>|:))?\s*(?P<word>[a-z]+)\s*(?P<open>\(?)\s*(?P<quote>[\"'`])")


class Code(NamedTuple):
    """A rhythm, and the notation that its code says it is in; "" where none is said."""

    text: str
    system: System


def unwrapped(text: str) -> Code:
    """Return the rhythm in a line of code; a text that is none comes back as it is.

    Raises:
        NotationError: the code does more to the rhythm than play it.

    >>> unwrapped('d1 $ sound "bd*2 sn"'), unwrapped('play("x-o-")')
    (Code(text='bd*2 sn', system='tidal'), Code(text='x-o-', system='play'))
    >>> unwrapped("bd sn")
    Code(text='bd sn', system='')
    """
    head = _CODE.match(text)
    if head is None or head["word"] not in _WORDS:
        return Code(text, "")
    end = text.find(head["quote"], head.end())
    if end < 0:
        raise NotationError(f"{head['quote']} is never closed", text, head.end() - 1)
    rest = text[end + 1 :].strip()
    if rest != (")" if head["open"] else ""):
        first = end + 1 + len(text[end + 1 :]) - len(text[end + 1 :].lstrip())
        reason = f"of {head['word']} only its rhythm is read; leave out what follows it"
        if head["open"] and not rest:
            reason = "'(' is never closed; ')' is missing"
        elif head["open"] and rest.startswith(")"):
            first += 1
        raise NotationError(reason, text, min(first, len(text) - 1), max(1, len(text.rstrip()) - first))
    system: System = "play" if head["word"] == "play" else "strudel" if head["open"] else "tidal"
    return Code(text[head.end() : end], system)
