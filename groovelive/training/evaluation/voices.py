"""Where the nine voices lie in an array of hits, and which of them a drummer's limbs and roles share."""

from __future__ import annotations

from ...grooves.grid import VOICES

__all__ = ["CLOSED_HAT", "CRASH", "HANDS", "KICK", "OPEN_HAT", "RIDE", "SNARE", "TIME_KEEPERS", "TOMS", "VOICES"]

KICK, SNARE, CLOSED_HAT, OPEN_HAT, _LOW_TOM, _MID_TOM, _HIGH_TOM, CRASH, RIDE = range(9)
TOMS = [_LOW_TOM, _MID_TOM, _HIGH_TOM]
TIME_KEEPERS = [CLOSED_HAT, OPEN_HAT, RIDE]
HANDS = [SNARE, OPEN_HAT, *TOMS, CRASH, RIDE]  # always struck by a hand; the closed hat can be played by foot
