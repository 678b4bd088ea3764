"""What is measured of a groove model, each figure defined once; used by training and by `groovelive evaluate`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


def f1(played: Bools, truth: Bools) -> float:
    """Return the F1 of hits over all cells: 2 TP / (2 TP + FP + FN)."""
    return float(2 * (played & truth).sum() / max(played.sum() + truth.sum(), 1))


def mae_at(values: Floats, truth: Floats, hvo: Floats) -> float:
    """Return the mean absolute error over the cells whose true hit is 1; `hvo` (n, 32, 27) has these hits."""
    hit = hvo[..., :9] > 0
    return float(np.abs(values - truth)[hit].mean())


def scores(played: Bools, velocities: Floats, offsets: Floats, hvo: Floats) -> dict[str, Any]:
    """Compare patterns with the drums that were played to the same taps.

    Args:
        played: (n, 32, 9), the hits that the model plays.
        velocities: (n, 32, 9), for every cell, also where it plays no hit.
        offsets: (n, 32, 9), in steps, likewise.
        hvo: (n, 32, 27), the truth.

    Returns:
        precision, recall, f1, accuracy and mcc over all n * 32 * 9 cells; velocity_mae and offset_mae over the
        cells whose true hit is 1; density (hits per loop) and density_error (mean |hits - true hits| per loop);
        agreement (share of steps whose any-hit flag equals the tap's); offset_std_ratio and
        velocity_mean_ratio (of the played hits, over that of the true hits); instruments (voices used per
        loop); voice_f1 (nine values).
    """
    truth = hvo[..., :9] > 0
    tp, fp = float((played & truth).sum()), float((played & ~truth).sum())
    fn, tn = float((~played & truth).sum()), float((~played & ~truth).sum())
    spread = max(((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5, 1.0)
    true_v, true_o = hvo[..., 9:18], hvo[..., 18:]
    heard = played if played.any() else truth
    return {
        "precision": tp / max(tp + fp, 1),
        "recall": tp / max(tp + fn, 1),
        "f1": f1(played, truth),
        "accuracy": (tp + tn) / played.size,
        "mcc": (tp * tn - fp * fn) / spread,
        "velocity_mae": mae_at(velocities, true_v, hvo),
        "offset_mae": mae_at(offsets, true_o, hvo),
        "density": float(played.sum((1, 2)).mean()),
        "density_error": float(np.abs(played.sum((1, 2)) - truth.sum((1, 2))).mean()),
        "agreement": float((played.any(-1) == truth.any(-1)).mean()),
        "offset_std_ratio": float(offsets[heard].std() / true_o[truth].std()),
        "velocity_mean_ratio": float(velocities[heard].mean() / true_v[truth].mean()),
        "instruments": float(played.any(1).sum(1).mean()),
        "voice_f1": [round(f1(played[..., v], truth[..., v]), 4) for v in range(9)],
    }
