"""Asks the engine for what drummers will play, ahead of its time; knows how the engine is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from ..engine import Client
from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.base import Reply
from ..score.edits import BEATS_PER_BAR, pack
from ..score.events import bar_notes
from ..score.following import followed, in_order
from ..score.queries import Wish
from .editor import Editor
from .generator import Generator
from .jobs import JobWorker
from .midi_inputs import MidiInputs

_GREETING = 0.2  # seconds between two tries to learn what the engine serves
_OWN_AT = 1.0  # beats into a bar, at which the performer's own code and autopilots are asked for the next
_AWAY = ("LATE", "NO_WORKER", "BUSY", "CANCELLED")  # codes of an engine that does not answer


class Planner:
    """Keeps at most one question a drummer open.

    Args:
        editor: who knows what each drummer needs next, and takes the answers.
        client: of the engine.
        generator: which makes patterns of queries.
        asker: the thread that waits for the engine.
        midi_inputs: which says how often one may ask about what is played.
        say: tells the performers a sentence.
        tell: tells clients some news.
    """

    def __init__(
        self,
        editor: Editor,
        client: Client,
        generator: Generator,
        asker: JobWorker,
        midi_inputs: MidiInputs,
        say: Callable[[str], None],
        tell: Callable[[Reply], None],
    ) -> None:
        self._editor, self._client, self._generator, self._asker = editor, client, generator, asker
        self._midi_inputs, self._say, self._tell = midi_inputs, say, tell
        self.engine, self.answer = "starting", 0.0  # how it is, and how long it took to answer last, in ms
        self._asked: dict[str, tuple[int, Wish]] = {}
        self._version: tuple[int, ...] = ()
        self._own_bar = -1
        self._greet_at = 0.0

    def turn(self, bar: int, beat: float) -> None:
        """Ask for what is needed, where anything has changed since the last look.

        Args:
            bar: in which the transport is, from 0.
            beat: where the transport is.
        """
        version = (self._editor.score.version, bar, len(self._asked), self._midi_inputs.moment())
        if version != self._version:
            self._version = version
            self._plan()
        if bar != self._own_bar and beat - bar * BEATS_PER_BAR >= _OWN_AT:
            self._own_bar = bar
            self._editor.fly(bar + 1)
            self._want_own(bar + 1)

    def look_again(self) -> None:
        """Look at the next turn at what is needed, even if nothing has changed."""
        self._version = ()

    def _plan(self) -> None:
        score = self._editor.score
        for drummer in in_order(score, score.drummers, self._editor.clock.beat()):
            # Who follows another is asked for when that has its answer.
            if drummer in self._asked or followed(score, drummer, self._editor.clock.reach(drummer)) in self._asked:
                continue
            if self._midi_inputs.too_soon(drummer):
                self.look_again()
                continue
            due = self._editor.due(drummer)
            if due is not None:
                self._midi_inputs.asked(drummer)
                self._ask(drummer, due.bar, due.wish, due.at_once)

    def _ask(self, drummer: str, bar: int, wanted: Wish, at_once: bool) -> None:
        self._asked[drummer] = (bar, wanted)
        began = time.monotonic()

        def then(pattern: Any, error: GrooveError | None) -> None:
            self._asked.pop(drummer, None)
            if error is not None:
                self._fault(error, drummer)
                return
            self.answer = 1000 * (time.monotonic() - began)
            self._back()
            self._editor.given(drummer, bar, wanted, pattern, at_once)

        self._asker.do(lambda: self._generator(wanted), then)

    def _want_own(self, bar: int) -> None:
        beat = float(bar * BEATS_PER_BAR)
        score = self._editor.score
        for drummer in score.drummers:
            if score.value(drummer, "each_bar", beat):
                notes = pack(bar_notes(score, drummer, bar, beat, own=False))
                self._tell(messages.Wanted(drummer=drummer, bar=bar + 1, beat=beat, notes=notes))

    # How the engine is

    def greet(self) -> None:
        """Learn what the engine serves, until it has said so once."""
        if time.monotonic() < self._greet_at:
            return
        self._greet_at = math.inf

        def then(model: Any, error: GrooveError | None) -> None:
            if error is None and model is not None:
                self._editor.model = model
                self._back()
            else:
                self._greet_at = time.monotonic() + _GREETING

        def hello() -> Any:
            reply = self._client.hello()
            return reply.models[0] if reply.models else None

        self._asker.do(hello, then)

    def _fault(self, error: GrooveError, drummer: str) -> None:
        if getattr(error, "code", "") in _AWAY:
            if self.engine == "ready":
                self._say(f"the engine does not answer ({error}); what plays goes on")
            self.engine = "gone"
        else:
            self._say(f"{drummer} plays on what it has: {error}")

    def _back(self) -> None:
        if self.engine == "gone":
            self._say("the engine is back")
        self.engine = "ready"
