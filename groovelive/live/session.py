"""The session as a performer sees it: its drummers, what is played to them, what is to come, and what has been."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from ..checks import whole
from ..errors import GrooveError
from ..protocol.session import Draft, When
from ..score.edit_log import SESSION
from ..score.edits import BEATS_PER_BAR, Outs
from ..score.validation import check
from . import display, hands
from .client import RemoteLine, SimulatedLine
from .clip import Clip, check_paths
from .drummer import Drummer
from .rendering import rendered
from .scheduling import History
from .targets import outs_of
from .transport import TransportControls, session_number

if TYPE_CHECKING:
    from .ableton import AbletonLive, AbletonOsc


class Session(TransportControls):
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

    def __init__(self, line: RemoteLine | SimulatedLine, by: str) -> None:
        self._drummers: dict[str, Drummer] = {}
        self._ableton: AbletonLive | AbletonOsc | None = None
        super().__init__(line, by)

    # Drummers

    def __getitem__(self, name: str) -> Drummer:
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
            from .ableton import connect  # start-up time: most sessions do without Live

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

    # Settings of all

    seed = session_number("seed", "Another seed, other chances; they are a function of seed, drummer and bar.")

    def _out(self) -> Any:
        value = self.value(SESSION, "out")
        return value if isinstance(value, Outs) else None

    def _set_out(self, value: Any) -> None:
        self.write([Draft("out", outs_of(value))], When("now"))

    out = property(_out, _set_out, doc="Where the notes go of drummers that have no target of their own: synth(), …")

    # What is played

    def hit(self, velocity: float = 0.8, *, key: int = 60, channel: int = 1, port: str | None = None) -> None:
        """Play a note now, as on an instrument.

        Args:
            velocity: 0..1.
            key: 0..127.
            channel: 1..16.
            port: that it counts as played to; by default the only one that a drummer hears, or by hand.
        """
        hands.hit(self, velocity, key, channel, port)

    def knob(self, number: int, value: int, *, channel: int = 1, port: str | None = None) -> None:
        """Turn a controller now, 0..127, to a value 0..127; the rest is as of `hit`."""
        hands.knob(self, number, value, channel, port)

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
        hands.feed(self, source, bars, channel, port)

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
        end = int(self.beat // BEATS_PER_BAR)
        bars = whole("bars", bars, 1)
        if not end:
            raise GrooveError("no bar has been played to its end yet")
        begin = max(end - bars, 0)
        return Clip(self.snapshot(), begin * float(BEATS_PER_BAR), end * float(BEATS_PER_BAR), self.model)

    def render(self, *paths: str | PathLike[str], bars: int = 8) -> Clip:
        """Write what would be played from the next bar line on, as if nothing were changed any more; time stands still.

        Planned edits and the autopilot count. The session goes on as it was: nothing in it changes.

        Args:
            paths: as of `Clip.save`: names that end in .wav, .mid, .svg or .take, or folders, as "stems/".
            bars: how many.

        Returns:
            What was rendered: `.save(...)` writes more of it, `.groove("d1")` returns a drummer's notes.

        Raises:
            GrooveError: a file cannot be written, or the session plays another model than this program has.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.play("bd sn")
        >>> clip = live.render(bars=4)
        >>> live.beat, clip
        (0.0, 4 bars, 8 notes of d1)
        """
        if paths:
            check_paths(paths)
        clip = rendered(self, bars)
        return clip.save(*paths) if paths else clip

    def __repr__(self) -> str:
        return display.session(self)

    def close(self) -> None:
        """Leave the session. The music goes on, which is said; `groovelive stop`, or hush() before, ends it."""
        if self._ableton is not None:
            self._ableton.close()
        super().close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
