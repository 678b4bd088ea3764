"""A slot of a track and the clip in it, by way of AbletonOSC."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from threading import RLock
from typing import Any, Protocol

import numpy as np

from ...grooves.groove import Groove
from .. import notes as conversion
from ..base import Grid, Music, SlotKey, TrackKey
from ..clip import shaped
from ..clock import LiveClock
from ..errors import (
    Guarded,
    NoAnswer,
    NotOffered,
    NotThere,
    OutOfRange,
    RefusedByLive,
    WrongType,
)
from ..handlers import End, added
from ..notes import LiveNote, digest, pack, unpack
from ..replies import ClipChanged, ClipInfo, ClipNotes, ClipWritten
from .connection import OscLink, Question, TooLong

MARK = " [gl]"
GRIDS: tuple[Grid, ...] = (
    "none", "8 bars", "4 bars", "2 bars", "bar", "half", "half triplet", "beat", "beat triplet", "eighth",
    "eighth triplet", "sixteenth", "sixteenth triplet", "thirty-second",
)  # fmt: skip
_CHUNK = 300  # notes in a datagram
_FIRST, _SPAN = -8192.0, 16384.0  # beats in which notes are looked for
_OF_CLIP = {"name": "name", "colour": "color_index", "loop_start": "loop_start", "loop_end": "loop_end",
            "looping": "looping", "launch_mode": "launch_mode", "launch_quantise": "launch_quantization",
            "legato": "legato", "muted": "muted"}  # fmt: skip


class OscClipParent(Protocol):
    """What a clip needs of the set that it is in; `OscSet` is one.

    Args:
        link: to AbletonOSC.
        writing: held while several messages make one change.
        watched: the clips that are looked at.
    """

    link: OscLink
    writing: RLock
    watched: list[OscClip]

    @property
    def clock(self) -> LiveClock: ...

    def track_of(self, track: TrackKey, names: Sequence[Any]) -> int: ...


class OscClip:
    """A slot of a track and the clip in it, by way of AbletonOSC; see `LiveClip`."""

    def __init__(self, live: OscClipParent, track: TrackKey, slot: SlotKey) -> None:
        self.live, self.track, self.slot = live, track, slot
        self._handlers: list[Callable[[ClipChanged], None]] = []
        self._known: ClipNotes | None = None

    def __repr__(self) -> str:
        return f"OscClip({self.track!r}, {self.slot!r})"

    def read(self, loop_only: bool = False) -> ClipNotes:
        """Return its loop and its notes."""
        track, slot = self._where()
        if not self._has(track, slot):
            raise NotThere(f"slot {slot} of track {track} is empty", "NOT_FOUND")
        (name, start, end, looping), notes = self._held(track, slot, "name", "loop_start", "loop_end", "looping")
        if loop_only:
            notes = [note for note in notes if start <= note.start < end]
        return ClipNotes(name, (start, end), bool(looping), tuple(notes), digest(notes))

    def replace(
        self, notes: Music, *, span: tuple[float, float] | None = None, force: bool = False,
        dry_run: bool = False, timeout: float = 10.0, **shape: Any,
    ) -> ClipWritten:  # fmt: skip
        """Make the clip hold these notes, and see that it does; if it does not, put the old ones back.

        Raises:
            NotOffered: a note has a chance, a deviation or a release velocity, which AbletonOSC does not know.
            OutOfRange: two notes of one pitch overlap, or one lies further out than AbletonOSC is asked to look.
        """
        playing = {name: shape.pop(name) for name in ("pads", "duration", "probabilities", "least", "deviation")
                   if name in shape}  # fmt: skip
        if isinstance(notes, Groove):
            if "length" not in shape and "loop_end" not in shape:
                shape["length"] = notes.steps / 4
            notes = conversion.notes_of(notes, **playing)
        new = _rounded(notes)
        wanted = shaped(shape)
        with self.live.writing:
            track, slot = self._where()
            (midi,), (there,) = self.live.link.ask_all([
                ("/live/track/get/has_midi_input", (track,)), ("/live/clip_slot/get/has_clip", (track, slot))
            ])  # fmt: skip
            if not midi:
                raise WrongType(f"track {track} is no MIDI track: notes go to MIDI tracks", "TYPE")
            fresh, old, held, colour = not there, list[LiveNote](), dict[str, Any](), 0
            if not fresh:
                found, old = self._held(track, slot, *_OF_CLIP.values())
                held = dict(zip(_OF_CLIP, found, strict=True))
                name, colour = held["name"], held["colour"]
                if not name.endswith(MARK) and not force:
                    sentence = f"slot {slot} of track {track} holds {name!r}, which groovelive did not write"
                    raise Guarded(f"{sentence}: take another slot, or say force", "GUARD")
            if span is not None:
                new = new + [note for note in old if not span[0] <= note.start < span[1]]
            new = _apart(new)
            wanted["name"] = _marked(str(wanted.get("name") or ("groovelive" if fresh else name)))
            length = wanted.pop("length", 8.0 if fresh else None)
            if length is not None:
                wanted["loop_start"] = wanted.get("loop_start", 0.0)
                wanted["loop_end"] = wanted["loop_start"] + length
            wanted = {name: _single(value) if isinstance(value, float) else value for name, value in wanted.items()}
            missing = {name: value for name, value in wanted.items() if fresh or held[name] != value}
            changed = fresh or bool(missing) or old != new
            if changed and not dry_run:
                colour = self._change(track, slot, fresh, old, new, held, missing)
            return ClipWritten(slot, str(slot), f"{track}/{slot}", len(new), digest(new), True, changed, colour)

    def set(self, *, force: bool = False, dry_run: bool = False, **shape: Any) -> ClipWritten:
        """Change its name, colour, loop or launch settings, and leave its notes."""
        return self.replace(self.read().notes, force=force, dry_run=dry_run, **shape)

    def info(self) -> ClipInfo:
        """Return all of it but its notes."""
        track, slot = self._where()
        if not self._has(track, slot):
            raise NotThere(f"slot {slot} of track {track} is empty", "NOT_FOUND")
        names = ("name", "color_index", "length", "loop_start", "loop_end", "looping", "launch_mode",
                 "launch_quantization", "legato", "muted", "is_midi_clip", "is_playing", "is_triggered")  # fmt: skip
        found = self._get(track, slot, *names)
        state: Any = "triggered" if found[12] else "playing" if found[11] else "stopped"
        name, colour, length, start, end = found[:5]
        return ClipInfo(
            track, slot, str(track), str(slot), f"{track}/{slot}", name, colour, length, start, end, bool(found[5]),
            found[6], found[7], bool(found[8]), bool(found[9]), "midi" if found[10] else "audio", name.endswith(MARK),
            state,
        )  # fmt: skip

    def delete(self) -> None:
        """Delete it, if its name says that it is groovelive's."""
        with self.live.writing:
            track, slot = self._where()
            if not self.read().name.endswith(MARK):
                raise Guarded(f"slot {slot} of track {track} is not groovelive's: it is yours to delete", "GUARD")
            self.live.link.tell("/live/clip_slot/delete_clip", track, slot)

    def fire(self, grid: Grid | None = None, *, legato: bool = False, start: bool = False) -> float:
        """Launch it on its own grid; `grid` and `legato` are settings of the clip here."""
        track, slot = self._where()
        if not self._has(track, slot):
            raise NotThere(f"slot {slot} of track {track} is empty", "NOT_FOUND")
        if not self.live.link.ask("/live/song/get/is_playing")[0] and not start:
            raise Guarded("the transport does not run: play first, or say start", "GUARD")
        if grid is not None:
            self.live.link.tell("/live/clip/set/launch_quantization", track, slot, GRIDS.index(grid) + 1)
        self.live.link.tell("/live/clip/fire", track, slot)
        return self.live.clock.beat()

    def stop(self) -> None:
        """Stop it on the grid."""
        self.live.link.tell("/live/clip/stop", *self._where())

    def watch(self, handler: Callable[[ClipChanged], None]) -> End:
        """Let `handler` hear when the clip has changed, looked at twice a second; return what ends that."""
        return added(self._handlers, handler, self._watched, lambda: self.live.watched.remove(self))

    def _watched(self) -> None:
        self._known = self.read()
        self.live.watched.append(self)

    def look(self) -> None:
        """See whether it has changed, and tell."""
        with self.live.writing:
            track, slot = self._where()
            now = self.read() if self._has(track, slot) else None
            before, self._known = self._known, now
        if now != before:
            gone = ClipNotes("", (0.0, 0.0), False, (), "")
            clip = now or gone
            news = ClipChanged(track, slot, str(slot), f"{track}/{slot}" if now else "", clip.name,
                           len(clip.notes) if now else -1, clip.hash, *clip.loop, clip.looping)  # fmt: skip
            for handler in list(self._handlers):
                handler(news)

    def _where(self) -> tuple[int, int]:
        slot = self.slot
        names, scenes = self.live.link.ask_all([("/live/song/get/track_names", ()), ("/live/song/get/scenes/name", ())])
        track = self.live.track_of(self.track, names)
        if isinstance(slot, str):
            found = [index for index, name in enumerate(scenes) if name == slot]
            if len(found) != 1:
                raise NotThere(f"{len(found)} scenes are called {slot!r}", "NOT_FOUND")
            slot = found[0]
        if not 0 <= slot < len(scenes):
            raise NotThere(f"there is no slot {slot}: there are slots 0 to {len(scenes) - 1}", "NOT_FOUND")
        return track, slot

    def _has(self, track: int, slot: int) -> bool:
        return bool(self.live.link.ask("/live/clip_slot/get/has_clip", track, slot)[0])

    def _get(self, track: int, slot: int, *names: str) -> list[Any]:
        return [answer[0] for answer in self.live.link.ask_all(
            [(f"/live/clip/get/{name}", (track, slot)) for name in names])]  # fmt: skip

    def _held(self, track: int, slot: int, *names: str) -> tuple[list[Any], list[LiveNote]]:
        """Return some of its properties and its notes: one tick where the notes fit into a datagram."""
        asked: list[Question] = [(f"/live/clip/get/{name}", (track, slot)) for name in names]
        try:
            *found, rows = self.live.link.ask_all([*asked, _notes_asked(track, slot, _FIRST, _SPAN)])
            return [answer[0] for answer in found], _notes_told(rows, _FIRST, _SPAN)
        except TooLong:
            *values, end = self._get(track, slot, *names, "loop_end")
        edges = (_FIRST, 0.0, max(1.0, math.ceil(end)), _FIRST + _SPAN)
        return values, sorted(note for a, b in pairwise(edges) for note in self._notes(track, slot, a, b - a))

    def _notes(self, track: int, slot: int, first: float, span: float) -> list[LiveNote]:
        """Return the notes that start in a span; where they are too many for a datagram those of its halves."""
        try:
            asked = _notes_asked(track, slot, first, span)
            return _notes_told(self.live.link.ask_all([asked])[0], first, span)
        except TooLong:
            if span <= 1 / 32:
                raise
            half = span / 2
            return self._notes(track, slot, first, half) + self._notes(track, slot, first + half, half)

    def _change(
        self, track: int, slot: int, fresh: bool, old: list[LiveNote], new: list[LiveNote], held: dict[str, Any],
        wanted: dict[str, Any],
    ) -> int:  # fmt: skip
        """Write until Live holds it, three times at most; else put back what was there. Return its colour."""
        link, why = self.live.link, "AbletonOSC does not say why"
        length = float(wanted.get("loop_end", 8.0))
        names = [_OF_CLIP[name] for name in wanted]
        for attempt in range(3):
            try:
                if fresh and not (attempt and self._has(track, slot)):
                    link.tell("/live/clip_slot/create_clip", track, slot, length)
                end = self._get(track, slot, "loop_end")[0] if attempt else held.get("loop_end", length)
                if old != new or attempt:
                    self._put(track, slot, new)
                self._shape(track, slot, wanted, end)
                (*found, colour), notes = self._held(track, slot, *names, "color_index")
                if notes == new and found == list(wanted.values()):
                    break
            except (NoAnswer, RefusedByLive) as error:
                why = str(error)
                link.settle()
        else:
            back = self._put_back(track, slot, fresh, old, {name: held[name] for name in wanted if not fresh})
            end = "the old was put back" if back else "and the old could not be put back"
            raise RefusedByLive(f"what was written is not what Live holds ({why}): {end}", "LIVE_ERROR")
        for clip in self.live.watched:  # what this program writes itself is no news
            if clip._where() == (track, slot):
                clip._known = clip.read()
        return int(colour)

    def _put_back(self, track: int, slot: int, fresh: bool, old: list[LiveNote], held: dict[str, Any]) -> bool:
        """Make it what it was; return whether it is."""
        link = self.live.link
        with contextlib.suppress(NoAnswer, RefusedByLive):
            if fresh:
                link.tell("/live/clip_slot/delete_clip", track, slot)
                link.settle()
                return not self._has(track, slot)
            self._put(track, slot, old)
            self._shape(track, slot, held, self._get(track, slot, "loop_end")[0])
            link.settle()
            return self._held(track, slot, *(_OF_CLIP[name] for name in held)) == (list(held.values()), old)
        return False

    def _shape(self, track: int, slot: int, wanted: dict[str, Any], end: float) -> None:
        order = list(wanted)
        if "loop_end" in wanted and "loop_start" in wanted:  # no start may ever be behind its end
            first = "loop_start" if wanted["loop_start"] < end else "loop_end"
            order.sort(key=lambda name: name != first)
        for name in order:
            value = int(wanted[name]) if isinstance(wanted[name], bool) else wanted[name]
            self.live.link.tell(f"/live/clip/set/{_OF_CLIP[name]}", track, slot, value)

    def _put(self, track: int, slot: int, notes: list[LiveNote]) -> None:
        self.live.link.tell("/live/clip/remove/notes", track, slot, 0, 128, _FIRST, _SPAN)
        self._add(track, slot, notes)

    def _add(self, track: int, slot: int, notes: list[LiveNote]) -> None:
        for at in range(0, len(notes), _CHUNK):
            if at:
                self.live.link.ask("/live/song/get/is_playing")  # not more than Live takes in
            values = [value for note in notes[at : at + _CHUNK] for value in (*note[:4], int(note.muted))]
            self.live.link.tell("/live/clip/add/notes", track, slot, *values)


