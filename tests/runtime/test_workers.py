"""The keeper of child processes: what it promises to whoever has one kept."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from groovelive.runtime import workers
from groovelive.runtime.workers import Fall, Worker
from tests.support.waiting import until

ECHO = """
import os, sys
from groovelive.runtime.child import Pipe
pipe = Pipe(1)
pipe.write([["up", os.getpid()]])
for body in pipe.bodies():
    pipe.write([["heard", len(body)]])
"""


class Kept:
    """A worker, and what came of it."""

    def __init__(self, code: str, again: bool = True) -> None:
        self.heard: list[bytes] = []
        self.falls: list[Fall] = []
        self.again = again
        self.worker: Worker[list[str]] = Worker(
            "test", [sys.executable, "-c", code], hear=self.heard.append, fell=self._fell
        )

    def _fell(self, fall: Fall) -> bool:
        self.falls.append(fall)
        return self.again


def test_messages_go_both_ways_and_the_end_of_input_ends_the_child() -> None:
    kept = Kept(ECHO)
    kept.worker.post(["early"])  # before there is a process
    kept.worker.start()
    kept.worker.post(["later"])
    until(lambda: len(kept.heard) == 3)
    kept.worker.end()
    assert not kept.falls
    with pytest.raises(ProcessLookupError):
        os.kill(kept.worker.pid, 0)


def test_one_that_dies_again_and_again_is_started_ever_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "RESTS", (0.0, 0.05, 0.1))
    kept = Kept("import sys; sys.exit(3)")
    kept.worker.start()
    until(lambda: len(kept.falls) >= 5)
    kept.worker.end()
    assert [fall.number for fall in kept.falls[:5]] == [1, 2, 3, 4, 5]
    assert [fall.rest for fall in kept.falls[:5]] == [0.0, 0.05, 0.1, 0.1, 0.1]
    assert kept.falls[0].how == "ended with code 3"


def test_the_back_off_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SETTLED", 0.0)
    kept = Kept("import sys; sys.exit(3)")
    kept.worker.start()
    until(lambda: len(kept.falls) >= 3)
    kept.worker.end()
    assert {fall.number for fall in kept.falls} == {1}


def test_who_gives_up_is_left_alone() -> None:
    kept = Kept("import sys; sys.exit(2)", again=False)
    kept.worker.start()
    until(lambda: bool(kept.falls))
    time.sleep(0.3)
    assert len(kept.falls) == 1
    kept.worker.end()


def test_a_program_that_is_not_there_is_a_fall() -> None:
    kept = Kept("", again=False)
    kept.worker._command = ["/no/such/program"]
    kept.worker.start()
    until(lambda: bool(kept.falls))
    assert kept.falls[0][:2] == (0, workers.CANNOT_START) and "cannot be started" in kept.falls[0].how
    assert kept.falls[0].process == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")
def test_posting_to_one_that_does_not_read_does_not_wait() -> None:
    kept = Kept(ECHO)
    kept.worker.start()
    until(lambda: bool(kept.heard))
    os.kill(kept.worker.pid, signal.SIGSTOP)
    start = time.monotonic()
    for _ in range(100):
        kept.worker.post(["x" * 10_000])
    assert time.monotonic() - start < 0.5
    until(lambda: kept.worker.waiting == 0)  # the thread that writes has them, and the pipe is full
    kept.worker.post(["more"])
    time.sleep(0.1)
    assert kept.worker.waiting == 1
    kept.worker.keep(lambda order: False)
    assert kept.worker.waiting == 0
    kept.worker.end(0.1)  # by force
    assert not kept.falls


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_what_waits_is_given_to_the_next_process() -> None:
    began: list[list[list[str]]] = []
    heard: list[bytes] = []

    def begin(waiting: list[list[str]]) -> list[list[str]]:
        began.append(waiting)
        return [["again"], *waiting]

    worker: Worker[list[str]] = Worker("test", [sys.executable, "-c", ECHO], hear=heard.append, begin=begin)
    worker.start()
    until(lambda: len(heard) == 2)
    first = worker.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: worker.pid != first and len(heard) >= 4)
    worker.end()
    assert len(began) == 2


def test_no_file_of_the_working_folder_is_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))  # as `python -m` does
    ended = threading.Event()
    codes: list[int] = []

    def fell(fall: Fall) -> bool:
        codes.append(fall.code)
        ended.set()
        return False

    worker: Worker[None] = Worker("test", workers.command("groovelive.outputs", "nonsense"), hear=print, fell=fell)
    worker.start()
    assert ended.wait(20)
    worker.end()
    assert codes == [2]  # the outputs know no such kind: so far they came
