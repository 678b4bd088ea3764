"""The critic chooses among several beginnings: it knows drummers' loops, and only what they are like counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groovelive.errors import GrooveError
from groovelive.grooves.groove import Groove
from groovelive.model.player.conditions import CONDITIONS, BarTold
from groovelive.model.player.critic import LOOP, critic_inputs
from groovelive.model.player.player import DrumPlayer
from groovelive.model.player.request import Locks, PlayRequest

TYPED = PlayRequest(bars=2, rhythm=Groove.parse("x..x..x.").tap(), instrument="typed")
BEAT = Groove.parse("kick: x.......x.......\nsnare: ....x.......x...\nclosed_hat: x.x.x.x.x.x.x.x.")
BREAK = Groove.parse("high_tom: x.xx.x.x........\nlow_tom: ..x.......x..xxx\ncrash: .x..x..x.....x..")


@pytest.fixture(scope="module")
def player() -> DrumPlayer:
    return DrumPlayer.load()


def odds(player: DrumPlayer, groove: Groove) -> float:
    critic = player.weights.critic
    assert critic is not None
    rhythm = np.zeros((1, LOOP, 4), np.float32)
    told = BarTold(instrument="typed").vector()[None]
    return float(critic.odds(np.resize(groove.hits, (LOOP, 9))[None], rhythm, told)[0])


def test_a_beat_is_likelier_than_a_break(player: DrumPlayer) -> None:
    assert odds(player, BEAT) > odds(player, BREAK) + 1


def test_what_is_told_counts() -> None:
    hits, rhythm = np.zeros((1, LOOP, 9), np.float32), np.zeros((1, LOOP, 4), np.float32)
    told = [BarTold(density=density).vector()[None] for density in ({}, {"kick": 0.2}, {"kick": 0.5})]
    seen = [critic_inputs(hits, rhythm, one) for one in told]
    assert told[0].shape == (1, CONDITIONS) and all(one.shape == seen[0].shape for one in seen)
    assert (seen[1] != seen[0]).any() and (seen[2] != seen[1]).any()


def test_the_likelier_is_chosen_more_often(player: DrumPlayer) -> None:
    critic = player.weights.critic
    assert critic is not None
    hits = np.stack([np.resize(one.hits, (LOOP, 9)) for one in (BREAK, BEAT)])
    rhythm, told = np.zeros((2, LOOP, 4), np.float32), np.repeat(BarTold().vector()[None], 2, 0)
    chance = np.random.default_rng(0)
    chosen = [critic.choose(hits, rhythm, told, chance.random(2, np.float32)) for _ in range(200)]
    assert np.mean(chosen) > 0.7
    even = [critic.choose(hits[[1, 1]], rhythm, told, chance.random(2, np.float32)) for _ in range(200)]
    assert 0.35 < np.mean(even) < 0.65


def test_more_tries_are_more_like_a_drummer(player: DrumPlayer) -> None:
    """`groovelive evaluate realism` tells what it is worth; here, that what the critic prefers is what is played."""

    def liked(tries: int) -> float:
        answers = [player.play(replace(TYPED, seed=seed, tries=tries, fill=False)).groove for seed in range(16)]
        return float(np.mean([odds(player, groove) for groove in answers]))

    assert liked(6) > liked(1) + 0.5


def test_a_lock_does_not_change_which_beginning_is_chosen(player: DrumPlayer) -> None:
    alike = []
    for seed in range(12):
        free = player.play(replace(TYPED, seed=seed)).hits[:, :7]
        known, played = np.zeros((LOOP, 9), np.float32), np.zeros((LOOP, 27), np.float32)
        known[-1, 7] = played[-1, 7] = 1
        played[-1, 16] = 0.9
        locked = player.play(replace(TYPED, seed=seed, locks=Locks(known, played)))
        assert locked.hits[-1, 7] == 1
        alike.append(np.minimum(free, locked.hits[:, :7]).sum() / np.maximum(free, locked.hits[:, :7]).sum())
    assert np.median(alike) > 0.5  # those of two seeds are .3 alike


def test_a_variant_is_one_draw(player: DrumPlayer) -> None:
    one = player.play(replace(TYPED, variant=3))
    np.testing.assert_array_equal(one.rows, player.play(replace(TYPED, variant=3, tries=1)).rows)
    np.testing.assert_array_equal(one.rows, player.candidates(TYPED, 1, 3)[0].rows)
    np.testing.assert_array_equal(player.play(TYPED).rows, player.candidates(TYPED, 1)[0].rows)


def test_what_goes_on_is_not_chosen(player: DrumPlayer) -> None:
    context = player.play(TYPED).rows
    on = replace(TYPED, context=context, bar=2)
    np.testing.assert_array_equal(player.play(on).rows, player.play(replace(on, tries=1)).rows)


@pytest.mark.parametrize("tries", [0, 17, 1.5, True])
def test_tries_are_a_whole_number(tries: object) -> None:
    with pytest.raises(GrooveError, match="tries must be a whole number from 1 to 16"):
        replace(TYPED, tries=tries)  # type: ignore[arg-type]
