"""The player: renders the score a little ahead, and hands each note to its outputs shortly before it must leave."""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..outputs import Due
from ..score.edit_log import SESSION, heard_by
from ..score.edits import STEP, Edit
from ..score.events import EARLIEST, Event, events
from ..score.score import Score
from ..score.targets import AnyTarget, tagged
from .transport import Transport

LEAD = 0.012  # seconds before a note leaves its output process that it is handed over, and can be changed no more
RENDERED = 0.25  # seconds before that to which the score is rendered
_SOON = 0.12  # seconds before that at which more is rendered
_REACH = 2  # steps after which the latest note of a step has sounded
BUDGET = 0.004  # seconds of rendering without a look at the clock
_UNHEARD = ("scene", "quantum", "response", "played", "memory", "recording", "clear")  # they change no note themselves


class NoteSender(Protocol):
    """What sends: `outputs.Outputs`, or a recording of it in tests."""

    def send(self, notes: list[Due]) -> None: ...


class _Waiting(NamedTuple):
    key: float  # about the beat at which it sounds, its nudge included
    number: int
    event: Event


def ahead_of(target: AnyTarget) -> float:
    """Return how long before the time of a note it leaves for a target, in seconds.

    >>> from groovelive.score.targets import Osc
    >>> ahead_of(Osc(port=9000)), ahead_of(Osc(port=9000, tagged=False, shift=-0.02))
    (0.1, 0.02)
    """
    return (target.ahead if tagged(target) else 0.0) + max(0.0, -target.shift)


