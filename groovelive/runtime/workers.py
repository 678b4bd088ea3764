"""How the process of an outlet is started: the same Python, the same modules, whatever the working folder holds."""

from __future__ import annotations

import os
import sys


def command(what: str) -> list[str]:
    """Return the command of `python -m groovelive.outputs`; -P: no file of the working folder is a module."""
    return [sys.executable, "-P", "-m", "groovelive.outputs", what]


def environment() -> dict[str, str]:
    """Return the environment, with the modules where this process finds them."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
