"""More than one machine: a broker that shares requests among the engines that joined it.

Clients and workers (engines that joined) meet at one ROUTER socket. A client speaks the protocol of `protocol.engine`
and can't tell a broker from an engine. A worker's messages begin with `b"GLW1"` and one of the words of `worker`. It is
the load-balancing pattern of the ZeroMQ guide, with heartbeats both ways ("Paranoid Pirate"): of the workers
that have room the least recently used gets the next request; one that is silent for a second counts as lost,
and what it had goes to another. Requests are stateless and deterministic: asking twice does no harm.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import zmq

from ..errors import GrooveError
from ..protocol.base import MAX_DEADLINE, MAX_REPLY, MAX_REQUEST, Code, EngineError, Failure
from ..protocol.engine import Cancel, Cancelled, read_head, read_request
from ..protocol.frames import HEADER, RawMessage, from_frames, routing
from ..runtime.curve import Curve, guard, protect
from .worker import ASK, BEAT, BYE, INTERVAL, NO, READY, REPLY, SILENCE, WHO, WORKER_HEADER

CAPACITY = 16  # requests that a worker has at once: an engine batches what waits together
BACKGROUND = 8  # of which so many may be background, so that there is room for the stage
TRIES = 3  # workers that may be lost with a request, before that is held to be the reason
QUEUED = 4096  # requests that may wait
PATIENCE = 5.0  # seconds that a request without a deadline waits for a worker
_FOREVER = MAX_DEADLINE / 1000

_any = msgspec.msgpack.Decoder()
_pack = msgspec.msgpack.Encoder()


@dataclass(slots=True)
class _Job:
    """A request on its way."""

    envelope: list[bytes]  # the client, and what else goes back before the reply
    id: bytes
    body: bytes
    received: float
    end: float  # by its deadline, or by patience
    dated: bool  # whether it has a deadline of its own
    stage: bool
    lost: list[bytes] = field(default_factory=list)  # workers that had it
    worker: bytes = b""  # that has it


@dataclass(slots=True)
class _Worker:
    """An engine that has joined."""

    heard: float
    jobs: dict[bytes, _Job] = field(default_factory=dict)  # by tag


class Broker:
    """Shares requests among the engines that join it.

    Args:
        bind: address for clients and workers.
        curve: keys, where the address is open to others.
        tell: called with a sentence when a worker comes or goes.
    """

    def __init__(
        self, bind: str, *, curve: Curve | None = None, tell: Callable[[str], None] = lambda sentence: None
    ) -> None:
        self._bind, self._curve, self._tell = bind, curve, tell
        self._workers: OrderedDict[bytes, _Worker] = OrderedDict()  # the least recently used first
        self._jobs: dict[bytes, _Job] = {}  # by tag, those that workers have
        self._queues: tuple[deque[_Job], deque[_Job]] = deque(), deque()  # stage, background
        self._models: bytes | None = None  # what all workers serve
        self._tags = 0
        self._socket: zmq.Socket[bytes]

    def run(self, stop: threading.Event, ready: Callable[[str], None] = lambda address: None) -> None:
        """Serve until `stop` is set; `ready` is called with the address once it is bound.

        Raises:
            GrooveError: the address cannot be bound.
        """
        context: zmq.Context[Any] = zmq.Context()
        authenticator = None
        self._socket = context.socket(zmq.ROUTER)
        try:
            self._socket.setsockopt(zmq.LINGER, 0)
            self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
            self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_REPLY)
            if self._curve is not None:
                authenticator = guard(context, self._curve)
                protect(self._socket, self._curve)
            try:
                self._socket.bind(self._bind)
            except zmq.ZMQError as error:
                raise GrooveError(f"{self._bind} cannot be bound: {error.strerror}") from None
            endpoint: Any = self._socket.getsockopt(zmq.LAST_ENDPOINT)
            ready(endpoint.decode().rstrip("\0"))
            self._serve(stop)
        finally:
            self._socket.close(linger=0)
            if authenticator is not None:
                authenticator.stop()
            context.term()

    def _serve(self, stop: threading.Event) -> None:
        due = time.monotonic()
        while not stop.is_set():
            if self._socket.poll(max(0, int((due - time.monotonic()) * 1000))):
                # A look at the clock now and then, however much comes in.
                for _ in range(64):
                    try:
                        sender, *parts = self._socket.recv_multipart(zmq.NOBLOCK)
                    except zmq.Again:
                        break
                    except ValueError:
                        continue
                    if parts and parts[0] == WORKER_HEADER:
                        self._from_worker(sender, parts[1:])
                    else:
                        self._from_client(sender, parts)
                self._share()
            if time.monotonic() >= due:
                self._beat()
                self._share()
                due = time.monotonic() + INTERVAL

    # Clients

    def _from_client(self, client: bytes, parts: list[bytes]) -> None:
        envelope, id = routing(client, parts)
        try:
            message = from_frames(parts)
            if len(message.body) > MAX_REQUEST:
                read_request(message.body)
            head = read_head(message.body)
            if head.type == "cancel":
                self._cancel(envelope, message)
                return
        except EngineError as error:
            self._refuse(envelope, id, error.code, error.message, error.field)
            return
        now = time.monotonic()
        dated = head.deadline is not None
        end = now + (head.deadline / 1000 if head.deadline is not None else PATIENCE)
        job = _Job(envelope, message.id, message.body, now, end, dated, head.priority == "stage")
        queue = self._queues[0 if job.stage else 1]
        if len(queue) >= QUEUED:
            self._fail(job, "BUSY", "too many requests wait for a worker")
        else:
            queue.append(job)

    def _cancel(self, envelope: list[bytes], message: RawMessage) -> None:
        cancel = read_request(message.body)
        assert isinstance(cancel, Cancel)
        found = False
        for queue in self._queues:
            for job in [job for job in queue if (job.envelope[0], job.id) == (envelope[0], cancel.id)]:
                queue.remove(job)
                self._fail(job, "CANCELLED", "the request was taken back")
                found = True
        for tag, job in list(self._jobs.items()):
            if (job.envelope[0], job.id) == (envelope[0], cancel.id):
                # The worker's reply to this has a tag that nobody knows, and is dropped.
                self._to_worker(job.worker, ASK, self._tag(), _pack.encode(Cancel(id=tag)))
                self._forget(tag)
                self._fail(job, "CANCELLED", "the request was taken back")
                found = True
        self._reply(envelope, message.id, _pack.encode(Cancelled(found=found)))

    def _refuse(self, envelope: list[bytes], id: bytes, code: Code, message: str, field: str = "") -> None:
        self._reply(envelope, id, _pack.encode(Failure(code=code, message=message, field=field)))

    def _fail(self, job: _Job, code: Code, message: str) -> None:
        self._refuse(job.envelope, job.id, code, message)

    def _reply(self, envelope: list[bytes], id: bytes, body: bytes) -> None:
        with contextlib.suppress(zmq.ZMQError):  # it has gone, or does not read
            self._socket.send_multipart([*envelope, HEADER, id, body], zmq.NOBLOCK)

    # Workers

    def _from_worker(self, sender: bytes, parts: list[bytes]) -> None:
        word = parts[0] if parts else b""
        worker = self._workers.get(sender)
        if word == READY and len(parts) == 2:
            self._join(sender, parts[1])
        elif worker is None:
            self._to_worker(sender, WHO)
        else:
            worker.heard = time.monotonic()
            if word == REPLY and len(parts) == 3:
                tag, body = parts[1:]
                if tag in worker.jobs:
                    job = self._forget(tag)
                    self._reply(job.envelope, job.id, body)
            elif word == BYE:
                self._lose(sender, "has left")

    def _join(self, sender: bytes, models: bytes) -> None:
        if sender in self._workers:
            return
        if self._workers and models != self._models:
            # The same request must have the same answer, whoever gives it.
            self._to_worker(sender, NO, b"it serves other models than those that joined before")
            return
        self._models = models
        self._workers[sender] = _Worker(time.monotonic())
        self._workers.move_to_end(sender, last=False)
        self._tell(f"a worker has joined; there are {len(self._workers)}")
        self._to_worker(sender, BEAT)

    def _lose(self, sender: bytes, why: str) -> None:
        worker = self._workers.pop(sender)
        for tag, job in reversed(worker.jobs.items()):
            del self._jobs[tag]
            job.lost.append(sender)
            if len(job.lost) < TRIES:
                self._queues[0 if job.stage else 1].appendleft(job)
            else:
                self._fail(job, "INTERNAL", f"{TRIES} workers were lost while they had this request")
        self._tell(f"a worker {why}; there are {len(self._workers)}")

    def _to_worker(self, worker: bytes, *parts: bytes) -> bool:
        try:
            self._socket.send_multipart([worker, WORKER_HEADER, *parts], zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def _beat(self) -> None:
        """Greet the workers, and give up those that are silent and requests that are late."""
        now = time.monotonic()
        for sender, worker in list(self._workers.items()):
            if now - worker.heard > SILENCE:
                self._lose(sender, f"has been silent for {SILENCE:g} s")
            elif not self._to_worker(sender, BEAT):
                self._lose(sender, "is gone")
        for queue in self._queues:
            for job in [job for job in queue if now >= job.end]:
                queue.remove(job)
                self._late(job)
        for tag, job in list(self._jobs.items()):
            # The worker refuses what is late, unless it hangs.
            if now > (job.end + INTERVAL if job.dated else job.received + _FOREVER):
                self._forget(tag)
                self._late(job)

    def _late(self, job: _Job) -> None:
        if self._workers or job.lost:
            self._fail(job, "LATE", "the deadline passed before a worker had answered")
        else:
            self._fail(job, "NO_WORKER", "no engine has joined this broker; groovelive engine --join does it")

    # Sharing

    def _share(self) -> None:
        now = time.monotonic()
        for queue in self._queues:
            while queue and (sender := self._free(queue[0])) is not None:
                job = queue.popleft()
                if now < job.end:
                    self._give(job, sender)
                else:
                    self._late(job)

    def _free(self, job: _Job) -> bytes | None:
        """Return the least recently used worker with room, best one that was not lost with this job."""
        most = CAPACITY if job.stage else BACKGROUND
        free = [sender for sender, worker in self._workers.items() if len(worker.jobs) < most]
        return next((sender for sender in free if sender not in job.lost), free[0] if free else None)

    def _give(self, job: _Job, sender: bytes) -> None:
        tag = self._tag()
        if not self._to_worker(sender, ASK, tag, self._current(job)):
            self._queues[0 if job.stage else 1].appendleft(job)
            self._lose(sender, "is gone")
            return
        job.worker = sender
        self._jobs[tag] = job
        self._workers[sender].jobs[tag] = job
        self._workers.move_to_end(sender)

    def _current(self, job: _Job) -> bytes:
        """Return the body with the deadline as it is now: that counts from the receipt by the worker."""
        now = time.monotonic()
        if not job.dated or now - job.received < 0.001:
            return job.body
        body: dict[str, Any] = _any.decode(job.body)
        return _pack.encode({**body, "deadline": max(0.001, (job.end - now) * 1000)})

    def _forget(self, tag: bytes) -> _Job:
        job = self._jobs.pop(tag)
        if job.worker in self._workers:
            self._workers[job.worker].jobs.pop(tag, None)
        return job

    def _tag(self) -> bytes:
        self._tags += 1
        return b"%x" % self._tags
