"""Swaps of clips by way of AbletonOSC: each is fired when its line is the next one, and then followed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from ..base import Grid
from ..clock import LiveClock
from ..errors import Late, NotNow, NotThere, OutOfRange
from ..replies import Launched, Lost, Moved, SwapNews, Swapped
from .clip import GRIDS
from .connection import OscLink

MARGIN = 0.4  # seconds before a line: two ticks of AbletonOSC, and some
_BEATS = (2.0, 4 / 3, 1.0, 2 / 3, 0.5, 1 / 3, 0.25, 1 / 6, 0.125)


@dataclass
class UnderWay:
    """A swap that Live has not launched yet.

    Args:
        told: what its caller was told of it.
        track: the index of its track.
        period: beats between two lines of its grid; 0: none.
        line: the beat on which it is to be launched; None while the transport is stopped.
        fired: whether Live has it already.
    """

    told: Swapped
    track: int
    period: float
    line: float | None
    fired: bool = False


class Swaps:
    """The swaps that are under way, one a track.

    Args:
        link: to AbletonOSC.
        clock: where Live is.
        tell: takes what becomes of a swap.
    """

    def __init__(self, link: OscLink, clock: LiveClock, tell: Callable[[SwapNews], None]) -> None:
        self._link, self._clock, self._tell = link, clock, tell
        self._swaps: dict[int, UnderWay] = {}
        self._ids = count(1)

    def __bool__(self) -> bool:
        return bool(self._swaps)

    def __getitem__(self, track: int) -> UnderWay:
        return self._swaps[track]

    def period(self, grid: Grid, line: float | None = None) -> float:
        """Return the beats between two lines of a grid, or 0 for none.

        Raises:
            OutOfRange: there is no such grid, or `line` is no line of it.
        """
        if grid not in GRIDS:
            raise OutOfRange(f"there is no grid {grid!r}: grids are {', '.join(GRIDS)}", "OUT_OF_RANGE")
        number = GRIDS.index(grid)
        state = self._clock.state
        bar = 4.0 if state is None else state.numerator * 4.0 / state.denominator
        period = 0.0 if not number else bar * (8, 4, 2, 1)[number - 1] if number <= 4 else _BEATS[number - 5]
        if line is not None and (not period or abs(line / period - round(line / period)) > 1e-6):
            raise OutOfRange(f"beat {line:g} is no line of the grid {grid!r}", "OUT_OF_RANGE")
        return period

    def slot(self, track: int, a: int, b: int, playing: int, line: float | None) -> tuple[int, UnderWay | None]:
        """Return which of a pair of slots is to be written, and the swap whose place that one takes.

        What is about to be launched is waited for.

        Raises:
            NotNow: an earlier swap waits for an earlier line.
        """
        earlier = self._swaps.get(track)
        if earlier is None:
            return (b if playing == a else a), None
        if line is not None and earlier.line is not None and line > earlier.line:
            raise NotNow(f"the swap {earlier.told.id} waits for beat {earlier.line:g}", "BUSY")
        while earlier.fired and self._swaps.get(track) is earlier and self._left(earlier.line) < MARGIN:
            time.sleep(0.02)
        if self._swaps.get(track) is not earlier:
            return (b if earlier.told.slot == a else a), None
        return earlier.told.slot, earlier

    def in_time(self, line: float | None, period: float) -> bool:
        """Return whether a line, by default the next of its grid, can still be made."""
        return not self._aim(line, period)[1]

    def new_id(self) -> int:
        """Return a number for a swap that no other has."""
        return next(self._ids)

    def begin(
        self, told: Swapped, track: int, period: float, line: float | None, *, running: bool, start: bool,
        earlier: UnderWay | None,
    ) -> Swapped:  # fmt: skip
        """Let a swap whose slot is written be launched on its line, and return what its caller is told.

        Args:
            told: what is known of it so far.
            track: the index of its track.
            period: beats between two lines of its grid.
            line: the beat that was asked for; None: the next.
            running: whether the transport runs.
            start: whether a transport that does not is started.
            earlier: the swap whose place it takes.
        """
        swap = UnderWay(told, track, period, line)
        if earlier is not None and earlier.fired:
            swap.line, swap.fired = earlier.line, True
        elif running:
            swap.line, moved = self._aim(line, period)
            swap.told = replace(told, line=swap.line, moved=moved)
            self._fire(swap)
        elif start:
            self._link.tell("/live/clip/fire", track, told.slot)
            swap.line, swap.fired = 0.0, True
        swap.told = replace(swap.told, line=-1.0 if swap.line is None else swap.line, fired=swap.fired)
        self._swaps[track] = swap
        return swap.told

    def cancel(self, track: int) -> int:
        """Call off the swap of a track, and return its id.

        Raises:
            NotThere: none is under way. Late: Live launches it already.
        """
        swap = self._swaps.get(track)
        if swap is None:
            raise NotThere(f"no swap is under way in track {track}", "NOT_FOUND")
        if swap.fired:
            raise Late(f"Live launches slot {swap.told.slot} already", "LATE")
        del self._swaps[track]
        return swap.told.id

    def clear(self) -> None:
        """Forget all of them."""
        self._swaps.clear()

    def follow(self) -> None:
        """See what has become of each, fire those whose line is next, and tell of those that are launched or lost."""
        for swap in list(self._swaps.values()):
            self._follow(swap)

    def _follow(self, swap: UnderWay) -> None:
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
        playing = self._link.ask("/live/track/get/playing_slot_index", swap.track)[0]
        if playing == swap.told.slot:
            del self._swaps[swap.track]
            line = swap.line if swap.line is not None else self._clock.beat()
            start = self._link.ask("/live/clip/get/start_time", swap.track, playing)[0]
            self._tell(Launched(swap.track, playing, start, line, swap.told.id, abs(start - swap.told.line) > 1e-3))
        elif self._left(swap.line) < -2.0:
            del self._swaps[swap.track]
            self._tell(Lost(swap.told.id, "another slot of the track was launched"))

    def _left(self, line: float | None) -> float:
        """Return the seconds that are left before a line."""
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

    def _fire(self, swap: UnderWay) -> None:
        """Fire a slot as soon as its line is the next one, as far as can be known from here."""
        if swap.line is None or not swap.period or self._clock.beat() > swap.line - swap.period + 0.05 * swap.period:
            self._link.tell("/live/clip/fire", swap.track, swap.told.slot)
            swap.fired = True
