"""Phrases: places of bars, and fills that are drawn at drummers' places."""

from __future__ import annotations

import numpy as np
import pytest

from groovelive.grooves.phrasing import fill_chance, is_fill, place


def test_a_place_goes_round_from_the_origin() -> None:
    assert [place(bar) for bar in range(10)] == [*range(8), 0, 1]
    assert [place(bar, 3, 4) for bar in range(8)] == [1, 2, 3, 0, 1, 2, 3, 0]
    assert {place(bar, 0, 1) for bar in range(5)} == {0}


@pytest.mark.parametrize("phrase", [2, 4, 8, 16])
def test_the_end_of_a_phrase_is_the_likeliest_and_its_middle_the_next(phrase: int) -> None:
    chances = [fill_chance(bar, 0, phrase) for bar in range(phrase)]
    assert chances.index(max(chances)) == phrase - 1
    if phrase > 2:
        assert sorted(chances)[-2] == chances[phrase // 2 - 1] > chances[0]
    assert [fill_chance(bar + 3, 3, phrase) for bar in range(phrase)] == chances


def test_fills_are_as_many_as_their_chance_says() -> None:
    for amount in (0.5, 1, 2):
        drawn = [is_fill(seed, "d1", 7, amount) for seed in range(3000)]
        assert abs(np.mean(drawn) - amount * fill_chance(7)) < 0.03
    assert not any(is_fill(1, "d1", bar, 0) for bar in range(500))
    assert all(is_fill(1, "d1", bar, 4) for bar in range(7, 200, 8))


def test_a_draw_depends_on_seed_drummer_and_bar_alone() -> None:
    def fills(seed: int, drummer: str, amount: float = 1.0) -> set[int]:
        return {bar for bar in range(400) if is_fill(seed, drummer, bar, amount)}

    assert fills(1, "d1") == fills(1, "d1")
    assert len({frozenset(fills(*who)) for who in ((1, "d1"), (2, "d1"), (1, "d2"), (-1, "d1"))}) == 4
    assert fills(1, "d1", 0.5) < fills(1, "d1") < fills(1, "d1", 2)  # more of them, and none is lost
    assert is_fill(2**63, "d1", 0) in (True, False)
