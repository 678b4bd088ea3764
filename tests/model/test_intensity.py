"""Intensity makes what is played softer and harder, evenly, and leaves locked cells as they are."""

from __future__ import annotations

import numpy as np
import pytest

import groovelive as gl

MODEL = gl.load()


@pytest.mark.parametrize("genre", ["funk", "rock", None])
def test_from_soft_to_hard(genre: str | None) -> None:
    def loudness(intensity: float) -> float:
        loops = [
            g for seed in range(8) for g in MODEL.loops("x..x..x.", 3, genre=genre, intensity=intensity, seed=seed)
        ]
        return float(np.mean([g.velocities.max(1)[g.hits.any(1)].mean() for g in loops]))

    soft, usual, hard = loudness(0.0), loudness(0.5), loudness(1.0)
    assert soft < 0.6 * usual and hard > usual


@pytest.mark.parametrize("intensity", [0.0, 1.0])
def test_locked_cells_stay_as_loud_as_they_were(intensity: float) -> None:
    kept = gl.Groove.parse("bd(3,8)", bars=2)
    answer = MODEL.drum("x..x..x.", keep=kept, locks="kick", intensity=intensity)
    assert np.array_equal(answer.velocities[:, 0], kept.velocities[:, 0])
    other = MODEL.drum("x..x..x.", keep=kept, locks="kick")
    assert not np.array_equal(answer.velocities[:, 1:], other.velocities[:, 1:])
    for idea in MODEL.candidates("x..x..x.", 3, keep=kept, locks="kick", intensity=intensity):
        assert np.array_equal(idea.groove.velocities[:, 0], kept.velocities[:, 0])
