"""A client of a session: the log as it knows it, and edits that it makes; everything in this room takes one."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from ..checks import flag, number
from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.engine import ModelInfo
from ..protocol.session import Draft, When
from ..score.edits import MAX_OVER, Edit, Pattern, Point, bar_of
from ..score.score import Score
from ..score.validation import check, check_bars
from .addressed import Address, bare
from .callbacks import Callbacks, Function
from .farewell import farewell
from .notices import Notices
from .replica import Replica
from .scheduling import At

Floats = NDArray[np.float32]
_ANSWER = 0.15  # seconds that a picture waits for the engine


class RemoteLine(Protocol):
    """What leads to a conductor in another process: a `WireLine`."""

    on_news: Callable[[messages.AnyReply], None]
    on_joined: Callable[[messages.SessionState], None]
    on_turn: Callable[[], None]

    def ask(self, request: messages.AnyRequest) -> messages.AnyReply:
        """Send a request and return its reply."""
        ...

    def close(self) -> bool:
        """Leave, and return whether the conductor was there to be told."""
        ...

    def conductor_ns(self) -> int:
        """Return what the conductor's monotonic clock shows now."""
        ...

    def join(self) -> None:
        """Take part, and measure how far the conductor's clock is from ours."""
        ...


@runtime_checkable
class SimulatedLine(Protocol):
    """A conductor on a simulated clock, in this process: an `Offline`."""

    on_news: Callable[[messages.AnyReply], None]

    @property
    def beat(self) -> float:
        """Where the transport is."""
        ...

    @property
    def score(self) -> Score:
        """The log itself."""
        ...

    def ask(self, request: messages.AnyRequest) -> messages.AnyReply:
        """Answer a request."""
        ...

    def run(self, beats: float) -> None:
        """Let so many beats pass."""
        ...

    def peek(self) -> None:
        """Ask the model for the bar that is about to be played."""
        ...

    def close(self) -> None:
        """Leave."""
        ...


class ClosedLine:
    """What takes the place of a session's line and log when it is closed: every word that needs one says so."""

    def __getattr__(self, name: str) -> Any:
        raise GrooveError("this session is closed; gl.open() opens another")


