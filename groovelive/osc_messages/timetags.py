"""The wall-clock time, as an OSC timetag, of a moment on the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable

_SECOND = 1_000_000_000  # ns
_NTP = 2_208_988_800 * _SECOND  # from 1900, when NTP begins, to 1970 (RFC 5905)
_STEP = 1_000_000  # ns; the clocks drift apart by less between two looks, unless someone set one of them
_LOOKS = 9


class WallClock:
    """Turns moments of `time.monotonic_ns` into NTP timetags, through one measured offset.

    The offset stays as it is until the wall clock has been set: what drifts less than 1 ms is left alone, so that
    the tags of two notes lie exactly as far apart as the notes.

    Args:
        monotonic, wall: clocks in nanoseconds.

    >>> clock = WallClock(monotonic=lambda: 5, wall=lambda: 1_500_000_005)
    >>> hex(clock.tag(0)), hex(clock.tag(250_000_000))
    ('0x83aa7e8180000000', '0x83aa7e81c0000000')
    """

    def __init__(
        self, monotonic: Callable[[], int] = time.monotonic_ns, wall: Callable[[], int] = time.time_ns
    ) -> None:
        self._monotonic, self._wall = monotonic, wall
        self.offset = self._measure()

    def look(self) -> bool:
        """Measure again, and return whether the wall clock has been set since."""
        offset = self._measure()
        if abs(offset - self.offset) <= _STEP:
            return False
        self.offset = offset
        return True

    def tag(self, at: int) -> int:
        """Return the timetag (64 bits: seconds since 1900, and 2**32nds of one) of a monotonic moment."""
        seconds, rest = divmod(at + self.offset + _NTP, _SECOND)
        return (seconds & 0xFFFFFFFF) << 32 | (rest << 32) // _SECOND

    def _measure(self) -> int:
        """Return wall minus monotonic: of several looks the one that was interrupted least."""
        best, offset = -1, 0
        for _ in range(_LOOKS):
            before, wall, after = self._monotonic(), self._wall(), self._monotonic()
            if best < 0 or after - before < best:
                best, offset = after - before, wall - (before + after) // 2
        return offset
