"""A plain line REPL: Python in, one line a statement, with everything in reach; for editors, Flok, and pipes."""

from __future__ import annotations

import code
import sys
from typing import Any

from ..errors import GrooveError
from . import api as words
from .session import Session
from .silence import SilenceWord
from .welcome import welcome


class Console(code.InteractiveConsole):
    """Python's console, but a mistake is told in one line, and `hush` needs no parentheses."""

    def runsource(self, source: str, filename: str = "<input>", symbol: str = "single") -> bool:
        """Run what was typed; return whether more is needed."""
        alone = source.strip().rstrip(";").strip()
        if isinstance(self.locals.get(alone), SilenceWord):
            source = f"{alone}()"
        return super().runsource(source, filename, symbol)

    def showtraceback(self) -> None:
        """Tell the error that was just raised."""
        error = sys.exc_info()[1]
        kind = "" if isinstance(error, GrooveError) else f"{type(error).__name__}: "
        self.write(f"{kind}{error}\n")


def run(live: Session | None = None, **options: Any) -> int:
    """Read lines until the input ends, and return 0.

    Args:
        live: the session; by default the one that runs here, or a new one.
        options: as of `groovelive.open`.
    """
    live = words.open(**options) if live is None else live
    console = Console({"__name__": "__console__", **words.in_reach(live)})
    talking = sys.stdin.isatty()
    if not talking:
        sys.ps1 = sys.ps2 = ""
    try:
        console.interact(banner=welcome(live) if talking else "", exitmsg="")
    finally:
        live.close()
    return 0
