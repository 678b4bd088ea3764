"""Locks: exact for any mask, whatever the order of voices, and no draw of another cell moves."""

import numpy as np
import pytest

from groovelive.errors import GrooveError
from groovelive.model.player.conditions import BITS
from groovelive.model.player.drawing import chances, draw_set, fitting
from groovelive.model.player.player import DrumPlayer
from groovelive.model.player.request import Locks, PlayRequest


def drawn(rng: np.random.Generator, bars: int = 1) -> np.ndarray:
    hits = (rng.random((16 * bars, 9)) < 0.3).astype(np.float32)
    return np.concatenate(
        [hits, rng.random((16 * bars, 9)) * hits, (rng.random((16 * bars, 9)) - 0.5) * hits], 1
    ).astype(np.float32)


def test_ten_thousand_masks_are_kept_at_a_step() -> None:
    rng = np.random.default_rng(0)
    for _ in range(10_000):
        known = (rng.random(9) < rng.random()).astype(np.float32)
        hits = (rng.random(9) < 0.4).astype(np.float32)
        logits = rng.normal(0, 4, 512).astype(np.float32)
        k = draw_set(logits, fitting(known, hits), float(rng.random()), float(rng.choice([0, 0.5, 1, 10])), 0)
        assert (BITS[k][known > 0] == hits[known > 0]).all()


@pytest.mark.parametrize("hands", [True, False])
def test_cells_are_as_locked(player: DrumPlayer, hands: bool) -> None:
    rng = np.random.default_rng(1)
    for seed in range(60):
        rows = drawn(rng)
        known = rng.random((16, 9)) < rng.random()
        answer = player.play(
            PlayRequest(bars=1, locks=Locks(known.astype(np.float32), rows), seed=seed, hands=hands, lead=0)
        )
        got = answer.rows.reshape(16, 3, 9)
        want = rows.reshape(16, 3, 9)
        for part in range(3):
            np.testing.assert_allclose(got[:, part][known], want[:, part][known], atol=1e-6)


def test_a_locked_hit_without_velocity_gets_one(player: DrumPlayer) -> None:
    rows = np.zeros((16, 27), np.float32)
    rows[::4, 0], rows[::4, 9] = 1, np.nan
    known = np.zeros((16, 9), bool)
    known[:, 0] = True
    answer = player.play(PlayRequest(bars=1, locks=Locks(known, rows)))
    np.testing.assert_array_equal(answer.hits[:, 0], rows[:, 0])
    assert (answer.velocities[::4, 0] > 0).all()


def test_all_locked_silent_is_silent(player: DrumPlayer) -> None:
    known = np.ones((32, 9), bool)
    answer = player.play(PlayRequest(bars=2, locks=Locks(known, np.zeros((32, 27), np.float32))))
    assert not answer.hits.any()


def test_a_lock_moves_no_other_chance() -> None:
    whole = chances(seed=3, drummer=2, bar=9)
    np.testing.assert_array_equal(whole, chances(3, 2, 9))
    others = [chances(4, 2, 9), chances(3, 1, 9), chances(3, 2, 10), chances(3, 2, 9, 1), chances(3, 2, 9, 0, True)]
    assert all((whole != other).mean() > 0.99 for other in others)


def test_a_lock_of_what_is_played_anyway_changes_nothing(player: DrumPlayer) -> None:
    free = player.play(PlayRequest(bars=1, seed=5, lead=0))
    known = np.zeros((16, 9), bool)
    known[8:, 3] = True
    # The network is told of a lock ahead of it, so its odds move; its chances do not: from the last step on, where
    # all else is locked as it was played, the same is drawn again.
    known[:15] = True
    again = player.play(PlayRequest(bars=1, seed=5, lead=0, locks=Locks(known, free.rows)))
    np.testing.assert_array_equal(again.hits[:15], free.hits[:15])


def test_locks_of_another_length_are_refused() -> None:
    with pytest.raises(GrooveError, match="locks for 2 bars"):
        PlayRequest(bars=2, locks=Locks(np.zeros((16, 9), np.float32), np.zeros((16, 27), np.float32)))
