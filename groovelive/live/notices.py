"""Quiet lines about the others who play: who comes and goes, and who changes what is heard; few, whatever they do."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from math import inf

from ..score.edits import BEATS_PER_BAR, HANDS, Edit, bar_of, plain
from ..score.names import NAMELESS, is_machine
from ..score.score import Score

_TOGETHER = 0.15  # seconds in which edits are taken into one line
_REST, _LONGEST_REST = 1.0, 60.0  # seconds of rest after which what is changed again and again is told once more
_LINES, _SPAN = 6, 12.0  # lines in so many seconds; what is more waits, and is told together
_SHOWN = 3  # changes of a line
_LONGEST = 48  # characters of a value
_UNHEARD = ("own", "played", "pattern", "origin", "scene", "quantum", "response", "each_bar")
_PLAYERS = (NAMELESS, "ableton")  # names of machines that people play

_Lane = tuple[str, str, str]  # who, of which drummer, what


class _Changes:
    """How one control is changed by one performer."""

    __slots__ = ("edit", "last", "moving", "rest")

    def __init__(self) -> None:
        self.edit: Edit | None = None  # that waits to be told
        self.last, self.rest = -inf, _REST
        self.moving = False  # whether it was told not long ago, and is told again only when it rests

    def take(self, edit: Edit, now: float) -> None:
        if now - self.last > _LONGEST_REST:
            self.rest = _REST
        self.moving = now - self.last < self.rest and (self.moving or self.edit is None)
        self.edit, self.last = edit, now

    def due(self, now: float) -> bool:
        return not self.moving or now - self.last >= self.rest

    def told(self) -> Edit:
        assert self.edit is not None
        edit, self.edit = self.edit, None
        self.rest = min(2 * self.rest, _LONGEST_REST)
        return edit


class Notices:
    """Collects what others do, and says it in few lines.

    A control that somebody turns is told at once, and then once more when it rests. It is for one thread, which calls
    `turn` some times a second.

    Args:
        say: called with a line.
        now: seconds, monotonic.

    >>> time = iter((0.0, 1.0))
    >>> notices = Notices(print, now=lambda: next(time))
    >>> notices.edited(Edit(beat=4, drummer="d1", path="genre", value="funk", by="maria"))
    >>> notices.turn(Score(), "kim", 0.0)
    maria: d1.genre = funk
    """

    def __init__(self, say: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self.on = True
        self._say, self._now = say, now
        self._changes: dict[_Lane, _Changes] = {}
        self._since: dict[str, float] = {}  # when the first of somebody's edits came that wait
        self._lines: deque[float] = deque(maxlen=_LINES)

    def attended(self, name: str, there: bool) -> None:
        """Tell that somebody has come, or gone."""
        if self.on:
            self._say(f"{name} has {'joined' if there else 'left'}")

    def edited(self, edit: Edit) -> None:
        """Take in an edit, of whomever."""
        if edit.path in _UNHEARD or edit.path.startswith("knob."):
            return
        if (edit.by, edit.path) == ("ableton", "bpm"):  # where Live leads, the tempo follows it all the time
            return
        if is_machine(edit.by) and edit.by not in _PLAYERS and not edit.by.startswith(HANDS):
            return
        now = self._now()
        self._changes.setdefault((edit.by, edit.drummer, edit.path), _Changes()).take(edit, now)
        self._since.setdefault(edit.by, now)

    def turn(self, score: Score, me: str, beat: float) -> None:
        """Say what is to be said by now.

        Args:
            score: what the edits are in.
            me: who is not told of what they do themselves.
            beat: where the transport is.
        """
        if not self._since:
            return
        now = self._now()
        for by in [by for by, since in self._since.items() if now - since >= _TOGETHER]:
            waiting = [c for lane, c in self._changes.items() if lane[0] == by and c.edit is not None]
            if by == me or not self.on or (by.startswith(HANDS) and self._mine(score, by, me)):
                for changes in waiting:
                    changes.told()
                del self._since[by]
                continue
            due = [changes for changes in waiting if changes.due(now)]
            if due and (len(self._lines) < _LINES or now - self._lines[0] >= _SPAN):
                self._lines.append(now)
                self._say(f"{by.removeprefix(HANDS) or 'hands'}: {_line([c.told() for c in due], score, beat)}")
                if len(due) == len(waiting):
                    del self._since[by]

    def _mine(self, score: Score, by: str, me: str) -> bool:
        """Return whether all that an instrument turns now was given to it by me."""
        lanes = [(d, f"knob.{path}") for (who, d, path), c in self._changes.items() if who == by and c.edit is not None]
        owners = {next((e.by for e in score.lane(*lane) if not e.by.startswith(HANDS)), "") for lane in lanes}
        return owners <= {me}


def _line(edits: Sequence[Edit], score: Score, beat: float) -> str:
    parts = [_told(edit, score) for edit in edits[:_SHOWN]]
    more = f", and {len(edits) - _SHOWN} more" if len(edits) > _SHOWN else ""
    bars = {bar_of(edit.beat) for edit in edits if edit.beat > beat + 2 * BEATS_PER_BAR}
    later = f", from bar {min(bars)}" if bars else ""
    return ", ".join(parts) + more + later


def _told(edit: Edit, score: Score) -> str:
    if edit.path in ("undo", "redo"):
        assert isinstance(edit.value, int)
        return f"{edit.path} of " + (", ".join(dict.fromkeys(_name(e) for e in score.group(edit.value))) or "nothing")
    if edit.path == "playing":
        return "play" if edit.value else "stop"
    value = edit.value if isinstance(edit.value, str) else "default" if edit.value is None else plain(edit.value)
    if edit.path == "source" and edit.value is None:
        value = "silence"
    text = "".join(c if c.isprintable() else " " for c in str(value))
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f"{_name(edit)} = {short}" + (f" over {edit.over:g} bars" if edit.over else "")


def _name(edit: Edit) -> str:
    return f"{edit.drummer}.{edit.path}" if edit.drummer else edit.path