def _notes_asked(track: int, slot: int, first: float, span: float) -> Question:
    return "/live/clip/get/notes", (track, slot, 0, 128, first, span)


def _notes_told(found: Sequence[Any], first: float, span: float) -> list[LiveNote]:
    """Return the notes of an answer that lie in a span: it may be a late one, to the question before.

    >>> answer = (36, 0.0, 0.25, 100.0, False, 38, 4.0, 0.25, 90.0, False)
    >>> [note.pitch for note in _notes_told(answer, 4.0, 4.0)]
    [38]
    """
    rows = (found[at : at + 5] for at in range(0, len(found), 5))
    notes = (LiveNote(row[0], float(row[1]), float(row[2]), float(row[3]), bool(row[4])) for row in rows)
    return sorted(note for note in notes if first <= note.start < first + span)


def _rounded(notes: Iterable[LiveNote]) -> list[LiveNote]:
    """Return notes with the precision of AbletonOSC's numbers, in order.

    >>> _rounded([LiveNote(36, 0.1)])[0].start == float(np.float32(0.1))
    True
    """
    given = unpack(pack(notes))
    if any((note.probability, note.deviation, note.release) != (1.0, 0.0, 64.0) for note in given):
        raise NotOffered(
            "AbletonOSC does not know chances, velocity deviations and release velocities: these notes need GrooveLive"
        )
    return sorted(note._replace(start=_single(note.start), duration=_single(note.duration)) for note in given)


