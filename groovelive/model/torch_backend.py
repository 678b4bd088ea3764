"""Networks in `.pt` files, by torch: TorchScript modules, and checkpoints of `groovelive train`.

This is the only module outside `training` that imports torch, and `backends` imports it only for such a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import GrooveError
from ..training.checkpoint import modules
from .network import ROLES, Feeds, Floats, Network


class TorchNetwork(Network):
    """A network in a `.pt` file: a TorchScript module, or a checkpoint of `groovelive train`.

    The module takes its inputs by the names of `forward`'s arguments and returns its outputs in order. It runs
    on CUDA where that is, else on one thread of the processor.

    Raises:
        GrooveError: the file is damaged.
    """

    backend = "torch"

    def __init__(self, path: Path, role: str) -> None:
        torch.set_num_threads(1)
        self._file = path.name
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        try:
            module = torch.jit.load(str(path), map_location=self._device)
        except Exception as damage:
            module = _from_checkpoint(path, role, damage).to(self._device)
        module = module.eval()
        inputs = ROLES[role][0]
        if isinstance(module, torch.jit.ScriptModule):
            names = tuple(a.name for a in module.forward.schema.arguments[1:])
            if inputs[0] in names or len(names) != len(inputs):  # else a trace lost the names: then by order
                inputs = names
        self._module = module
        super().__init__(inputs)

    def _run(self, feeds: Feeds) -> list[Floats]:
        try:
            return self._forward(feeds)
        except Exception as error:
            raise GrooveError(f"{self._file} does not run: {str(error).strip().splitlines()[-1]}") from error

    def _forward(self, feeds: Feeds) -> list[Floats]:
        # Unoptimized: the profiling executor would compile other kernels after the first runs.
        with torch.inference_mode(), torch.jit.optimized_execution(False):
            arrays = [np.require(feeds[k], np.float32, ("C", "W")) for k in self.inputs]
            given = [torch.from_numpy(a).to(self._device) for a in arrays]
            out = self._module(*given)
            tensors = out if isinstance(out, tuple | list) else (out,)
            return [t.cpu().numpy() for t in tensors]


def _from_checkpoint(path: Path, role: str, damage: Exception) -> Any:
    try:
        return modules(path)[role]
    except Exception:
        raise GrooveError(
            f"the model file {path} is damaged: it is no TorchScript module and no checkpoint"
        ) from damage
