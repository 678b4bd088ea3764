"""Networks as plain functions of arrays: ONNX Runtime by default, torch for TorchScript and checkpoints.

A network gives the same bits for a row alone and in a batch. Matrix products of different heights may differ in
their last bits, by machine and by library, so that is measured at the first batch: rows go together only in
numbers that gave on this machine what each row gives alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError

Floats = NDArray[np.float32]
Feeds = Mapping[str, Floats]
BackendName = Literal["onnx", "torch"]
ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # inputs and outputs, in order
    "drum": (("tap", "genre", "density", "known"), ("logits", "velocities", "offsets")),
    "encode": (("tap",), ("mean", "log_variance")),
    "recall": (("z",), ("guide",)),
    "hear": (("tap",), ("familiar",)),
}
SUFFIXES: dict[str, BackendName] = {".onnx": "onnx", ".pt": "torch"}
_WIDTHS = (8, 4, 2)  # rows that go together; more at once are no faster on a processor, and hold others up
_TRIED = 16  # rows that are compared, bit by bit


class Network(ABC):
    """A network: named float32 inputs with a row for each loop in, its outputs in the order of `ROLES`.

    Attributes:
        inputs: the names of its inputs; what else it is fed is left out.
        calls: how often it ran.
        rows: how many rows went through it.
    """

    backend: BackendName

    def __init__(self, inputs: tuple[str, ...]) -> None:
        self.inputs = inputs
        self.calls = self.rows = 0
        self._widths: tuple[int, ...] | None = None

    def __call__(self, feeds: Feeds) -> list[Floats]:
        """Run it on (n, ...) arrays; the outputs have n rows too."""
        feeds = {name: feeds[name] for name in self.inputs}
        n = len(feeds[self.inputs[0]])
        self.rows += n
        if n == 1:
            self.calls += 1
            return self._run(feeds)
        parts = []
        start = 0
        for width in (*self.widths(feeds), 1):
            while start + width <= n:
                parts.append(self._run({name: a[start : start + width] for name, a in feeds.items()}))
                start += width
        self.calls += len(parts)
        return parts[0] if len(parts) == 1 else [np.concatenate(p) for p in zip(*parts, strict=True)]

    def widths(self, like: Feeds) -> tuple[int, ...]:
        """Return the numbers of rows, falling, that may go together without a change of a bit.

        Args:
            like: inputs of the right shapes; their numbers do not matter.
        """
        if self._widths is None:
            rng = np.random.default_rng(0)
            feeds = {k: rng.random((_TRIED, *like[k].shape[1:]), np.float32) for k in self.inputs}

            def out(width: int) -> list[Floats]:
                starts = range(0, _TRIED, width)
                parts = [self._run({k: a[i : i + width] for k, a in feeds.items()}) for i in starts]
                return [np.concatenate(p) for p in zip(*parts, strict=True)]

            alone = out(1)
            self._widths = tuple(w for w in _WIDTHS if all(map(np.array_equal, out(w), alone)))
        return self._widths

    @abstractmethod
    def _run(self, feeds: Feeds) -> list[Floats]: ...


class OnnxNetwork(Network):
    """A network in an ONNX file, on one thread of the processor.

    Raises:
        GrooveError: the file is damaged.
    """

    backend = "onnx"

    def __init__(self, path: Path, outputs: tuple[str, ...]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # a loop is too small to share out
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise GrooveError(f"the model file {path} is damaged: ONNX Runtime can't read it") from error
        found = [o.name for o in session.get_outputs()]
        if missing := [name for name in outputs if name not in found]:
            raise GrooveError(f"the model file {path} has no output {missing[0]!r}; it has {', '.join(found)}")
        self._file = path.name
        self._outputs = None if tuple(found) == outputs else list(outputs)
        self._session: Callable[[list[str] | None, Feeds], list[Floats]] = session.run
        super().__init__(tuple(i.name for i in session.get_inputs()))

    def _run(self, feeds: Feeds) -> list[Floats]:
        try:
            return self._session(self._outputs, feeds)
        except Exception as error:
            raise GrooveError(f"{self._file} does not run: {str(error).splitlines()[0]}") from error


class TorchNetwork(Network):
    """A network in a `.pt` file: a TorchScript module, or a checkpoint of `groovelive train`.

    The module takes its inputs by the names of `forward`'s arguments and returns its outputs in order. It runs
    on CUDA where that is, else on one thread of the processor.

    Raises:
        GrooveError: torch is not installed, or the file is damaged.
    """

    backend = "torch"

    def __init__(self, path: Path, role: str) -> None:
        try:
            import torch
        except ModuleNotFoundError:
            raise GrooveError("the torch backend needs torch: pip install 'groovelive[train]'") from None
        torch.set_num_threads(1)
        self._torch, self._file = torch, path.name
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
        torch = self._torch
        # Unoptimized: the profiling executor would compile other kernels after the first runs.
        with torch.inference_mode(), torch.jit.optimized_execution(False):
            arrays = [np.require(feeds[k], np.float32, ("C", "W")) for k in self.inputs]
            given = [torch.from_numpy(a).to(self._device) for a in arrays]
            out = self._module(*given)
            tensors = out if isinstance(out, tuple | list) else (out,)
            return [t.cpu().numpy() for t in tensors]


def _from_checkpoint(path: Path, role: str, damage: Exception) -> Any:
    from ..training.export import modules

    try:
        return modules(path)[role]
    except Exception:
        raise GrooveError(
            f"the model file {path} is damaged: it is no TorchScript module and no checkpoint"
        ) from damage


def open_network(folder: Path, file: str, role: str, backend: BackendName | None = None) -> Network:
    """Open the network of a role.

    Args:
        folder: of the model.
        file: its name there, as the manifest has it; `.onnx` or `.pt`.
        role: "drum", "encode" or "recall".
        backend: in place of that which the file's suffix stands for; then the file of the other suffix is used.

    Raises:
        GrooveError: there is no such file for that backend, or it is damaged.
    """
    path = folder / file
    if backend is not None and SUFFIXES.get(path.suffix) != backend:
        path = path.with_suffix({name: suffix for suffix, name in SUFFIXES.items()}[backend])
        if not path.is_file():
            raise GrooveError(f"the {backend} backend needs {path.name} beside {file}, which is not in {folder}")
    if SUFFIXES[path.suffix] == "torch":
        return TorchNetwork(path, role)
    return OnnxNetwork(path, ROLES[role][1])
