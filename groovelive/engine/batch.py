"""Which request gets its turn: two priorities, shared fairly among clients, in slices, and batched by model."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..protocol.base import EngineError, Priority
from ..protocol.engine import AnyRequest
from . import handlers
from .handlers import Ask, Work

SLICE = 0.001  # seconds of background work, after which a request for the stage gets its turn
BATCH = 8  # loops that are computed together
WAITING = 8192  # requests in the queue
WAITING_EACH = 2048  # of one client
BYTES = 64 << 20  # of all requests in the queue
BYTES_EACH = 16 << 20  # of one client's


@dataclass(slots=True)
class Job:
    """A request on its way through the engine.

    Args:
        client: where it came from, as ROUTER names it.
        envelope: frames that go back before the reply's.
        id: chosen by the client.
        request: what it asks.
        received: seconds, monotonic.
        size: bytes.
    """

    client: bytes
    envelope: list[bytes]
    id: bytes
    request: AnyRequest
    received: float
    size: int
    work: Work | None = None
    ask: Ask | None = None
    done: bool = False
    place: float = 0.0  # among the requests of its client
    late: float = field(init=False)  # from then on no answer is of use

    def __post_init__(self) -> None:
        deadline = self.request.deadline
        self.late = float("inf") if deadline is None else self.received + deadline / 1000

    @property
    def key(self) -> tuple[bytes, bytes]:
        return self.client, self.id

    @property
    def priority(self) -> Priority:
        return self.request.priority


class _Client:
    """What one client has waiting, by priority."""

    __slots__ = ("bytes", "jobs", "listed", "queues", "turns")

    def __init__(self) -> None:
        self.jobs = self.bytes = 0
        self.queues: dict[Priority, list[tuple[float, int, Job]]] = {"stage": [], "background": []}
        self.turns: dict[Priority, float] = {"stage": 0.0, "background": 0.0}
        self.listed: dict[Priority, bool] = {"stage": False, "background": False}


class Queue:
    """Requests in the order of their turns.

    Clients share the engine evenly, whatever they ask for: a client's next turn is as much later as its last one
    was long (start-time fair queueing; Goyal, Vin and Cheng 1996). Of one client's requests that goes first which
    would be done first if it had been begun at its receipt, so that a bar passes a walk of 256 steps.
    """

    def __init__(self) -> None:
        self.cost = 0.0005  # seconds a loop, measured as it goes
        self._clients: dict[bytes, _Client] = {}
        self._order: dict[Priority, list[tuple[float, int, _Client]]] = {"stage": [], "background": []}
        self._time: dict[Priority, float] = {"stage": 0.0, "background": 0.0}  # the last turn that began
        self._jobs: dict[tuple[bytes, bytes], Job] = {}
        self._waiting: dict[Priority, int] = {"stage": 0, "background": 0}
        self._bytes = 0
        self._count = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def waiting(self) -> dict[str, int]:
        """Return how many requests wait, by priority."""
        return {str(priority): count for priority, count in self._waiting.items()}

    def has_stage(self) -> bool:
        """Whether a request for the stage waits."""
        return self._waiting["stage"] > 0

    def put(self, job: Job) -> None:
        """Take a request in.

        Raises:
            EngineError: the queue, or this client's part of it, is full; or its id is in use.
        """
        if job.key in self._jobs:
            raise EngineError("BAD_REQUEST", "a request with this id is still being served", "id")
        client = self._clients.get(job.client) or _Client()
        if client.jobs >= WAITING_EACH or client.bytes + job.size > BYTES_EACH:
            raise EngineError("BUSY", f"{client.jobs} requests of this client wait already; ask again later")
        if len(self._jobs) >= WAITING or self._bytes + job.size > BYTES:
            raise EngineError("BUSY", f"{len(self._jobs)} requests are waiting already; ask again later")
        self._clients[job.client] = client
        self._jobs[job.key] = job
        self._waiting[job.priority] += 1
        client.jobs += 1
        client.bytes += job.size
        self._bytes += job.size
        job.place = job.received + self.seconds(job)
        self.again(job)

    def again(self, job: Job) -> None:
        """Give a request its next turn."""
        client, priority = self._clients[job.client], job.priority
        self._count += 1
        heapq.heappush(client.queues[priority], (job.place, self._count, job))
        if not client.listed[priority]:
            client.turns[priority] = max(client.turns[priority], self._time[priority])
            self._list(client, priority)

    def _list(self, client: _Client, priority: Priority) -> None:
        client.listed[priority] = True
        self._count += 1
        heapq.heappush(self._order[priority], (client.turns[priority], self._count, client))

    def find(self, client: bytes, id: bytes) -> Job | None:
        """Return a request that is not answered yet."""
        return self._jobs.get((client, id))

    def finish(self, job: Job) -> None:
        """Forget a request that was answered; its place in the order is passed over."""
        job.done = True
        if job.work is not None:
            job.work.close()
        del self._jobs[job.key]
        self._waiting[job.priority] -= 1
        self._bytes -= job.size
        client = self._clients[job.client]
        client.jobs -= 1
        client.bytes -= job.size
        if not client.jobs:
            del self._clients[job.client]

    def of(self, client: bytes) -> list[Job]:
        """Return what a client has waiting."""
        return [job for job in self._jobs.values() if job.client == client] if client in self._clients else []

    def room(self) -> int:
        """Return how many loops make a slice."""
        return max(1, min(BATCH, int(SLICE / self.cost)))

    def take(self, prepare: Callable[[Job], bool]) -> list[Job]:
        """Return requests whose loops are to be computed together, of one priority; those for the stage first.

        Args:
            prepare: brings a request to where it asks for loops, or answers it; returns whether it asks.
        """
        batch: list[Job] = []
        priority: Priority = "stage" if self.has_stage() else "background"
        loops, most = 0, BATCH if priority == "stage" else self.room()
        order = self._order[priority]
        end = time.monotonic() + SLICE
        while order and loops < most:
            turn, _, client = heapq.heappop(order)
            queue = client.queues[priority]
            while queue and queue[0][2].done:
                heapq.heappop(queue)
            if not queue:
                client.listed[priority] = False
                continue
            self._time[priority] = turn
            job = heapq.heappop(queue)[2]
            taken = 0
            if prepare(job):
                assert job.ask is not None
                batch.append(job)
                taken = len(job.ask.taps)
                loops += taken
            client.turns[priority] = turn + self.cost * max(taken, 0.1)
            client.listed[priority] = False
            if queue:
                self._list(client, priority)
            if time.monotonic() >= end:
                break
        return batch

    def measured(self, seconds: float, loops: int) -> None:
        """Learn from how long loops took."""
        self.cost += 0.05 * (min(seconds / loops, 0.1) - self.cost)

    def seconds(self, job: Job) -> float:
        """Return about how long a request takes."""
        return self.cost * handlers.loops(job.request)
