"""Opens a clock of others to follow, whichever kind it is."""

from __future__ import annotations

from ..score.clocks import AbletonTransport, AnyClock, Link
from .ableton import AbletonSource
from .base import Source
from .link import LinkSession
from .midi_clock import MidiClockSource


def open_source(clock: AnyClock) -> Source:
    """Open a clock to follow. Takes a moment: not to be called from the conductor's loop.

    Args:
        clock: which, as a client names it.

    Raises:
        GrooveError: what it needs is not installed, or the port is not there.
    """
    if isinstance(clock, Link):
        return LinkSession(clock)
    if isinstance(clock, AbletonTransport):
        return AbletonSource(clock)
    return MidiClockSource(clock)
