"""The targets of SuperCollider: SuperDirt's messages, a running scsynth that others play on too, and voltages."""

from __future__ import annotations

import array
import itertools
import re
import shutil
import signal
import socket
import subprocess
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groovelive import GrooveError
from groovelive.grooves.grid import VOICES
from groovelive.osc_messages.codec import message, read
from groovelive.outputs import Due, Outputs
from groovelive.outputs import sc_server as servers
from groovelive.score.targets import DIRT, Cv, Lane, Scsynth, SuperDirt
from groovelive.synthesis import kits as sound
from tests.support.waiting import until

MS = 1_000_000
REAL = [pytest.mark.supercollider, pytest.mark.jack]


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


# SuperDirt: the fields of its used-parameters.scd, in the types that Tidal sends


def test_superdirt_gets_what_it_documents(outputs: Outputs) -> None:
    osc = pytest.importorskip("pythonosc.osc_bundle")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        samples: Any = (*DIRT[:1], "sn:3", *DIRT[2:8], "~")
        sink = outputs.open(SuperDirt(port=receiver.getsockname()[1], orbit=2, gain=1.5, samples=samples))
        start = time.monotonic_ns() + 300 * MS
        velocities = (0.25, 1.0, 0.5)
        notes = [
            Due(sink, start + k * 125 * MS, k, k, v, "d1", k / 4, 120.0 if k else 90.0)
            for k, v in enumerate(velocities)
        ]
        outputs.send([*notes, Due(sink, start, 0, 8, 1.0, "d1")])  # the ride has no sample
        tags, heard = [], []
        for _ in notes:
            data = receiver.recv(4096)
            tags.append(int.from_bytes(data[8:16], "big") / 2**32)
            (play,) = osc.OscBundle(data)
            assert play.address == "/dirt/play"
            heard.append(dict(zip(play.params[::2], play.params[1::2], strict=True)))
            (types,) = re.findall(rb",([a-z]+)\0", data)
            assert types in (b"sssfsfsfsfsfsi", b"sssfsfsfsfsfsisi")
        receiver.settimeout(0.3)
        with pytest.raises(TimeoutError):
            receiver.recv(4096)
    assert [one["s"] for one in heard] == ["bd", "sn", "hc"] and [one["n"] for one in heard] == [0, 3, 0]
    assert [one["gain"] for one in heard] == pytest.approx([0.75, 1.5, 1.5 * 0.5**0.5])
    assert [one["cps"] for one in heard] == pytest.approx([0.375, 0.5, 0.5])
    assert [one["cycle"] for one in heard] == pytest.approx([0, 1 / 16, 2 / 16])
    assert [one["delta"] for one in heard] == pytest.approx([1 / 6, 0.125, 0.125])
    assert [one["orbit"] for one in heard] == [2, 2, 2] and [one.get("cut") for one in heard] == [None, None, 1]
    assert tags[1] - tags[0] == pytest.approx(0.125, abs=1e-6)


# What is missing


def test_nobody_is_there(outputs: Outputs) -> None:
    port = _free_port()
    with pytest.raises(GrooveError, match=rf"no scsynth 127\.0\.0\.1:{port} answers; boot it.*or boot=True"):
        outputs.open(Scsynth(port=port))
    with pytest.raises(GrooveError, match="unknown kit 'accoustic'"):
        outputs.open(Scsynth(port=port, kit="accoustic", boot=True))


def test_no_scsynth_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_FOLDERS", {})
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GrooveError, match="there is no scsynth on this machine's PATH or in the usual folders"):
        servers.program()


# With a real server


