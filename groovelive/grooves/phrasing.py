"""Phrases: where in its phrase a bar lies, and which bars are fills, drawn by chance at drummers' places."""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

import numpy as np

PHRASE = 8  # bars, where nothing else is set
# How likely a bar is a fill by its place in a phrase: drummers of the Groove MIDI Dataset fill bar 4 of 8 with
# probability .22, bar 8 with .28 and any other with .06, by a detector that also takes much that is no fill for one.
_END, _HALF, _ELSE = 0.30, 0.20, 0.02


def place(bar: int, origin: int = 0, phrase: int = PHRASE) -> int:
    """Return the place of a bar in its phrase, from 0; `origin` is the first bar of a phrase.

    >>> [place(bar, 2, 4) for bar in (1, 2, 5, 6)]
    [3, 0, 3, 0]
    """
    return (bar - origin) % phrase


def fill_chance(bar: int, origin: int = 0, phrase: int = PHRASE) -> float:
    """Return how likely a drummer fills a bar, 0..1: most at the end of a phrase, some in its middle.

    >>> [fill_chance(bar) for bar in range(8)]
    [0.02, 0.02, 0.02, 0.2, 0.02, 0.02, 0.02, 0.3]
    """
    at = place(bar, origin, phrase) + 1
    if at == phrase:
        return _END
    return _HALF if phrase % 2 == 0 and at == phrase // 2 and at > 1 else _ELSE


@lru_cache(maxsize=4096)
def is_fill(seed: int, drummer: str, bar: int, amount: float = 1.0, origin: int = 0, phrase: int = PHRASE) -> bool:
    """Return whether a bar is a fill: the same for the same seed, drummer and bar, whatever else is asked.

    Args:
        seed: of the session.
        drummer: its name.
        bar: from 0.
        amount: factor of the chance, 0 or more: 0 never fills, 1 fills as drummers do, 3.4 each end of a phrase.
        origin: the first bar of a phrase.
        phrase: bars.

    >>> fills = [bar for bar in range(32) if is_fill(7, "d1", bar, amount=4)]
    >>> {7, 15, 23, 31} <= set(fills)
    True
    >>> any(is_fill(7, "d1", bar, amount=0) for bar in range(64))
    False
    """
    draw = np.random.Generator(np.random.Philox(key=[seed & (2**64 - 1), crc32(f"{drummer} fill {bar}".encode())]))
    return bool(draw.random() < amount * fill_chance(bar, origin, phrase))
