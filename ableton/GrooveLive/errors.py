"""The one exception type of groovelive, and the words that make an error helpful."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GrooveError(ValueError):
    """Bad input, told in one sentence: what is wrong and what would be right."""


def closest(word: str, choices: Iterable[str]) -> str:
    """Return a hint that names the choice nearest to `word`, or an empty string.

    >>> closest("fnuk", ["funk", "jazz"])
    " (did you mean 'funk'?)"
    >>> closest("zzz", ["funk", "rock"])
    ''
    """
    near = difflib.get_close_matches(str(word).lower(), [str(c) for c in choices], n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""
