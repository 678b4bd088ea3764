"""Drummers that need no training: what any figure of the evaluation must be read beside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .features import Array, Bools, Floats
from .takes import DrumLoops, DrumTake
from .taps import flattened
from .voices import VOICES


class RandomLoop:
    """A random loop of the genre, or of any, whatever the tap: the ceiling of sounding real, and it does not listen."""

    def __init__(self, loops: DrumLoops) -> None:
        self.loops = loops
        self._of_genre = {str(genre): np.flatnonzero(loops.genre == genre) for genre in np.unique(loops.genre)}
        self._all = np.arange(len(loops))

    def __call__(self, taps: Floats, genres: Array, instruments: Array, seeds: Array) -> Floats:
        """Answer n taps, see `TapSystem`."""
        chosen = [
            np.random.default_rng([int(seed), i]).choice(self._of_genre.get(str(genre), self._all))
            for i, (genre, seed) in enumerate(zip(genres, seeds, strict=True))
        ]
        return self.loops.hvo[chosen]


class NearestLoop:
    """The loop of the genre, or of any, whose own flattened rhythm is nearest to the tap in steps and velocities."""

    def __init__(self, loops: DrumLoops) -> None:
        self.loops = loops
        taps = flattened(loops.hvo)
        self._on = (taps[..., 0] > 0).astype(np.float32)
        self._velocity = taps[..., 1] * self._on
        self._genres = {str(genre) for genre in loops.genre}

    def __call__(self, taps: Floats, genres: Array, instruments: Array, seeds: Array) -> Floats:
        """Answer n taps, see `TapSystem`. The seed decides between loops that are equally near."""
        on = (taps[..., 0] > 0).astype(np.float32)
        velocity = on * taps[..., 1]
        cost = on @ (1 - self._on).T + (1 - on) @ self._on.T
        cost += 0.5 * (
            (velocity**2).sum(1)[:, None] + (self._velocity**2).sum(1)[None] - 2 * velocity @ self._velocity.T
        )
        out = np.zeros((len(taps), 32, 27), np.float32)
        for i in range(len(taps)):
            price = cost[i] + 1e-3 * np.random.default_rng([int(seeds[i]), 7]).random(len(self.loops))
            if str(genres[i]) in self._genres:
                price = price + 100 * (self.loops.genre != genres[i])
            out[i] = self.loops.hvo[price.argmin()]
        return out


class CellTable:
    """Every cell drawn on its own, by how often its voice plays at this step where the tap is silent, soft or loud.

    A hit's velocity and offset are those of a random hit of its voice at that step of the bar.
    """

    LOUD = 0.6

    def __init__(self, loops: DrumLoops) -> None:
        hvo = loops.hvo
        level, step = self._levels(flattened(hvo)), np.arange(32) % 16
        self._chance = np.zeros((16, 3, 9))
        for place in range(16):
            for loudness in range(3):
                cells = (step == place) & (level == loudness)
                self._chance[place, loudness] = (hvo[..., :9][cells].sum(0) + 0.1) / (cells.sum() + 1)
        self._touches: dict[tuple[int, int], Floats] = {}
        for voice in range(len(VOICES)):
            for place in range(16):
                cells = (hvo[..., voice] > 0) & (step == place)
                touches = np.stack([hvo[..., 9 + voice][cells], hvo[..., 18 + voice][cells]], 1)
                self._touches[voice, place] = touches[:4000] if len(touches) else np.array([[0.5, 0]])

    @classmethod
    def _levels(cls, taps: Floats) -> NDArray[np.int_]:
        return np.where(taps[..., 0] == 0, 0, np.where(taps[..., 1] < cls.LOUD, 1, 2))

    def __call__(self, taps: Floats, genres: Array, instruments: Array, seeds: Array) -> Floats:
        """Answer n taps, see `TapSystem`."""
        out = np.zeros((len(taps), 32, 27), np.float32)
        for i, tap in enumerate(taps):
            rng = np.random.default_rng([int(seeds[i]), i])
            hits = rng.random((32, 9)) < self._chance[np.arange(32) % 16, self._levels(tap)]
            for step, voice in zip(*np.nonzero(hits), strict=True):
                touches = self._touches[int(voice), int(step) % 16]
                velocity, offset = touches[rng.integers(len(touches))]
                out[i, step, voice], out[i, step, 9 + voice], out[i, step, 18 + voice] = 1, velocity, offset
        return out


class HumanSolo:
    """A stretch of a real take of the genre that is long enough, whatever was played before: the ceiling of solos."""

    def __init__(self, takes: Sequence[DrumTake]) -> None:
        self.takes = sorted(takes, key=lambda take: -take.bars)

    def solo(
        self, bars: int, genre: str, tempo: float, fills: Bools | None, seed: int, context: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        """Play, see `SoloSystem`. Where no take is long enough, the longest goes round."""
        rng = np.random.default_rng(seed)
        long_enough = [take for take in self.takes if take.bars >= bars]
        of_genre = [take for take in long_enough if take.genre == genre]
        choice = of_genre or long_enough or self.takes[:1]
        take = choice[rng.integers(len(choice))]
        start = rng.integers(max(take.bars - bars, 0) + 1) * 16
        return np.resize(take.hvo[start : start + bars * 16], (bars * 16, 27))


class HeldLoop:
    """Two bars of a real take, held for ever: what a loop that never changes scores."""

    def __init__(self, takes: Sequence[DrumTake]) -> None:
        self._human = HumanSolo(takes)

    def solo(
        self, bars: int, genre: str, tempo: float, fills: Bools | None, seed: int, context: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        """Play, see `SoloSystem`."""
        return np.resize(self._human.solo(2, genre, tempo, fills, seed, context), (bars * 16, 27))
