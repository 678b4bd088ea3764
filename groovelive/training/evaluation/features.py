"""Features of two-bar drum loops: the hits, the hits by place in the bar, the velocities and the timing.

The prefix of a feature's name tells its kind: `h_` hits (39), `p_` hits by place in the bar (48), `v_` velocities (18),
`t_` timing (15). A feature is NaN where it is undefined, such as the mean velocity of the snare in a loop without one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .voices import CLOSED_HAT, CRASH, HANDS, KICK, OPEN_HAT, SNARE, TIME_KEEPERS, TOMS, VOICES

Array = NDArray[Any]
Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
FeatureTable = dict[str, NDArray[np.float64]]

HITS: tuple[str, ...] = ("h_", "p_")
VELOCITIES: tuple[str, ...] = ("v_",)
TIMING: tuple[str, ...] = ("t_",)

STEPS = np.arange(32)
ODD = STEPS % 2 == 1
BEATS = STEPS % 4 == 0
BACKBEATS = np.isin(STEPS, [4, 12, 20, 28])
# Longuet-Higgins and Lee's weights of the 16ths of a bar, but that all beats weigh alike.
METRICAL_WEIGHT = np.where(np.arange(16) % 4 == 0, 0, np.where(np.arange(16) % 2 == 0, -1, -2))
GHOST = 0.4  # a snare hit that is softer counts as a ghost note
VELOCITY_LEVELS = 16  # finer differences come from the kit's electronics
ONE_TICK = 0.0085  # of a step: within one tick at 480 ticks a quarter note


@dataclass(frozen=True, slots=True)
class LoopCells:
    """The cells of n loops of two bars: `hits` (n, 32, 9) bool, `velocities` and `offsets` likewise, 0 where no hit."""

    hits: Bools
    velocities: NDArray[np.float32]
    offsets: NDArray[np.float32]

    @classmethod
    def of(cls, loops: ArrayLike) -> LoopCells:
        """Split loops (n, 32, 27) into their three parts."""
        hvo = np.asarray(loops, np.float32)
        hits = hvo[..., :9] > 0.5
        return cls(hits, hvo[..., 9:18] * hits, hvo[..., 18:] * hits)

    @property
    def kick(self) -> Bools:
        """Steps (n, 32) that the kick plays."""
        return self.hits[..., KICK]

    @property
    def snare(self) -> Bools:
        """Steps (n, 32) that the snare plays."""
        return self.hits[..., SNARE]

    @property
    def time(self) -> Bools:
        """Steps (n, 32) on which hats or ride keep time."""
        return plays(self.hits, TIME_KEEPERS)


def loop_features(loops: ArrayLike) -> FeatureTable:
    """Describe loops by all 120 features.

    Args:
        loops: (n, 32, 27) hits, velocities 0..1 and offsets -0.5..0.5 of a step of the nine voices.

    Returns:
        For each feature's name its n values.

    >>> len(loop_features(np.zeros((1, 32, 27))))
    120
    """
    cells = LoopCells.of(loops)
    table = hit_features(cells) | place_features(cells) | velocity_features(cells) | timing_features(cells)
    return {name: np.asarray(values, np.float64) for name, values in table.items()}


def matrix(table: FeatureTable, prefixes: tuple[str, ...]) -> tuple[NDArray[np.float64], list[str]]:
    """Return the features (n, k) whose names begin with one of `prefixes`, and their k names."""
    names = [name for name in table if name.startswith(prefixes)]
    return np.stack([table[name] for name in names], 1), names


def plays(hits: Bools, voices: Iterable[int] = range(9)) -> Bools:
    """Return the steps on which any of the voices plays: (...) of hits (..., 9)."""
    return np.asarray(hits[..., list(voices)].any(-1))


def three_hands(hits: Bools) -> Bools:
    """Return the steps (n, 32) that two hands cannot play; a closed hat is taken by the foot where both are busy."""
    struck = hits[..., HANDS].sum(-1)
    return np.asarray((struck > 2) | (struck + hits[..., CLOSED_HAT] > 3))


def three_struck(hits: Bools) -> Bools:
    """Return the steps (n, 32) that strike more than two voices beside the kick, the closed hat counting as any."""
    return np.asarray(hits.sum(-1) - hits[..., KICK] > 2)


def both_hats(hits: Bools) -> Bools:
    """Return the steps (n, 32) that have an open and a closed hat together."""
    return hits[..., OPEN_HAT] & hits[..., CLOSED_HAT]


def hit_features(cells: LoopCells) -> dict[str, Array]:
    """Return the 39 features of which voices play where."""
    hits, kick, snare, time = cells.hits, cells.kick, cells.snare, cells.time
    time_voices, crash = hits[..., TIME_KEEPERS], hits[..., CRASH]
    toms, any_hit, voices_at_once = plays(hits, TOMS), plays(hits), hits.sum(-1)
    odd = np.tile(STEPS % 2, (len(hits), 1))
    drums_at_end = (snare | toms)[:, 28:]
    f = {f"h_n_{name}": hits[..., voice].sum(1) for voice, name in enumerate(VOICES)}
    f["h_hits"] = hits.sum((1, 2))
    f["h_voices"] = hits.any(1).sum(1)
    f["h_kick_on_1"] = kick[:, [0, 16]].mean(1)
    f["h_kick_on_3"] = kick[:, [8, 24]].mean(1)
    f["h_kick_odd"] = masked_mean(odd, kick)
    f["h_kick_run"] = (kick & np.roll(kick, 1, 1)).sum(1)
    f["h_backbeat"] = snare[:, BACKBEATS].mean(1)
    f["h_snare_odd"] = masked_mean(odd, snare)
    f["h_kick_with_snare"] = masked_mean(snare.astype(float), kick)
    f["h_time_steps"] = time.mean(1)
    f["h_time_8ths"] = time[:, ::2].mean(1)
    f["h_time_odd"] = masked_mean(odd, time)
    f["h_time_regular"] = regularity(time)
    of_one_voice = time_voices.sum(1).max(-1) / np.maximum(time_voices.sum((1, 2)), 1)
    f["h_time_one_voice"] = np.where(time.any(1), of_one_voice, np.nan)
    f["h_silent_steps"] = 1 - any_hit.mean(1)
    f["h_poly"] = voices_at_once.sum(1) / np.maximum(any_hit.sum(1), 1)
    f["h_poly3"] = (voices_at_once >= 3).mean(1)
    f["h_three_hands"] = three_hands(hits).mean(1)
    f["h_bar_same"] = jaccard(hits[:, :16], hits[:, 16:])
    f["h_bar_same_time"] = jaccard(time[:, :16], time[:, 16:])
    f["h_bar_equal"] = (hits[:, :16] == hits[:, 16:]).all((1, 2))
    f["h_sync_kick"] = syncopation(kick)
    f["h_sync_snare"] = syncopation(snare | toms)
    f["h_sync_time"] = syncopation(time | crash)
    f["h_open_hat"] = hits[..., OPEN_HAT].any(1)
    f["h_toms"] = toms.any(1)
    f["h_crash"] = crash.any(1)
    f["h_crash_on_1"] = crash[:, [0, 16]].any(1)
    f["h_fill_last_beat"] = (drums_at_end.sum(1) >= 3) | toms[:, 28:].any(1)
    f["h_last_beat_busy"] = voices_at_once[:, 28:].sum(1) - voices_at_once[:, 12:16].sum(1)
    return f


def place_features(cells: LoopCells) -> dict[str, Array]:
    """Return the 48 features of how often kick, snare and time-keepers play each of the 16 steps of a bar."""
    f: dict[str, Array] = {}
    for name, on in (("K", cells.kick), ("S", cells.snare), ("T", cells.time)):
        both_bars = on[:, :16].astype(float) + on[:, 16:]
        for step in range(16):
            f[f"p_{name}{step}"] = both_bars[:, step] / 2
    return f


def velocity_features(cells: LoopCells) -> dict[str, Array]:
    """Return the 18 features of how loud the hits are, and how that varies."""
    hits, velocities, kick, snare, time = cells.hits, cells.velocities, cells.kick, cells.snare, cells.time
    loudest_time = velocities[..., TIME_KEEPERS].max(-1)
    f: dict[str, Array] = {}
    f["v_mean"] = masked_mean(flat(velocities), flat(hits))
    f["v_std"] = masked_std(flat(velocities), flat(hits))
    lines = (
        ("kick", velocities[..., KICK], kick),
        ("snare", velocities[..., SNARE], snare),
        ("time", loudest_time, time),
    )
    for name, values, on in lines:
        f[f"v_mean_{name}"] = masked_mean(values, on)
        f[f"v_std_{name}"] = masked_std(values, on)
        f[f"v_beat_{name}"] = masked_mean(values, on & BEATS) - masked_mean(values, on & ~BEATS)
    snare_velocity = velocities[..., SNARE]
    f["v_ghosts"] = masked_mean((snare_velocity < GHOST).astype(float), snare)
    f["v_backbeat"] = masked_mean(snare_velocity, snare & BACKBEATS) - masked_mean(snare_velocity, snare & ~BACKBEATS)
    offbeat_eighths = STEPS % 4 == 2
    f["v_time_8ths"] = masked_mean(loudest_time, time & BEATS) - masked_mean(loudest_time, time & offbeat_eighths)
    f["v_kick_time_gap"] = masked_mean(np.abs(velocities[..., KICK] - loudest_time), kick & time)
    f["v_snare_time_gap"] = masked_mean(np.abs(snare_velocity - loudest_time), snare & time)
    levels = np.ceil(flat(velocities) * VELOCITY_LEVELS).astype(int)
    f["v_levels"] = np.array([len(np.unique(row[row > 0])) for row in levels]) / np.maximum(hits.sum((1, 2)), 1)
    f["v_bar_gap"] = bar_gap(velocities, hits)
    return f


def timing_features(cells: LoopCells) -> dict[str, Array]:
    """Return the 15 features of where the hits lie beside the grid."""
    hits, offsets, kick, snare, time = cells.hits, cells.offsets, cells.kick, cells.snare, cells.time
    time_voices = hits[..., TIME_KEEPERS]
    time_offset = (offsets[..., TIME_KEEPERS] * time_voices).sum(-1) / np.maximum(time_voices.sum(-1), 1)
    f: dict[str, Array] = {}
    mean = f["t_mean"] = masked_mean(flat(offsets), flat(hits))
    f["t_std"] = masked_std(flat(offsets), flat(hits))
    f["t_abs"] = masked_mean(flat(np.abs(offsets)), flat(hits))
    for name, values, on in (
        ("kick", offsets[..., KICK], kick),
        ("snare", offsets[..., SNARE], snare),
        ("time", time_offset, time),
    ):
        f[f"t_mean_{name}"] = masked_mean(values, on) - mean
        f[f"t_std_{name}"] = masked_std(values, on)
    f["t_swing"] = masked_mean(time_offset, time & ODD) - masked_mean(time_offset, time & ~ODD)
    kick_from_time = np.abs(offsets[..., KICK] - time_offset)
    f["t_kick_time_gap"] = masked_mean(kick_from_time, kick & time)
    f["t_snare_time_gap"] = masked_mean(np.abs(offsets[..., SNARE] - time_offset), snare & time)
    f["t_together"] = masked_mean((kick_from_time < ONE_TICK).astype(float), kick & time)
    f["t_on_grid"] = masked_mean(flat(np.abs(offsets) < 0.01).astype(float), flat(hits))
    f["t_bar_gap"] = bar_gap(offsets, hits)
    return f


def syncopation(on: Bools) -> NDArray[np.float64]:
    """Return the syncopation a bar of single lines (n, 32), after Longuet-Higgins and Lee (1984).

    A note on a weak step followed by silence on a stronger one counts the difference of their weights. The loop goes
    round, so the silence after the last note lasts until the first.
    """
    until_next = np.full((len(on), 32), 32.0)
    twice = np.concatenate([on, on], 1)
    for lag in range(32, 0, -1):
        until_next = np.where(twice[:, lag : lag + 32], lag, until_next)
    strongest_rest = np.where(until_next > 4 - STEPS % 4, 0, np.where(until_next > 2 - STEPS % 2, -1, -2))
    per_note = np.maximum(strongest_rest - METRICAL_WEIGHT[STEPS % 16], 0)
    syncopations: NDArray[np.float64] = (per_note * on).sum(1) / 2
    return syncopations


def regularity(on: Bools) -> NDArray[np.float64]:
    """Return the share of hits of lines (n, 32) that repeat at the best distance of 1 to 4 steps; 0 under four hits."""
    repeats = np.stack([(on & np.roll(on, lag, 1)).sum(1) for lag in (1, 2, 3, 4)]).max(0)
    return np.where(on.sum(1) >= 4, repeats / np.maximum(on.sum(1), 1), 0)


def jaccard(a: Bools, b: Bools) -> NDArray[np.float64]:
    """Return, for each of n pairs of arrays, the cells that both play over the cells that any plays; 1 if none does."""
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    union = (a | b).sum(1)
    return np.where(union > 0, (a & b).sum(1) / np.maximum(union, 1), 1.0)


def masked_mean(values: Array, mask: Bools) -> NDArray[np.float64]:
    """Return the mean over the last axis of what the mask lets through, NaN where that is nothing."""
    return _over_count((values * mask).sum(-1), mask, least=1)


def masked_std(values: Floats, mask: Bools) -> NDArray[np.float64]:
    """Return the standard deviation over the last axis of what the mask lets through, NaN under two values."""
    distance = values - np.nan_to_num(masked_mean(values, mask))[..., None]
    return np.sqrt(_over_count((distance**2 * mask).sum(-1), mask, least=2))


def _over_count(total: Floats, mask: Bools, least: int) -> NDArray[np.float64]:
    count = mask.sum(-1)
    return np.where(count >= least, total / np.maximum(count, 1), np.nan)


def bar_gap(values: Floats, hits: Bools) -> NDArray[np.float64]:
    """Return how far apart the values of bar 1 and bar 2 are on the average, at the cells that both bars play."""
    return masked_mean(flat(np.abs(values[:, :16] - values[:, 16:])), flat(hits[:, :16] & hits[:, 16:]))


def flat(values: Array) -> Array:
    """Return (n, anything) of (n, ...)."""
    return values.reshape(len(values), -1)
