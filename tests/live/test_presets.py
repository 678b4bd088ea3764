"""Presets play what their names say: each name that makes a claim, and what a drummer makes of it in sixteen bars."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest

import groovelive as gl

BARS = 16
KICK, SNARE, HAT, OPEN, LOW, MID, HIGH, RIDE = 0, 1, 2, 3, 4, 5, 6, 8
Played = tuple[np.ndarray, np.ndarray]  # hits and velocities, (bars, 16, 9)


@functools.cache
def played(name: str) -> Played:
    with gl.open(realtime=False) as live:
        live.d1.z = name
        live.run(bars=BARS)
        hits, velocities = np.zeros((2, BARS, 16, 9))
        for event in live.last(BARS).events:
            where = (*divmod(event.step, 16), event.voice)
            hits[where], velocities[where] = 1, event.velocity
    return hits, velocities


def share(hits: np.ndarray, voice: int, *steps: int) -> float:
    """Return in which share of the bars a voice is hit, on all these steps together."""
    return float(hits[:, list(steps), voice].mean())


def on_the_clave(p: Played) -> bool:
    """Whether the snare plays a 3-2 son clave, over two bars, and little else."""
    snare = p[0][:, :, SNARE].reshape(-1, 32)
    on = [0, 6, 12, 20, 24]
    off = [k for k in range(32) if k not in on]
    return bool(snare[:, on].mean() > 0.7 and snare[:, off].mean() < 0.1)


def triplets(p: Played) -> float:
    """Return how many of the off-beats of hats and ride lie late in the beat, and not in its middle."""
    cymbals = p[0][:, :, [HAT, RIDE]].any(2).reshape(-1, 4)
    return float(cymbals[:, 3].sum() / cymbals[:, 2:].sum())


CLAIMS: dict[str, Callable[[Played], bool]] = {
    "straight ahead": lambda p: share(p[0], SNARE, 4, 12) > 0.9 and share(p[0], HAT, *range(0, 16, 4)) > 0.8,
    "halftime": lambda p: share(p[0], SNARE, 8) > 0.9 and share(p[0], SNARE, 4, 12) < 0.1,
    "tom ride": lambda p: p[0][:, :, [LOW, MID, HIGH]].sum() / BARS >= 6,
    "tight pocket": lambda p: share(p[0], SNARE, 4, 12) > 0.9 and share(p[0], KICK, 0) > 0.9,
    "ghost notes": lambda p: bool(((p[1][:, :, SNARE] > 0) & (p[1][:, :, SNARE] < 0.5)).sum() / BARS >= 3),
    "late night": lambda p: bool(p[1][p[0] > 0].mean() < 0.45),
    "ride out": lambda p: share(p[0], RIDE, 0, 4, 8, 12) > 0.9,
    "clave": on_the_clave,
    "second line": lambda p: share(p[0], SNARE, *range(16)) > 0.8,
    "four on the floor": lambda p: share(p[0], KICK, 0, 4, 8, 12) > 0.9,
    "after hours": lambda p: bool(p[1][p[0] > 0].mean() < 0.45),
    "backbeat": lambda p: share(p[0], SNARE, 4, 12) > 0.9,
    "slow burn": lambda p: bool(p[1][p[0] > 0].mean() < 0.45) and share(p[0], SNARE, 4, 12) > 0.9,
    "one drop": lambda p: share(p[0], KICK, 0) < 0.1 and share(p[0], SNARE, 8) > 0.9,
    "shuffle": lambda p: triplets(p) > 0.8,
    "train beat": lambda p: share(p[0], SNARE, *range(16)) > 0.9,
    "sunday": lambda p: share(p[0], SNARE, 4, 12) > 0.9 and bool((p[0].sum((1, 2)) > 5).all()),
    "head nod": lambda p: share(p[0], SNARE, 4, 12) > 0.9,
    "boom": lambda p: share(p[0], SNARE, 4, 12) > 0.9 and share(p[0], KICK, 0) > 0.9,
    "carnival": lambda p: share(p[0], KICK, 0, 4, 8, 12) > 0.9,
}
# Names of places and occasions: of them it is asked that they play in every bar.
PLACES = (
    "plaza", "lagos", "open air", "callejon", "street parade", "radio", "basement", "coast road", "caravan",
)  # fmt: skip


def test_every_preset_is_accounted_for() -> None:
    assert sorted((*CLAIMS, *PLACES)) == sorted(gl.load().presets)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_preset_plays_what_its_name_says(name: str) -> None:
    assert CLAIMS[name](played(name))


@pytest.mark.parametrize("name", PLACES)
def test_a_preset_plays_in_every_bar(name: str) -> None:
    assert (played(name)[0].sum((1, 2)) > 5).all()
