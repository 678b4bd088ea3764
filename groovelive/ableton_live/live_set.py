"""The set that is open in Ableton Live: its tracks and clips, written, watched, swapped and followed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Literal, NamedTuple, Self

from . import notes as conversion
from .base import Grid, Music, SlotKey, TrackKey
from .clip import LiveClip, written
from .clock import LiveClock
from .connection import PORT, LinkState, LiveLink, Result
from .errors import LinkDown, LiveError, NoAnswer
from .handlers import End, added, both
from .handshake import LiveHello
from .pads import Pad, PadMap, guess
from .replies import (
    ArrangementClip,
    ClipChanged,
    Launched,
    LiveScene,
    Lost,
    Moved,
    Slot,
    SwapNews,
    Swapped,
    Track,
)
from .transport import LedTransport


class _Asked(NamedTuple):
    """A swap that is not launched yet: what was asked for, should it have to be asked for again."""

    id: int
    arguments: tuple[Any, ...]
    options: dict[str, Any]


class LiveSet:
    """The set that is open in Live, by way of the script GrooveLive.

    Only clips that groovelive wrote, whose names end with " [gl]", are ever changed, unless `force` says so; each
    change is one undo step. All calls may raise the `LiveError`s of `errors`, and then the set is as it was.

        live = LiveSet.connect()
        live.clip("Drums", 3).replace(Groove.parse("bd*4, hh*8"), name="four", colour=5)
        live.clip("Bass", 0).watch(lambda changed: print(changed.name))
    """

    def __init__(self, link: LiveLink) -> None:
        self.link = link
        self.watched: list[LiveClip] = []
        self._lock = threading.Lock()
        self._clock: LiveClock | None = None
        self._pad_notes: dict[tuple[str, TrackKey], tuple[int | None, ...]] = {}
        self._asked: dict[TrackKey, _Asked] = {}
        self._first: dict[int, int] = {}  # of a swap that was asked for again: the id that it had
        self._on_swap: list[Callable[[SwapNews], None]] = []
        self._on_state: list[Callable[[LinkState], None]] = []
        self._ends: list[End] = [
            link.on("/gl/launched", lambda *news: self._tell(Launched(*news))),
            link.on("/gl/swap/moved", lambda id, line: self._tell(Moved(id, line))),
            link.on("/gl/swap/lost", lambda id, why: self._tell(Lost(id, why))),
            link.on("/gl/clip/changed", self._changed),
            link.on("state", self._state),
        ]

    @classmethod
    def connect(
        cls, host: str = "127.0.0.1", port: int = PORT, *, name: str = "groovelive", token: str = "",
        timeout: float = 5.0,
    ) -> Self:  # fmt: skip
        """Connect with the script in Live.

        Raises:
            LinkDown, WrongVersion, NoAnswer: it is not there, is another one, or says nothing.
        """
        link = LiveLink(host, port, name=name, token=token)
        try:
            link.connect(timeout)
        except BaseException:
            link.close()
            raise
        return cls(link)

    def close(self) -> None:
        """End the connection; what plays in Live plays on."""
        self.link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def lacks(self) -> str:
        """What this way into Live cannot do: nothing."""
        return ""

    @property
    def hello(self) -> LiveHello:
        """Which Live, which script, which session."""
        if self.link.hello is None:
            raise LinkDown("there was no connection with Live yet: connect first")
        return self.link.hello

    # What there is

    def tracks(self) -> list[Track]:
        """Return the tracks, without returns and main."""
        return Track.rows(self.link.call("/gl/tracks"))

    def scenes(self) -> list[LiveScene]:
        """Return the scenes."""
        return LiveScene.rows(self.link.call("/gl/scenes"))

    def slots(self, track: TrackKey) -> list[Slot]:
        """Return the slots of a track."""
        return Slot.rows(self.link.call("/gl/slots", track)[3:])

    def clip(self, track: TrackKey, slot: SlotKey) -> LiveClip:
        """Return a slot and the clip in it, if there is one; once used it is meant wherever it moves.

        When the script is loaded anew it is the same slot still; in another document the one of the same name or index.
        """
        return LiveClip(self, track, slot)

    def arrangement(self, track: TrackKey) -> list[ArrangementClip]:
        """Return a track's clips in the Arrangement."""
        return ArrangementClip.rows(self.link.call("/gl/arrangement", track))

    # What changes the set

    def new_clip(self, track: TrackKey, notes: Music, *, after: int = -1, grow: bool = False, **shape: Any) -> LiveClip:
        """Write a clip into the next empty slot of a track, below slot `after`, and return it.

        Args:
            grow: a scene is added where no slot is empty.
            shape: as of `LiveClip.replace`.
        """
        blob, given = written(self, track, notes, shape)
        found = self.link.call("/gl/clip/write", track, -1, blob, timeout=10.0, after=after, grow=grow, **given)
        return LiveClip(self, track, int(found[0]))

    def swap(
        self, track: TrackKey, a: int, b: int, notes: Music, *, grid: Grid = "bar",
        line: float | None = None, late: Literal["next", "refuse"] = "next", legato: bool = False, force: bool = False,
        start: bool = False, dry_run: bool = False, timeout: float = 3.0, **shape: Any,
    ) -> Swapped:  # fmt: skip
        """Write the one of two slots that does not play, and have Live launch it on a line of the grid.

        `on_swap` hears when it is launched, moved or lost. While one is under way, another one for the same line takes
        its place. What is not launched when the link breaks is asked for again, for the next line, when it is back.

        Args:
            a, b: the indices of the slots; where neither plays it is `a` that is written.
            grid: on whose lines it may be launched; line: the beat of one of them, by default the next.
            late: what if less than 150 ms are left before the line: `next` line, or `refuse`.
            legato: keep the place in the loop; force: also over clips that are not groovelive's.
            start: start the transport if it is stopped; else the swap waits for it.
            shape: as of `LiveClip.replace`.

        Raises:
            Late: the line cannot be made, and late is "refuse".
            NotNow: an earlier swap waits for an earlier line.
            Guarded: a slot holds, or the track plays, a clip that is not groovelive's.
        """
        future = self.swap_soon(
            track, a, b, notes, grid=grid, line=line, late=late, legato=legato, force=force, start=start,
            dry_run=dry_run, **shape,
        )  # fmt: skip
        try:
            return future.result(timeout)
        except FutureTimeout:
            raise NoAnswer(f"Live has not answered a swap within {timeout:g} s: it is busy") from None

    def swap_soon(
        self, track: TrackKey, a: int, b: int, notes: Music, *, grid: Grid = "bar",
        line: float | None = None, late: Literal["next", "refuse"] = "next", legato: bool = False, force: bool = False,
        start: bool = False, dry_run: bool = False, **shape: Any,
    ) -> Future[Swapped]:  # fmt: skip
        """Ask for a `swap` without waiting for Live; of a Groove `pads` should be given, or be known already."""
        blob, given = written(self, track, notes, shape)
        options = {
            "grid": grid, "line": None if line is None else float(line), "late": late, "legato": legato, "force": force,
            "start": start, "dry_run": dry_run, **given,
        }  # fmt: skip
        return self._ask(track, (track, a, b, blob), options)[1]

    def cancel_swap(self, track: TrackKey) -> int:
        """Call off a swap that Live does not have yet; return its id.

        Raises:
            NotThere: none is under way. Late: Live launches it already.
        """
        (id,) = self.link.call("/gl/swap/cancel", track)
        return self._done(id)

    def arrange(
        self, track: TrackKey, start: float, notes: Music, *, force: bool = False,
        dry_run: bool = False, timeout: float = 10.0, **shape: Any,
    ) -> tuple[float, float]:  # fmt: skip
        """Write a clip into the Arrangement, over nothing but clips of groovelive's; return its start and end in beats.

        Args:
            start: in beats.
            shape: as of `LiveClip.replace`; `length` is how long the clip lasts, by default the Groove, or 8 beats.
        """
        blob, given = written(self, track, notes, shape)
        found = self.link.call(
            "/gl/arrange", track, float(start), blob, timeout=timeout, force=force, dry_run=dry_run, **given
        )
        return float(found[1]), float(found[2])

    def panic(self) -> int:
        """Stop groovelive's clips at once and call off its swaps; return how many clips were stopped."""
        with self._lock:
            self._asked.clear()
        return int(self.link.call("/gl/panic")[0])

    # Drum pads

    def pads(self, track: TrackKey) -> PadMap:
        """Return which pads of a track play the nine voices: as kept with the set, or else guessed by their names."""
        found = self.link.call("/gl/pads", track)
        pads = tuple(Pad(found[at], found[at + 1]) for at in range(10, len(found), 2))
        kept = tuple(note if note >= 0 else None for note in found[1:10])
        pad_map = PadMap(kept, pads, True) if found[0] else PadMap(guess(pads), pads, False)
        with self._lock:
            self._pad_notes[self.hello.session, track] = pad_map.notes
        return pad_map

    def pad_notes(self, track: TrackKey) -> tuple[int | None, ...]:
        """Return the notes of `pads` as they were when last asked for."""
        with self._lock:
            known = self._pad_notes.get((self.hello.session, track))
        return self.pads(track).notes if known is None else known

    def save_pads(self, track: TrackKey, pads: conversion.PadMap) -> None:
        """Keep a map of voices to pads with the set.

        Raises:
            NotThere: the track has a Drum Rack, and no pad of such a note.
        """
        notes = conversion.pitches_of(pads)
        self.link.call("/gl/pads/save", track, *(-1 if note is None else note for note in notes))
        self.pads(track)

    # The transport

    @property
    def clock(self) -> LiveClock:
        """Where Live is, from when this was first asked for."""
        with self._lock:
            clock, new = self._clock, self._clock is None
            if clock is None:
                clock = self._clock = LiveClock()
        if new:
            self.link.on("/gl/clock", clock.hear)
            self.link.subscribe("clock")
        return clock

    def play(self, resume: bool = False) -> None:
        """Start the transport, from its start or where it was stopped."""
        self.link.call("/gl/continue" if resume else "/gl/play")

    def stop(self) -> None:
        """Stop the transport."""
        self.link.call("/gl/stop")

    def lead(self) -> LedTransport:
        """Return the transport as a session leads it: moved without waiting for Live's answers."""
        return LedTransport(self.link)

    def tempo(self, bpm: float) -> float:
        """Set the tempo, 20 to 999 beats a minute, and return the one that Live took."""
        return float(self.link.call("/gl/tempo", float(bpm))[0])

    # News; all of them in one thread of the link

    def on_swap(self, handler: Callable[[SwapNews], None]) -> End:
        """Let `handler` hear what becomes of this program's swaps, and return what ends that."""
        return added(self._on_swap, lambda news: handler(news) if news.id else None)

    def on_launch(self, handler: Callable[[Launched], None]) -> End:
        """Let `handler` hear of every launch in every track, by hand too, and return what ends that."""
        end = self.link.subscribe("launched")
        return both(end, added(self._on_swap, lambda news: handler(news) if isinstance(news, Launched) else None))

    def on_structure(self, handler: Callable[[], None]) -> End:
        """Let `handler` hear when tracks, scenes or the names of tracks have changed, and return what ends that."""
        return both(self.link.on("/gl/structure", lambda _: handler()), self.link.subscribe("structure"))

    def on_state(self, handler: Callable[[LinkState], None]) -> End:
        """Let `handler` hear when Live is lost and when it is back, with watches and swaps; return what ends that."""
        return added(self._on_state, handler)

    def _ask(
        self, track: TrackKey, arguments: tuple[Any, ...], options: dict[str, Any], first: int = 0
    ) -> tuple[int, Future[Swapped]]:
        swapped: Future[Swapped] = Future()
        with self._lock:  # an answer that comes at once finds it noted
            id, asked = self.link.request("/gl/swap", arguments, options)
            if first:
                self._first[id] = first
            if not options["dry_run"]:
                self._asked[track] = _Asked(id, arguments, options)

        def answered(asked: Future[Result]) -> None:
            error = asked.exception()
            if error is None:
                swapped.set_result(Swapped(first or id, *asked.result()))
            else:
                if not isinstance(error, LinkDown):  # else it is asked for again
                    self._done(id)
                swapped.set_exception(error)

        asked.add_done_callback(answered)
        return id, swapped

    def _done(self, id: int) -> int:
        """Forget a swap, and return the id that it had first."""
        with self._lock:
            for track in [track for track, asked in self._asked.items() if asked.id == id]:
                del self._asked[track]
            return self._first.pop(id, id)

    def _tell(self, news: SwapNews) -> None:
        if isinstance(news, Moved):
            news = Moved(self._first.get(news.id, news.id), news.line)
        elif isinstance(news, Lost):
            news = Lost(self._done(news.id), news.why)
        else:
            news = Launched(news.track, news.slot, news.time, news.line, self._done(news.id), news.moved)
        for handler in list(self._on_swap):
            handler(news)

    def _changed(self, *news: Any) -> None:
        for clip in list(self.watched):
            clip.hear(ClipChanged(*news))

    def _state(self, state: LinkState) -> None:
        if state.up:
            for clip in list(self.watched):
                with contextlib.suppress(LiveError):
                    clip.watch_again()
            self._ask_again()
        for handler in list(self._on_state):
            handler(state)

    def _ask_again(self) -> None:
        with self._lock:
            asked, self._asked = dict(self._asked), {}
        for track, swap in asked.items():
            first = self._first.pop(swap.id, swap.id)
            # A line of before may have passed, or be one of another document: now it is the next one.
            try:
                id, again = self._ask(track, swap.arguments, {**swap.options, "line": None, "late": "next"}, first)
                self._tell(Moved(id, again.result(5.0).line))
            except (LiveError, FutureTimeout) as error:
                self._tell(Lost(first, str(error)))
