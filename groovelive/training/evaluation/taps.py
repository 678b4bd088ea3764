"""The rhythms that a drummer is fed in the evaluation: flattened, evened out, typed; and how drums lie on them.

A tap is (32, 3): hit, velocity, offset of two bars; here always n of them, (n, 32, 3).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .features import Bools, FeatureTable, Floats, flat, masked_mean, plays
from .voices import CRASH, KICK, SNARE, TIME_KEEPERS

_TYPED = """
x..x..x. x...x...x...x... ....x.......x... x.x.x.x.x.x.x.x. x............... x.......x....... x..x...x..x.x...
x..x..x...x..x.. x..x..x..x..x.x. x.x.xx.x.x.xx.x. x.xx.xx. x....x....x..... x.xx.x.xx.xx.x.. x...x..x..x...x.
x..x....x..x.... x.....x...x..... x.......x..x.... x..x..x.....x... xx....x...x..... ..x...x...x..xx. .x...x...x...x..
.x.x.x.x.x.x.x.x x..xx..xx..xx..x xx.xx.xx.xx.xx.. xxx.xxx.xxx.xxx. x..x.x..x..x.x.. x...x...x...x.xx X..x..x.X..x..x.
x.X.x.X.x.X.x.X. X...x...X...x... X.xxX.xxX.xxX.xx xxXxxxXxxxXxxxXx x.......x.......x.......x..x.x..
x..x..x...x.x...x..x..x...x.xxxx x.......................x....... ........x...............x......x
x..x..x..x..x..x..x..x..x..x..x. x.x..x.x..x.x..x.x..x.x..x.x..x. x.....x.....x.....x.....x.....x.
......x.......x.......x.........
"""
RHYTHMS = tuple(_TYPED.split())
"""What a live coder types: 16 or 32 steps, or what divides them; x is a hit, X an accent."""

SOFT, HARD = 0.8, 1.0  # the velocities of a typed hit and of a typed accent


def typed(rhythm: str) -> NDArray[np.float32]:
    """Return the tap (32, 3) of a typed rhythm, which goes round until two bars are full.

    >>> typed("X..x")[:4, 1]
    array([1. , 0. , 0. , 0.8], dtype=float32)
    """
    tap = np.zeros((32, 3), np.float32)
    for step in range(32):
        letter = rhythm[step % len(rhythm)]
        if letter in "xX":
            tap[step] = 1, HARD if letter == "X" else SOFT, 0
    return tap


def flattened(loops: Floats, voices: Iterable[int] = range(9)) -> NDArray[np.float32]:
    """Return the taps of loops (n, 32, 27), or of some of their voices: of each step its loudest hit."""
    some = list(voices)
    hits = loops[..., some]
    velocities = loops[..., [9 + v for v in some]] * hits
    offsets = loops[..., [18 + v for v in some]] * hits
    loudest = (velocities + hits).argmax(-1)[..., None]
    parts = [np.take_along_axis(part, loudest, -1)[..., 0] for part in (velocities, offsets)]
    return np.stack([hits.max(-1), *parts], -1).astype(np.float32)


def evened(taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the taps as if typed: all hits at one velocity and on the grid."""
    even = taps.copy()
    even[..., 1] = SOFT * even[..., 0]
    even[..., 2] = 0
    return even


def accents(taps: Floats) -> Bools:
    """Return the steps (n, 32) of each tap's accents: its loudest quarter of hits; all of them where all are equal."""
    on = taps[..., 0] > 0
    velocity = np.where(on, taps[..., 1], np.nan)
    return on & (velocity >= np.nanpercentile(velocity, 75, axis=-1, keepdims=True) - 1e-6)


def answer_features(taps: Floats, loops: ArrayLike) -> FeatureTable:
    """Describe how loops answer their taps.

    Args:
        taps: (n, 32, 3), each with a hit.
        loops: (n, 32, 27), the drums that were played to them.

    Returns:
        Twelve features of the prefix `c_`: shares of the tap's hits or accents that some voices answer, of the hits
        of some voices that lie on the tap, of all hits that lie off it, and of its silent steps that are filled.
    """
    on, accented = taps[..., 0] > 0, accents(taps)
    hits = np.asarray(loops)[..., :9] > 0.5
    kick, snare = hits[..., KICK], hits[..., SNARE]
    strong = kick | snare | hits[..., CRASH]
    time = plays(hits, TIME_KEEPERS)
    any_hit = plays(hits)

    def share(these: Bools, of: Bools) -> NDArray[np.float64]:
        return masked_mean(these.astype(float), of)

    on_tap = np.repeat(on[..., None], 9, 2)
    table = {
        "c_tap_hits": on.sum(1),
        "c_answered": share(any_hit, on),
        "c_accent_strong": share(strong, accented),
        "c_accent_kick": share(kick, accented),
        "c_accent_snare": share(snare, accented),
        "c_tap_strong": share(strong, on),
        "c_strong_on_tap": share(on, strong),
        "c_kick_on_tap": share(on, kick),
        "c_snare_on_tap": share(on, snare),
        "c_time_on_tap": share(on, time),
        "c_off_tap": 1 - share(flat(on_tap), flat(hits)),
        "c_silent_filled": share(any_hit, ~on),
    }
    return {name: np.asarray(values, np.float64) for name, values in table.items()}
