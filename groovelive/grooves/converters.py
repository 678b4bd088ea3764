"""Converters: what makes a Groove of a text or a file, told by name, so that the value knows no file format.

The package names its module `convert` here when it is imported; that module is loaded when a converter is first used,
so that a Groove alone needs neither a reader of notation nor one of MIDI files.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

_modules: dict[str, str] = {}


def provide(module: str, *names: str) -> None:
    """Say which module has the converters of these names.

    Args:
        module: its full name; it is not imported yet.
        names: the functions in it, each of which returns a Groove.
    """
    _modules.update(dict.fromkeys(names, module))


def converter(name: str) -> Callable[..., Any]:
    """Return the converter of a name, from the module that provides it.

    >>> len(converter("parse")("x..x..x.", bars=1))
    6
    """
    found: Callable[..., Any] = getattr(import_module(_modules[name]), name)
    return found
