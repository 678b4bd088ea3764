"""The OSC door of a real conductor: every request of docs/osc.md over UDP and TCP, nonsense, and floods."""

from __future__ import annotations

import itertools
import math
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groovelive import GrooveError
from groovelive.conductor.osc.requests import _REQUESTS, MAX_TEXT, Call, call, id_of
from groovelive.conductor.osc.server import OscServer
from groovelive.osc_messages.codec import Double, OscMessage, bundle, message, read
from groovelive.protocol import session as messages
from groovelive.runtime import endpoints as connection
from tests.support.paths import DOCS

pytestmark = pytest.mark.realtime

PAGE = DOCS / "osc.md"
NEWS = ("/gl/bar", "/gl/changed", "/gl/told")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Udp:
    """A program that speaks OSC over UDP."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.where, self.news = ("127.0.0.1", port), list[OscMessage]()
        self._ids = iter(range(1, 1 << 30))

    def put(self, packet: bytes) -> None:
        self.socket.sendto(packet, self.where)

    def packet(self, seconds: float) -> bytes:
        self.socket.settimeout(seconds)
        return self.socket.recv(65536)

    def answer(self, seconds: float = 5.0) -> OscMessage:
        while True:
            (found,) = read(self.packet(seconds))
            if found.address not in NEWS:
                return found
            self.news.append(found)

    def silent(self, seconds: float = 0.3) -> bool:
        try:
            return self.answer(seconds) is None
        except TimeoutError:
            return True

    def ask(self, address: str, *arguments: Any) -> OscMessage:
        """Send a request; the answer, without its id, which must be the same."""
        id = next(self._ids)
        self.put(message(address, id, *arguments))
        found = self.answer()
        assert found.arguments[0] == id, found
        return OscMessage(found.address, found.arguments[1:])

    def done(self, address: str, *arguments: Any) -> float:
        found = self.ask(address, *arguments)
        assert found.address == "/gl/done" and len(found.arguments) == 1, found
        assert isinstance(found.arguments[0], float)
        return found.arguments[0]

    def refused(self, address: str, *arguments: Any) -> tuple[str, str]:
        found = self.ask(address, *arguments)
        assert found.address == "/gl/error", found
        sentence, field = found.arguments
        assert isinstance(sentence, str) and isinstance(field, str)
        return sentence, field

    def until(self, address: str, seconds: float = 5.0) -> OscMessage:
        """Wait for news."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            (found,) = read(self.packet(seconds))
            if found.address == address:
                return found
        raise TimeoutError

    def close(self) -> None:
        self.socket.close()


