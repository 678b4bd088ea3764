"""Taps as arrays: what may be given as one, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GrooveError
from ..grooves.groove import STEPS_PER_BAR, Groove

Floats = NDArray[np.float32]
Tap = Groove | str | ArrayLike
STEPS = 32  # of a loop: two bars


def as_array(values: Any, name: str) -> Floats:
    """Return finite numbers as float32."""
    try:
        array = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise GrooveError(f"{name} must be an array of numbers: {error}") from None
    if not np.isfinite(array).all():
        raise GrooveError(f"{name} must hold finite numbers; NaN or infinity is among them")
    return array


def check_taps(taps: Floats) -> Floats:
    """Return taps (..., 3) if they are in range."""
    rows = taps.reshape(-1, 3)
    hit, velocity, offset = rows.T
    if np.count_nonzero(hit * hit == hit) < hit.size:  # (counting is the quickest way to ask for all)
        raise GrooveError("the hits of a tap must be 0 or 1")
    if np.count_nonzero((velocity * velocity <= velocity) & (np.abs(offset) <= 0.5)) < hit.size:
        raise GrooveError("the velocities of a tap must lie from 0 to 1 and its offsets from -0.5 to 0.5")
    return taps


def loops_of(tap: Tap) -> tuple[list[Floats], int]:
    """Return the taps (32, 3) of each loop, and how many bars were given."""
    if isinstance(tap, str):
        tap = Groove.of(tap)
    if isinstance(tap, Groove):
        whole = tap.tap()
        rest = -len(whole) % STEPS
        if rest:
            whole = np.concatenate([whole, whole[-STEPS_PER_BAR:]])
        return [whole[i : i + STEPS] for i in range(0, len(whole), STEPS)], tap.bars
    array = as_array(tap, "a tap")
    if array.shape != (STEPS, 3):
        raise GrooveError(f"a tap must have the shape (32, 3), not {array.shape}")
    return [check_taps(array)], STEPS // STEPS_PER_BAR


def one_loop(tap: Tap) -> Floats:
    """Return a tap of one loop, (1, 32, 3)."""
    loops, bars = loops_of(tap)
    if len(loops) > 1:
        raise GrooveError(f"a latent stands for two bars, not {bars}; slice the groove, as in groove[:2]")
    return loops[0][None]


def batch_of(taps: Any) -> Floats:
    """Return a batch of taps, (n, 32, 3)."""
    if isinstance(taps, Groove | str):
        raise GrooveError("predict takes a batch of taps, (n, 32, 3); for one tap use drum")
    if not isinstance(taps, np.ndarray):
        taps = [one_loop(t)[0] if isinstance(t, Groove | str) else t for t in taps]
    array = as_array(taps, "taps")
    if array.ndim != 3 or array.shape[1:] != (STEPS, 3) or not len(array):
        raise GrooveError(f"taps must have the shape (n, 32, 3), not {array.shape}")
    return check_taps(array)


def hardened(guides: Floats) -> Floats:
    """Return taps whose hits are 0 or 1, silent where there is none, of taps whose hits are probabilities."""
    hit = guides[..., :1] >= 0.5
    return np.concatenate([hit, guides[..., 1:] * hit], -1, dtype=np.float32)
