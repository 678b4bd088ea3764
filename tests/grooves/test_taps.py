"""Rhythms as arrays: who plays one, and two of them mixed."""

from __future__ import annotations

import numpy as np

from groovelive import Groove
from groovelive.grooves.taps import instrument_of, mixed


def test_what_has_neither_dynamics_nor_feel_was_typed() -> None:
    assert instrument_of(Groove.parse("X..x..x.").tap()) == "typed"
    assert instrument_of(np.zeros((32, 3), np.float32)) == "typed"
    assert instrument_of(Groove.parse("x..x..x.").humanise(0.5, seed=1).tap()) == "drums"
    assert instrument_of(Groove.parse("1.3.5.7.").tap()) == "drums"


def test_a_share_changes_steps_little_by_little() -> None:
    one, two = (Groove.parse(text).tap() for text in ("x..x..x.", "x.x.xx.."))
    before = mixed(one, two, 0, seed=3)
    assert (before == two).all() and (mixed(one, two, 1, seed=3) == one).all()
    changed = np.zeros(32, bool)
    for share in np.linspace(0, 1, 9):
        now = mixed(one, two, float(share), seed=3)
        own = (now == one).all(1)
        assert ((now == two).all(1) | own).all()
        assert (own | ~changed).all()  # what was the rhythm's stays so
        changed |= own & ~(now == two).all(1)
    assert (mixed(one, two, 0.5, seed=3) != mixed(one, two, 0.5, seed=4)).any()


def test_a_shorter_other_goes_round() -> None:
    one, two = np.zeros((64, 3), np.float32), Groove.parse("x..x..x.", bars=2).tap()
    assert (mixed(one, two, 0) == np.tile(two, (2, 1))).all()
