"""Rows of training: a stretch of a take, and what the player is told of it, drawn anew each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...grooves.groove import GROUPS
from ...model.player.conditions import (
    CONDITIONS,
    CONTROLS,
    N_VOICES,
    PLAYED,
    STEPS,
    BarTold,
    Floats,
    vectors,
)
from ...model.player.lookback import STEP_INPUTS, TOUCH_INPUTS, step_inputs, touch_inputs
from .data import RecordedTake
from .rhythms import Plan, draw_plan, heard

Batch = dict[str, NDArray[np.float32]]


def _changed(rng: np.random.Generator, h: Floats, v: Floats, o: Floats) -> tuple[Floats, Floats, Floats, int | None]:
    """Vary the drums a little; a group may fall silent, which one is returned (then its density is told)."""
    muted = None
    if rng.random() < 0.12:
        group = int(rng.integers(len(GROUPS)))
        voices = list(list(GROUPS.values())[group])
        if h[:, voices].sum() < 0.75 * h.sum():
            h = h.copy()
            h[:, voices] = 0
            muted = group
    if rng.random() < 0.3:
        v = np.clip(v * np.float32(np.exp(rng.normal(0, 0.12))), 0.02, 1)
    if rng.random() < 0.3:
        o = np.clip(o + np.float32(rng.normal(0, 0.03)), -0.5, 0.499)
    if rng.random() < 0.12:
        o = o * np.float32(rng.uniform(0, 1))
    return h, (v * h).astype(np.float32), (o * h).astype(np.float32), muted


def make_row(
    rng: np.random.Generator,
    take: RecordedTake,
    start: int,
    bars: int,
    plan: Plan,
    pairs: Sequence[RecordedTake] = (),
    end: int | None = None,
) -> Batch:
    """Return the arrays of a row of `bars` bars from bar `start` of a take (at most up to `end`), padded."""
    count = min(bars, (take.bars if end is None else end) - start)
    x = take.played[start * STEPS : (start + count) * STEPS]
    h, v, o = np.split(x, 3, 1)
    muted = None
    if plan.change:
        h, v, o, muted = _changed(rng, h, v, o)
    hears = heard(rng, take, start, (h, v, o), plan, pairs)
    known = np.zeros((count * STEPS, N_VOICES), np.float32)
    first, last = plan.locked_bars
    known[max(first, 0) * STEPS : min(last, count) * STEPS, list(plan.locked)] = 1

    told = []
    density = np.stack([h[:, list(g)].reshape(count, -1).sum(1) / STEPS for g in GROUPS.values()], 1)
    for bar in range(count):
        at = bar // plan.block * plan.block
        mean = density[at : at + plan.block].mean(0)
        here = start + bar
        told.append(
            BarTold(
                # Programmed loops are always told to be so: they must not share what is unknown with drummers.
                genre={take.genre: 1.0} if plan.genre or take.tempo is None else {},
                instrument=hears.who[bar],
                density={name: float(mean[g]) for g, name in enumerate(GROUPS) if plan.density[g] or g == muted},
                adherence=hears.shares[bar],
                tempo=take.tempo if plan.tempo else None,
                fill=bool(take.fill[here]) if plan.fill and take.tempo else None,
                fill_next=bool(take.fill[here + 1]) if plan.fill and take.tempo and here + 1 < take.bars else None,
                place=here if plan.phrase and take.whole else None,
            )
        )
    played = np.concatenate([h, v, o], 1)
    out: Batch = {
        "played": np.zeros((bars * STEPS, PLAYED), np.float32),
        "inputs": np.zeros((bars * STEPS, STEP_INPUTS), np.float32),
        "touch": np.zeros((bars * STEPS, N_VOICES, TOUCH_INPUTS), np.float32),
        "controls": np.zeros((bars * STEPS, CONTROLS), np.float32),
        "conditions": np.zeros((bars, CONDITIONS), np.float32),
        "valid": np.zeros(bars * STEPS, np.float32),
    }
    n = count * STEPS
    out["played"][:n] = played
    out["inputs"][:n] = step_inputs(played)
    out["touch"][:n] = touch_inputs(played)
    out["controls"][:n] = np.concatenate([hears.rhythm, known, known * h], 1)
    out["conditions"][:count] = vectors(told)
    out["valid"][:n] = 1
    return out


def collate(rows: Sequence[Batch]) -> Batch:
    """Stack rows into a batch."""
    return {key: np.stack([row[key] for row in rows]) for key in rows[0]}


Stretch = tuple[RecordedTake, int, int]  # a take, its first bar, and the bar after its last


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass through the takes, drawn anew each time: each cut at a random place into stretches of 16 bars.

    A third of the batches are short: fills by themselves and pairs of two bars, or pairs of four, made of one loop
    played twice or of two loops of one song. All batches have about as many bars.

    Args:
        seed: what it is drawn from, with its number.
        number: which pass it is.
        parts: (bars, stretches) of each batch.
        pairs: where the lines of instruments are taken from.
    """

    seed: int
    number: int
    parts: list[tuple[int, list[Stretch]]]
    pairs: Sequence[RecordedTake]

    @classmethod
    def draw(
        cls,
        seed: int,
        number: int,
        takes: Sequence[RecordedTake],
        pairs: Sequence[RecordedTake],
        bars: int = 16,
        size: int = 12,
    ) -> Epoch:
        """Draw the stretches of one pass: `size` rows of `bars` bars a batch, or as many bars in shorter rows."""
        rng = np.random.default_rng([seed, number])
        parts: list[tuple[int, list[Stretch]]] = []
        long: list[Stretch] = []
        middle: list[Stretch] = []
        for take in takes:
            if take.bars < 3:
                continue
            at = int(rng.integers(bars)) - bars + 1 if take.bars > bars else 0
            for begin in range(at, take.bars, bars):
                first, last = max(begin, 0), min(begin + bars, take.bars)
                if last - first >= 2:
                    (long if last - first > bars // 2 else middle).append((take, first, last))
        for length, many, rows in ((bars, size, long), (bars // 2, 2 * size, middle)):
            order = rng.permutation(len(rows))
            for i in range(0, len(rows), many):
                parts.append((length, [rows[k] for k in order[i : i + many]]))
        pool = [*(take for take in takes if take.bars < 3), *pairs]
        by_name: dict[str, list[RecordedTake]] = {}
        for pair in pairs:
            by_name.setdefault(pair.name, []).append(pair)
        for n in range(len(parts) // 2 if pool else 0):
            source = pool if n % 2 or not pairs else pairs
            length = 2 if source is pool else 4
            weight = np.array([take.weight for take in source])
            chosen = rng.choice(len(source), size * bars // length, p=weight / weight.sum())
            if source is pool:
                parts.append((2, [(pool[k], 0, min(2, pool[k].bars)) for k in chosen]))
            else:
                parts.append((4, [(_twice(rng, pairs[k], by_name), 0, 4) for k in chosen]))
        return cls(seed, number, [parts[i] for i in rng.permutation(len(parts))], pairs)

    def __len__(self) -> int:
        return len(self.parts)

    def batch(self, i: int) -> Batch:
        """Return batch `i`, the same each time."""
        rng = np.random.default_rng([self.seed, self.number, i])
        length, rows = self.parts[i]
        return collate(
            [make_row(rng, t, first, length, draw_plan(rng, t), self.pairs, end=last) for t, first, last in rows]
        )


def _twice(rng: np.random.Generator, pair: RecordedTake, by_name: dict[str, list[RecordedTake]]) -> RecordedTake:
    """Return four bars: a loop twice, or two loops of one song."""
    same = by_name[pair.name]
    other = pair if rng.random() < 0.4 else same[int(rng.integers(len(same)))]
    assert pair.rhythm is not None and other.rhythm is not None
    return RecordedTake(
        np.concatenate([pair.played, other.played]), pair.genre, None, np.zeros(4, bool), False, pair.name,
        np.concatenate([pair.rhythm, other.rhythm]), pair.instrument,
    )  # fmt: skip
