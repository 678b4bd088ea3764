"""Networks in ONNX files, by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnxruntime

from ..errors import GrooveError
from .network import Feeds, Floats, Network


class OnnxNetwork(Network):
    """A network in an ONNX file, on one thread of the processor.

    Raises:
        GrooveError: the file is damaged.
    """

    backend = "onnx"

    def __init__(self, path: Path, outputs: tuple[str, ...]) -> None:
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
