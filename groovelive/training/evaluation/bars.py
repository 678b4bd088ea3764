"""How the bars of a solo go on from each other: similarity, repeats, how many hits, how the touch changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .features import Array

LAGS = (1, 2, 4, 8, 16)
WARM_UP = 8  # bars at the beginning that are not asked whether they repeat an earlier one
FEW = 10  # under so many hits a figure of the touch says nothing


def bar_hits(hits: Array) -> NDArray[np.float32]:
    """Return (bars, 144) of hits (steps, 9); what is left of a bar at the end is dropped.

    >>> bar_hits(np.ones((40, 9))).shape
    (2, 144)
    """
    bars = len(hits) // 16
    return (np.asarray(hits[: bars * 16]) > 0.5).astype(np.float32).reshape(bars, 144)


def bar_similarity(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, m): the Jaccard similarity of bars (n, 144) and bars (m, 144); silent bars are alike."""
    both = a @ b.T
    either = a.sum(1)[:, None] + b.sum(1)[None] - both
    return np.where(either > 0, both / np.maximum(either, 1), 1.0).astype(np.float32)


def solo_figures(solo: Array) -> dict[str, float]:
    """Describe one solo.

    Args:
        solo: (bars * 16, 27), some 32 bars.

    Returns:
        similarity_1, _2, _4, _8, _16: mean similarity of bars so far apart; best_earlier, exact_repeats: after the
        first eight bars, the similarity to the most similar earlier bar, and the share of bars that equal one;
        distinct: unlike bars over all; ends: similarity of the first four bars to the last four; hits and
        hits_spread: mean and standard deviation of the hits a bar; silent: share of silent bars; velocity_spread,
        offset_spread: standard deviations; velocity_change, offset_change: mean absolute change of a hit against one
        bar before; offset_spread_in_step: of the hits of one step together. What the solo is too short or too sparse
        for is left out.
    """
    hits = np.asarray(solo[:, :9]) > 0.5
    cells = bar_hits(hits)
    n = len(cells)
    alike = bar_similarity(cells, cells)
    figures = {f"similarity_{lag}": float(alike.diagonal(lag).mean()) for lag in LAGS if lag < n}
    if n > WARM_UP:
        best = np.array([alike[bar, :bar].max() for bar in range(WARM_UP, n)])
        figures["best_earlier"] = float(best.mean())
        figures["exact_repeats"] = float((best >= 1 - 1e-6).mean())
    figures["distinct"] = len({bar.tobytes() for bar in cells}) / n
    figures["ends"] = float(alike[:4, -4:].mean())
    per_bar = cells.sum(1)
    figures |= {"hits": float(per_bar.mean()), "hits_spread": float(per_bar.std())}
    figures["silent"] = float((per_bar == 0).mean())
    return figures | _touch(hits, solo[:, 9:18], solo[:, 18:])


def _touch(hits: NDArray[np.bool_], velocities: Array, offsets: Array) -> dict[str, float]:
    figures: dict[str, float] = {}
    if hits.sum() > FEW:
        figures["velocity_spread"] = float(velocities[hits].std())
        figures["offset_spread"] = float(offsets[hits].std())
    kept = hits[16:] & hits[:-16]
    if kept.sum() > FEW:
        figures["velocity_change"] = float(np.abs(velocities[16:] - velocities[:-16])[kept].mean())
        figures["offset_change"] = float(np.abs(offsets[16:] - offsets[:-16])[kept].mean())
    together = hits.sum(1) >= 2
    if together.sum() > FEW // 2:
        of_step = np.where(hits[together], offsets[together], np.nan)
        figures["offset_spread_in_step"] = float(np.nanstd(of_step, 1).mean())
    return figures


def mean_figures(solos: Sequence[Array]) -> dict[str, float]:
    """Return the means of `solo_figures` over all solos that have them."""
    described = [solo_figures(solo) for solo in solos]
    names = list(dict.fromkeys(name for figures in described for name in figures))
    return {name: float(np.mean([figures[name] for figures in described if name in figures])) for name in names}


def longest_run(solo: Array) -> int:
    """Return how many bars in a row have the same hits, at the most."""
    longest = run = 1
    for before, bar in pairwise(bar_hits(solo[:, :9])):
        run = run + 1 if np.array_equal(before, bar) else 1
        longest = max(longest, run)
    return longest


def windows(take: Array, bars: int = 32, hop: int = 16) -> list[Array]:
    """Cut a take (n * 16, 27) into stretches of `bars` bars, `hop` bars from one to the next."""
    starts = range(0, len(take) // 16 - bars + 1, hop)
    return [take[start * 16 : (start + bars) * 16] for start in starts]
