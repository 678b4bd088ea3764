"""The benchmark of the engine: real processes and sockets, beside bare inference, a bare echo, and torch."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import zmq

from ..engine import Client
from ..errors import GrooveError
from ..grooves.groove import Groove
from ..model import load
from ..protocol.base import Array, Failure, Priority
from ..protocol.engine import Generate, Grooves, read_reply
from ..protocol.frames import HEADER, to_frames
from ..runtime.endpoints import Connection
from ..runtime.overheard import Overheard
from . import Figure, difference, figure
from .performer import find

RHYTHMS = ("x..x..x.", "x...x...", "x.x.x.x.", "..x...x.", "x..x..x...x.x...", "x.xx.x.x", "X.x.X.xx", "x.......")
GENRE = "funk"
_ECHO = """
import sys, zmq
socket = zmq.Context().socket(zmq.ROUTER)
socket.bind(sys.argv[1])
reply = bytes(int(sys.argv[2]))
while True:
    client, header, id, body = socket.recv_multipart()
    socket.send_multipart([client, header, id, reply])
"""
_IMPORT = """
import sys, time
start = time.perf_counter()
import groovelive
print(time.perf_counter() - start, any(name in sys.modules for name in ("torch", "onnxruntime")))
"""


class EngineSizes(NamedTuple):
    """How much is measured."""

    requests: int  # one after another
    seconds: float  # with each number of clients
    clients: tuple[int, ...]
    queued: int  # background requests
    starts: int


FULL = EngineSizes(2000, 3.0, (1, 8, 32, 128), 1000, 5)
QUICK = EngineSizes(200, 0.5, (1, 8), 100, 1)


def run(
    *, quick: bool = False, tell: Callable[[str], None] = lambda what: None, sizes: EngineSizes | None = None
) -> dict[str, Figure]:
    """Measure, and return the figures by name.

    Args:
        quick: whether some seconds must do.
        tell: called with what is being measured.
        sizes: in place of those for quick or not.
    """
    sizes = sizes or (QUICK if quick else FULL)
    figures: dict[str, Figure] = {}
    taps = [Groove.parse(rhythm) for rhythm in RHYTHMS]
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        environment = os.environ | {"GROOVELIVE_RUNTIME": folder}
        tell("cold start")
        figures |= _starts(Path(folder), environment, sizes)
        with _engine(Path(folder), environment) as (place, _), Client(place.address) as client:
            tell("round trip")
            figures |= _round_trip(client, taps, sizes, Path(folder))
            for n in sizes.clients:
                tell(f"{n} clients")
                figures |= _many(place.address, taps, n, sizes.seconds)
            tell("stage beside background")
            figures |= _beside(client, place.address, taps, sizes)
            rss = client.stats().rss / 1e6
            figures["rss"] = figure([rss], "MB", "memory of the engine after all this", {"max": 150})
        tell("restart")
        figures |= _restart(folder, environment, sizes)
    if importlib.util.find_spec("torch") and importlib.util.find_spec("onnx"):
        tell("torch beside ONNX Runtime")
        from .peers import compare  # needs torch, which is optional

        figures |= compare(sizes.requests)
        figures["generate-earlier"] = difference(
            figures["generate"],
            figures["earlier.traced"],
            "a whole answer through the socket, less the earlier architecture's bare inference in process",
            {"median": 0.0},
        )
    return figures


# Processes


@contextlib.contextmanager
def _engine(
    folder: Path, environment: dict[str, str], command: str = "engine"
) -> Iterator[tuple[Connection, subprocess.Popen[bytes]]]:
    """Run an engine of our own; gives its connection once the file says where it is."""
    words = [sys.executable, "-m", "groovelive.cli.services", command]
    try:
        with Overheard(words, environment=environment) as child:
            yield find(folder, child, name="engine"), child.process
    finally:
        folder.mkdir(exist_ok=True)  # which the engine removes, where it is empty


def _starts(folder: Path, environment: dict[str, str], sizes: EngineSizes) -> dict[str, Figure]:
    cold, imports = [], []
    for _ in range(sizes.starts):
        start = time.perf_counter()
        with _engine(folder, environment) as (place, _), Client(place.address) as client:
            client.generate(RHYTHMS[0])
            cold.append(time.perf_counter() - start)
        done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True)
        seconds, heavy = done.stdout.split()
        if heavy == "True":
            raise GrooveError("`import groovelive` imports torch or onnxruntime, which it must not")
        imports.append(float(seconds))
    return {
        "cold_start": figure(cold, "s", "from starting the process to the first answer", {"median": 1.0}),
        "import": figure(imports, "s", "import groovelive", {"median": 0.15}),
    }


def _restart(folder: str, environment: dict[str, str], sizes: EngineSizes) -> dict[str, Figure]:
    if sys.platform == "win32":  # a killed process can't be told from one that ended
        return {}
    times = []
    with _engine(Path(folder), environment, "serve") as (place, _), Client(place.address, timeout=20) as client:
        for n in range(sizes.starts):
            if n:
                time.sleep(5.2)  # long enough for the supervisor to hold it well again
            pid = client.stats().pid
            start = time.perf_counter()
            os.kill(pid, signal.SIGKILL)
            client.generate(RHYTHMS[0])
            times.append(time.perf_counter() - start)
    return {"restart": figure(times, "s", "from kill -9 of the engine to the next answer", {"median": 1.0})}


# Requests


def _round_trip(client: Client, taps: list[Groove], sizes: EngineSizes, folder: Path) -> dict[str, Figure]:
    """Ask one by one: the engine, the model in this process, and an echo, in turn, so that noise meets all."""
    model = load()
    size = len(to_frames(b"x", Grooves(grooves=Array.of(taps[0].hvo[None])))[2])
    address = f"ipc://{folder}/echo.ipc" if zmq.has("ipc") and os.name == "posix" else "tcp://127.0.0.1:5599"
    echo = subprocess.Popen([sys.executable, "-c", _ECHO, address, str(size)])
    times: dict[str, list[float]] = {}
    clock = time.perf_counter
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    with socket:
        try:
            socket.setsockopt(zmq.LINGER, 0)
            socket.connect(address)
            requests = [_frames(tap) for tap in taps]
            asked = model.arguments.conditioning()
            given = [tap.tap()[None] for tap in taps]
            conditions = {"genre": asked.genre[None], "density": asked.density[None], "known": asked.known[None]}

            def bare(n: int) -> None:
                socket.send_multipart([HEADER, b"1", requests[n]])
                if not socket.poll(10_000):
                    raise GrooveError("the echo of the benchmark does not answer")
                socket.recv_multipart()

            calls: dict[str, Callable[[int], object]] = {
                "generate": lambda n: client.generate(taps[n]).groove,
                "inference": lambda n: model.mirror(taps[n]),
                "network": lambda n: model.network.drum({"tap": given[n], **conditions}),
                "generate_genre": lambda n: client.generate(taps[n], genre=GENRE).groove,
                "inference_genre": lambda n: model.mirror(taps[n], genre=GENRE),
                "echo": bare,
            }
            for call in calls.values():
                for n in range(50):
                    call(n % len(taps))
            # In blocks: taking turns one by one would cool the caches for all of them.
            for _ in range(10):
                for name, call in calls.items():
                    for k in range(sizes.requests // 10):
                        start = clock()
                        call(k % len(taps))
                        times.setdefault(name, []).append(1000 * (clock() - start))
        finally:
            echo.kill()
            echo.wait()
    figures = {
        "generate": figure(
            times["generate"], "ms", "from the client's call to the Groove in hand", {"median": 0.7, "p99": 2.5}
        ),
        "inference": figure(times["inference"], "ms", "the same request to the model in process"),
        "network": figure(times["network"], "ms", "its network alone: the floor of both on this machine"),
        "generate_genre": figure(times["generate_genre"], "ms", "with a genre, whose guidance asks the network twice"),
        "inference_genre": figure(times["inference_genre"], "ms", "that in process"),
        "echo": figure(times["echo"], "ms", "as many bytes through ZeroMQ and a server that does nothing"),
    }
    about = "what the engine adds to the model in process"
    figures["overhead"] = difference(figures["generate"], figures["inference"], about, {"median": 0.35})
    return figures


def _frames(tap: Groove, priority: Priority = "stage") -> bytes:
    return to_frames(b"x", Generate(tap=Array.of(tap.tap()), priority=priority))[2]


class _Crowd:
    """Many connections with requests on the way: `width` on each."""

    def __init__(self, address: str, n: int, bodies: list[bytes], width: int = 1) -> None:
        self._bodies = bodies
        self._poller = zmq.Poller()
        self._sockets: list[zmq.Socket[bytes]] = []
        self._sent: dict[bytes, float] = {}
        self._count = 0
        for _ in range(n):
            socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
            socket.setsockopt(zmq.LINGER, 0)
            socket.connect(address)
            self._poller.register(socket, zmq.POLLIN)
            self._sockets.append(socket)
            for _ in range(width):
                self._send(socket)

    def _send(self, socket: zmq.Socket[bytes]) -> None:
        self._count += 1
        id = b"%x" % self._count
        self._sent[id] = time.perf_counter()
        socket.send_multipart([HEADER, id, self._bodies[self._count % len(self._bodies)]])

    def step(self, timeout: int = 10_000) -> list[float]:
        """Take what was answered, ask anew, and return how long the answers took, in ms."""
        spent: list[float] = []
        found = self._poller.poll(timeout)
        if not found and timeout:
            raise GrooveError("the engine does not answer")
        for socket, _ in found:
            with contextlib.suppress(zmq.Again):
                while True:
                    _, id, body = socket.recv_multipart(zmq.NOBLOCK)
                    spent.append(1000 * (time.perf_counter() - self._sent.pop(id)))
                    if isinstance(reply := read_reply(body), Failure):
                        raise reply.error()
                    self._send(socket)
        return spent

    def close(self) -> None:
        for socket in self._sockets:
            socket.close(linger=0)


def _many(address: str, taps: list[Groove], n: int, seconds: float) -> dict[str, Figure]:
    crowd = _Crowd(address, n, [_frames(tap) for tap in taps])
    latency: list[float] = []
    rates: list[float] = []
    try:
        warm = time.perf_counter() + seconds / 4
        while time.perf_counter() < warm:
            crowd.step()
        for _ in range(10):
            start, count = time.perf_counter(), 0
            while time.perf_counter() - start < seconds / 10:
                spent = crowd.step()
                latency += spent
                count += len(spent)
            rates.append(count / (time.perf_counter() - start))
    finally:
        crowd.close()
    goal = n == 32
    return {
        f"clients_{n}": figure(latency, "ms", f"round trip with {n} clients", {"p99": 50.0} if goal else None),
        f"throughput_{n}": figure(
            rates, "1/s", f"answers with {n} clients", {"median": 2500.0} if goal else None, least=True
        ),
    }


def _beside(client: Client, address: str, taps: list[Groove], sizes: EngineSizes) -> dict[str, Figure]:
    def stage(busy: Callable[[], object]) -> list[float]:
        spent = []
        for k in range(sizes.requests // 2):
            busy()
            start = time.perf_counter()
            client.generate(taps[k % len(taps)])
            spent.append(1000 * (time.perf_counter() - start))
        return spent

    alone = figure(stage(lambda: None), "ms", "round trip on stage, nothing else waiting")
    crowd = _Crowd(address, 1, [_frames(tap, "background") for tap in taps], width=sizes.queued)
    try:
        crowd.step()
        beside = figure(
            stage(lambda: crowd.step(0)), "ms", f"the same while {sizes.queued} background requests are kept waiting"
        )
    finally:
        crowd.close()
    return {
        "stage": alone,
        "stage_beside": beside,
        "background_shift": difference(beside, alone, "what the background costs the stage", {"p99": 5.0}),
    }
