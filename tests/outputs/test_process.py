"""Outlets as processes: notes over real UDP, and what happens when a process stops, dies, or loses its conductor."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from groovelive import GrooveError
from groovelive.osc_messages.timetags import WallClock
from groovelive.outputs import Due, Outputs, audio_device, midi_ports
from groovelive.score.targets import File, Midi, Osc, Synth

pytestmark = pytest.mark.realtime

osc_bundle = pytest.importorskip("pythonosc.osc_bundle")
osc_message = pytest.importorskip("pythonosc.osc_message")

MS = 1_000_000
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")


class Hit(NamedTuple):
    """A message that was received."""

    arrived: int
    tag: int
    address: str
    number: int
    voice: str
    velocity: float
    drummer: str
    key: int


class Receiver:
    """A UDP port, and what comes to it."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]

    def hits(self, number: int, seconds: float = 5.0) -> list[Hit]:
        """Wait for a number of messages, or for some seconds."""
        found: list[Hit] = []
        end = time.monotonic() + seconds
        while len(found) < number and (rest := end - time.monotonic()) > 0:
            self.socket.settimeout(rest)
            with contextlib.suppress(TimeoutError):
                data = self.socket.recv(4096)
                now, tag = time.monotonic_ns(), 0
                if data.startswith(b"#bundle"):
                    tag = int.from_bytes(data[8:16], "big")
                    (read,) = osc_bundle.OscBundle(data)
                else:
                    read = osc_message.OscMessage(data)
                found.append(Hit(now, tag, read.address, *read.params))
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.socket.close()


def _pid(outputs: Outputs) -> int:
    return outputs._processes["osc"].pid


def _due(sink: int, start: int, number: int, apart: int, voice: int = 0) -> list[Due]:
    return [Due(sink, start + i * apart, i % 32, voice, 0.5, "d1") for i in range(number)]


def test_timetags_lie_on_the_grid(outputs: Outputs, receiver: Receiver) -> None:
    sink = outputs.open(Osc(port=receiver.port, address="/{drummer}/{voice}", shift=0.005))
    notes = _due(sink, time.monotonic_ns() + 200 * MS, 40, 15_625_001, voice=2)
    outputs.send(notes)
    hits = receiver.hits(40)
    assert [hit[3:] for hit in hits] == [(i, "closed_hat", 0.5, "d1", 42) for i in range(40)]
    assert {hit.address for hit in hits} == {"/d1/closed_hat"}
    for hit, note in zip(hits, notes, strict=True):
        apart = (hit.tag - hits[0].tag) * 10**9 / 2**32
        assert abs(apart - (note.when - notes[0].when)) <= 1_000
        assert abs(hit.tag - WallClock().tag(note.when + 5 * MS)) * 10**9 / 2**32 < 2 * MS
    time.sleep(0.7)
    counts = outputs.counts()[sink]
    assert (counts.sent, counts.late, counts.dropped) == (40, 0, 0)
    assert counts.lead is not None and 20 < counts.lead <= 102


def test_untagged_notes_come_at_their_moments(outputs: Outputs, receiver: Receiver) -> None:
    sink = outputs.open(Osc(port=receiver.port, tagged=False))
    notes = _due(sink, time.monotonic_ns() + 100 * MS, 20, 20 * MS)
    outputs.send(notes)
    hits = receiver.hits(20)
    assert len(hits) == 20 and all(hit.tag == 0 for hit in hits)
    errors = [hit.arrived - note.when for hit, note in zip(hits, notes, strict=True)]
    assert min(errors) >= 0 and sorted(errors)[10] < 20 * MS


def test_flush_takes_back_what_is_not_sent(outputs: Outputs, receiver: Receiver) -> None:
    sink = outputs.open(Osc(port=receiver.port, tagged=False))
    start = time.monotonic_ns() + 300 * MS
    outputs.send(_due(sink, start, 10, 20 * MS))
    outputs.flush([sink + 1], 0)
    outputs.flush([sink], start + 100 * MS)
    assert len(receiver.hits(10, seconds=1.0)) == 5
    outputs.send(_due(sink, time.monotonic_ns() + 100 * MS, 10, 20 * MS))
    outputs.panic()
    assert receiver.hits(1, seconds=0.4) == []


def test_one_sink_for_equal_targets(outputs: Outputs) -> None:
    sink = outputs.open(Osc(port=57999))
    assert outputs.open(Osc(port=57999)) == sink
    assert outputs.open(Osc(port=57999, shift=0.1)) != sink
    outputs.close(sink)
    assert set(outputs.counts()) == {sink + 1}
    assert outputs.open(Osc(port=57999)) not in (sink, sink + 1)


