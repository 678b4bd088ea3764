"""A request laid out in time: the context, the bars before those that count, and those that count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...grooves.groove import GROUPS
from .conditions import (
    CONTROLS,
    LOOKAHEAD,
    LOOKBEHIND,
    N_VOICES,
    PLAYED,
    STEPS,
    BarTold,
    Floats,
    adherence,
    control_rows,
    vectors,
)
from .network import PlayerWeights
from .request import MAX_CONTEXT, PlayRequest

LEAD = 2  # bars before those that count where nothing was played before: a cold start is stiffer than what follows
BLOCK = 4  # bars over which the density of the context is told
# How strongly a fill is told: at 1, as in training, half of those asked for are heard as fills, at this four of five.
FILL_STRESS = 2.4
AS_IT_COMES = 0.7  # the share of a rhythm's accents that kick, snare or crash answer where nothing is said

# What is told where nothing is said of adherence, by who plays the rhythm. More than all is stress: told so, four of
# five accents of a typed rhythm are answered by kick, snare or crash, and half of the hits lie beside it, as with
# drummers; where nothing is told it is two of three. An instrument is answered best where nothing is told.
USUAL_ADHERENCE: Mapping[str, Mapping[str, float]] = {
    "typed": {"answered": 1.0, "accented": 1.4, "kept": 0.4},
    "any": {"answered": 1.0, "accented": 1.4, "kept": 0.4},
}


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What is known of each step before it is played, from the first of the context to the last that counts.

    Args:
        context: (P, 27) what was played.
        lead: bars between the context and those that count.
        conditions: (bars, CONDITIONS) what is told of each bar.
        static, told: what the network makes of what it is told; see `PlayerWeights.static`.
        rhythm: (steps, 4) known, hit, velocity, offset.
        known, locked: (steps, 9), (steps, 27): the locks; fixed: (steps, 2, 9) their velocities and offsets, else NaN.
        accents: (steps,) bool: the loud hits of the rhythm, which kick, snare or crash may have to answer.
        leave: what the odds of leaving an accent open are multiplied by; 1 lets the network have its way.
        may_be_silent: by bar.
    """

    context: Floats
    lead: int
    conditions: Floats
    static: Floats
    told: Floats
    rhythm: Floats
    known: Floats
    locked: Floats
    fixed: Floats
    accents: NDArray[np.bool_]
    leave: float
    may_be_silent: list[bool]

    @classmethod
    def of(cls, request: PlayRequest, weights: PlayerWeights) -> Stage:
        """Lay out a request."""
        context = np.zeros((0, PLAYED), np.float32)
        if request.context is not None and request.context[:, :N_VOICES].any():
            context = request.context[-MAX_CONTEXT * STEPS :]
        lead = request.lead if request.lead is not None else 0 if len(context) else LEAD
        skipped = len(context) + lead * STEPS
        steps = skipped + request.bars * STEPS
        known, locked, fixed = _locks(request, len(context), skipped, steps)
        rhythm = _rhythm(request, len(context), skipped, steps)
        rows = np.zeros((LOOKBEHIND + steps + LOOKAHEAD, CONTROLS), np.float32)
        rows[LOOKBEHIND : LOOKBEHIND + steps] = control_rows(None, known, locked[:, :N_VOICES], steps)
        rows[LOOKBEHIND:, :4] = rhythm
        rhythm = rhythm[:steps]
        conditions = vectors(_bars(request, context, lead, rhythm))
        static, told = weights.static(rows, conditions)

        impossible = ((known > 0) & (locked[:, :N_VOICES] == 0)).all(1)
        if request.mirror:
            impossible |= rhythm[:, 1] == 0
        asked = all(request.density.get(group) == 0 for group in GROUPS)
        silent = [asked or bool(bar.all()) for bar in impossible.reshape(-1, STEPS)]
        accents = _accents(rhythm)
        leave = _leave(request)
        return cls(context, lead, conditions, static, told, rhythm, known, locked, fixed, accents, leave, silent)


