"""How a groove is played: micro-timing and dynamics, its own and another groove's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import number, whole
from ..errors import GrooveError, closest
from .grid import STEPS_PER_BAR, STEPS_PER_BEAT, VOICES, voice_indices
from .hvo import Array, Mask, arrays, fitted

Place = Literal["downbeats", "beats", "backbeats", "offbeats"]

PLACES: dict[str, tuple[int, ...]] = {
    "downbeats": (0,), "beats": (0, 4, 8, 12), "backbeats": (4, 12), "offbeats": (2, 6, 10, 14),
}  # fmt: skip

# Spread of the drummers of the Groove MIDI Dataset (Gillick et al. 2019), measured on its training split:
# the offsets' standard deviation, and about what is left of the velocities' once the pattern is known.
HUMAN_OFFSET = 0.2
HUMAN_VELOCITY = 0.1


class Feel:
    """The transforms of a `Groove` that leave its pattern and change how it is played."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def hits(self) -> Array: ...
        @property
        def velocities(self) -> Array: ...
        @property
        def offsets(self) -> Array: ...
        @property
        def steps(self) -> int: ...
        def tap(self) -> Array: ...
        @classmethod
        def _trusted(cls, hits: Array, velocities: Array, offsets: Array) -> Self: ...

    # Time below a step

    def quantise(self, amount: float = 1.0) -> Self:
        """Pull every note towards the grid: 0 changes nothing, 1 leaves no offset.

        >>> from groovelive.grooves.groove import Groove
        >>> next(iter(Groove.from_notes([(0, "kick", 0.8, 0.5)]).quantise(0.5))).offset
        0.25
        """
        left = np.float32(1 - number("the amount", amount, 0.0, 1.0))
        return self._trusted(self.hits.copy(), self.velocities.copy(), self.offsets * left)

    def swing(self, ratio: float) -> Self:
        """Delay every second 16th note.

        Args:
            ratio: where in its 8th the second 16th falls: .5 is straight, 2/3 a triplet, .75 the most. It is
                the percentage of the Linn drum machines: the first 16th's share of the pair's time (Roger
                Linn, interviewed by Attack Magazine, 2013).

        It adds to the offsets that are there. A note that comes to lie beyond half a step moves to the next
        step, where that is free; otherwise it stays at the end of its own.

        >>> from groovelive.grooves.groove import Groove
        >>> groove = Groove.from_notes([(0, "hh"), (1, "hh")])
        >>> [round(note.position, 3) for note in groove.swing(2 / 3)]
        [0.0, 1.333]
        """
        delay = 2 * number("the swing ratio", ratio, 0.5, 0.75) - 1
        delta = np.zeros((self.steps, 1))
        delta[1::2] = delay
        return self._displaced(delta)

    def nudge(self, amount: float, voices: str | Iterable[str] | None = None) -> Self:
        """Play later (earlier, if negative) by `amount` steps, on all voices or on some.

        No note is lost: what moves beyond half a step goes to the neighbouring step (from the last to the
        first), or, where a note stays there, to the edge of its own.

        >>> from groovelive.grooves.groove import Groove
        >>> groove = Groove.from_notes([(4, "snare"), (31, "kick")])
        >>> [(note.step, note.offset) for note in groove.nudge(0.75, voices="kick")]
        [(0, -0.25), (4, 0.0)]
        """
        amount = number("the nudge", amount)
        mask = voice_mask(VOICES if voices is None else [voices])
        whole = round(amount)
        moved = self._map(lambda a: np.where(mask, np.roll(a, whole, axis=0), a))
        return moved._displaced(np.where(mask, amount - whole, 0.0))

    def humanise(self, amount: float = 0.5, seed: int = 0) -> Self:
        """Scatter timing and dynamics as a drummer does (normally distributed, seeded).

        Args:
            amount: 0 changes nothing; 1 scatters the timing by a standard deviation of .2 step and the
                velocities by .1, the spread of the Groove MIDI Dataset; 2 is the most.
            seed: the same seed scatters alike.

        >>> from groovelive.grooves.groove import Groove
        >>> groove = Groove.from_notes([(step, "hh") for step in range(0, 32, 2)])
        >>> len(groove.humanise(1, seed=3)), groove.humanise(1, seed=3) == groove.humanise(1, seed=3)
        (16, True)
        """
        amount = number("the amount", amount, 0.0, 2.0)
        timing, dynamics = random(seed).standard_normal((2, *self.hits.shape))
        louder = self._louder(self.velocities + dynamics * (amount * HUMAN_VELOCITY))
        return louder._displaced(np.clip(timing * (amount * HUMAN_OFFSET), -1, 1))

    # Dynamics

    def scale_velocity(self, factor: float, voices: str | Iterable[str] | None = None) -> Self:
        """Multiply the velocities of all voices, or of some, by `factor` (0 or more); 1 is the loudest.

        >>> from groovelive.grooves.groove import Groove
        >>> groove = Groove.from_notes([(0, "kick", 0.5), (0, "snare", 0.5)])
        >>> [note.velocity for note in groove.scale_velocity(1.5, voices="kick")]
        [0.75, 0.5]
        """
        factor = number("the factor", factor, 0.0)
        mask = voice_mask(VOICES if voices is None else [voices])
        return self._louder(np.where(mask, self.velocities * np.float64(factor), self.velocities))

    def accent(
        self,
        steps: Place | int | Iterable[int] = "downbeats",
        amount: float = 0.2,
        voices: str | Iterable[str] | None = None,
    ) -> Self:
        """Play some steps louder (softer, if `amount` is negative).

        Args:
            steps: "downbeats", "beats", "backbeats" or "offbeats"; a number n for every n-th step from the
                first; or the steps 0..15 of every bar.
            amount: what is added to the velocities, -1..1.
            voices: names, short names or groups; by default all.

        >>> from groovelive.grooves.groove import Groove
        >>> groove = Groove.from_notes([(step, "hh", 0.5) for step in range(16)], steps=16)
        >>> [note.step for note in groove.accent("backbeats", 0.25) if note.velocity == 0.75]
        [4, 12]
        """
        chosen = np.zeros((self.steps, 1), np.bool_)
        if isinstance(steps, str):
            if steps not in PLACES:
                places = ", ".join(PLACES)
                raise GrooveError(f"unknown place {steps!r}{closest(steps, PLACES)}; places are {places}")
            chosen.reshape(-1, STEPS_PER_BAR)[:, PLACES[steps]] = True
        elif not hasattr(steps, "__iter__") or getattr(steps, "shape", None) == ():
            chosen[:: whole("the distance of accents", steps, 1, unit="steps")] = True
        else:
            wanted = [whole("an accented step", step, 0, STEPS_PER_BAR - 1) for step in steps]
            chosen.reshape(-1, STEPS_PER_BAR)[:, wanted] = True
        added = number("the amount", amount, -1.0, 1.0)
        mask = voice_mask(VOICES if voices is None else [voices])
        return self._louder(self.velocities + np.where(chosen & mask, added, 0.0))

    # With another groove

    def with_feel_of(self, other: Self) -> Self:
        """Keep the hits and take the dynamics and the micro-timing of `other` (repeated to this length).

        A note takes its feel from the first of these that `other` has:

        1. a hit of the same voice in the same step: its velocity and offset;
        2. a hit of any voice in that step: the offset of its loudest hit (its tap), and the note's own
           velocity scaled by how that tap's velocity compares with the mean of all;
        3. a tap at the same step in other bars, then in other beats: the mean of these, in the same way.

        What none of these covers keeps its own feel. The idea of a groove template is that of DNA Groove
        Templates (Numerical Sound, 1990s) and of Ableton Live's Groove Pool.

        >>> from groovelive.grooves.groove import Groove
        >>> plain = Groove.from_notes([(0, "kick"), (4, "snare")], steps=16)
        >>> late = Groove.from_notes([(4, "snare", 1.0, 0.25)], steps=16)
        >>> [(note.velocity, note.offset) for note in plain.quantise().with_feel_of(late)][1]
        (1.0, 0.25)
        """
        if not isinstance(other, Feel):
            raise GrooveError(f"a feel is taken from a Groove, not from {type(other).__name__}")
        h, v, o = fitted(other, self.steps)
        hit, velocity, offset = np.resize(other.tap(), (self.steps, 3)).astype(np.float64).T
        loudness = np.ones(self.steps)
        if hit.any():
            loudness = velocity / max(velocity[hit == 1].mean(), 1e-6)
        offset, known = offset.copy(), hit == 1
        for period in (STEPS_PER_BAR, STEPS_PER_BEAT):
            count = hit.reshape(-1, period).sum(0)
            usable = np.resize(count > 0, self.steps) & ~known
            for values in (loudness, offset):
                mean = np.where(hit == 1, values, 0).reshape(-1, period).sum(0) / np.maximum(count, 1)
                values[usable] = np.resize(mean, self.steps)[usable]
            known = known | usable
        same, mine = h == 1, self.hits == 1
        scaled = np.where(known[:, None], self.velocities * loudness[:, None], self.velocities)
        shifted = np.where(known[:, None], offset[:, None], self.offsets)
        velocities, offsets = np.where(same, v, scaled).clip(0, 1), np.where(same, o, shifted)
        return self._trusted(
            self.hits.copy(),
            np.where(mine, velocities, 0).astype(np.float32),
            np.where(mine, offsets, 0).astype(np.float32),
        )

    # How it is done

    def _map(self, change: Callable[[Array], Array]) -> Self:
        return self._trusted(*(change(a) for a in arrays(self)))

    def _louder(self, velocities: ArrayLike) -> Self:
        """Return the groove with these velocities, held within 0..1 and zeroed where there is no hit."""
        velocities = (np.clip(velocities, 0, 1) * self.hits).astype(np.float32)
        return self._trusted(self.hits.copy(), velocities, self.offsets.copy())

    def _displaced(self, delta: NDArray[np.float64]) -> Self:
        """Move every note by `delta` steps (-1..1; broadcast to the grid) without losing one.

        A note that gets beyond half a step moves to the neighbouring step, unless a note stays there or a
        louder one comes from the other side: then it waits at the edge of its own step.
        """
        hits = self.hits == 1
        offset = np.where(hits, self.offsets + delta, 0.0)
        later, earlier = hits & (offset > 0.5 + 1e-6), hits & (offset < -0.5 - 1e-6)
        while True:
            stays = hits & ~later & ~earlier
            meet = np.roll(later, 1, axis=0) & np.roll(earlier, -1, axis=0)
            wins = np.roll(self.velocities, 1, axis=0) >= np.roll(self.velocities, -1, axis=0)
            no_later = later & np.roll(stays | (meet & ~wins), -1, axis=0)
            no_earlier = earlier & np.roll(stays | (meet & wins), 1, axis=0)
            if not (no_later.any() or no_earlier.any()):
                break
            later, earlier = later & ~no_later, earlier & ~no_earlier
        offset = np.clip(offset - later + earlier, -0.5, 0.5)

        def moved(values: NDArray[np.floating]) -> Array:
            out = np.where(stays, values, 0)
            out += np.roll(np.where(later, values, 0), 1, axis=0)
            out += np.roll(np.where(earlier, values, 0), -1, axis=0)
            return out.astype(np.float32)

        return self._trusted(moved(self.hits), moved(self.velocities), moved(offset))


def voice_mask(names: Iterable[str | Iterable[str]]) -> Mask:
    """Return (9,) booleans, true for the voices that the names stand for."""
    mask = np.zeros(len(VOICES), np.bool_)
    for name in names:
        mask[list(voice_indices(name))] = True
    return mask


def random(seed: int) -> np.random.Generator:
    """Return a generator that `seed`, a whole number from 0 up, determines."""
    return np.random.default_rng(whole("seed", seed, 0))
