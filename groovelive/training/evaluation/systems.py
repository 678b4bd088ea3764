"""What the evaluation asks of a drummer, and a groove model as one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .features import Array, Bools, Floats


class TapSystem(Protocol):
    """A drummer that answers rhythms, each with a loop of two bars."""

    def __call__(self, taps: Floats, genres: Array, instruments: Array, seeds: Array) -> Floats:
        """Answer n taps.

        Args:
            taps: (n, 32, 3) hit, velocity, offset.
            genres: (n,) names, "" where none is told.
            instruments: (n,) who plays: drums, typed, bass, guitar, piano.
            seeds: (n,) int.

        Returns:
            (n, 32, 27) hits, velocities, offsets of the nine voices.
        """
        ...


@runtime_checkable
class LoopingSystem(Protocol):
    """A drummer that plays loop after loop to one rhythm, as a session does."""

    def song(self, taps: Floats, genres: Array, instruments: Array, loops: int, seeds: Array) -> Floats:
        """Answer n taps with `loops` loops in a row each, (n, loops, 32, 27); else as `TapSystem`."""
        ...


class SoloSystem(Protocol):
    """A drummer that plays on, with no rhythm to follow."""

    def solo(
        self, bars: int, genre: str, tempo: float, fills: Bools | None, seed: int, context: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        """Play.

        Args:
            bars: how many.
            genre: what style.
            tempo: in beats a minute.
            fills: (bars,) which bars shall be fills; None tells nothing of fills.
            seed: of the draw.
            context: (m * 16, 27) the bars that were played before, or None to start from nothing.

        Returns:
            (bars * 16, 27) hits, velocities, offsets of the nine voices.
        """
        ...


class ModelSystem:
    """A groove model as `groovelive drum` asks it.

    Args:
        model: with `genres` and `drum(tap, genre=, seed=)`; it is told `instrument=` too where it takes that. Where
            it has `loops(tap, count, …)`, loops in a row come from there, else from `drum` with the seeds that
            follow.
        controls: told at every answer.
    """

    def __init__(self, model: Any, **controls: Any) -> None:
        self.model, self.controls = model, controls
        self._takes_instrument = "instrument" in inspect.signature(model.drum).parameters

    def __call__(self, taps: Floats, genres: Array, instruments: Array, seeds: Array) -> Floats:
        """Answer n taps, see `TapSystem`."""
        rows = zip(taps, genres, instruments, seeds, strict=True)
        answers = [self.model.drum(tap, seed=int(seed), **self._told(genre, who)) for tap, genre, who, seed in rows]
        return np.stack([answer.hvo for answer in answers]).astype(np.float32)

    def song(self, taps: Floats, genres: Array, instruments: Array, loops: int, seeds: Array) -> Floats:
        """Answer n taps with loops in a row, see `LoopingSystem`."""
        if not hasattr(self.model, "loops") or self.controls.get("mirror"):  # (the mirror's loops are each by itself)
            return seeded_loops(self, taps, genres, instruments, loops, seeds)
        rows = zip(taps, genres, instruments, seeds, strict=True)
        songs = [
            self.model.loops(tap, loops, seed=int(seed), **self._told(genre, who)) for tap, genre, who, seed in rows
        ]
        return np.stack([np.stack([loop.hvo for loop in song]) for song in songs]).astype(np.float32)

    def _told(self, genre: str, instrument: str) -> dict[str, Any]:
        told: dict[str, Any] = {"genre": str(genre) if genre in self.model.genres else None}
        if self._takes_instrument:
            told["instrument"] = str(instrument)
        return told | self.controls


def seeded_loops(
    system: Callable[[Floats, Array, Array, Array], Floats],
    taps: Floats,
    genres: Array,
    instruments: Array,
    loops: int,
    seeds: Array,
) -> Floats:
    """Return (n, loops, 32, 27): loop k of a tap is its answer to the seed + k."""
    n = len(taps)
    row = np.repeat(np.arange(n), loops)
    loop_seeds = np.tile(np.arange(loops), n) + seeds[row]
    return system(taps[row], genres[row], instruments[row], loop_seeds).reshape(n, loops, 32, 27)