def _locks(request: PlayRequest, context: int, skipped: int, steps: int) -> tuple[Floats, Floats, Floats]:
    """Return the locks by step; the lead plays with those of the bars at their end."""
    known = np.zeros((steps, N_VOICES), np.float32)
    locked = np.zeros((steps, PLAYED), np.float32)
    if request.locks is not None:
        turn = (np.arange(context, steps) - skipped) % (steps - skipped)
        known[context:] = np.asarray(request.locks.known)[turn] > 0
        locked[context:] = np.asarray(request.locks.played, np.float32)[turn]
    velocities, offsets = locked[:, N_VOICES : 2 * N_VOICES], locked[:, 2 * N_VOICES :]
    given = (known > 0) & (locked[:, :N_VOICES] > 0) & ~np.isnan(velocities)
    fixed = np.where(given[:, None], np.stack([velocities, np.nan_to_num(offsets)], 1), np.nan)
    return known, locked, fixed.astype(np.float32)


def _rhythm(request: PlayRequest, context: int, skipped: int, steps: int) -> Floats:
    """Return the rhythm, (…, 4), from the first step of the context to `LOOKAHEAD` after the last."""
    rows = np.zeros((steps + LOOKAHEAD, 4), np.float32)
    own = request.rhythm
    if own is not None and own[:, 0].any():
        rows[:, 0], rows[:, 1:] = 1, own[(np.arange(len(rows)) - skipped) % len(own)]
    if request.rhythm_next is not None:
        after = request.rhythm_next[:LOOKAHEAD]
        rows[steps:] = 0
        rows[steps : steps + len(after), 0], rows[steps : steps + len(after), 1:] = 1, after
    if request.rhythm_before is not None:
        before = request.rhythm_before[-context:] if context else request.rhythm_before[:0]
        rows[:context] = 0
        rows[context - len(before) : context, 0], rows[context - len(before) : context, 1:] = 1, before
    rows[:, 2:] *= rows[:, 1:2]
    return rows


def _bars(request: PlayRequest, context: Floats, lead: int, rhythm: Floats) -> list[BarTold]:
    """Return what is told of each bar.

    Of the context the densities and the adherence that it really has are told, where those of the bars to come are:
    a wish that the past did not fulfil would be no wish for long.
    """
    before = len(context) // STEPS
    wished = _wished(request)
    hits = context[:, :N_VOICES]
    had = adherence(hits, rhythm[: len(context), 1:]) if before and wished else {}
    fills = [*request.fills(), request.fill_next]
    genre_before = request.weights(request.genre if request.genre_before is None else request.genre_before)
    bars = []
    for bar in range(before + lead + request.bars):
        number = bar - before - lead
        known = bool(rhythm[bar * STEPS, 0])
        density = dict(request.density)
        if bar < before:
            block = hits[bar // BLOCK * BLOCK * STEPS : (bar // BLOCK + 1) * BLOCK * STEPS]
            density = {name: float(block[:, list(GROUPS[name])].sum(1).mean()) for name in density}
        shares = had if bar < before else wished
        bars.append(
            BarTold(
                genre=genre_before if bar < before else request.genres,
                instrument=request.instrument if known else None,
                density=density,
                adherence={name: shares[name] for name in wished if name in shares} if known else {},
                tempo=request.tempo,
                fill=fills[number] if number >= 0 else None,
                fill_next=fills[number + 1] if number >= -1 else None,
                stress=FILL_STRESS,
                place=None if request.place is None else request.place + number,
            )
        )
    return bars


def _accents(rhythm: Floats) -> NDArray[np.bool_]:
    """Return which hits of a rhythm (steps, 4) are its accents: the loudest quarter, all where all are equal."""
    on = rhythm[:, 1] > 0
    return on & (rhythm[:, 2] >= np.percentile(rhythm[on, 2], 75) - 1e-6) if on.any() else on


def _wished(request: PlayRequest) -> Mapping[str, float]:
    """Return the shares of adherence that are told of the bars to come.

    A number from 0, as if there were no rhythm, to 1, all of it: drums that do not care for a rhythm meet seven of
    ten of its hits all the same, and four of ten of its accents with kick, snare or crash.
    """
    wish = request.adherence
    if wish is None:
        return USUAL_ADHERENCE.get(request.instrument, {})
    if isinstance(wish, Mapping):
        return wish
    return {"answered": 0.7 + 0.3 * wish, "accented": 0.4 + 0.6 * wish}


def _leave(request: PlayRequest) -> float:
    """Return what the odds of leaving an accent open are multiplied by: from 1, as it comes, to 0 at adherence 1."""
    asked = request.adherence is not None and "accented" in _wished(request)
    return min(1.0, (1 - _wished(request)["accented"]) / (1 - AS_IT_COMES)) if asked else 1.0
