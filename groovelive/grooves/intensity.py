"""Intensity: how hard a pattern is hit, from soft over as it was played to hard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
USUAL = 0.5  # plays velocities as they are
_SOFTEST = 0.4  # factor of velocities at intensity 0
_HARDEST = 3.0  # root of velocities at intensity 1


def with_intensity(velocities: Floats, intensity: float) -> Floats:
    """Return velocities played softer or harder.

    Below .5 all are softer by the same factor, down to .4 of what they were. Above .5 soft ones are lifted the most,
    and none beyond 1.

    Args:
        velocities: 0..1.
        intensity: 0..1; .5 leaves them as they are.

    >>> loud, soft = np.array([1.0]), np.array([0.125])
    >>> [with_intensity(loud, i).round(2).tolist() for i in (0, 0.25, 0.5, 1)]
    [[0.4], [0.63], [1.0], [1.0]]
    >>> with_intensity(soft, 1).tolist()
    [0.5]
    """
    if intensity <= USUAL:
        return velocities * velocities.dtype.type(_SOFTEST ** (1 - 2 * intensity))
    return velocities ** velocities.dtype.type(_HARDEST ** (1 - 2 * intensity))


def without_intensity(velocities: Floats, intensity: float) -> Floats:
    """Return the velocities, at most 1, that `with_intensity` made these of.

    >>> [round(float(without_intensity(with_intensity(np.array([0.3]), i), i)[0]), 6) for i in (0, 0.4, 0.5, 0.9, 1)]
    [0.3, 0.3, 0.3, 0.3, 0.3]
    """
    if intensity <= USUAL:
        softer = velocities / velocities.dtype.type(_SOFTEST ** (1 - 2 * intensity))
        limited: Floats = np.minimum(softer, velocities.dtype.type(1))
        return limited
    return velocities ** velocities.dtype.type(_HARDEST ** (2 * intensity - 1))
