"""Rhythms as arrays (steps, 3) of hit, velocity and offset: who plays one, and two of them mixed."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Instrument = Literal["drums", "typed", "bass", "guitar", "piano", "any"]


def instrument_of(rhythm: Floats) -> Instrument:
    """Return who plays a rhythm (steps, 3), as far as it tells: what has neither dynamics nor feel was typed.

    >>> from groovelive.grooves.groove import Groove
    >>> instrument_of(Groove.of("x..x..x.").tap())
    'typed'
    """
    on = rhythm[:, 0] > 0
    velocities = np.unique(np.round(rhythm[on, 1], 3))
    return "typed" if not rhythm[on, 2].any() and len(velocities) <= 3 else "drums"


def mixed(rhythm: Floats, other: Floats, share: float, seed: int = 0) -> Floats:
    """Return a rhythm (steps, 3) that is partly another: each step is that of `rhythm` with probability `share`.

    The same steps change first for the same seed, so that a moving share changes the rhythm little by little.

    >>> one, two = np.ones((32, 3), np.float32), np.zeros((32, 3), np.float32)
    >>> [int(mixed(one, two, share)[:, 0].sum()) for share in (0, 0.5, 1)]
    [0, 16, 32]
    """
    order = np.random.Generator(np.random.Philox(key=[seed, 1])).permutation(len(rhythm))
    own = order < round(share * len(rhythm))
    turned = np.resize(other, rhythm.shape) if len(other) != len(rhythm) else other
    return np.where(own[:, None], rhythm, turned).astype(np.float32)
