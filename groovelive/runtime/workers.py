"""The keeper of a child process: starts it, talks to it through its pipes, and starts it again when it dies.

The supervisor's programs, the output processes, the reader of MIDI ports and the reader of MIDI clock are all kept by
a `Worker`. The child's own side is `child`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Generic, NamedTuple, TypeVar

from . import log
from .frames import Frames, frame

RESTS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before a process that dies again and again is started again
SETTLED = 5.0  # seconds after which a process that runs counts as well: its next fall is the first again
FAREWELL = 2.0  # seconds that a process has to end by itself
CANNOT_START = 127  # the exit code of a process that never was one, as in a shell
_ROOT = str(Path(__file__).resolve().parents[2])  # where this package is found
_log = logging.getLogger(__name__)

Order = TypeVar("Order")


def command(module: str, *words: str) -> list[str]:
    """Return the command that runs a module in the same Python; -P: no file of the working folder is a module.

    >>> command("groovelive.outputs", "osc")[1:]
    ['-P', '-m', 'groovelive.outputs', 'osc']
    """
    return [sys.executable, "-P", "-m", module, *words]


def environment() -> dict[str, str]:
    """Return the environment, with the modules where this process finds them.

    The working folder, which `python -m` and `python -c` put there, is no such place.
    """
    here = os.getcwd()
    folders = [folder for folder in sys.path if folder and (folder != here or folder == _ROOT)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}


def apart() -> dict[str, Any]:
    """Return what `Popen` needs so that a Ctrl-C in the terminal reaches this process only, not its child."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


class Fall(NamedTuple):
    """A process has ended, and nobody asked it to.

    Args:
        pid: of the process; 0 where it could not be started.
        code: its exit code; negative is the signal that ended it.
        how: the same in words, such as "was ended by SIGKILL".
        number: 1 for the first, or the first after a process that ran for a while; then 2, 3, …
        rest: seconds until it is started again.
    """

    pid: int
    code: int
    how: str
    number: int
    rest: float

    @property
    def process(self) -> str:
        """Which process it was, to follow its name in a sentence."""
        return f" (process {self.pid})" if self.pid else ""


