"""The player's network in plain numpy: a prefill of what was played, then one step after another, float32.

The weights are those of `training.player.network`, with each norm's scale and shift folded into the matrix after it.
One stream is computed by itself, always in the same way: all of its context at once, then single steps. So the same
request gives the same bits alone and in company.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import GrooveError
from .conditions import (
    CONDITIONS,
    CONTROLS,
    GENRES,
    INSTRUMENTS,
    MEMORY,
    N_SETS,
    N_VOICES,
    OFFSETS,
    PLAYED,
    POWERS,
    STEPS,
    VELOCITIES,
    WINDOW,
    Floats,
)
from .critic import Critic
from .lookback import STEP_INPUTS, TOUCH_INPUTS, step_input, step_inputs

VERSION = 1
CRITIC = "critic_"  # what the names of the critic's arrays begin with
_EPSILON = np.float32(1e-5)


@dataclass(frozen=True, slots=True, eq=False)
class PlayerSizes:
    """Channels, heads, blocks, and units of the hidden layers, of a file of weights."""

    width: int
    heads: int
    blocks: int
    hidden: int
    touch: int
    told: int

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array."""
        d, b, h, t, c = self.width, self.blocks, self.hidden, self.touch, self.told
        return {
            "played": (STEP_INPUTS, d), "before": (N_SETS, d), "place": (STEPS, d), "controls": (WINDOW * CONTROLS, d),
            "conditions": (CONDITIONS, c), "conditions_bias": (c,), "told": (c, d),
            "block_told": (b, c, d), "block_told_bias": (b, d), "qkv": (b, d, 3 * d), "qkv_bias": (b, 3 * d),
            "out": (b, d, d), "out_bias": (b, d), "up": (b, d, h), "up_bias": (b, h), "down": (b, h, d),
            "down_bias": (b, d), "back": (b, self.heads, MEMORY), "sets": (d, N_SETS), "sets_bias": (N_SETS,),
            "touch_y": (d, 2 * t), "touch_bias": (2 * t,), "touch_rhythm": (4, 2 * t), "touch_set": (N_VOICES, 2 * t),
            "touch_done": (PLAYED, 2 * t), "touch_past": (TOUCH_INPUTS, 2 * t), "touch_voice": (N_VOICES, 2 * t),
            "touch_velocity": (VELOCITIES, t), "velocity": (t, VELOCITIES), "velocity_bias": (VELOCITIES,),
            "offset": (t, OFFSETS), "offset_bias": (OFFSETS,), "spread": (N_VOICES, VELOCITIES, 8),
        }  # fmt: skip


