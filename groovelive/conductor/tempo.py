"""Who leads the tempo: the conductor, or a peer whose bar lines ours are drawn onto."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ..errors import GrooveError
from ..timeline import messages
from ..timeline.messages import Draft, When
from ..timeline.score import SESSION
from .desk import Desk
from .following import Following
from .oscdoor import Peer
from .transport import Transport

SILENT = 10.0  # seconds without a word after which a peer leads no more
CLOCK = "clock"  # who makes the edits of the tempo that follow a peer; no performer's undo is about them
_WORTH = 0.02  # bpm; smaller changes are not worth an edit


class Host(Protocol):
    """What is needed of the conductor."""

    desk: Desk
    transport: Transport

    def reach(self, drummer: str) -> float:
        """Return the first beat at which notes can still be changed."""


class Tempo:
    """Follows a peer that leads, and measures one that does not.

    Args:
        host: the conductor.
        tell: called with a sentence for the performers.
        now: seconds, monotonic.
    """

    def __init__(
        self, host: Host, tell: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._host, self._tell, self._now = host, tell, now
        self.leader: Peer | None = None
        self._peer: Peer | None = None
        self._following = Following()
        self._since = 0.0

    def lead(self, peer: Peer, on: bool) -> None:
        """Let a peer lead, or lead no more.

        Raises:
            GrooveError: another one leads, or it does not.
        """
        self.look()
        if not on:
            if self.leader not in (None, peer):
                raise GrooveError(f"{self.leader} leads the tempo, and only it can give the lead back")
            if self.leader is not None:
                self.leader = None
                self._settle()
            return
        if self.leader not in (None, peer):
            raise GrooveError(f"{self.leader} leads the tempo; it has to give the lead back first (/gl/lead id 0)")
        self.leader, self._since = peer, self._now()

    def left(self, peer: Peer) -> None:
        """Take notice that a peer has gone."""
        if peer == self.leader:
            self.leader = None
            self._settle()
            self._tell(f"{peer}, which led the tempo, has gone; the tempo stays as it is")

    def look(self) -> None:
        """See whether who leads is still there."""
        if self.leader is not None and self._now() - max(self._since, self._heard(self.leader)) > SILENT:
            peer, self.leader = self.leader, None
            self._settle()
            self._tell(f"nothing was heard for {SILENT:g} s of {peer}, so it leads the tempo no more; the tempo stays")

    def _heard(self, peer: Peer) -> float:
        return self._following.last if peer == self._peer else 0.0

    def heard(self, peer: Peer, beat: float, bpm: float, at: float) -> None:
        """Take a peer's word: its clock stood at `beat` at a moment, in seconds, and goes on at `bpm`."""
        if self.leader not in (None, peer):
            return  # what counts is the leader's
        if peer != self._peer:
            self._peer, self._following = peer, Following()
        self._following.heard(beat, bpm, at)
        if peer == self.leader and self._host.transport.playing:
            self._follow()

    def _follow(self) -> None:
        """Set the tempo from the first beat on that can still be changed, so that we shall be with the peer."""
        score, transport = self._host.desk.score, self._host.transport
        reach = self._host.reach(SESSION)
        self._set(self._following.tempo(reach, transport.ns(reach) / 1e9), score.tempo.bpm(reach))

    def _settle(self) -> None:
        """Go on at the tempo of who has led: what was still to be caught up with is let be."""
        if self._host.transport.playing and self._following.bpm:
            self._set(self._following.bpm, self._host.desk.score.tempo.bpm(self._host.reach(SESSION)))

    def _set(self, wanted: float, bpm: float) -> None:
        wanted = min(max(wanted, 20.0), 400.0)
        # Back at the peer's own tempo exactly, or the phase would creep.
        worth = 1e-4 if wanted == round(self._following.bpm, 6) else _WORTH
        if abs(wanted - bpm) > worth:
            self._host.desk.write(messages.Write(edits=(Draft("bpm", wanted),), when=When("now"), by=CLOCK))

    def milliseconds(self) -> float:
        """Return by how much our beats lie behind the peer's, in milliseconds; before them: negative.

        Raises:
            GrooveError: no peer has said where its beat is.
        """
        self.look()
        if not self._following.bpm:
            raise GrooveError("nobody has said where its beat is; a peer does by /gl/clock")
        now = self._now()
        return self._following.milliseconds(self._host.transport.beat_at(round(now * 1e9)), now)

    def phase(self) -> float | None:
        """Return the same, or None where no peer has been heard of for some time."""
        if not self._following.bpm or self._now() - self._following.last > SILENT:
            return None
        return self.milliseconds()
