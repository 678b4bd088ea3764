"""The evaluation of answers to taps, from the sets to the table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from groovelive.training.evaluation import evaluate_realism, realism_table
from groovelive.training.evaluation.baselines import CellTable, NearestLoop, RandomLoop
from groovelive.training.evaluation.goals import FigureGoal, for_json, goal_lines
from groovelive.training.evaluation.sets import SET_NAMES, input_sets, spread_rows
from groovelive.training.evaluation.systems import ModelSystem
from groovelive.training.evaluation.takes import DrumLoops, read_instruments, read_takes
from groovelive.training.evaluation.taps import RHYTHMS, accents, evened, flattened, typed


@pytest.fixture(scope="module")
def train(archive: Path) -> DrumLoops:
    return DrumLoops.of(read_takes(archive, "train"))


def test_taps(beat) -> None:
    loop = beat(2, 0, wildness=0)[None]
    tap = flattened(loop)
    assert np.array_equal(tap[0, :, 0], loop[0, :, :9].max(-1))
    assert np.array_equal(flattened(loop, [0])[0], loop[0][:, [0, 9, 18]])
    even = evened(tap)
    assert set(even[..., 1].ravel().tolist()) == {0, np.float32(0.8)}
    assert accents(even).sum() == tap[..., 0].sum()
    assert 0 < accents(tap).sum() <= np.ceil(tap[..., 0].sum() / 4) + 1
    assert len(RHYTHMS) == len(set(RHYTHMS)) == 40
    assert all(32 % len(text) == 0 and typed(text)[:, 0].any() for text in RHYTHMS)


def test_rows_are_spread_evenly_over_groups() -> None:
    groups = np.array([0] * 50 + [1] * 3 + [2] * 50)
    rows = spread_rows(groups, 12)
    assert np.bincount(groups[rows]).tolist() == [5, 3, 4] or np.bincount(groups[rows]).tolist() == [4, 3, 5]
    assert len(spread_rows(groups, 1000)) == 103


def test_the_sets(archive: Path, pairs: Path) -> None:
    loops = DrumLoops.of(read_takes(archive, "validation"))
    sets = {one.name: one for one in input_sets(loops, read_instruments([pairs]), stride=3)}
    assert list(sets) == [name for name in SET_NAMES if name not in ("D_guitar", "D_piano")]
    for one in sets.values():
        n = len(one)
        assert one.taps.shape == (n, 32, 3)
        assert n == len(one.genre) == len(one.instrument) == len(one.groups) == len(one.seeds)
        assert len(one.real) == len(one.real_groups)
        assert one.truth is None or one.truth.shape == (n, 32, 27)
    assert set(sets["A"].told(False).genre) == {""}
    assert set(sets["A"].told(True).genre) == {"rock", "funk"}
    assert set(sets["D_bass"].told(False).genre) == {"programmed"}
    assert set(sets["C_genre"].told(False).genre) == {"rock", "funk", "jazz", "hiphop", "latin"}


def test_the_truth_is_the_best_possible(archive: Path, pairs: Path) -> None:
    result = evaluate_realism(None, archive, [pairs], stride=3, names=["B_half", "C", "D_bass"], model="truth")
    assert list(result["sets"]) == ["B_half", "D_bass"]  # nobody knows the truth of a typed rhythm
    half = result["sets"]["B_half"]
    assert half["auc_hits"] == half["auc_pair"] == pytest.approx(0.5)
    assert half["f1"] == half["f4"] == 1
    assert half["frechet"] == pytest.approx(0, abs=1e-6)
    assert half["hands"]["three_hands"][0] == half["hands"]["three_hands"][1]
    json.dumps(result, allow_nan=False)


def test_a_mechanical_answer_is_told_from_drummers(archive: Path, train: DrumLoops) -> None:
    def metronome(taps, genres, instruments, seeds):
        out = np.zeros((len(taps), 32, 27), np.float32)
        out[:, ::4, 0], out[:, ::4, 9] = 1, 0.8
        return out

    mechanical = evaluate_realism(
        metronome, archive, stride=6, names=["A", "C"], likeliest=metronome, adherent=metronome
    )
    assert mechanical["sets"]["C"]["auc_hits"] > 0.95
    assert mechanical["sets"]["C"]["loops_equal"] == 1
    assert mechanical["adherent"]["C"]["accent_strong"] < 0.95
    goals = {goal["figure"]: goal for goal in mechanical["goals"]}
    assert goals["typed rhythms: judge on hits"]["met"] is False
    assert goals["bass: phi with the kick"]["met"] is None
    assert goals["typed rhythms: steps of a loop with three struck"]["met"] is True
    table = realism_table(mechanical)
    assert "missed" in table and "not measured" in table
    json.dumps(mechanical, allow_nan=False)

    human = evaluate_realism(RandomLoop(train), archive, stride=6, names=["C"])
    assert human["sets"]["C"]["auc_hits"] < mechanical["sets"]["C"]["auc_hits"]
    assert human["sets"]["C"]["overlap"] > mechanical["sets"]["C"]["overlap"]


def test_baselines_answer_all_taps(train: DrumLoops) -> None:
    taps = flattened(train.hvo[:4])
    told = np.array(["rock", "", "funk", "nothing"]), np.full(4, "drums"), np.arange(4)
    assert np.array_equal(NearestLoop(train)(taps, np.full(4, ""), *told[1:]), train.hvo[:4])
    for baseline in (RandomLoop(train), NearestLoop(train), CellTable(train)):
        answers = baseline(taps, *told)
        assert answers.shape == (4, 32, 27)
        assert np.array_equal(answers, baseline(taps, *told))
    assert train.genre[(train.hvo == RandomLoop(train)(taps, *told)[0]).all((1, 2))].tolist() == ["rock"]


def test_a_model_is_told_who_plays_where_it_asks() -> None:
    class Answer:
        hvo = np.zeros((32, 27))

    class Plain:
        genres = ("rock",)

        def __init__(self):
            self.told = []

        def drum(self, tap, *, genre=None, seed=0):
            self.told.append({"genre": genre, "seed": seed})
            return Answer()

    class Listening(Plain):
        def drum(self, tap, *, genre=None, instrument="drums", seed=0):
            self.told.append({"instrument": instrument})
            return Answer()

        def loops(self, tap, count, *, genre=None, instrument="drums", seed=0):
            return [Answer()] * count

    arguments = np.zeros((2, 32, 3)), np.array(["rock", "polka"]), np.array(["drums", "bass"])
    plain, listening = Plain(), Listening()
    assert ModelSystem(plain).song(*arguments, 3, np.array([10, 20])).shape == (2, 3, 32, 27)
    assert [told["seed"] for told in plain.told] == [10, 11, 12, 20, 21, 22]
    assert [told["genre"] for told in plain.told[::3]] == ["rock", None]
    ModelSystem(listening)(*arguments, np.array([0, 1]))
    assert [told["instrument"] for told in listening.told] == ["drums", "bass"]
    assert ModelSystem(listening).song(*arguments, 3, np.array([0, 1])).shape == (2, 3, 32, 27)


def test_goals() -> None:
    result = {"a": {"b": [0.5, 0.42]}, "nothing": None}
    assert FigureGoal("x", ("a", "b", 0), most=0.5).check(result)["met"] is True
    assert FigureGoal("x", ("a", "b", 0), least=0.6).check(result)["met"] is False
    assert FigureGoal("x", ("nothing",), least=0.6).check(result)["met"] is None
    near = FigureGoal("x", ("a", "b", 0), within=0.07, real=("a", "b", 1)).check(result)
    assert (near["goal"], near["met"]) == ("0.35–0.49", False)
    assert goal_lines([near])[1].endswith("missed")
    assert for_json({"a": float("nan"), "b": (1.0, "x")}) == {"a": None, "b": [1.0, "x"]}
