"""Which back end runs a network: the one that the suffix of its file stands for, or the one asked for."""

from __future__ import annotations

from pathlib import Path

from ..errors import GrooveError
from ..runtime.hints import install
from .network import ROLES, BackendName, Network
from .onnx_backend import OnnxNetwork

SUFFIXES: dict[str, BackendName] = {".onnx": "onnx", ".pt": "torch"}


def open_network(folder: Path, file: str, role: str, backend: BackendName | None = None) -> Network:
    """Open the network of a role.

    Args:
        folder: of the model.
        file: its name there, as the manifest has it; `.onnx` or `.pt`.
        role: "drum", "encode", "recall" or "hear".
        backend: in place of that which the file's suffix stands for; then the file of the other suffix is used.

    Raises:
        GrooveError: there is no such file for that backend, it is damaged, or torch is not installed.
    """
    path = folder / file
    if backend is not None and SUFFIXES.get(path.suffix) != backend:
        path = path.with_suffix({name: suffix for suffix, name in SUFFIXES.items()}[backend])
        if not path.is_file():
            raise GrooveError(f"the {backend} backend needs {path.name} beside {file}, which is not in {folder}")
    if SUFFIXES[path.suffix] == "torch":
        try:
            from .torch_backend import TorchNetwork  # torch is optional, and takes seconds to import
        except ModuleNotFoundError:
            raise GrooveError(f"the torch backend needs torch: {install('train')}") from None
        return TorchNetwork(path, role)
    return OnnxNetwork(path, ROLES[role][1])
