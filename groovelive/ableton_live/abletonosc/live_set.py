"""The set that is open in Live by way of AbletonOSC, for people who have that: `LiveSet`'s words, with less behind.

What this way lacks: a change is several steps of undo, and one that fails halfway is put back by hand; chances,
velocity deviations and release velocities; the Arrangement; drum pads; ids, so that a track or a scene that is inserted
in the moment of a write is not noticed; news, so that a watched clip is looked at twice a second; and everything takes
a tenth of a second at least. Clips count as groovelive's by their name alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, Self

from ...checks import number
from ...errors import GrooveError
from ...grooves.grid import GM_NOTES
from ..base import Grid, Music, SlotKey, TrackKey
from ..clock import LiveClock
from ..connection import LinkState
from ..errors import (
    Guarded,
    Late,
    LinkDown,
    LiveError,
    NoAnswer,
    NotOffered,
    NotThere,
    OutOfRange,
)
from ..handlers import End, added
from ..handshake import LiveHello
from ..pads import PadMap
from ..replies import (
    LiveScene,
    Slot,
    SwapNews,
    Swapped,
    Track,
)
from ..transport import LedTransport
from .clip import GRIDS, MARK, OscClip
from .connection import PORT, REPLIES, OscLink
from .swaps import MARGIN, Swaps

LACKS = (
    "Ableton Live by way of AbletonOSC: slower, and without one-step undo, probabilities, the Arrangement and drum "
    "pads; `groovelive ableton install` puts GrooveLive there, which has them"
)


class OscSet:
    """The set that is open in Live, by way of AbletonOSC; see `LiveSet` for what each word does.

    Args:
        port, replies: those of AbletonOSC.

    Raises:
        LinkDown: AbletonOSC is not there, or another program listens to it.
    """

    def __init__(self, port: int = PORT, replies: int = REPLIES) -> None:
        self.link = OscLink(port, replies)
        self.writing = threading.RLock()
        self._clock = LiveClock()
        self._swaps = Swaps(self.link, self._clock, self._tell)
        self._later = ThreadPoolExecutor(1, "groovelive-abletonosc-swaps")
        self._handlers: list[Callable[[SwapNews], None]] = []
        self._states: list[Callable[[LinkState], None]] = []
        self.watched: list[OscClip] = []
        self._closing = threading.Event()
        try:
            major, minor = self.link.ask("/live/application/get/version", timeout=1.0)
        except LiveError:
            self.link.close()
            raise LinkDown(
                f"AbletonOSC is not at 127.0.0.1:{port}: choose it as a Control Surface in Live's settings, or install "
                "GrooveLive instead (groovelive ableton install)"
            ) from None
        self._live, self._up = f"{major}.{minor}", True
        self._thread = threading.Thread(target=self._poll, name="groovelive-abletonosc", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it; what plays in Live plays on."""
        self._closing.set()
        if self._thread is not threading.current_thread():
            self._thread.join(5.0)
        self.link.close()
        self._later.shutdown(wait=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def lacks(self) -> str:
        """What this way into Live cannot do."""
        return LACKS

    @property
    def hello(self) -> LiveHello:
        """Which Live; the session changes with each document. AbletonOSC says nothing more of itself."""
        return LiveHello("AbletonOSC", 0, "", self._live, "", str(self.link.session), frozenset())

    # What there is

    def tracks(self) -> list[Track]:
        """Return the tracks."""
        names = self.link.ask("/live/song/get/track_names")
        fields = ("has_midi_input", "is_foldable", "color_index", "playing_slot_index", "fired_slot_index")
        asked = [(f"/live/track/get/{name}", (index,)) for index in range(len(names)) for name in fields]
        found: list[Any] = [answer[0] if answer else None for answer in self.link.ask_all(asked)]
        tracks = []
        for index, name in enumerate(names):
            midi, group, colour, playing, fired = found[index * len(fields) : (index + 1) * len(fields)]
            kind: Literal["midi", "audio", "group"] = "group" if group else "midi" if midi else "audio"
            numbers = (-1 if number is None or group else number for number in (colour, playing, fired))
            tracks.append(Track(index, str(index), name, kind, *numbers))
        return tracks

    def scenes(self) -> list[LiveScene]:
        """Return the scenes."""
        return [LiveScene(i, str(i), name) for i, name in enumerate(self.link.ask("/live/song/get/scenes/name"))]

    def slots(self, track: TrackKey) -> list[Slot]:
        """Return the slots of a track."""
        index = self.track_index(track)
        names, lengths, playing, fired = self.link.ask_all([
            (f"/live/track/get/{name}", (index,)) for name in
            ("clips/name", "clips/length", "playing_slot_index", "fired_slot_index")
        ])  # fmt: skip
        slots = []
        for slot, (name, length) in enumerate(zip(names, lengths, strict=True)):
            state: Any = "empty" if name is None else "stopped"
            state = "triggered" if fired[0] == slot else "playing" if playing[0] == slot else state
            there = name is not None
            slots.append(Slot(slot, str(slot), f"{index}/{slot}" if there else "", name or "", -1, length or 0.0,
                              there and name.endswith(MARK), state))  # fmt: skip
        return slots

    def clip(self, track: TrackKey, slot: SlotKey) -> OscClip:
        """Return a slot and the clip in it, if there is one."""
        return OscClip(self, track, slot)

    # What changes the set

    def new_clip(self, track: TrackKey, notes: Music, *, after: int = -1, grow: bool = False, **shape: Any) -> OscClip:
        """Write a clip into the next empty slot of a track."""
        with self.writing:
            slots = self.slots(track)
            empty = next((slot.index for slot in slots if slot.index > after and slot.state == "empty"), None)
            if empty is None and not grow:
                raise NotThere(f"track {track} has no empty slot: add a scene, or say grow", "NOT_FOUND")
            if empty is None:
                self.link.tell("/live/song/create_scene", -1)
                empty = len(slots)
            clip = OscClip(self, track, empty)
            clip.replace(notes, **shape)
            return clip

    def swap(
        self, track: TrackKey, a: int, b: int, notes: Music, *, grid: Grid = "bar",
        line: float | None = None, late: Literal["next", "refuse"] = "next", legato: bool = False, force: bool = False,
        start: bool = False, dry_run: bool = False, timeout: float = 3.0, **shape: Any,
    ) -> Swapped:  # fmt: skip
        """Write the one of two slots that does not play, and have Live launch it on a line of the grid.

        At least 0.4 s have to be left before the line. The grid and `legato` become settings of the clip.
        """
        period = self._swaps.period(grid, line)
        with self.writing:
            index = self.track_index(track)
            playing = self.link.ask("/live/track/get/playing_slot_index", index)[0]
            if playing >= 0 and playing not in (a, b) and not force:
                raise Guarded(f"slot {playing} of track {index} plays, which is not of the pair: say force", "GUARD")
            into, earlier = self._swaps.slot(index, a, b, playing, line)
            running = bool(self.link.ask("/live/song/get/is_playing")[0])
            if running and late == "refuse" and not self._swaps.in_time(line, period):
                raise Late(f"the line is less than {MARGIN:g} s away", "LATE")
            clip = OscClip(self, track, into)
            quantise = GRIDS.index(grid) + 1
            written = clip.replace(
                notes, force=force, dry_run=dry_run, launch_quantise=quantise, legato=legato, **shape
            )
            told = Swapped(self._swaps.new_id(), into, str(into), written.clip_id, written.count, written.hash,
                           self._clock.beat(), -1.0, False, False, earlier.told.id if earlier else 0)  # fmt: skip
            if dry_run:
                return told
            return self._swaps.begin(told, index, period, line, running=running, start=start, earlier=earlier)

    def swap_soon(
        self, track: TrackKey, a: int, b: int, notes: Music, *, grid: Grid = "bar", line: float | None = None,
        late: Literal["next", "refuse"] = "next", legato: bool = False, force: bool = False, start: bool = False,
        dry_run: bool = False, **shape: Any,
    ) -> Future[Swapped]:  # fmt: skip
        """Ask for a `swap` without waiting for Live; one is made after the other, in a thread of their own."""
        return self._later.submit(
            self.swap, track, a, b, notes, grid=grid, line=line, late=late, legato=legato, force=force, start=start,
            dry_run=dry_run, **shape,
        )  # fmt: skip

    def cancel_swap(self, track: TrackKey) -> int:
        """Call off a swap that Live does not have yet; return its id."""
        return self._swaps.cancel(self.track_index(track))

    def panic(self) -> int:
        """Stop groovelive's clips, on Live's grid: AbletonOSC has no other stop; return how many were stopped."""
        self._swaps.clear()
        stopped = 0
        for track in self.tracks():
            if track.playing >= 0 and self.slots(track.index)[track.playing].ours:
                self.link.tell("/live/clip/stop", track.index, track.playing)
                stopped += 1
        return stopped

    def arrange(self, *_: Any, **__: Any) -> tuple[float, float]:
        """Raise: AbletonOSC does not write to the Arrangement."""
        raise NotOffered("AbletonOSC does not write to the Arrangement: GrooveLive does (groovelive ableton install)")

    # Drum pads

    def pads(self, track: TrackKey) -> PadMap:
        """Return the notes of General MIDI: AbletonOSC does not tell of drum pads."""
        self.track_index(track)
        return PadMap(GM_NOTES, (), False)

    def pad_notes(self, track: TrackKey) -> tuple[int | None, ...]:
        """Return the notes of `pads`."""
        return GM_NOTES

    # The transport

    @property
    def clock(self) -> LiveClock:
        """Where Live is; asked for four times a second."""
        return self._clock

    def play(self, resume: bool = False) -> None:
        """Start the transport, from its start or where it was stopped."""
        self.link.tell("/live/song/continue_playing" if resume else "/live/song/start_playing")

    def stop(self) -> None:
        """Stop the transport."""
        self.link.tell("/live/song/stop_playing")

    def lead(self) -> LedTransport:
        """Raise: AbletonOSC answers too slowly for its transport to be led."""
        raise NotOffered("Live can be led by way of GrooveLive only (groovelive ableton install), not AbletonOSC")

    def tempo(self, bpm: float) -> float:
        """Set the tempo, and return the one that Live took."""
        try:
            number("bpm", bpm, 20, 999)
        except GrooveError as error:
            raise OutOfRange(str(error), "OUT_OF_RANGE") from None
        self.link.tell("/live/song/set/tempo", float(bpm))
        return float(self.link.ask("/live/song/get/tempo")[0])

    # News

    def on_swap(self, handler: Callable[[SwapNews], None]) -> End:
        """Let `handler` hear what becomes of swaps, and return what ends that."""
        return added(self._handlers, handler)

    def on_state(self, handler: Callable[[LinkState], None]) -> End:
        """Let `handler` hear when Live is lost and when it is back, and return what ends that."""
        return added(self._states, handler)

    # Within

    def track_index(self, track: TrackKey) -> int:
        return self.track_of(track, self.link.ask("/live/song/get/track_names"))

    def track_of(self, track: TrackKey, names: Sequence[Any]) -> int:
        if isinstance(track, str):
            found = [index for index, name in enumerate(names) if name == track]
            if len(found) != 1:
                raise NotThere(f"{len(found)} tracks are called {track!r}", "NOT_FOUND")
            return found[0]
        if not 0 <= track < len(names):
            raise NotThere(f"there is no track {track}: there are tracks 0 to {len(names) - 1}", "NOT_FOUND")
        return track

    def _poll(self) -> None:
        """What Live does not tell by itself is asked for."""
        names = ("current_song_time", "tempo", "is_playing", "signature_numerator", "signature_denominator")
        asked = [(f"/live/song/get/{name}", ()) for name in names]
        looked, missed = 0.0, 0
        while not self._closing.wait(0.05 if self._swaps else 0.25):
            try:
                beat, bpm, playing, numerator, denominator = (answer[0] for answer in self.link.ask_all(asked, 1.0))
                came = time.monotonic()
                session = self.link.session
                self._clock.hear(
                    came, came, beat, bpm, bool(playing), numerator, denominator, False, 0.0, 0.0, False, session
                )
                missed = 0
                self._tell_state(True, "")
                with self.writing:
                    self._swaps.follow()
                if time.monotonic() - looked > 0.5:
                    looked = time.monotonic()
                    for clip in list(self.watched):
                        clip.look()
            except NoAnswer as error:
                missed += 1
                if missed > 1:
                    self._tell_state(False, str(error))
            except (LiveError, ValueError):
                continue  # whoever asked for what failed hears of it

    def _tell_state(self, up: bool, why: str) -> None:
        if up != self._up:
            self._up = up
            for handler in list(self._states):
                handler(LinkState(up, self.hello if up else None, why))

    def _tell(self, news: SwapNews) -> None:
        for handler in list(self._handlers):
            handler(news)
