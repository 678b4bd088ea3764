"""A person at a terminal: types lines into a real IPython under a pseudo-terminal, and reads the screen."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 30.0  # seconds that a line may take
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\x1b[=>]")
_SAID = re.compile(r"<<(\d+) (True|False)>>")
# Tells after each cell whether it went well: a mistake of groovelive's is a sentence like any other.
_WATCH = (
    "get_ipython().events.register('post_run_cell', "
    "lambda done, n=iter(range(999)): print(f'<<{next(n)} {done.success}>>'))"
)


class LineFailed(AssertionError):
    """What was typed has failed; the screen says how."""


class Terminal:
    """A terminal in which a command that opens IPython was typed.

    Args:
        command: what was typed, for `sh`.
        folder: where.
        environment: more variables.
    """

    def __init__(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        import pexpect  # not on Windows

        self._child: Any = pexpect.spawn(
            "/bin/sh", ["-c", command], cwd=str(folder), timeout=PATIENCE, encoding="utf-8", dimensions=(50, 160),
            env=os.environ | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "IPYTHONDIR": str(folder / "ipython")}
            | environment,
        )  # fmt: skip
        self.opening = self._until(r"In \[")
        self._typed = 0
        self.type(_WATCH)

    def type(self, text: str) -> str:
        """Type a line, or paste several; return what is on the screen until they are done.

        Raises:
            LineFailed: they fail.
        """
        time.sleep(0.2)  # a person does not type before the prompt is drawn
        self._child.send(f"\x1b[200~{text}\x1b[201~")
        self._child.send("\x1b\r")  # Esc Enter: run it, whatever its last line is
        shown = self._until(_SAID.pattern)
        said = _SAID.search(shown)
        assert said is not None
        if said[2] != "True":
            raise LineFailed(f"{text}\n{shown}")
        return shown + self._until(r"In \[")

    def leave(self) -> str:
        """Type `exit`, and return what is on the screen until the program has ended."""
        import pexpect  # not on Windows

        time.sleep(0.2)
        self._child.send("exit\r")
        self._child.expect(pexpect.EOF)
        return plain(self._child.before)

    def close(self) -> None:
        """End the program, if it runs."""
        self._child.close(force=True)

    def _until(self, pattern: str) -> str:
        # Between the letters of a prompt there are colours.
        spaced = pattern if pattern.startswith("<<") else pattern + r"(?:\x1b\[[0-9;]*m)*\d+"
        self._child.expect(spaced)
        return plain(self._child.before + self._child.after)


def plain(screen: str) -> str:
    """Return what was written to a terminal without colours and movements."""
    return _ESCAPES.sub("", screen).replace("\r", "")


@contextmanager
def terminal(command: str, folder: Path, **environment: str) -> Iterator[Terminal]:
    """A terminal, and the end of its program."""
    opened = Terminal(command, folder, environment)
    try:
        yield opened
    finally:
        opened.close()


def link_environment(folder: Path) -> bool:
    """Put the Python that runs where `make demo` puts one, in `.venv`; return whether it has the command."""
    (folder / ".venv").symlink_to(sys.prefix)
    return (folder / ".venv" / "bin" / "groovelive").exists()
