"""Chance: where a player's random numbers come from, and how a step's hits, velocities and offsets are drawn."""

from __future__ import annotations

import numpy as np

from .conditions import BITS, N_VOICES, OFFSETS, STEPS, Floats
from .hands import Bools
from .network import PlayerWeights

DRAWS = 1 + 4 * N_VOICES  # a step: one for the set of hits, four for the touch of each voice
_NEVER = np.float32(-1e9)
_COLDEST = 0.02  # temperatures below it take the likeliest
_WORD = (1 << 64) - 1


def chances(seed: int, drummer: int, bar: int, variant: int = 0, lead: bool = False, attempt: int = 0) -> Floats:
    """Return the random numbers of one bar, (16, 37) float32 in [0, 1).

    They depend on nothing but what is given (Philox counts instead of remembering), and each decision has its place
    among them: an edit or a lock moves no other draw, and no bar has to be drawn for the sake of a later one.
    """
    key = np.array([seed & _WORD, drummer & _WORD], np.uint64)
    counter = np.array([attempt << 32, int(lead), variant & _WORD, bar & _WORD], np.uint64)
    philox = np.random.Philox(key=key, counter=counter)
    return np.random.Generator(philox).random((STEPS, DRAWS), dtype=np.float32)


def fitting(known: Floats, hits: Floats) -> Bools:
    """Return which of the 512 sets agree with a step's locks: `known` (9,) and what the known ones are, `hits` (9,)."""
    on = known > 0
    return (BITS[:, on] == hits[on]).all(1)


def draw_set(logits: Floats, allowed: Bools, u: float, temperature: float, top_k: int) -> int:
    """Draw one of the allowed sets (at least one) with the random number `u`."""
    z = np.where(allowed, logits, _NEVER)
    if temperature < _COLDEST:
        return int(z.argmax())
    if top_k:
        least = np.partition(z, -min(top_k, len(z)))[-min(top_k, len(z))]
        z = np.where(z >= least, z, _NEVER)
    chosen = _draw(z, u, temperature)
    return chosen if allowed[chosen] else int(z.argmax())  # (rounding at the upper end)


def draw_touch(
    weights: PlayerWeights,
    y: Floats,
    rhythm: Floats,
    hits: Floats,
    past: Floats,
    fixed: Floats,
    u: Floats,
    temperatures: tuple[float, float],
) -> tuple[Floats, Floats]:
    """Draw the velocities and offsets of a step's hits.

    Args:
        weights: of the player.
        y: (d,); rhythm: (4,) known, hit, velocity, offset; hits: (9,); past: (9, TOUCH_INPUTS).
        fixed: (2, 9) velocities and offsets that are given; NaN where they are to be drawn.
        u: (36,) four random numbers for each voice: for the classes of velocity and offset, and for the places in them.
        temperatures: of velocities and offsets.

    Returns:
        Two arrays (9,), zero where there is no hit.
    """
    velocities, offsets = np.zeros(N_VOICES, np.float32), np.zeros(N_VOICES, np.float32)
    voices = np.flatnonzero(hits).tolist()
    half = weights.sizes.touch
    done = weights["touch_done"]
    base = y @ weights["touch_y"]
    base += weights["touch_bias"]
    base += rhythm @ weights["touch_rhythm"]
    base += hits @ weights["touch_set"]
    own = past[voices] @ weights["touch_past"]
    own += weights["touch_voice"][voices]
    given = (~np.isnan(fixed[0])).tolist()

    def tell(v: int) -> None:
        nonlocal base
        base = base + done[v] + velocities[v] * done[N_VOICES + v] + 2 * offsets[v] * done[2 * N_VOICES + v]

    for v in voices:
        if given[v]:
            velocities[v], offsets[v] = fixed[:, v]
            tell(v)
    for i, v in enumerate(voices):
        if given[v]:
            continue
        a = base + own[i]
        q, r, within_q, within_r = u[4 * v : 4 * v + 4]
        loud = np.maximum(a[:half], 0) @ weights["velocity"]
        loud += weights["velocity_bias"]
        k = _draw(loud, q, temperatures[0])
        late = np.maximum(a[half:] + weights["touch_velocity"][k], 0) @ weights["offset"]
        late += weights["offset_bias"]
        j = _draw(late, r, temperatures[1])
        place = min(int(np.searchsorted(weights.spread_sums[v, k], within_q, "right")), 7)
        velocities[v] = max(8 * k + place, 1) / 127
        offsets[v] = min((j + within_r) / OFFSETS - 0.5, 0.499)
        tell(v)
    return velocities, offsets


def _draw(logits: Floats, u: float, temperature: float) -> int:
    """Draw an index with the random number `u`."""
    if temperature < _COLDEST:
        return int(logits.argmax())
    z = logits - logits.max()
    if temperature != 1:
        z /= np.float32(temperature)
    np.exp(z, z)
    sums = z.cumsum()
    return min(int(np.searchsorted(sums, np.float32(u) * sums[-1], "right")), len(sums) - 1)