class Player:
    """Plays a score through outputs.

    Every step of a drummer is rendered once; if an edit changes what holds then, what has not been handed over by then
    is rendered anew. So no note is doubled and none is lost, and what was played is what `events` says of the log.

    Args:
        score: what is played.
        transport: when.
        sender: where to.
    """

    def __init__(self, score: Score, transport: Transport, sender: NoteSender) -> None:
        self._score, self._transport, self._sender = score, transport, sender
        self.sinks: dict[AnyTarget, int] = {}
        self.fallback: tuple[AnyTarget, ...] = ()
        self.on_played: Callable[[Event], None] | None = None
        self.on_unheard: Callable[[str], None] | None = (
            None  # a drummer plays, and no target was named, nor is there one
        )
        self._cursor: dict[str, int] = {}  # of a drummer: the next step to be rendered
        self._floor: dict[str, tuple[int, float]] = {}  # a step, and the beat before which it has its notes already
        self._waiting: dict[AnyTarget, list[_Waiting]] = {}
        self._numbers = itertools.count()

    # What can still be changed

    def targets(self, drummer: str, beat: float) -> tuple[AnyTarget, ...]:
        """Return where a drummer's notes go at a beat."""
        outs = self._score.outs(drummer, beat)
        return self.fallback if outs is None else outs.targets

    def _ahead(self, drummer: str) -> float:
        """Return the seconds before a note's beat within which it can be changed no more."""
        beat = self._transport.beat()
        names = (drummer,) if drummer else self._score.drummers
        most = 0.0
        for name in names:
            early = 0.0
            for path in self._score.nudges(name):
                early = max(early, -float(self._score.number(name, path, beat)))
            ahead = max((ahead_of(target) for target in self.targets(name, beat)), default=0.0)
            most = max(most, ahead + early)
        return most + LEAD

    def reach(self, drummer: str) -> float:
        """Return the first beat at which a drummer's notes can still be changed; of "" those of all."""
        if self._transport.stopped is not None:
            return self._transport.stopped
        return max(self._transport.beat_at(self._transport.now() + round(self._ahead(drummer) * 1e9)), 0.0)

    def line(self, drummer: str) -> float:
        """Return the first beat at which a line can still be met with all notes that sound before it."""
        return self.reach(drummer) + EARLIEST

    def changed(self, edit: Edit) -> None:
        """Take notice of an edit that is in the score now."""
        if edit.path in _UNHEARD or edit.path.startswith("knob."):
            return
        if edit.path in ("undo", "redo"):
            assert isinstance(edit.value, int)
            names = {heard_by(one) for one in self._score.group(edit.value)}
        else:
            names = {heard_by(edit)}
        for name in self._score.drummers if SESSION in names else names:
            self._rewind(name, edit.beat)

    def _rewind(self, drummer: str, beat: float) -> None:
        line = math.ceil(beat / STEP)
        step, floor = line, -math.inf
        if beat % STEP:  # between two steps it also silences late notes of those before
            step, floor = max(line - _REACH, 0), beat
        if drummer not in self._cursor:
            self._cursor[drummer] = step
        if step < self._cursor[drummer]:
            self._cursor[drummer] = step
            for waiting in self._waiting.values():
                kept = [w for w in waiting if w.event.drummer != drummer or w.event.step < step or w.event.beat < floor]
                if len(kept) < len(waiting):
                    waiting[:] = kept
                    heapq.heapify(waiting)
            # Of an edit still to come nothing is rendered yet, and so nothing is to be left out.
            self._floor[drummer] = line, floor

    # What is played

    def turn(self) -> None:
        """Render what is due to be rendered, as far as there is time, and hand over what is due to be handed over."""
        now = self._transport.now()
        if self._transport.stopped is None or self._transport.stopped > self._transport.beat():
            self._render(now)
        self._hand_over(now)

    def _render(self, now: int) -> None:
        ahead = max((ahead_of(t) for t in self._targets_in_use()), default=0.0) + LEAD + 0.1  # a nudge is .1 s at most
        soon = self._transport.beat_at(now + round((ahead + _SOON) * 1e9))
        stop = time.monotonic() + BUDGET
        due = [(step, name) for name, step in self._cursor.items() if step * STEP - EARLIEST < soon]
        if not due:
            return
        until = math.ceil((self._transport.beat_at(now + round((ahead + RENDERED) * 1e9)) + EARLIEST) / STEP)
        for step, name in sorted(due):
            self._render_steps(name, step, max(until, step + 1))
            if time.monotonic() > stop:
                break

    def _targets_in_use(self) -> set[AnyTarget]:
        return {*self._waiting, *self.fallback}

    def _render_steps(self, drummer: str, first: int, last: int) -> None:
        step, floor = self._floor.get(drummer, (0, -math.inf))
        self._cursor[drummer] = last
        for event in events(self._score, first * STEP, last * STEP, (drummer,)):
            if event.step <= step and event.beat < floor:
                continue  # it has been played, as it was before
            key = event.beat + event.nudge * self._score.tempo.bpm(event.beat) / 60
            targets = self.targets(drummer, event.step * STEP)
            if not targets and self.on_unheard is not None and self._score.outs(drummer, event.step * STEP) is None:
                self.on_unheard(drummer)
            for target in targets:
                waiting = self._waiting.setdefault(target, [])
                heapq.heappush(waiting, _Waiting(key, next(self._numbers), event))

    def _hand_over(self, now: int) -> None:
        dues: list[Due] = []
        for target, waiting in self._waiting.items():
            limit = now + round((ahead_of(target) + LEAD) * 1e9)
            sink = self.sinks.get(target)
            while waiting:
                event = waiting[0].event
                when = self._transport.ns(event.beat) + round(event.nudge * 1e9)
                if when > limit or (self._transport.stopped is not None and event.beat >= self._transport.stopped):
                    break
                heapq.heappop(waiting)
                if self.on_played is not None:
                    self.on_played(event)
                if sink is not None:
                    bpm = self._score.tempo.bpm(event.beat)
                    dues.append(
                        Due(sink, when, event.step, event.voice, event.velocity, event.drummer, event.beat, bpm)
                    )
        if dues:
            self._sender.send(dues)

    def skip(self, beat: float) -> None:
        """Go on at a beat: forget what waits, and render from there."""
        self._waiting.clear()
        for name in self._score.drummers:
            self._cursor[name] = math.ceil(beat / STEP)
