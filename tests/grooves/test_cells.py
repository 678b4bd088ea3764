"""Cells that stay or must be silent: by names, steps and arrays, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groovelive import Groove, GrooveError
from groovelive.grooves.cells import held_and_silent

KEPT = Groove.parse("bd*4, [~ sn]*2, hh*8")


def settled(*args: Any) -> tuple[np.ndarray, np.ndarray]:
    found = held_and_silent(*args)
    assert found is not None
    return found


def test_names_steps_and_arrays_settle_cells() -> None:
    cells, played = settled(KEPT, ["kick", "hats", 3, np.int64(9)], 32)
    expected = np.zeros((32, 9), bool)
    expected[:, [0, 2, 3]] = expected[[3, 9]] = True
    assert (cells == expected).all()
    assert (played == KEPT.hvo * np.tile(expected, 3)).all()
    assert (settled(KEPT, expected, 32)[0] == expected).all()
    assert (settled(KEPT, "kick", 32)[0][:, 0] == 1).all() and (settled(KEPT, 4, 32)[0][4] == 1).all()


def test_what_is_forbidden_is_silent_even_where_it_is_kept() -> None:
    forbidden = np.zeros((32, 9))
    forbidden[:16, 0] = 1
    cells, played = settled(KEPT, "kick", 32, forbidden)
    assert cells[:, 0].all() and not played[:16, 0].any() and (played[16:, 0] == KEPT.hits[16:, 0]).all()
    cells, played = settled(None, (), 32, forbidden)
    assert (cells == forbidden).all() and not played.any()


def test_nothing_settled_is_none() -> None:
    assert held_and_silent(None, (), 32) is None
    assert held_and_silent(None, (), 32, np.zeros((32, 9))) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((None, "kick", 32), "locks need keep="),
        ((KEPT, (), 32), "keep needs locks="),
        ((KEPT, "kick", 48), "3 bars, not 2"),
        ((KEPT, "kik", 32), "did you mean 'kick'"),
        ((KEPT, 32, 32), "a step from 0 to 31, not 32"),
        ((KEPT, [1.5], 32), "not 1.5"),
        ((KEPT, np.ones((16, 9)), 32), r"locks must .*\(32, 9\), not \(16, 9\)"),
        ((None, (), 32, np.ones(9)), r"forbid must .*\(32, 9\), not \(9,\)"),
        ((None, (), 32, np.full((32, 9), "x")), "forbid must hold numbers"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(GrooveError, match=said):
        held_and_silent(*arguments)
