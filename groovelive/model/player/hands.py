"""Two hands, one kick foot: which sets of hits a drummer can play at a step, and how fast.

In the human drums of the training data .1 % of the steps have a third hand, .9 % open and closed hat together (the
same pad, struck while it closes), and 2.7 % a closed hat beside two hands: that one is the foot's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .conditions import BITS, N_VOICES, Floats

Bools = NDArray[np.bool_]

_KICK, _CLOSED, _OPEN = 0, 2, 3
_STEPS_PER_BEAT = 4
ENDLESS = 1 << 30
# The longest run of 16ths on one voice, by how many of them a second lasts at most: the 99.9th percentile of the
# runs in the training data. Two hands share a snare or a hat; nobody's foot does.
_FASTER_THAN = (0.0, 6.0, 7.0, 9.0, 10.0, 12.0)
_LONGEST: tuple[tuple[int, ...], ...] = (
    (6, 4, 4, 4, 2, 2),
    (ENDLESS, ENDLESS, ENDLESS, ENDLESS, 9, 8),
    (ENDLESS, ENDLESS, ENDLESS, 10, 9, 2),
    (ENDLESS, 6, 5, 5, 2, 2),
    (ENDLESS, 11, 11, 8, 4, 4),
    (ENDLESS, 11, 10, 6, 4, 4),
    (ENDLESS, 11, 10, 9, 7, 4),
    (8, 3, 3, 2, 2, 2),
    (ENDLESS, ENDLESS, 5, 4, 3, 3),
)


def _playable() -> Bools:
    on = BITS > 0
    hands = on.sum(1) - on[:, _KICK] - on[:, _CLOSED]
    return (hands <= 2) & (hands + on[:, _CLOSED] <= 3) & ~(on[:, _CLOSED] & on[:, _OPEN])


PLAYABLE: Bools = _playable()
"""(512,) which sets of hits need no third hand, and do not hit the hat open and closed at once."""


def longest_runs(tempo: float) -> NDArray[np.int64]:
    """Return how many 16ths in a row a drummer plays on each voice at a tempo, (9,).

    >>> longest_runs(100)[0], longest_runs(200)[0]
    (np.int64(4), np.int64(2))
    """
    rate = tempo * _STEPS_PER_BEAT / 60
    column = max(i for i, least in enumerate(_FASTER_THAN) if rate > least or i == 0)
    return np.array([runs[column] for runs in _LONGEST])


class HandsAndFeet:
    """What two hands and a foot can do at each next step.

    Args:
        hits: (steps, 9) what was played before.
        tempo: in beats per minute; None lets them be as fast as they like.
    """

    __slots__ = ("_longest", "_runs")

    def __init__(self, hits: Floats, tempo: float | None) -> None:
        self._longest = np.full(N_VOICES, ENDLESS) if tempo is None else longest_runs(tempo)
        self._runs = np.zeros(N_VOICES, np.int64)
        for row in hits[-32:]:
            self.played(row)

    def copy(self) -> HandsAndFeet:
        """Return hands that are where these are."""
        other = HandsAndFeet(np.zeros((0, N_VOICES), np.float32), None)
        other._longest, other._runs = self._longest, self._runs.copy()
        return other

    def played(self, hits: Floats) -> None:
        """Take in one more step, (9,)."""
        self._runs = (self._runs + 1) * (hits > 0)

    def allowed(self) -> Bools:
        """Return which of the 512 sets they can play now."""
        tired = self._runs >= self._longest
        return PLAYABLE & ~BITS[:, tired].any(1) if tired.any() else PLAYABLE
