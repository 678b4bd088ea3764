"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable

_LOOK = 0.01  # seconds between two looks


def until(happened: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something has happened.

    Args:
        happened: whether it has.
        seconds: that it may take, on a machine that has much to do.

    Raises:
        AssertionError: it has not.
    """
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"it has not happened within {seconds:g} s"
        time.sleep(_LOOK)
