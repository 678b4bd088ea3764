"""A trained network as `groovelive train` saves it, and its four functions as modules that a back end can run."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from .net import Config, GrooveNet


def read_checkpoint(path: Path) -> GrooveNet:
    """Return the averaged network of a checkpoint that `fit` wrote."""
    state = torch.load(path, weights_only=True)
    saved = json.loads(state["recipe"])["config"]
    net = GrooveNet(Config(**{**saved, "genres": tuple(saved["genres"])}))
    net.load_state_dict(state["average"])
    return net.eval()


class _Role(nn.Module):
    """One of the functions of a network as a module of its own, to be exported."""

    def __init__(self, net: GrooveNet, function: str) -> None:
        super().__init__()
        self.net, self.function = net, function

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        answer: Tensor | tuple[Tensor, ...] = getattr(self.net, self.function)(*inputs)
        return answer


_FUNCTIONS = {"drum": "drum", "encode": "encode", "recall": "guide_of", "hear": "familiar"}


def modules(source: GrooveNet | Path) -> dict[str, nn.Module]:
    """Return the modules of a network, or of a checkpoint of `groovelive train`, by role."""
    net = read_checkpoint(source) if isinstance(source, Path) else source
    return {role: _Role(net.eval(), function).eval() for role, function in _FUNCTIONS.items()}
