"""The process that reads MIDI ports: it polls their queues each millisecond, and ends when standard input does.

The driver's own thread puts what comes into a queue, in C; no Python runs there that could be late. A message is
stamped when it is taken out, less the time that by the driver's clock has passed since between those taken with it.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

from ..errors import GrooveError
from ..runtime import child
from ..runtime.child import Pipe
from ..runtime.midi_ports import check_virtual, open_client, which
from ..runtime.realtime import claim, settle
from .frames import Answer, Listen, Messages, PortGone, PortOpened, PortRefused, orders

_POLL = 0.001  # seconds between two looks at the queues
_LOOK = 0.2  # seconds between two looks at which ports are there: nobody pulls a plug and puts it back sooner
_AGAIN = 2.0  # seconds between two tries to open one that has gone
_READING = 55  # priority, above that of the conductor's loop
_QUEUE = 4096  # messages that may wait in a port's queue
_MOST = 512  # messages that are taken from a port at a time


class InputPort:
    """A port that is read, or looked for.

    Args:
        order: which.
    """

    def __init__(self, order: Listen) -> None:
        self.order = order
        self.name = ""  # of the port of another, once it is found
        self.again = 0.0  # when it is tried next
        self._client: Any = None

    @property
    def there(self) -> bool:
        """Whether it is read."""
        return self._client is not None

    def open(self, names: list[str]) -> None:
        """Read it.

        Raises:
            GrooveError: it is not there, or cannot be read.
        """
        order = self.order
        if order.virtual:
            check_virtual()
        index = -1 if order.virtual else which(order.port, names, "hear")
        reader = open_client("MidiIn", queue=_QUEUE)
        reader.ignore_types(False, False, False)  # what is left out here is missing in the driver's times
        try:
            if order.virtual:
                reader.open_virtual_port(order.port)
            else:
                reader.open_port(index)
        except Exception as error:  # each driver has its own
            why = str(error).strip() or "it does not open"
            raise GrooveError(
                f"MIDI port {names[index] if index >= 0 else order.port!r} cannot be heard ({why}); another program "
                "may have it"
            ) from None
        self.name = names[index] if index >= 0 else ""
        self._client = reader

    def close(self) -> None:
        """Read it no more."""
        if self._client is not None:
            self._client.close_port()
            self._client = None

    def take(self) -> list[tuple[int, bytes]]:
        """Return what has come: (ns, message) each, in order."""
        if self._client is None:
            return []
        came: list[tuple[float, bytes]] = []
        while len(came) < _MOST and (message := self._client.get_message()) is not None:
            came.append((self._client.deltatime, bytes(message)))
        now = time.monotonic_ns()
        found = []
        for since, data in reversed(came):
            if data and 0x80 <= data[0] < 0xF0:
                found.append((now, data))
            now -= max(round(since * 1e9), 0)
        found.reverse()
        return found


class Reader:
    """Reads ports, as it is ordered to.

    Args:
        pipe: to the conductor.
    """

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._orders: queue.SimpleQueue[Listen | None] = queue.SimpleQueue()
        self._ports: dict[int, InputPort] = {}
        self._look_at = 0.0
        self._lister: Any = None

    def run(self) -> None:
        """Read until standard input ends."""
        settle()
        threading.Thread(target=self._hear, name="orders", daemon=True).start()
        claim(_READING)
        while self._obey():
            for number, port in self._ports.items():
                if messages := port.take():
                    self._tell(Messages(number, messages))
            if time.monotonic() >= self._look_at:
                self._look()
                self._look_at = time.monotonic() + _LOOK
            time.sleep(_POLL)

    def _hear(self) -> None:
        for body in self._pipe.bodies():
            self._orders.put(orders.decode(body))
        self._orders.put(None)

    def _obey(self) -> bool:
        """Do what was ordered; False where it is over."""
        while self._ports or not self._orders.empty():
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                return True
            if not self._listen(order):
                return False
        return self._listen(self._orders.get())

    def _listen(self, order: Listen | None) -> bool:
        if order is None:
            return False
        port = InputPort(order)
        try:
            port.open(self._names())
        except GrooveError as error:
            if not order.wait:
                self._tell(PortRefused(order.number, str(error)))
                return True
            self._tell(PortGone(order.number))
        else:
            self._tell(PortOpened(order.number))
        self._ports[order.number] = port
        return True

    def _names(self) -> list[str]:
        if self._lister is None:
            self._lister = open_client("MidiIn", queue=1)
        return list(self._lister.ports)

    def _look(self) -> None:
        """See which ports have gone, and which are back."""
        if all(port.order.virtual for port in self._ports.values()):
            return
        try:
            names = self._names()
        except GrooveError:  # no MIDI any more
            names = []
        if not names:
            self._lister = None  # it may be that of a server which is no more
        for number, port in self._ports.items():
            if port.order.virtual:
                continue
            if port.there and port.name not in names:
                port.close()
                self._tell(PortGone(number))
            elif not port.there and time.monotonic() >= port.again:
                port.again = time.monotonic() + _AGAIN
                try:
                    port.open(names)
                except GrooveError:
                    continue
                self._tell(PortOpened(number))

    def _tell(self, answer: Answer) -> None:
        self._pipe.write([answer])


def go() -> None:
    """Read ports, and end at once when standard input does."""

    def main() -> int:
        Reader(child.take_over("MIDI inputs")).run()
        return 0

    child.run(main)
