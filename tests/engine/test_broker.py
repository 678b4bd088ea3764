"""Several engines behind one address: shared out, and none missed when one is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import zmq

from groovelive import GrooveError, load
from groovelive.engine import Client, EngineError, broker
from groovelive.engine.broker import Broker
from groovelive.engine.worker import ASK, BEAT, BYE, NO, READY, REPLY, WHO, WORKER_HEADER, join
from groovelive.protocol.base import Failure
from groovelive.protocol.engine import (
    AnyReply,
    AnyRequest,
    Cancel,
    Cancelled,
    EngineHello,
    Random,
    Stats,
    read_reply,
    read_request,
)
from groovelive.protocol.frames import from_frames, to_frames
from groovelive.runtime import curve as keys
from groovelive.runtime import endpoints as connection
from groovelive.runtime.folders import runtime_folder
from tests.support.waiting import until

pytestmark = pytest.mark.realtime

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
TAP = "x..x..x."


@contextlib.contextmanager
def running(told: list[str] | None = None, **options: Any) -> Iterator[str]:
    """A broker in a thread; gives its address."""
    stop, bound = threading.Event(), threading.Event()
    where: list[str] = []
    tell = told.append if told is not None else lambda sentence: None
    one = Broker("tcp://127.0.0.1:*", tell=tell, **options)
    thread = threading.Thread(target=one.run, args=(stop, lambda a: (where.append(a), bound.set())))
    thread.start()
    try:
        assert bound.wait(5)
        yield where[0]
    finally:
        stop.set()
        thread.join(5)


class Worker:
    """A worker that does what a test wants."""

    def __init__(self, address: str, models: bytes = b"models") -> None:
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(address)
        self.send(READY, models)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: Any) -> None:
        self.socket.close(linger=0)

    def send(self, *parts: bytes) -> None:
        self.socket.send_multipart([WORKER_HEADER, *parts])

    def expect(self, word: bytes, seconds: float = 3) -> list[bytes]:
        """Return what comes with the next message of this kind; heartbeats are answered."""
        end = time.monotonic() + seconds
        while self.socket.poll(max(0, int((end - time.monotonic()) * 1000))):
            rest: list[bytes]
            _, found, *rest = self.socket.recv_multipart()
            if found == word:
                return rest
            if found == BEAT:
                self.send(BEAT)
        raise TimeoutError(word)

    def answer(self, tag: bytes) -> None:
        self.send(REPLY, tag, to_frames(b"x", Cancelled(found=True))[2])


@contextlib.contextmanager
def asking(address: str) -> Iterator[zmq.Socket[bytes]]:
    with zmq.Context.instance().socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(address)
        yield socket


def ask(socket: zmq.Socket[bytes], id: bytes, request: AnyRequest) -> None:
    socket.send_multipart(to_frames(id, request))


def reply(socket: zmq.Socket[bytes], seconds: float = 3) -> tuple[bytes, AnyReply]:
    assert socket.poll(int(seconds * 1000)), "no reply"
    message = from_frames(socket.recv_multipart())
    return message.id, read_reply(message.body)


# Workers that are engines


@posix
def test_three_workers_one_killed_one_stopped(tmp_path: Path) -> None:
    """No request is lost, no answer differs, and the stopped one works again once it goes on."""
    told: list[str] = []
    workers: list[subprocess.Popen[bytes]] = []
    with running(told) as address:
        command = [sys.executable, "-m", "groovelive.cli.services", "engine", "--join", address]
        try:
            for _ in range(3):
                workers.append(subprocess.Popen(command))
            until(lambda: "there are 3" in "".join(told), 20)
            model = load()
            expected = {seed: model.mirror(TAP, sampling="bernoulli", seed=seed) for seed in range(20)}

            def play(first: int) -> set[int]:
                pids = set()
                for n in range(60):
                    seed = (first + n) % 20
                    groove = client.generate(TAP, sampling="bernoulli", seed=seed, timeout=8).groove
                    assert groove == expected[seed]
                    pids.add(client.stats().pid)
                    time.sleep(0.02)
                return pids

            with Client(address) as client, ThreadPoolExecutor(4) as pool:
                before = pool.submit(play, 0)
                assert before.result(20) == {worker.pid for worker in workers}
                during = [pool.submit(play, n) for n in range(4)]
                time.sleep(0.2)
                workers[0].kill()
                workers[1].send_signal(signal.SIGSTOP)
                for task in during:
                    assert workers[2].pid in task.result(30)
                assert {client.stats().pid for _ in range(5)} == {workers[2].pid}
                assert sum("silent" in line or "is gone" in line for line in told) == 2
                workers[1].send_signal(signal.SIGCONT)
                until(lambda: client.stats().pid == workers[1].pid)
                workers[2].terminate()
                assert workers[2].wait(5) == 0
                until(lambda: any("has left" in line for line in told))
                assert client.generate(TAP).groove == model.mirror(TAP)
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGCONT)
                worker.terminate()
            for worker in workers:
                worker.wait(5)
    # The killed one could not tidy up; the next worker does.
    assert [path.stem for path in tmp_path.glob("run/*")] == [f"worker-{workers[0].pid}"]
    connection.discard(connection.private("worker"))
    assert not list(tmp_path.glob("run/*"))


@posix
def test_a_broker_and_a_worker_with_keys() -> None:
    """As two machines would: `engine --broker --bind --curve` on one, `engine --join --curve` on the other."""
    keys.create()
    command = [sys.executable, "-m", "groovelive.cli.services", "engine"]
    with subprocess.Popen([*command, "--broker", "--bind", "tcp://127.0.0.1:*", "--curve"]) as server:
        try:
            until(lambda: connection.read() is not None)
            found = connection.read()
            assert found is not None and found.curve and not found.secret
            with subprocess.Popen([*command, "--join", found.address, "--curve"]) as worker:
                try:
                    with Client(timeout=10) as client:
                        until(lambda: _answered(client), 15)
                        assert client.generate(TAP).groove == load().mirror(TAP)
                    with Client(found.address) as stranger, pytest.raises(EngineError):
                        stranger.hello(timeout=0.3)
                finally:
                    worker.terminate()
                    assert worker.wait(5) == 0
        finally:
            server.terminate()
            assert server.wait(5) == 0
    assert not runtime_folder().joinpath("engine.json").exists()


def _answered(client: Client) -> bool:
    try:
        return bool(client.hello(timeout=1).models)
    except EngineError:
        return False


# Workers that do what the test wants


def test_the_least_recently_used_worker_is_next() -> None:
    with running() as address, asking(address) as client, Worker(address) as a, Worker(address) as b:
        a.expect(BEAT)
        b.expect(BEAT)
        order = []
        for n in range(6):
            ask(client, b"%d" % n, EngineHello())
            for name, worker in (("a", a), ("b", b)):
                with contextlib.suppress(TimeoutError):
                    tag, body = worker.expect(ASK, 0.1)
                    assert read_request(body) == EngineHello()
                    order.append(name)
                    worker.answer(tag)
            assert reply(client)[0] == b"%d" % n
        assert order in ([*"ababab"], [*"bababa"])


def test_a_request_that_loses_its_workers_goes_on_with_what_is_left_of_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(broker, "SILENCE", 0.3)
    with running() as address, asking(address) as client, Worker(address) as first:
        first.expect(BEAT)
        ask(client, b"1", Random(deadline=2000))
        first.expect(ASK)  # and is silent from now on
        with Worker(address) as second:
            tag, body = second.expect(ASK)
            request = read_request(body)
            assert isinstance(request, Random) and request.deadline is not None
            assert 500 < request.deadline < 1900
            first.answer(b"1")  # too late: it was given to the other
            second.answer(tag)
            assert reply(client) == (b"1", Cancelled(found=True))
            assert not client.poll(100)
            first.send(BEAT)
            first.expect(WHO)


def test_a_request_that_kills_its_workers_is_given_up() -> None:
    with running() as address, asking(address) as client:
        ask(client, b"1", EngineHello())
        for _ in range(broker.TRIES):
            with Worker(address) as worker:
                worker.expect(ASK)
                worker.send(BYE)
                time.sleep(0.05)
        _, failure = reply(client)
        assert isinstance(failure, Failure) and failure.code == "INTERNAL"


def test_deadlines_pass_in_the_broker_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "PATIENCE", 0.2)
    with running() as address, asking(address) as client:
        ask(client, b"1", EngineHello(deadline=100))
        ask(client, b"2", EngineHello())
        codes = {reply(client)[1].code for _ in range(2)}  # type: ignore[union-attr]
        assert codes == {"NO_WORKER"}
        with Worker(address) as worker:
            worker.expect(BEAT)
            ask(client, b"3", EngineHello(deadline=100))
            tag, _ = worker.expect(ASK)
            with contextlib.suppress(TimeoutError):
                worker.expect(b"nothing", 0.7)  # alive, but slow
            id, failure = reply(client)
            assert id == b"3" and isinstance(failure, Failure) and failure.code == "LATE"
            worker.answer(tag)
            assert not client.poll(100)


def test_the_stage_finds_room_beside_the_background() -> None:
    with running() as address, asking(address) as client, Worker(address) as worker:
        worker.expect(BEAT)
        for n in range(40):
            ask(client, b"b%d" % n, EngineHello(priority="background"))
        ask(client, b"s", Stats())
        kinds: list[type] = []
        while Stats not in kinds:  # no answer frees a place
            kinds.append(type(read_request(worker.expect(ASK)[1])))
        assert len(kinds) <= broker.BACKGROUND + 1


def test_cancel_finds_what_waits_and_what_is_computed() -> None:
    with running() as address, asking(address) as client, asking(address) as other, Worker(address) as worker:
        worker.expect(BEAT)
        for n in range(broker.CAPACITY + 1):
            ask(client, b"%d" % n, Random())
        tags = [worker.expect(ASK)[0] for _ in range(broker.CAPACITY)]
        ask(other, b"c", Cancel(id=b"0"))  # somebody else's
        assert reply(other) == (b"c", Cancelled(found=False))
        for id in (b"0", b"%d" % broker.CAPACITY):
            ask(client, b"c", Cancel(id=id))
            found, failure = reply(client)
            assert found == id and isinstance(failure, Failure) and failure.code == "CANCELLED"
            assert reply(client) == (b"c", Cancelled(found=True))
        assert read_request(worker.expect(ASK)[1]) == Cancel(id=tags[0])


def test_an_engine_with_other_models_is_not_taken() -> None:
    with running() as address, Worker(address) as one:
        one.expect(BEAT)
        with Worker(address, b"other models") as other:
            assert b"other models" in other.expect(NO)[0]


def test_what_is_no_message_is_answered_or_dropped() -> None:
    with running() as address, asking(address) as client, Worker(address) as worker:
        worker.expect(BEAT)
        wrong = [b"GL9", b"1", b""], [b"x"], [b"GL2", b"1", b"\xc1"], [b"GL2", b"", b""]
        for parts in (*wrong, [b"GL2", b"1", b"\x80" * 300_000]):
            client.send_multipart(parts)
            assert isinstance(reply(client)[1], Failure)
        for parts in (
            [WORKER_HEADER],
            [WORKER_HEADER, b"nonsense"],
            [WORKER_HEADER, REPLY],
            [WORKER_HEADER, REPLY, b"9", b""],
            [b""],
            [b"", b""],
        ):
            client.send_multipart(parts)
        with zmq.Context.instance().socket(zmq.REQ) as req:
            req.setsockopt(zmq.LINGER, 0)
            req.connect(address)
            ask(req, b"1", EngineHello())
            worker.answer(worker.expect(ASK)[0])
            assert reply(req) == (b"1", Cancelled(found=True))


def test_joining_an_engine_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groovelive.engine.worker.GREETING", 0.1)
    with pytest.raises(GrooveError, match="does not answer"):
        join("tcp://127.0.0.1:9", "tcp://127.0.0.1:9", threading.Event())
