"""The engine's server: models behind one ROUTER socket, in one loop that is never busy for longer than a slice."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from .. import __version__
from ..errors import GrooveError
from ..grooves.grid import VOICES
from ..model.network import BackendName
from ..protocol.base import MAX_REQUEST, PROTOCOL, EngineError, Failure, Reply, type_of
from ..protocol.engine import (
    AnyReply,
    AnyRequest,
    Cancel,
    Cancelled,
    EngineHello,
    EngineReport,
    Generate,
    Random,
    Stats,
    Times,
    Welcome,
    read_request,
)
from ..protocol.frames import from_frames, routing, to_frames
from ..runtime import log
from ..runtime.curve import Curve, guard, protect
from . import handlers, models
from .batch import Job, Queue

_log = logging.getLogger(__name__)

_READ = 64  # messages between two batches, where the stage waits
_IN = int(zmq.POLLIN)
_PATIENCE = 50  # ms between two looks at whether to stop
_REMEMBERED = 4096  # latencies
_UNREAD = 128  # replies that a client may leave unread, and requests of one that may wait in its pipe
_ALIVE = 5_000, 30_000  # ms between heartbeats, and until one that is missing ends a connection


def run(
    bind: str,
    *,
    models: Sequence[Path] = (),
    backend: BackendName | None = None,
    curve: Curve | None = None,
    ready: Callable[[str], None] = lambda address: None,
    stop: threading.Event | None = None,
    tell: Callable[[str], None] = lambda sentence: print(f"groovelive: {sentence}", file=sys.stderr, flush=True),
) -> None:
    """Load the models and serve them until `stop` is set.

    Args:
        bind: address, as in "tcp://127.0.0.1:5570" or "ipc:///run/user/1000/groovelive/engine.ipc"; it is checked
            by `endpoints.check_bind`, not here. The port `*` takes a free one.
        models: folders of models, or of folders of models, beside the shipped one and the user's.
        backend: in place of what the manifests say.
        curve: the keys, where the address is open to others.
        ready: called with the address once it is bound and the models are warm.
        stop: ends the server when it is set.
        tell: called with a sentence about a model that is not served, or a fault of the engine.

    Raises:
        GrooveError: the address cannot be bound, or there is no model to serve.
    """
    Server(models, backend, tell).run(bind, curve, ready, stop or threading.Event())


class Server:
    """What `run` runs: the models and the queue, without a socket until then."""

    def __init__(self, folders: Sequence[Path], backend: BackendName | None, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._started = time.monotonic()
        self._models, self._faults = models.load_all(folders, backend)
        for fault in self._faults:
            tell(f"the model in {fault.folder} is not served: {fault.message}")
        self._queue = Queue()
        self._requests: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._latency = {"stage": deque[float](maxlen=_REMEMBERED), "background": deque[float](maxlen=_REMEMBERED)}
        self._dropped = 0
        self._socket: zmq.Socket[bytes]
        self._warm()

    def _warm(self) -> None:
        """Do each kind of work once: the first run of a network is slower than all others."""
        for name, model in self._models.items():
            tap = "x..x..x."
            requests: list[AnyRequest] = [Generate(tap=tap, genre=g, model=name) for g in model.genres[:1]]
            requests += [Generate(tap=tap, model=name)] * 3
            if model.manifest.latent:
                requests.append(Random(model=name, sampling="bernoulli"))
            for request in requests:
                with contextlib.suppress(EngineError):
                    start = time.perf_counter()
                    handlers.run(handlers.start(request, self._models))
                    self._queue.cost = time.perf_counter() - start
        gc.collect()
        gc.freeze()  # what is there now stays; the collector need not look at it again

    def run(self, bind: str, curve: Curve | None, ready: Callable[[str], None], stop: threading.Event) -> None:
        context: zmq.Context[Any] = zmq.Context()
        guardian = None
        self._socket = socket = context.socket(zmq.ROUTER)
        try:
            for option, value in (
                (zmq.LINGER, 0),
                (zmq.ROUTER_MANDATORY, 1),  # a reply that nobody takes is counted, not lost in silence
                (zmq.RCVTIMEO, _PATIENCE),
                (zmq.SNDHWM, _UNREAD),
                (zmq.RCVHWM, _UNREAD),
                (zmq.MAXMSGSIZE, MAX_REQUEST),
                (zmq.HEARTBEAT_IVL, _ALIVE[0]),
                (zmq.HEARTBEAT_TIMEOUT, _ALIVE[1]),
            ):
                socket.setsockopt(option, value)
            if curve is not None:
                guardian = guard(context, curve)
                protect(socket, curve)
            try:
                socket.bind(bind)
            except zmq.ZMQError as error:
                raise GrooveError(f"{bind} cannot be bound: {error.strerror}") from None
            ready(socket.getsockopt(zmq.LAST_ENDPOINT).decode().rstrip("\0"))
            while not stop.is_set():
                self._turn()
        finally:
            socket.close(linger=0)
            if guardian is not None:
                guardian.stop()
            context.term()

    def _turn(self) -> None:
        """Read what came, then compute one batch."""
        read = 0
        if not len(self._queue):
            try:
                frames = self._socket.recv_multipart()
            except zmq.Again:
                return
            read = 1
            self._receive(frames)
        # What is not for the stage must not hide what is.
        while int(self._socket.getsockopt(zmq.EVENTS)) & _IN and (read < _READ or not self._queue.has_stage()):
            read += 1
            self._receive(self._socket.recv_multipart(zmq.NOBLOCK))
            if read >= 16 * _READ:
                break
        batch = self._queue.take(self._prepare)
        if batch:
            self._compute(batch)

    # In

    def _receive(self, frames: list[bytes]) -> None:
        client, *parts = frames
        envelope, id = routing(client, parts)
        try:
            message = from_frames(parts)
            request = read_request(message.body)
        except EngineError as error:
            self._dropped += 1
            self._fail(envelope, id, error, 0.0)
            return
        now = time.monotonic()
        self._requests[str(request.__struct_config__.tag)] += 1
        if isinstance(request, Cancel):
            self._cancel(envelope, id, request)
        elif isinstance(request, EngineHello):
            self._reply(envelope, id, self._welcome())
        elif isinstance(request, Stats):
            self._reply(envelope, id, self._report())
        else:
            try:
                self._queue.put(Job(client, envelope, id, request, now, len(message.body)))
            except EngineError as error:
                self._fail(envelope, id, error, 0.0)

    def _cancel(self, envelope: list[bytes], id: bytes, request: Cancel) -> None:
        job = self._queue.find(envelope[0], request.id)
        if job is not None:
            self._end(job, EngineError("CANCELLED", "the client took this request back"))
        self._reply(envelope, id, Cancelled(found=job is not None))

    def _prepare(self, job: Job) -> bool:
        """Bring a request to where it asks for loops; False where it is answered, or only gave way."""
        now = time.monotonic()
        needs = self._queue.seconds(job) if job.work is None else 0.0
        if now + needs >= job.late:
            how = "its deadline had passed" if now >= job.late else f"it takes about {1000 * needs:.1f} ms"
            self._end(job, EngineError("LATE", f"too late: {how}", "deadline"))
            return False
        if job.work is None:
            return self._advance(job, None)
        if job.ask is None:
            return self._advance(job, handlers.NOTHING)
        return True

    def _advance(self, job: Job, given: Any) -> bool:
        """Go on with a request, with what the network answered; True where it asks for more."""
        try:
            if job.work is None:
                job.work = handlers.start(job.request, self._models, self._queue.room)
                job.ask = next(job.work)
            else:
                job.ask = job.work.send(given)
        except StopIteration as end:
            self._end(job, end.value)
        except EngineError as error:
            self._end(job, error)
        except Exception as error:
            self._fault(job, error)
        else:
            if job.ask is not None:
                return True
            self._queue.again(job)
        return False

    def _compute(self, batch: list[Job]) -> None:
        by_model: dict[int, list[Job]] = {}
        for job in batch:
            assert job.ask is not None
            by_model.setdefault(id(job.ask.model), []).append(job)
        for jobs in by_model.values():
            asks = [job.ask for job in jobs if job.ask is not None]
            start = time.monotonic()
            try:
                answers = handlers.compute(asks)
            except Exception as error:
                for job in jobs:
                    self._fault(job, error)
                continue
            for job, given in zip(jobs, answers, strict=True):
                if self._advance(job, given):
                    self._queue.again(job)
            self._queue.measured(time.monotonic() - start, sum(len(ask.taps) for ask in asks))

    # Out

    def _end(self, job: Job, result: Reply | EngineError) -> None:
        if job.done:
            return
        self._queue.finish(job)
        spent = 1000 * (time.monotonic() - job.received)
        if isinstance(result, EngineError):
            self._fail(job.envelope, job.id, result, spent)
        else:
            self._latency[job.priority].append(spent)
            self._reply(job.envelope, job.id, result, spent)

    def _fault(self, job: Job, error: Exception) -> None:
        _log.error("a %s failed", type_of(job.request), exc_info=error)
        self._tell(f"a {type_of(job.request)} failed: {type(error).__name__}: {error}")
        self._end(job, EngineError("INTERNAL", f"the engine failed at this request; {log.where()}"))

    def _fail(self, envelope: list[bytes], id: bytes, error: EngineError, spent: float) -> None:
        self._failures[error.code] += 1
        self._reply(envelope, id, Failure(code=error.code, message=error.message, field=error.field), spent)

    def _reply(self, envelope: list[bytes], id: bytes, reply: AnyReply | Reply, spent: float = 0.0) -> None:
        try:
            frames = to_frames(id, reply, spent)
        except EngineError as error:  # larger than a message may be
            self._failures[error.code] += 1
            frames = to_frames(id, Failure(code=error.code, message=error.message, field=error.field))
        try:
            self._socket.send_multipart([*envelope, *frames], zmq.NOBLOCK)
        except zmq.Again:  # it does not read
            self._dropped += 1
        except zmq.ZMQError:  # it has gone; so has the use of what else it asked for
            self._dropped += 1
            for job in self._queue.of(envelope[0]):
                self._queue.finish(job)

    def _welcome(self) -> Welcome:
        return Welcome(
            protocol=PROTOCOL,
            server=__version__,
            models=tuple(models.info(name, model) for name, model in self._models.items()),
            faults=tuple(self._faults),
            voices=VOICES,
        )

    def _report(self) -> EngineReport:
        networks = [model.network.drum for model in self._models.values()]
        return EngineReport(
            pid=os.getpid(),
            server=__version__,
            uptime=time.monotonic() - self._started,
            requests=dict(self._requests),
            failures=dict(self._failures),
            latency={name: _times(spent) for name, spent in self._latency.items() if spent},
            waiting=self._queue.waiting(),
            dropped=self._dropped,
            rows=sum(network.rows for network in networks),
            batches=sum(network.calls for network in networks),
            rss=memory(),
        )


def _times(spent: deque[float]) -> Times:
    median, p95, p99 = np.percentile(spent, (50, 95, 99)).tolist()
    return Times(len(spent), median, p95, p99, max(spent))


def memory() -> int:
    """Return the bytes of memory that this process holds; where the system only tells the most it held, that.

    >>> memory() > 1_000_000
    True
    """
    with contextlib.suppress(OSError), open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        class Counters(ctypes.Structure):
            _fields_ = [("cb", wintypes.DWORD), ("faults", wintypes.DWORD)] + [
                (f"size{k}", ctypes.c_size_t) for k in range(8)
            ]

        counters = Counters()
        process = ctypes.windll.kernel32.GetCurrentProcess
        process.restype = wintypes.HANDLE
        ctypes.windll.psapi.GetProcessMemoryInfo(
            wintypes.HANDLE(process()), ctypes.byref(counters), ctypes.sizeof(counters)
        )
        return int(counters.size1)  # after the peak, the present working set
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
