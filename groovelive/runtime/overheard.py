"""Programs that are run for a while, and whose words are needed only when they fail: the last of them are kept."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, Any

from .workers import death

_LINES, _LENGTH = 40, 400  # that are kept of what a program says, and characters of a line that an error repeats
_SETTLED = 1.0  # seconds in which the last words of a program that has ended arrive


class Overheard:
    """A running program; what it writes to standard error is read by a thread, which keeps the last lines.

    Unlike a `Worker` it is started once, and nothing starts it again. It ends with its context.

    Args:
        command: the program and its arguments.
        environment: of the program; None: that of this process.
        stdin: as for `subprocess.Popen`; by default there is nothing to read.
        stdout: as for `subprocess.Popen`; by default it is kept as standard error is.

    Raises:
        OSError: it cannot be started.

    >>> import sys
    >>> with Overheard([sys.executable, "-c", "raise SystemExit('no such drum')"]) as program:
    ...     code, said = program.process.wait(), program.said()
    >>> code, said
    (1, 'it said: no such drum')
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stdin: int | IO[Any] = subprocess.DEVNULL,
        stdout: int | IO[Any] | None = None,
    ) -> None:
        ours, theirs = os.pipe()
        try:
            out = theirs if stdout is None else stdout
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                command, env=environment, stdin=stdin, stdout=out, stderr=theirs
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._lines: deque[bytes] = deque(maxlen=_LINES)
        self._listener = threading.Thread(target=self._listen, args=(ours,), name="overhearing", daemon=True)
        self._listener.start()

    def __enter__(self) -> Overheard:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def lines(self) -> list[str]:
        """Return the last lines that it has said so far."""
        if self.process.poll() is not None:
            self._listener.join(_SETTLED)
        return [line.decode(errors="replace").rstrip() for line in list(self._lines)]

    def said(self) -> str:
        """Return its last words, as the end of a sentence about its failure."""
        words = next((line for line in reversed(self.lines()) if line), None)
        return "it said nothing" if words is None else f"it said: {words[:_LENGTH]}"

    def state(self) -> str:
        """Return what it does, or how it ended, and its last words, to follow its name.

        >>> import sys
        >>> with Overheard([sys.executable, "-c", "raise SystemExit(3)"]) as program:
        ...     _ = program.process.wait()
        ...     program.state()
        'ended with code 3; it said nothing'
        """
        code = self.process.poll()
        return f"{'runs' if code is None else death(code)}; {self.said()}"

    def end(self, patience: float = 15.0) -> None:
        """End it, by force where it has not ended within `patience` seconds."""
        with contextlib.suppress(OSError):
            self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _listen(self, source: int) -> None:
        """Read to the end, so that the program never waits for a reader."""
        with open(source, "rb") as stream:
            # A line without an end is cut, so that little is kept of any program.
            while line := stream.readline(1 << 16):
                self._lines.append(line)