class Tcp(Udp):
    """The same over TCP."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.socket.close()
        self.socket = socket.create_connection(self.where, 5)

    def put(self, packet: bytes) -> None:
        self.socket.sendall(len(packet).to_bytes(4, "big") + packet)

    def packet(self, seconds: float) -> bytes:
        self.socket.settimeout(seconds)
        return self._exactly(int.from_bytes(self._exactly(4), "big"))

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            data = self.socket.recv(size - len(found))
            if not data:
                raise ConnectionResetError
            found += data
        return found


class Serving:
    """`groovelive serve` in a runtime folder of its own."""

    def __init__(self, folder: Path, port: int, *options: str, command: str = "serve") -> None:
        self.port, self.folder = port, folder
        self.environment = {**os.environ, "GROOVELIVE_RUNTIME": str(folder), "GROOVELIVE_FIFO": "0"}
        self.output = (folder / "output").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "groovelive", command, "--osc-port", str(port), *options],
            env=self.environment, stdout=self.output, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def said(self) -> str:
        self.output.flush()
        return (self.folder / "output").read_text()

    def status(self) -> Any:
        import json

        done = subprocess.run(
            [sys.executable, "-m", "groovelive", "status", "--json"],
            env=self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)["conductor"]

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.output.close()


def _met(client: Udp, seconds: float = 20.0) -> Udp:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client.put(message("/gl/genres", 1))
        try:
            if client.answer(0.3).address == "/gl/names":
                while not client.silent(0.3):
                    pass
                return client
        except TimeoutError:
            continue
        time.sleep(0.1)
    raise TimeoutError("the conductor does not answer")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    serving = Serving(tmp_path_factory.mktemp("run"), free_port())
    try:
        _met(Udp(serving.port)).close()
        yield serving
    finally:
        serving.end()


@pytest.fixture(params=[Udp, Tcp])
def client(serving: Serving, request: pytest.FixtureRequest) -> Iterator[Udp]:
    client = request.param(serving.port)
    yield client
    client.close()


@pytest.fixture
def udp(serving: Serving) -> Iterator[Udp]:
    client = Udp(serving.port)
    yield client
    client.close()


# What the page promises


def test_the_page_has_every_request() -> None:
    table = PAGE.read_text().partition("## Requests")[2].partition("- **drummer**")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"/gl/\w+", row)} == set(_REQUESTS)


def test_hello(client: Udp) -> None:
    found = client.ask("/gl/hello", 1)
    version, server, bpm, beat, playing = found.arguments
    assert found.address == "/gl/hello" and version == 1 and str(server).startswith("groovelive ")
    assert isinstance(bpm, float) and isinstance(beat, float) and 0 < beat < 10_000 and playing == 1
    assert client.ask("/gl/hello", 99).arguments[0] == 1  # who is of another version decides for itself
    assert client.ask("/gl/hello").address == "/gl/hello"


def test_each_program_undoes_its_own(serving: Serving) -> None:
    maria, other, nameless = (Udp(serving.port) for _ in range(3))
    assert maria.ask("/gl/hello", 1, "maria").arguments[-1] == "maria"
    assert other.ask("/gl/hello", 1, "maria").arguments[-1] == "maria-2"
    assert {"maria", "maria-2"} <= set(serving.status()["clients"])
    assert "choose another" in maria.refused("/gl/hello", 1, "engine")[0]
    maria.done("/gl/set", "d9", "swing", 0.1, "now")
    other.done("/gl/set", "d9", "velocity", 0.5, "now")
    nameless.done("/gl/set", "d9", "humanise", 0.3, "now")
    maria.done("/gl/undo")

    def held() -> list[Any]:
        time.sleep(0.4)  # until it is due
        return [nameless.ask("/gl/get", "d9", path).arguments[0] for path in ("swing", "velocity", "humanise")]

    assert held() == pytest.approx([0, 0.5, 0.3])
    for address, value in (("/gl/undo", 0), ("/gl/redo", 0.3), ("/gl/undo", 0)):
        Udp(serving.port).done(address)  # from a port of its own, as oscsend does
        assert held() == pytest.approx([0, 0.5, value])
    assert "nothing to undo" in maria.refused("/gl/undo")[0]


def test_controls(client: Udp) -> None:
    beat = client.done("/gl/source", "d1", "follow", "x..x..x.")
    assert (beat + 0.4) % 4 < 0.41  # the line; so near to it that early notes have gone already, at once
    assert (client.done("/gl/set", "d1", "density.hats", 0.5, "+4", 2) + 0.4) % 4 < 0.41
    assert client.done("/gl/set", "d1", "swing", 0.25, "now") % 4 != 0
    number = client.done("/gl/set", "d1", "humanise", 1, 1000)
    assert number == 999 * 4 == client.done("/gl/set", "d1", "humanise", 1, "1000")
    client.done("/gl/set", "d1", "swing", "<.1 .2>", "now", 0)
    client.done("/gl/set", "d1", "sampling", "bernoulli", "", 0.0)
    client.done("/gl/set", "", "quantum", 2)
    client.done("/gl/set", "", "quantum", "default", "now")
    for value in (1, True, 0, False, None):
        client.done("/gl/set", "d1", "mute.hats", value, "now")
    client.done("/gl/set", "d1", "swing", None, "now")
    client.done("/gl/set", "d1", "redirect", "hats,toms")
    client.done("/gl/set", "d1", "genre", "funk:3,jazz:1", "now")
    client.done("/gl/set", "d1", "moves", "every 4 fill, sometimes 0.2 rotate 0.25", "now")
    client.done("/gl/set", "d1", "out", "osc 127.0.0.1:9 + superdirt", "now")
    time.sleep(0.3)
    for path, expected in (
        ("swing", 0.0), ("genre", "funk:3,jazz:1"), ("mute.open_hat", False), ("density.toms", None),
        ("moves", "every 4 fill, sometimes 0.2 rotate 0.25"), ("out", "osc 127.0.0.1:9 + superdirt 127.0.0.1:57120"),
        ("sampling", "threshold"),
    ):  # fmt: skip
        found = client.ask("/gl/get", "d1", path)
        assert found == OscMessage("/gl/value", (expected,)) or path == "sampling", (path, found)
    assert client.ask("/gl/get", "", "bpm").arguments == (120.0,)
    assert client.ask("/gl/get", "", "playing").arguments == (True,)
    client.done("/gl/set", "d1", "out", None, "now")


def test_what_is_refused(client: Udp) -> None:
    for arguments, said, field in (
        (("d1", "densty", 0.5), r"a drummer has no 'densty' \(did you mean 'density'\?\)", ""),
        (("d1", "density", 2), "density must be a number from 0 to 1, not 2", ""),
        (("d1", "density", math.nan), "nan is not a number", ""),
        (("D 1", "density", 0.5), "a drummer's name is a small letter", ""),
        (("d1", "density", 0.5, "soon"), r"when is 'next', 'now', '\+8' \(bars\)", "when"),
        (("d1", "density", 0.5, 1), "bar 1 has passed", ""),
        (("d1", "density", 0.5, "now", 1000), "over must be a number from 0 to 256, not 1000", "over"),
        (("d1", "density", 0.5, "now", 1, 7, 9), "/gl/set has 1 arguments more than it takes", ""),
        (("d1", "genre", "fnuk"), r"there is no genre 'fnuk' \(did you mean 'funk'\?\)", ""),
        (("d1", "genre", "funk:x"), "weights of genres are written as funk:0.7,jazz:0.3", ""),
        (("d1", "moves", "every 4"), "moves are written as", ""),
        (("d1", "moves", "every 4 fly"), "fly", ""),
        (("d1", "source", "bd"), "is set by /gl/source", ""),
        (("d1", "out", "superdrt"), r"did you mean 'superdirt'\?", ""),
        (("d1", "mute", b"12"), "not a blob", ""),
        (("d1", "a", "x" * (MAX_TEXT + 1)), "a text has at most 4096 characters", ""),
        (("d1",), "/gl/set lacks its path", "path"),
        ((5, "density", 0.5), "drummer is a string, not 5", "drummer"),
    ):  # fmt: skip
        sentence, at = client.refused("/gl/set", *arguments)
        assert re.search(said, sentence) and at == field, (sentence, at)
    assert client.refused("/gl/sat", "d1")[0].startswith("there is no request /gl/sat (did you mean '/gl/set'?)")
    assert "source is follow, play" in client.refused("/gl/source", "d1", "folow", "x")[0]
    assert "needs a text" in client.refused("/gl/source", "d1", "follow", "")[0]
    assert "there is no drummer 'd99'" in client.refused("/gl/get", "d99", "density")[0]
    assert client.refused("/gl/pattern", "d99", 0)[1] == "drummer"


def test_sources_and_walks(client: Udp) -> None:
    client.done("/gl/source", "d2", "play", "bd sn", "now")
    client.done("/gl/source", "d2", "z", "funk", "next", 2)
    client.done("/gl/source", "d2", "home", "", "now")
    client.done("/gl/source", "d2", "home")
    assert client.done("/gl/walk", "d2", 4, "+2", "funk", "jazz") % 4 == 0
    client.done("/gl/walk", "d2", 4, "funk", "jazz", "latin")
    client.done("/gl/source", "d2", "z", "funk", "now")
    time.sleep(0.3)
    client.done("/gl/walk", "d2", 4, "late night")  # from where it is
    assert client.refused("/gl/walk", "d2", 4, "+2")[1] == "point"
    assert "no preset and no genre 'fnuk'" in client.refused("/gl/walk", "d2", 4, "funk", "fnuk")[0]
    assert "follows nothing" in client.refused("/gl/walk", "d7", 4, "funk")[0]
    client.done("/gl/listen", "d2", 32, 0, 0.9, 0.0, 6, 0.5, -0.25, 12, 1.0, 0.9)
    client.done("/gl/listen", "d2", 16)  # nothing
    assert client.refused("/gl/listen", "d2", 16, 16, 0.9, 0.0)[1] == "step"
    assert client.refused("/gl/listen", "d2", 16, 0, 0.9)[1] == "offset"
    assert client.refused("/gl/listen", "d2", 17)[1] == "steps"
    assert client.refused("/gl/listen", "d2", 16, 0, 1.5, 0.0)[1] == "velocity"
    client.done("/gl/source", "d2", "none", "", "now")


def test_names_scenes_undo_and_the_transport(client: Udp) -> None:
    assert "funk" in client.ask("/gl/genres").arguments and len(client.ask("/gl/presets").arguments) > 3
    client.done("/gl/source", "d1", "follow", "x..x..x.", "now")
    assert "d1" in client.ask("/gl/drummers").arguments
    client.done("/gl/set", "d1", "density", 0.25, "now")
    client.done("/gl/scene", "save", "verse", "now")
    client.done("/gl/set", "d1", "density", 0.75, "now")
    time.sleep(0.2)
    assert client.ask("/gl/get", "d1", "density").arguments == (0.75,)
    client.done("/gl/undo")
    time.sleep(0.2)
    assert client.ask("/gl/get", "d1", "density").arguments == (0.25,)
    client.done("/gl/redo")
    assert "nothing to redo" in client.refused("/gl/redo")[0]
    client.done("/gl/scene", "recall", "verse", "now")
    time.sleep(0.2)
    assert client.ask("/gl/get", "d1", "density").arguments == (0.25,)
    assert "no scene 'vers'" in client.refused("/gl/scene", "recall", "vers")[0]
    assert client.refused("/gl/scene", "keep", "verse")[1] == "what"
    client.done("/gl/bpm", 132, "now")
    client.done("/gl/bpm", 120.0, "now", 1)
    assert client.refused("/gl/bpm", "fast")[1] == "bpm"
    assert client.refused("/gl/bpm", 1000)[0] == "bpm must be a number from 20 to 400, not 1000"
    client.done("/gl/stop")
    assert client.ask("/gl/hello", 1).arguments[-1] == 0
    assert "stands already" in client.refused("/gl/stop")[0]
    client.done("/gl/play")
    client.done("/gl/hush", "d1")
    client.done("/gl/hush")
    client.done("/gl/panic")
    client.done("/gl/bpm", 120.0, "now")  # silence ends what was on its way, the tempo too
    time.sleep(1.2)  # as many changes at once as are allowed are used up by two such tests


def test_a_pattern_in_parts(client: Udp) -> None:
    client.done("/gl/source", "d3", "play", "hh*64 bd*64 [sn*64, hh*64] [bd*64,cr*64]", "now")
    client.done("/gl/set", "d3", "mute", 0, "now")
    time.sleep(0.3)
    now = client.ask("/gl/pattern", "d3", 0).arguments[2]
    assert isinstance(now, int) and now % 2 == 1
    while not client.silent(0.1):  # the other parts
        pass
    client.put(message("/gl/pattern", 77, "d3", now + 2))
    parts = [client.answer()]
    while len(parts) < parts[0].arguments[2]:  # type: ignore[operator]
        parts.append(client.answer())
    assert len(parts) > 6 and [part.arguments[1] for part in parts] == list(range(len(parts)))
    heads = {part.arguments[2:7] for part in parts}
    assert len(heads) == 1
    _, bar, bpm, steps, version = heads.pop()
    assert bar == now + 2 and bpm == 120.0 and steps == 32 and isinstance(version, int)
    hits: list[Any] = [part.arguments[7:][k : k + 5] for part in parts for k in range(0, len(part.arguments) - 7, 5)]
    assert len(hits) == 2 * 6 * 64
    positions = [step + offset for step, _, _, offset, _ in hits]
    assert positions == sorted(positions)
    for step, voice, velocity, offset, probability in hits:
        assert 0 <= step < 32 and 0 <= voice < 9 and 0 < velocity <= 1 and -0.5 <= offset <= 1 and probability == 1
    per_step = [(step + offset) * 4 for step, voice, _, offset, _ in hits if voice == 0]
    assert per_step[:3] == pytest.approx([16, 16.25, 16.5], abs=1e-5)  # bd*64 in the second quarter of a bar
    client.done("/gl/set", "d3", "mute", 1, "now")
    time.sleep(0.3)
    empty = client.ask("/gl/pattern", "d3", now + 2)
    assert empty.arguments[:2] == (0, 1) and len(empty.arguments) == 6 and empty.arguments[5] > version  # type: ignore[operator]
    assert client.ask("/gl/pattern", "d3", 201).arguments[2] == 201


def test_news(client: Udp) -> None:
    client.done("/gl/subscribe", 1)
    first = client.until("/gl/bar")
    beat, bpm, ago = first.arguments
    assert isinstance(beat, float) and beat % 4 == 0 and bpm == 120.0 and isinstance(ago, float) and 0 <= ago < 0.1
    arrived = time.monotonic() - ago
    second = client.until("/gl/bar")
    assert second.arguments[0] == beat + 4
    assert time.monotonic() - second.arguments[2] - arrived == pytest.approx(2.0, abs=0.05)  # type: ignore[operator]
    client.done("/gl/source", "d4", "play", "bd", "now")
    while client.until("/gl/changed").arguments[0] != "d4":  # others change too, as the model answers
        pass
    client.done("/gl/subscribe", 0)
    with pytest.raises(TimeoutError):
        client.until("/gl/bar", 2.2)


def test_tempo_is_led_by_one(serving: Serving, udp: Udp) -> None:
    other = Tcp(serving.port)
    other.done("/gl/lead", 1)
    assert "leads the tempo" in udp.refused("/gl/lead", 1)[0]
    began, bpm = time.monotonic(), 126.0
    for _ in range(12):  # at 126 bpm, half a beat off
        now = time.monotonic()
        other.put(message("/gl/clock", 0, Double(0.5 + (now - began) * bpm / 60), bpm, 0.0))
        time.sleep(0.25)
    found = udp.ask("/gl/phase")
    assert found.address == "/gl/phase" and isinstance(found.arguments[0], float) and abs(found.arguments[0]) < 1000
    status = serving.status()
    assert status["leader"].startswith("127.0.0.1:") and status["osc"] == f"127.0.0.1:{serving.port}"
    assert abs(status["phase"]) < 1000
    assert 113 < status["bpm"] < 139 and status["bpm"] != 120
    other.close()  # and with the connection the lead ends
    time.sleep(0.3)
    assert udp.ask("/gl/get", "", "bpm").arguments == (126.0,)
    udp.done("/gl/lead", 1)
    udp.done("/gl/lead", 0)
    udp.done("/gl/bpm", 120, "now")


def test_faders_and_bundles(udp: Udp) -> None:
    udp.put(bundle(1, [message("/gl/set", 5, "d5", "swing", 0.1, "now"), message("/gl/set", 0, "d5", "humanise", 9)]))
    answers = [udp.answer(), udp.answer()]
    assert sorted((a.address, a.arguments[0]) for a in answers) == [("/gl/done", 5), ("/gl/error", 0)]
    for k in range(500):
        udp.put(message("/gl/set", 0, "d5", "density", k / 499, "now"))
    assert udp.silent()
    time.sleep(0.3)
    assert udp.ask("/gl/get", "d5", "density").arguments == (1.0,)


def test_nonsense_is_told_once(serving: Serving) -> None:
    none = (b"", b"GET / HTTP/1.1\r\n\r\n", b"/gl/set\0,ii\0", message("/gl/set"), message("/x", 1), b"\0\0\0\0")
    for packet in none:
        client = Udp(serving.port)
        client.put(packet)
        client.put(packet)
        found = client.answer()
        assert found.address == "/gl/error" and found.arguments[0] == 0
        assert client.silent()
        assert client.ask("/gl/hello", 1).address == "/gl/hello"
        client.close()
    client = Tcp(serving.port)
    client.socket.sendall(b"\xff\xff\xff\xff")
    assert client.answer().arguments[0] == 0
    with pytest.raises(ConnectionError):
        client.answer()
    client.close()


def test_a_fuzz_disturbs_nobody(serving: Serving, udp: Udp) -> None:
    chance = random.Random(3)
    noise = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    addresses = [*_REQUESTS, "/gl/none", "/"]
    values: list[Any] = [
        0, 1, -1, 2**31 - 1, 2**40, 0.5, math.inf, math.nan, -3.0, "", "d1", "now", "<", "~", "bd*9999", "[" * 500,
        "+8", "x" * 5000, b"", b"1234", None, True, False, "ü", "density", "out",
    ]  # fmt: skip
    for k in range(3000):
        arguments = chance.choices(values, k=chance.randrange(7))
        packet = message(chance.choice(addresses), chance.choice([0, 7, -5]), *arguments)
        if k % 3 == 0:
            data = bytearray(packet)
            for _ in range(3):
                data[chance.randrange(len(data))] = chance.randrange(256)
            packet = bytes(data[: chance.randrange(1, len(data) + 1)])
        noise.sendto(packet, udp.where)
        if k % 20 == 0:
            time.sleep(0.01)
    assert udp.ask("/gl/hello", 1).address == "/gl/hello"
    said = [line for line in serving.said().splitlines() if "no sound device" not in line]
    assert not any("Traceback" in line or "failed" in line for line in said)
    udp.put(message("/gl/lead", 0, 0))
    noise.sendto(message("/gl/lead", 0, 0), udp.where)
    noise.close()
    udp.put(message("/gl/play", 0))
    udp.put(message("/gl/bpm", 0, 120.0, "now"))
    assert serving.process.poll() is None


def test_a_flood_makes_no_note_late(tmp_path: Path) -> None:
    ears = Udp(0)
    serving = Serving(tmp_path, free_port())
    try:
        client = _met(Udp(serving.port))
        client.done("/gl/set", "", "out", f"osc 127.0.0.1:{ears.socket.getsockname()[1]}", "now")
        client.done("/gl/source", "d1", "play", "hh*16", "now")
        time.sleep(1.5)
        flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        packets = [message("/gl/set", 0, f"d{k % 4 + 1}", "density", k / 100, "now") for k in range(100)]
        sent, began = 0, time.monotonic()
        while (passed := time.monotonic() - began) < 3:
            while sent < passed * 10_000:
                flood.sendto(packets[sent % 100], client.where)
                sent += 1
            time.sleep(0.001)
        assert sent > 20_000
        began = time.monotonic()
        assert client.ask("/gl/hello", 1).address == "/gl/hello"
        assert time.monotonic() - began < 1
        time.sleep(1)
        status = serving.status()
        assert (status["late"], status["dropped"]) == (0, 0)
        ears.socket.settimeout(0.1)
        tags = []
        while True:
            try:
                tags.append(int.from_bytes(ears.socket.recv(4096)[8:16], "big") / 2**32)
            except TimeoutError:
                break
        assert len(tags) > 30
        apart = [later - earlier for earlier, later in itertools.pairwise(tags)]
        assert max(apart) < 0.126 and min(apart) > 0.124  # every 16th, on the grid
        flood.close()
        client.close()
        client = Tcp(serving.port)
        for k in range(1000):  # and with ids all are answered: done, or refused
            client.put(message("/gl/set", k + 1000, "d1", "density", 0.5, "now"))
            if k % 50 == 0:
                time.sleep(0.01)
        answers = {client.answer().arguments[0] for _ in range(1000)}
        assert len(answers) == 1000
    finally:
        serving.end()
        ears.close()


def test_the_port_is_in_use(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        serving = Serving(tmp_path, port, command="conductor")
        try:
            end = time.monotonic() + 10
            while "conductor at" not in serving.said() and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(0.3)
            assert f"port {port} is in use" in serving.said() and "--osc-port" in serving.said()
            assert str(port) in serving.status()["osc"]
        finally:
            serving.end()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_the_door_is_back_after_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serving = Serving(tmp_path, free_port())
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path))
    try:
        client = _met(Udp(serving.port))
        client.done("/gl/source", "d1", "play", "bd", "now")
        pid = connection.holder("conductor")
        assert pid
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
        _met(client)
        assert client.ask("/gl/drummers").arguments == ("d1",)
    finally:
        serving.end()


# The codec and the table, without a conductor

ARGUMENT = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(width=32), st.floats().map(Double), st.booleans(), st.none(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20), st.binary(max_size=20),
)  # fmt: skip
MESSAGES = st.builds(
    lambda address, arguments: OscMessage(address, tuple(arguments)),
    st.sampled_from([*_REQUESTS, "/gl/none", "/other"]), st.lists(ARGUMENT, max_size=8),
)  # fmt: skip


@given(st.lists(MESSAGES, min_size=1, max_size=4))
def test_what_is_written_is_read(sent: list[OscMessage]) -> None:
    packet = bundle(1, [message(each.address, *each.arguments) for each in sent])
    assert repr(read(packet)) == repr(sent)  # nan is no equal of itself


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(packet: bytes) -> None:
    for each in (packet, b"#bundle\0" + packet, b"/gl/set\0,iss" + packet):
        try:
            read(each)
        except GrooveError as error:
            assert str(error)


@settings(max_examples=500)
@given(MESSAGES)
def test_messages_are_calls_or_refused(sent: OscMessage) -> None:
    id = id_of(sent)
    if id is None:
        return
    try:
        assert isinstance(call(sent, id), Call)
    except GrooveError as error:
        assert str(error)


def test_bundles_in_bundles_end_somewhere() -> None:
    packet = message("/a")
    for _ in range(2000):
        packet = bundle(1, [packet])
    with pytest.raises(GrooveError, match="more than 8 deep"):
        read(packet)


def test_a_door_takes_faders_last_and_rests_in_order() -> None:
    door = OscServer(0, lambda: None)
    client = Udp(door.port)
    try:
        for k in range(100):
            client.put(message("/gl/set", 0, "d1", "density", k / 100))
        for k in range(1, 301):
            client.put(message("/gl/hello", k, 1))
        time.sleep(0.3)
        taken = []
        while (asked := door.take()) is not None:
            taken.append(asked.call)
        assert [one.id for one in taken if one.id] == list(range(1, 257))
        faders = [one.asked.edits[0].value for one in taken if not one.id]  # type: ignore[union-attr]
        assert faders == [pytest.approx(0.99)]
        refused = [client.answer() for _ in range(44)]
        assert [one.arguments[0] for one in refused] == list(range(257, 301))
    finally:
        client.close()
        door.close()


def test_silence_by_osc_is_the_silence_of_every_client() -> None:
    for address in ("/gl/hush", "/gl/panic"):
        one = call(OscMessage(address, (1, "d1")), 1).asked
        assert one == messages.HushRequest(by="osc", drummers=("d1",))
    assert call(OscMessage("/gl/hush", (1,)), 1).asked == messages.HushRequest(by="osc")
    assert call(OscMessage("/gl/panic", (1,)), 1).asked == messages.PanicRequest(by="osc")
