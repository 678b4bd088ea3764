"""The player as the evaluation asks it."""

from __future__ import annotations

import numpy as np
import pytest

from groovelive.model.player.player import DrumPlayer
from groovelive.model.player.request import PlayRequest
from groovelive.training.evaluation.nats import Told
from groovelive.training.evaluation.player_systems import PlayerScores, PlayerSolos
from groovelive.training.evaluation.takes import DrumTake


@pytest.fixture(scope="module")
def player() -> DrumPlayer:
    return DrumPlayer.load()


def take(player: DrumPlayer) -> DrumTake:
    rows = player.play(PlayRequest(bars=4, genre="rock", tempo=110, lead=0, seed=3)).rows
    return DrumTake(rows, "rock", 110.0, 0)


def test_its_nats_are_those_that_it_tells_itself(player: DrumPlayer) -> None:
    asked = PlayRequest(bars=4, lead=0, seed=3)
    played = player.play(asked)
    scored = PlayerScores(player.weights).nats(DrumTake(played.rows, "rock", 110.0, 0), "nothing")
    np.testing.assert_allclose(scored.hits, played.nats, atol=1e-3)
    assert len(scored.velocities) == len(scored.offsets) == int(played.hits.sum())


def test_what_it_plays_surprises_it_less_than_noise(player: DrumPlayer) -> None:
    scores = PlayerScores(player.weights)
    own = take(player)
    noise = own.hvo.copy()
    np.random.default_rng(0).shuffle(noise)
    assert scores.nats(own, "style").hits.mean() < scores.nats(DrumTake(noise, "rock", 110.0, 0), "style").hits.mean()


def test_what_is_told_makes_it_surer(player: DrumPlayer) -> None:
    scores = PlayerScores(player.weights)
    found: dict[Told, float] = {
        told: float(scores.nats(take(player), told).hits.mean()) for told in ("nothing", "rhythm", "locks")
    }
    assert found["rhythm"] < found["nothing"] and found["locks"] < found["nothing"]


def test_a_solo_goes_on_and_fills_where_it_is_told(player: DrumPlayer) -> None:
    fills = np.array([False, False, False, True] * 2)
    solo = PlayerSolos(player).solo(8, "rock", 110.0, fills, 1, None)
    assert solo.shape == (128, 27) and solo.reshape(8, 16, 27)[:, :, :9].any((1, 2)).all()
    again = PlayerSolos(player).solo(8, "rock", 110.0, fills, 1, None)
    assert (solo == again).all()
