"""Receivers of notes in processes of their own: OSC, each packet stamped by the kernel, and MIDI through JACK."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import GrooveError
from ..runtime.hints import system_package
from ..runtime.overheard import Overheard
from .arrivals import Arrival, arrival

_STAMP = getattr(socket, "SO_TIMESTAMPNS", 35)  # of Linux; elsewhere the time at which the packet was read
_TIME = struct.Struct("qq")
_RECORD = struct.Struct(">QI")
RATE, PERIOD = 48_000, 64  # of the JACK server: MIDI comes with its periods, of 1.3 ms


class Receiver:
    """A UDP receiver; `port` is where it listens."""

    def __init__(self) -> None:
        self._hits: list[Arrival] = []
        self._child = subprocess.Popen(
            [sys.executable, "-m", "groovelive.bench.receivers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._child.stdout is not None
        self.port = int(self._child.stdout.readline())
        self._reader = threading.Thread(target=self._read, name="receiver", daemon=True)
        self._reader.start()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(10)
        self._reader.join(10)
        self._child.stdout.close()

    def between(self, begin: int, end: int) -> list[Arrival]:
        """Return what came between two moments of the wall clock, in ns."""
        return [one for one in list(self._hits) if begin <= one.stamp < end]

    def since(self, begin: int) -> list[Arrival]:
        """Return what came from a moment on."""
        return self.between(begin, 1 << 63)

    def _read(self) -> None:
        assert self._child.stdout is not None
        while head := self._child.stdout.read(_RECORD.size):
            stamp, size = _RECORD.unpack(head)
            self._hits.append(arrival(stamp, self._child.stdout.read(size)))


def listen() -> None:
    """Be the process of a `Receiver`, until standard input ends."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    kernel = sys.platform == "linux"
    if kernel:
        sock.setsockopt(socket.SOL_SOCKET, _STAMP, 1)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    out = sys.stdout.buffer
    out.write(b"%d\n" % sock.getsockname()[1])
    out.flush()
    while True:
        there, _, _ = select.select([sock.fileno(), 0], [], [])
        with contextlib.suppress(BlockingIOError):
            while True:
                data, notes, _, _ = sock.recvmsg(4096, socket.CMSG_SPACE(_TIME.size))
                stamp = time.time_ns()
                for _, kind, value in notes if kernel else ():
                    if kind == _STAMP:
                        seconds, rest = _TIME.unpack(value[: _TIME.size])
                        stamp = seconds * 1_000_000_000 + rest
                out.write(_RECORD.pack(stamp, len(data)) + data)
        out.flush()
        if 0 in there and not os.read(0, 4096):
            return


class MidiArrival(NamedTuple):
    """A MIDI message: when, in ns of JACK's own clock, and its bytes in hexadecimal."""

    at: int
    data: str


class Monitor:
    """What comes to the MIDI port "midi-monitor" of a JACK server."""

    port = "midi-monitor"

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._path = folder / "midi"
        with self._path.open("w") as out:
            command = ["stdbuf", "-oL", "jack_midi_dump", "-a"]
            self.child = Overheard(command, environment=environment, stdout=out)

    def mark(self) -> int:
        """Return where what was heard so far ends."""
        return self._path.stat().st_size

    def between(self, begin: int, end: int) -> list[MidiArrival]:
        """Return what was heard between two marks."""
        text = self._path.read_bytes()[begin:end].decode()
        found = re.findall(r"^\s*(\d+): ((?:[0-9a-f]{2} ?){3})", text, re.M)
        return [MidiArrival(round(int(frame) * 1_000_000_000 / RATE), data.strip()) for frame, data in found]

    def close(self) -> None:
        """End it."""
        self.child.end()


@contextlib.contextmanager
def jack_server(name: str, period: int = PERIOD) -> Iterator[dict[str, str]]:
    """Run a JACK server without a sound card; gives the environment in which it is found.

    Args:
        name: what no other server has.
        period: in frames; MIDI comes with each.

    Raises:
        GrooveError: JACK is not there.
    """
    missing = [name for name in ("jackd", "jack_lsp", "jack_midi_dump", "stdbuf") if shutil.which(name) is None]
    if missing:
        raise GrooveError(f"MIDI is not measured: no {missing[0]} is here ({system_package('jack')})")
    environment = {
        "JACK_DEFAULT_SERVER": name,
        "JACK_NO_START_SERVER": "1",
        "GROOVELIVE_MIDI_API": "jack",
        "ALSA_CONFIG_PATH": os.devnull,  # else the embedded synth plays along through ALSA's way to JACK
    }
    # In step (-S): else a client that is late for one period loses what it wrote for it, and messages are missing.
    command = ["jackd", *_ahead(), "-S", "-n", name, "-d", "dummy", "-r", str(RATE), "-p", str(period)]
    with Overheard(command) as server:
        if not _listed("system:playback_1", os.environ | environment):
            raise GrooveError(f"MIDI is not measured: jackd does not start; {server.said()}")
        yield environment


@contextlib.contextmanager
def monitored(folder: Path, environment: dict[str, str]) -> Iterator[Monitor]:
    """Have a monitor at a JACK server.

    Raises:
        GrooveError: what listens to JACK's MIDI is not there.
    """
    everything = os.environ | environment
    monitor = Monitor(folder, everything)
    try:
        if not _listed("midi-monitor:input", everything):
            raise GrooveError(f"MIDI is not measured: jack_midi_dump does not start; {monitor.child.said()}")
        yield monitor
    finally:
        monitor.close()


@contextlib.contextmanager
def jack(folder: Path) -> Iterator[tuple[dict[str, str], Monitor]]:
    """Run a JACK server without a sound card; gives the environment in which it is found, and a monitor.

    Raises:
        GrooveError: JACK, or what listens to its MIDI, is not there.
    """
    with (
        jack_server(f"groovelive-bench{os.getpid()}") as environment,
        monitored(folder, environment) as monitor,
    ):
        yield environment, monitor


@contextlib.contextmanager
def jack_if_there(folder: Path, tell: Callable[[str], None]) -> Iterator[tuple[dict[str, str], Monitor | None]]:
    """Run JACK as `jack` does; where it is not there, `tell` why, and give an empty environment and no monitor."""
    with contextlib.ExitStack() as stack:
        found: tuple[dict[str, str], Monitor | None] = {}, None
        try:
            found = stack.enter_context(jack(folder))
        except GrooveError as error:
            tell(str(error))
        yield found


def _ahead() -> list[str]:
    """Return what has jackd run in real time, where that is allowed."""
    before = os.sched_getscheduler(0) if sys.platform == "linux" else None
    if before is None:
        return ["-r"]
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        return ["-r"]
    os.sched_setscheduler(0, before, os.sched_param(0))
    return ["-R", "-P", "80"]


def _listed(port: str, environment: dict[str, str]) -> bool:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        found = subprocess.run(["jack_lsp"], capture_output=True, text=True, env=environment, check=False).stdout
        if port in found:
            return True
        time.sleep(0.05)
    return False


if __name__ == "__main__":
    listen()
