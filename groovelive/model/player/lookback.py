"""What the player sees of what was played before: the inputs of a step, and those of a hit's velocity and offset."""

from __future__ import annotations

import numpy as np

from .conditions import N_VOICES, PLAYED, Floats

LAGS = (16, 32, 64, 128)  # steps back that a step sees besides the one before it
STEP_INPUTS = (1 + len(LAGS)) * (PLAYED + 1)
TOUCH_LAGS = (4, 8, 16, 32, 64)  # steps back at which a hit sees its own voice
RECENT = 32  # steps over which the feel of a voice is summed up
TOUCH_INPUTS = 3 * len(TOUCH_LAGS) + 5
_STEP_LAGS, _TOUCH_LAGS, _EACH = np.array((1, *LAGS)), np.array(TOUCH_LAGS), np.arange(N_VOICES)


def scaled(played: Floats) -> Floats:
    """Return hits, velocities and offsets (..., 27) with the offsets doubled: all about as large."""
    out = np.array(played, np.float32)
    out[..., 2 * N_VOICES :] *= 2
    return out


def step_inputs(played: Floats) -> Floats:
    """Return what each step sees, (T, STEP_INPUTS), of what was played, (T, 27): nothing of its own step.

    Of the step before it and of those `LAGS` back: the 27 numbers, and 1 where there was no such step.
    """
    x = scaled(played)
    steps = len(x)
    out = np.zeros((steps, 1 + len(LAGS), PLAYED + 1), np.float32)
    for i, lag in enumerate((1, *LAGS)):
        out[lag:, i, :PLAYED] = x[: max(steps - lag, 0)]
        out[:lag, i, PLAYED] = 1
    return out.reshape(steps, STEP_INPUTS)


def step_input(x: Floats, t: int) -> Floats:
    """Return row `t` of `step_inputs`, given the scaled rows `x` (at least t, 27) before it."""
    out = np.empty((1 + len(LAGS), PLAYED + 1), np.float32)
    at = t - _STEP_LAGS
    there = at >= 0
    out[:, :PLAYED] = x[np.maximum(at, 0)] * there[:, None]
    out[:, PLAYED] = ~there
    return out.reshape(STEP_INPUTS)


def touch_inputs(played: Floats) -> Floats:
    """Return what a hit of each voice at each step would see of that voice's past, (T, 9, TOUCH_INPUTS).

    Hit, velocity and offset `TOUCH_LAGS` back; then, over the last `RECENT` steps, the velocity and offset of the
    latest hit, the mean velocity and offset, and how many hits there were (in eighths).
    """
    steps = len(played)
    x = scaled(played).reshape(steps, 3, N_VOICES).transpose(0, 2, 1)
    out = np.zeros((steps, N_VOICES, TOUCH_INPUTS), np.float32)
    for i, lag in enumerate(TOUCH_LAGS):
        out[lag:, :, 3 * i : 3 * i + 3] = x[: max(steps - lag, 0)]
    first = 3 * len(TOUCH_LAGS)
    total = np.concatenate([np.zeros((1, N_VOICES, 3)), np.cumsum(x, 0, dtype=np.float64)])
    ends = np.arange(steps)
    starts = np.maximum(ends - RECENT, 0)
    sums = total[ends] - total[starts]  # (T, 9, 3) over the steps before t
    count = np.rint(sums[..., :1])
    latest = np.where(x[..., 0] > 0, ends[:, None], -1)
    latest = np.concatenate([np.full((1, N_VOICES), -1), np.maximum.accumulate(latest, 0)])[:steps]
    there = latest >= starts[:, None]
    out[..., first : first + 2] = np.where(there[..., None], x[np.maximum(latest, 0), np.arange(N_VOICES)[None], 1:], 0)
    out[..., first + 2 : first + 4] = sums[..., 1:] / np.maximum(count, 1) * (count > 0)
    out[..., first + 4] = count[..., 0] / 8
    return out


def touch_input(x: Floats, t: int) -> Floats:
    """Return row `t` of `touch_inputs`, (9, TOUCH_INPUTS), given the scaled rows `x` (at least t, 27) before it."""
    out = np.zeros((N_VOICES, TOUCH_INPUTS), np.float32)
    at = t - _TOUCH_LAGS
    rows = x[np.maximum(at, 0)] * (at >= 0)[:, None]
    first = 3 * len(TOUCH_LAGS)
    out[:, :first] = rows.reshape(len(at), 3, N_VOICES).transpose(2, 0, 1).reshape(N_VOICES, first)
    recent = x[max(t - RECENT, 0) : t].reshape(-1, 3, N_VOICES)
    if len(recent):
        sums = np.add.reduce(recent, 0)
        count = sums[0]
        hit = count > 0
        latest = len(recent) - 1 - recent[::-1, 0].argmax(0)
        out[:, first : first + 2] = recent[latest, 1:, _EACH] * hit[:, None]
        out[:, first + 2 : first + 4] = (sums[1:] / np.maximum(count, 1)).T
        out[:, first + 4] = count / 8
    return out
