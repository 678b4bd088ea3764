"""The server with real processes and sockets: priorities, deadlines, the same bits always, and all that goes wrong."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groovelive import Groove
from groovelive.engine import batch, handlers
from groovelive.engine.batch import Job, Queue
from groovelive.engine.server import run
from groovelive.errors import GrooveError
from groovelive.model import Model, load
from groovelive.protocol.base import MAX_REQUEST, Array, EngineError, Failure, Priority, Reply
from groovelive.protocol.engine import (
    Cancel,
    Cancelled,
    EngineHello,
    EngineReport,
    Generate,
    Grooves,
    Random,
    Stats,
    WalkRequest,
    read_reply,
)
from groovelive.protocol.frames import from_frames, to_frames
from groovelive.runtime import curve as keys
from tests.support.engine_process import Raw, process

pytestmark = pytest.mark.realtime

TAP = Array.of(Groove.parse("x..x..x. x.x..x.x").tap())
HELD = Random(count=256, seed=1)  # some 0.1 s of work
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture
def client(address: str) -> Iterator[Raw]:
    with Raw(address) as raw:
        yield raw


@pytest.fixture(scope="module")
def model() -> dict[str, Model]:
    return {"groove": load()}


def varied(count: int) -> list[Generate]:
    """Requests of every kind of control, each with a tap of its own."""
    genres = load().manifest.genres
    rng = np.random.default_rng(0)
    requests = []
    for i in range(count):
        tap = (rng.random((32, 3)) * [1, 1, 0.5]) * (rng.random((32, 1)) < 0.5)
        tap[:, 0] = tap[:, 0] > 0
        requests.append(
            Generate(
                tap=Array.of(tap),
                genre=genres[i % len(genres)] if i % 2 else None,
                density=float(rng.random()) if i % 3 == 0 else None,
                redirect=("hats",) if i % 4 == 0 else (),
                sampling="bernoulli" if i % 5 == 0 else None,
                seed=i,
                probabilities=True,
            )
        )
    return requests


def counts(client: Raw) -> EngineReport:
    report = client.ask(Stats())
    assert isinstance(report, EngineReport)
    return report


# The same bits


def test_the_same_request_gives_the_same_bits_alone_and_batched(address: str, model: dict[str, Model]) -> None:
    requests = varied(48)
    with Raw(address) as client:
        alone = [client.ask(request) for request in requests]
        ids = [client.send(request) for request in requests]  # they wait together
        together = dict(client.receive() for _ in ids)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Raw(address)) for _ in requests]
        for one, request in zip(clients, requests, strict=True):
            one.send(request)
        apart = [one.receive()[1] for one in clients]
    for k, request in enumerate(requests):
        first, second, third = alone[k], together[ids[k]], apart[k]
        assert isinstance(first, Grooves) and isinstance(second, Grooves) and isinstance(third, Grooves)
        assert first.grooves == second.grooves == third.grooves
        assert first.probabilities == second.probabilities == third.probabilities
        here = handlers.run(handlers.start(request, model))
        assert isinstance(here, Grooves) and here.grooves == first.grooves


def test_loops_are_the_same_however_they_are_batched(model: dict[str, Model]) -> None:
    requests = varied(36)

    def batched(size: int) -> list[Reply]:
        replies: list[Reply] = []
        for at in range(0, len(requests), size):
            works = [handlers.start(request, model) for request in requests[at : at + size]]
            asks = [next(work) for work in works]
            for work, given_ in zip(works, handlers.compute([a for a in asks if a is not None]), strict=True):
                with pytest.raises(StopIteration) as end:
                    work.send(given_)
                replies.append(end.value.value)
        return replies

    alone = batched(1)
    for size in (2, 3, 8, 36):
        assert batched(size) == alone


def test_rows_go_together_only_where_that_changes_no_bit() -> None:
    from groovelive.model.network import Network

    class Sum(Network):
        backend = "onnx"

        def __init__(self, careless: int) -> None:
            super().__init__(("x",))
            self.careless, self.sizes = careless, set[int]()

        def _run(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:  # type: ignore[override]
            x = feeds["x"]
            self.sizes.add(len(x))
            return [x * np.float32(1 + 1e-7) if len(x) >= self.careless else x]

    for careless, widths in ((99, (8, 4, 2)), (8, (4, 2)), (3, (2,)), (2, ())):
        network = Sum(careless)
        rows = np.random.default_rng(0).random((13, 4), np.float32)
        assert network.widths({"x": rows}) == widths
        network.sizes.clear()
        assert np.array_equal(network({"x": rows})[0], rows)
        assert max(network.sizes) < careless


# Order and time


def test_the_stage_goes_before_the_background(address: str) -> None:
    with Raw(address) as background, Raw(address) as stage:
        work = {background.send(Random(count=4, seed=k, priority="background")) for k in range(300)}
        times = []
        for _ in range(20):
            start = time.perf_counter()
            assert isinstance(stage.ask(Generate(tap=TAP)), Grooves)
            times.append(time.perf_counter() - start)
        assert counts(stage).waiting["background"] > 100, "the background was done before the stage had its turn"
        assert sorted(times)[10] < 0.1
        while work:
            id, reply = background.receive()
            assert isinstance(reply, Grooves)
            work.remove(id)


def test_a_long_request_for_the_stage_does_not_hold_up_short_ones(address: str) -> None:
    with Raw(address) as long, Raw(address) as short:
        long.send(HELD)
        for _ in range(5):
            assert isinstance(short.ask(Generate(tap=TAP)), Grooves)
        assert long.silent(0.0), "256 loops were faster than five requests"
        assert isinstance(long.receive()[1], Grooves)


def test_what_cannot_be_in_time_is_refused_not_computed(address: str) -> None:
    with Raw(address) as client:
        rows = counts(client).rows
        start = time.perf_counter()
        failure = client.ask(WalkRequest(start="jazz", end="funk", steps=256, deadline=5))
        assert isinstance(failure, Failure) and (failure.code, failure.field) == ("LATE", "deadline")
        assert time.perf_counter() - start < 0.2
        assert counts(client).rows == rows
        assert isinstance(client.ask(Generate(tap=TAP, deadline=5000)), Grooves)
        for _ in range(8):
            client.send(HELD)
        late = client.send(Generate(tap=TAP, deadline=1, priority="background"))
        replies = dict(client.receive() for _ in range(9))
        refused = replies[late]
        assert isinstance(refused, Failure) and refused.code == "LATE"


def test_a_request_can_be_taken_back(address: str) -> None:
    with Raw(address) as client, Raw(address) as other:
        work = client.send(HELD)
        assert other.ask(Cancel(id=work)) == Cancelled(found=False), "of another client"
        cancel = client.send(Cancel(id=work))
        replies = dict([client.receive(), client.receive()])
        assert replies[cancel] == Cancelled(found=True)
        failure = replies[work]
        assert isinstance(failure, Failure) and failure.code == "CANCELLED"
        assert client.ask(Cancel(id=work)) == Cancelled(found=False)
        assert client.silent()


def test_an_id_in_use_is_refused(client: Raw) -> None:
    for _ in range(2):
        client.socket.send_multipart(to_frames(b"same", HELD))
    (_, first), (_, second) = client.receive(), client.receive()
    assert isinstance(first, Failure) and first.field == "id" and isinstance(second, Grooves)


def test_stats_tell_what_happened(address: str) -> None:
    with Raw(address) as client:
        before = counts(client)
        client.ask(Generate(tap=TAP))
        client.ask(Generate(tap=TAP, genre="nope"))
        after = counts(client)
        assert after.requests["generate"] == before.requests.get("generate", 0) + 2
        assert after.failures["UNKNOWN_NAME"] == before.failures.get("UNKNOWN_NAME", 0) + 1
        assert after.rows == before.rows + 1
        times = after.latency["stage"]
        assert 0 < times.median <= times.p95 <= times.p99 <= times.max
        assert after.uptime > before.uptime and after.pid != os.getpid() and after.rss > 10_000_000


def test_a_req_socket_is_served(address: str) -> None:
    with zmq.Context.instance().socket(zmq.REQ) as requester:
        requester.connect(address)
        requester.send_multipart(to_frames(b"1", Generate(tap="x..x")))
        assert requester.poll(10_000)
        message = from_frames(requester.recv_multipart())
        assert isinstance(read_reply(message.body), Grooves)


# The queue, without a server


def job(client: bytes, id: int, size: int = 100, priority: Priority = "stage") -> Job:
    request = Generate(tap="x", priority=priority)
    return Job(client, [client], b"%d" % id, request, time.monotonic(), size)


def taken(queue: Queue, count: int) -> list[Job]:
    jobs: list[Job] = []

    def prepare(one: Job) -> bool:
        jobs.append(one)
        queue.finish(one)
        return False

    while len(jobs) < count:
        queue.take(prepare)
    return jobs


def test_a_flood_of_one_client_does_not_delay_another() -> None:
    queue = Queue()
    queue.cost = 0.01
    for k in range(500):
        queue.put(job(b"flood", k))
    queue.put(job(b"musician", 0))
    order = [one.client for one in taken(queue, 501)]
    assert order.index(b"musician") < 5
    assert len(queue) == 0 and queue.waiting() == {"stage": 0, "background": 0}


def test_requests_of_one_client_keep_their_order() -> None:
    queue = Queue()
    for k in range(50):
        queue.put(job(b"a", k, priority="background"))
    queue.put(job(b"a", 50))
    assert [int(one.id) for one in taken(queue, 51)] == [50, *range(50)]


def test_the_queue_has_limits_for_each_and_for_all() -> None:
    queue = Queue()
    for k in range(batch.WAITING_EACH):
        queue.put(job(b"a", k))
    with pytest.raises(EngineError, match="of this client") as caught:
        queue.put(job(b"a", -1))
    assert caught.value.code == "BUSY"
    for k in range(batch.WAITING - batch.WAITING_EACH):
        queue.put(job(b"%d" % (k % 100), k + 10_000))
    with pytest.raises(EngineError, match="ask again later") as caught:
        queue.put(job(b"b", 0))
    taken(queue, batch.WAITING)
    queue.put(job(b"a", 0, batch.BYTES_EACH))
    with pytest.raises(EngineError):
        queue.put(job(b"a", 1, 1))
    for k in range(3):
        queue.put(job(b"%d" % k, 0, batch.BYTES_EACH))
    with pytest.raises(EngineError):
        queue.put(job(b"z", 0, 1))


# What goes wrong


@contextlib.contextmanager
def healthy(address: str) -> Iterator[list[float]]:
    """A client that works beside, and must always be answered rightly."""
    stop = threading.Event()
    times: list[float] = []
    faults: list[object] = []

    def work() -> None:
        with Raw(address) as raw:
            first = raw.ask(Generate(tap=TAP, genre="funk"))
            assert isinstance(first, Grooves)
            while not stop.is_set():
                start = time.perf_counter()
                try:
                    reply = raw.ask(Generate(tap=TAP, genre="funk"))
                except BaseException as fault:
                    faults.append(fault)
                    return
                times.append(time.perf_counter() - start)
                if not isinstance(reply, Grooves) or reply.grooves != first.grooves:
                    faults.append(reply)
                time.sleep(0.001)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield times
    finally:
        while not (times or faults):
            time.sleep(0.001)
        stop.set()
        thread.join()
    assert not faults


def test_ten_thousand_broken_messages_beside_a_healthy_client(address: str) -> None:
    bodies = [to_frames(b"1", r)[2] for r in (Generate(tap=TAP), EngineHello(), WalkRequest(start="a", end="b"))]
    frame = st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b"GL2", b"GL3", b"", b"1", b"x" * 40, *bodies]),
        st.tuples(st.sampled_from(bodies), st.integers(0, 400), st.binary(min_size=1, max_size=4)).map(
            lambda damage: damage[0][: damage[1]] + damage[2] + damage[0][damage[1] + len(damage[2]) :]
        ),
    )
    message = st.one_of(
        st.lists(frame, min_size=1, max_size=5), st.tuples(st.just(b"GL2"), st.just(b"7"), frame).map(list)
    )
    sent = 0
    with Raw(address, SNDHWM=0, RCVHWM=0) as noise, healthy(address) as times:

        @given(st.lists(message, min_size=25, max_size=40), st.randoms(use_true_random=False))
        @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def send(messages: list[list[bytes]], rng: random.Random) -> None:
            nonlocal sent
            for k in range(250):
                parts = list(messages[k % len(messages)])
                if parts[-1] and k >= len(messages):  # each differs from the one before it
                    damaged = bytearray(parts[-1])
                    damaged[rng.randrange(len(damaged))] = rng.randrange(256)
                    parts[-1] = bytes(damaged)
                noise.socket.send_multipart(parts)
                sent += 1
            while noise.socket.poll(0):
                parts = noise.socket.recv_multipart()
                read_reply(from_frames(parts[1:] if parts[0] == b"" else parts).body)

        send()
        assert sent >= 10_000
        with Raw(address) as after:
            report = counts(after)
    assert report.dropped > 1000 and "INTERNAL" not in report.failures
    assert sorted(times)[len(times) // 2] < 0.5


def test_a_message_of_100_megabytes_ends_that_connection_only(address: str) -> None:
    with healthy(address), Raw(address) as client:
        before = counts(client).rss
        with Raw(address) as huge:
            huge.socket.send_multipart([b"GL2", b"1", bytes(100_000_000)])
            assert huge.silent(0.5)
        assert counts(client).rss < before + 50_000_000


def test_a_message_above_the_limit_is_not_answered_and_one_at_the_limit_is(address: str) -> None:
    with Raw(address) as client:
        client.socket.send_multipart([b"GL2", b"1", bytes(MAX_REQUEST)])
        id, failure = client.receive()
        assert isinstance(failure, Failure) and (id, failure.code) == (b"1", "BAD_REQUEST")
        client.socket.send_multipart([b"GL2", b"2", bytes(MAX_REQUEST + 1)])
        assert client.silent()


def test_bytes_that_are_no_zeromq_do_no_harm(address: str) -> None:
    host, port = address.removeprefix("tcp://").split(":")
    with healthy(address):
        for data in (b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 100, b"\xff" * 9 + b"\x7f" + bytes(54)):
            with socket.create_connection((host, int(port))) as plain, contextlib.suppress(OSError):
                plain.sendall(data)
                plain.settimeout(0.1)
                plain.recv(1000)


def test_a_slow_reader_loses_its_own_replies(address: str) -> None:
    with healthy(address) as times, Raw(address, RCVHWM=1, RCVBUF=4096) as slow, Raw(address) as client:
        before = counts(client)
        asked = 400
        for k in range(asked):
            slow.send(Random(count=8, seed=k, probabilities=True, latents=True))
        end = time.monotonic() + 30
        while counts(client).waiting["stage"] and time.monotonic() < end:
            time.sleep(0.05)
        after = counts(client)
        assert after.dropped > before.dropped, "nothing was held back"
        assert after.rss < before.rss + 60_000_000
        got = 0
        while not slow.silent():
            assert isinstance(slow.receive()[1], Grooves)
            got += 1
        assert 0 < got < asked
        assert isinstance(slow.ask(Generate(tap=TAP)), Grooves)
    assert sorted(times)[len(times) // 2] < 0.5


@POSIX
def test_a_client_that_is_killed_takes_its_requests_along(address: str) -> None:
    code = """
