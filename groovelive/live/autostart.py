"""Starting a session where none runs: `groovelive serve`, in a process of its own that outlives this one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from ..errors import GrooveError
from ..runtime import endpoints as connection
from ..runtime.folders import runtime_folder

_PATIENCE = 20.0  # seconds until it must be there


def ensure() -> None:
    """See to it that a conductor runs on this machine.

    Raises:
        GrooveError: it does not come up; what it said is named.
    """
    if connection.holder("conductor") is not None and connection.read("conductor") is not None:
        return
    if connection.holder("serve") is None and connection.holder("conductor") is None:
        _start()
    end = time.monotonic() + _PATIENCE
    while connection.holder("conductor") is None or connection.read("conductor") is None:
        if time.monotonic() > end:
            raise GrooveError(f"the conductor has not come up within {_PATIENCE:g} s; its words are in {_log()}")
        time.sleep(0.02)


def _log() -> str:
    return str(runtime_folder() / "serve.log")


def _start() -> None:
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
    command = [sys.executable, "-m", "groovelive.cli.services", "serve"]
    with open(_log(), "wb") as log:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ.copy(), **apart)
