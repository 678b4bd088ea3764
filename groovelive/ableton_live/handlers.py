"""Callbacks in lists: each is added by a function that returns what takes it out again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

End = Callable[[], None]
"""Ends what a function that returned it has begun; a second call does nothing."""


def added(handlers: list[Any], handler: Callable[[Any], None]) -> End:
    """Add a callback to a list, and return what takes it out.

    >>> heard: list[object] = []
    >>> end = added(heard, print)
    >>> end(), end(), heard
    (None, None, [])
    """
    handlers.append(handler)

    def end() -> None:
        with contextlib.suppress(ValueError):
            handlers.remove(handler)

    return end


def both(one: End, other: End) -> End:
    """Return what ends two things."""

    def end() -> None:
        one()
        other()

    return end
