"""What takes time, in threads of its own: questions to the engine, and targets that are opened."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import GrooveError

_log = logging.getLogger(__name__)


class Result(NamedTuple):
    """What became of a job: its answer or its error, and what is to be done with it."""

    then: Callable[[Any, GrooveError | None], None]
    answer: Any
    error: GrooveError | None


class JobWorker:
    """A thread that does one job after the other; their results are taken by who gave them, when it looks.

    Args:
        name: of the thread.
        wake: called, from the thread, when there is a result.

    >>> woken = threading.Event()
    >>> worker = JobWorker("adder", woken.set)
    >>> worker.do(lambda: 1 + 1, lambda answer, error: print(answer))
    >>> woken.wait(5) and worker.take()
    2
    >>> worker.end()
    """

    def __init__(self, name: str, wake: Callable[[], None]) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Callable[..., None]] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._wake = wake
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def do(self, job: Callable[[], Any], then: Callable[[Any, GrooveError | None], None]) -> None:
        """Have a job done.

        Args:
            job: runs in the thread; a GrooveError that it raises is its result.
            then: called by `take` with the answer and None, or with None and the error.
        """
        self._jobs.put((job, then))

    def take(self) -> None:
        """See to all results that are there."""
        while True:
            try:
                result = self._results.get_nowait()
            except queue.Empty:
                return
            result.then(result.answer, result.error)

    def end(self, timeout: float = 1.0) -> None:
        """Let the thread end after the job it is at."""
        self._jobs.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, then = job
            answer, error = None, None
            try:
                answer = work()
            except GrooveError as problem:
                error = problem
            except Exception as problem:
                _log.exception("a job of the thread %r failed", self._thread.name)
                error = GrooveError(f"{type(problem).__name__}: {problem}")
            self._results.put(Result(then, answer, error))
            with contextlib.suppress(Exception):  # who gave the job may have gone
                self._wake()