class PlayerWeights:
    """The weights of a player: a set of arrays by name, checked, read-only.

    Args:
        arrays: float32 arrays by name, as `training.player.export` makes them.
        heads: of attention.
        about: what its file says of itself: version, genres, instruments, updates, figures.

    Raises:
        GrooveError: an array is missing or has another shape.
    """

    def __init__(self, arrays: dict[str, Floats], heads: int, about: Mapping[str, Any] | None = None) -> None:
        try:
            sizes = PlayerSizes(
                arrays["place"].shape[1], heads, len(arrays["qkv"]), arrays["up"].shape[2],
                arrays["touch_velocity"].shape[1], arrays["conditions"].shape[1],
            )  # fmt: skip
            wrong = {name: arrays[name].shape for name, shape in sizes.shapes().items() if arrays[name].shape != shape}
        except (KeyError, IndexError) as error:
            raise GrooveError(f"the weights of a player lack the array {error}; export them anew") from None
        if wrong:
            name, shape = next(iter(wrong.items()))
            raise GrooveError(f"the player's array {name} must have the shape {sizes.shapes()[name]}, not {shape}")
        self.sizes = sizes
        self.about: Mapping[str, Any] = about or {}
        self.arrays = {name: np.ascontiguousarray(arrays[name], np.float32) for name in sizes.shapes()}
        critic = {name[len(CRITIC) :]: array for name, array in arrays.items() if name.startswith(CRITIC)}
        self.critic = Critic(critic) if critic else None
        for array in self.arrays.values():
            array.setflags(write=False)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> PlayerWeights:
        """Read an .npz of weights.

        Raises:
            GrooveError: there is none, or it is damaged, or of another version.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                header: dict[str, Any] = json.loads(str(file["header"]))
                arrays = {name: file[name].astype(np.float32) for name in file.files if name != "header"}
        except FileNotFoundError:
            raise GrooveError(f"there are no weights {str(path)!r}; `groovelive train player` makes them") from None
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise GrooveError(f"{Path(path).name} is not a file of a player's weights: {error}") from None
        if header.get("version") != VERSION:
            raise GrooveError(f"{Path(path).name} is of version {header.get('version')}; this player reads {VERSION}")
        if tuple(header["genres"]) != GENRES or tuple(header["instruments"]) != INSTRUMENTS:
            raise GrooveError(f"{Path(path).name} knows other genres or instruments; train it with this version")
        return cls(arrays, int(header["heads"]), header)

    def __getitem__(self, name: str) -> Floats:
        return self.arrays[name]

    @cached_property
    def blocks(self) -> list[dict[str, Floats]]:
        """The arrays of each block by name; `back` from the farthest step to the nearest; `line`: it, then never."""
        names = ("qkv", "qkv_bias", "out", "out_bias", "up", "up_bias", "down", "down_bias")
        blocks = []
        for b in range(self.sizes.blocks):
            block = {name: self[name][b] for name in names}
            block["back"] = np.ascontiguousarray(self["back"][b][:, ::-1])
            never = np.full((self.sizes.heads, MEMORY - 1), -1e9, np.float32)
            block["line"] = np.concatenate([block["back"], never], 1)
            blocks.append(block)
        return blocks

    @cached_property
    def spread_sums(self) -> Floats:
        """(9, 16, 8): running sums of how velocities lie inside their class."""
        return self["spread"].cumsum(-1)

    def told(self, conditions: Floats) -> tuple[Floats, Floats]:
        """Return what bars' conditions (n, CONDITIONS) add: at the input (n, d), and by block (n, blocks, d)."""
        hidden = np.maximum(conditions @ self["conditions"] + self["conditions_bias"], 0)
        by_block = [hidden @ self["block_told"][b] + self["block_told_bias"][b] for b in range(self.sizes.blocks)]
        return hidden @ self["told"], np.stack(by_block, 1)

    def static(self, controls: Floats, conditions: Floats) -> tuple[Floats, Floats]:
        """Return all that is known of steps before they are played.

        Args:
            controls: (LOOKBEHIND + bars * STEPS + LOOKAHEAD, CONTROLS).
            conditions: (bars, CONDITIONS).

        Returns:
            What is added at the input, (bars * STEPS, d), and before each block, (bars, blocks, d).
        """
        told, by_block = self.told(conditions)
        windows = np.lib.stride_tricks.sliding_window_view(controls, WINDOW, axis=0)
        flat = windows.transpose(0, 2, 1).reshape(len(windows), WINDOW * CONTROLS)
        x = flat @ self["controls"] + np.repeat(told, STEPS, 0) + np.tile(self["place"], (len(told), 1))
        return x, by_block


