"""The table of usual densities is that of the shipped player, so that words for "how much" begin where it is."""

from dataclasses import replace

import numpy as np
import pytest

from groovelive.grooves.grid import GROUPS
from groovelive.grooves.groove import Groove
from groovelive.model.player.player import DrumPlayer
from groovelive.model.player.usual import usual_density
from groovelive.model.playing import Playing

RHYTHMS = ("x..x..x.", "x...x...x...x...", "x..x..x...x.x...", "x.x.x.x.", "x...x.x...x..x..", "x..xx.x.")


@pytest.mark.parametrize("genre", [None, "funk"])
def test_the_table_is_what_is_played(genre: str | None) -> None:
    player, found = DrumPlayer.load(), []
    for seed in range(12):
        rhythm = np.resize(Groove.parse(RHYTHMS[seed % 6]).tap(), (32, 3))
        request = Playing(genre=genre, instrument="typed", seed=seed).request(2, rhythm, fill=[False] * 3)
        hits = player.play(replace(request, place=4)).hits
        found.append([hits[:, list(voices)].sum(1).mean() for voices in GROUPS.values()])
    usual = usual_density({} if genre is None else {genre: 1.0})
    np.testing.assert_allclose(np.mean(found, 0), usual, atol=0.12)
    assert abs(np.sum(found) / 12 - usual.sum()) < 0.2
