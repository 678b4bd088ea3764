"""A client's copy of the session's log and transport, kept up by the conductor's news."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ..errors import GrooveError
from ..protocol import session as messages
from ..score.score import Score


class _Reading(NamedTuple):
    """What the conductor said of its transport: by its clock, in ns, and the beat at which it stands, or None."""

    at: int
    anchor: int
    stopped: float | None


class Replica:
    """The log as this client knows it, and the beat, worked out of the log's tempo map and the transport's anchor.

    The conductor says when beat 0 was, by its monotonic clock: with the same log, and a clock that is measured, this is
    the beat that the conductor is at, whatever the tempo has been. The thread that hears the news never waits here: it
    leaves them in `_inbox`, for whoever looks next.

    Args:
        page: asks the conductor for its edits from a number on.
        now: the conductor's monotonic clock, in ns.
    """

    def __init__(self, page: Callable[[int], messages.Edits], now: Callable[[], int]) -> None:
        self.lock = threading.RLock()  # of the log
        self._page, self._now = page, now
        self._score = Score()
        self._run = ""  # of the conductor's process whose log this is
        self._reading: _Reading | None = None
        self._inbox: deque[messages.Edits | messages.SessionState] = deque()
        self._missing = False

    # In the thread that hears the news

    def hear(self, news: messages.Edits | messages.SessionState | messages.Tick) -> None:
        """Take in news, without waiting."""
        if not isinstance(news, messages.Edits):
            self._reading = _Reading(news.at, news.anchor, news.stopped)
        if isinstance(news, messages.Tick):
            return
        self._inbox.append(news)
        if self.lock.acquire(blocking=False):
            try:
                self._drain()
            finally:
                self.lock.release()

    # With the lock

    def _drain(self) -> None:
        while self._inbox:
            news = self._inbox.popleft()
            if isinstance(news, messages.Edits):
                self._take(news)
                continue
            if news.run != self._run:  # its journal may lack the last edits of the one before
                self._run, self._score = news.run, Score()
            self._missing = self._missing or news.edits > len(self._score.edits)

    def _take(self, news: messages.Edits) -> None:
        have = len(self._score.edits)
        if news.since > have:
            self._missing = True
            return
        for edit in news.edits[have - news.since :]:
            self._score.add(edit)

    def _fetch(self) -> None:
        self._missing, more = False, True
        while more:
            page = self._page(len(self._score.edits))
            self._take(page)
            self._drain()
            more = page.more

    # What is known

    @property
    def score(self) -> Score:
        """The log; what was missed is fetched, but by the thread that hears the news, which cannot wait for it."""
        with self.lock:
            self._drain()
            while self._missing and threading.current_thread().name != "conductor":
                self._fetch()
            return self._score

    @property
    def beat(self) -> float:
        """Where the transport is, in beats from the start."""
        with self.lock:
            score = self._score
            with contextlib.suppress(GrooveError):  # the conductor is away: time goes on as it did
                score = self.score
            reading = self._reading
            if reading is None:
                return 0.0
            beat = score.tempo.beat((self._now() - reading.anchor) / 1e9)
            return max(beat if reading.stopped is None else min(beat, reading.stopped), 0.0)
