"""The words that must never fail: `hush` and `panic`, with or without parentheses, in Python, IPython and the shell."""

from __future__ import annotations

import sys
from collections.abc import Callable

from ..errors import GrooveError

BARE = ("hush", "panic")  # words that IPython and the line REPL take without parentheses


class SilenceWord:
    """A word that silences: `hush()`; in IPython and notebooks `hush` alone does it as well.

    To name it elsewhere, in a script or a debugger, does nothing.

    Args:
        name: the word.
        act: what it does.
        about: what it does, as help shows it.
    """

    def __init__(self, name: str, act: Callable[[], None], about: str) -> None:
        self.__name__, self.__doc__, self._act = name, about, act

    def __call__(self) -> None:
        """Do it."""
        self._act()

    def _ipython_display_(self) -> None:
        """Do it: the word stood alone at the end of a cell."""
        try:
            self._act()
        except GrooveError as error:
            print(f"{error}", file=sys.stderr)

    def __repr__(self) -> str:
        return f"{self.__name__}(): {(self.__doc__ or '').splitlines()[0]}"
