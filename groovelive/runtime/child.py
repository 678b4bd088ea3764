"""The child's side of a process that is kept: it reads orders, writes answers, and ends with its standard input."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from . import log
from .frames import Frames, frame

_log = logging.getLogger(__name__)


class Pipe:
    """What connects a child with its keeper.

    Args:
        out: file descriptor that answers are written to.
        source: file descriptor that orders are read from.
    """

    def __init__(self, out: int, source: int = 0) -> None:
        self._out, self._source = out, source

    def bodies(self) -> Iterator[bytes]:
        """Yield the body of each order until standard input ends."""
        frames = Frames()
        while data := os.read(self._source, 1 << 16):
            yield from frames.feed(data)

    def write(self, messages: Iterable[Any]) -> None:
        """Write answers; each call from one thread at a time.

        Raises:
            OSError: nobody reads any more.
        """
        self.write_bytes(frame(messages))

    def write_bytes(self, data: bytes) -> None:
        """Write bytes as they are."""
        while data:
            data = data[os.write(self._out, data) :]


def take_over(process: str, logged: bool = True) -> Pipe:
    """Make this process a child: its standard output is the pipe to its keeper, what is printed goes to the log.

    Drivers and scsynth print to both outputs as they like.

    Args:
        process: its name in the log.
        logged: whether it has a part in the log of the session; else what is printed goes to standard error.
    """
    pipe = os.dup(1)
    if logged:
        log.start(process)
        if (drain := log.descriptor()) is not None:
            os.dup2(drain, 2)
    os.dup2(2, 1)
    # How the keeper ends is told by the end of standard input; it takes a Ctrl-C for both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return Pipe(pipe)


def run(main: Callable[[], int]) -> None:
    """Run `main`, log its fault, and end at once: the threads of drivers do not always let a process go."""
    code = 1
    try:
        code = main()
    except BaseException:
        _log.critical("unexpected fault", exc_info=True)
    finally:
        sys.stdout.flush()
        os._exit(code)


def until_end_of(stream: IO[bytes], stop: Callable[[], None]) -> threading.Thread:
    """Call `stop` when a stream ends: so a program notices that its supervisor has gone, or wants it to."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(stream.fileno(), 4096):  # unbuffered: a thread that waits here may not hold a lock
                pass
        stop()

    thread = threading.Thread(target=wait, name="supervisor", daemon=True)
    thread.start()
    return thread


@contextlib.contextmanager
def signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGINT and SIGTERM (and Windows' Ctrl-Break) while this context lasts."""
    kinds = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        kinds.append(signal.SIGBREAK)
    before = {kind: signal.signal(kind, lambda *_: stop()) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
