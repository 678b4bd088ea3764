"""Fills: which bars of a solo are fills, and where a drummer is asked for some.

The data set does not say where in a take the fills are, so that a detector has to find them, in real takes and in
generated solos alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .bars import bar_hits, bar_similarity
from .features import Array, Bools
from .voices import SNARE, TOMS

NEIGHBOURS = 4  # bars on either side that a bar is compared with
MORE_TOMS = 2  # hits more than the neighbours' median …
MORE_DRUMS = 3  # … or hits of snare and toms more in the second half of the bar
UNLIKE = 0.05  # how much less like its neighbours a fill is than these are like each other
CHANCES = (0.10, 0.03, 0.04, 0.25)
"""How often a fill is asked for, by the place of the bar in a phrase of four."""


def find_fills(hits: Array) -> Bools:
    """Return which bars break the pattern around them with toms or snare.

    A bar is a fill if it has more toms, or more snare and toms in its second half, than the median of its neighbours,
    and is clearly less like them than they are like each other.

    Args:
        hits: (bars * 16, 9).

    Returns:
        (bars,) bool; all False under four bars, which have too few neighbours to tell.
    """
    cells = bar_hits(hits)
    n = len(cells)
    found = np.zeros(n, bool)
    if n < 4:
        return found
    alike = bar_similarity(cells, cells)
    grid = cells.reshape(n, 16, 9)
    toms, drums = grid[:, :, TOMS].sum((1, 2)), grid[:, 8:][..., [SNARE, *TOMS]].sum((1, 2))
    for bar in range(n):
        near = [k for k in range(max(0, bar - NEIGHBOURS), min(n, bar + NEIGHBOURS + 1)) if k != bar]
        among_them = np.median(alike[np.ix_(near, near)][np.triu_indices(len(near), 1)])
        busier = toms[bar] - np.median(toms[near]) >= MORE_TOMS or drums[bar] - np.median(drums[near]) >= MORE_DRUMS
        found[bar] = busier and np.median(alike[bar, near]) < among_them - UNLIKE
    return found


def ask_for_fills(bars: int, seed: int) -> Bools:
    """Draw which bars (bars,) shall be fills, at `CHANCES`."""
    chances = np.resize(CHANCES, bars)
    return np.random.default_rng([seed, 11]).random(bars) < chances


def obedience(asked: Sequence[Bools], found: Sequence[Bools]) -> dict[str, float]:
    """Return the share of bars with a fill, where one was asked for (`asked`) and where none was (`unasked`)."""
    wanted, played = np.concatenate(asked), np.concatenate(found)
    return {"asked": _rate(played[wanted]), "unasked": _rate(played[~wanted])}


def by_place(found: Sequence[Bools], phrase: int = 8) -> list[float]:
    """Return the share of bars with a fill, for each place in a phrase that begins with the solo."""
    place = np.concatenate([np.arange(len(fills)) % phrase for fills in found])
    fills = np.concatenate(found)
    return [_rate(fills[place == k]) for k in range(phrase)]


def crash_after(hits: Sequence[Array], found: Sequence[Bools], crash: int) -> dict[str, float]:
    """Return how often a crash opens a bar after a fill (`after_fill`), and after any other bar (`elsewhere`)."""
    opens = np.concatenate([h.reshape(-1, 16, 9)[1:, 0, crash] > 0 for h in hits])
    after = np.concatenate([fills[:-1] for fills in found])
    return {"after_fill": _rate(opens[after]), "elsewhere": _rate(opens[~after])}


def _rate(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else float("nan")