class Stream:
    """One drummer's place in the music: what attention needs of the steps up to now.

    Args:
        weights: of the player.
    """

    __slots__ = ("_keys", "_values", "length", "weights")

    def __init__(self, weights: PlayerWeights) -> None:
        s = weights.sizes
        self.weights = weights
        self._keys = np.zeros((s.blocks, s.heads, 2 * MEMORY, s.width // s.heads), np.float32)
        self._values = np.zeros_like(self._keys)
        self.length = 0

    def copy(self) -> Stream:
        """Return a stream that goes on from here by itself."""
        other = Stream(self.weights)
        other._keys[:, :, : self.length] = self._keys[:, :, : self.length]
        other._values[:, :, : self.length] = self._values[:, :, : self.length]
        other.length = self.length
        return other

    def prefill(self, played: Floats, static: Floats, told: Floats) -> None:
        """Take in what was played, in one piece.

        Args:
            played: (P, 27), whole bars, at most `MEMORY` steps.
            static: (P, d); told: (P / STEPS, blocks, d); see `PlayerWeights.static`.
        """
        steps = len(played)
        self.length = steps
        if not steps:
            return
        w = self.weights
        d, heads = w.sizes.width, w.sizes.heads
        before = np.zeros(steps, np.int64)
        before[1:] = played[:-1, :N_VOICES] @ POWERS
        x = step_inputs(played) @ w["played"] + w["before"][before] + static
        for b, block in enumerate(w.blocks):
            x = x + np.repeat(told[:, b], STEPS, 0)
            last = b == w.sizes.blocks - 1  # nobody asks for what the last block makes of the past
            skip = d if last else 0
            qkv = _normed(x) @ block["qkv"][:, skip:] + block["qkv_bias"][skip:]
            *q, k, v = qkv.reshape(steps, -1, heads, d // heads).transpose(1, 2, 0, 3)
            self._keys[b, :, :steps], self._values[b, :, :steps] = k, v
            if last:
                break
            scores = q[0] @ k.transpose(0, 2, 1)
            # One line of biases, slid along: row i begins i steps before the end of what was, and ends in "never".
            slid = np.lib.stride_tricks.sliding_window_view(block["line"], steps, axis=1)
            scores += slid[:, MEMORY - 1 :: -1][:, :steps]
            scores -= scores.max(-1, keepdims=True)
            np.exp(scores, scores)
            scores /= scores.sum(-1, keepdims=True)
            x = x + (scores @ v).transpose(1, 0, 2).reshape(steps, d) @ block["out"] + block["out_bias"]
            x = x + np.maximum(_normed(x) @ block["up"] + block["up_bias"], 0) @ block["down"] + block["down_bias"]

    def make_room(self, steps: int) -> None:
        """Forget what is out of reach, if `steps` more would not fit."""
        if self.length + steps > 2 * MEMORY:
            kept = MEMORY - 1
            for cache in (self._keys, self._values):
                cache[:, :, :kept] = cache[:, :, self.length - kept : self.length].copy()
            self.length = kept

    def step(self, past: Floats, t: int, static: Floats, told: Floats) -> Floats:
        """Go one step on and return its y, (d,), normed.

        Args:
            past: (at least t, 27) what was played, its offsets doubled (`lookback.scaled`); t: the step's number.
            static: (d,); told: (blocks, d).
        """
        w = self.weights
        heads, n = w.sizes.heads, self.length
        first = max(0, n + 1 - MEMORY)
        x = step_input(past, t) @ w["played"]
        x += w["before"][int(past[t - 1, :N_VOICES] @ POWERS) if t else 0]
        x += static
        for b, block in enumerate(w.blocks):
            x += told[b]
            qkv = _normed_one(x) @ block["qkv"]
            qkv += block["qkv_bias"]
            q, k, v = qkv.reshape(3, heads, -1)
            self._keys[b, :, n], self._values[b, :, n] = k, v
            scores = (self._keys[b, :, first : n + 1] @ q[:, :, None])[:, :, 0]
            scores += block["back"][:, first - n - 1 :]
            scores -= np.maximum.reduce(scores, -1, keepdims=True)
            np.exp(scores, scores)
            mixed = (scores[:, None] @ self._values[b, :, first : n + 1])[:, 0]
            mixed /= np.add.reduce(scores, -1, keepdims=True)
            x += mixed.reshape(-1) @ block["out"]
            x += block["out_bias"]
            hidden = _normed_one(x) @ block["up"]
            hidden += block["up_bias"]
            x += np.maximum(hidden, 0, out=hidden) @ block["down"]
            x += block["down_bias"]
        self.length = n + 1
        return _normed_one(x)

    def set_logits(self, y: Floats) -> Floats:
        """Return the logits of the 512 sets of hits."""
        logits = y @ self.weights["sets"]
        logits += self.weights["sets_bias"]
        return logits


def _normed(x: Floats) -> Floats:
    y = x - x.mean(-1, keepdims=True)
    return y / np.sqrt((y * y).mean(-1, keepdims=True) + _EPSILON)


def _normed_one(x: Floats) -> Floats:
    inverse = np.float32(1 / len(x))
    y = x - np.add.reduce(x) * inverse
    y /= np.sqrt(y.dot(y) * inverse + _EPSILON)
    return y
