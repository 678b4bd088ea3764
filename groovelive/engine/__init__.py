"""The engine: a server of groove models over ZeroMQ, and its clients.

>>> from groovelive.engine import Client
>>> Client.generate.__name__
'generate'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..protocol.base import EngineError
    from .async_client import AsyncClient
    from .client import Client
    from .requests import Answer

__all__ = ["Answer", "AsyncClient", "Client", "EngineError"]

# Loaded at first use: a server must not wait for asyncio, nor a client for what a server needs.
_HOME = {"Answer": ".requests", "AsyncClient": ".async_client", "Client": ".client", "EngineError": "..protocol.base"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
