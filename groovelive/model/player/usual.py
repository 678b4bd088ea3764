"""What drummers usually play of each group, by genre; and what a musician's words for "how much" tell the player.

The table holds hits a step of kick, snare, hats, toms and cymbals: means over the training split of the Groove MIDI
Dataset (`groovelive train player` prints them with its data).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...grooves.grid import GROUPS, VOICES
from .conditions import Floats

_ANY = (0.231, 0.324, 0.349, 0.089, 0.174)
_HITS: dict[str, tuple[float, ...]] = {
    "afrobeat": (0.301, 0.385, 0.478, 0.035, 0.195),
    "afrocuban": (0.208, 0.317, 0.320, 0.115, 0.304),
    "blues": (0.348, 0.399, 0.398, 0.098, 0.339),
    "country": (0.170, 0.605, 0.212, 0.053, 0.046),
    "dance": (0.259, 0.258, 0.644, 0.021, 0.060),
    "funk": (0.245, 0.375, 0.485, 0.037, 0.095),
    "gospel": (0.120, 0.327, 0.101, 0.173, 0.091),
    "highlife": (0.278, 0.566, 0.329, 0.082, 0.386),
    "hiphop": (0.250, 0.257, 0.485, 0.046, 0.055),
    "jazz": (0.142, 0.255, 0.170, 0.105, 0.206),
    "latin": (0.285, 0.407, 0.330, 0.134, 0.227),
    "middleeastern": (0.219, 0.367, 0.426, 0.024, 0.097),
    "neworleans": (0.310, 0.646, 0.355, 0.081, 0.049),
    "pop": (0.177, 0.201, 0.248, 0.094, 0.141),
    "punk": (0.293, 0.375, 0.229, 0.159, 0.072),
    "reggae": (0.209, 0.302, 0.514, 0.041, 0.008),
    "rock": (0.214, 0.252, 0.324, 0.096, 0.192),
    "soul": (0.205, 0.285, 0.328, 0.062, 0.153),
}
# How a group's hits grow with each word, as powers of two from the middle to the end of its range.
_COMPLEXITY = (0.7, 1.0, 0.4, 0.8, 0.2)
_INTENSITY = (0.4, 0.2, 0.3, 0.6, 1.2)


def usual_density(genres: Mapping[str, float]) -> Floats:
    """Return the hits a step of each group that drummers play in genres, (5,).

    >>> [f"{hits:.2f}" for hits in usual_density({"dance": 1.0})]
    ['0.26', '0.26', '0.64', '0.02', '0.06']
    """
    if not genres:
        return np.array(_ANY, np.float32)
    total = sum(genres.values())
    return np.sum([np.array(_HITS.get(name, _ANY)) * weight / total for name, weight in genres.items()], 0, np.float32)


def told_density(
    genres: Mapping[str, float],
    density: float | Mapping[str, float] | None = None,
    absent: tuple[str, ...] = (),
    complexity: float = 0.5,
    intensity: float = 0.5,
) -> tuple[dict[str, float], tuple[int, ...]]:
    """Return the densities to tell a player, by group, and the voices that must be silent.

    Nothing is told where nothing is asked: then the genre and what was played decide.

    Args:
        genres: weights by name.
        density: of all, 0..1 of two hits a step; or hits a step by group and voice.
        absent: groups that shall not be played.
        complexity: 0..1, .5 as usual: more kick and snare, and what lies between the beats.
        intensity: 0..1, .5 as usual: more cymbals and toms.

    >>> told, silent = told_density({}, {"kick": 0.25, "ride": 0})
    >>> told, silent
    ({'kick': 0.25}, (8,))
    >>> told_density({}, 0.0)[0] == dict.fromkeys(GROUPS, 0.0)
    True
    """
    usual = usual_density(genres)
    grown = 2.0 ** (
        (complexity - 0.5) * 2 * np.array(_COMPLEXITY) + (intensity - 0.5) * 2 * np.array(_INTENSITY)
    )  # fmt: skip
    told: dict[str, float] = {}
    if density is not None and not isinstance(density, Mapping):
        grown = grown * (2 * density / usual.sum())
    if (grown != 1).any():
        told = {name: float(min(hits, 1.0)) for name, hits in zip(GROUPS, usual * grown, strict=True)}
    silent: list[int] = []
    if isinstance(density, Mapping):
        by_group: dict[str, float] = {}
        for name, hits in density.items():
            if (name in GROUPS and len(GROUPS[name]) > 1) or name in ("kick", "snare"):
                told[name] = float(hits)
                continue
            voice = VOICES.index(name)
            group = next(group for group, voices in GROUPS.items() if voice in voices)
            if hits == 0:
                silent.append(voice)
            else:
                by_group[group] = by_group.get(group, 0.0) + float(hits)
        for group, hits in by_group.items():
            if group not in density:
                told[group] = min(hits, 1.0)
    for group in absent:
        told[group] = 0.0
    return told, tuple(silent)
