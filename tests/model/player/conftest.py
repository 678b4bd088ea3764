"""A player with small random weights: what is tested here must hold whatever it has learnt."""

import numpy as np
import pytest

from groovelive.model.player.network import PlayerSizes, PlayerWeights
from groovelive.model.player.player import DrumPlayer


def random_weights(seed: int = 0, **changes: int) -> PlayerWeights:
    sizes = PlayerSizes(**{"width": 16, "heads": 2, "blocks": 2, "hidden": 24, "touch": 12, "told": 8, **changes})
    rng = np.random.default_rng(seed)
    arrays = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in sizes.shapes().items()}
    arrays["spread"] = np.full(arrays["spread"].shape, 1 / 8, np.float32)
    return PlayerWeights(arrays, sizes.heads)


@pytest.fixture(scope="session")
def player() -> DrumPlayer:
    return DrumPlayer(random_weights())
