"""What a performer's own process, or the machine, is busy with while notes are measured."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import GrooveError

_BUSY = "import os, sys\nparent = int(sys.argv[1])\nwhile os.getppid() == parent: sum(range(100_000))"
_RING = 200_000  # objects
_MATRIX, _BURST, _REST = 400, 20, 0.05


def spin() -> None:
    """Run Python without a pause, as a cell with a loop does."""
    while True:
        pass


def garbage() -> None:
    """Make rings of objects that only the garbage collector can free."""
    kept: deque[Any] = deque(maxlen=3)
    while True:
        ring: list[list[Any]] = [[] for _ in range(_RING)]
        for one, following in zip(ring, [*ring[1:], ring[0]], strict=True):
            one.append(following)
        kept.append(ring)


def native() -> None:
    """Multiply matrices in bursts."""
    matrix = np.random.default_rng(1).random((_MATRIX, _MATRIX))
    while True:
        for _ in range(_BURST):
            matrix @ matrix
        time.sleep(_REST)


def processes() -> None:
    """Keep every core busy, from processes that end with this one."""
    for _ in range(os.cpu_count() or 1):
        subprocess.Popen([sys.executable, "-c", _BUSY, str(os.getpid())], stdin=subprocess.DEVNULL)


_THREADS: dict[str, Callable[[], None]] = {"spin": spin, "garbage": garbage, "native": native}
LOADS = {
    "idle": "nothing else to do",
    "spin": "a thread that spins in the client",
    "procs": "a busy process per core",
    "garbage": "a client that makes cyclic garbage",
    "native": "bursts of native code in the client",
}


def start(load: str) -> None:
    """Begin to be busy, for as long as this process lives.

    Raises:
        GrooveError: there is no such load.
    """
    if load not in LOADS:
        raise GrooveError(f"there is no load {load!r}; there are {', '.join(LOADS)}")
    if load == "procs":
        processes()
    elif load in _THREADS:
        threading.Thread(target=_THREADS[load], name=load, daemon=True).start()
