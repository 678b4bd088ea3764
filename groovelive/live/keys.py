"""The key that silences, in IPython in a terminal: Esc Esc, and Ctrl-. where the terminal can send it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..errors import GrooveError

# Ctrl-. as terminals send it: with modifyOtherKeys of xterm, and in the way of "CSI u".
_CTRL_DOT = ("\x1b[27;5;46~", "\x1b[46;5u")
SEND_KEYS, AS_BEFORE = "\x1b[>4;1m", "\x1b[>4m"  # asks a terminal for keys that have no code of their own


def bind(bindings: Any, act: Callable[[], None]) -> None:
    """Bind a word to Esc Esc and to Ctrl-. in prompt_toolkit.

    Args:
        bindings: of a prompt, prompt_toolkit's `KeyBindings`.
        act: the word.
    """
    from prompt_toolkit.application import run_in_terminal  # start-up time: only a terminal needs it
    from prompt_toolkit.input import ansi_escape_sequences, vt100_parser  # likewise
    from prompt_toolkit.keys import Keys  # likewise

    for sequence in _CTRL_DOT:  # a key that no keyboard has stands for it
        ansi_escape_sequences.ANSI_SEQUENCES[sequence] = Keys.F24
    vt100_parser._IS_PREFIX_OF_LONGER_MATCH_CACHE.clear()

    def told() -> None:
        try:
            act()
        except GrooveError as error:
            print(f"{error}", file=sys.stderr)

    for keys in ((Keys.Escape, Keys.Escape), (Keys.F24,)):
        bindings.add(*keys)(lambda event: run_in_terminal(told))
