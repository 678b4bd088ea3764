"""The judge: it tells what is plainly different, and not what is the same; and the measures beside it."""

from __future__ import annotations

import numpy as np
import pytest

from groovelive.training.evaluation.features import HITS, loop_features, matrix
from groovelive.training.evaluation.judge import TreeJudge, folds_by_group, tell_apart
from groovelive.training.evaluation.measures import auc, frechet, hits_f1, overlap, phi, variety


def hit_matrix(beat, seeds: range, wildness: float = 0.05) -> np.ndarray:
    return matrix(loop_features(np.stack([beat(2, seed, wildness) for seed in seeds])), HITS)[0]


def test_plainly_different_loops_are_told_apart(beat) -> None:
    steady, wild = hit_matrix(beat, range(100)), hit_matrix(beat, range(100, 200), 0.25)
    verdict = tell_apart(steady, wild, np.arange(100) // 5, np.arange(100) // 5)
    assert verdict.auc > 0.95
    assert verdict.asked.total() == 5 * 140 * 3


def test_two_halves_of_one_sample_are_not(beat) -> None:
    loops = hit_matrix(beat, range(200))
    assert 0.35 < tell_apart(loops[::2], loops[1::2], np.arange(100), np.arange(100) + 1000).auc < 0.65


def test_equal_samples_of_equal_groups_score_a_half(beat) -> None:
    loops = hit_matrix(beat, range(60))
    assert tell_apart(loops, loops, np.arange(60) // 4, np.arange(60) // 4).auc == pytest.approx(0.5)


def test_an_unknown_value_is_a_level_of_its_own() -> None:
    x = np.array([[1.0], [2.0], [3.0], [np.nan], [np.nan], [np.nan]] * 10)
    y = np.isnan(x[:, 0]).astype(float)
    judge = TreeJudge(trees=20).fit(x, y, np.ones(60))
    assert auc(judge.score(x), y) == 1
    assert set(judge.asked()) == {0}


def test_groups_stay_whole_and_folds_even() -> None:
    groups = np.repeat(np.arange(20), np.arange(20) + 1)
    fold = folds_by_group(groups)
    assert all(len(set(fold[groups == group])) == 1 for group in range(20))
    assert np.bincount(fold).min() > 30


def test_auc_counts_ties_as_a_half() -> None:
    assert auc(np.array([1.0, 1.0, 1.0, 1.0]), np.array([0, 1, 0, 1])) == 0.5
    assert auc(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1, 1, 0, 0])) == 0


def test_distances_vanish_for_one_sample_and_grow() -> None:
    sample = np.random.default_rng(0).normal(size=(500, 4))
    assert frechet(sample, sample) == pytest.approx(0, abs=1e-9)
    assert frechet(sample, sample + 1) == pytest.approx(1, rel=0.1)
    assert overlap(sample[:, 0], sample[:, 0]) == pytest.approx(1)
    assert overlap(sample[:, 0], sample[:, 0] + 20) < 0.2
    assert overlap(np.full(3, np.nan), np.full(4, np.nan)) == 1
    assert overlap(np.full(3, np.nan), sample[:, 0]) == 0


def test_phi_and_f1() -> None:
    a = np.array([True, False, True, False])
    assert phi(a, a) == pytest.approx(1)
    assert phi(a, ~a) == pytest.approx(-1)
    assert phi(a, np.ones(4, bool)) == 0
    assert hits_f1(a, np.array([True, True, False, False])) == 0.5


def test_variety_of_a_held_loop_is_none(beat) -> None:
    held = np.repeat(beat(2, 0)[None, None], 8, 1)
    assert variety(held) == {"loops_apart": 0, "loops_equal": 1, "loops_velocity": 0}
    changing = np.stack([beat(2, seed) for seed in range(8)])[None]
    assert variety(changing)["loops_apart"] > 0.1
    assert variety(changing)["loops_equal"] == 0
