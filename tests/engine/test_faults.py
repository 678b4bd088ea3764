"""What happens on a bad night: an engine that is killed, stopped, starved of disk, or asked for three minutes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from groovelive import load
from groovelive.cli.status import report
from groovelive.engine import Client, EngineError
from groovelive.runtime import endpoints as connection
from tests.support.engine_process import answers
from tests.support.soak import SECONDS
from tests.support.waiting import until

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX"),
]
COMMAND = [sys.executable, "-m", "groovelive.cli.services"]
TAP = "x..x..x."


@pytest.fixture
def serve() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([*COMMAND, "serve"], text=True) as serve:
        until(answers)
        yield serve
        serve.terminate()
        assert serve.wait(10) == 0


class Load:
    """Threads that ask without a rest; every answer is checked, every error counted by its code."""

    def __init__(self, client: Client, threads: int = 8, timeout: float = 10) -> None:
        self.answered = 0
        self.wrong = 0
        self.errors: Counter[str] = Counter()
        self.gap = 0.0  # longest time without an answer to anyone, in seconds
        self._client, self._timeout, self._last = client, timeout, time.monotonic()
        self._over = threading.Event()
        self._lock = threading.Lock()
        model = load()
        self._expected = [model.mirror(TAP, sampling="bernoulli", seed=seed) for seed in range(16)]
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(threads)]

    def __enter__(self) -> Load:
        self._last = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self, seed: int) -> None:
        while not self._over.is_set():
            seed = (seed + 1) % 16
            try:
                groove = self._client.generate(TAP, sampling="bernoulli", seed=seed, timeout=self._timeout).groove
            except EngineError as error:
                with self._lock:
                    self.errors[error.code] += 1
                continue
            with self._lock:
                now = time.monotonic()
                self.gap, self._last = max(self.gap, now - self._last), now
                self.answered += 1
                self.wrong += groove != self._expected[seed]


def test_killed_under_load_twice_no_request_is_lost(serve: subprocess.Popen[str]) -> None:
    with Client() as client, Load(client) as asked:
        for _ in range(2):
            time.sleep(0.7)
            engine = report()["engine"]
            os.kill(engine["pid"], signal.SIGKILL)
            until(lambda: (found := connection.read()) is not None and found.pid != engine["pid"] and answers())  # noqa: B023
            before = asked.answered
            until(lambda: asked.answered > before + 50)  # noqa: B023
    # Whoever waited when it died had an answer of the next one.
    assert not asked.errors and asked.wrong == 0
    assert asked.gap < 5  # a second on an idle machine, which the benchmark measures


def test_killed_under_load_short_deadlines_give_typed_errors(serve: subprocess.Popen[str]) -> None:
    with Client() as client, Load(client, threads=4, timeout=0.05) as asked:
        until(lambda: asked.answered > 20)
        os.kill(report()["engine"]["pid"], signal.SIGKILL)
        until(lambda: sum(asked.errors.values()) > 0)
        before = asked.answered
        until(lambda: asked.answered > before + 20)
    assert set(asked.errors) <= {"LATE", "NO_WORKER"} and asked.wrong == 0


def test_stopped_for_three_seconds(serve: subprocess.Popen[str]) -> None:
    """Who has no time is told so; who has time is answered; nobody gets the answer of another."""
    pid = report()["engine"]["pid"]
    with Client() as client:
        assert client.generate(TAP).groove.bars == 2
        os.kill(pid, signal.SIGSTOP)
        try:
            with ThreadPoolExecutor(2) as pool:
                patient = pool.submit(client.generate, TAP, genre="funk", timeout=10)
                start = time.monotonic()
                with pytest.raises(EngineError) as caught:
                    client.generate(TAP, timeout=0.5)
                assert caught.value.code == "LATE" and time.monotonic() - start < 1
                time.sleep(2.5)
                os.kill(pid, signal.SIGCONT)
                assert patient.result(5).groove == load().mirror(TAP, genre="funk")
        finally:
            os.kill(pid, signal.SIGCONT)
        assert client.generate(TAP, genre="jazz").groove == load().mirror(TAP, genre="jazz")
        assert report()["engine"]["pid"] == pid  # three seconds are no reason to start another


def test_a_client_that_is_killed_mid_request_harms_nobody(serve: subprocess.Popen[str]) -> None:
    code = (
        "from groovelive.engine import Client; client = Client(timeout=60)\n"
        "print(client.hello().protocol, flush=True); client.random(256)"
    )
    with Client() as client:
        for _ in range(2):
            with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
                assert other.stdout is not None
                other.stdout.readline()
                time.sleep(0.01)
                other.kill()
            assert client.generate(TAP).groove == load().mirror(TAP)
        until(lambda: sum(client.stats().waiting.values()) == 0)


def test_a_full_disk_at_the_start_is_told(folders: Path) -> None:
    """No file may grow beyond 0 bytes, as on a disk that is full."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0));"
        "from groovelive.cli.services import main; main(sys.argv[1], [])"
    )
    for command in ("engine", "serve"):
        done = subprocess.run([sys.executable, "-c", code, command], capture_output=True, text=True, timeout=30)
        assert done.returncode == 1 and "GrooveError" in done.stderr and "cannot be written" in done.stderr
        assert not folders.exists()


def test_a_disk_that_is_full_when_the_engine_is_ready(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection file cannot be written, though the lock could."""
    code = (
        "import errno, os, sys; from groovelive.runtime import endpoints as connection\n"
        "def full(path, data): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
        "connection.write_private = full\n"
        "from groovelive.cli.services import main; main('engine', [])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "No space left on device" in done.stderr
    assert not folders.exists()


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_told(folders: Path) -> None:
    folders.parent.chmod(0o500)
    try:
        done = subprocess.run([*COMMAND, "engine"], capture_output=True, text=True, timeout=30)
    finally:
        folders.parent.chmod(0o700)
    assert done.returncode == 2 and "GROOVELIVE_RUNTIME" in done.stderr


def soak(client: Client, seconds: float, rate: float = 200) -> tuple[int, int, int]:
    """Ask at a rate; return how many were answered, and the engine's memory at a tenth of the time and at the end."""
    answered, first = 0, 0
    start = time.monotonic()

    def ask(n: int) -> None:
        if n % 50 == 0:
            client.walk("funk", "jazz", 4, timeout=10)
        elif n % 10 == 1:
            client.random(2, seed=n, timeout=10)
        else:
            client.generate(TAP, sampling="bernoulli", seed=n, genre="rock", timeout=10)

    with ThreadPoolExecutor(4) as pool:
        total = int(seconds * rate)
        tasks = []
        for n in range(total):
            time.sleep(max(0.0, start + n / rate - time.monotonic()))
            tasks.append(pool.submit(ask, n))
            if len(tasks) > rate:
                tasks.pop(0).result(30)
                answered += 1
            if n == total // 10:
                first = client.stats(timeout=10).rss
        for task in tasks:
            task.result(30)
            answered += 1
    return answered, first, client.stats(timeout=10).rss


@pytest.mark.timeout(SECONDS + 120)
def test_soak(serve: subprocess.Popen[str]) -> None:
    """Some seconds always; GROOVELIVE_SOAK=180 (seconds) for three minutes, 3600 for the hour."""
    with Client() as client:
        answered, first, last = soak(client, SECONDS)
        stats = client.stats()
    assert answered == int(SECONDS * 200) and not stats.failures
    assert last <= 1.05 * first
