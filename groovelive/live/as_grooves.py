"""What sounds as a `Groove`: events of the score, and packed notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..grooves.grid import STEPS_PER_BAR
from ..grooves.groove import Groove
from ..score.edits import STEP, unpack
from ..score.events import Event


def groove_of(chosen: Sequence[Event], first: int, bars: int) -> Groove:
    """Return events as a groove: of two notes of a voice in a step the louder stays."""
    notes = []
    for event in chosen:
        step = event.step - first
        offset = event.beat / STEP - event.step
        whole = int(np.floor(offset + 0.5))
        if 0 <= step + whole < bars * STEPS_PER_BAR:
            step, offset = step + whole, offset - whole
        if 0 <= step < bars * STEPS_PER_BAR:
            notes.append((step, event.voice, event.velocity, min(max(offset, -0.5), 0.5)))
    return Groove.from_notes(notes, steps=bars * STEPS_PER_BAR)


def groove_of_notes(data: bytes, bars: int) -> Groove:
    """Return packed notes as a groove."""
    notes = [(n.step, n.voice, n.velocity, min(n.offset, 0.5)) for n in unpack(data) if n.step < bars * STEPS_PER_BAR]
    return Groove.from_notes(notes, steps=bars * STEPS_PER_BAR)
