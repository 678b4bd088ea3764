"""Keeps programs running: starts them, starts the dead and the wedged again, and ends them all cleanly."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from .workers import Fall, Worker

_ATTEMPTS = 4  # to start a program that has never been up
_PATIENCE = 10.0  # seconds without an answer after which a program counts as wedged
_START = 30.0  # the same for one that has yet to come up: on a machine that has much to do that takes its time
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


class _Lost(NamedTuple):
    """A program that it is of no use to start again."""

    code: int


_Event = _Lost | Literal["up", "stop"]


class Supervisor:
    """Runs programs until it is told to stop.

    Args:
        programs: what to run.
        ready: called once when all of them have answered for the first time.
        tell: called with a sentence when one had to be started again.
        patience: seconds without an answer after which a program that was up is killed and started again.
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
        self._up: set[str] = set()
        self._over = threading.Event()
        self._workers = [self._worker(program) for program in self.programs]

    def _worker(self, program: Program) -> Worker[None]:
        def started(process: subprocess.Popen[bytes]) -> None:
            threading.Thread(target=self._watch, args=(program, process), name=program.name, daemon=True).start()

        return Worker(program.name, program.command, fell=lambda fall: self._fell(program, fall), started=started)

    def stop(self) -> None:
        """End `run`; from any thread, or a signal handler."""
        self._events.put("stop")

    def run(self) -> int:
        """Run the programs until `stop` and return 0.

        Returns 2 where one said at its start that it cannot run, and 1 where one has never come up.
        """
        ready = False
        try:
            for worker in self._workers:
                worker.start()
            while True:
                event = self._events.get()
                if event == "stop":
                    return 0
                if isinstance(event, _Lost):
                    return USER_ERROR if event.code == USER_ERROR else 1
                if not ready and len(self._up) == len(self.programs):
                    ready = True
                    self._ready()
        finally:
            self._over.set()
            for worker in self._workers:
                worker.leave()
            deadline = time.monotonic() + _FAREWELL
            for worker in self._workers:
                worker.end(max(0.0, deadline - time.monotonic()))

    # In the threads of a program

    def _watch(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        """Report when a program has answered, and kill it once it has not for too long."""
        heard, up = time.monotonic(), False
        while not self._over.wait(2.0 if up else 0.05) and process.poll() is None:
            before = time.monotonic()
            if program.answers():
                heard = time.monotonic()
                if not up:
                    self._up.add(program.name)
                    self._events.put("up")
                up = True
            elif before - heard > (self._patience if up else _START) and process.poll() is None:
                self._tell(f"the {program.name} (process {process.pid}) does not answer")
                process.kill()
                return

    def _fell(self, program: Program, fall: Fall) -> bool:
        """Tell that a program has ended; return whether to start it again."""
        if program.name not in self._up:
            if fall.code == USER_ERROR:
                self._events.put(_Lost(fall.code))
                return False
            if fall.number >= _ATTEMPTS:
                self._tell(f"the {program.name} {fall.how} {_ATTEMPTS} times and never came up; giving up")
                self._events.put(_Lost(fall.code))
                return False
        again = f"again in {fall.rest:g} s" if fall.rest else "again"
        self._tell(f"the {program.name}{fall.process} {fall.how}; it is started {again}")
        return True
