"""The Remote Script in the stand-in for Live, stepped by hand, and a program that speaks its protocol."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from groovelive.osc_messages.codec import Double, OscMessage, message, read
from tests.support.fakelive import Host
from tests.support.paths import REMOTE_SCRIPT

RECORD = struct.Struct(">BB2d4f")
Notes = list[tuple[float, ...]]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def blob(notes: Sequence[tuple[float, ...]]) -> bytes:
    """Notes (pitch, start, duration, velocity[, probability, deviation, release]) as records."""
    rest = (100.0, 1.0, 0.0, 64.0)
    return b"".join(RECORD.pack(int(n[0]), 0, n[1], n[2], *(tuple(n[3:]) + rest[len(n) - 3 :])) for n in notes)


def many(count: int, pitches: int = 9) -> Notes:
    return [(36 + i % pitches, i * 0.125, 0.1, 1 + i % 127) for i in range(count)]


class Rig:
    """A Live with GrooveLive in it. Time moves only when something is asked, or by `run`."""

    def __init__(
        self, folder: Path, set_name: str = "drums", version: str = "12.3.6", port: int = 0, **options: Any
    ) -> None:
        self.port = port or free_port()
        self.folder = folder / "GrooveLive"
        shutil.copytree(REMOTE_SCRIPT, self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        (self.folder / "groovelive.json").write_text(json.dumps({"port": self.port}))
        strict: dict[str, Any] = {"threads": "raise", "strict_doubles": True, "proxies": True}
        self.host = Host(set_name, version, clock="manual", **strict, **options)
        self.host.load_script(str(self.folder))
        self.on_clock()
        self.clients: list[Program] = []

    def on_clock(self) -> None:
        """Let the script's seconds be those of the stand-in."""
        self.script.now = lambda: self.host.now
        self.script.transport._seen = self.script.transport._pushed = self.host.now
        self.script.server._retry = self.host.now
        for client in self.script.server.clients:
            client.since = self.host.now

    @property
    def script(self) -> Any:
        return self.host.scripts[-1]

    @property
    def song(self) -> Any:
        return self.host.song

    def run(self, seconds: float = 0.05) -> None:
        self.host.run_for(seconds)

    def open(self, **options: Any) -> Program:
        program = Program(self, **options)
        self.clients.append(program)
        return program

    def undo(self) -> int:
        return len(self.host.rt.undo.history)

    def digest(self) -> str:
        """A hash of the whole set."""
        state = self.host.state()
        kept = {name: state[name] for name in ("tracks", "tempo", "scenes", "undo_step_left_open")}
        data = [[track._data for track in self.song._tracks], self.song._data]
        return hashlib.sha1(json.dumps([kept, data], sort_keys=True, default=str).encode()).hexdigest()

    def clip(self, track: int, slot: int) -> Any:
        return self.song.tracks[track].clip_slots[slot].clip

    def notes(self, track: int, slot: int) -> Notes:
        found = self.clip(track, slot)._store.notes
        return sorted((n.pitch, n.start_time, n.duration, n.velocity) for n in found)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.host.stop()
        assert not self.host.errors, self.host.errors
        assert not self.host.rt.listener_errors, self.host.rt.listener_errors
        assert not self.host.rt.violations


class Program:
    """Something that speaks the protocol over TCP or UDP."""

    def __init__(self, rig: Rig, udp: bool = False, hello: bool = True) -> None:
        self.rig, self.udp, self.pushes, self._ids = rig, udp, list[Any](), itertools.count(1)
        self.answers: dict[int, OscMessage] = {}
        if udp:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.connect(("127.0.0.1", rig.port))
        else:
            self.socket = socket.create_connection(("127.0.0.1", rig.port), 5)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.inbox, self.ended = b"", False
        if hello:
            self.welcome = self.ok("/gl/hello", "test", 1)

    def put(self, packet: bytes) -> None:
        data = packet if self.udp else struct.pack(">I", len(packet)) + packet
        while data:
            try:
                data = data[self.socket.send(data) :]
            except BlockingIOError:
                self.rig.run(0.01)

    def send(self, address: str, *arguments: Any) -> int:
        id = next(self._ids)
        self.put(message(address, id, *(Double(a) if type(a) is float else a for a in arguments)))
        return id

    def look(self) -> None:
        """Take in what has come."""
        while True:
            try:
                data = self.socket.recv(1 << 20)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                self.ended = True
                break
            if self.udp:
                self._packet(data)
            else:
                self.inbox += data
        while len(self.inbox) >= 4 and len(self.inbox) >= 4 + (size := int.from_bytes(self.inbox[:4], "big")):
            self._packet(self.inbox[4 : 4 + size])
            self.inbox = self.inbox[4 + size :]

    def _packet(self, packet: bytes) -> None:
        for found in read(packet):
            if found.address in ("/gl/ok", "/gl/error"):
                id = found.arguments[0]
                assert isinstance(id, int) and id not in self.answers, f"{found} is a second answer"
                self.answers[id] = found
            else:
                self.pushes.append(found)

    def until(self, done: Callable[[], Any], seconds: float = 5.0) -> Any:
        end = self.rig.host.now + seconds
        while self.rig.host.now < end:
            self.look()
            if found := done():
                return found
            self.rig.host.step()
        raise TimeoutError

    def wait(self, id: int, seconds: float = 5.0) -> Any:
        self.until(lambda: id in self.answers, seconds)
        return self.answers[id]

    def ask(self, address: str, *arguments: Any, seconds: float = 5.0) -> Any:
        return self.wait(self.send(address, *arguments), seconds)

    def ok(self, address: str, *arguments: Any, seconds: float = 5.0) -> tuple[Any, ...]:
        """What is answered, after the id and the milliseconds."""
        found = self.ask(address, *arguments, seconds=seconds)
        assert found.address == "/gl/ok", found
        return tuple(found.arguments[2:])

    def refused(self, address: str, *arguments: Any) -> tuple[str, str]:
        found = self.ask(address, *arguments)
        assert found.address == "/gl/error", found
        _, code, sentence, _ = found.arguments
        return str(code), str(sentence)

    def pushed(self, address: str, seconds: float = 5.0) -> tuple[Any, ...]:
        """The next news of an address; what came before it is kept."""
        self.until(lambda: any(found.address == address for found in self.pushes), seconds)
        found = next(found for found in self.pushes if found.address == address)
        self.pushes.remove(found)
        return tuple(found.arguments)

    def heard(self, address: str, seconds: float = 0.5) -> list[tuple[Any, ...]]:
        """All news of an address in the next seconds, and before."""
        end = self.rig.host.now + seconds
        while self.rig.host.now < end:
            self.rig.host.step()
            self.look()
        found = [each.arguments for each in self.pushes if each.address == address]
        self.pushes = [each for each in self.pushes if each.address != address]
        return found

    def close(self) -> None:
        self.socket.close()
