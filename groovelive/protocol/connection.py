"""A client's way to a service: finds it, connects, and notices when it is lost, back, elsewhere or gone."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Literal, NamedTuple

import zmq
from zmq.utils.monitor import recv_monitor_message

from ..errors import GrooveError
from ..runtime import endpoints
from ..runtime.curve import Peer, introduce
from .base import MAX_REPLY, EngineError

GLANCE = 0.05  # seconds between two looks at the way while a reply is awaited
_EVENTS = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH


class Endpoint(NamedTuple):
    """Where a service is: its address, and how to prove who is there."""

    address: str
    peer: Peer | None


class ServiceLocator:
    """Knows where a service is: at a given address, or where its connection file says just now.

    Args:
        address: of it; None takes the one of this user on this machine.
        server: see `endpoints.check_connect`.
        service: the engine or the conductor.
    """

    def __init__(self, address: str | None, server: str | None, service: endpoints.Service = "engine") -> None:
        self.service = service
        self._fixed: Endpoint | None = None
        if address is not None:
            self._fixed = Endpoint(address, endpoints.check_connect(address, server))
        elif server is not None:
            raise GrooveError("a key needs an address; without one the engine of this machine is taken")

    def __str__(self) -> str:
        return f"at {self._fixed.address}" if self._fixed else "on this machine"

    def find(self) -> Endpoint | None:
        """Return where the engine is, or None while it starts.

        Raises:
            EngineError: NO_WORKER, where none is running.
        """
        if self._fixed is not None:
            return self._fixed
        found = endpoints.read(self.service)
        if found is not None:
            return Endpoint(found.address, found.peer)
        if endpoints.holder(self.service) is None and endpoints.holder("serve") is None:
            raise EngineError("NO_WORKER", f"no {self.service} is running here; start one with: groovelive serve")
        return None

    def running(self) -> bool:
        """Whether the service of this machine is meant, and there, though it may not answer."""
        return self._fixed is None and endpoints.holder(self.service) is not None

    def await_endpoint(self, end: float) -> Endpoint:
        """Return where the engine is, and wait for one that starts, until `end` on the monotonic clock.

        Raises:
            EngineError: NO_WORKER, where there is none, or it is not there in time.
        """
        while (place := self.find()) is None:
            if time.monotonic() >= end:
                raise EngineError("NO_WORKER", f"the {self.service} is starting, but is not there yet")
            time.sleep(min(GLANCE, max(0.0, end - time.monotonic())))
        return place


class ServiceConnection:
    """One DEALER socket to a service, and what ZeroMQ tells of its connection.

    Args:
        directory: where the engine is.
        place: where it is just now.
    """

    def __init__(self, directory: ServiceLocator, place: Endpoint) -> None:
        self._directory = directory
        self._open(place)

    def _open(self, place: Endpoint) -> None:
        self.place = place
        self._lost = self._reached = self._refused = False
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 20)  # ms
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
        self.socket.setsockopt(zmq.MAXMSGSIZE, MAX_REPLY)
        if place.address.startswith("tcp://"):  # a machine that lost its power says no farewell
            self.socket.setsockopt(zmq.HEARTBEAT_IVL, 1000)
            self.socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 3000)
        if place.peer is not None:
            introduce(self.socket, place.peer)
        self._monitor: zmq.Socket[Any] = self.socket.get_monitor_socket(_EVENTS)
        self.socket.connect(place.address)

    def look(self) -> Literal["", "again", "moved"]:
        """See what has become of the connection.

        Returns:
            "again" where what has no answer must be sent again, since it was on its way to one that
            died, and one is back; "moved" where that is at another address, so that `move` is due.

        Raises:
            EngineError: NO_WORKER, where none runs any more, or it does not let this machine in.
        """
        again = False
        while self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)["event"]
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                again, self._lost, self._reached = again or self._lost, False, True
            elif event == zmq.EVENT_DISCONNECTED:
                self._lost = self._reached
            else:
                self._refused = True
        if self._refused:
            self._refused = False
            raise EngineError(
                "NO_WORKER",
                f"the {self._service_there} does not let this machine in: tell it the key that groovelive keys "
                "shows here, by groovelive keys add NAME KEY",
            )
        place = self._directory.find()
        if place is not None and place != self.place:
            return "moved"
        return "again" if again else ""

    def move(self) -> None:
        """Connect to where the service is now; what has no answer must be sent again."""
        self.close()
        self._open(self._directory.find() or self.place)

    @property
    def _service_there(self) -> str:
        return f"{self._directory.service} {self._directory}"

    def silence(self, timeout: float) -> EngineError:
        """Return the error for a service that has not answered within `timeout` seconds."""
        if self._reached or self._directory.running():
            return EngineError("LATE", f"the {self._service_there} has not answered within {timeout:g} s")
        doubt = "; if one is there, its key is not the one that is known here" if self.place.peer else ""
        return EngineError("NO_WORKER", f"no {self._service_there} has answered within {timeout:g} s{doubt}")

    def close(self) -> None:
        """Close the sockets."""
        with contextlib.suppress(zmq.ZMQError):
            self.socket.disable_monitor()
        self._monitor.close(linger=0)
        self.socket.close(linger=0)
