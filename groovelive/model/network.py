"""A network as a plain function of arrays, whichever back end runs it.

A network gives the same bits for a row alone and in a batch. Matrix products of different heights may differ in
their last bits, by machine and by library, so that is measured at the first batch: rows go together only in
numbers that gave on this machine what each row gives alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Feeds = Mapping[str, Floats]
BackendName = Literal["onnx", "torch"]
ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # inputs and outputs, in order
    "drum": (("tap", "genre", "density", "known"), ("logits", "velocities", "offsets")),
    "encode": (("tap",), ("mean", "log_variance")),
    "recall": (("z",), ("guide",)),
    "hear": (("tap",), ("familiar",)),
}
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
