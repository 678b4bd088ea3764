"""Starting a session where none runs: `groovelive serve`, in a process of its own that outlives this one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import GrooveError
from ..runtime import endpoints as connection
from ..runtime import log

_PATIENCE = 20.0  # seconds until it must be there
_MORE = 300  # characters of what it said last that an error repeats


class _Started(NamedTuple):
    """A `groovelive serve` that this process has started, and the log of its session."""

    process: subprocess.Popen[bytes]
    log: Path | None

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None and not _somebody_serves()

    def said(self) -> str:
        """Return its last words, and where all of them are, as the end of a sentence."""
        if self.log is None:
            return "its standard error says why"
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        words = next((line for line in reversed(lines) if line.strip()), "nothing")
        return f"it said: {words.removeprefix('groovelive: ')[:_MORE]}; {self.log} says more"


def ensure() -> None:
    """See to it that a conductor runs on this machine.

    Raises:
        GrooveError: it does not come up; what it said is told, and the log of its session is named.
    """
    if _there():
        return
    started = None if _somebody_serves() else _start()
    end = time.monotonic() + _PATIENCE
    while not _there():
        if started is not None and started.ended:
            raise GrooveError(f"the conductor could not be started; {started.said()}")
        if time.monotonic() > end:
            found = started.log if started is not None else log.latest()
            raise GrooveError(
                f"the conductor has not come up within {_PATIENCE:g} s; {found or 'groovelive serve'} says more"
            )
        time.sleep(0.02)


def _there() -> bool:
    return connection.holder("conductor") is not None and connection.read("conductor") is not None


def _somebody_serves() -> bool:
    return connection.holder("serve") is not None or connection.holder("conductor") is not None


def _start() -> _Started:
    """Start it; all that it says, from its first moment on, goes to the log of its session."""
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
    command = [sys.executable, "-m", "groovelive.cli.services", "serve"]
    kept = log.prepare()
    if kept is None:  # it then talks to this terminal
        return _Started(subprocess.Popen(command, stdin=subprocess.DEVNULL, **apart), None)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=kept.descriptor,
            stderr=kept.descriptor,
            env=kept.environment,
            **apart,
        )
    finally:
        os.close(kept.descriptor)
    return _Started(process, kept.path)
