"""Many answers to one rhythm, to choose from: each with its measures, and their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .compare import distance
from .features import features
from .groove import Groove

By = Literal["drawn", "density", "syncopation", "distance", "likely", "spread"]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One of many answers.

    Args:
        groove: the drums.
        variant: its number among the answers of one seed; `seed` and `variant` draw it again.
        density: hits a step.
        syncopation: as `Groove.features` measures it.
        distance: in hits, to the groove that it was compared with; 0 where there was none.
        nats: how surprising its hits were to the player, a step.
    """

    groove: Groove
    variant: int
    density: float
    syncopation: float
    distance: float
    nats: float


def measured(groove: Groove, variant: int, nats: float, like: Groove | None = None) -> Candidate:
    """Return an answer with its measures.

    Args:
        groove: the answer.
        variant: its number.
        nats: how surprising its hits were.
        like: the groove that it is compared with.
    """
    apart = 0.0 if like is None or like.steps != groove.steps else distance(groove, like)
    return Candidate(groove, variant, len(groove) / groove.steps, features(groove).syncopation, apart, nats)


def ordered(found: Sequence[Candidate], by: By) -> list[Candidate]:
    """Return candidates in the order of a measure.

    Args:
        found: as they were drawn.
        by: "drawn"; from the least to the most "density", "syncopation" or "distance"; "likely", the least surprising
            first; or "spread", each as far as can be from those before it.
    """
    if by == "drawn":
        return list(found)
    if by == "spread":
        return _spread(found)
    keys = {"density": "density", "syncopation": "syncopation", "distance": "distance", "likely": "nats"}
    return sorted(found, key=lambda one: float(getattr(one, keys[by])))


def _spread(found: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates so that each next one is the farthest from those before it (Gonzalez 1985)."""
    hits = np.stack([one.groove.hits.ravel() > 0 for one in found])
    either = np.maximum((hits[:, None] | hits[None]).sum(2), 1)
    apart = 1 - (hits[:, None] & hits[None]).sum(2) / either
    order = [int(np.argmin([one.nats for one in found]))]
    nearest = apart[order[0]].copy()
    while len(order) < len(found):
        nearest[order] = -1
        order.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, apart[order[-1]])
    return [found[i] for i in order]
