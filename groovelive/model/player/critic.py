"""The critic: which of several beginnings is most like what a drummer would play to the rhythm.

A player that begins with nothing in mind draws some beginnings that no drummer would play: a break of toms, a back
beat that is missing. A critic, trained to tell real loops from the player's own, chooses among a few of them: one
that is k times likelier to be a drummer's is chosen k ** `SHARPNESS` times as often (Azadi et al. 2019,
"Discriminator Rejection Sampling", arXiv 1810.06758).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...grooves.grid import GROUPS
from .conditions import (
    DENSITY_MEAN,
    DENSITY_SPREAD,
    STEPS,
    STRONG,
    Floats,
    told_parts,
)

LOOP = 2 * STEPS  # what it judges
SHARPNESS = 1.5
_KICK, _SNARE, _TIME = 0, 1, (2, 3, 8)
_LAGS = ((_KICK, (4, 8, 16)), (_SNARE, (4, 8, 16)))
_TIME_LAGS = (1, 2, 4, 8, 16)


class Critic:
    """Tells how much likelier a drummer is to have played a loop than the player, as a logarithm of the odds.

    Args:
        arrays: "mean" and "scale" of the inputs, and "w0", "b0", "w1", "b1", "w2", "b2" of its layers.
    """

    def __init__(self, arrays: Mapping[str, Floats]) -> None:
        self._arrays = arrays

    def odds(self, hits: Floats, rhythm: Floats, told: Floats) -> Floats:
        """Return the logarithms of the odds, (n,); see `critic_inputs` for the arguments."""
        a = self._arrays
        x: Floats = (critic_inputs(hits, rhythm, told) - a["mean"]) * a["scale"]
        x = np.maximum(x @ a["w0"] + a["b0"], 0)
        x = np.maximum(x @ a["w1"] + a["b1"], 0)
        odds: Floats = (x @ a["w2"] + a["b2"])[:, 0]
        return odds

    def choose(self, hits: Floats, rhythm: Floats, told: Floats, u: Floats) -> int:
        """Choose one of n loops with the random numbers `u`, (n,) in [0, 1)."""
        luck = -np.log(-np.log(np.clip(u, 1e-9, 1 - 1e-6)))  # so that the shares are those of a softmax
        return int((SHARPNESS * self.odds(hits, rhythm, told) + luck).argmax())


def critic_inputs(hits: Floats, rhythm: Floats, told: Floats) -> Floats:
    """Return what the critic looks at, (n, inputs).

    Args:
        hits: (n, 32, 9) of loops.
        rhythm: (n, 32, 4) known, hit, velocity, offset of what they were played to.
        told: (n, CONDITIONS) what was told of their first bars: genre, who plays the rhythm and densities count.
    """
    n = len(hits)
    sound = hits.max(2)
    strong = hits[:, :, list(STRONG)].max(2)
    time = hits[:, :, list(_TIME)].max(2)
    first, second = hits[:, :STEPS].reshape(n, -1), hits[:, STEPS:].reshape(n, -1)
    tapped = rhythm[:, :, 1]
    genre, instrument, density, known = told_parts(told)
    per_step = np.stack([hits[:, :, list(voices)].sum(2).mean(1) for voices in GROUPS.values()], 1)
    apart = ((per_step - DENSITY_MEAN) / DENSITY_SPREAD - density) * known
    shares = [
        _share(np.minimum(first, second), np.maximum(first, second)),
        *(_again(hits[:, :, voice], lag) for voice, lags in _LAGS for lag in lags),
        *(_again(time, lag) for lag in _TIME_LAGS),
        time.mean(1),
        1 - sound.mean(1),
        (hits.sum(2) >= 3).mean(1),
        _share(tapped * strong, tapped),
        _share((1 - tapped) * strong, strong),
        _share(tapped * sound, tapped),
        _share((1 - tapped) * sound, sound),
        rhythm[:, 0, 0],
    ]
    parts = (
        hits.reshape(n, -1), tapped, tapped * rhythm[:, :, 2], np.stack(shares, 1), hits.sum(1) / 8,
        genre, instrument, known, apart, np.abs(apart),
    )  # fmt: skip
    return np.concatenate(parts, 1).astype(np.float32)


def _share(part: Floats, whole: Floats) -> Floats:
    """Return sums over sums, by row; 0 where there is nothing."""
    share: Floats = part.sum(1) / np.maximum(whole.sum(1), 1)
    return share


def _again(line: Floats, lag: int) -> Floats:
    """Return the share of a voice's hits (n, 32) that come again so many steps later, round the loop."""
    return _share(line * np.roll(line, -lag, 1), line)
