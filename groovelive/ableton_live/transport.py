"""Live's transport in the hands of a session that leads it: nothing here waits for Live."""

from __future__ import annotations

from .connection import LiveLink


class LedTransport:
    """Live's transport, moved by messages whose answers nobody waits for; see `LiveSet.lead`.

    Each method raises `LinkDown` where there is no connection at this moment.
    """

    def __init__(self, link: LiveLink) -> None:
        self._link = link

    @property
    def up(self) -> bool:
        """Whether there is a connection with Live now."""
        return self._link.up

    def tempo(self, bpm: float) -> None:
        """Set the tempo, in beats a minute."""
        self._link.send("/gl/tempo", bpm)

    def play(self) -> None:
        """Start it from its beginning."""
        self._link.send("/gl/play")

    def stop(self) -> None:
        """Stop it."""
        self._link.send("/gl/stop")
