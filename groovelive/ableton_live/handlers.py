"""Callbacks in lists: each is added by a function that returns what takes it out again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

End = Callable[[], None]
"""Ends what a function that returned it has begun; a second call does nothing."""


def _nothing() -> None:
    pass


def added(handlers: list[Any], handler: Callable[[Any], None], first: End = _nothing, last: End = _nothing) -> End:
    """Add a callback to a list, and return what takes it out.

    Args:
        handlers: the list.
        handler: the callback.
        first: called before the list gets its first callback.
        last: called when the last has been taken out.

    >>> heard: list[object] = []
    >>> end = added(heard, print)
    >>> end(), end(), heard
    (None, None, [])
    """
    if not handlers:
        first()
    handlers.append(handler)

    def end() -> None:
        with contextlib.suppress(ValueError):
            handlers.remove(handler)
            if not handlers:
                last()

    return end


def both(one: End, other: End) -> End:
    """Return what ends two things."""

    def end() -> None:
        one()
        other()

    return end
