"""The rhythms that the player learns to answer, and what it is told: drawn anew for each row of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...grooves.groove import GROUPS
from ...model.player.conditions import ADHERENCES, N_VOICES, STEPS, Floats, adherence
from .data import PAIRED, RecordedTake

# Which part of the drums a rhythm is made of, and how often.
PARTS = {
    "full": 0.31, "kick": 0.12, "snare": 0.05, "kick_snare": 0.12, "cymbals": 0.06, "accents": 0.12,
    "thinned": 0.16, "voices": 0.06,
}  # fmt: skip
_VOICES_OF = {"kick": [0], "snare": [1], "kick_snare": [0, 1], "cymbals": [2, 3, 7, 8]}


@dataclass(slots=True)
class Plan:
    """What is told of one row. The defaults tell nothing.

    Args:
        part: a part of `PARTS`, "instrument" (its own line), or None for no rhythm.
        tile: steps of the loop that the rhythm repeats; 0 for the rhythm all along.
        feel: "played"; "typed" (no timing, one or two levels of velocity); "part" (one of them).
        stray: share of silent steps of the rhythm that get a false hit.
        name: whether it is told who plays the rhythm.
        genre, tempo, fill, phrase: whether these are told.
        density: (5,) which groups' densities are told; adherence: (3,) which shares.
        locked: voices that are locked, from bar `locked_bars[0]` up to `locked_bars[1]`.
        block: bars over which a told density is meant.
        change: whether the drums are varied: a group muted, velocities and offsets moved.
        turn: the bar from which the rhythm is this plan's; before it, it is that of the plan `earlier`.
    """

    part: str | None = None
    tile: int = 0
    feel: str = "played"
    stray: float = 0.0
    name: bool = False
    genre: bool = False
    tempo: bool = False
    fill: bool = False
    phrase: bool = False
    density: tuple[bool, ...] = (False,) * 5
    adherence: tuple[bool, ...] = (False,) * 3
    locked: tuple[int, ...] = ()
    locked_bars: tuple[int, int] = (0, 1 << 30)
    block: int = 4
    change: bool = False
    turn: int = 0
    earlier: Plan | None = None


def draw_plan(rng: np.random.Generator, take: RecordedTake) -> Plan:
    """Draw what is told of a row of `take`."""
    plan = Plan(change=True)
    draw_rhythm(rng, take, plan)
    if take.bars > 4 and rng.random() < 0.2:  # players edit their rhythms, and begin in the middle
        plan.turn = int(rng.integers(1, min(take.bars, 16)))
        plan.earlier = Plan()
        if rng.random() < 0.6:
            draw_rhythm(rng, take, plan.earlier)
    plan.genre = rng.random() < 0.7
    plan.tempo = rng.random() < 0.6
    plan.fill = rng.random() < 0.6
    plan.phrase = rng.random() < 0.5
    u = rng.random()
    plan.density = tuple((rng.random(5) < (0.0 if u < 0.5 else 1.0 if u < 0.65 else 0.5)).tolist())
    plan.block = int(rng.choice([2, 4, 4, 8, 16]))
    if rng.random() < 0.3:
        plan.locked = tuple(rng.permutation(N_VOICES)[: rng.integers(1, 6)].tolist())
        if rng.random() < 0.5:
            groups = [list(GROUPS.values())[g] for g in rng.permutation(5)[: rng.integers(1, 4)]]
            plan.locked = tuple(v for group in groups for v in group)
        if rng.random() < 0.4:
            a, b = sorted(rng.integers(0, min(take.bars, 16) + 1, 2).tolist())
            plan.locked_bars = (a, b)
    return plan


def draw_rhythm(rng: np.random.Generator, take: RecordedTake, plan: Plan) -> None:
    """Draw which rhythm of a take a plan has, if any, and what is told of it."""
    if rng.random() < 0.73:
        plan.part = str(rng.choice(list(PARTS), p=list(PARTS.values())))
        if (take.rhythm is not None and rng.random() < 0.72) or (take.fitting and rng.random() < 0.1):
            plan.part = "instrument"
        if rng.random() < 0.45:
            plan.tile = int(rng.choice([8, 16, 32, 32, 32, 64], p=[0.08, 0.22, 0.2, 0.15, 0.15, 0.2]))
        u = rng.random()
        plan.feel = "typed" if u < 0.4 else "part" if u < 0.52 else "played"
        if rng.random() < 0.1:
            plan.stray = 0.06
        plan.name = rng.random() < 0.8
        u = rng.random()
        plan.adherence = tuple((rng.random(3) < (0.0 if u < 0.35 else 0.5 if u < 0.8 else 1.0)).tolist())


def flatten(hits: Floats, velocities: Floats, offsets: Floats) -> Floats:
    """Return the rhythm (steps, 3) of drums (steps, 9): at each step the loudest hit."""
    loudest = (velocities + hits).argmax(1)
    row = np.arange(len(hits))
    return np.stack([a[row, loudest] for a in (hits, velocities, offsets)], 1).astype(np.float32)


def _part(rng: np.random.Generator, part: str, h: Floats, v: Floats, o: Floats) -> Floats:
    """Return the rhythm of a part of the drums."""
    keep = np.ones(N_VOICES, np.float32)
    if part in _VOICES_OF:
        keep = np.isin(np.arange(N_VOICES), _VOICES_OF[part]).astype(np.float32)
    elif part == "voices":
        keep = (rng.random(N_VOICES) < rng.uniform(0.2, 0.8)).astype(np.float32)
    rhythm = flatten(h * keep, v * h * keep, o * h * keep)
    if part == "accents" and rhythm[:, 0].any():
        least = np.quantile(rhythm[rhythm[:, 0] > 0, 1], rng.uniform(0.4, 0.8))
        rhythm *= rhythm[:, 1:2] >= least
    elif part == "thinned":
        rhythm *= rng.random((len(h), 1)) < rng.uniform(0.2, 0.9)
    return rhythm


def _line(
    rng: np.random.Generator, take: RecordedTake, pairs: Sequence[RecordedTake], start: int, bars: int
) -> tuple[Floats, str]:
    """Return the line of an instrument to a stretch of a take, (bars * STEPS, 3), and who plays it."""
    if take.rhythm is not None and take.instrument is not None:
        return take.rhythm[start * STEPS : (start + bars) * STEPS].copy(), take.instrument
    there = [name for name in (PAIRED[0], *PAIRED) if name in take.fitting]  # basses are what drummers most play to
    instrument = there[int(rng.choice(len(there)))]
    fitting = take.fitting[instrument]
    rhythm = np.zeros(((take.bars + 1) * STEPS, 3), np.float32)
    same = rng.random() < 0.6  # one line all along, or one for every two bars
    rank = int(rng.integers(fitting.shape[1]))
    chosen = int(rng.integers(len(fitting)))
    for loop in range(start // 2, min(-(-(start + bars) // 2), (take.bars + 1) // 2)):
        number = fitting[chosen if same else min(loop, len(fitting) - 1), rank]
        line = pairs[int(number)].rhythm
        assert line is not None
        end = min(len(rhythm), (loop + 1) * 2 * STEPS)
        rhythm[loop * 2 * STEPS : end] = line[: end - loop * 2 * STEPS]
    return rhythm[start * STEPS : (start + bars) * STEPS], instrument


def _typed(rng: np.random.Generator, rhythm: Floats, plan: Plan) -> None:
    """RecordedTake the timing, or the dynamics, or both out of a rhythm."""
    u = rng.random()
    if plan.feel == "typed" or u < 0.5:
        rhythm[:, 2] = 0
    if plan.feel == "typed" or u >= 0.5:
        on = rhythm[:, 0] > 0
        level = 0.8 if rng.random() < 0.6 else rng.uniform(0.5, 1)
        loud = np.zeros(len(rhythm), bool)
        if on.any() and rng.random() < 0.3:
            loud = on & (rhythm[:, 1] >= np.quantile(rhythm[on, 1], rng.uniform(0.6, 0.9)))
        rhythm[:, 1] = np.where(loud, 1.0, level) * on


def _tiled(rng: np.random.Generator, rhythm: Floats, length: int) -> Floats:
    """Return a loop of `length` steps cut out of a rhythm at a bar line, repeated in its place."""
    steps = len(rhythm)
    length = min(length, steps)
    grid = max(length, STEPS) if length < STEPS else STEPS
    start = int(rng.integers((steps - length) // grid + 1)) * grid
    loop = np.roll(rhythm[start : start + length], start % length, 0)
    return np.tile(loop, (-(-steps // length), 1))[:steps]


@dataclass(slots=True)
class RowRhythm:
    """What the player hears in one row.

    Args:
        rhythm: (steps, 4): whether it is known, its hit, velocity, offset.
        who: by bar, who plays it; None where there is none.
        shares: by bar, the adherence that is told.
    """

    rhythm: Floats
    who: list[str | None]
    shares: list[dict[str, float]]


def heard(
    rng: np.random.Generator, take: RecordedTake, start: int, played: tuple[Floats, Floats, Floats], plan: Plan,
    pairs: Sequence[RecordedTake],
) -> RowRhythm:  # fmt: skip
    """Make the rhythm of a row, of the hits, velocities and offsets that are `played` from bar `start` of a take."""
    steps = len(played[0])
    bars = steps // STEPS
    turn = min(plan.turn, bars) if plan.earlier is not None else 0
    out = RowRhythm(np.zeros((steps, 4), np.float32), [None] * bars, [{}] * bars)
    for first, last, part in ((0, turn, plan.earlier), (turn, bars, plan)):
        if part is None or part.part is None or first == last:
            continue
        rhythm, who = _rhythm(rng, take, start, played, part, pairs)
        at = slice(first * STEPS, last * STEPS)
        out.rhythm[at, 0], out.rhythm[at, 1:] = 1, rhythm[at]
        shares = adherence(played[0][at], rhythm[at])
        told = {n: shares[n] for n, yes in zip(ADHERENCES, part.adherence, strict=True) if yes and n in shares}
        out.who[first:last] = [who] * (last - first)
        out.shares[first:last] = [told] * (last - first)
    return out


def _rhythm(
    rng: np.random.Generator, take: RecordedTake, start: int, played: tuple[Floats, Floats, Floats], plan: Plan,
    pairs: Sequence[RecordedTake],
) -> tuple[Floats, str]:  # fmt: skip
    """Return the rhythm of a plan, (steps, 3), and who is said to play it."""
    assert plan.part is not None
    if plan.part == "instrument":
        rhythm, who = _line(rng, take, pairs, start, len(played[0]) // STEPS)
    else:
        rhythm = _part(rng, plan.part, *played)
        who = "typed" if plan.feel == "typed" else "drums" if plan.feel == "played" else "any"
    if plan.tile and plan.tile < len(rhythm):
        rhythm = _tiled(rng, rhythm, plan.tile)
    if plan.stray:
        false = (rng.random(len(rhythm)) < plan.stray) & (rhythm[:, 0] == 0)
        rhythm[false, 0], rhythm[false, 1] = 1, rng.uniform(0.2, 1, int(false.sum()))
    if plan.feel != "played":
        _typed(rng, rhythm, plan)
    return rhythm, who if plan.name else "any"
