"""What can be done to a groove's pattern: its order in time, its voices, and how it differs from another."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Self

import numpy as np

from ..checks import is_whole, number, whole
from ..errors import GrooveError
from .compare import Difference, difference, distance
from .feel import Feel, random, voice_mask
from .grid import STEPS_PER_BAR, VOICES, check_steps
from .hvo import HVO, Mask, arrays, fitted


class Transforms(Feel):
    """The transforms of a `Groove`: each returns a new groove and leaves the old one as it was."""

    __slots__ = ()

    # The order of time

    def rotate(self, amount: int | float | Fraction) -> Self:
        """Move every note later (earlier, if negative) around the loop.

        Args:
            amount: a whole number counts steps; a float or a Fraction counts bars: `rotate(2)` and
                `rotate(1/8)` are the same.

        Raises:
            GrooveError: the fraction of a bar is no whole number of steps (`nudge` moves by less).

        >>> from groovelive.grooves.groove import Groove
        >>> [note.step for note in Groove.from_notes([(0, "kick"), (31, "kick")]).rotate(2)]
        [1, 2]
        """
        steps = number("the rotation", amount)
        if not is_whole(amount):
            steps *= STEPS_PER_BAR
            if abs(steps - round(steps)) > 1e-6:
                raise GrooveError(f"{amount} bars are no whole number of 16th steps; nudge moves by less")
        return self._map(lambda a: np.roll(a, round(steps), axis=0))

    def reverse(self) -> Self:
        """Play the groove backwards: the last step comes first, and what was late is early.

        >>> from groovelive.grooves.groove import Groove
        >>> next(iter(Groove.from_notes([(0, "kick", 0.5, 0.25)], steps=16).reverse()))
        Note(step=15, voice=0, velocity=0.5, offset=-0.25)
        """
        h, v, o = (a[::-1].copy() for a in arrays(self))
        return self._trusted(h, v, np.float32(0) - o)

    def stretch(self, factor: float | Fraction) -> Self:
        """Play the groove slower (factor 2: half time) or faster (factor 1/2: double time).

        A note lands on the nearest step and keeps the remainder as its offset. Where two meet, the louder
        stays. What does not fill whole bars is repeated until it does: one bar at 1/2 becomes half a bar,
        played twice.

        Args:
            factor: above 0, a ratio of small whole numbers such as 2, 1/2 or 3/4.

        >>> from groovelive.grooves.groove import Groove
        >>> groove = Groove.from_notes([(0, "kick"), (4, "snare"), (7, "kick")], steps=16)
        >>> [(note.step, note.offset) for note in groove.stretch(2)], groove.stretch(2).bars
        ([(0, 0.0), (8, 0.0), (14, 0.0)], 2)
        >>> [(note.step, note.offset) for note in groove.stretch(1 / 2)][:3]
        [(0, 0.0), (2, 0.0), (4, -0.5)]
        """
        wanted = number("the stretch factor", factor, 0, above=True)
        ratio = Fraction(factor if isinstance(factor, Fraction) else wanted).limit_denominator(64)
        if not ratio or abs(float(ratio) - wanted) > 1e-6:
            raise GrooveError(f"the stretch factor must be a ratio such as 2, 1/2 or 3/4, not {factor}")
        if ratio == 1:
            return self
        length = self.steps * ratio
        rounds = (length / STEPS_PER_BAR).denominator
        steps = check_steps(int(length * rounds))
        step, voice = np.nonzero(self.hits)
        velocity, offset = self.velocities[step, voice], self.offsets[step, voice]
        once = (step + offset.astype(np.float64)) * float(ratio)
        position = np.concatenate([once + float(length * k) for k in range(rounds)])
        voice, velocity = np.tile(voice, rounds), np.tile(velocity, rounds)
        order = np.argsort(velocity, kind="stable")  # the louder is written later, and stays
        position, voice, velocity = position[order], voice[order], velocity[order]
        step = np.floor(position + 0.5).astype(np.int64)
        out = np.zeros((3, steps, len(VOICES)), np.float32)
        out[0, step % steps, voice] = 1
        out[1, step % steps, voice] = velocity
        out[2, step % steps, voice] = position - step
        return self._trusted(*out)

    def repeat(self, times: int) -> Self:
        """Play the groove `times` times, at least once.

        >>> from groovelive.grooves.groove import Groove
        >>> Groove.empty(bars=2).repeat(3).bars
        6
        """
        count = whole("times", times, 1)
        check_steps(self.steps * count)
        return self._map(lambda a: np.tile(a, (count, 1)))

    def __add__(self, other: Self) -> Self:
        """One after the other."""
        if not isinstance(other, Transforms):
            return NotImplemented
        check_steps(self.steps + other.steps)
        pairs = zip(arrays(self), arrays(other), strict=True)
        return self._trusted(*(np.concatenate(pair) for pair in pairs))

    # Voices

    def __or__(self, other: Self) -> Self:
        """Both at once; where both hit one voice in one step, the louder note stays (of equals, the earlier).

        The shorter groove is repeated to the length of the longer one.
        """
        if not isinstance(other, Transforms):
            return NotImplemented
        steps = max(self.steps, other.steps)
        h, v, o = fitted(self, steps)
        h2, v2, o2 = fitted(other, steps)
        first = h > h2
        both = (h == 1) & (h2 == 1)
        first |= both & ((v > v2) | ((v == v2) & (o <= o2)))
        return self._trusted(np.maximum(h, h2), np.where(first, v, v2), np.where(first, o, o2))

    def only(self, *names: str | Iterable[str]) -> Self:
        """Keep these voices: names, short names or groups.

        >>> from groovelive.grooves.groove import Groove
        >>> groove = Groove.from_notes([(0, "kick"), (4, "snare"), (4, "open_hat")])
        >>> [note.name for note in groove.only("bd", "hats")]
        ['kick', 'open_hat']
        """
        return self._masked(voice_mask(names))

    def without(self, *names: str | Iterable[str]) -> Self:
        """Leave these voices out: names, short names or groups."""
        return self._masked(~voice_mask(names))

    def degrade(self, p: float = 0.5, seed: int = 0) -> Self:
        """Drop every note with probability `p` (0..1), as Tidal's `degradeBy`.

        One seed drops the same notes every time, and with a larger `p` those and more.

        >>> from groovelive.grooves.groove import Groove
        >>> groove = Groove.from_notes([(step, "hh") for step in range(32)])
        >>> len(groove.degrade(0.25, seed=1)), len(groove.degrade(1.0)), groove.degrade(0.0) == groove
        (25, 0, True)
        """
        p = number("the probability", p, 0.0, 1.0)
        return self._masked(random(seed).random(self.hits.shape) >= p)

    # Against another groove

    def diff(self, other: HVO) -> Difference:
        """Return what changes from this groove to `other`, of the same length; see `compare.Difference`.

        >>> from groovelive.grooves.groove import Groove
        >>> Groove.empty().diff(Groove.from_notes([(4, "snare"), (12, "snare")]))
        2 added (snare 2), 0 removed, 0 changed
        """
        return difference(self, other)

    def distance(self, other: HVO) -> float:
        """Return how far this groove is from `other`, of the same length, in hits; see `compare.distance`.

        >>> from groovelive.grooves.groove import Groove
        >>> Groove.empty().distance(Groove.from_notes([(4, "snare"), (12, "snare")]))
        2.0
        """
        return distance(self, other)

    # How it is done

    def _masked(self, mask: Mask) -> Self:
        return self._trusted(*(a * mask for a in arrays(self)))
