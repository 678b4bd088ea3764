"""Knobs: controllers of MIDI ports that turn controls; a knob counts once it has passed the value that is set."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.session import Draft, When
from ..score.controls import CONTROLS, SESSION_CONTROLS
from ..score.edits import HANDS, Home, Value
from ..score.inputs import PEDAL, Knob, Resume
from .editor import Editor

_GESTURE = 1.0  # seconds of rest after which what a knob does is undone by itself
_TOP = 127

Lane = tuple[str, str]  # drummer and path of a control


class _Turn(NamedTuple):
    value: Value
    by: str
    at_once: bool


class Knobs:
    """Turns controls.

    Args:
        editor: where the edits are made.
        tell: called with a sentence.
        every: seconds between two edits of a control.
        now: seconds, monotonic.
    """

    def __init__(self, editor: Editor, tell: Callable[[str], None], every: float, now: Callable[[], float]) -> None:
        self._editor, self._tell, self._every, self._now = editor, tell, every, now
        self._stood: dict[tuple[str, int, int], int] = {}  # where each controller was seen last
        self._positions: dict[Lane, float] = {}  # what that is for a control
        self._turns: dict[Lane, _Turn] = {}  # still to be written
        self._written: dict[Lane, float] = {}
        self._groups: dict[Lane, int] = {}

    def position(self, drummer: str, path: str) -> float | None:
        """Return what the knob of a control stands for; None where there is no knob, or nobody has moved it yet."""
        return self._positions.get((drummer, path)) if self._knob(drummer, f"knob.{path}") else None

    def turned(self, port: str, channel: int, number: int, value: int) -> None:
        """Take notice that a controller was turned: what it turns is set by `turn`."""
        place = port, channel, number
        before, self._stood[place] = self._stood.get(place), value
        for drummer, path in list(self._editor.score.knobs):
            knob = self._knob(drummer, path)
            if knob is None or knob.port not in ("", port) or knob.channel not in (0, channel):
                continue
            control = path.partition(".")[2]
            if knob.number < 0:
                self._learn(drummer, path, Knob(port, knob.virtual, channel, number, knob.low, knob.high))
                return
            if knob.number == number:
                self._turned((drummer, control), knob, before, value, (HANDS + port)[:64])

    def turn(self) -> None:
        """Set what was turned, each control once in a while."""
        now = self._now()
        for lane in [lane for lane in self._turns if now - self._written.get(lane, -math.inf) >= self._every]:
            turn = self._turns.pop(lane)
            score, group = self._editor.score, self._groups.get(lane)
            if group is None or now - self._written.get(lane, -math.inf) > _GESTURE or score.undone(group):
                group = self._groups[lane] = score.next_group()
            self._written[lane] = now
            self._write(Draft(lane[1], turn.value, lane[0]), turn.by, When("now" if turn.at_once else "next"), group)

    def _knob(self, drummer: str, path: str) -> Knob | None:
        value = self._editor.score.value(drummer, path, self._editor.clock.reach(drummer))
        return value if isinstance(value, Knob) else None

    def _write(self, draft: Draft, by: str, when: When, group: int | None = None) -> None:
        try:
            self._editor.write(messages.Write(edits=(draft,), when=when, by=by), group)
        except GrooveError as error:
            self._tell(str(error))

    def _learn(self, drummer: str, path: str, knob: Knob) -> None:
        self._write(Draft(path, knob, drummer), (HANDS + knob.port)[:64], When("now"))
        name = path.partition(".")[2]
        where = f"channel {knob.channel} of {knob.port or 'no port'}"
        self._tell(f"{drummer + '.' if drummer else ''}{name} is turned by controller {knob.number} on {where}")

    def _turned(self, lane: Lane, knob: Knob, before: int | None, value: int, by: str) -> None:
        drummer, path = lane
        if path == "home":
            down, was = value >= PEDAL, before is not None and before >= PEDAL
            if down != was and (down or self._at_home(drummer)):
                self._write(Draft("source", Home() if down else Resume(), drummer), by, When("now"))
            return
        control = (CONTROLS if drummer else SESSION_CONTROLS)[path.partition(".")[0]]
        due = self._editor.due_at(When("next" if control.asks else "now"), drummer, (drummer,))
        top = self._editor.score.edit(drummer, path, due)  # what the knob would take the place of
        leads = lane in self._turns or (top is not None and top.by == by)
        if control.kind == "genre":
            names = self._editor.model.genres if self._editor.model is not None else ()
            if not names:
                return
            held = top.value if top is not None else None
            current: float | None = names.index(held) if isinstance(held, str) and held in names else None
            new, old = value * len(names) // (_TOP + 1), None if before is None else before * len(names) // (_TOP + 1)
            if leads or _passes(current, old, new, 0):
                self._turns[lane] = _Turn(names[new], by, False)
            return
        low = control.low if knob.low is None else knob.low
        high = control.high if knob.high is None else knob.high
        at = [None if one is None else low + (high - low) * one / _TOP for one in (before, value)]
        assert at[1] is not None
        self._positions[lane] = at[1]
        if leads or _passes(self._current(lane, due), at[0], at[1], abs(high - low) / _TOP):
            self._turns[lane] = _Turn(at[1], by, not control.asks)

    def _at_home(self, drummer: str) -> bool:
        return isinstance(self._editor.score.value(drummer, "source", self._editor.clock.reach(drummer)), Home)

    def _current(self, lane: Lane, beat: float) -> float | None:
        """Return what a control is at a beat; None where only the model knows."""
        drummer, path = lane
        found = self._editor.score.number(drummer, path, beat)
        if found is None and self._editor.model is not None:
            declared = self._editor.model.controls.get(path.partition(".")[0])
            found = declared.default if declared is not None else None
        return float(found) if isinstance(found, int | float) else None


def _passes(current: float | None, before: float | None, new: float, near: float) -> bool:
    """Return whether a knob that goes from one position to another meets the value that a control has.

    >>> _passes(0.5, 0.2, 0.4, 0.01), _passes(0.5, 0.4, 0.6, 0.01), _passes(0.5, None, 0.505, 0.01)
    (False, True, True)
    """
    if current is None or abs(new - current) <= near:
        return True
    return before is not None and (before - current) * (new - current) <= 0
