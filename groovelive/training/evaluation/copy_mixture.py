"""The best guess without a network: what was played before is played again, mixed with tables of what is usual.

Any player has to be cheaper in nats than this. Hits: a mixture of tables and of copies from some bars before,
weighted by expectation maximisation on the training takes. Velocities and offsets: a table by voice and step, mixed
with what followed the same voice's value one or two bars before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .features import Array, Floats
from .nats import OFFSETS, VELOCITIES, StepNats, Told, offset_class, velocity_class
from .takes import DrumTake

SETS = 512  # all sets of nine voices
LAGS = (16, 32, 48, 64, 128)  # steps back that a whole set is copied from
TURN_LAGS = (16, 32)  # steps back that each voice on its own is copied from, or turned over
HISTORY = 16  # bars back that are counted for how often a set was played at a step
ROUNDS = 30  # of expectation maximisation
_POWERS = 1 << np.arange(9)


class CopyMixture:
    """The copy mixture, fitted to takes; knows nothing but the genre beside what was played before.

    Args:
        takes: to learn from, each of two bars or more.
    """

    def __init__(self, takes: Sequence[DrumTake]) -> None:
        names = sorted({take.genre for take in takes})
        self._genre_number = {name: number for number, name in enumerate(names)}
        self._count_sets(takes)
        self._turned = {lag: self._chances_after(takes, lag) for lag in TURN_LAGS}
        self._velocity = TouchCopy(takes, 9, velocity_class, VELOCITIES)
        self._offset = TouchCopy(takes, 18, offset_class, OFFSETS)
        parts = np.concatenate([self._parts(take) for take in takes], 1)
        self.weights = _fit_weights(parts)

    def nats(self, take: DrumTake, told: Told) -> StepNats:
        """Return how surprising a take is, see `nats.ScoringSystem`; whatever is told, only the genre is used."""
        parts = self._parts(take)
        there = ~np.isnan(parts)
        weights = self.weights[:, None] * there
        chance = (weights / weights.sum(0) * np.nan_to_num(parts)).sum(0)
        return StepNats(-np.log(chance + 1e-12), self._velocity.nats(take), self._offset.nats(take))

    def _count_sets(self, takes: Sequence[DrumTake]) -> None:
        by_step, by_genre = np.zeros((16, SETS)), np.zeros((len(self._genre_number), 16, SETS))
        after = np.zeros((SETS, 4, SETS))
        for take in takes:
            sets, step = _sets(take), np.arange(len(take.hvo)) % 16
            np.add.at(by_step, (step, sets), 1)
            np.add.at(by_genre[self._genre_number[take.genre]], (step, sets), 1)
            np.add.at(after, (sets[:-1], step[1:] % 4, sets[1:]), 1)
        self._usual = (by_step.sum(0) + 0.02) / (by_step.sum() + 0.02 * SETS)
        self._by_step = (by_step + 20 * self._usual) / (by_step.sum(1, keepdims=True) + 20)
        self._by_genre = (by_genre + 20 * self._by_step) / (by_genre.sum(-1, keepdims=True) + 20)
        self._after = (after + 5 * self._usual) / (after.sum(-1, keepdims=True) + 5)

    @staticmethod
    def _chances_after(takes: Sequence[DrumTake], lag: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return each voice's chance (9,) of a hit, where it had one `lag` steps before, and where it had none."""
        before = np.concatenate([take.hvo[:-lag, :9] for take in takes if len(take.hvo) > lag])
        now = np.concatenate([take.hvo[lag:, :9] for take in takes if len(take.hvo) > lag])
        chance_again = (now * before).sum(0) / np.maximum(before.sum(0), 1)
        chance_new = (now * (1 - before)).sum(0) / np.maximum((1 - before).sum(0), 1)
        return chance_again.astype(np.float64), chance_new.astype(np.float64)

    def _parts(self, take: DrumTake) -> NDArray[np.float64]:
        """Return (11, steps): the chance of what was played by each part; NaN where it knows nothing yet."""
        sets, hits = _sets(take), take.hvo[:, :9]
        n = len(sets)
        step = np.arange(n) % 16
        genre = self._genre_number.get(take.genre)
        tables = self._by_step if genre is None else self._by_genre[genre]
        following = self._after[sets[:-1], step[1:] % 4, sets[1:]]
        parts = [self._by_step[step, sets], tables[step, sets], np.r_[self._usual[sets[0]], following]]
        for lag in LAGS:
            parts.append(_late(n, lag, sets[lag:] == sets[:-lag]))
        counted = np.full(n, np.nan)
        for bar in range(1, n // 16):
            here = slice(bar * 16, bar * 16 + 16)
            counted[here] = (sets[: bar * 16].reshape(bar, 16)[-HISTORY:] == sets[here]).mean(0)
        parts.append(counted)
        for lag in TURN_LAGS:
            again, new = self._turned[lag]
            chance = np.where(hits[:-lag] > 0, again, new)
            parts.append(_late(n, lag, np.where(hits[lag:] > 0, chance, 1 - chance).prod(1)))
        return np.stack(parts)


class TouchCopy:
    """Velocities or offsets in classes: a table by voice and step, and what followed the same voice's value before.

    Args:
        takes: to learn from.
        column: where the values of the voices begin in a take.
        class_of: returns the classes of values.
        classes: how many there are.
    """

    COPIED = 0.75  # how much the value of two bars before, or of one, counts; what follows counts on top of it

    def __init__(
        self, takes: Sequence[DrumTake], column: int, class_of: Callable[[Floats], NDArray[np.int64]], classes: int
    ) -> None:
        self._column, self._class_of = column, class_of
        table = np.zeros((9, 16, classes))
        self._after = {lag: np.full((classes, classes), 0.05) for lag in TURN_LAGS}
        for take in takes:
            step, voice = np.nonzero(take.hvo[:, :9])
            np.add.at(table, (voice, step % 16, self._classes(take, step, voice)), 1)
            for lag in TURN_LAGS:
                step, voice = np.nonzero(take.hvo[lag:, :9] * take.hvo[:-lag, :9])
                before, now = self._classes(take, step, voice), self._classes(take, step + lag, voice)
                np.add.at(self._after[lag], (before, now), 1)
        usual = (table.sum(1) + 0.5) / (table.sum((1, 2))[:, None] + 0.5 * classes)
        self._table = (table + 10 * usual[:, None]) / (table.sum(-1, keepdims=True) + 10)
        self._after = {lag: counts / counts.sum(-1, keepdims=True) for lag, counts in self._after.items()}

    def nats(self, take: DrumTake) -> NDArray[np.float64]:
        """Return the nats of each hit of a take, in the order of steps and voices."""
        step, voice = np.nonzero(take.hvo[:, :9])
        now = self._classes(take, step, voice)
        usual = self._table[voice, step % 16, now]
        chance = usual.copy()
        for lag in sorted(TURN_LAGS, reverse=True):  # the bar before, where it has the voice, has the last word
            known = (step >= lag) & (take.hvo[np.maximum(step - lag, 0), voice] > 0)
            before = self._classes(take, step[known] - lag, voice[known])
            copied = self._after[lag][before, now[known]]
            chance[known] = (1 - self.COPIED) * usual[known] + self.COPIED * copied
        nats: NDArray[np.float64] = -np.log(chance)
        return nats

    def _classes(self, take: DrumTake, step: Array, voice: Array) -> NDArray[np.int64]:
        return self._class_of(take.hvo[step, self._column + voice])


def _sets(take: DrumTake) -> NDArray[np.int64]:
    return (take.hvo[:, :9] > 0.5).astype(np.int64) @ _POWERS


def _late(n: int, lag: int, values: Array) -> NDArray[np.float64]:
    """Return values (n - lag,) that begin `lag` steps late, NaN before."""
    out = np.full(n, np.nan)
    out[lag:] = values[: max(n - lag, 0)]
    return out


def _fit_weights(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights (k,) of the parts (k, steps), of which those that know something share each step."""
    there = ~np.isnan(parts)
    chances = np.nan_to_num(parts)
    weights = np.ones(len(parts))
    for _ in range(ROUNDS):
        prior = weights[:, None] * there
        total = prior.sum(0)
        prior /= total
        share = prior * chances
        share /= share.sum(0) + 1e-300
        weights = share.sum(1) / np.maximum((there / total).sum(1), 1)
        weights /= weights.sum()
    return weights
