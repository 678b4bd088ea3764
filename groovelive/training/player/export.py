"""The way out of training: a checkpoint becomes the one file of weights that the numpy player reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import GrooveError
from ...model.player.conditions import BITS, GENRES, INSTRUMENTS, N_VOICES, VELOCITIES, Floats
from .data import RecordedTake

VERSION = 1


def velocity_spread(takes: Sequence[RecordedTake]) -> Floats:
    """Return how the velocities of a voice lie inside each class, (9, 16, 8): shares of its eight MIDI values.

    Drummers hit 127 far more often than 121, and an even spread inside a class would tell.
    """
    counts = np.full((N_VOICES, VELOCITIES, 8), 0.25)
    for take in takes:
        if take.tempo is None:
            continue
        hits, velocities, _ = np.split(take.played, 3, 1)
        midi = np.clip(np.rint(velocities * 127), 0, 127).astype(np.int64)
        step, voice = np.nonzero(hits)
        np.add.at(counts, (voice, midi[step, voice] // 8, midi[step, voice] % 8), 1)
    spread: Floats = (counts / counts.sum(-1, keepdims=True)).astype(np.float32)
    return spread


def export(checkpoint: str | PathLike[str], path: str | PathLike[str]) -> Path:
    """Write the averaged weights of a checkpoint as an .npz: float32, norms folded into what follows them.

    Raises:
        GrooveError: it is not a checkpoint of the player.
    """
    try:
        kept = torch.load(checkpoint, weights_only=True)
        arrays = folded(kept["average"], kept["shape"])
        spread = kept["spread"].numpy()
    except (OSError, KeyError, RuntimeError) as error:
        raise GrooveError(f"{checkpoint} is not a checkpoint of the player: {error}") from None
    header = {
        "version": VERSION, "genres": GENRES, "instruments": INSTRUMENTS, "updates": kept["update"],
        "heads": kept["shape"]["heads"], "figures": kept.get("figures", {}),
    }  # fmt: skip
    return _write(path, {"header": np.array(json.dumps(header)), "spread": spread, **arrays})


def with_arrays(path: str | PathLike[str], added: Mapping[str, Floats]) -> None:
    """Write arrays into an .npz, beside those that it has or in their place."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    _write(path, arrays | dict(added))


def _write(path: str | PathLike[str], arrays: Mapping[str, NDArray[Any]]) -> Path:
    """Write an .npz, whole or not at all."""
    part = Path(path).with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return part.replace(path)


def folded(state: dict[str, Tensor], shape: dict[str, float]) -> dict[str, NDArray[np.float32]]:
    """Return the arrays of the numpy player: inputs first (x @ w), each norm's scale and shift in the next matrix."""
    w = {key: value.detach().numpy().astype(np.float64) for key, value in state.items()}
    d, heads, blocks = int(shape["width"]), int(shape["heads"]), int(shape["blocks"])
    out: dict[str, NDArray[np.float64]] = {
        "played": w["played.weight"].T,
        "before": w["before"] + w["played.bias"] + w["controls.bias"] + w["told.bias"],
        "place": w["place"],
        "controls": w["controls.weight"].transpose(2, 1, 0).reshape(-1, d),
        "conditions": w["conditions.weight"].T,
        "conditions_bias": w["conditions.bias"],
        "told": w["told.weight"].T,
    }
    parts: dict[str, list[NDArray[np.float64]]] = {}
    for b in range(blocks):
        at = f"blocks.{b}."
        scale = np.ones(3 * d)
        scale[:d] = (d // heads) ** -0.5  # of the queries
        qkv = w[at + "qkv.weight"].T * scale
        up = w[at + "up.weight"].T
        for name, value in {
            "block_told": w[at + "told.weight"].T,
            "block_told_bias": w[at + "told.bias"],
            "qkv": w[at + "norm1.weight"][:, None] * qkv,
            "qkv_bias": w[at + "norm1.bias"] @ qkv,
            "out": w[at + "out.weight"].T,
            "out_bias": w[at + "out.bias"],
            "up": w[at + "norm2.weight"][:, None] * up,
            "up_bias": w[at + "norm2.bias"] @ up + w[at + "up.bias"],
            "down": w[at + "down.weight"].T,
            "down_bias": w[at + "down.bias"],
            "back": w[at + "back"],
        }.items():
            parts.setdefault(name, []).append(value)
    out |= {name: np.stack(values) for name, values in parts.items()}
    sets = w["set_own"] + BITS.astype(np.float64) @ w["set_voices"]
    scale, shift = w["norm.weight"], w["norm.bias"]
    out["sets"] = (sets * scale).T
    out["sets_bias"] = w["set_bias"] + sets @ shift
    touch = w["touch_y.weight"].T
    out["touch_y"] = scale[:, None] * touch
    out["touch_bias"] = shift @ touch + w["touch_y.bias"]
    for name in ("rhythm", "set", "done", "past"):
        out["touch_" + name] = w[f"touch_{name}.weight"].T
    for name in ("voice", "velocity"):
        out["touch_" + name] = w["touch_" + name]
    for name in ("velocity", "offset"):
        out[name] = w[name + ".weight"].T
        out[name + "_bias"] = w[name + ".bias"]
    return {name: np.ascontiguousarray(value, np.float32) for name, value in out.items()}
