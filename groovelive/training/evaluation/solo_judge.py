"""How well a judge tells solos from real takes: draw by draw, and the mean of the draws.

One draw of 32 solos is noise: whole styles hang on one solo, and three draws of one network scored .52, .66 and .68 on
hits. So a figure is the mean of several draws, told with its least and its most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bars import windows
from .features import HITS, TIMING, VELOCITIES, Array, FeatureTable, loop_features, matrix
from .judge import tell_apart
from .measures import frechet, overlap
from .takes import DrumTake

SOLO_BARS = 32
KINDS = {"hits": HITS, "timing": TIMING, "velocity": VELOCITIES, "all": HITS + VELOCITIES + TIMING}


class SoloJudge:
    """Tells solos of 32 bars from the judged split's takes, by the features of their two-bar loops.

    Args:
        takes: real ones; each is cut into stretches of 32 bars, and these into a loop at every third bar, as the
            solos are.
    """

    def __init__(self, takes: Sequence[DrumTake]) -> None:
        stretches = [(stretch, take.number) for take in takes for stretch in windows(take.hvo, SOLO_BARS, SOLO_BARS)]
        loops, stretch = loops_of_solos([hvo for hvo, _ in stretches])
        self._real = loop_features(loops)
        self._groups = np.array([number for _, number in stretches])[stretch]

    def draw(self, solos: Sequence[Array]) -> dict[str, float]:
        """Judge one draw of solos.

        Returns:
            hits, timing, velocity, all: the AUC of judges that see these features; frechet and overlap of 72 features.
        """
        loops, groups = loops_of_solos(solos)
        made = loop_features(loops)
        figures = {kind: self._auc(made, groups, prefixes) for kind, prefixes in KINDS.items()}
        (a, names), (b, _) = (matrix(table, ("h_", "v_", "t_")) for table in (self._real, made))
        figures["frechet"] = frechet(a, b)
        figures["overlap"] = float(np.mean([overlap(self._real[name], made[name]) for name in names]))
        return figures

    def _auc(self, made: FeatureTable, groups: Array, prefixes: tuple[str, ...]) -> float:
        a, b = matrix(self._real, prefixes)[0], matrix(made, prefixes)[0]
        return tell_apart(a, b, self._groups, groups).auc


def loops_of_solos(solos: Sequence[Array]) -> tuple[NDArray[np.float32], NDArray[np.int_]]:
    """Cut solos into loops of two bars (n, 32, 27), one at every third bar; return them and each one's solo (n,)."""
    cuts = [
        (k, solo[bar * 16 : bar * 16 + 32]) for k, solo in enumerate(solos) for bar in range(0, len(solo) // 16 - 1, 3)
    ]
    return np.stack([loop for _, loop in cuts]).astype(np.float32), np.array([k for k, _ in cuts])


def mean_of_draws(draws: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Return, for each figure of the draws, their mean, least and most, and the draws themselves."""
    summary: dict[str, Any] = {}
    for name in draws[0]:
        values = [draw[name] for draw in draws]
        summary[name] = {"mean": float(np.mean(values)), "least": min(values), "most": max(values), "draws": values}
    return summary