class Worker(Generic[Order]):
    """Keeps a child process running from `start` until `leave` or `end`.

    The child ends when its standard input does, so that it never outlives this process, however that dies. What is
    posted is written by a thread of its own: who posts never waits for a child that does not read.

    Args:
        name: of the child, for threads and the log.
        command: its arguments, the program first.
        hear: called in a thread of the worker with the body of each message that the child writes to standard output;
            None: that is inherited.
        begin: called when a process is started, with what still waits to be written; returns what is to be written
            instead, such as all that must be open again. `turn` is held.
        fell: called in a thread of the worker when a process has ended by itself; returns whether to start it again.
        started: called with each process that has been started.
        weigh: how much an order adds to `waiting`.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        hear: Callable[[bytes], None] | None = None,
        begin: Callable[[list[Order]], Iterable[Order]] = lambda waiting: waiting,
        fell: Callable[[Fall], bool] = lambda fall: True,
        started: Callable[[subprocess.Popen[bytes]], None] = lambda process: None,
        weigh: Callable[[Order], int] = lambda order: 1,
    ) -> None:
        self.name = name
        self.turn = threading.Condition(threading.RLock())  # of what follows, and of what belongs to the worker's owner
        self.waiting = 0
        self._command, self._hear, self._weigh = command, hear, weigh
        self._begin, self._fell, self._started = begin, fell, started
        self._queue: deque[Order] = deque()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: IO[bytes] | None = None  # to be written to
        self._stale: list[IO[bytes]] = []  # pipes of processes that are no more, for the writer to close
        self._leaving = False
        self._keeper = threading.Thread(target=self._keep, name=f"{name} keeper", daemon=True)
        self._writer = threading.Thread(target=self._write, name=f"{name} writer", daemon=True)

    def start(self) -> None:
        """Start the process."""
        self._keeper.start()
        self._writer.start()

    @property
    def pid(self) -> int:
        """The process that runs now, or ran last; 0 before the first."""
        return 0 if self._process is None else self._process.pid

    def post(self, order: Order) -> None:
        """Have an order written as soon as the process reads; does not wait."""
        with self.turn:
            self._queue.append(order)
            self.waiting += self._weigh(order)
            self.turn.notify_all()

    def keep(self, wanted: Callable[[Order], bool]) -> None:
        """Forget what is not written yet, and not wanted."""
        with self.turn:
            self._replace([order for order in self._queue if wanted(order)])

    def leave(self) -> None:
        """End the process's standard input, and do not start it again; does not wait."""
        with self.turn:
            self._leaving = True
            self.turn.notify_all()

    def kill(self) -> None:
        """Kill the process that runs."""
        if self._process is not None:
            self._process.kill()

    def end(self, patience: float = FAREWELL) -> None:
        """Leave, and wait until the process has ended; make it, if need be.

        Args:
            patience: seconds that it has to end by itself.
        """
        self.leave()
        if self._keeper.ident is None:
            return
        self._keeper.join(patience)
        if self._keeper.is_alive():
            self.kill()
            self._keeper.join(FAREWELL)

    def _replace(self, orders: Iterable[Order]) -> None:
        self._queue = deque(orders)
        self.waiting = sum(map(self._weigh, self._queue))
        self.turn.notify_all()

    # In the threads

    def _write(self) -> None:
        """Write what is in the queue, whenever there is something and a process to read it."""
        while True:
            with self.turn:
                self.turn.wait_for(lambda: self._leaving or self._stale or (self._queue and self._pipe))
                leaving, pipe = self._leaving, self._pipe
                stale, self._stale, orders = self._stale, [], list(self._queue)
                if pipe is None or leaving:
                    orders = []
                else:
                    self._replace(())
            for old in [*stale, *([pipe] if leaving and pipe else [])]:
                with contextlib.suppress(OSError):
                    old.close()
            if leaving:
                return
            if orders:
                assert pipe is not None
                self._write_all(pipe, frame(orders))

    def _write_all(self, pipe: IO[bytes], data: bytes) -> None:
        try:
            while data:
                data = data[os.write(pipe.fileno(), data) :]
        except OSError:  # the process is no more
            with self.turn:
                if self._pipe is pipe:
                    self._pipe = None
                    self._stale.append(pipe)

    def _keep(self) -> None:
        """Run the process again and again."""
        count = 0
        while True:
            began = time.monotonic()
            pid, code, how = self._live()
            if self._leaving:
                return
            count = 1 if time.monotonic() - began > SETTLED else count + 1
            fall = Fall(pid, code, how, count, RESTS[min(count, len(RESTS)) - 1])
            _log.info("the %s%s %s (for the %d. time)", self.name, fall.process, how, count)
            if not self._fell(fall):
                self.leave()
                return
            with self.turn:
                if self.turn.wait_for(lambda: self._leaving, fall.rest):
                    return

    def _live(self) -> tuple[int, int, str]:
        """Start the process, hear it out, and return its pid, its exit code, and that in words."""
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "bufsize": 0}
        if self._hear is not None:
            pipes |= {"stdout": subprocess.PIPE, "stderr": log.descriptor()}
        try:
            process: subprocess.Popen[bytes] = subprocess.Popen(self._command, env=environment(), **pipes, **apart())
        except OSError as error:
            return 0, CANNOT_START, f"cannot be started ({error.strerror or error})"
        assert process.stdin is not None
        with self.turn:
            self._process = process
            if self._leaving:
                process.stdin.close()
            else:
                self._pipe = process.stdin
                self._replace(self._begin(list(self._queue)))
        self._started(process)
        if process.stdout is not None:
            self._listen(process, process.stdout)
        code = process.wait()
        with self.turn:
            if self._pipe is process.stdin and not self._leaving:
                self._pipe = None
                self._stale.append(process.stdin)
                self.turn.notify_all()
        return process.pid, code, death(code)

    def _listen(self, process: subprocess.Popen[bytes], stdout: IO[bytes]) -> None:
        frames = Frames()
        assert self._hear is not None
        with stdout:
            while data := os.read(stdout.fileno(), 1 << 16):
                try:
                    for body in frames.feed(data):
                        self._hear(body)
                except Exception:
                    _log.exception("the %s (process %d) wrote what cannot be taken", self.name, process.pid)
                    process.kill()
                    return


def death(code: int) -> str:
    """Return an exit code in words.

    >>> death(1), death(-9)
    ('ended with code 1', 'was ended by SIGKILL')
    """
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
