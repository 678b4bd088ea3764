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


class _Kept:
    """A pipe whose last lines are kept by a thread, which reads to the end, so that nobody waits for a reader.

    Args:
        source: what the thread reads.
        end: what a program writes to.
    """

    def __init__(self) -> None:
        self.source, self.end = os.pipe()
        self.lines: deque[bytes] = deque(maxlen=_LINES)
        self.listener = threading.Thread(target=self._listen, name="overhearing", daemon=True)

    def _listen(self) -> None:
        with open(self.source, "rb") as stream:
            while line := stream.readline(1 << 16):  # a line without an end is cut, so that little is kept
                self.lines.append(line)


class Overheard:
    """A running program; the last lines that it writes to standard error are kept.

    Unlike a `Worker` it is started once, and nothing starts it again. It ends with its context.

    Args:
        command: the program and its arguments.
        environment: of the program; None: that of this process.
        stdin: as for `subprocess.Popen`; by default there is nothing to read.
        stdout: as for `subprocess.Popen`; by default it is kept, too.

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
        errors = _Kept()
        printed = _Kept() if stdout is None else None
        self._kept = [errors] if printed is None else [printed, errors]
        try:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                command,
                env=environment,
                stdin=stdin,
                stdout=stdout if printed is None else printed.end,
                stderr=errors.end,
            )
        except BaseException:
            for each in self._kept:
                os.close(each.source)
            raise
        finally:
            for each in self._kept:
                os.close(each.end)
        for each in self._kept:
            each.listener.start()

    def __enter__(self) -> Overheard:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def lines(self) -> list[str]:
        """Return the last lines that it has said so far, those on standard error after what it has printed."""
        if self.process.poll() is not None:
            for each in self._kept:
                each.listener.join(_SETTLED)
        return [line.decode(errors="replace").rstrip() for each in self._kept for line in list(each.lines)]

    def said(self) -> str:
        """Return its last words, on standard error where there are some, as the end of a sentence about its failure."""
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
