"""The performer's own code: asked for each bar, a bar ahead; late or broken, it costs nothing but itself."""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import GrooveError, closest
from ..grooves.grid import GROUPS, SHORT, STEPS_PER_BAR, VOICES, voice_indices
from ..grooves.groove import Groove
from ..protocol import session as messages
from ..score.edits import of_groove
from .as_grooves import groove_of_notes

Function = Callable[["UpcomingBar"], Any]


class UpcomingBar:
    """A bar that is about to be played.

    Args:
        number: of the bar, from 1.
        groove: what would be played, one bar.

    >>> bar = UpcomingBar(3, Groove.parse("bd sn^.4", bars=1))
    >>> [note.velocity for note in bar.vel(sn=lambda v: v * 2).groove]
    [0.800000011920929, 0.800000011920929]
    """

    __slots__ = ("groove", "number")

    def __init__(self, number: int, groove: Groove) -> None:
        self.number, self.groove = number, groove

    def vel(self, **voices: Callable[[float], float]) -> UpcomingBar:
        """Return the bar with velocities changed: a function for a voice or a group, as `vel(sn=lambda v: v * .4)`."""
        notes = list(self.groove)
        for name, change in voices.items():
            known = (*SHORT, *VOICES, *GROUPS)
            if name not in known:
                raise GrooveError(f"unknown voice {name!r}{closest(name, known)}")
            indices = voice_indices(name)
            notes = [
                n._replace(velocity=min(max(float(change(n.velocity)), 0.0), 1.0)) if n.voice in indices else n
                for n in notes
            ]
        return UpcomingBar(self.number, Groove.from_notes(notes, steps=self.groove.steps))

    def __repr__(self) -> str:
        return f"Bar {self.number}: {self.groove!r}"


def answer(function: Function, bar: UpcomingBar) -> bytes:
    """Return the notes that a function makes of a bar; where it returns None, those of the bar.

    Raises:
        GrooveError: it failed, or what it returned is no bar: one sentence that names function and line.
    """
    name = getattr(function, "__name__", "each_bar")
    try:
        made = function(bar)
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
        where = f", line {frames[-1].lineno}" if frames else ""
        raise GrooveError(f"{name}{where}: {type(error).__name__}: {error}; the last good bar plays on") from None
    groove = bar.groove if made is None else made.groove if isinstance(made, UpcomingBar) else made
    if not isinstance(groove, Groove):
        raise GrooveError(f"{name} returns a Bar, a Groove or None, not {type(made).__name__}")
    if groove.steps != STEPS_PER_BAR:
        raise GrooveError(f"{name} returns one bar, not {groove.bars}")
    return of_groove(groove)


class Runner:
    """Asks a drummer's function in a thread of its own, so that an endless loop holds up nothing else.

    Args:
        function: of the performer.
        give: takes the number of a bar and its notes.
        tell: takes a sentence; the same is told once.
    """

    def __init__(self, function: Function, give: Callable[[int, bytes], None], tell: Callable[[str], None]) -> None:
        self.function, self._give, self._tell = function, give, tell
        self._queue: queue.SimpleQueue[UpcomingBar | None] = queue.SimpleQueue()
        self._busy: int | None = None
        self._ended = False
        threading.Thread(target=self._run, name=f"each_bar {getattr(function, '__name__', '')}", daemon=True).start()

    def want(self, bar: UpcomingBar) -> None:
        """Have a bar made, unless the one before is still being made."""
        if self._busy is not None:
            name = getattr(self.function, "__name__", "each_bar")
            self._tell(f"{name} takes longer than a bar (it is still at bar {self._busy}); the last good bar plays on")
            return
        self._queue.put(bar)

    def end(self) -> None:
        """Ask no more."""
        self._ended = True
        self._queue.put(None)

    def _run(self) -> None:
        while (bar := self._queue.get()) is not None:
            self._busy = bar.number
            try:
                notes = answer(self.function, bar)
                if not self._ended:
                    self._give(bar.number, notes)
            except GrooveError as error:
                self._tell(str(error))
            finally:
                self._busy = None


class Callbacks:
    """The functions that make drummers' bars.

    Args:
        give: takes the name of a drummer, the number of a bar, and its notes.
        tell: takes a sentence for the performer.
        apart: whether each function runs in a thread of its own; on the simulated clock it is waited for.
    """

    def __init__(self, give: Callable[[str, int, bytes], None], tell: Callable[[str], None], apart: bool) -> None:
        self._give, self._tell, self._apart = give, tell, apart
        self._runners: dict[str, Runner | Function] = {}

    def set(self, name: str, function: Function | None) -> None:
        """Have a function make a drummer's bars, in place of the one before; None: none does.

        Raises:
            GrooveError: it is no function.
        """
        if function is not None and not callable(function):
            raise GrooveError(f"each_bar takes a function of a bar, not {function!r}")
        old = self._runners.pop(name, None)
        if isinstance(old, Runner):
            old.end()
        if function is not None:
            give = partial(self._give, name)
            self._runners[name] = Runner(function, give, self._tell) if self._apart else function

    @property
    def functions(self) -> dict[str, Function]:
        """The functions, by the drummer that each makes bars for."""
        return {name: one.function if isinstance(one, Runner) else one for name, one in self._runners.items()}

    def make(self, wanted: messages.Wanted) -> None:
        """Have a bar made that the conductor asks for; another client's functions are not here."""
        runner = self._runners.get(wanted.drummer)
        if runner is None:
            return
        bar = UpcomingBar(wanted.bar, groove_of_notes(wanted.notes, 1))
        if isinstance(runner, Runner):
            runner.want(bar)
            return
        try:
            self._give(wanted.drummer, wanted.bar, answer(runner, bar))
        except GrooveError as error:
            self._tell(str(error))

    def close(self) -> None:
        """End all threads."""
        for runner in self._runners.values():
            if isinstance(runner, Runner):
                runner.end()