@POSIX
def test_a_stalled_outlet_drops_what_is_too_late(outputs: Outputs, receiver: Receiver) -> None:
    sink = outputs.open(Osc(port=receiver.port, tagged=False))
    notes = _due(sink, time.monotonic_ns() + 100 * MS, 60, 25 * MS)
    outputs.send(notes)
    time.sleep(0.2)
    os.kill(_pid(outputs), signal.SIGSTOP)
    time.sleep(1.0)
    before = receiver.hits(60, seconds=0.01)
    os.kill(_pid(outputs), signal.SIGCONT)
    after = receiver.hits(60, seconds=1.0)
    assert before and after and len(before) + len(after) < 60
    # No counts: those are of what was sent. Each is matched with the note whose time lies just before it.
    assert all(min(hit.arrived - n.when for n in notes if n.when <= hit.arrived) < 100 * MS for hit in after)
    counts = outputs.counts()[sink]
    assert counts.sent == len(before) + len(after) and counts.sent + counts.dropped == 60
    assert counts.dropped > 20


@POSIX
def test_sending_to_a_stopped_outlet_does_not_wait(outputs: Outputs) -> None:
    sink = outputs.open(Osc(port=57999))
    os.kill(_pid(outputs), signal.SIGSTOP)
    longest, start = 0.0, time.monotonic_ns()
    for i in range(100):
        notes = _due(sink, start + i * MS, 200, MS)
        before = time.monotonic()
        outputs.send(notes)
        longest = max(longest, time.monotonic() - before)
    assert longest < 0.5
    assert outputs.counts()[sink].dropped > 5_000
    os.kill(_pid(outputs), signal.SIGCONT)


@POSIX
def test_a_killed_outlet_is_back_soon(outputs: Outputs, receiver: Receiver, told: list[str]) -> None:
    sink = outputs.open(Osc(port=receiver.port))
    outputs.send(_due(sink, time.monotonic_ns() + 100 * MS, 5, MS))
    assert [hit.number for hit in receiver.hits(5)] == [0, 1, 2, 3, 4]
    time.sleep(0.7)
    killed = _pid(outputs)
    os.kill(killed, signal.SIGKILL)
    while not told:
        time.sleep(0.01)
    outputs.send(_due(sink, time.monotonic_ns() + 1_500 * MS, 2, MS))  # waits for the process that is started
    assert [hit.number for hit in receiver.hits(2)] == [5, 6]
    assert told == [f"the osc outlet (process {killed}) was ended by SIGKILL; it is started again"]
    assert _pid(outputs) != killed
    time.sleep(0.7)
    assert outputs.counts()[sink].sent == 7


@POSIX
def test_an_outlet_ends_with_its_conductor() -> None:
    program = (
        "import os, time; from groovelive.outputs import Outputs; from groovelive.score.targets import Osc;"
        "outputs = Outputs(print); outputs.open(Osc(port=57999));"
        "print(outputs._processes['osc'].pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as conductor:
        assert conductor.stdout is not None
        outlet = int(conductor.stdout.readline())
        conductor.kill()
    end = time.monotonic() + 5
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < end:
            os.kill(outlet, 0)
            with open(f"/proc/{outlet}/stat") as stat:  # where nobody collects the dead, it stays as a zombie
                if " Z " in stat.read():
                    return
            time.sleep(0.05)
        pytest.fail("the outlet is still there")


def test_what_is_not_there_is_one_sentence(outputs: Outputs, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(target: Osc | Midi | Synth | File) -> str:
        with pytest.raises(GrooveError) as refusal:
            outputs.open(target)
        assert "\n" not in str(refusal.value)
        return str(refusal.value)

    assert "no host 'no.such.invalid'" in refused(Osc(host="no.such.invalid"))
    assert "no host 'exa mple'" in refused(Osc(host="exa mple"))
    assert "the conductor writes it" in refused(File(path="x.mid"))
    monkeypatch.setenv("GROOVELIVE_MIDI_API", "oss")
    assert "alsa, jack" in refused(Midi(port="x")) or "pip install rtmidi2" in refused(Midi(port="x"))
    monkeypatch.setenv("GROOVELIVE_MIDI_API", "jack")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "none-such")
    outputs.end()
    refusal = refused(Midi(port="kit", virtual=True))
    assert "no MIDI (no JACK server runs)" in refusal or "pip install rtmidi2" in refusal
    assert outputs.counts() == {}


@pytest.mark.synth
def test_a_synth_that_cannot_be(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(GrooveError, match="did you mean 'acoustic'"):
        outputs.open(Synth(kit="acustic"))
    if sys.platform == "linux":
        (tmp_path / "asound.conf").touch()
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
        with pytest.raises(GrooveError, match="no sound device"):
            outputs.open(Synth())
        assert not audio_device()
    assert outputs._processes.get("synth") is None
    assert capfd.readouterr() == ("", "")


def test_looking_for_ports_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    assert all(isinstance(name, str) for name in midi_ports())
    assert capfd.readouterr() == ("", "")
