"""Ways through the latent space: the points between two latents, and even steps along what they play."""

from __future__ import annotations

import numpy as np

from ..grooves.groove import Groove
from .decoding import Bools, Floats


def between(a: Floats, b: Floats, at: Floats, path: str) -> Floats:
    """Return the points (n, z) at 0..1 of the way from a to b, in a line or along the sphere."""
    if path == "slerp":
        norms = float(np.linalg.norm(a) * np.linalg.norm(b))
        angle = np.arccos(np.clip(float(a @ b) / max(norms, 1e-9), -1, 1))
        if angle > 1e-3 and np.pi - angle > 1e-3:  # else the sphere's way is the line, or any
            return ((np.sin((1 - at) * angle) * a + np.sin(at * angle) * b) / np.sin(angle)).astype(np.float32)
    return ((1 - at) * a + at * b).astype(np.float32)


def even_walk(hits: Bools, v: Floats, o: Floats, steps: int) -> tuple[list[Groove], list[int]]:
    """Lay `steps` grooves along a fine path so that each differs from the last in about as many cells.

    A cell that ends as it began stays so; one that changes does so once, in the order in which the path changes
    them for good, and of those that change together the earlier step first.

    Returns:
        The grooves, and where on the path each lies.
    """
    first, last, fine = hits[0], hits[-1], len(hits)
    turn = (hits != last).sum(0).ravel()  # how long a cell is still as at the start
    changing = np.flatnonzero((first != last).ravel())
    changing = changing[np.argsort(turn[changing], kind="stable")]
    count = len(changing)
    at = np.zeros(first.size, int)  # the step of the walk at which a cell changes
    at[changing] = 1 + np.arange(count) * (steps - 1) // max(count, 1)
    if count:
        reached = -(-np.arange(1, steps - 1) * count // (steps - 1)) - 1
        picks = [0, *turn[changing[reached]].clip(0, fine - 1).tolist(), fine - 1]
    else:
        picks = np.linspace(0, fine - 1, steps).round().astype(int).tolist()
    grooves = []
    for step, i in enumerate(picks):
        mask = np.where(at.reshape(first.shape) > step, first, last)
        # A cell that the path itself has not on here sounds as at that end of the walk where it is on.
        end = np.where(first, 0, fine - 1)
        feel = [np.where(hits[i], a[i], np.take_along_axis(a, end[None], 0)[0]) * mask for a in (v, o)]
        grooves.append(Groove._trusted(mask.astype(np.float32), *feel))
    return grooves, picks
