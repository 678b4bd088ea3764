"""A client's copy of the session's log and clock, kept up by the conductor's news."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..protocol import session as messages
from ..score.score import Score


class Replica:
    """The log as this client knows it, and the beat that it reckons from the last one it was told.

    Args:
        page: asks the conductor for its edits from a number on.
    """

    def __init__(self, page: Callable[[int], messages.Edits]) -> None:
        self.lock = threading.RLock()
        self._page = page
        self._score = Score()
        self._session = ""
        self._anchor = time.monotonic()  # when beat 0 was, or would have been
        self._stood: float | None = None  # the beat at which the transport stands
        self._missing = threading.Event()

    def joined(self, state: messages.State) -> None:
        """Take in where the session is; another session begins another log."""
        with self.lock:
            if state.session != self._session or state.edits < len(self._score.edits):
                self._session, self._score = state.session, Score()
            self._anchor = time.monotonic() - self._score.tempo.seconds(state.beat)
            self._stood = None if state.playing else state.beat
            if state.edits > len(self._score.edits):
                self._missing.set()

    def take(self, news: messages.Edits) -> None:
        """Take in edits; what is missing before them is fetched by whoever looks next, in a thread that may ask."""
        with self.lock:
            have = len(self._score.edits)
            if news.since > have:
                self._missing.set()
                return
            for edit in news.edits[have - news.since :]:
                self._score.add(edit)

    def tick(self, news: messages.Tick) -> None:
        """Take in which beat it is."""
        self._anchor = time.monotonic() - self._score.tempo.seconds(news.beat)

    def catch_up(self) -> None:
        """Fetch the edits that were missed; the thread that hears the news cannot."""
        if threading.current_thread().name == "conductor":
            return
        self._missing.clear()
        more = True
        while more:
            with self.lock:
                since = len(self._score.edits)
            page = self._page(since)
            self.take(page)
            more = page.more
        with self.lock:
            self._anchor = min(self._anchor, time.monotonic())

    @property
    def score(self) -> Score:
        """The log."""
        if self._missing.is_set():
            self.catch_up()
        return self._score

    @property
    def beat(self) -> float:
        """Where the transport is, in beats from the start."""
        with self.lock:
            if self._stood is not None:
                return self._stood
            return max(self._score.tempo.beat(time.monotonic() - self._anchor), 0.0)
