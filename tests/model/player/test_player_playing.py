"""What a player plays: the same each time, never nothing by accident, what hands can play, and what it refuses."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groovelive.errors import GrooveError
from groovelive.model.player.conditions import CONDITIONS, GENRES, STEPS, BarTold
from groovelive.model.player.hands import PLAYABLE, HandsAndFeet, longest_runs
from groovelive.model.player.player import DrumPlayer
from groovelive.model.player.request import PlayRequest

RHYTHM = np.zeros((16, 3), np.float32)
RHYTHM[[0, 3, 6, 8, 11, 14], :2] = 1, 0.8


def digest(player: DrumPlayer, **asked: Any) -> str:
    answer = player.play(PlayRequest(bars=3, rhythm=RHYTHM, instrument="typed", **asked))
    return hashlib.sha256(answer.rows.tobytes() + answer.nats.tobytes()).hexdigest()


def test_the_same_request_gives_the_same_bits(player: DrumPlayer) -> None:
    assert digest(player, seed=7) == digest(player, seed=7)
    assert len({digest(player, seed=7), digest(player, seed=8), digest(player, seed=7, drummer=1)}) == 3


def test_the_same_bits_in_another_process(player: DrumPlayer) -> None:
    here = Path(__file__).parent
    code = (
        "from conftest import random_weights; from test_player_playing import digest; "
        "from groovelive.model.player.player import DrumPlayer; print(digest(DrumPlayer(random_weights()), seed=7))"
    )
    path = [str(here), *sys.path]
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == digest(player, seed=7)


def test_candidates_are_the_answers_that_each_variant_gives_alone(player: DrumPlayer) -> None:
    request = PlayRequest(bars=1, rhythm=RHYTHM, context=player.play(PlayRequest(bars=4)).rows)
    for i, answer in enumerate(player.candidates(request, 3)):
        alone = player.play(PlayRequest(bars=1, rhythm=RHYTHM, context=request.context, variant=i))
        np.testing.assert_array_equal(answer.rows, alone.rows)


def test_a_long_answer_goes_on_past_the_memory(player: DrumPlayer) -> None:
    answer = player.play(PlayRequest(bars=40, seed=1))
    assert answer.hits.shape == (640, 9)
    assert answer.hits.reshape(40, -1).any(1).all()
    assert np.isfinite(answer.nats).all()


@pytest.mark.parametrize("temperature", [0.0, 1.0, 10.0])
def test_no_bar_is_silent_by_accident(player: DrumPlayer, temperature: float) -> None:
    weights = dict(player.weights.arrays)
    bias = np.array(weights["sets_bias"])
    bias[0] += 60  # a network that would never play
    shy = DrumPlayer(type(player.weights)({**weights, "sets_bias": bias}, player.weights.sizes.heads))
    for seed in range(5):
        answer = shy.play(PlayRequest(bars=4, rhythm=RHYTHM, temperature=temperature, seed=seed))
        assert answer.hits.reshape(4, -1).any(1).all()
    rest = dict.fromkeys(("kick", "snare", "hats", "toms", "cymbals"), 0.0)
    assert not shy.play(PlayRequest(bars=1, density=rest, temperature=temperature)).hits.any()


def test_two_hands_and_a_foot(player: DrumPlayer) -> None:
    for seed in range(20):
        hits = player.play(PlayRequest(bars=4, seed=seed, tempo=180)).hits
        sets = (hits @ (1 << np.arange(9))).astype(int)
        assert PLAYABLE[sets].all()
        runs = np.zeros(9)
        for row in hits:
            runs = (runs + 1) * row
            assert (runs <= longest_runs(180)).all()
    free = player.play(PlayRequest(bars=8, hands=False, seed=1)).hits
    assert not PLAYABLE[(free @ (1 << np.arange(9))).astype(int)].all()


def test_hands_tire() -> None:
    kick = np.zeros((4, 9), np.float32)
    kick[:, 0] = 1
    allowed = HandsAndFeet(kick, 100).allowed()
    assert not allowed[1] and allowed[2] and allowed[0]
    assert HandsAndFeet(kick, None).allowed()[1]


def test_a_mirror_plays_the_rhythm_and_nothing_else(player: DrumPlayer) -> None:
    answer = player.play(PlayRequest(bars=2, rhythm=RHYTHM, mirror=True))
    np.testing.assert_array_equal(answer.hits.any(1), np.tile(RHYTHM[:, 0] > 0, 2))
    assert not player.play(PlayRequest(bars=1, rhythm=np.zeros((16, 3), np.float32), mirror=True)).hits.any()


def test_adherence_one_answers_every_accent(player: DrumPlayer) -> None:
    hits = player.play(PlayRequest(bars=4, rhythm=RHYTHM, adherence=1)).hits
    assert hits[np.tile(RHYTHM[:, 0] > 0, 4)][:, [0, 1, 7]].any(1).all()


def test_density_nought_mutes(player: DrumPlayer) -> None:
    assert not player.play(PlayRequest(bars=4, density={"hats": 0, "kick": 0.2})).hits[:, 2:4].any()


def test_probabilities_are_told(player: DrumPlayer) -> None:
    p, v, o = player.probabilities(PlayRequest(bars=1, rhythm=RHYTHM), n=4)
    assert p.shape == v.shape == o.shape == (16, 9)
    assert ((p >= 0) & (p <= 1)).all() and p.max() > 0


def test_a_bar_is_told_by_name() -> None:
    bar = BarTold(genre={"jazz": 0.5, "funk": 0.5}, instrument="bass", tempo=220, fill=True, place=9)
    assert bar.vector().shape == (CONDITIONS,)
    assert bar.vector()[GENRES.index("jazz")] == 0.5
    assert BarTold().vector().sum() == 4  # genre, both fills and the place, each unknown


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"bars": 0}, "bars must be a whole number from 1 to 256, not 0"),
        ({"bars": 10_000}, "bars must be"),
        ({"instrument": "bas"}, "did you mean 'bass'"),
        ({"genre": "jaz"}, "did you mean 'jazz'"),
        ({"genre": {"jazz": float("nan")}}, "the weight of jazz"),
        ({"rhythm": np.zeros((0, 3))}, "at least one step"),
        ({"rhythm": np.zeros((16, 2))}, "must have the shape"),
        ({"rhythm": np.full((16, 3), np.nan)}, "finite"),
        ({"context": np.zeros((10, 27))}, "whole bars"),
        ({"temperature": -1}, "temperature must be a number from 0 to 10"),
        ({"tempo": 1e9}, "the tempo"),
        ({"density": {"kik": 0.5}}, "did you mean 'kick'"),
        ({"adherence": 2}, "adherence must be"),
        ({"fill": [True]}, "each of the 2 bars"),
        ({"mirror": True}, "needs a rhythm"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(GrooveError, match=said):
        PlayRequest(**{"bars": 2, **asked})


def test_a_context_of_any_length_will_do(player: DrumPlayer) -> None:
    long = player.play(PlayRequest(bars=20)).rows
    for bars in (1, 15, 20):
        context = long[-bars * STEPS :]
        assert player.play(PlayRequest(bars=1, context=context)).hits.any()
    fifteen = player.play(PlayRequest(bars=1, context=long[-15 * STEPS :])).rows
    np.testing.assert_array_equal(fifteen, player.play(PlayRequest(bars=1, context=long)).rows)
