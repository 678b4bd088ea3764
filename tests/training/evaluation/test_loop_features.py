"""The features of loops: how many there are, that they are finite, and what a few of them say."""

from __future__ import annotations

import numpy as np
import pytest

from groovelive.training.evaluation.features import (
    both_hats,
    loop_features,
    matrix,
    plays,
    regularity,
    syncopation,
    three_hands,
    three_struck,
)
from groovelive.training.evaluation.taps import answer_features, flattened, typed

KICK, SNARE, HAT, OPEN_HAT, CRASH = 0, 1, 2, 3, 7


def steps(*on: int) -> np.ndarray:
    line = np.zeros((1, 32), bool)
    line[0, list(on)] = True
    return line


def test_there_are_120_features_by_kind(beat) -> None:
    table = loop_features(np.stack([beat(2, k) for k in range(3)]))
    counts = {prefix: len(matrix(table, (prefix,))[1]) for prefix in ("h_", "p_", "v_", "t_")}
    assert counts == {"h_": 39, "p_": 48, "v_": 18, "t_": 15}
    assert all(values.shape == (3,) for values in table.values())


def test_a_full_loop_has_every_feature_and_an_empty_one_no_infinity() -> None:
    full = np.ones((1, 32, 27))
    full[..., 18:] = 0.25
    empty = np.zeros((1, 32, 27))
    undefined = {name for name, values in loop_features(empty).items() if np.isnan(values[0])}
    assert all(np.isfinite(values[0]) for values in loop_features(full).values())
    assert not any(np.isinf(values[0]) for values in loop_features(empty).values())
    assert all(name.startswith(("v_", "t_")) or "odd" in name or name in ("h_kick_with_snare", "h_time_one_voice")
               for name in undefined)  # fmt: skip


def test_a_beat_is_described_as_it_is(beat) -> None:
    table = loop_features(beat(2, 0, wildness=0)[None])
    assert table["h_kick_on_1"] == table["h_backbeat"] == table["h_bar_same"] == table["h_time_8ths"] == 1
    assert table["h_n_kick"] == 6
    assert table["h_time_steps"] == 0.5
    assert table["h_toms"] == table["h_three_hands"] == table["h_sync_time"] == 0


def test_syncopation_counts_weak_notes_before_stronger_rests() -> None:
    assert syncopation(steps(0, 4, 8, 12, 16, 20, 24, 28))[0] == 0
    assert syncopation(steps(3, 19))[0] == 2  # a 16th before a silent beat: twice two, over two bars
    assert syncopation(steps(2, 18))[0] == 1


def test_regularity_is_the_best_repeating_distance() -> None:
    assert regularity(steps(*range(0, 32, 2)))[0] == 1
    assert regularity(steps(0, 2))[0] == 0


def test_hands_and_feet() -> None:
    hits = np.zeros((1, 4, 9), bool)
    hits[0, 0, [KICK, SNARE, CRASH]] = True  # two hands and a foot
    hits[0, 1, [SNARE, HAT, CRASH]] = True  # the closed hat by foot
    hits[0, 2, [SNARE, OPEN_HAT, CRASH]] = True
    hits[0, 3, [HAT, OPEN_HAT]] = True
    assert three_struck(hits).tolist() == [[False, True, True, False]]
    assert three_hands(hits).tolist() == [[False, False, True, False]]
    assert both_hats(hits).tolist() == [[False, False, False, True]]
    assert plays(hits, [OPEN_HAT]).tolist() == [[False, False, True, True]]


def test_an_answer_is_described_by_its_tap(beat) -> None:
    loop = beat(2, 0, wildness=0)[None]
    mirrored = answer_features(flattened(loop), loop)
    assert mirrored["c_off_tap"] == 0
    assert mirrored["c_answered"] == 1
    to_the_one = answer_features(typed("x...............")[None], loop)
    assert to_the_one["c_accent_kick"] == 1
    assert to_the_one["c_accent_snare"] == 0
    assert to_the_one["c_off_tap"] == pytest.approx(1 - 4 / loop[..., :9].sum())
