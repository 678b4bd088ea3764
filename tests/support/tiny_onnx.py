"""A writer of small ONNX files in plain Python: tests make networks with it, right and wrong, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Shape = Sequence[int | str]
_TYPES = {np.dtype(np.float32): 1, np.dtype(np.int64): 7, np.dtype(np.float64): 11}


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _int(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _bytes(field: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, value: Any) -> bytes:
    array = np.asarray(value)
    dims = b"".join(_int(1, n) for n in array.shape)
    return dims + _int(2, _TYPES[array.dtype]) + _bytes(8, name) + _bytes(9, array.tobytes())


def _info(name: str, shape: Shape, kind: int = 1) -> bytes:
    dims = b"".join(_bytes(1, _int(1, n) if isinstance(n, int) else _bytes(2, n)) for n in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _int(1, kind) + _bytes(2, dims)))


def model(
    nodes: Sequence[tuple[str, str, str]],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape],
    constants: Mapping[str, Any],
) -> bytes:
    """Return an ONNX file.

    Args:
        nodes: (operator, "its inputs", "its outputs"), names divided by spaces.
        inputs, outputs: shapes by name; a text in a shape is a length that may vary.
        constants: arrays by name.
    """
    graph = b"".join(
        _bytes(1, b"".join(_bytes(1, i) for i in ins.split()) + b"".join(_bytes(2, o) for o in outs.split())
               + _bytes(3, f"node{k}") + _bytes(4, operator))
        for k, (operator, ins, outs) in enumerate(nodes)
    )  # fmt: skip
    graph += _bytes(2, "graph")
    graph += b"".join(_bytes(5, _tensor(name, value)) for name, value in constants.items())
    graph += b"".join(_bytes(11, _info(name, shape)) for name, shape in inputs.items())
    graph += b"".join(_bytes(12, _info(name, shape)) for name, shape in outputs.items())
    return _int(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, "") + _int(2, 17))


def shaker(voices: int = 9, *, velocity: float = 1.0, inputs: Mapping[str, Shape] | None = None) -> bytes:
    """Return the network of docs/models.md: each step of the tap on the closed hat, as late as asked for.

    Args:
        voices: as many as it answers with; 9 is right.
        velocity: factor on the tap's; above 1 leaves the range, NaN is no number.
        inputs: in place of the right ones.
    """
    hit, loud, offset = np.zeros((3, 3, voices), np.float32)
    hit[0], loud[1], offset[2] = 16, velocity, 1
    bias = np.full(voices, -24, np.float32)
    bias[2] = -4
    one = np.array
    nodes = [
        ("MatMul", "tap hit", "hits"),
        ("Add", "hits bias", "logits"),
        ("MatMul", "tap loud", "velocities"),
        ("MatMul", "tap offset", "feel"),
        ("Reshape", "lateness shape", "late"),
        ("Add", "feel late", "moved"),
        ("Clip", "moved least most", "offsets"),
    ]
    constants = {
        "hit": hit, "loud": loud, "offset": offset, "bias": bias, "shape": one([-1, 1, 1], np.int64),
        "least": one(-0.5, np.float32), "most": one(0.5, np.float32),
    }  # fmt: skip
    cells = ("n", 32, voices)
    return model(
        nodes,
        inputs or {"tap": ("n", 32, 3), "lateness": ("n", 1)},
        {"logits": cells, "velocities": cells, "offsets": cells},
        constants,
    )
