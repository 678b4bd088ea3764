"""Memorisation: how many bars stand, hit for hit, in the training data.

Drummers repeat each other too: a plain backbeat is in everybody's hands. So the share of what is generated is only
worth something beside the share of what other real drummers played.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .bars import bar_hits
from .features import Array


def bar_keys(loops: Iterable[Array]) -> list[bytes]:
    """Return a key for the hits of each bar of grooves (steps, 27 or 9); silent bars are left out."""
    keys = []
    for loop in loops:
        bars = bar_hits(loop[:, :9])
        packed = np.packbits(bars[bars.any(1)] > 0, axis=1)
        keys += [row.tobytes() for row in packed]
    return keys


def memorised_share(loops: Iterable[Array], training: frozenset[bytes]) -> float:
    """Return the share of sounding bars that are among the training data's, NaN where there is none.

    >>> bar = np.eye(16, 9)
    >>> memorised_share([bar], frozenset(bar_keys([bar])))
    1.0
    """
    keys = bar_keys(loops)
    return sum(key in training for key in keys) / len(keys) if keys else float("nan")


def evaluate_memorisation(made: Iterable[Array], real: Iterable[Array], training: Iterable[Array]) -> dict[str, Any]:
    """Measure how much of what is generated stands in the training data.

    Args:
        made: grooves (steps, 27) of whole bars that are judged.
        real: grooves of drummers who are not in the training data.
        training: all grooves that were learnt from.

    Returns:
        made and real: the shares of their sounding bars that stand in the training data hit for hit; made_bars,
        real_bars, training_bars: how many bars there are, of the training data without doubles.
    """
    known = frozenset(bar_keys(training))
    made, real = list(made), list(real)
    return {
        "made": memorised_share(made, known),
        "real": memorised_share(real, known),
        "made_bars": len(bar_keys(made)),
        "real_bars": len(bar_keys(real)),
        "training_bars": len(known),
    }
