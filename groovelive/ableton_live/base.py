"""A set and a clip in Ableton Live, whichever way leads there: GrooveLive or AbletonOSC."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, Literal, Protocol

from ..grooves.groove import Groove
from .clock import LiveClock
from .connection import LinkState
from .handlers import End
from .handshake import LiveHello
from .notes import LiveNote
from .pads import PadMap
from .replies import ClipChanged, ClipInfo, ClipNotes, ClipWritten, LiveScene, Slot, SwapNews, Swapped, Track
from .transport import LedTransport

TrackKey = int | str
"""The index of a track, from 0, or its name."""
SlotKey = int | str
"""The index of a slot, from 0, or its scene's name."""
Grid = Literal[
    "none", "8 bars", "4 bars", "2 bars", "bar", "half", "half triplet", "beat", "beat triplet", "eighth",
    "eighth triplet", "sixteenth", "sixteenth triplet", "thirty-second",
]  # fmt: skip
"""The lines on which Live launches clips."""
Music = Groove | Iterable[LiveNote]


class ClipInLive(Protocol):
    """A slot of a track and the clip in it; `LiveClip` says what each word does, and `OscClip` is the other one."""

    @property
    def track(self) -> TrackKey: ...
    @property
    def slot(self) -> SlotKey: ...
    def read(self, loop_only: bool = False) -> ClipNotes: ...
    def replace(
        self, notes: Music, *, span: tuple[float, float] | None = None, force: bool = False, dry_run: bool = False,
        timeout: float = 10.0, **shape: Any,
    ) -> ClipWritten: ...  # fmt: skip
    def set(self, *, force: bool = False, dry_run: bool = False, **shape: Any) -> ClipWritten: ...
    def info(self) -> ClipInfo: ...
    def delete(self) -> None: ...
    def fire(self, grid: Grid | None = None, *, legato: bool = False, start: bool = False) -> float: ...
    def stop(self) -> None: ...
    def watch(self, handler: Callable[[ClipChanged], None]) -> End: ...


class SetInLive(Protocol):
    """The set that is open in Live; `LiveSet` says what each word does, and `OscSet` is the other one."""

    @property
    def lacks(self) -> str:
        """What this way into Live cannot do, as one sentence; "" where it lacks nothing."""
        ...

    @property
    def hello(self) -> LiveHello: ...
    def close(self) -> None: ...

    def tracks(self) -> list[Track]: ...
    def scenes(self) -> list[LiveScene]: ...
    def slots(self, track: TrackKey) -> list[Slot]: ...
    def clip(self, track: TrackKey, slot: SlotKey) -> ClipInLive: ...

    def new_clip(
        self, track: TrackKey, notes: Music, *, after: int = -1, grow: bool = False, **shape: Any
    ) -> ClipInLive: ...
    def swap(
        self, track: TrackKey, a: int, b: int, notes: Music, *, grid: Grid = "bar", line: float | None = None,
        late: Literal["next", "refuse"] = "next", legato: bool = False, force: bool = False, start: bool = False,
        dry_run: bool = False, timeout: float = 3.0, **shape: Any,
    ) -> Swapped: ...  # fmt: skip
    def swap_soon(
        self, track: TrackKey, a: int, b: int, notes: Music, *, grid: Grid = "bar", line: float | None = None,
        late: Literal["next", "refuse"] = "next", legato: bool = False, force: bool = False, start: bool = False,
        dry_run: bool = False, **shape: Any,
    ) -> Future[Swapped]: ...  # fmt: skip
    def cancel_swap(self, track: TrackKey) -> int: ...
    def panic(self) -> int: ...

    def pads(self, track: TrackKey) -> PadMap: ...
    def pad_notes(self, track: TrackKey) -> tuple[int | None, ...]: ...

    @property
    def clock(self) -> LiveClock: ...
    def play(self, resume: bool = False) -> None: ...
    def stop(self) -> None: ...
    def tempo(self, bpm: float) -> float: ...
    def lead(self) -> LedTransport: ...

    def on_swap(self, handler: Callable[[SwapNews], None]) -> End: ...
    def on_state(self, handler: Callable[[LinkState], None]) -> End: ...
