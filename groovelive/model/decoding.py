"""From probabilities to hits: which of the 288 cells of a loop are played, in numpy, for a batch at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..grooves.groove import GROUPS

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
_ROWS = 9 * np.arange(32)  # where the rows of a loop begin in its flat array
_VOICES = np.arange(9)
_HALF = np.float32(0.5)
_NEEDED = np.float32(3)  # ranks before all probabilities, with or without 1
_GROUPS = [list(voices) for voices in GROUPS.values()]


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)), without overflow."""
    half = _HALF * logits
    np.tanh(half, half)
    half *= _HALF
    half += _HALF
    return half


def drawn(logits: Floats, rng: np.random.Generator) -> Floats:
    """Return values 0..1 that are at least .5 with the probability sigmoid(logits), each cell by itself.

    The largest k of them are a draw of k cells without replacement (logistic noise; the two-way case of the Gumbel
    trick, Maddison et al. 2014), so that sampling can obey a number of hits too.
    """
    u = rng.random(logits.shape).clip(1e-9, 1 - 1e-9)
    return sigmoid((logits + np.log(u) - np.log1p(-u)).astype(np.float32))


def top(p: Floats, count: int) -> Bools:
    """Return the mask of the `count` largest of a flat array; of equals the first, and none that is 0."""
    mask = np.zeros(p.size, bool)
    if count > 0:
        best = np.argsort(-p, kind="stable")[:count]
        mask[best] = True
        mask &= p > 0
    return mask


def choose(
    p: Floats, tap: Floats, threshold: Floats, rare: tuple[float, float], centring: float, odds: Floats
) -> Bools:
    """Return the cells that a loop plays.

    A cell plays from its threshold on. The tap's silent steps stay silent, and each of its hits is answered by the
    likeliest voice at least. A rare voice plays its best cell where that is likely enough and enough hits of it are
    expected. The number of hits is then drawn towards the expected number.

    Args:
        p: (32, 9), probabilities after the bias.
        tap: (32,), > 0 where the tap hits.
        threshold: (9,), per voice.
        rare: (least probability, least expected hits) of a rare voice's best cell.
        centring: 0..1, how far the number of hits is drawn to the expected number.
        odds: (9,), exp(-bias): what leads from `p` back to the probabilities as learnt.
    """
    played = np.zeros(p.shape, bool)
    steps = tap.nonzero()[0]
    k = len(steps)
    if not k:
        return played
    p = p.take(steps, 0)  # (k, 9): only where the tap hits, which is also what keeps this fast
    likely = p >= threshold
    rank = p + likely  # what plays comes first, and what is needed before that
    chances, cells, ranks = p.reshape(-1), likely.reshape(-1), rank.reshape(-1)
    needed = p.argmax(1)
    needed += _ROWS[:k]
    cells[needed] = True
    ranks[needed] = _NEEDED
    least = k
    if rare[0] < 1:
        best = (p.argmax(0) * 9 + _VOICES)[3:]  # of all but kick, snare and closed hat: the voices that are rare
        audible = chances[best] >= rare[0]
        if np.count_nonzero(audible):
            wanted = best[audible & (p.sum(0)[3:] >= rare[1])]
            least += int(np.count_nonzero(ranks[wanted] != _NEEDED))
            cells[wanted] = True
            ranks[wanted] = _NEEDED
    if centring:
        chance = p * (1 - odds)
        chance += odds
        expected = float((p / chance).sum())
        count = int(np.count_nonzero(cells))
        goal = min(max(round(count + centring * (expected - count)), least), cells.size)
        if goal != count:  # the likeliest are added, or the least likely taken away
            cells[:] = False
            cells[ranks.argpartition(cells.size - goal)[cells.size - goal :]] = True
    played[steps] = likely
    return played


def fit_density(
    p: Floats, played: Bools, counts: Sequence[int | None], voices: Sequence[int | None], total: int | None
) -> Bools:
    """Return the likeliest cells in exactly the numbers asked for.

    Args:
        p: (32, 9), probabilities.
        played: (32, 9), what plays where nothing is asked for.
        counts: hits of each group, None where free.
        voices: hits of each voice, None where free; what they leave of their group's goes to its other voices.
        total: hits of all voices, or None; what the groups leave of it goes to the free groups.
    """
    played = played.copy()
    free: list[int] = []
    for v, count in enumerate(voices):
        if count is not None:
            played[:, v] = top(p[:, v], count)
    for group, count in zip(_GROUPS, counts, strict=True):
        others = [v for v in group if voices[v] is None]
        if count is None:
            free += others
        elif others:
            rest = count - sum(voices[v] or 0 for v in group)
            played[:, others] = top(p[:, others].ravel(), rest).reshape(len(p), -1)
    if total is not None and free:
        played[:, free] = False
        rest = max(total - int(played.sum()), 0)
        played[:, free] = top(p[:, free].ravel(), rest).reshape(len(p), -1)
    return played


def fit_energy(p: Floats, velocities: Floats, tap: Floats, energy: float) -> Bools:
    """Return the likeliest cells, as many as bring the sum of their velocities nearest to `energy`.

    The hits of the tap, (32,) and > 0 where it hits, are answered first; its silent steps stay silent.
    """
    rank = p * (tap > 0)[:, None]
    rank[np.arange(len(p)), p.argmax(1)] += tap > 0
    order = np.argsort(-rank.ravel(), kind="stable")
    order = order[p.ravel()[order] * rank.ravel()[order] > 0]
    sums = np.concatenate([[0.0], np.cumsum(velocities.ravel()[order])])
    played = np.zeros(p.size, bool)
    played[order[: int(np.abs(sums - energy).argmin())]] = True
    return played.reshape(p.shape)


def settled(p: Floats, played: Bools) -> Floats:
    """Return probabilities moved as little as needed for .5 to part what plays from what does not."""
    return np.where(played, np.maximum(p, np.float32(0.5)), np.minimum(p, np.float32(0.499)))