class SessionClient:
    """What a program knows of a session, and asks of it: the log, the beat, and edits.

    Args:
        line: what leads to the conductor.
        by: who makes the edits, as others read it; where another is called so, the conductor gives it a number.
    """

    def __init__(self, line: RemoteLine | SimulatedLine, by: str) -> None:
        self.by = by
        self.closed = False
        self._line = line
        self._told: set[str] = set()
        self._blocks: list[At] = []
        self._state: messages.SessionState | None = None
        self._settled = 0.0  # the beat of what was done last with `now`, which is a moment ahead of the transport
        self._simulated = line if isinstance(line, SimulatedLine) else None
        conductor_ns = time.monotonic_ns if isinstance(line, SimulatedLine) else line.conductor_ns
        self._replica = Replica(lambda since: self._expect(messages.Log(since=since), messages.Edits), conductor_ns)
        self._lock = self._replica.lock
        self._callbacks = Callbacks(self._give, _warn, apart=self.realtime)
        self._notices = Notices(_say)
        line.on_news = self._hear
        if isinstance(line, SimulatedLine):
            self._state = self._expect(messages.Here(), messages.SessionState)
        else:
            line.on_joined, line.on_turn = self._joined, self._notice
            line.join()
            _ = self.score  # fetches the log

    @property
    def realtime(self) -> bool:
        """Whether time passes by itself; else it is simulated, and passes when asked to."""
        return self._simulated is None

    # What is heard

    def _hear(self, news: messages.AnyReply) -> None:
        if isinstance(news, messages.Edits | messages.Tick):
            if self.realtime:
                self._replica.hear(news)
                for edit in news.edits if isinstance(news, messages.Edits) else ():
                    self._notices.edited(edit)
        elif isinstance(news, messages.Told):
            self.tell(news.text)
        elif isinstance(news, messages.Attended):
            self._notices.attended(news.name, news.there)
        elif isinstance(news, messages.Wanted):
            self._callbacks.make(news)

    def _joined(self, state: messages.SessionState) -> None:
        if self._state is None or state.session != self._state.session:
            self._settled = 0.0
        if state.name and state.name != self.by:
            self.tell(f"there is another {self.by} here, so you are {state.name}; gl.open(by=...) gives you a name")
            self.by = state.name
        self._state = state
        self._replica.hear(state)

    def _notice(self) -> None:
        """Say what others have done, where the log can be looked at without waiting."""
        if self._lock.acquire(blocking=False):
            try:
                self._notices.turn(self._replica.score, self.by, self._replica.beat)
            finally:
                self._lock.release()

    @property
    def notices(self) -> bool:
        """Whether it is said in a line when others join, leave, or change what is heard."""
        return self._notices.on

    @notices.setter
    def notices(self, value: bool) -> None:
        self._notices.on = flag("notices", value)

    @property
    def score(self) -> Score:
        """The log as this client knows it; what holds when, and what will sound, comes from it."""
        return self._replica.score if self._simulated is None else self._simulated.score

    def snapshot(self) -> Score:
        """Return a copy of the score as it is now."""
        with self._lock:
            return Score(self.score.edits)

    @property
    def beat(self) -> float:
        """Where the transport is, in beats from the start."""
        return self._replica.beat if self._simulated is None else float(self._simulated.beat)

    @property
    def present(self) -> float:
        """The beat at which what is read holds: where the transport is, or what was done last with `now` counts."""
        return max(self.beat, self._settled)

    @property
    def bar(self) -> int:
        """The bar that plays, from 1."""
        return bar_of(self.beat)

    @property
    def model(self) -> ModelInfo | None:
        """What the engine serves: genres, presets, controls."""
        if self._state is None or self._state.model is None:
            self._state = self._expect(messages.Here(), messages.SessionState)
        return self._state.model

    @property
    def known(self) -> messages.SessionState | None:
        """The last state that the conductor told, without asking again."""
        return self._state

    def status(self) -> messages.SessionState:
        """Return where the session is: engine, targets, clients, late notes."""
        state: messages.SessionState = self._expect(messages.Here(), messages.SessionState)
        self._state = state
        return state

    def tell(self, sentence: str) -> None:
        """Tell the performer something, once."""
        if sentence not in self._told:
            self._told.add(sentence)
            _warn(sentence)

    # What is asked

    def _expect(self, request: messages.AnyRequest, kind: type[Any]) -> Any:
        return messages.expect(self._line.ask(request), kind)

    def write(self, drafts: Sequence[Draft], when: When | None = None) -> tuple[Edit, ...]:
        """Make edits: at `when`, or in the block that is open, or else at the next bar.

        Args:
            drafts: what changes.
            when: in place of the next bar; a block that is open counts more.

        Returns:
            The edits; none where a block collects them.

        Raises:
            GrooveError: one cannot be made; none is.
        """
        checked = []
        for draft in drafts:
            path, value = check(draft.drummer, draft.path, bare(draft.value), self.model)
            check_bars(draft.drummer, path, draft.bars)
            checked.append(replace(draft, path=path, value=value))
        if self._blocks:
            self._blocks[-1].add(checked)
            return ()
        return self.send(checked, when or When())

    def send(self, drafts: Sequence[Draft], when: When, over: float = 0.0) -> tuple[Edit, ...]:
        """Send edits to the conductor; see `write`."""
        edits: tuple[Edit, ...] = self._expect(
            messages.Write(edits=tuple(drafts), when=when, over=over, by=self.by), messages.WrittenEdits
        ).edits
        if when.at == "now":
            self._settle(edits)
        return edits

    def _settle(self, edits: Sequence[Edit]) -> None:
        self._settled = max((edit.beat for edit in edits), default=self._settled)

    def _do(self, request: messages.AnyRequest) -> None:
        """Ask for what is done at once, and say what that was."""
        reply: messages.SaidEdits = self._expect(request, messages.SaidEdits)
        self._settle(reply.edits)
        print(reply.said, flush=True)

    def at(self, when: Any = "next", *, over: float = 0.0) -> At:
        """See `groovelive.at`."""
        return At(self, when, over)

    @property
    def block(self) -> At | None:
        """The block that is open, or None."""
        return self._blocks[-1] if self._blocks else None

    def opened(self, block: At) -> None:
        """Collect in a block what is set from now on."""
        self._blocks.append(block)

    def shut(self, block: At) -> None:
        """Collect no more."""
        self._blocks.remove(block)

    def value(self, drummer: str, path: str) -> Any:
        """Return what holds now, not what is planned; in a block that is open, what was set in that comes first."""
        for block in reversed(self._blocks):
            for draft in reversed(block.drafts):
                if (draft.drummer, draft.path) == (drummer, path):
                    return draft.value
        with self._lock:
            return self.score.value(drummer, path, self.present)

    def number(self, drummer: str, path: str) -> float:
        """Return the number that a control stands for now: of a ramp, where that is."""
        with self._lock:
            return float(self.score.number(drummer, path, self.present))

    def is_planned(self, drummer: str, path: str) -> bool:
        """Return whether an edit of a control is still to come."""
        with self._lock:
            return any((edit.drummer, edit.path) == (drummer, path) for edit in self.score.pending(self.present))

    def _address(self, name: str) -> Address:
        """Return the address of a control of the session itself."""
        return Address(self, "", name)

    def locate(self, point: Point | None = None, drummer: str = "") -> Floats:
        """Return the latent (z,) of a point, or of what a drummer plays now."""
        place = self._expect(messages.Locate(point=point, drummer=drummer), messages.Located)
        found: Floats = place.z.numpy("z")
        return found

    def ideas(self, request: messages.IdeasRequest) -> messages.AnsweredIdeas:
        """Return answers that a drummer could give."""
        found: messages.AnsweredIdeas = self._expect(request, messages.AnsweredIdeas)
        return found

    def hands(self, request: messages.Hands) -> None:
        """Tell the conductor what was played."""
        self._expect(request, messages.Done)

    def undo(self) -> None:
        """Undo what you did last, at once, and say what that was."""
        self._do(messages.Undo(by=self.by))

    def redo(self) -> None:
        """Do again what you undid last, at once, and say what that was."""
        self._do(messages.Undo(by=self.by, redo=True))

    def recall(self, name: str, over: float | None = None) -> None:
        """Set everything as it was when a scene was saved.

        Args:
            name: of the scene.
            over: bars in which it goes over into that; by default as the block says that is open, or at once.
        """
        when, usual = (self._blocks[-1].when, self._blocks[-1].over) if self._blocks else (When(), 0.0)
        over = usual if over is None else number("over", over, 0, MAX_OVER, "bars")
        self._expect(messages.SceneRequest(name=name, when=when, over=over, by=self.by), messages.WrittenEdits)

    def reset(self) -> None:
        """Set everything to how a new session is, at once; what is planned is cancelled. One `undo()` brings it back.

        The transport goes on, and scenes that were saved are still there.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> live.d1.density, live.bpm = 0.9, 99
        >>> live.run(bars=1)
        >>> live.reset()
        1 drummer reset; undo() brings it back
        >>> live.bpm, live.d1.density
        (120.0, None)
        >>> live.undo()  # doctest: +ELLIPSIS
        undone: reset the session (bar 2, by ...)
        >>> float(live.d1.density)
        0.9
        """
        self._do(messages.ResetRequest(by=self.by))

    def hush(self, *drummers: str) -> None:
        """Let drummers, by default all, fall silent, and call off what is planned; see `groovelive.hush`."""
        if self._blocks:
            self._blocks[-1].add([Draft("hush", None, name) for name in drummers or ("",)])
            return
        self._do(messages.HushRequest(by=self.by, drummers=drummers))

    def panic(self) -> None:
        """Silence everything at once: also what rings; and call off what is planned."""
        self._do(messages.PanicRequest(by=self.by))

    def each_bar(self, name: str, function: Function | None) -> None:
        """Ask a function for a drummer's bars, or none."""
        self._callbacks.set(name, function)
        if function is None:
            self.write([Draft("each_bar", None, name)])
        elif self.value(name, "each_bar") is not True or self.is_planned(name, "each_bar"):
            # Else the bars of the one before play on until there are others.
            self.write([Draft("each_bar", True, name)])

    def functions(self) -> dict[str, Function]:
        """Return the functions that this program makes bars with, by drummer."""
        return self._callbacks.functions

    def _give(self, name: str, number: int, notes: bytes) -> None:
        self.send([Draft("own", Pattern(notes=notes, steps=16), name)], When("bar", number))

    def peek(self, drummer: str, beat: float) -> None:
        """Wait a moment for the engine's answer to what a drummer plays from a beat on, so that it can be shown."""
        if self._simulated is not None:
            self._simulated.peek()
            return
        end = time.monotonic() + _ANSWER
        while time.monotonic() < end:
            with self._lock:
                source = self.score.edit(drummer, "source", beat)
                last = max((e.beat for e in self.score.lane(drummer, "pattern")), default=-1.0)
            if source is None or last >= beat:
                return
            time.sleep(0.005)

    def close(self) -> None:
        """Leave the session. The music goes on, which is said; `groovelive stop`, or hush() before, ends it."""
        if self.closed:
            return
        with self._lock:
            sentence = farewell(self.score)
        self.closed = True
        self._callbacks.close()
        if self._line.close() and sentence:
            self.tell(sentence)
        gone: Any = ClosedLine()
        self._line = self._replica = gone
        if self._simulated is not None:
            self._simulated = gone


def _warn(sentence: str) -> None:
    _say(f"groovelive: {sentence}")


def _say(line: str) -> None:
    """Write a line where it is not taken for what a program prints; also where nobody reads it any more."""
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)
