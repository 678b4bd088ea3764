"""What the player sees of the past: row by row as in one piece, and nothing of what is to come."""

import numpy as np

from groovelive.model.player.lookback import scaled, step_input, step_inputs, touch_input, touch_inputs


def played(steps: int = 200, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    hits = rng.random((steps, 9)) < 0.2
    rows = np.concatenate([hits, rng.random((steps, 9)) * hits, (rng.random((steps, 9)) - 0.5) * hits], 1)
    return rows.astype(np.float32)


def test_a_row_by_itself_is_the_row_of_the_whole() -> None:
    x = played()
    steps, touches = step_inputs(x), touch_inputs(x)
    for t in range(len(x)):
        np.testing.assert_array_equal(step_input(scaled(x), t), steps[t])
        np.testing.assert_allclose(touch_input(scaled(x), t), touches[t], atol=1e-6)


def test_a_step_sees_nothing_of_itself_or_later() -> None:
    x = played()
    y = x.copy()
    y[120:] = played(seed=1)[120:]
    np.testing.assert_array_equal(step_inputs(x)[:121], step_inputs(y)[:121])
    np.testing.assert_array_equal(touch_inputs(x)[:121], touch_inputs(y)[:121])
    assert (step_inputs(x)[121] != step_inputs(y)[121]).any()


def test_a_voice_sees_its_last_hit_and_its_means() -> None:
    x = np.zeros((48, 27), np.float32)
    x[8, [0, 9, 18]] = 1, 0.5, 0.1
    x[16, [0, 9, 18]] = 1, 0.7, -0.1
    row = touch_inputs(x)[20, 0]
    np.testing.assert_allclose(row[-5:], [0.7, -0.2, 0.6, 0.0, 2 / 8], atol=1e-6)
    assert not touch_inputs(x)[20, 1:].any()