import sys, time, zmq
from groovelive.protocol.engine import Random
from groovelive.protocol.frames import to_frames
socket = zmq.Context.instance().socket(zmq.DEALER)
socket.connect(sys.argv[1])
for k in range(200):
    socket.send_multipart(to_frames(b"%d" % k, Random(count=64, seed=k)))
socket.poll()
print("answered", flush=True)
time.sleep(60)
"""
    with healthy(address), Raw(address) as client:
        dying = subprocess.Popen([sys.executable, "-c", code, address], stdout=subprocess.PIPE)
        assert dying.stdout is not None and dying.stdout.readline() == b"answered\n"
        dying.send_signal(signal.SIGKILL)
        dying.communicate()
        end = time.monotonic() + 3  # 200 times 64 loops take longer
        while counts(client).waiting["stage"] > 1:
            assert time.monotonic() < end, "its requests are still computed"
            time.sleep(0.02)


def test_a_reply_that_is_too_large_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, at = threading.Event(), list[str]()
    bound = threading.Event()
    server = threading.Thread(
        target=run, args=("tcp://127.0.0.1:*",), kwargs={"ready": lambda a: (at.append(a), bound.set()), "stop": stop}
    )
    monkeypatch.setattr("groovelive.protocol.frames.MAX_REPLY", 5000)  # of this process
    server.start()
    try:
        assert bound.wait(20)
        with Raw(at[0]) as client:
            failure = client.ask(Random(count=2))
            assert isinstance(failure, Failure) and failure.code == "TOO_LARGE"
            assert isinstance(client.ask(Generate(tap=TAP)), Grooves)
    finally:
        stop.set()
        server.join(10)


def test_an_address_in_use_is_told(address: str) -> None:
    with pytest.raises(GrooveError, match="cannot be bound: Address"):
        run(address)


def test_curve_keeps_strangers_out(tmp_path: Path) -> None:
    pair, stranger = keys.new_pair(), keys.new_pair()
    stop, bound, at = threading.Event(), threading.Event(), []

    def ready(address: str) -> None:
        at.append(address)
        bound.set()

    server = threading.Thread(
        target=run,
        args=("tcp://127.0.0.1:*",),
        kwargs={"curve": keys.shared_curve(pair), "ready": ready, "stop": stop},
    )
    server.start()
    try:
        assert bound.wait(20)
        for own, welcome in ((pair, True), (stranger, False), (None, False)):
            client = zmq.Context.instance().socket(zmq.DEALER)
            try:
                if own is not None:
                    keys.introduce(client, keys.Peer(own, pair.public))
                client.connect(at[0])
                client.send_multipart(to_frames(b"1", Stats()))
                assert bool(client.poll(5000 if welcome else 400)) == welcome
            finally:
                client.close(linger=0)
    finally:
        stop.set()
        server.join(10)
    assert not server.is_alive()


def test_a_socket_file_is_served_and_the_server_ends_when_told(tmp_path: Path) -> None:
    if not zmq.has("ipc"):
        pytest.skip("no socket files here")
    with process(bind=f"ipc://{tmp_path}/e.ipc") as (address, engine), Raw(address) as client:
        assert isinstance(client.ask(Generate(tap="x..x")), Grooves)
        for _ in range(20):
            client.send(HELD)
        assert engine.stdin is not None
        engine.stdin.close()
        assert engine.wait(3) == 0


def test_the_engine_imports_neither_torch_nor_mido() -> None:
    code = (
        "import sys, groovelive.engine.server as s; s.Server([], None, print); "
        "print({'torch', 'mido', 'rich'} & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"
