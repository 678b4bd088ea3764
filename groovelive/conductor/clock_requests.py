"""What clients ask about clocks: who shall lead, who shall follow; opened beside the loop, which must not wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import GrooveError
from ..outputs import Outputs
from ..protocol import session as messages
from ..score.clocks import AbletonTransport, AnyClock, Link, MidiClock
from ..sync.ableton import AbletonLed
from ..sync.base import Source
from ..sync.link import LinkSession
from ..sync.open import open_source
from . import journal
from .midi_clock import Ticking
from .tempo_sync import LeadingClock, Led, Tempo
from .transport import Transport

_EACH = 20_000_000  # ns between two looks at the Link session that is led

Answer = Callable[[GrooveError | None], None]


class LinkLed:
    """The Link session, drawn to where we are."""

    def __init__(self, session: LinkSession) -> None:
        self._session, self._look_at = session, 0

    def turn(self, transport: Transport, bpm: Callable[[float], float]) -> None:
        """Tell it where we are, some times a second."""
        now = transport.now()
        if now >= self._look_at:
            self._look_at = now + _EACH
            beat = transport.beat_at(now)
            self._session.lead(beat, bpm(beat), now / 1e9, transport.playing)

    def close(self) -> None:
        """Leave the session."""
        self._session.close()


class ClockRequests:
    """Opens clocks to follow, and to lead.

    Args:
        tempo: who follows and leads them.
        outputs: where MIDI clock goes to.
        do: has something done beside the loop, and what comes of it given to a function in it.
        changed: called when another leads, or others follow.
    """

    def __init__(
        self, tempo: Tempo, outputs: Outputs, do: Callable[..., None], changed: Callable[[journal.ClockState], None]
    ) -> None:
        self._tempo, self._outputs, self._do, self._changed = tempo, outputs, do, changed

    def _tell(self, error: GrooveError | None, answer: Answer) -> None:
        if error is None:
            leader = self._tempo.leader
            clock = leader.clock if isinstance(leader, LeadingClock) else None
            self._changed(journal.ClockState(clock, self._tempo.led))
        answer(error)

    def recall(self, clocks: journal.ClockState, answer: Answer) -> None:
        """Have clocks lead and follow as they did when the session ended; `answer` is called for each."""
        if clocks.leader is not None:
            self.follow(clocks.leader, answer)
        for clock in clocks.led:
            self.lead(clock, True, answer)

    def follow(self, clock: AnyClock | None, answer: Answer) -> None:
        """Have a clock lead; None: the conductor."""
        if clock is None:
            self._tempo.follow(None)
            self._tell(None, answer)
            return
        if isinstance(self._tempo.leader, LeadingClock) and self._tempo.leader.clock == clock:
            answer(None)
            return

        def then(found: Source | None, error: GrooveError | None) -> None:
            if error is None and found is not None:
                try:
                    self._tempo.follow(LeadingClock(clock, found))
                    self._let_link_go(clock)
                except GrooveError as problem:
                    found.close()
                    error = problem
            self._tell(error, answer)

        self._do(lambda: open_source(clock), then)

    def lead(self, clock: AnyClock | None, on: bool, answer: Answer) -> None:
        """Have a clock follow, or no more; None: all that do."""
        if clock is None or not on:
            if clock is not None and clock not in self._tempo.led:
                raise GrooveError("this clock does not follow; live.follow(None) is for one that leads")
            self._tempo.let_go(clock)
            self._tell(None, answer)
            return
        if clock in self._tempo.led:
            answer(None)
            return

        def then(led: Led | None, error: GrooveError | None) -> None:
            if error is None and led is not None:
                leader = self._tempo.leader
                both = (Link, AbletonTransport)
                if isinstance(leader, LeadingClock) and isinstance(clock, both) and type(leader.clock) is type(clock):
                    self._tempo.follow(None)  # one cannot do both: the last word counts
                self._let_link_go(clock)
                self._tempo.lead_clock(clock, led)
            self._tell(error, answer)

        self._do(lambda: self._opened(clock), then)

    def _let_link_go(self, clock: AnyClock) -> None:
        for led in self._tempo.led:
            if not isinstance(clock, MidiClock) and type(led) is type(clock):
                self._tempo.let_go(led)

    def _opened(self, clock: AnyClock) -> Any:
        if isinstance(clock, Link):
            return LinkLed(LinkSession(clock))
        if isinstance(clock, AbletonTransport):
            return AbletonLed(clock)
        assert isinstance(clock, MidiClock)
        sink = self._outputs.open(clock)
        return Ticking(sink, self._outputs.send, lambda number: self._do(lambda: self._outputs.close(number), _nothing))

    def ask(self, request: messages.Follow | messages.LeadRequest, answer: Answer) -> None:
        """Do what a client asks for; see `messages`.

        Raises:
            GrooveError: it cannot be.
        """
        if isinstance(request, messages.Follow):
            self.follow(request.clock, answer)
        else:
            self.lead(request.clock, request.on, answer)


def _nothing(_: Any, __: GrooveError | None) -> None:
    pass