@pytest.fixture(scope="module")
def jack(sound_server: dict[str, str]) -> Iterator[None]:
    """A JACK server, which all children find by its name."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            patch.setenv(name, sound_server[name])
        yield


def _ports() -> str:
    return subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False).stdout


class Scsynth_:
    """A server that somebody else booted, and a client that looks at it."""

    def __init__(self, logins: int = 4) -> None:
        self.port = _free_port()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(2)
        self.logins = logins
        self.start()

    def start(self) -> None:
        program = shutil.which("scsynth")
        assert program
        command = [program, "-u", str(self.port), "-i", "2", "-o", "2", "-D", "0", "-R", "0", "-l", str(self.logins)]
        self.process = subprocess.Popen(command)
        until(lambda: self.ask("/status") is not None)

    def send(self, address: str, *arguments: Any) -> None:
        self.socket.sendto(message(address, *arguments), ("127.0.0.1", self.port))

    def ask(self, address: str, *arguments: Any) -> tuple[Any, ...] | None:
        """Return the arguments of the answer; what else comes is passed over."""
        answers = (f"{address}.reply", "/done", "/fail") if address == "/notify" else (f"{address}.reply", "/synced")
        self.send(address, *arguments)
        try:
            while True:
                (found,) = read(self.socket.recv(65536))
                if found.address in answers:
                    return found.arguments
        except OSError:
            return None

    def tree(self, group: int = 0) -> list[tuple[int, str]]:
        """Return the nodes below a group: (id, its SynthDef, or "group")."""
        found = self.ask("/g_queryTree", group, 0)
        assert found is not None
        rest, nodes = list(found[3:]), []
        while rest:
            id, children = rest.pop(0), rest.pop(0)
            nodes.append((id, "group" if children >= 0 else rest.pop(0)))
        return nodes

    def names(self) -> list[str]:
        return [name for _, name in self.tree()]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def scsynth(jack: None) -> Iterator[Scsynth_]:
    server = Scsynth_()
    yield server
    server.end()


def _notes(sink: int, number: int, apart: int, voice: int = 0, ahead: int = 300) -> list[Due]:
    start = time.monotonic_ns() + ahead * MS
    return [Due(sink, start + k * apart * MS, k, voice, 1.0, "d1") for k in range(number)]


def _recorded(path: Path, play: Callable[[], object]) -> tuple[int, array.array[int]]:
    """Record the first output of the server for some seconds while something plays; return the rate and the samples."""
    (port,) = re.findall(r"^(?!system).*:out_1$", _ports(), re.M)
    recorder = subprocess.Popen(["jack_rec", "-f", str(path), "-d", "3", "-b", "16", port])
    time.sleep(0.6)
    play()
    recorder.wait(10)
    with wave.open(str(path)) as file:
        return file.getframerate(), array.array("h", file.readframes(file.getnframes()))


class TestWithAServer:
    """scsynth, as somebody else runs it."""

    pytestmark = REAL

    def test_notes_sound_in_time(self, outputs: Outputs, scsynth: Scsynth_, tmp_path: Path) -> None:
        sink = outputs.open(Scsynth(port=scsynth.port))
        rate, samples = _recorded(tmp_path / "scsynth.wav", lambda: outputs.send(_notes(sink, 3, 500)))
        loud = [k for k, sample in enumerate(samples) if abs(sample) > 1000]
        onsets = [k for k, before in zip(loud, [-rate, *loud], strict=False) if k - before > rate // 10]
        assert len(onsets) == 3
        assert [(b - a) / rate for a, b in itertools.pairwise(onsets)] == pytest.approx([0.5, 0.5], abs=0.06)

    def test_it_leaves_others_alone(self, outputs: Outputs, scsynth: Scsynth_) -> None:
        definition = (sound.FOLDER / "gl_master.scsyndef").read_bytes()
        assert scsynth.ask("/notify", 1) is not None  # client 0, as sclang is
        scsynth.send("/d_recv", definition)
        scsynth.ask("/sync", 1)
        scsynth.send("/g_new", 1, 0, 0)
        scsynth.send("/s_new", "gl_master", 1000, 0, 1)
        first, second = outputs.open(Scsynth(port=scsynth.port)), outputs.open(Scsynth(port=scsynth.port, gain=0.5))
        ours = [id for id, name in scsynth.tree() if id not in (1, 1000)]
        assert len(ours) == len(set(ours)) == 6 and min(ours) > 1 << 26  # two groups each, and a master
        outputs.send(_notes(first, 2, 10, VOICES.index("crash")))
        until(lambda: scsynth.names().count("gl_acoustic_crash") == 2)
        outputs.panic()
        until(lambda: "gl_acoustic_crash" not in scsynth.names())
        assert (1000, "gl_master") in scsynth.tree()
        outputs.close(first)
        until(lambda: len(scsynth.tree()) == 5)
        outputs.close(second)
        until(lambda: scsynth.tree() == [(1, "group"), (1000, "gl_master")])

    def test_a_server_for_one_client(self, outputs: Outputs, jack: None) -> None:
        scsynth = Scsynth_(logins=1)
        try:
            scsynth.ask("/notify", 1)
            sink = outputs.open(Scsynth(port=scsynth.port, kit="electronic"))
            outputs.send(_notes(sink, 1, 10, VOICES.index("crash")))
            until(lambda: "gl_electronic_crash" in scsynth.names())
        finally:
            scsynth.end()

    def test_it_goes_and_is_back(self, outputs: Outputs, scsynth: Scsynth_, told: list[str]) -> None:
        sink = outputs.open(Scsynth(port=scsynth.port))
        scsynth.send("/g_freeAll", 0)  # as Cmd-. in sclang
        outputs.send(_notes(sink, 1, 10))
        until(lambda: scsynth.names().count("group") == 2)  # set up again
        outputs.send(_notes(sink, 1, 10, VOICES.index("crash")))
        until(lambda: "gl_acoustic_crash" in scsynth.names())
        scsynth.process.send_signal(signal.SIGKILL)
        scsynth.process.wait()
        until(lambda: len(told) == 1)
        gone = rf"scsynth 127\.0\.0\.1:{scsynth.port} has gone, after [\d.]+ s; it is tried again every 2 s"
        assert re.fullmatch(gone, told[0])
        outputs.send(_notes(sink, 3, 10))
        time.sleep(1)
        assert outputs.counts()[sink].dropped == 3
        scsynth.start()
        until(lambda: len(told) == 2)
        assert told[1].startswith(f"scsynth 127.0.0.1:{scsynth.port} is back, after ")
        outputs.send(_notes(sink, 1, 10, VOICES.index("crash")))
        until(lambda: "gl_acoustic_crash" in scsynth.names())

    def test_it_is_booted(self, outputs: Outputs, jack: None) -> None:
        port = _free_port()
        sink = outputs.open(Scsynth(port=port, boot=True))
        assert re.search(r"SuperCollider.*:out_1", _ports())
        outputs.send(_notes(sink, 1, 10))
        outputs.close(sink)
        until(lambda: "SuperCollider" not in _ports())

    def test_voltages(self, outputs: Outputs, scsynth: Scsynth_, tmp_path: Path) -> None:
        lanes = (Lane(voices=(0,), gate=0, trigger=2, velocity=3, length=0.25),)
        sink = outputs.open(Cv(port=scsynth.port, lanes=lanes, level=0.5))
        held = ["gl_cv_velocity", "gl_cv_gate", "gl_cv_trigger"]
        assert scsynth.names() == ["group", *held]
        rate, samples = _recorded(tmp_path / "gate.wav", lambda: outputs.send(_notes(sink, 2, 800)))
        assert {abs(sample - 16384) <= 1 for sample in samples if sample} == {True}  # 0, or at its level
        edges = [k for k, (a, b) in enumerate(itertools.pairwise(samples)) if bool(a) != bool(b)]
        assert [(b - a) / rate for a, b in itertools.pairwise(edges)] == pytest.approx([0.25, 0.55, 0.25], abs=0.06)
        assert scsynth.names() == ["group", *held]  # strokes are gone, what holds the outputs stays
        outputs.panic()
        assert scsynth.names() == ["group", *held]
        outputs.close(sink)
        until(lambda: not scsynth.tree())

    def test_voltages_are_heard(self, outputs: Outputs, scsynth: Scsynth_) -> None:
        lanes = (Lane(voices=(0,), gate=2, velocity=3),)  # after two outputs come the buses of the inputs
        sink = outputs.open(Cv(port=scsynth.port, lanes=lanes))
        assert scsynth.ask("/notify", 1) is not None
        scsynth.send("/d_recv", (sound.FOLDER / "gl_cv_in.scsyndef").read_bytes())
        scsynth.ask("/sync", 1)
        scsynth.send("/s_new", "gl_cv_in", 1000, 1, 0, "in", 0, "cv", 1, "scale", 0.8, "offset", 0.1)
        scsynth.send("/s_new", "gl_cv_in", 1001, 1, 0, "in", 1, "threshold", 0.3, "velocity", 0.6)  # the velocities
        scsynth.ask("/sync", 2)
        start = time.monotonic_ns() + 300 * MS
        outputs.send([Due(sink, start + k * 250 * MS, k, 0, v, "d1") for k, v in enumerate((0.25, 1.0, 0.5, 0.0))])
        heard: dict[int, list[tuple[Any, ...]]] = {1000: [], 1001: []}
        scsynth.socket.settimeout(0.5)
        end = time.monotonic() + 2.0
        while time.monotonic() < end and len(heard[1000]) < 4:
            try:
                (found,) = read(scsynth.socket.recv(65536))
            except TimeoutError:
                continue
            if found.address == "/gl_cv_in":
                heard[int(str(found.arguments[0]))].append(found.arguments[1:])
        assert [velocity for _, velocity, _ in heard[1000]] == pytest.approx([0.3, 0.9, 0.5, 0.1], abs=1e-3)
        seconds = [when for _, _, when in heard[1000]]
        assert [b - a for a, b in itertools.pairwise(seconds)] == pytest.approx([0.25] * 3, abs=0.06)
        # It is high from the second to the last: one edge, at the very sample of the gate.
        assert [(velocity, when) for _, velocity, when in heard[1001]] == [(pytest.approx(0.6), seconds[1])]

    def test_an_output_has_one_use(self, outputs: Outputs, scsynth: Scsynth_) -> None:
        lanes = (Lane(voices=(0,), gate=1), Lane(voices=(1,), velocity=1))
        with pytest.raises(GrooveError, match="output 1 is used twice: each has one use, and voices can share a lane"):
            outputs.open(Cv(port=scsynth.port, lanes=lanes))
