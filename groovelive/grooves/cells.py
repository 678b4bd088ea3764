"""Cells of a groove, a voice at a step each: which of them stay as they are, and which must be silent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..errors import GrooveError
from .grid import STEPS_PER_BAR, VOICES, voice_indices
from .groove import Groove

Floats = NDArray[np.float32]
_V = len(VOICES)


def held_and_silent(keep: Groove | None, locks: Any, steps: int, forbid: Any = None) -> tuple[Floats, Floats] | None:
    """Return which cells are settled, (steps, 9) 0 or 1, and as what, (steps, 27); None where none is.

    Args:
        keep: where the cells that stay are taken from.
        locks: voices, groups, steps from 0; or an array (steps, 9) of the cells that stay.
        steps: of the answer.
        forbid: an array (steps, 9) of cells that must be silent.

    Raises:
        GrooveError: one is missing or of another length, or names what there is not.

    >>> cells, played = held_and_silent(Groove.of("bd sn"), ["kick"], 32) or (None, None)
    >>> cells.sum(0).tolist()
    [32.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    cells = np.zeros((steps, _V), bool)
    played = np.zeros((steps, 3 * _V), np.float32)
    names: list[Any] = []
    if isinstance(locks, np.ndarray) and locks.ndim == 2:
        cells |= _mask(locks, steps, "locks")
    else:
        names = [locks] if isinstance(locks, str) or checks.is_whole(locks) else list(locks)
    for lock in names:
        if isinstance(lock, str):
            cells[:, list(voice_indices(lock))] = True
        elif checks.is_whole(lock) and 0 <= lock < steps:
            cells[lock] = True
        else:
            raise GrooveError(f"a lock is a voice, a group or a step from 0 to {steps - 1}, not {lock!r}")
    if keep is None and cells.any():
        raise GrooveError("locks need keep=, the groove whose voices or steps stay")
    if keep is not None:
        if not cells.any():
            raise GrooveError("keep needs locks=, the voices or steps of it that stay")
        if keep.steps != steps:
            raise GrooveError(f"keep must last as long as the answer, {steps // STEPS_PER_BAR} bars, not {keep.bars}")
        played = keep.hvo.astype(np.float32) * np.tile(cells, 3)
    if forbid is not None:
        silent = _mask(np.asarray(forbid), steps, "forbid")
        cells |= silent
        played = np.where(np.tile(silent, 3), 0, played).astype(np.float32)
    return (cells.astype(np.float32), played) if cells.any() else None


def _mask(array: Any, steps: int, name: str) -> NDArray[np.bool_]:
    if array.shape != (steps, _V):
        raise GrooveError(f"{name} must name voices and steps, or have the shape ({steps}, {_V}), not {array.shape}")
    if array.dtype.kind not in "biuf":
        raise GrooveError(f"{name} must hold numbers or True and False, not {array.dtype}")
    mask: NDArray[np.bool_] = array > 0
    return mask
