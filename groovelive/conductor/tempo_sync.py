"""Who leads the tempo: the conductor, or a clock whose bar lines ours are drawn onto; and who follows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.session import Draft, When
from ..score.clocks import AnyClock, name_of
from ..score.controls import SESSION_CONTROLS
from ..score.edit_log import SESSION
from ..score.edits import BEATS_PER_BAR, Edit, Line
from ..sync.base import Source
from ..sync.tap_tempo import Taps
from .editor import Editor
from .osc.server import OscClient
from .phase_lock import PhaseLock, Way
from .tap_tempo import tapped
from .transport import Transport

SILENT = 10.0  # seconds without a word after which a peer leads no more
RESTART = 150_000_000  # ns from the word to the first beat when the transport starts again
CLOCK = "clock"  # who makes the edits of the tempo that follow a peer; no performer's undo is about them
_EACH = 0.01  # seconds between two looks at a source
_PATIENCE = 2.0  # seconds in which one that is to lead can be found
_WORTH = 0.02  # bpm; smaller changes of a tempo that is only on its way are not worth an edit
_TAPPERS = 16  # performers whose taps are remembered


class TempoHost(Protocol):
    """What is needed of the conductor."""

    editor: Editor
    transport: Transport

    def reach(self, drummer: str) -> float:
        """Return the first beat at which notes can still be changed."""

    def start(self, beat: float, by: str) -> tuple[Edit, ...]:
        """Let the transport run again, so that a beat is `RESTART` from now."""

    def stop(self, by: str) -> tuple[Edit, ...]:
        """Let the transport stand."""


class Led(Protocol):
    """Somebody who follows our tempo; it is seen to in every turn of the loop."""

    def turn(self, transport: Transport, bpm: Callable[[float], float]) -> None:
        """Tell it where we are; `bpm` is the tempo at a beat."""

    def close(self) -> None:
        """Let it go."""


class LeadingClock(NamedTuple):
    """A clock that leads because a performer wants it to."""

    clock: AnyClock
    source: Source

    def __str__(self) -> str:
        return name_of(self.clock)


class Tempo:
    """Follows whoever leads, and measures a peer that does not; has others follow.

    Leaders are of two kinds. A peer asks by OSC to lead, and tells where it is: if it is silent for 10 s, it leads no
    more. A clock (Ableton Link, MIDI clock) leads because a performer wants that: it may go away and come back, and
    leads until somebody says otherwise.

    Args:
        host: the conductor.
        tell: called with a sentence for the performers.
        now: seconds, monotonic.
    """

    def __init__(self, host: TempoHost, tell: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self._host, self._tell, self._now = host, tell, now
        self.leader: OscClient | LeadingClock | None = None
        self._of: OscClient | LeadingClock | None = None  # whom the line below is about
        self._following = PhaseLock()
        self._since = 0.0
        self._there: bool | None = None  # whether the clock that leads is heard; None: it has not been looked at yet
        self._been_there = False
        self._offset: float | None = None  # beats that ours are ahead of a clock's that does not say where the bar is
        self._to_start = False
        self._starts_anew = False  # whether it has started since its last word
        self._stands = self._quiet = False  # whether it said that it stops; whether it is silent since, as expected
        self._look_at = 0.0
        self._led: dict[AnyClock, Led] = {}
        self._taps: dict[str, Taps] = {}

    # Who leads

    def lead(self, peer: OscClient, on: bool) -> None:
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
                self._settle(CLOCK)
            return
        if isinstance(self.leader, LeadingClock):
            raise GrooveError(f"{self.leader} leads the tempo; live.follow(None) takes the lead back")
        if self.leader not in (None, peer):
            raise GrooveError(f"{self.leader} leads the tempo; it has to give the lead back first (/gl/lead id 0)")
        self.leader, self._since = peer, self._now()

    def follow(self, leader: LeadingClock | None) -> None:
        """Have a clock lead in place of one that does; None: have the conductor lead, whoever does.

        Raises:
            GrooveError: a peer leads.
        """
        self.look()
        if leader is not None and isinstance(self.leader, OscClient):
            raise GrooveError(f"{self.leader} leads the tempo; live.follow(None) takes the lead back first")
        before, self.leader = self.leader, leader
        if isinstance(before, LeadingClock):
            before.source.close()
        if before is not None:
            self._settle(_by(before))
            self._of, self._following = None, PhaseLock()
        if leader is not None:
            source = leader.source
            self._of, self._following = leader, PhaseLock(source.bend, source.over, source.deadband)
            self._there, self._been_there, self._offset = None, False, None
            self._to_start = self._starts_anew = self._stands = self._quiet = False
            self._look_at, self._since = 0.0, self._now()

    def check(self, request: messages.Write) -> None:
        """Raise a GrooveError where a performer sets the tempo that somebody else leads."""
        sets = any(draft.path == "bpm" and not draft.drummer for draft in request.edits)
        if sets and request.when.at != "beat" and self.leader is not None and not self.away:
            raise GrooveError(f"{self.leader} leads the tempo; live.follow(None) takes the lead back")

    @property
    def away(self) -> bool:
        """Whether a clock that is to lead is not heard."""
        return isinstance(self.leader, LeadingClock) and not self._there

    def left(self, peer: OscClient) -> None:
        """Take notice that a peer has gone."""
        if peer == self.leader:
            self.leader = None
            self._settle(CLOCK)
            self._tell(f"{peer}, which led the tempo, has gone; the tempo stays as it is")

    def look(self) -> None:
        """See whether a peer that leads is still there."""
        if isinstance(self.leader, OscClient) and self._now() - max(self._since, self._heard(self.leader)) > SILENT:
            peer, self.leader = self.leader, None
            self._settle(CLOCK)
            self._tell(f"nothing was heard for {SILENT:g} s of {peer}, so it leads the tempo no more; the tempo stays")

    def _heard(self, peer: OscClient) -> float:
        return self._following.last if peer == self._of else 0.0

    # Where it is

    def heard(self, peer: OscClient, beat: float, bpm: float, at: float) -> None:
        """Take a peer's word: its clock stood at `beat` at a moment, in seconds, and goes on at `bpm`."""
        if self.leader not in (None, peer):
            return  # what counts is the leader's
        if peer != self._of:
            self._of, self._following = peer, PhaseLock()
        self._following.heard(beat, bpm, at)
        if peer == self.leader and self._host.transport.playing:
            self._follow(CLOCK)

    def turn(self) -> None:
        """See to whoever leads, and to those who follow."""
        self.look()
        if isinstance(self.leader, LeadingClock) and self._now() >= self._look_at:
            self._look_at = self._now() + _EACH
            try:
                self._look_at_clock(self.leader)
            except Exception as error:  # nothing that comes from outside may stop the music
                self._tell(f"{self.leader} leads the tempo no more: {type(error).__name__}: {error}")
                self.follow(None)
        for clock, led in list(self._led.items()):
            try:
                led.turn(self._host.transport, self._host.editor.score.tempo.bpm)
            except Exception as error:
                self._tell(f"{name_of(clock)} follows no more: {type(error).__name__}: {error}")
                self.let_go(clock)

    def _look_at_clock(self, leader: LeadingClock) -> None:
        source, transport = leader.source, self._host.transport
        change, word = source.change(), source.look()
        if change is not None:
            self._to_start = self._starts_anew = change == "start"
            self._stands = change == "stop"
        late = self._there is not None or self._now() - self._since > _PATIENCE
        if (word is not None) != self._there and (word is not None or late):
            self._tell_of(leader, word is not None)
        if word is None:
            now = transport.now()
            beat = transport.beat_at(now)
            source.alone(beat, self._host.editor.score.tempo.bpm(beat), now / 1e9, transport.playing)
        elif word.at > self._following.last:
            if source.placed:
                self._offset = None
            elif self._offset is None:  # keep the phase as it is found, or as it was when that was known
                self._offset = transport.beat_at(round(word.at * 1e9)) - word.beat
            self._following.heard(word.beat + (self._offset or 0.0), word.bpm, word.at, self._starts_anew)
            self._starts_anew = False
        if change == "stop" and transport.playing:
            self._host.stop(source.by)
        elif self._to_start and word is not None and not self._starts_anew:
            self._to_start = False
            if transport.playing and self._is_far():  # it has started elsewhere in the bar, without a stop
                self._host.stop(source.by)
            if not transport.playing:
                self._start(source.by)
        elif word is not None and transport.playing:
            self._follow(source.by)

    def _tell_of(self, leader: LeadingClock, there: bool) -> None:
        before, self._there = self._there, there
        if there:
            if not (self._quiet and self._been_there):
                self._tell(f"{leader} leads the tempo" + (" again" if self._been_there else ""))
            self._been_there, self._quiet = True, False
        elif before is None:
            self._tell(f"{leader} is to lead the tempo, but is not there yet; until then it stays as it is")
        elif self._stands:
            self._quiet = True  # some leaders send nothing while they are stopped
        else:
            self._settle(leader.source.by)
            self._tell(f"{leader}, which led the tempo, has gone; the tempo stays as it is until it is back")

    def _start(self, by: str) -> None:
        """Start where the leader is in its bar."""
        at = self._now() + RESTART / 1e9
        stopped = self._host.transport.stopped
        assert stopped is not None
        self._write(_within(self._following.bpm), by)
        self._host.start(stopped + (self._following.beat(at) - stopped) % BEATS_PER_BAR, by)

    def _is_far(self) -> bool:
        """Return whether we are so far from the leader that it takes bars to be drawn onto its bar line."""
        now = self._host.transport.now()
        return self._following.is_far(self._host.transport.beat_at(now), now / 1e9)

    # The tempo

    def _follow(self, by: str) -> None:
        """Set the tempo from the first beat on that can still be changed, so that we shall be with the leader."""
        tempo, transport = self._host.editor.score.tempo, self._host.transport
        reach = self._host.reach(SESSION)
        then = max(reach, self._end(reach))
        if self._following.together(then, transport.ns(then) / 1e9, tempo.bpm(then)):
            return
        self._set(self._following.way(reach, transport.ns(reach) / 1e9), reach, then, by)

    def _end(self, beat: float) -> float:
        """Return where a tempo that moves at a beat will have arrived."""
        edit = self._host.editor.score.edit(SESSION, "bpm", beat)
        if edit is None:
            return beat
        bars = edit.value.bars if isinstance(edit.value, Line) else 0.0
        return edit.beat + max(bars, edit.over) * BEATS_PER_BAR

    def _set(self, way: Way, reach: float, then: float, by: str) -> None:
        if way.beats:
            self._write(Line(_within(way.start), _within(way.end), way.beats / BEATS_PER_BAR), by)
            return
        # Back at the leader's own tempo exactly, or the phase would creep.
        worth = 1e-4 if way.end == round(self._following.bpm, 6) else _WORTH
        if then > reach or abs(_within(way.end) - self._host.editor.score.tempo.bpm(reach)) > worth:
            self._write(_within(way.end), by)

    def _settle(self, by: str) -> None:
        """Go on at the tempo of who has led: what was still to be caught up with is let be."""
        if self._host.transport.playing and self._following.bpm:
            reach, bpm = self._host.reach(SESSION), round(self._following.bpm, 6)
            self._set(Way(bpm, bpm, 0.0), reach, max(reach, self._end(reach)), by)

    def _write(self, value: float | Line, by: str) -> None:
        self._host.editor.write(messages.Write(edits=(Draft("bpm", value),), when=When("now"), by=by))

    def tap(self, by: str, at: float, bar: bool) -> tuple[Edit, ...]:
        """Take a tap of a performer's at a moment; see `tapped`.

        Raises:
            GrooveError: somebody else leads the tempo, or it is out of range.
        """
        if self.leader is not None and not self.away:
            raise GrooveError(f"{self.leader} leads the tempo; live.follow(None) takes the lead back")
        if by not in self._taps and len(self._taps) >= _TAPPERS:
            self._taps.pop(next(iter(self._taps)))
        taps, transport = self._taps.setdefault(by, Taps()), self._host.transport
        return tapped(self._host.editor, taps, at, bar, by, lambda beat: transport.ns(beat) / 1e9)

    # How far apart

    def milliseconds(self) -> float:
        """Return by how much our beats lie behind the leader's, or the peer's, in milliseconds; before them: negative.

        Raises:
            GrooveError: none has said where its beat is.
        """
        self.look()
        if not self._following.bpm:
            raise GrooveError("nobody has said where its beat is; a peer does by /gl/clock")
        now = self._now()
        return self._following.milliseconds(self._host.transport.beat_at(round(now * 1e9)), now)

    def phase(self) -> float | None:
        """Return the same, or None where nothing has been heard for some time."""
        if not self._following.bpm or self._now() - self._following.last > SILENT or self.away:
            return None
        return self.milliseconds()

    # Who follows

    @property
    def led(self) -> tuple[AnyClock, ...]:
        """The clocks that follow us."""
        return tuple(self._led)

    def lead_clock(self, clock: AnyClock, led: Led) -> None:
        """Have a clock follow us from now on."""
        self.let_go(clock)
        self._led[clock] = led

    def let_go(self, clock: AnyClock | None) -> None:
        """Have a clock follow us no more; None: all of them."""
        for one in [one for one in self._led if clock in (None, one)]:
            self._led.pop(one).close()

    def end(self) -> None:
        """Let all clocks go."""
        self.let_go(None)
        if isinstance(self.leader, LeadingClock):
            self.leader.source.close()
            self.leader = None


def _by(leader: OscClient | LeadingClock) -> str:
    return leader.source.by if isinstance(leader, LeadingClock) else CLOCK


def _within(bpm: float) -> float:
    control = SESSION_CONTROLS["bpm"]
    return min(max(bpm, control.low), control.high)
