"""The same networks in torch and in ONNX Runtime, in process: the shipped shape, and that of the earlier systems."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import onnxruntime
import torch
from torch import Tensor, nn

from ..model import load
from ..training.net import Config, GrooveNet
from . import Figure, figure


class DrumNetwork(nn.Module):  # type: ignore[misc]  # torch is only there with an extra
    """The drummer of the shipped network, alone."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.net = GrooveNet(config)

    def forward(self, tap: Tensor, genre: Tensor, density: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.net.drum(tap, genre, density, known)


class Earlier(nn.Module):  # type: ignore[misc]
    """An encoder-only transformer of the size that earlier groove transformers have, 32 steps of 27 values.

    Its activations are those of every such model: sigmoid of hits, a bounded velocity and offset.
    """

    def __init__(self) -> None:
        super().__init__()
        d = 128
        self.into = nn.Linear(27, d)
        self.position = nn.Parameter(torch.randn(32, d) * 0.02)
        layer = nn.TransformerEncoderLayer(d, nhead=4, dim_feedforward=128, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 11, norm=nn.LayerNorm(d), enable_nested_tensor=False)
        self.out = nn.Linear(d, 27)

    def forward(self, groove: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hits, velocities, offsets = self.out(self.encoder(self.into(groove) + self.position)).split(9, -1)
        return torch.sigmoid(hits), torch.sigmoid(velocities), 0.5 * torch.tanh(offsets)


def compare(n: int) -> dict[str, Figure]:
    """Time n inferences of one loop with each: torch eager, traced and frozen, and ONNX Runtime, one thread each.

    The weights are random, which the time does not depend on.
    """
    genres = load().manifest.genres
    one = torch.zeros(1, 32, 3)
    one[:, ::3, 0], one[:, ::3, 1] = 1, 0.8
    genre = torch.eye(len(genres) + 1)[-1:]
    peers: dict[str, tuple[Any, tuple[Tensor, ...]]] = {
        "shipped": (DrumNetwork(Config(genres=genres)), (one, genre, torch.zeros(1, 6), torch.zeros(1, 6))),
        "earlier": (Earlier(), (one.repeat(1, 1, 9),)),
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        figures = {}
        for name, (module, inputs) in peers.items():
            module.eval()
            for kind, call in _calls(module, inputs).items():
                about = f"bare inference, {name} architecture, {kind}"
                figures[f"{name}.{kind}"] = figure(_times(call, n), "ms", about)
        return figures
    finally:
        torch.set_num_threads(threads)


def _calls(module: nn.Module, inputs: Sequence[Tensor]) -> dict[str, Callable[[], Any]]:
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shapes that are fixed, as they are here
        traced: Any = torch.jit.freeze(torch.jit.trace(module, tuple(inputs)))
    session = _session(module, inputs)
    feeds = {given.name: tensor.numpy() for given, tensor in zip(session.get_inputs(), inputs, strict=True)}

    def eager() -> Any:
        with torch.inference_mode():
            return module(*inputs)

    def frozen() -> Any:
        with torch.inference_mode():
            return traced(*inputs)

    return {"eager": eager, "traced": frozen, "onnx": lambda: session.run(None, feeds)}


def _session(module: nn.Module, inputs: Sequence[Tensor]) -> Any:
    names = [f"in{k}" for k in range(len(inputs))]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "peer.onnx"
        torch.onnx.export(module, tuple(inputs), str(path), input_names=names, opset_version=17, dynamo=False)
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _times(call: Callable[[], Any], n: int) -> list[float]:
    for _ in range(max(20, n // 20)):
        call()
    times = []
    for _ in range(n):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return times
