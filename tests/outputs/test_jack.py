"""Outlets against a JACK server without a sound card: MIDI through its ports, and the synth in real time."""

from __future__ import annotations

import array
import re
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from groovelive import GrooveError
from groovelive.outputs import Due, Outputs, audio_device, midi_ports
from groovelive.score.targets import Midi, Synth
from tests.support.waiting import until

pytestmark = pytest.mark.jack
MS = 1_000_000


def _ports() -> str:
    return subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module", autouse=True)
def jack(sound_server: dict[str, str]) -> Iterator[None]:
    """A JACK server, which all children find by its name."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER", "GROOVELIVE_MIDI_API"):
            patch.setenv(name, sound_server[name])
        yield


class Monitor:
    """Prints what MIDI comes to its port."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("w") as out:
            self.process = subprocess.Popen(["stdbuf", "-oL", "jack_midi_dump"], stdout=out)
        until(lambda: "midi-monitor:input" in _ports())

    def events(self) -> list[str]:
        """Return the events as hexadecimal bytes."""
        return re.findall(r":\s((?:[0-9a-f]{2} ){2}[0-9a-f]{2})\b", self._path.read_text())


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Monitor]:
    pytest.importorskip("rtmidi2")
    monitor = Monitor(tmp_path / "midi")
    yield monitor
    monitor.process.terminate()
    monitor.process.wait()


def test_notes_and_their_ends(outputs: Outputs, monitor: Monitor) -> None:
    assert midi_ports() == ["midi-monitor:input"]
    with pytest.raises(GrooveError, match=r"no MIDI port 'TR-8'; there is 'midi-monitor:input'"):
        outputs.open(Midi(port="TR-8"))
    sink = outputs.open(Midi(port="midi-monitor", length=0.03))
    start = time.monotonic_ns() + 200 * MS
    outputs.send([Due(sink, start + i * 60 * MS, i, i % 2, 1.0, "d1") for i in range(6)])
    until(lambda: len(monitor.events()) >= 12)
    assert monitor.events() == ["99 24 7f", "89 24 00", "99 26 7f", "89 26 00"] * 3
    outputs.close(sink)
    until(lambda: "groovelive:" not in _ports())


def test_the_end_of_the_conductor_ends_what_sounds(monitor: Monitor) -> None:
    program = (
        "import time; from groovelive.outputs import Due, Outputs; from groovelive.score.targets import Midi\n"
        "outputs = Outputs(print); sink = outputs.open(Midi(port='midi-monitor', length=10.0))\n"
        "outputs.send([Due(sink, time.monotonic_ns() + 100_000_000, 0, v, 1.0, 'd1') for v in (0, 1)])\n"
        "time.sleep(60)"
    )
    conductor = subprocess.Popen([sys.executable, "-c", program])
    until(lambda: len(monitor.events()) == 2)
    conductor.send_signal(signal.SIGKILL)
    conductor.wait()
    until(lambda: len(monitor.events()) == 4)
    assert monitor.events()[2:] == ["89 24 00", "89 26 00"]


def test_a_port_of_our_own(outputs: Outputs) -> None:
    pytest.importorskip("rtmidi2")
    outputs.open(Midi(port="kit", virtual=True))
    assert "groovelive:kit" in _ports()


@pytest.mark.synth
def test_the_synth_plays(outputs: Outputs, tmp_path: Path) -> None:
    if not audio_device():
        pytest.skip("ALSA has no plugin for JACK here: apt install libasound2-plugins")
    sink = outputs.open(Synth(gain=0.8))
    assert outputs.open(Synth(gain=0.5)) != sink  # two kits on one server
    (port,) = re.findall(r"^(?!system).*:out_000$", _ports(), re.M)
    wav = tmp_path / "synth.wav"
    recorder = subprocess.Popen(["jack_rec", "-f", str(wav), "-d", "3", "-b", "16", port])
    time.sleep(0.5)
    start = time.monotonic_ns() + 300 * MS
    outputs.send([Due(sink, start, 0, 0, 1.0, "d1"), Due(sink, start + 600 * MS, 4, 0, 1.0, "d1")])
    recorder.wait(10)
    with wave.open(str(wav)) as file:
        rate, samples = file.getframerate(), array.array("h", file.readframes(file.getnframes()))
    # A kick rings for less than 0.5 s.
    window = rate // 100
    loud = [i for i in range(0, len(samples), window) if max(map(abs, samples[i : i + window])) > 1_000]
    onsets = [i for i in loud if not any(0 < i - j <= rate // 10 for j in loud)]
    assert len(onsets) == 2
    assert (onsets[1] - onsets[0]) / rate == pytest.approx(0.6, abs=0.1)
    counts = outputs.counts()[sink]
    assert counts.sent == 2 and counts.lead is not None and counts.lead > 0
