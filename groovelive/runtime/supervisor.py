"""Keeps programs running: starts them, starts the dead and the wedged again, and ends them all cleanly."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, NamedTuple

_RESTS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before a program that dies again and again starts again
_ATTEMPTS = 4  # to start a program that has never been up
_SETTLED = 5.0  # seconds after which a program that runs counts as well
_PATIENCE = 10.0  # seconds without an answer after which a program counts as wedged
_FAREWELL = 3.0  # seconds that a program has to end by itself
USER_ERROR = 2  # the exit code of a program that was asked for something impossible, and has said so


class Program(NamedTuple):
    """A program to keep running.

    It must end when its standard input ends: so it never outlives its supervisor, however that dies.

    Args:
        name: in messages.
        command: its arguments, the program first.
        answers: whether it can be reached just now, called from a thread of its own; must return within 2 s.
    """

    name: str
    command: Sequence[str]
    answers: Callable[[], bool]


class _Ended(NamedTuple):
    program: Program
    process: subprocess.Popen[bytes]
    code: int


class _Up(NamedTuple):
    program: Program


_STOP = None
_Event = _Ended | _Up | None


class Supervisor:
    """Runs programs until it is told to stop.

    Args:
        programs: what to run.
        ready: called once when all of them have answered for the first time.
        tell: called with a sentence when one had to be started again.
        patience: seconds without an answer after which a program is killed and started again.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        ready: Callable[[], None] = lambda: None,
        tell: Callable[[str], None] = lambda sentence: print("groovelive:", sentence, file=sys.stderr),
        patience: float = _PATIENCE,
    ) -> None:
        self.programs = tuple(programs)
        self._ready, self._tell, self._patience = ready, tell, patience
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()  # signal handlers may put into it
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._began: dict[str, float] = {}
        self._falls: dict[str, int] = {program.name: 0 for program in self.programs}
        self._due: dict[str, float] = {}
        self._up: set[str] = set()
        self._over = threading.Event()

    def stop(self) -> None:
        """End `run`; from any thread, or a signal handler."""
        self._events.put(_STOP)

    def run(self) -> int:
        """Run the programs until `stop` and return 0.

        Returns 2 where one said at its start that it cannot run, and 1 where one has never come up.
        """
        try:
            for program in self.programs:
                self._start(program)
            while True:
                try:
                    event = self._events.get(timeout=self._rest())
                except queue.Empty:
                    for program in self.programs:
                        if self._due.get(program.name, float("inf")) <= time.monotonic():
                            self._start(program)
                    continue
                if event is _STOP:
                    return 0
                if isinstance(event, _Up):
                    if event.program.name not in self._up:
                        self._up.add(event.program.name)
                        if len(self._up) == len(self.programs):
                            self._ready()
                elif not self._restart(event):
                    return USER_ERROR if event.code == USER_ERROR else 1
        finally:
            self._over.set()
            self._end()

    def _rest(self) -> float:
        """Return how long to wait for an event."""
        return max(0.0, min([0.5, *(due - time.monotonic() for due in self._due.values())]))

    def _start(self, program: Program) -> None:
        self._due.pop(program.name, None)
        # Apart, so that a Ctrl-C in the terminal reaches this process only, which then ends them in order.
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        process = subprocess.Popen(program.command, stdin=subprocess.PIPE, bufsize=0, **apart)
        self._running[program.name] = process
        self._began[program.name] = time.monotonic()
        for task in (self._await_end, self._watch):
            threading.Thread(target=task, args=(program, process), name=program.name, daemon=True).start()

    def _await_end(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        self._events.put(_Ended(program, process, process.wait()))

    def _watch(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        """Report when a program has answered, and kill it once it has not for too long."""
        heard, up = time.monotonic(), False
        while not self._over.wait(2.0 if up else 0.05) and process.poll() is None:
            before = time.monotonic()
            if program.answers():
                heard = time.monotonic()
                if not up:
                    self._events.put(_Up(program))
                up = True
            elif before - heard > self._patience and process.poll() is None:
                self._tell(f"the {program.name} (process {process.pid}) does not answer")
                process.kill()
                return

    def _restart(self, ended: _Ended) -> bool:
        """See to a program that has ended; return False where starting it again is of no use."""
        program, code = ended.program, ended.code
        if ended.process.stdin is not None:
            ended.process.stdin.close()
        if code == USER_ERROR and program.name not in self._up:
            return False
        lived = time.monotonic() - self._began[program.name]
        falls = 0 if lived > _SETTLED else self._falls[program.name]
        self._falls[program.name] = falls + 1
        if program.name not in self._up and falls + 1 >= _ATTEMPTS:
            self._tell(f"the {program.name} {_death(code)} {_ATTEMPTS} times and never came up; giving up")
            return False
        rest = _RESTS[min(falls, len(_RESTS) - 1)]
        again = f"again in {rest:g} s" if rest else "again"
        self._tell(f"the {program.name} (process {ended.process.pid}) {_death(code)}; it is started {again}")
        self._due[program.name] = time.monotonic() + rest
        return True

    def _end(self) -> None:
        """End all programs: ask them first, then kill them."""
        for process in self._running.values():
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        deadline = time.monotonic() + _FAREWELL
        for process in self._running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


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


def _death(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
