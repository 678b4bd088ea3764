"""What Live says of its set: tracks, scenes, slots and clips, and what became of writes and swaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from ..grooves.groove import Groove
from . import notes as conversion
from .notes import LiveNote, PadMap


class _Row:
    """A value that is read from some arguments of an answer, in the order of its fields."""

    __slots__ = ()

    @classmethod
    def rows(cls, values: Sequence[Any]) -> list[Self]:
        """Return one value for each so many arguments."""
        width = len(cls.__dataclass_fields__)  # type: ignore[attr-defined]
        return [cls(*values[at : at + width]) for at in range(0, len(values), width)]


@dataclass(frozen=True, slots=True)
class Track(_Row):
    """A track; `playing` and `fired` are slots, or -1 for none (-2: a stop is fired)."""

    index: int
    id: str
    name: str
    kind: Literal["midi", "audio", "group"]
    colour: int
    playing: int
    fired: int


@dataclass(frozen=True, slots=True)
class LiveScene(_Row):
    """A scene."""

    index: int
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Slot(_Row):
    """A slot; without a clip `clip_id` and `name` are empty. `ours` are the clips that groovelive may rewrite."""

    index: int
    id: str
    clip_id: str
    name: str
    colour: int
    length: float
    ours: bool
    state: Literal["empty", "stopped", "triggered", "playing", "recording"]


@dataclass(frozen=True, slots=True)
class ClipInfo(_Row):
    """A clip without its notes; the loop is in beats."""

    track: int
    slot: int
    track_id: str
    slot_id: str
    clip_id: str
    name: str
    colour: int
    length: float
    loop_start: float
    loop_end: float
    looping: bool
    launch_mode: int
    launch_quantise: int
    legato: bool
    muted: bool
    kind: Literal["midi", "audio"]
    ours: bool
    state: Literal["stopped", "triggered", "playing", "recording"]


@dataclass(frozen=True, slots=True)
class ArrangementClip(_Row):
    """A clip in the Arrangement; `start` and `end` are in beats."""

    id: str
    name: str
    start: float
    end: float
    ours: bool


@dataclass(frozen=True, slots=True)
class ClipWritten(_Row):
    """What became of a write.

    Args:
        slot, slot_id: where the clip is; clip_id: its id, empty if it is only to be made.
        count, hash: of the notes that Live now holds; exact: whether these are the notes that were sent.
        changed: whether anything did; if not there is no undo entry.
        colour: the one that Live took.
    """

    slot: int
    slot_id: str
    clip_id: str
    count: int
    hash: str
    exact: bool
    changed: bool
    colour: int


@dataclass(frozen=True, slots=True)
class ClipNotes:
    """A clip that was read: its name, its loop in beats and its notes."""

    name: str
    loop: tuple[float, float]
    looping: bool
    notes: tuple[LiveNote, ...]
    hash: str

    def groove(self, pads: PadMap | None = None, kit: str = "common") -> Groove:
        """Return its drums as a groove; see `notes.groove_of`."""
        return conversion.groove_of(self.notes, self.loop, pads, kit=kit)[0]

    def tap(self, steps: int | None = 32) -> Groove:
        """Return its rhythm, whatever plays it, as a groove of one voice for a drummer to follow; see `notes.tap_of`.

        >>> clip = ClipNotes("Bass", (0.0, 4.0), True, (LiveNote(40, 1.0, velocity=127),), "")
        >>> [(note.step, note.name) for note in clip.tap()]
        [(4, 'closed_hat'), (20, 'closed_hat')]
        """
        return Groove.from_tap(conversion.tap_of(self.notes, self.loop, steps))


@dataclass(frozen=True, slots=True)
class ClipChanged(_Row):
    """News of a watched clip that somebody else has changed; without a clip `count` is -1 and `clip_id` empty."""

    track: int
    slot: int
    slot_id: str
    clip_id: str
    name: str
    count: int
    hash: str
    loop_start: float
    loop_end: float
    looping: bool


@dataclass(frozen=True, slots=True)
class Swapped:
    """A swap that is under way.

    Args:
        id: the one that its `Launched` will have.
        slot: the one that was written; at: the song time when it was.
        line: the beat that it is to be launched on, or -1 while the transport is stopped.
        moved: whether the line that was meant could not be made; fired: whether Live has it already.
        superseded: the swap whose place it took, or 0.
    """

    id: int
    slot: int
    slot_id: str
    clip_id: str
    count: int
    hash: str
    at: float
    line: float
    moved: bool
    fired: bool
    superseded: int


@dataclass(frozen=True, slots=True)
class Launched(_Row):
    """A track plays another slot, or none (-1), since the beat `time`. Of a swap: its id, its line, if that moved."""

    track: int
    slot: int
    time: float
    line: float
    id: int
    moved: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A swap cannot make its line: it is to be launched on another one."""

    id: int
    line: float


@dataclass(frozen=True, slots=True)
class Lost:
    """A swap will not be launched, and why."""

    id: int
    why: str


SwapNews = Launched | Moved | Lost
