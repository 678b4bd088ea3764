"""The clients: typed methods, typed errors, many threads, and the way back to an engine that was lost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from groovelive import Groove, GrooveError, load
from groovelive.engine import Answer, AsyncClient, Client, EngineError, requests
from groovelive.engine.broker import Broker
from groovelive.protocol.base import Array, Failure
from groovelive.protocol.engine import Grooves, Welcome
from groovelive.runtime import curve as keys
from groovelive.runtime import endpoints as connection
from tests.support.engine_process import process

pytestmark = pytest.mark.realtime

TAP = "x..x..x."


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


# What it asks


def test_it_answers_as_the_model_does(client: Client) -> None:
    model = load()
    tap = Groove.parse("x..x..x.x.x.x...", bars=2)
    for controls in ({}, {"genre": "funk"}, {"density": 0.4, "redirect": "toms"}, {"sampling": "bernoulli", "seed": 5}):
        expected = model.mirror(tap, **controls)
        assert client.generate(tap, **controls).groove == expected
        assert client.generate(tap.tap(), **controls).groove == expected
    assert client.generate(TAP).groove == model.mirror(TAP)


def test_latents_go_round(client: Client) -> None:
    z = client.encode(TAP)
    assert z.shape == (1, 64) and z.dtype == np.float32
    assert np.array_equal(client.encode([Groove.parse(TAP)] * 3)[2], z[0])
    assert len(client.decode(np.repeat(z, 3, 0), genre="jazz").grooves) == 3
    walk = client.walk(z[0], "rock", steps=5, path="slerp")
    assert len(walk.grooves) == 5 and walk.latents is not None
    drawn = client.random(4, seed=3, probabilities=True)
    assert len(drawn.grooves) == 4 and drawn.probabilities is not None
    assert drawn.probabilities.shape == (4, 32, 9)
    assert client.random(4, seed=3).grooves == drawn.grooves


def test_numbers_of_numpy_and_single_names_are_taken(client: Client) -> None:
    numbers: dict[str, Any] = {"density": {"kick": np.float32(0.25)}, "locks": np.int64(3)}
    groove = client.generate(TAP, **numbers, keep=Groove.empty(), genre={"funk": np.float64(1)}).groove
    assert not groove.hits[3].any()


def test_hello_tells_what_completion_needs(client: Client) -> None:
    (model,) = client.hello().models
    assert "funk" in model.genres and model.controls["temperature"].default == 1.0
    assert client.stats().requests["hello"] >= 1


# What goes wrong


@pytest.mark.parametrize(
    ("controls", "code", "field"),
    [
        ({"density": 2}, "OUT_OF_RANGE", "density"),
        ({"genre": "fnuk"}, "UNKNOWN_NAME", "genre"),
        ({"model": "other"}, "UNKNOWN_MODEL", "model"),
        ({"temperature": float("nan")}, "OUT_OF_RANGE", "temperature"),
    ],
)
def test_the_engine_names_what_is_wrong(client: Client, controls: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(EngineError) as caught:
        client.generate(TAP, **controls)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert client.generate(TAP).groove.bars == 2


def test_the_client_names_what_it_cannot_send(client: Client) -> None:
    with pytest.raises(GrooveError, match="did you mean 'density'"):
        client.generate(TAP, densty=0.5)  # type: ignore[call-arg]
    with pytest.raises(GrooveError, match="wrong kind"):
        client.generate(TAP, density=object())  # type: ignore[arg-type]
    with pytest.raises(GrooveError, match="NaN"):
        client.generate(np.full((32, 3), np.nan))
    with pytest.raises(GrooveError, match="timeout"):
        client.generate(TAP, timeout=0)
    with pytest.raises(GrooveError, match="not None"):
        client.decode(None)  # type: ignore[arg-type]


def test_a_reply_that_is_no_groove_is_refused() -> None:
    hvo = np.zeros((1, 32, 27), np.float32)
    assert requests.answer(Grooves(grooves=Array.of(hvo))).groove == Groove.empty()
    for cell, value in ((0, 0.5), (9, 0.5), (18, 0.1)):  # half a hit; a velocity, an offset without a hit
        bad = hvo.copy()
        bad[0, 0, cell] = value
        with pytest.raises(EngineError, match="no groove has"):
            requests.answer(Grooves(grooves=Array.of(bad)))
    with pytest.raises(EngineError, match="shape"):
        requests.answer(Grooves(grooves=Array.of(hvo[0])))
    with pytest.raises(EngineError, match="broken"):
        requests.expect(Failure(code="INTERNAL", message="broken"), Welcome)


def test_without_an_engine_it_says_so_at_once() -> None:
    start = time.monotonic()
    with Client() as client, pytest.raises(EngineError, match="groovelive serve") as caught:
        client.hello(timeout=5)
    assert caught.value.code == "NO_WORKER" and time.monotonic() - start < 1


def test_an_engine_that_does_not_answer_is_given_up_in_time() -> None:
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        port = router.bind_to_random_port("tcp://127.0.0.1")
        for silent, code in ((f"tcp://127.0.0.1:{port}", "LATE"), ("tcp://127.0.0.1:9", "NO_WORKER")):
            start = time.monotonic()
            with Client(silent) as client, pytest.raises(EngineError) as caught:
                client.hello(timeout=0.3)
            assert caught.value.code == code and 0.25 < time.monotonic() - start < 1


def test_a_closed_client_says_so(address: str) -> None:
    client = Client(address)
    client.hello()
    client.close()
    client.close()
    with pytest.raises(GrooveError, match="closed"):
        client.hello()


def test_cancel_takes_back_what_other_threads_wait_for(client: Client) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.random, 256, timeout=30, priority="background", seed=1)
        more = [pool.submit(client.random, 256, timeout=30, priority="background")]
        time.sleep(0.02)
        client.cancel()
        with pytest.raises(EngineError) as caught:
            waiting.result(10)
        assert caught.value.code == "CANCELLED"
        assert len(more[0].result(30).grooves) == 256  # asked after the cancel


# Threads and tasks


def test_threads_share_a_client_and_get_their_own_answers(client: Client) -> None:
    model = load()
    expected = [model.random(seed=n) for n in range(8)]

    def ask(n: int) -> bool:
        return all(client.random(seed=n).groove == expected[n] for _ in range(10))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


def test_asyncio(address: str) -> None:
    async def main() -> list[Answer]:
        async with AsyncClient(address) as client:
            assert (await client.hello()).models
            assert (await client.encode(TAP)).shape == (1, 64)
            assert len((await client.walk("funk", "jazz", 4)).grooves) == 4
            assert (await client.decode(await client.encode(TAP))).groove.bars == 2
            with pytest.raises(EngineError):
                await client.generate(TAP, density=2)
            slow = asyncio.create_task(client.random(256, priority="background", timeout=30))
            await asyncio.sleep(0.01)
            slow.cancel()
            with pytest.raises(asyncio.CancelledError):
                await slow
            await asyncio.sleep(0.1)
            assert (await client.stats()).failures["CANCELLED"] >= 1
            return await asyncio.gather(*(client.generate(TAP, seed=n, sampling="bernoulli") for n in range(16)))

    answers = asyncio.run(main())
    model = load()
    assert [a.groove for a in answers] == [model.mirror(TAP, seed=n, sampling="bernoulli") for n in range(16)]


def test_asyncio_time_out_and_close() -> None:
    async def main(silent: str) -> None:
        client = AsyncClient(silent)
        with pytest.raises(EngineError) as caught:
            await client.generate(TAP, timeout=0.2)
        assert caught.value.code == "LATE"
        waiting = asyncio.create_task(client.generate(TAP))
        await asyncio.sleep(0.05)
        await client.close()
        with pytest.raises(EngineError, match="closed"):
            await waiting
        with pytest.raises(GrooveError, match="closed"):
            await client.hello()

    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        asyncio.run(main(f"tcp://127.0.0.1:{router.bind_to_random_port('tcp://127.0.0.1')}"))


# The way back


def test_it_finds_an_engine_that_comes_back_elsewhere() -> None:
    """By the connection file, with a request that was on its way to the first."""
    with Client(timeout=15) as client, process() as (address, child), connection.Lock("serve"):
        connection.write(connection.Connection(address, child.pid))
        client.hello()
        child.kill()
        child.wait()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.generate, TAP)
            with process() as (other, second):
                assert other != address
                connection.write(connection.Connection(other, second.pid))
                assert waiting.result(15).groove == load().mirror(TAP)


def test_asyncio_finds_an_engine_that_comes_back_elsewhere() -> None:
    async def main() -> None:
        async with AsyncClient(timeout=15) as client:
            with process() as (address, child):
                connection.write(connection.Connection(address, child.pid))
                await client.hello()
                child.kill()
                child.wait()
                waiting = asyncio.create_task(client.generate(TAP))
                await asyncio.sleep(0.1)
                with process() as (other, second):
                    connection.write(connection.Connection(other, second.pid))
                    assert (await waiting).groove.bars == 2

    with connection.Lock("serve"):
        asyncio.run(main())


# Keys


def test_only_those_who_are_known_get_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker stands for any server with keys: it answers a wrong request by itself."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    own, other = keys.create(ours / "keys"), keys.create(theirs / "keys")
    stop, bound = threading.Event(), threading.Event()
    where: list[str] = []
    broker = Broker("tcp://127.0.0.1:*", curve=keys.machine_curve(theirs / "keys"))
    thread = threading.Thread(target=broker.run, args=(stop, lambda a: (where.append(a), bound.set())))
    thread.start()
    try:
        assert bound.wait(5)
        monkeypatch.setenv("GROOVELIVE_CONFIG", str(ours))
        stranger = keys.new_pair().public.decode()
        with Client(where[0], server=stranger) as client, pytest.raises(EngineError, match="its key is not"):
            client.hello(timeout=0.4)
        refused = pytest.raises(EngineError, match="does not let this machine in")
        with Client(where[0], server=other.public.decode()) as client, refused:
            client.hello(timeout=5)
        keys.add("ours", own.public.decode(), theirs / "keys")  # it counts at once
        with Client(where[0], server=other.public.decode()) as client, pytest.raises(EngineError) as caught:
            client.hello(timeout=0.3)
        assert caught.value.code == "LATE" or "joined" in str(caught.value)  # it is in, where nobody works
    finally:
        stop.set()
        thread.join(5)
