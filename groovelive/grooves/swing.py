"""Swung 8ths: an off-beat 8th that is played straight goes to the last third of its beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .grid import STEPS_PER_BEAT, VOICES

_V = len(VOICES)
_TRIPLET = -1 / 3  # steps from the last 16th of a beat to its last third


def swung_eighths(grooves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return grooves whose straight 8ths swing; what swings already, and beats in 16ths, stay as they are.

    A beat is straight where something is hit on its off-beat 8th, and nothing on the 16ths beside that. So what is
    swung once is not swung again.

    Args:
        grooves: (n, steps, 27).

    >>> rows = np.zeros((1, 32, 27), np.float32)
    >>> rows[0, 2, [8, 17]] = 1, 0.5
    >>> swung = swung_eighths(rows)
    >>> np.nonzero(swung[0, :, 8])[0].tolist(), round(float(swung[0, 3, 26]), 3)
    ([3], -0.333)
    >>> bool((swung_eighths(swung) == swung).all())
    True
    """
    found = grooves.copy()
    for rows in found:
        for beat in range(0, len(rows), STEPS_PER_BEAT):
            hit = rows[beat : beat + STEPS_PER_BEAT, :_V].any(1)
            if not hit[2] or hit[1] or hit[3]:
                continue
            straight, late = rows[beat + 2], rows[beat + 3]
            late[:] = straight
            on = straight[:_V] > 0
            late[2 * _V :][on] = np.clip(straight[2 * _V :][on] + _TRIPLET, -0.5, 0.499)
            straight[:] = 0
    return found
