"""The performer's own code: asked for each bar, a bar ahead; late or broken, it costs nothing but itself."""

from __future__ import annotations

import contextlib
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


class CallbackError(GrooveError):
    """What a performer's function did wrong: `kind` is the same where it does the same again."""

    def __init__(self, sentence: str, kind: tuple[object, ...]) -> None:
        super().__init__(sentence)
        self.kind = kind


def answer(function: Function, bar: UpcomingBar) -> bytes:
    """Return the notes that a function makes of a bar; where it returns None, those of the bar.

    Raises:
        CallbackError: it failed, or what it returned is no bar: one sentence that names function and line.
    """
    name = name_of(function)
    try:
        made = function(bar)
        groove = bar.groove if made is None else made.groove if isinstance(made, UpcomingBar) else made
        if not isinstance(groove, Groove):
            if hasattr(made, "close"):  # a coroutine that nobody awaits
                made.close()
            sentence = (
                f"{name} returns a Bar, a Groove or None, not {type(made if made is not None else groove).__name__}"
            )
            raise CallbackError(f"{sentence}; the last good bar plays on", ("returned", type(groove)))
        if groove.steps != STEPS_PER_BAR:
            raise CallbackError(
                f"{name} returns one bar, not {groove.bars}; the last good bar plays on", ("long", groove.bars)
            )
        return of_groove(groove)
    except CallbackError:
        raise
    except KeyboardInterrupt:
        if threading.current_thread() is threading.main_thread():
            raise  # the performer's, on the simulated clock
        raise CallbackError(f"{name}: KeyboardInterrupt; the last good bar plays on", ("interrupt",)) from None
    except BaseException as error:  # also SystemExit: it would end the thread without a word
        line = _line_of(function, error)
        where = f", line {line}" if line else ""
        sentence = f"{name}{where}: {type(error).__name__}{_said(error)}; the last good bar plays on"
        raise CallbackError(sentence, (type(error), line)) from None


def name_of(function: Function) -> str:
    """Return the name of a function, or of what else can be called."""
    name = getattr(type(function), "__name__", "each_bar")
    with contextlib.suppress(Exception):
        name = function.__name__
    return name if isinstance(name, str) else "each_bar"


def _line_of(function: Function, error: BaseException) -> int | None:
    """Return the line at which a function failed: its own file's, where it was at work there."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    own = getattr(getattr(function, "__code__", None), "co_filename", None)
    inside = [frame for frame in frames if frame.filename == own] or frames
    return inside[-1].lineno if inside else None


def _said(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception:  # its own words fail too
        said = ""
    return f": {said}" if said else ""


class Runner:
    """Asks a drummer's function in a thread of its own, so that an endless loop holds up nothing else.

    Whatever the function does, it is asked again for the next bar, and what is wrong is told once.

    Args:
        function: of the performer.
        give: takes the number of a bar and its notes.
        tell: takes a sentence.
    """

    def __init__(self, function: Function, give: Callable[[int, bytes], None], tell: Callable[[str], None]) -> None:
        self.function, self._give, self._tell = function, give, _Once(tell)
        self._queue: queue.SimpleQueue[UpcomingBar | None] = queue.SimpleQueue()
        self._busy: int | None = None
        self._ended = False
        threading.Thread(target=self._run, name=f"each_bar {name_of(function)}", daemon=True).start()

    def want(self, bar: UpcomingBar) -> None:
        """Have a bar made, unless the one before is still being made."""
        busy = self._busy
        if busy is not None:
            name = name_of(self.function)
            self._tell(f"{name} takes longer than a bar (at bar {busy}); the last good bar plays on", ("late",))
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
            except CallbackError as error:
                if not self._ended:
                    self._tell(str(error), error.kind)
            except Exception as error:
                if not self._ended:
                    self._tell(f"{name_of(self.function)}: its bar was not taken{_said(error)}", (type(error),))
            finally:
                self._busy = None


class _Once:
    """Tells each kind of fault once."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._kinds: set[tuple[object, ...]] = set()

    def __call__(self, sentence: str, kind: tuple[object, ...]) -> None:
        if kind not in self._kinds:
            self._kinds.add(kind)
            self._tell(sentence)


class _Direct:
    """Asks a drummer's function at once, on the simulated clock, which waits for it."""

    def __init__(self, function: Function, give: Callable[[int, bytes], None], tell: Callable[[str], None]) -> None:
        self.function, self._give, self._tell = function, give, _Once(tell)
        self._busy = self._ended = False

    def want(self, bar: UpcomingBar) -> None:
        """Make a bar; where the function lets time pass itself, the bars that come by then play on."""
        if self._busy:
            return
        self._busy = True
        try:
            notes = answer(self.function, bar)
            if not self._ended:
                self._give(bar.number, notes)
        except CallbackError as error:
            self._tell(str(error), error.kind)
        except GrooveError as error:
            if not self._ended:
                self._tell(f"{name_of(self.function)}: its bar was not taken{_said(error)}", (type(error),))
        finally:
            self._busy = False

    def end(self) -> None:
        """Ask no more."""
        self._ended = True


class Callbacks:
    """The functions that make drummers' bars.

    Args:
        give: takes the name of a drummer, the number of a bar, and its notes.
        tell: takes a sentence for the performer; it is called once for each fault of a function.
        apart: whether each function runs in a thread of its own; on the simulated clock it is waited for.
    """

    def __init__(self, give: Callable[[str, int, bytes], None], tell: Callable[[str], None], apart: bool) -> None:
        self._give, self._tell = give, tell
        self._kind: type[Runner | _Direct] = Runner if apart else _Direct
        self._runners: dict[str, Runner | _Direct] = {}

    def set(self, name: str, function: Function | None) -> None:
        """Have a function make a drummer's bars, in place of the one before; None: none does.

        Raises:
            GrooveError: it is no function.
        """
        if function is not None and not callable(function):
            raise GrooveError(f"each_bar takes a function of a bar, not {function!r}")
        old = self._runners.pop(name, None)
        if old is not None:
            old.end()
        if function is not None:
            self._runners[name] = self._kind(function, partial(self._give, name), self._tell)

    @property
    def functions(self) -> dict[str, Function]:
        """The functions, by the drummer that each makes bars for."""
        return {name: one.function for name, one in self._runners.items()}

    def make(self, wanted: messages.Wanted) -> None:
        """Have a bar made that the conductor asks for; another client's functions are not here."""
        runner = self._runners.get(wanted.drummer)
        if runner is not None:
            runner.want(UpcomingBar(wanted.bar, groove_of_notes(wanted.notes, 1)))

    def close(self) -> None:
        """End all threads."""
        for runner in self._runners.values():
            runner.end()
