"""What the player usually plays of each group, by genre; and what a musician's words for "how much" tell it.

The table holds hits a step of kick, snare, hats, toms and cymbals: means of 24 loops that the shipped player answers
to six typed rhythms with nothing told but the genre (tests/model/player/test_player_usual.py measures them again). So
a word in the middle of its range changes nothing, and a little more of it a little.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...grooves.grid import GROUPS, VOICES
from .conditions import Floats

_ANY = (0.288, 0.335, 0.438, 0.018, 0.082)
_HITS: dict[str, tuple[float, ...]] = {
    "afrobeat": (0.310, 0.340, 0.493, 0.000, 0.155),
    "afrocuban": (0.240, 0.350, 0.279, 0.042, 0.290),
    "blues": (0.359, 0.599, 0.513, 0.040, 0.197),
    "country": (0.219, 0.469, 0.223, 0.027, 0.137),
    "dance": (0.299, 0.240, 0.647, 0.005, 0.043),
    "funk": (0.281, 0.272, 0.553, 0.004, 0.021),
    "gospel": (0.236, 0.435, 0.271, 0.038, 0.206),
    "highlife": (0.286, 0.368, 0.391, 0.017, 0.290),
    "hiphop": (0.286, 0.160, 0.423, 0.026, 0.064),
    "jazz": (0.202, 0.309, 0.201, 0.035, 0.253),
    "latin": (0.316, 0.406, 0.314, 0.065, 0.220),
    "middleeastern": (0.242, 0.371, 0.424, 0.031, 0.174),
    "neworleans": (0.301, 0.548, 0.332, 0.072, 0.055),
    "pop": (0.264, 0.281, 0.303, 0.077, 0.214),
    "punk": (0.258, 0.301, 0.181, 0.001, 0.188),
    "reggae": (0.225, 0.306, 0.501, 0.029, 0.003),
    "rock": (0.280, 0.301, 0.387, 0.078, 0.113),
    "soul": (0.301, 0.346, 0.393, 0.012, 0.221),
}
# How a group's hits grow with each word, as powers of two from the middle to the end of its range.
_COMPLEXITY = (0.7, 1.0, 0.4, 0.8, 0.2)
_INTENSITY = (0.4, 0.2, 0.3, 0.6, 1.2)


def usual_density(genres: Mapping[str, float]) -> Floats:
    """Return the hits a step of each group that the player plays in genres, (5,).

    >>> [f"{hits:.2f}" for hits in usual_density({"dance": 1.0})]
    ['0.30', '0.24', '0.65', '0.00', '0.04']
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
