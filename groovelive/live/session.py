"""The session as a performer sees it: its drummers, its tempo, what is to come, and what has been."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.engine import ModelInfo
from ..protocol.session import Draft, When
from ..score.clocks import AnyClock
from ..score.edit_log import SESSION
from ..score.edits import (
    BEATS_PER_BAR,
    Edit,
    Line,
    Outs,
    Pattern,
    Point,
    bar_of,
)
from ..score.score import Score
from ..score.validation import check
from .callbacks import Bar, Function, Runner, answer
from .clocks import clock_of
from .scheduling import At, History

if TYPE_CHECKING:
    from .ableton import AbletonLive, AbletonOsc
    from .clip import Clip
    from .drummer import Drummer

Floats = NDArray[np.float32]
_NAPS = 0.02  # seconds between two looks at the beat, while one is waited for
_ANSWER = 0.15  # seconds that a picture waits for the engine


class Line_(Protocol):
    """What leads to a conductor: a `WireLine`, or an `Offline`."""

    on_news: Callable[[messages.AnyReply], None]

    def ask(self, request: messages.AnyRequest) -> messages.AnyReply: ...

    def close(self) -> None: ...


class Live:
    """A session; `groovelive.open` makes one.

    `live.d1` to `live.d9`, and `live["any_name"]`, are its drummers. Everything that is set is an edit, due at the next
    bar unless it stands in a block `with at(...)`.

    >>> import groovelive as gl
    >>> live = gl.open(realtime=False)
    >>> _ = live.d1 >> gl.groove("x..x..x.")
    >>> live.run(bars=4)
    >>> live.bar, live.bpm
    (5, 120.0)
    """

    def __init__(self, line: Any, by: str, realtime: bool) -> None:
        self._line, self.by, self.realtime = line, by, realtime
        self._lock = threading.RLock()
        self._drummers: dict[str, Drummer] = {}
        self._runners: dict[str, Runner | Function] = {}
        self._told: set[str] = set()
        self._blocks: list[At] = []
        self._session = ""
        self._anchor = time.monotonic()
        self._playing = True
        self._state: messages.State | None = None
        self._score = line.score if not realtime else Score()
        self._missing = threading.Event()
        self._ableton: AbletonLive | AbletonOsc | None = None
        self.closed = False
        line.on_news = self._hear
        if realtime:
            line.on_joined = self._joined
            self._joined(self._expect(messages.Join(by=by), messages.State))
            self._catch_up()
        else:
            self._state = self._expect(messages.Here(), messages.State)

    # What is heard

    def _hear(self, news: messages.AnyReply) -> None:
        if isinstance(news, messages.Edits):
            if self.realtime:
                with self._lock:
                    self._take(news)
        elif isinstance(news, messages.Tick):
            self._anchor = time.monotonic() - self._score.tempo.seconds(news.beat)
        elif isinstance(news, messages.Told):
            self.tell(news.text)
        elif isinstance(news, messages.Wanted):
            self._make(news)

    def _take(self, news: messages.Edits) -> None:
        have = len(self._score.edits)
        if news.since > have:
            self._missing.set()  # seen to by whoever looks next, in a thread that may ask
            return
        for edit in news.edits[have - news.since :]:
            self._score.add(edit)

    def _joined(self, state: messages.State) -> None:
        with self._lock:
            if state.session != self._session or state.edits < len(self._score.edits):
                self._session, self._score = state.session, Score()
            self._state = state
            self._anchor = time.monotonic() - self._score.tempo.seconds(state.beat)
            self._playing = state.playing
            if state.edits > len(self._score.edits):
                self._missing.set()

    def _catch_up(self) -> None:
        """Fetch the edits that were missed."""
        if not self.realtime or threading.current_thread().name == "conductor":
            return
        self._missing.clear()
        more = True
        while more:
            with self._lock:
                since = len(self._score.edits)
            page = self._expect(messages.Log(since=since), messages.Edits)
            with self._lock:
                self._take(page)
            more = page.more
        if self._state is not None:
            with self._lock:
                self._anchor = min(self._anchor, time.monotonic())

    @property
    def score(self) -> Score:
        """The log as this client knows it; what holds when, and what will sound, comes from it."""
        if self._missing.is_set():
            self._catch_up()
        return self._score

    @property
    def model(self) -> ModelInfo | None:
        """What the engine serves: genres, presets, controls."""
        if self._state is None or self._state.model is None:
            self._state = self._expect(messages.Here(), messages.State)
        return self._state.model

    def tell(self, sentence: str) -> None:
        """Tell the performer something, once."""
        if sentence not in self._told:
            self._told.add(sentence)
            print(f"groovelive: {sentence}", file=sys.stderr, flush=True)

    # What is asked

    def _expect(self, request: messages.AnyRequest, kind: type[Any]) -> Any:
        return messages.expect(self._line.ask(request), kind)

    def write(self, drafts: Sequence[Draft], when: When | None = None) -> tuple[Edit, ...]:
        """Make edits: at `when`, or in the block that is open, or else at the next bar.

        Raises:
            GrooveError: one cannot be made; none is.
        """
        checked = []
        for draft in drafts:
            path, value = check(draft.drummer, draft.path, draft.value, self.model)
            checked.append(Draft(path=path, value=value, drummer=draft.drummer))
        if self._blocks:
            self._blocks[-1].add(checked)
            return ()
        return self.send(checked, when or When())

    def send(self, drafts: Sequence[Draft], when: When, over: float = 0.0) -> tuple[Edit, ...]:
        """Send edits to the conductor; see `write`."""
        edits: tuple[Edit, ...] = self._expect(
            messages.Write(edits=tuple(drafts), when=when, over=over, by=self.by), messages.Written
        ).edits
        return edits

    def at(self, when: Any = "next", *, over: float = 0.0) -> At:
        """See `groovelive.at`."""
        return At(self, when, over)

    def opened(self, block: At) -> None:
        """Collect in a block what is set from now on."""
        self._blocks.append(block)

    def shut(self, block: At) -> None:
        """Collect no more."""
        self._blocks.remove(block)

    def value(self, drummer: str, path: str) -> Any:
        """Return what was last set, whether it is due yet or not; also in the block that is open."""
        for block in reversed(self._blocks):
            for draft in reversed(block.drafts):
                if (draft.drummer, draft.path) == (drummer, path):
                    return draft.value
        with self._lock:
            return self.score.value(drummer, path, float("inf"))

    def locate(self, point: Point | None = None, drummer: str = "") -> Floats:
        """Return the latent (z,) of a point, or of what a drummer plays now."""
        place = self._expect(messages.Locate(point=point, drummer=drummer), messages.Place)
        found: Floats = place.z.numpy("z")
        return found

    # Drummers

    def __getitem__(self, name: str) -> Drummer:
        from .drummer import Drummer

        if name not in self._drummers:
            check(name, "mute", False, None)  # tells what is wrong with the name
            self._drummers[name] = Drummer(self, name)
        return self._drummers[name]

    def _ipython_key_completions_(self) -> list[str]:
        return [drummer.name for drummer in self.drummers]

    @property
    def ableton(self) -> AbletonLive | AbletonOsc:
        """The set that is open in Ableton Live, by GrooveLive in it, or AbletonOSC; connects when it is first used.

        Raises:
            GrooveError: Live, or the script in it, is not there; the sentence says what to do.
        """
        if self._ableton is None:
            from .ableton import connect

            self._ableton = connect(self)
        return self._ableton

    @property
    def drummers(self) -> list[Drummer]:
        """The drummers that something was told to."""
        with self._lock:
            names = self.score.drummers
        return [self[name] for name in names]

    d1 = property(lambda self: self["d1"], doc="The drummer d1.")
    d2 = property(lambda self: self["d2"], doc="The drummer d2.")
    d3 = property(lambda self: self["d3"], doc="The drummer d3.")
    d4 = property(lambda self: self["d4"], doc="The drummer d4.")
    d5 = property(lambda self: self["d5"], doc="The drummer d5.")
    d6 = property(lambda self: self["d6"], doc="The drummer d6.")
    d7 = property(lambda self: self["d7"], doc="The drummer d7.")
    d8 = property(lambda self: self["d8"], doc="The drummer d8.")
    d9 = property(lambda self: self["d9"], doc="The drummer d9.")

    # Time

    @property
    def beat(self) -> float:
        """Where the transport is, in beats from the start."""
        if not self.realtime:
            return float(self._line.beat)
        with self._lock:
            if not self._playing and self._state is not None:
                return self._state.beat
            return max(self._score.tempo.beat(time.monotonic() - self._anchor), 0.0)

    @property
    def bar(self) -> int:
        """The bar that plays, from 1."""
        return bar_of(self.beat)

    def _bpm(self) -> float:
        with self._lock:
            return self.score.tempo.bpm(self.beat)

    def _set_bpm(self, value: float | Line) -> None:
        self.write([Draft("bpm", value)])

    bpm = property(_bpm, _set_bpm, doc="Tempo in beats a minute, 20..400: a number, or a ramp: line(120, 140, bars=8).")

    def _session_number(name: str, doc: str) -> property:  # type: ignore[misc]
        def get(self: Live) -> Any:
            with self._lock:
                return self.score.number(SESSION, name, float("inf"), {"seed": 7, "quantum": 1.0}[name])

        def set(self: Live, value: Any) -> None:
            self.write([Draft(name, value)])

        return property(get, set, doc=doc)

    seed = _session_number("seed", "Another seed, other chances; they are a function of seed, drummer and bar.")
    quantum = _session_number("quantum", "Bars, 0..64: an edit is due at the next line of so many; 0 is at once.")

    def _out(self) -> Any:
        value = self.value(SESSION, "out")
        return value if isinstance(value, Outs) else None

    def _set_out(self, value: Any) -> None:
        from .targets import outs_of

        self.write([Draft("out", outs_of(value))], When("now"))

    out = property(_out, _set_out, doc="Where the notes go of drummers that have no target of their own: synth(), …")

    def play(self) -> None:
        """Let the transport run, from the next bar line on."""
        self._transport(True)

    def stop(self) -> None:
        """Let the transport stand; what rings, rings out."""
        self._transport(False)

    def _transport(self, playing: bool) -> None:
        if not self.realtime:
            raise GrooveError("time passes by live.run(bars=...) here; gl.open() has a transport to start and stop")
        self.send([Draft("playing", playing)], When("now"))
        self._joined(self._expect(messages.Here(), messages.State))

    def follow(self, clock: AnyClock | None) -> None:
        """Let a clock lead the tempo: `link()`, `midi_clock("port")` or `live.ableton`; None: the conductor.

        Bar lines come together within some beats, by a tempo that differs a little: the beat number never jumps. If the
        clock goes away, the tempo stays as it is until it is back.

        Raises:
            GrooveError: it is not there, what it needs is not installed, or a peer leads.
        """
        wanted = None if clock is None else clock_of(clock)
        self._expect(messages.Follow(clock=wanted, by=self.by), messages.Done)

    def lead(self, clock: AnyClock | None, on: bool = True) -> None:
        """Have a clock follow: `link()`, `midi_clock("port")` or `live.ableton`; `on=False`: no more. None: none does.

        Raises:
            GrooveError: it is not there, or what it needs is not installed.
        """
        wanted = None if clock is None else clock_of(clock)
        self._expect(messages.Lead(clock=wanted, on=bool(on), by=self.by), messages.Done)

    def tap(self, *, bar: bool = False) -> float | None:
        """Tap the tempo: from the second tap on it is set at once. Returns it in bpm; None: this was the first.

        The median of the last intervals, up to seven, counts; after two seconds without a tap they begin anew.

        Args:
            bar: whether this tap is the first beat of a bar: the bar lines are drawn onto it within some beats.

        Raises:
            GrooveError: somebody else leads the tempo, or it is out of range.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> live.tap()
        >>> live.run(beats=0.8)
        >>> live.tap(), live.bpm
        (150.0, 150.0)
        """
        edits: tuple[Edit, ...] = self._expect(messages.Tap(bar=bool(bar), by=self.by), messages.Written).edits
        if not edits:
            return None
        value = edits[0].value
        return float(value.end if isinstance(value, Line) else value)  # type: ignore[arg-type]

    def wait(self, bars: float | None = None, *, beats: float | None = None) -> None:
        """Wait for so many bars, or beats; in a session that is not in real time they pass at once."""
        span = _span(bars, beats)
        if not self.realtime:
            self._line.run(span)
            return
        end = self.beat + span
        while self.beat < end:
            time.sleep(_NAPS)

    def run(self, bars: float | None = None, *, beats: float | None = None) -> None:
        """Let so many bars, or beats, pass on the simulated clock.

        Raises:
            GrooveError: this session is in real time, where `wait` waits.
        """
        if self.realtime:
            raise GrooveError("this session runs by itself; live.wait(bars=...) waits")
        self._line.run(_span(bars, beats))

    # What is played

    def hit(self, velocity: float = 0.8, *, key: int = 60, channel: int = 1, port: str | None = None) -> None:
        """Play a note now, as on an instrument.

        Args:
            velocity: 0..1.
            key: 0..127.
            channel: 1..16.
            port: that it counts as played to; by default the only one that a drummer hears, or by hand.
        """
        from . import hands as playing

        playing.hit(self, velocity, key, channel, port)

    def knob(self, number: int, value: int, *, channel: int = 1, port: str | None = None) -> None:
        """Turn a controller now, 0..127, to a value 0..127; the rest is as of `hit`."""
        from . import hands as playing

        playing.knob(self, number, value, channel, port)

    def feed(self, source: Any, bars: int = 2, *, channel: int = 1, port: str | None = None) -> None:
        """Play a rhythm to the drummers for some bars, as a person would, on the simulated clock: they pass.

        Each note is a key of General MIDI: a kick is 36.

        Args:
            source: as of `groovelive.groove`.
            bars: how many; what is shorter goes round.
            channel, port: as of `hit`.

        Raises:
            GrooveError: this session is in real time, where `hit` plays a note.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.midi_in("Keys")
        >>> live.feed("x..x..x.", bars=2)
        >>> len(live.d1.heard), live.bar
        (12, 3)
        """
        from . import hands as playing

        playing.feed(self, source, bars, channel, port)

    def hands(self, request: messages.Hands) -> None:
        """Tell the conductor what was played."""
        self._expect(request, messages.Done)

    # What was, and what is to come

    @property
    def pending(self) -> History:
        """The edits that are due later, by beat."""
        with self._lock:
            return History(self.score.pending(self.beat))

    @property
    def history(self) -> History:
        """What performers did, in order, with bar numbers and names."""
        with self._lock:
            return History(self.score.history(), self.score)

    def last(self, bars: int = 8) -> Clip:
        """Return the last whole bars that were played; everything is always recorded."""
        from .clip import Clip

        end = int(self.beat // BEATS_PER_BAR)
        if isinstance(bars, bool) or not isinstance(bars, int) or bars < 1:
            raise GrooveError(f"last takes a whole number of bars, 1 or more, not {bars!r}")
        if not end:
            raise GrooveError("no bar has been played to its end yet")
        begin = max(end - bars, 0)
        return Clip(self.snapshot(), begin * float(BEATS_PER_BAR), end * float(BEATS_PER_BAR), self.model)

    def snapshot(self) -> Score:
        """Return a copy of the score as it is now."""
        with self._lock:
            return Score(self.score.edits)

    def undo(self) -> None:
        """Undo what you did last, at once."""
        self._expect(messages.Undo(by=self.by), messages.Written)

    def redo(self) -> None:
        """Do again what you undid last, at once."""
        self._expect(messages.Undo(by=self.by, redo=True), messages.Written)

    def recall(self, name: str) -> None:
        """Set everything as it was when a scene was saved."""
        when, over = (self._blocks[-1].when, self._blocks[-1].over) if self._blocks else (When(), 0.0)
        self._expect(messages.Scene(name=name, when=when, over=over, by=self.by), messages.Written)

    def panic(self) -> None:
        """Silence everything at once: also what rings."""
        self._expect(messages.Panic(by=self.by), messages.Done)

    # Own code

    def each_bar(self, name: str, function: Function | None) -> None:
        """Ask a function for a drummer's bars, or none."""
        old = self._runners.pop(name, None)
        if isinstance(old, Runner):
            old.end()
        if function is None:
            self.write([Draft("each_bar", None, name)])
            return
        if not callable(function):
            raise GrooveError(f"each_bar takes a function of a bar, not {function!r}")
        self._runners[name] = Runner(function, self._giver(name), self.tell) if self.realtime else function
        if self.value(name, "each_bar") is not True:  # else the bars of the one before play on until there are others
            self.write([Draft("each_bar", True, name)])

    def _giver(self, name: str) -> Callable[[int, bytes], None]:
        def give(number: int, notes: bytes) -> None:
            self.send([Draft("own", Pattern(notes=notes, steps=16), name)], When("bar", number))

        return give

    def _make(self, wanted: messages.Wanted) -> None:
        from .clip import groove_of_notes

        runner = self._runners.get(wanted.drummer)
        if runner is None:
            return  # another client's
        bar = Bar(wanted.bar, groove_of_notes(wanted.notes, 1))
        if isinstance(runner, Runner):
            runner.want(bar)
            return
        try:
            self._giver(wanted.drummer)(wanted.bar, answer(runner, bar))
        except GrooveError as error:
            self.tell(str(error))

    # Pictures

    def peek(self, drummer: str, beat: float) -> None:
        """Wait a moment for the engine's answer to what a drummer plays from a beat on, so that it can be shown."""
        if not self.realtime:
            self._line.peek()
            return
        end = time.monotonic() + _ANSWER
        while time.monotonic() < end:
            with self._lock:
                source = self.score.edit(drummer, "source", beat)
                last = max((e.beat for e in self.score.lane(drummer, "pattern")), default=-1.0)
            if source is None or last >= beat:
                return
            time.sleep(0.005)

    @property
    def known(self) -> messages.State | None:
        """The last state that the conductor told, without asking again."""
        return self._state

    def status(self) -> messages.State:
        """Return where the session is: engine, targets, clients, late notes."""
        state: messages.State = self._expect(messages.Here(), messages.State)
        self._state = state
        return state

    def __repr__(self) -> str:
        from .display import session

        return session(self)

    def close(self) -> None:
        """Leave the session. The music goes on; `groovelive stop`, or hush() before, ends it."""
        self.closed = True
        for runner in self._runners.values():
            if isinstance(runner, Runner):
                runner.end()
        if self._ableton is not None:
            self._ableton.close()
        self._line.close()

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _span(bars: float | None, beats: float | None) -> float:
    if (bars is None) == (beats is None):
        raise GrooveError("say how long: bars=8, or beats=2")
    span = bars * BEATS_PER_BAR if bars is not None else beats
    if isinstance(span, bool) or not isinstance(span, int | float) or not 0 < span < 1e7:
        given = bars if beats is None else beats
        raise GrooveError(f"time passes forwards: a number of bars or beats above 0, not {given!r}")
    return float(span)
