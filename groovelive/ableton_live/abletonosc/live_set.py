"""The set that is open in Live by way of AbletonOSC, for people who have that: `LiveSet`'s words, with less behind.

What this way lacks: a change is several steps of undo, and one that fails halfway is put back by hand; chances,
velocity deviations and release velocities; the Arrangement; drum pads; ids, so that a track or a scene that is inserted
in the moment of a write is not noticed; news, so that a watched clip is looked at twice a second; and everything takes
a tenth of a second at least. Clips count as groovelive's by their name alone.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Literal

from ...grooves.grid import GM_NOTES
from ...grooves.groove import Groove
from ..clip import Grid
from ..clock import LiveClock
from ..connection import Hello, State
from ..errors import (
    Busy,
    Guarded,
    Late,
    LinkDown,
    LiveError,
    NoAnswer,
    NotOffered,
    NotThere,
    OutOfRange,
)
from ..notes import LiveNote
from ..pads import PadMap
from ..replies import (
    Launched,
    Lost,
    Moved,
    Scene,
    Slot,
    SwapNews,
    Swapped,
    Track,
)
from .clip import GRIDS, MARK, OscClip
from .connection import PORT, REPLIES, OscLink

MARGIN = 0.4  # seconds before a line: two ticks of AbletonOSC, and some
_BEATS = (2.0, 4 / 3, 1.0, 2 / 3, 0.5, 1 / 3, 0.25, 1 / 6, 0.125)
End = Callable[[], None]


@dataclass
class _Swap:
    """A swap that Live has not launched yet."""

    told: Swapped
    track: int
    period: float
    line: float | None
    fired: bool = False


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
        self._swaps: dict[int, _Swap] = {}
        self._ids = count(1)
        self._handlers: list[Callable[[SwapNews], None]] = []
        self._states: list[Callable[[State], None]] = []
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

    def __enter__(self) -> OscSet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def hello(self) -> Hello:
        """Which Live; the session changes with each document. AbletonOSC says nothing more of itself."""
        return Hello("AbletonOSC", 0, "", self._live, "", str(self.link.session), frozenset())

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

    def scenes(self) -> list[Scene]:
        """Return the scenes."""
        return [Scene(i, str(i), name) for i, name in enumerate(self.link.ask("/live/song/get/scenes/name"))]

    def slots(self, track: int | str) -> list[Slot]:
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

    def clip(self, track: int | str, slot: int | str) -> OscClip:
        """Return a slot and the clip in it, if there is one."""
        return OscClip(self, track, slot)

    # What changes the set

    def new_clip(
        self, track: int | str, notes: Groove | Iterable[LiveNote], *, after: int = -1, grow: bool = False, **shape: Any
    ) -> OscClip:
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
        self, track: int | str, a: int, b: int, notes: Groove | Iterable[LiveNote], *, grid: Grid = "bar",
        line: float | None = None, late: Literal["next", "refuse"] = "next", legato: bool = False, force: bool = False,
        start: bool = False, dry_run: bool = False, timeout: float = 3.0, **shape: Any,
    ) -> Swapped:  # fmt: skip
        """Write the one of two slots that does not play, and have Live launch it on a line of the grid.

        At least 0.4 s have to be left before the line. The grid and `legato` become settings of the clip.
        """
        period = self._period(grid)
        if line is not None and (not period or abs(line / period - round(line / period)) > 1e-6):
            raise OutOfRange(f"beat {line:g} is no line of the grid {grid!r}", "OUT_OF_RANGE")
        with self.writing:
            index = self.track_index(track)
            playing = self.link.ask("/live/track/get/playing_slot_index", index)[0]
            if playing >= 0 and playing not in (a, b) and not force:
                raise Guarded(f"slot {playing} of track {index} plays, which is not of the pair: say force", "GUARD")
            earlier = self._swaps.get(index)
            into = b if playing == a else a
            if earlier is not None:
                into = earlier.told.slot
                if line is not None and earlier.line is not None and line > earlier.line:
                    raise Busy(f"the swap {earlier.told.id} waits for beat {earlier.line:g}", "BUSY")
                while earlier.fired and self._swaps.get(index) is earlier and self._left(earlier.line) < MARGIN:
                    time.sleep(0.02)
                if self._swaps.get(index) is not earlier:
                    into, earlier = (b if earlier.told.slot == a else a), None
            running = bool(self.link.ask("/live/song/get/is_playing")[0])
            if running and late == "refuse" and self._aim(line, period)[1]:
                raise Late(f"the line is less than {MARGIN:g} s away", "LATE")
            clip = OscClip(self, track, into)
            quantise = GRIDS.index(grid) + 1
            written = clip.replace(
                notes, force=force, dry_run=dry_run, launch_quantise=quantise, legato=legato, **shape
            )
            id = next(self._ids)
            told = Swapped(id, into, str(into), written.clip_id, written.count, written.hash, self._clock.beat(), -1.0,
                           False, False, earlier.told.id if earlier else 0)  # fmt: skip
            if dry_run:
                return told
            swap = _Swap(told, index, period, line)
            if earlier is not None and earlier.fired:
                swap.line, swap.fired = earlier.line, True
            elif running:
                swap.line, moved = self._aim(line, period)
                swap.told = replace(told, line=swap.line, moved=moved)
                self._fire(swap)
            elif start:
                self.link.tell("/live/clip/fire", index, into)
                swap.line, swap.fired = 0.0, True
            swap.told = replace(swap.told, line=-1.0 if swap.line is None else swap.line, fired=swap.fired)
            self._swaps[index] = swap
            return swap.told

    def cancel_swap(self, track: int | str) -> int:
        """Call off a swap that Live does not have yet; return its id."""
        swap = self._swaps.get(self.track_index(track))
        if swap is None:
            raise NotThere(f"no swap is under way in track {track}", "NOT_FOUND")
        if swap.fired:
            raise Late(f"Live launches slot {swap.told.slot} already", "LATE")
        del self._swaps[swap.track]
        return swap.told.id

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

    def pads(self, track: int | str) -> PadMap:
        """Return the notes of General MIDI: AbletonOSC does not tell of drum pads."""
        self.track_index(track)
        return PadMap(GM_NOTES, (), False)

    def pad_notes(self, track: int | str) -> tuple[int | None, ...]:
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

    def tempo(self, bpm: float) -> float:
        """Set the tempo, and return the one that Live took."""
        if not 20 <= bpm <= 999:
            raise OutOfRange(f"bpm is a number from 20 to 999, not {bpm:g}", "OUT_OF_RANGE")
        self.link.tell("/live/song/set/tempo", float(bpm))
        return float(self.link.ask("/live/song/get/tempo")[0])

    # News

    def on_swap(self, handler: Callable[[SwapNews], None]) -> End:
        """Let `handler` hear what becomes of swaps, and return what ends that."""
        return _added(self._handlers, handler)

    def on_state(self, handler: Callable[[State], None]) -> End:
        """Let `handler` hear when Live is lost and when it is back, and return what ends that."""
        return _added(self._states, handler)

    # Within

    def track_index(self, track: int | str) -> int:
        return self.track_of(track, self.link.ask("/live/song/get/track_names"))

    def track_of(self, track: int | str, names: Sequence[Any]) -> int:
        if isinstance(track, str):
            found = [index for index, name in enumerate(names) if name == track]
            if len(found) != 1:
                raise NotThere(f"{len(found)} tracks are called {track!r}", "NOT_FOUND")
            return found[0]
        if not 0 <= track < len(names):
            raise NotThere(f"there is no track {track}: there are tracks 0 to {len(names) - 1}", "NOT_FOUND")
        return track

    def _period(self, grid: Grid) -> float:
        if grid not in GRIDS:
            raise OutOfRange(f"there is no grid {grid!r}: grids are {', '.join(GRIDS)}", "OUT_OF_RANGE")
        number = GRIDS.index(grid)
        state = self._clock.state
        bar = 4.0 if state is None else state.numerator * 4.0 / state.denominator
        return 0.0 if not number else bar * (8, 4, 2, 1)[number - 1] if number <= 4 else _BEATS[number - 5]

    def _left(self, line: float | None) -> float:
        return math.inf if line is None else self._clock.when(line) - time.monotonic()

    def _aim(self, line: float | None, period: float) -> tuple[float, bool]:
        """Return the first line that can still be made, and whether it is another than the one that was meant."""
        now = self._clock.beat()
        if not period:
            return now, False
        meant = (math.floor(now / period + 1e-9) + 1) * period if line is None else line
        if self._left(meant) >= min(MARGIN, 0.6 * (self._clock.when(period) - self._clock.when(0.0))):
            return meant, False
        state = self._clock.state
        ahead = now + MARGIN * (state.bpm if state else 120.0) / 60.0
        return meant + max(1, math.ceil((ahead - meant) / period)) * period, True

    def _fire(self, swap: _Swap) -> None:
        """Fire a slot as soon as its line is the next one, as far as can be known from here."""
        if swap.line is None or not swap.period or self._clock.beat() > swap.line - swap.period + 0.05 * swap.period:
            self.link.tell("/live/clip/fire", swap.track, swap.told.slot)
            swap.fired = True

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
                    for swap in list(self._swaps.values()):
                        self._follow(swap)
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
                handler(State(up, self.hello if up else None, why))

    def _follow(self, swap: _Swap) -> None:
        state = self._clock.state
        if state is None or not state.playing:
            return
        if not swap.fired:
            line, moved = self._aim(swap.line, swap.period)
            if moved and swap.line is not None:
                self._tell(Moved(swap.told.id, line))
            swap.line = line
            self._fire(swap)
            return
        playing = self.link.ask("/live/track/get/playing_slot_index", swap.track)[0]
        if playing == swap.told.slot:
            del self._swaps[swap.track]
            line = swap.line if swap.line is not None else self._clock.beat()
            start = self.link.ask("/live/clip/get/start_time", swap.track, playing)[0]
            self._tell(Launched(swap.track, playing, start, line, swap.told.id, abs(start - swap.told.line) > 1e-3))
        elif self._left(swap.line) < -2.0:
            del self._swaps[swap.track]
            self._tell(Lost(swap.told.id, "another slot of the track was launched"))

    def _tell(self, news: SwapNews) -> None:
        for handler in list(self._handlers):
            handler(news)


def _added(handlers: list[Any], handler: Callable[[Any], None]) -> End:
    handlers.append(handler)

    def end() -> None:
        with contextlib.suppress(ValueError):
            handlers.remove(handler)

    return end
