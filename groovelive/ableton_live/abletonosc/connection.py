"""Questions to AbletonOSC over UDP, one at a time or many in one go, with its errors raised."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from ...errors import GrooveError
from ...osc_messages.codec import Argument, message, read
from ..errors import LinkDown, NoAnswer, RefusedByLive

PORT, REPLIES = 11000, 11001  # those that AbletonOSC has in its code
PORTS = "GROOVELIVE_ABLETONOSC_PORTS"  # of the environment: others, as "11000,11001"
_ERROR, _STARTUP = "/live/error", "/live/startup"
_BURST = 100  # questions at once: the buffer of its socket holds no more than some 270 on Linux
Question = tuple[str, tuple[Argument, ...]]


class TooLong(RefusedByLive):
    """An answer would be longer than a datagram may be where Live runs: 65,507 bytes, on macOS 9,216."""


def ports() -> tuple[int, int]:
    """Return where AbletonOSC listens, and where it sends to: its own ports, or what the environment says.

    Raises:
        GrooveError: the environment does not say two ports.
    """
    said = os.environ.get(PORTS)
    if not said:
        return PORT, REPLIES
    found = [part.strip() for part in said.split(",")]
    if len(found) != 2 or not all(part.isdigit() and 0 < int(part) < 65536 for part in found):
        raise GrooveError(f"{PORTS} names two ports, as 11000,11001; not {said!r}")
    return int(found[0]), int(found[1])


class OscLink:
    """AbletonOSC, asked from any thread.

    It answers at the next of its ticks, every 100 ms, on the address of the question, with its indices first, and not
    at all to what sets or does something. Its errors name nothing: whoever waits for an answer when one comes hears of
    it; after one, what else it was sent waits for the next tick.

    Args:
        port: where it listens; replies: where it sends to. Only one program can have that.

    Raises:
        LinkDown: another program has the port of the replies.
    """

    def __init__(self, port: int = PORT, replies: int = REPLIES) -> None:
        self.where, self.session = ("127.0.0.1", port), 0
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        try:
            self._socket.bind(("127.0.0.1", replies))
        except OSError as error:
            self._socket.close()
            raise LinkDown(
                f"another program has the port {replies} to which AbletonOSC answers ({error.strerror}): end it, "
                "pylive or another groovelive, for only one can listen there"
            ) from None

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def tell(self, address: str, *arguments: Argument) -> None:
        """Send what has no answer."""
        self._send(address, arguments)

    def ask(self, address: str, *arguments: Argument, timeout: float = 1.5) -> tuple[Any, ...]:
        """Return the answer to a question, without the arguments of the question that it begins with.

        Raises:
            NoAnswer, RefusedByLive: as of `ask_all`.
        """
        return self.ask_all([(address, arguments)], timeout)[0]

    def ask_all(self, questions: Sequence[Question], timeout: float = 1.5) -> list[tuple[Any, ...]]:
        """Return the answers to questions that are sent in one go, a hundred at a time, and so cost one tick together.

        Raises:
            NoAnswer: one has none in time. It is asked twice, since a datagram may be lost.
            RefusedByLive: AbletonOSC sent an error meanwhile; `TooLong` where an answer does not fit into a datagram.
        """
        bursts = (questions[at : at + _BURST] for at in range(0, len(questions), _BURST))
        return [answer for burst in bursts for answer in self._burst(burst, timeout)]

    def settle(self) -> None:
        """Wait until all that was sent has been done, and its errors have come; they are forgotten."""
        for _ in range(20):
            with contextlib.suppress(RefusedByLive):
                self.ask("/live/song/get/is_playing")
                return

    def _burst(self, questions: Sequence[Question], timeout: float) -> list[tuple[Any, ...]]:
        found: dict[int, tuple[Any, ...]] = {}
        with self._lock:
            self._drain()
            for _ in range(2):
                missing = [number for number in range(len(questions)) if number not in found]
                for number in missing:
                    self._send(*questions[number])
                end = time.monotonic() + timeout
                while len(found) < len(questions) and (left := end - time.monotonic()) > 0:
                    self._match(questions, found, left)
                if len(found) == len(questions):
                    return [found[number] for number in range(len(questions))]
        asked = next(questions[number][0] for number in range(len(questions)) if number not in found)
        raise NoAnswer(f"AbletonOSC has not answered {asked} within {2 * timeout:g} s: Live is busy or gone")

    def _match(self, questions: Sequence[Question], found: dict[int, tuple[Any, ...]], left: float) -> None:
        for address, answer in self._receive(left):
            for number, (asked, arguments) in enumerate(questions):
                begins = arguments[: 2 if asked.startswith(("/live/clip/", "/live/clip_slot/")) else 1]
                if asked.startswith("/live/song/"):
                    begins = ()
                if number not in found and address == asked and _same(answer[: len(begins)], begins):
                    found[number] = answer[len(begins) :]
                    break

    def _receive(self, seconds: float) -> list[tuple[str, tuple[Any, ...]]]:
        self._socket.settimeout(max(seconds, 0.001))
        try:
            packet = self._socket.recv(65536)
            messages = read(packet)
        except TimeoutError:
            return []
        except (OSError, GrooveError):  # on Windows also: nobody at the port
            time.sleep(0.01)
            return []
        for address, arguments in messages:
            if address == _STARTUP:
                self.session += 1
            elif address == _ERROR:
                raise _fault(str(arguments[0]) if arguments else "an error")
        return [(found.address, found.arguments) for found in messages]

    def _drain(self) -> None:
        """Take away the answers to questions that were given up."""
        while True:
            with contextlib.suppress(RefusedByLive):
                if not self._receive(0.0):
                    return

    def _send(self, address: str, arguments: Sequence[Argument]) -> None:
        with contextlib.suppress(ConnectionError):
            try:
                self._socket.sendto(message(address, *arguments), self.where)
            except OSError as error:
                raise LinkDown(f"AbletonOSC at {self.where[1]} cannot be reached ({error.strerror})") from None


def _fault(said: str) -> RefusedByLive:
    r"""Return an error of AbletonOSC: the last line of it, for some are whole tracebacks.

    >>> _fault("Socket error: Traceback (most recent call last):\n  ...\nOSError: [Errno 40] Message too long\n")
    TooLong('AbletonOSC says: OSError: [Errno 40] Message too long')
    """
    sentence = f"AbletonOSC says: {(said.strip().splitlines() or [''])[-1].strip()[:160]}"
    if "too long" in sentence or "10040" in sentence:  # the latter on Windows, whose words are the user's language
        return TooLong(sentence, "LIVE_ERROR")
    if "Unknown OSC address" in sentence:
        sentence += "; it is older than groovelive needs: take its latest version"
    return RefusedByLive(sentence, "LIVE_ERROR")


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(
        a == b or (isinstance(a, float) and isinstance(b, float) and math.isclose(a, b, rel_tol=1e-6))
        for a, b in zip(one, other, strict=True)
    )
