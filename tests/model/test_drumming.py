"""Loops in a row that differ as a drummer's do, and many candidates to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
import pytest

from groovelive import Groove, GrooveError
from groovelive.grooves.candidates import By, Candidate
from groovelive.grooves.phrasing import is_fill
from groovelive.model import load
from groovelive.model.model import Model

TAP = "x..x..x."


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


def apart(one: Groove, other: Groove) -> float:
    a, b = one.hits > 0, other.hits > 0
    return 1 - float((a & b).sum() / max((a | b).sum(), 1))


# Loops in a row


def test_eight_loops_differ_as_a_drummers_do(model: Model) -> None:
    distances = []
    for seed, genre in enumerate(("rock", "funk", "jazz", "latin", None)):
        loops = model.loops(TAP, 8, genre=genre, seed=seed)
        assert [loop.bars for loop in loops] == [2] * 8 and len(set(loops)) == 8
        distances.append(np.mean([apart(a, b) for a, b in combinations(loops, 2)]))
    assert 0.15 <= np.median(distances) <= 0.45


def test_loops_are_seeded_and_go_on_from_a_context(model: Model) -> None:
    loops = model.loops(TAP, 3, genre="funk", seed=4)
    assert loops == model.loops(TAP, 3, genre="funk", seed=4)
    assert loops[:2] == model.loops(TAP, 2, genre="funk", seed=4)
    assert loops != model.loops(TAP, 3, genre="funk", seed=5)
    assert loops != model.loops(TAP, 3, genre="funk", seed=4, context=Groove.parse("hh*16"))
    assert loops != model.loops(TAP, 3, genre="funk", seed=4, drummer="d2")


def test_a_rhythm_of_one_bar_makes_loops_of_two_and_a_longer_one_makes_longer_loops(model: Model) -> None:
    assert [loop.bars for loop in model.loops(Groove.parse(TAP, bars=1), 2)] == [2, 2]
    assert [loop.bars for loop in model.loops(Groove.parse(TAP, bars=3), 2)] == [3, 3]


def test_fills_are_where_they_were_drawn_and_as_many_as_were_asked_for(model: Model) -> None:
    def tops(fills: float) -> tuple[float, float]:
        """Hits of snare and toms in the bars that are fills, and in the others."""
        filled, plain = [], []
        for seed in range(2):
            loops = model.loops(TAP, 6, genre="rock", seed=seed, fills=fills, phrase=4)
            bars = np.concatenate([loop.hits for loop in loops]).reshape(12, 16, 9)
            for bar, hits in enumerate(bars):
                (filled if is_fill(seed, "", bar, fills, 0, 4) else plain).append(hits[:, [1, 4, 5, 6]].sum())
        return float(np.mean(filled)) if filled else 0.0, float(np.mean(plain))

    filled, plain = tops(4)
    none, unfilled = tops(0)
    assert filled > 1.4 * plain and none == 0 and unfilled < filled


def test_no_loop_holds_an_empty_bar(model: Model) -> None:
    for seed in range(2):
        for loop in model.loops("x" + 31 * ".", 8, seed=seed, complexity=0, intensity=0):
            assert loop.hits[:16].any() and loop.hits[16:].any()


# Candidates


@pytest.mark.parametrize("by", ["density", "syncopation", "distance", "likely"])
def test_candidates_come_in_the_order_of_a_measure(model: Model, by: By) -> None:
    like = Groove.parse("bd*2, [~ sn]*2, hh*8")
    found = model.candidates(TAP, 12, by=by, like=like, genre="rock")
    values = [getattr(one, "nats" if by == "likely" else by) for one in found]
    assert values == sorted(values) and len(set(values)) > 2
    drawn = model.candidates(TAP, 12, like=like, genre="rock")
    assert {one.variant for one in found} == {one.variant for one in drawn} == set(range(12))


def test_what_a_candidate_says_of_itself_is_so(model: Model) -> None:
    like = Groove.parse("bd*2, [~ sn]*2, hh*8")
    for one in model.candidates(TAP, 4, like=like):
        assert one.density == len(one.groove) / 32
        assert one.syncopation == one.groove.features().syncopation
        assert one.distance == one.groove.distance(like) > 0
        assert one.nats > 0
    assert all(one.distance == 0 for one in model.candidates(TAP, 3))


def test_spread_puts_the_farthest_first(model: Model) -> None:
    def nearest(found: Sequence[Candidate]) -> float:
        return min(apart(a.groove, b.groove) for a, b in combinations(found, 2))

    spread = model.candidates(TAP, 16, by="spread", genre="funk")
    drawn = model.candidates(TAP, 16, genre="funk")
    assert {one.variant for one in spread} == set(range(16))
    assert nearest(spread[:6]) > nearest(drawn[:6])
    grooves = [one.groove for one in spread]
    reach = [min(apart(grooves[k], before) for before in grooves[:k]) for k in range(1, 16)]
    assert all(a >= b for a, b in pairwise(reach))


def test_candidates_are_like_what_they_shall_be_like(model: Model) -> None:
    like = model.song("A2", genre="jazz", seed=3).groove

    def near(given: Groove | None) -> float:
        return float(np.mean([1 - apart(one.groove, like) for one in model.candidates(TAP, 16, like=given)]))

    assert near(like) > near(None) + 0.05


def test_the_first_goes_on_where_others_ended(model: Model) -> None:
    whole = [one.groove for one in model.candidates(TAP, 6, seed=2)]
    rest = model.candidates(TAP, 3, first=3, seed=2)
    assert [one.groove for one in rest] == whole[3:] and [one.variant for one in rest] == [3, 4, 5]
    assert whole[0] == model.drum(TAP, seed=2)
    assert whole != [one.groove for one in model.candidates(TAP, 6, seed=3)]
    assert len(set(whole)) == 6


def test_candidates_keep_what_is_locked(model: Model) -> None:
    kept = Groove.parse("bd(5,16), sn*2")
    for one in model.candidates(TAP, 5, keep=kept, locks=["kick"]):
        assert one.groove["kick"] == kept["kick"]


def test_what_candidates_cannot_be(model: Model) -> None:
    with pytest.raises(GrooveError, match="n must be a whole number from 1 to 1000, not 0"):
        model.candidates(TAP, 0)
    with pytest.raises(GrooveError, match=r"by must be .*did you mean 'density'"):
        model.candidates(TAP, 2, by="densty")  # type: ignore[arg-type]
    with pytest.raises(GrooveError, match="did you mean 'complexity'"):
        model.candidates(TAP, 2, complexty=1)
    with pytest.raises(GrooveError, match="keep"):
        model.candidates(TAP, 2, locks=["kick"])
    with pytest.raises(GrooveError, match="first must be"):
        model.candidates(TAP, 2, first=-1)
