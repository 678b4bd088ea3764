"""A slot of a track and the clip in it, found again wherever it moves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from ..errors import GrooveError
from ..grooves.groove import Groove
from . import notes as conversion
from .base import Grid, Music, SlotKey, TrackKey
from .connection import LiveLink, Result
from .errors import Guarded, LiveError, NotThere
from .handlers import End, added
from .handshake import LiveHello
from .notes import pack, unpack
from .replies import ClipChanged, ClipInfo, ClipNotes, ClipWritten, LiveScene, Slot

_SHAPE = ("name", "colour", "length", "loop_start", "loop_end", "looping", "launch_mode", "launch_quantise", "legato",
          "muted")  # fmt: skip
_BEATS = ("length", "loop_start", "loop_end")
_PLAYING = ("pads", "duration", "probabilities", "least", "deviation")


class LiveClipParent(Protocol):
    """What a clip needs of the set that it is in; `LiveSet` is one.

    Args:
        link: to the script in Live.
        watched: the clips whose changes somebody hears of.
    """

    link: LiveLink
    watched: list[LiveClip]

    @property
    def hello(self) -> LiveHello: ...

    def pad_notes(self, track: TrackKey) -> tuple[int | None, ...]: ...


class LiveClip:
    """A slot of a track and the clip in it; see `LiveSet.clip`."""

    def __init__(self, live: LiveClipParent, track: TrackKey, slot: SlotKey) -> None:
        self.live, self.track, self.slot = live, track, slot
        self._session, self._name, self._track_id, self._slot_id = "", "", "", ""
        self._handlers: list[Callable[[ClipChanged], None]] = []
        self._known: ClipChanged | None = None

    def __repr__(self) -> str:
        return f"LiveClip({self.track!r}, {self.slot!r})"

    def read(self, loop_only: bool = False) -> ClipNotes:
        """Return its loop and its notes; `loop_only` leaves out those that lie outside."""
        found = self._call("/gl/clip/read", timeout=10.0, loop_only=loop_only)
        return ClipNotes(found[4], (found[5], found[6]), found[7], tuple(unpack(found[11])), found[9])

    def replace(
        self, notes: Music, *, span: tuple[float, float] | None = None, force: bool = False,
        dry_run: bool = False, timeout: float = 10.0, **shape: Any,
    ) -> ClipWritten:  # fmt: skip
        """Make the clip hold these notes and no others, in one undo step, or leave it as it is. A missing one is made.

        Args:
            notes: a Groove, played by the pads of the track, whose length the clip then has; or notes.
            span: (from, to) in beats: only notes that start there are replaced.
            force: also a clip that is not groovelive's, which it then is.
            dry_run: only say what would be.
            shape: `name` (the mark is added), `colour` (0..69), `length` or `loop_start` and `loop_end` (beats),
                `looping`, `launch_mode` (0..3), `launch_quantise` (0..14), `legato`, `muted`; and for a Groove `pads`,
                `duration`, `probabilities`, `least` and `deviation`, as of `notes.notes_of`.

        Raises:
            Guarded: the clip is not groovelive's, or not the one that it was.
            LiveError: another fault, by its type; the set is as it was.
        """
        blob, given = written(self.live, self.track, notes, shape)
        low, high = span or (None, None)
        found = self._call(
            "/gl/clip/write", blob, timeout=timeout, force=force, dry_run=dry_run, **given, **{"from": low, "to": high}
        )
        return ClipWritten(*found)

    def set(self, *, force: bool = False, dry_run: bool = False, **shape: Any) -> ClipWritten:
        """Change its name, colour, loop or launch settings, as of `replace`, and leave its notes."""
        return ClipWritten(*self._call("/gl/clip/set", force=force, dry_run=dry_run, **shaped(shape)))

    def info(self) -> ClipInfo:
        """Return all of it but its notes."""
        return ClipInfo(*self._call("/gl/clip/get"))

    def delete(self) -> None:
        """Delete it, if it is groovelive's."""
        self._call("/gl/clip/delete")

    def fire(self, grid: Grid | None = None, *, legato: bool = False, start: bool = False) -> float:
        """Launch it, on its own grid or another; `start` starts a stopped transport. Return the song time."""
        return float(self._call("/gl/clip/fire", grid=grid, legato=legato, start=start)[1])

    def stop(self) -> None:
        """Stop it on the grid."""
        self._call("/gl/clip/stop")

    def watch(self, handler: Callable[[ClipChanged], None]) -> End:
        """Let `handler` hear whenever somebody else has changed the clip, once that has settled; return what ends that.

        What this program writes itself is no news. `handler` may call `read` and anything else.
        """
        return added(self._handlers, handler, self._watched, self._left)

    def _watched(self) -> None:
        self._known = ClipChanged(*self._call("/gl/clip/watch"))
        self.live.watched.append(self)

    def _left(self) -> None:
        self.live.watched.remove(self)
        if not any(other._slot_id == self._slot_id for other in self.live.watched):
            with contextlib.suppress(LiveError):
                self._call("/gl/clip/unwatch")

    def hear(self, changed: ClipChanged) -> None:
        """Take in news, of this clip or another."""
        if changed.slot_id == self._slot_id:
            self._known = changed
            for handler in list(self._handlers):
                handler(changed)

    def watch_again(self) -> None:
        """Watch it after a reconnection, and tell what changed meanwhile."""
        before, now = self._known, ClipChanged(*self._call("/gl/clip/watch"))
        if before is None or (before.name, before.hash, before.loop_start, before.loop_end, before.looping) != (
            now.name, now.hash, now.loop_start, now.loop_end, now.looping,
        ):  # fmt: skip
            self.hear(now)

    def _call(self, address: str, *arguments: Any, timeout: float = 3.0, **options: Any) -> Result:
        if self.live.hello.session != self._session:
            self._find()
        guards = {"track_id": self._track_id, "slot_id": self._slot_id}
        return self.live.link.call(address, -1, -1, *arguments, timeout=timeout, **guards, **options)

    def _find(self) -> None:
        """Find the slot: after the script was loaded anew the same one, in another document by what it was named."""
        call, session = self.live.link.call, self.live.hello.session
        if self._session:
            with contextlib.suppress(NotThere, Guarded):
                track, slot = (f"{session}-{id.partition('-')[2]}" for id in (self._track_id, self._slot_id))
                found = call("/gl/slots", -1, track_id=track, track_name=self._name)
                if any(each.id == slot for each in Slot.rows(found[3:])):
                    self._session, self._track_id, self._slot_id = session, track, slot
                    return
        index = self.slot
        if isinstance(index, str):
            named = [scene.index for scene in LiveScene.rows(call("/gl/scenes")) if scene.name == index]
            if len(named) != 1:
                raise NotThere(f"{len(named)} scenes are called {index!r}: use the index of the slot", "NOT_FOUND")
            index = named[0]
        found = call("/gl/slots", self.track)
        slots = Slot.rows(found[3:])
        if not 0 <= index < len(slots):
            raise NotThere(f"there is no slot {index} in {found[2]}: it has slots 0 to {len(slots) - 1}", "NOT_FOUND")
        self._session, self._track_id, self._name, self._slot_id = session, found[1], found[2], slots[index].id


def written(live: LiveClipParent, track: TrackKey, notes: Music, shape: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """Return the records of notes, and the options of the protocol for the shape of their clip."""
    playing = {name: shape[name] for name in _PLAYING if name in shape}
    given = shaped({name: value for name, value in shape.items() if name not in _PLAYING})
    if not isinstance(notes, Groove):
        if playing:
            raise GrooveError(f"{', '.join(playing)} is for a Groove, and these are notes")
        return pack(notes), given
    if "length" not in given and "loop_end" not in given:
        given["length"] = notes.steps / 4
    playing.setdefault("pads", live.pad_notes(track) if "pads" not in playing else None)
    return pack(conversion.notes_of(notes, **playing)), given


def shaped(shape: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the protocol for the shape of a clip.

    >>> shaped({"name": "four", "length": 8, "colour": None})
    {'name': 'four', 'length': 8.0}
    """
    for name in shape:
        if name not in _SHAPE:
            raise GrooveError(f"a clip has no {name!r}; it has {', '.join(_SHAPE)}")
    return {name: float(shape[name]) if name in _BEATS else shape[name] for name in shape if shape[name] is not None}