def _apart(notes: list[LiveNote]) -> list[LiveNote]:
    """Return notes in order; one that the precision of AbletonOSC's numbers lets run into the next is shortened.

    >>> [round(note.duration, 6) for note in _apart(_rounded([LiveNote(36, 99.3, 0.1), LiveNote(36, 99.4, 0.1)]))]
    [0.099998, 0.1]
    """
    found: list[LiveNote] = []
    for note in sorted(notes, key=lambda note: (note.pitch, note.start)):
        if not _FIRST <= note.start < _FIRST + _SPAN:
            raise OutOfRange(f"a note starts at beat {note.start:g}, beyond {_FIRST:g} to {_FIRST + _SPAN:g}",
                             "OUT_OF_RANGE")  # fmt: skip
        if found and found[-1].pitch == note.pitch and found[-1].start + found[-1].duration > note.start:
            before = found[-1]
            room = np.float32(note.start - before.start)
            if before.duration - room > 1e-6 + 2 * np.spacing(np.float32(abs(note.start))):
                raise OutOfRange(
                    f"two notes of the pitch {note.pitch} overlap at beat {note.start:g}: in Live one would cut the "
                    "other; shorten or leave out one", "OUT_OF_RANGE"
                )  # fmt: skip
            while before.start + float(room) > note.start:
                room = np.nextafter(room, np.float32(0))
            found[-1] = before._replace(duration=float(room))
        found.append(note)
    return sorted(found)


def _single(value: float) -> float:
    return float(np.float32(value))


def _marked(name: str) -> str:
    return name if name.endswith(MARK) else name + MARK
