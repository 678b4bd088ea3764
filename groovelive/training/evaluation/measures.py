"""Measures of how alike two samples are, and of how a pattern lies on another."""

from __future__ import annotations

import numpy as np

from .features import Array, Bools, Floats, jaccard, masked_mean, plays
from .voices import CLOSED_HAT, CRASH, KICK, OPEN_HAT, RIDE, SNARE, TOMS


def auc(scores: Floats, labels: Array) -> float:
    """Return the area under the ROC curve: how often a positive scores above a negative, ties counting a half.

    >>> auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([0, 0, 1, 1]))
    0.875
    """
    order = np.argsort(scores, kind="stable")
    rank = np.empty(len(scores))
    rank[order] = np.arange(1, len(scores) + 1)
    _, value, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.bincount(value, rank) / count)[value]
    positives = int(labels.sum())
    negatives = len(labels) - positives
    return float((rank[labels > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def frechet(real: Floats, made: Floats) -> float:
    """Return the Fréchet distance of two Gaussians, per feature.

    Both samples are standardised by the real one. A NaN counts as the real mean; made values are cut off at 8 standard
    deviations; features that are constant in the real sample are left out.

    Args:
        real: (n, k) features of what drummers played.
        made: (m, k) features of what is judged.
    """
    mean, std = np.nanmean(real, 0), np.nanstd(real, 0)
    varies = std > 1e-6
    a, b = ((np.where(np.isfinite(x), x, mean) - mean)[:, varies] / std[varies] for x in (real, made))
    b = b.clip(-8, 8)
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.linalg.eigvalsh(root @ cov_b @ root).clip(0)
    distance = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * np.sqrt(shared).sum()
    return float(distance / varies.sum())


def overlap(real: Floats, made: Floats) -> float:
    """Return the overlapping area, 0..1, of the histograms of one feature in two samples.

    Ten equal bins between the 1st and the 99th percentile of the real sample; the outer two are open. NaNs are left
    out.
    """
    real, made = real[np.isfinite(real)], made[np.isfinite(made)]
    if not len(real) or not len(made):
        return 1.0 if len(real) == len(made) else 0.0
    low, high = np.quantile(real, [0.01, 0.99])
    high = high if high > low else low + 1e-3
    edges = np.r_[-np.inf, np.linspace(low, high, 11)[1:-1], np.inf]
    p, q = np.histogram(real, edges)[0] / len(real), np.histogram(made, edges)[0] / len(made)
    return float(np.minimum(p, q).sum())


def phi(a: Array, b: Array) -> float:
    """Return the correlation of two binary arrays of one shape, 0 where either is constant."""
    a, b = a.ravel().astype(float), b.ravel().astype(float)
    spread = a.std() * b.std()
    return float(((a * b).mean() - a.mean() * b.mean()) / spread) if spread > 0 else 0.0


def hits_f1(played: Bools, truth: Bools) -> float:
    """Return the F1 of hits over all cells: 2 TP / (2 TP + FP + FN)."""
    return float(2 * (played & truth).sum() / max(played.sum() + truth.sum(), 1))


def four_groups(hits: Bools) -> Bools:
    """Return (..., 4): kick, snare, time-keepers with crash, toms, of hits (..., 9)."""
    cymbals = plays(hits, [CLOSED_HAT, OPEN_HAT, CRASH, RIDE])
    return np.stack([hits[..., KICK], hits[..., SNARE], cymbals, plays(hits, TOMS)], -1)


def between_groups(hits: Bools, groups: Array, random: np.random.Generator) -> float:
    """Return the mean Jaccard distance of the hits of 2,000 random pairs of loops (n, 32, 9) out of unlike groups."""
    first, second = random.integers(0, len(hits), (2, 2000))
    apart = groups[first] != groups[second]
    return float(1 - jaccard(hits[first[apart]], hits[second[apart]]).mean())


def variety(series: Floats) -> dict[str, float]:
    """Measure how much loops in a row vary.

    Args:
        series: (n, k, 32, 27), n times k loops in a row.

    Returns:
        loops_apart: the mean Jaccard distance of the hits of two loops; loops_equal: the share of loops whose hits
            equal
        those of the first; loops_velocity: how far apart the velocities are at cells that both play.
    """
    hits = series[..., :9] > 0.5
    n, count = hits.shape[:2]
    apart, velocities = [], []
    for a in range(count):
        for b in range(a + 1, count):
            apart.append(1 - jaccard(hits[:, a], hits[:, b]))
            both = (hits[:, a] & hits[:, b]).reshape(n, -1)
            gap = np.abs(series[:, a, :, 9:18] - series[:, b, :, 9:18]).reshape(n, -1)
            velocities.append(masked_mean(gap, both))
    equal = (hits[:, 1:] == hits[:, :1]).all((2, 3)).mean()
    known = np.concatenate(velocities)
    return {
        "loops_apart": float(np.mean(apart)),
        "loops_equal": float(equal),
        "loops_velocity": float(np.nanmean(known)) if np.isfinite(known).any() else float("nan"),
    }
