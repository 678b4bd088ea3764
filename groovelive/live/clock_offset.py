"""How far the conductor's monotonic clock is ahead of this machine's, measured by requests and their replies."""

from __future__ import annotations

DRIFT = 100e-6  # by which two machines' clocks may drift apart, of the time that passes; quartzes keep to half of it


class ClockOffset:
    """The offset of two monotonic clocks, between bounds that each exchange narrows (the method of NTP and Marzullo).

    A reply that states the other clock's time was made after its request was sent and before it came: that bounds the
    offset. Where the bounds allow that both clocks are one, as on one machine, they are taken as one, exactly.

    >>> offset = ClockOffset()
    >>> offset.heard(1_000, 501_500, 2_000)
    >>> offset.ns, offset.error
    (500000, 500.0)
    >>> offset.heard(4_000, 504_100, 4_200)
    >>> offset.ns, offset.error
    (500000, 100.0)
    """

    def __init__(self) -> None:
        self._bounds: tuple[float, float, int] | None = None  # low, high, and when that was known; replaced as a whole

    def heard(self, sent: int, stated: int, got: int) -> None:
        """Take in an exchange, in ns.

        Args:
            sent: when the request was sent, by our clock.
            stated: what the other clock showed when the reply was made.
            got: when the reply came, by our clock.
        """
        low, high = float(stated - got), float(stated - sent)
        if self._bounds is not None:
            was_low, was_high, when = self._bounds
            drift = (got - when) * DRIFT
            narrow = max(low, was_low - drift), min(high, was_high + drift)
            if narrow[0] <= narrow[1]:  # else the other clock is another one: its machine was started anew
                low, high = narrow
        self._bounds = low, high, got

    @property
    def ns(self) -> int:
        """The nanoseconds by which the other clock is ahead; 0 before anything was heard."""
        if self._bounds is None or self._bounds[0] <= 0 <= self._bounds[1]:
            return 0
        return round((self._bounds[0] + self._bounds[1]) / 2)

    @property
    def error(self) -> float:
        """The nanoseconds by which `ns` may be wrong at most."""
        if self._bounds is None:
            return float("inf")
        low, high, _ = self._bounds
        return max(high - self.ns, self.ns - low) if self.ns else 0.0
