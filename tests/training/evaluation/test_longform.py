"""The evaluation of solos: bars, fills, sections, and the whole of it on a small data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groovelive.errors import GrooveError
from groovelive.training.evaluation import evaluate_longform, longform_table
from groovelive.training.evaluation.bars import (
    bar_hits,
    bar_similarity,
    longest_run,
    mean_figures,
    solo_figures,
    windows,
)
from groovelive.training.evaluation.baselines import HeldLoop, HumanSolo
from groovelive.training.evaluation.fills import CHANCES, ask_for_fills, by_place, crash_after, find_fills, obedience
from groovelive.training.evaluation.long_run import SoloBrief, best_similarity, long_figures, section_recall
from groovelive.training.evaluation.takes import read_takes

SNARE, LOW_TOM, CRASH = 1, 4, 7


def with_fill(solo: np.ndarray, bar: int) -> np.ndarray:
    """Return a solo with sixteenths on toms and snare in the second half of a bar, and a crash after it."""
    filled = solo.copy()
    half = slice(bar * 16 + 8, bar * 16 + 16)
    filled[half] = 0
    filled[half, [SNARE]] = filled[half, [9 + SNARE]] = 1
    filled[bar * 16 + 12 : bar * 16 + 16, LOW_TOM] = 1
    filled[(bar + 1) * 16, CRASH] = 1
    return filled


class Obedient:
    """Plays one bar of the context or of its genre again and again, and fills where it is asked for them."""

    def solo(self, bars, genre, tempo, fills, seed, context):
        rng = np.random.default_rng([seed, len(genre)])
        bar = np.zeros((16, 27), np.float32)
        bar[rng.random((16, 27)) < 0.2] = 0.5
        bar[:, :9] = np.ceil(bar[:, :9])
        solo = np.tile(bar if context is None else context[:16], (bars, 1))
        for k in np.flatnonzero(fills if fills is not None else np.zeros(bars)):
            solo = with_fill(solo, int(k)) if k + 1 < bars else solo
        return solo


def test_bars_that_repeat_are_alike(beat) -> None:
    bar = beat(1, 0)
    figures = solo_figures(np.tile(bar, (32, 1)))
    assert (
        figures["similarity_1"] == figures["similarity_16"] == figures["best_earlier"] == figures["exact_repeats"] == 1
    )
    assert figures["distinct"] == 1 / 32
    assert figures["velocity_change"] == figures["offset_change"] == figures["hits_spread"] == figures["silent"] == 0
    assert longest_run(np.tile(bar, (32, 1))) == 32


def test_bars_that_change_are_less_so(beat) -> None:
    solo = beat(32, 0)
    figures = solo_figures(solo)
    assert 0.3 < figures["similarity_1"] < 0.9
    assert figures["distinct"] == 1
    assert longest_run(solo) == 1
    silent = bar_hits(np.zeros((16, 9)))
    assert bar_similarity(silent, silent)[0, 0] == 1
    assert solo_figures(np.zeros((16, 27)))["silent"] == 1
    assert "velocity_spread" not in solo_figures(np.zeros((64, 27)))
    assert mean_figures([solo, np.zeros((64, 27))])["velocity_spread"] == figures["velocity_spread"]
    assert [len(window) for window in windows(beat(50, 0))] == [512, 512]


def test_a_planted_fill_is_found_and_nothing_else(beat) -> None:
    solo = with_fill(beat(16, 0, wildness=0.01), 7)
    found = find_fills(solo[:, :9])
    assert np.flatnonzero(found).tolist() == [7]
    assert not find_fills(beat(16, 0, wildness=0)[:, :9]).any()
    assert not find_fills(with_fill(beat(3, 0), 1)[:, :9]).any()  # too short to tell
    assert by_place([found]) == [0, 0, 0, 0, 0, 0, 0, 0.5]
    assert crash_after([solo[:, :9]], [found], CRASH)["after_fill"] == 1
    asked = np.zeros(16, bool)
    asked[[3, 7]] = True
    assert obedience([asked], [found]) == {"asked": 0.5, "unasked": 0}


def test_fills_are_asked_for_at_drummers_places() -> None:
    asked = np.stack([ask_for_fills(32, seed) for seed in range(500)])
    assert np.abs(asked.reshape(-1, 4).mean(0) - CHANCES).max() < 0.02
    assert np.array_equal(ask_for_fills(32, 5), asked[5])


def test_long_solos(beat) -> None:
    louder = np.concatenate([beat(32, 0, wildness=0), beat(32, 1, wildness=0.2)])
    figures = long_figures([louder, louder])
    assert figures["bars"] == 64
    assert figures["drift"] == pytest.approx(figures["hits"][1] / figures["hits"][0] - 1)
    assert figures["similarity"][0] == 1 > figures["similarity_at_end"]
    assert figures["silent_bars"] == 0
    assert figures["longest_run"] == 32
    louder[:16] = 0
    assert long_figures([louder])["silent_bars"] == 1
    with pytest.raises(GrooveError, match="32 bars or more"):
        long_figures([beat(16, 0)])


def test_a_drummer_that_remembers_returns_to_its_section() -> None:
    recall = section_recall(Obedient(), [SoloBrief("funk", 100, np.zeros(16, bool), seed) for seed in range(4)])
    assert recall["with_memory"] == recall["itself"] == 1
    assert recall["from_nothing"] < 0.9
    solo = Obedient().solo(2, "funk", 100, None, 0, None)
    assert best_similarity(solo, solo) == 1


def test_a_solo_of_the_wrong_length_is_refused() -> None:
    class Short:
        def solo(self, bars, genre, tempo, fills, seed, context):
            return np.zeros((16, 27))

    with pytest.raises(GrooveError, match="shape"):
        SoloBrief("rock", 100, np.zeros(4, bool), 0).play(Short())


def test_evaluation_of_solos(archive: Path, tmp_path: Path) -> None:
    takes = read_takes(archive, "train", cache=tmp_path)
    small: dict[str, Any] = {"solos": 3, "draws": 2, "long_solos": 1, "long_bars": 64, "sections": 2, "cache": tmp_path}
    human = evaluate_longform(HumanSolo(takes), archive, model="human", **small)
    assert human["judge"] == human["ceiling"]
    assert human["memorisation"]["made"] == 1
    assert len(human["judge"]["hits"]["draws"]) == 2
    assert human["judge"]["hits"]["least"] <= human["judge"]["hits"]["mean"] <= human["judge"]["hits"]["most"]

    obedient = evaluate_longform(Obedient(), archive, **(small | {"draws": 1}))
    assert obedient["judge"]["hits"]["mean"] > 0.9
    assert obedient["memorisation"]["made"] == 0
    assert obedient["long"]["silent_bars"] == 0
    goals = {goal["figure"]: goal["met"] for goal in obedient["goals"]}
    assert goals["32-bar solos: judge on hits, mean of the draws"] is False
    for result in (human, obedient):
        json.dumps(result, allow_nan=False)
        assert "fills by place" in longform_table(result)

    held = HeldLoop(takes).solo(8, "rock", 100, None, 0, None)
    assert np.array_equal(held[:32], held[32:64])
    assert HumanSolo(takes).solo(100, "rock", 100, None, 0, None).shape == (1600, 27)


def test_a_split_without_long_takes_is_refused(archive: Path) -> None:
    with pytest.raises(GrooveError, match="no take"):
        evaluate_longform(Obedient(), archive, split="test")
