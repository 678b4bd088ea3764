"""Playing on: what solos are asked for with, whether long ones settle or die, whether a section comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import GrooveError
from .bars import bar_hits, bar_similarity, longest_run
from .features import Array, Bools
from .fills import ask_for_fills, find_fills
from .systems import SoloSystem
from .takes import DrumTake

SECTION_A, SECTION_B, SECTION_BACK = 16, 8, 8  # bars of a section, of another genre, and of the return to the first
BLOCK = 32  # bars of a long solo that are looked at together


@dataclass(frozen=True, slots=True, eq=False)
class SoloBrief:
    """What one solo is asked for with: genre, tempo in beats a minute, which bars shall be fills, seed."""

    genre: str
    tempo: float
    fills: Bools
    seed: int

    def play(self, system: SoloSystem) -> NDArray[np.float32]:
        """Return the solo (bars * 16, 27)."""
        bars = len(self.fills)
        solo = np.asarray(system.solo(bars, self.genre, self.tempo, self.fills, self.seed, None), np.float32)
        if solo.shape != (bars * 16, 27):
            raise GrooveError(f"a solo of {bars} bars must have the shape {(bars * 16, 27)}, not {solo.shape}")
        return solo


def brief(takes: Sequence[DrumTake], number: int, bars: int, seed: int) -> SoloBrief:
    """Return what solo `number` is asked for with: the genre and tempo of take after take, fills drawn by the seed."""
    take = takes[number % len(takes)]
    return SoloBrief(take.genre, take.tempo, ask_for_fills(bars, seed), seed)


def long_figures(solos: Sequence[Array]) -> dict[str, Any]:
    """Measure whether long solos die, explode or settle.

    Returns:
        hits: a bar, in each block of 32 bars, on the average of the solos; drift: how far these are from the first
        block's, at the most; similarity: of neighbouring bars in each block; similarity_at_end: in the last; fills: a
        bar, in each block; silent_bars: in all solos; longest_run: of equal bars.
    """
    cells = np.stack([bar_hits(solo[:, :9]) for solo in solos])
    n, bars, _ = cells.shape
    blocks = bars // BLOCK
    if blocks < 1:
        raise GrooveError(f"long solos must have {BLOCK} bars or more, not {bars}")
    whole = blocks * BLOCK
    hits = cells.sum(2)[:, :whole].reshape(n, blocks, BLOCK).mean((0, 2))
    alike = np.stack([bar_similarity(solo, solo).diagonal(1) for solo in cells])
    similarity = [float(alike[:, k * BLOCK : (k + 1) * BLOCK - 1].mean()) for k in range(blocks)]
    fills = np.stack([find_fills(solo[:, :9])[:whole] for solo in solos]).reshape(n, blocks, BLOCK).mean((0, 2))
    return {
        "bars": bars,
        "hits": hits.tolist(),
        "drift": float(np.abs(hits / max(hits[0], 1e-9) - 1).max()),
        "similarity": similarity,
        "similarity_at_end": similarity[-1],
        "fills": fills.tolist(),
        "silent_bars": int((cells.sum(2) == 0).sum()),
        "longest_run": max(longest_run(solo) for solo in solos),
    }


def section_recall(system: SoloSystem, briefs: Sequence[SoloBrief]) -> dict[str, float]:
    """Measure whether a drummer returns to a section when it is given that section's bars to go on from.

    A lasts 16 bars, B eight of another genre, then A is asked for again. Each figure is the similarity of the eight new
    bars to the most similar ones of A.

    Returns:
        with_memory: going on from A; without: from B; as_played: from the last 16 bars that were played, B at their
        end; from_nothing; itself: the second half of A to its first; gain: with_memory less without.
    """
    figures: dict[str, list[float]] = {}
    for one in briefs:
        other = "rock" if one.genre == "jazz" else "jazz"
        a = system.solo(SECTION_A, one.genre, one.tempo, None, one.seed, None)
        b = system.solo(SECTION_B, other, one.tempo, None, one.seed + 1, a)
        contexts = {
            "with_memory": a,
            "without": b,
            "as_played": np.concatenate([a, b])[-SECTION_A * 16 :],
            "from_nothing": None,
        }
        for name, context in contexts.items():
            back = system.solo(SECTION_BACK, one.genre, one.tempo, None, one.seed + 2, context)
            figures.setdefault(name, []).append(best_similarity(back, a))
        half = len(a) // 2
        figures.setdefault("itself", []).append(best_similarity(a[half:], a[:half]))
    means = {name: float(np.mean(values)) for name, values in figures.items()}
    return means | {"gain": means["with_memory"] - means["without"]}


def best_similarity(solo: Array, section: Array) -> float:
    """Return the mean, over the bars of a solo, of the similarity to the most similar bar of a section."""
    return float(bar_similarity(bar_hits(solo[:, :9]), bar_hits(section[:, :9])).max(1).mean())
