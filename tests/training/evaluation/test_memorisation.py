"""Memorisation: a bar out of the training data is counted, and nothing else."""

from __future__ import annotations

import math

import numpy as np

from groovelive.training.evaluation import evaluate_memorisation
from groovelive.training.evaluation.memorisation import bar_keys, memorised_share


def test_a_planted_bar_is_counted(beat) -> None:
    training, own = beat(32, 0), beat(8, 1)
    planted = own.copy()
    planted[16:32] = training[160:176]
    known = frozenset(bar_keys([training]))
    assert memorised_share([own], known) == 0
    assert memorised_share([planted], known) == 1 / 8
    planted[16:32, 9:] = 0.1  # the hits alone are compared
    assert memorised_share([planted], known) == 1 / 8


def test_silent_bars_do_not_count(beat) -> None:
    silent = np.zeros((32, 27))
    known = frozenset(bar_keys([beat(4, 0), silent]))
    assert len(known) == 4
    assert math.isnan(memorised_share([silent], known))
    assert memorised_share([np.concatenate([silent, beat(1, 5)])], known) == 0


def test_drummers_own_share_stands_beside(beat) -> None:
    training, made, real = beat(8, 0), beat(8, 0), beat(8, 1)
    assert evaluate_memorisation([made], [real], [training]) == {
        "made": 1, "real": 0, "made_bars": 8, "real_bars": 8, "training_bars": 8,
    }  # fmt: skip
