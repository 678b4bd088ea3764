"""MIDI clock through the ports of a JACK server: from a sequencer that stops and is killed, and to one that listens."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from groovelive import GrooveError
from groovelive.bench.performer import Performer
from groovelive.bench.receivers import RATE, Monitor, monitored
from groovelive.bench.sequencer import Sequencer
from groovelive.protocol import session as messages
from groovelive.protocol.session import Draft
from groovelive.score.clocks import MidiClock
from tests.conductor.test_process import Serve, serving
from tests.support.waiting import until

pytestmark = pytest.mark.jack
pytest.importorskip("rtmidi2")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, midi_server: dict[str, str]) -> Iterator[tuple[Serve, Monitor]]:
    folder = tmp_path_factory.mktemp("gl")
    with monitored(folder, midi_server) as monitor, serving(folder / "run", **midi_server) as serve:
        yield serve, monitor


@pytest.fixture
def performer(session: tuple[Serve, Monitor]) -> Iterator[Performer]:
    with Performer(session[0].connection().address, "me") as performer:
        yield performer
    with Performer(session[0].connection().address, "me") as performer:
        performer.ask(messages.Follow(by="me"), messages.Done)
        performer.ask(messages.LeadRequest(clock=None, by="me"), messages.Done)


def behind(performer: Performer, sequencer: Sequencer) -> float:
    """Return by how many seconds the conductor's bar lines lie behind the sequencer's."""
    before = time.monotonic_ns()
    beat = performer.state().beat
    at = (before + time.monotonic_ns()) // 2
    return ((sequencer.beat(at) - beat + 2) % 4 - 2) * 60 / sequencer.bpm


def told(performer: Performer) -> list[str]:
    performer.state()
    return [news.text for news in performer.news if isinstance(news, messages.Told)]


def test_a_sequencer_leads_stops_goes_and_comes_back(session: tuple[Serve, Monitor], performer: Performer) -> None:
    environment = session[0].environment
    with pytest.raises(GrooveError, match="there is no MIDI port to hear"):
        performer.ask(messages.Follow(clock=MidiClock(port="sequencer"), by="me"), messages.Done)
    sequencer = Sequencer(128.0, environment, jitter=0.002)
    try:
        performer.ask(messages.Follow(clock=MidiClock(port="sequencer"), by="me"), messages.Done)
        until(lambda: performer.state().leader == "MIDI clock 'sequencer'" and not performer.state().away)
        sequencer.say("start")
        until(lambda: abs(performer.state().bpm - 128) < 0.1 and abs(behind(performer, sequencer)) < 0.02, 30)
        with pytest.raises(GrooveError, match="MIDI clock 'sequencer' leads the tempo"):
            performer.write(Draft("bpm", 90.0))
        edits = [edit for edit in performer.log() if edit.path == "bpm"]
        assert edits and {edit.by for edit in edits} == {"midi clock"}

        sequencer.say("stop")
        until(lambda: not performer.state().playing)
        stood = performer.state().beat
        sequencer.say("position 8", "continue")
        until(lambda: performer.state().playing)
        assert 0 <= performer.state().beat - stood < 6  # on, not back
        until(lambda: abs(behind(performer, sequencer)) < 0.02, 30)
        until(lambda: abs(performer.state().bpm - 128) < 0.3, 30)  # it hurries no more

        sequencer.end()
        until(lambda: performer.state().away)
        assert performer.state().playing and abs(performer.state().bpm - 128) < 0.5
        performer.write(Draft("bpm", 131.0))  # as long as nobody leads
        sequencer = Sequencer(100.0, environment)
        until(lambda: not performer.state().away and abs(performer.state().bpm - 100) < 0.1, 30)
        found = told(performer)
        assert sum("has gone" in text for text in found) == 1 and sum("leads the tempo again" in t for t in found) == 1
    finally:
        sequencer.end()


def test_a_conductor_that_dies_goes_on_with_its_clocks(session: tuple[Serve, Monitor], performer: Performer) -> None:
    serve, _ = session
    with Sequencer(117.0, serve.environment) as sequencer:
        performer.ask(messages.Follow(clock=MidiClock(port="sequencer"), by="me"), messages.Done)
        performer.ask(messages.LeadRequest(clock=MidiClock(port="midi-monitor"), by="me"), messages.Done)
        until(lambda: abs(performer.state().bpm - 117) < 12)
        killed = serve.connection().pid
        os.kill(killed, signal.SIGKILL)
        until(lambda: serve.connection().pid != killed)
        with Performer(serve.connection().address, "me") as again:
            until(lambda: again.state().leader == "MIDI clock 'sequencer'" and not again.state().away)
            until(lambda: again.state().led == ("MIDI clock 'midi-monitor'",))
            sequencer.say("start")
            until(lambda: abs(behind(again, sequencer)) < 0.02, 30)


def test_the_process_that_hears_is_started_again(session: tuple[Serve, Monitor], performer: Performer) -> None:
    serve, _ = session
    with Sequencer(109.0, serve.environment) as sequencer:
        sequencer.say("start")
        performer.ask(messages.Follow(clock=MidiClock(port="sequencer"), by="me"), messages.Done)
        sequencer.say("start")
        until(lambda: abs(performer.state().bpm - 109) < 0.1 and abs(behind(performer, sequencer)) < 0.02, 30)
        listing = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
        parent = str(serve.connection().pid)
        rows = [line.split(None, 2) for line in listing.splitlines()]
        (pid,) = (int(pid) for pid, ppid, command in rows if ppid == parent and "groovelive.sync" in command)
        os.kill(pid, signal.SIGKILL)
        sequencer.turn_to(112.0)
        until(lambda: abs(performer.state().bpm - 112) < 0.1, 15)


def heard(monitor: Monitor, folder: Path) -> list[tuple[float, str]]:
    """Return what the monitor heard of a clock: (seconds, bytes)."""
    found = re.findall(r"^\s*(\d+): ((?:[0-9a-f]{2} ?)+)", (folder / "midi").read_text(), re.M)
    return [(int(frame) / RATE, data.strip()) for frame, data in found]


def test_a_sequencer_that_listens_is_led(session: tuple[Serve, Monitor], performer: Performer) -> None:
    serve, monitor = session
    folder = serve.folder.parent
    clock = MidiClock(port="midi-monitor")
    if not performer.state().playing:
        performer.write(Draft("playing", True))
    performer.write(Draft("bpm", 150.0))
    begin = len(heard(monitor, folder))
    performer.ask(messages.LeadRequest(clock=clock, by="me"), messages.Done)
    assert performer.state().led == ("MIDI clock 'midi-monitor'",)
    until(lambda: any(data in ("fa", "fb") for _, data in heard(monitor, folder)[begin:]))
    time.sleep(1.5)
    performer.write(Draft("playing", False))
    until(lambda: heard(monitor, folder)[-1][1] == "fc")
    performer.write(Draft("playing", True))
    until(lambda: [data for _, data in heard(monitor, folder)[begin:]].count("fb") == 2)
    performer.ask(messages.PanicRequest(by="me"), messages.SaidEdits)  # which is about notes
    time.sleep(0.5)
    performer.ask(messages.LeadRequest(clock=clock, on=False, by="me"), messages.Done)
    until(lambda: heard(monitor, folder)[-1][1] == "fc")

    signals = heard(monitor, folder)[begin:]
    words = [data for _, data in signals if data != "f8"]
    assert [word[:2] for word in words] == ["f2", "fb", "fc", "f2", "fb", "fc"]
    positions = [int(w[3:5], 16) + 128 * int(w[6:8], 16) for w in words if w.startswith("f2")]
    assert positions[0] % 16 == 0 and positions[1] % 16 == 0 and positions[1] > positions[0]  # bar lines
    first, second = (k for k, (_, data) in enumerate(signals) if data == "fb")
    stopped = next(k for k, (_, data) in enumerate(signals) if data == "fc")
    for run in (signals[first + 1 : stopped], signals[second + 1 : -1]):
        ticks = [at for at, data in run]
        assert len(ticks) > 20
        assert 0 <= ticks[0] - signals[signals.index(run[0]) - 1][0] < 0.008  # JACK's period is 2.7 ms
        period = 60 / 150 / 24
        gaps = np.diff(ticks)
        assert max(gaps) < 1.5 * period  # none is missing
        # None is there twice. JACK's clock stands still while JACK itself is late: a gap may look short, but not many.
        assert np.median(gaps) > 0.8 * period and sum(gaps < period / 4) < 0.1 * len(gaps)
