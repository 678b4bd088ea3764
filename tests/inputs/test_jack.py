"""What is played to real MIDI ports: JACK's, with an instrument that can be unplugged, and what comes out beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groovelive import GrooveError
from groovelive.bench.instrument import Instrument
from groovelive.bench.performer import Performer
from groovelive.bench.receivers import Monitor, jack, monitored
from groovelive.protocol import session as messages
from groovelive.protocol.session import Draft
from groovelive.score.edits import Edit, Exact, Outs
from groovelive.score.inputs import Ear, Hearing, Knob, Played, Stroke, strokes
from groovelive.score.memory import heard
from groovelive.score.score import Score
from groovelive.score.targets import Midi
from tests.conductor.test_process import Serve, serving
from tests.support.waiting import until

pytestmark = pytest.mark.jack
KEYS = Hearing(ears=(Ear(port="Keys"),))


class Stage:
    """A conductor, its client, JACK, and what JACK hears of the drums."""

    def __init__(self, serve: Serve, performer: Performer, environment: dict[str, str], monitor: Monitor) -> None:
        self.serve, self.performer, self.environment, self.monitor = serve, performer, environment, monitor

    def instrument(self, name: str = "Keys") -> Instrument:
        return Instrument(name, self.environment)

    def strokes(self, port: str = "Keys") -> list[Stroke]:
        values = [edit.value for edit in self.performer.log() if edit.path == "played"]
        return [one for v in values if isinstance(v, Played) and v.port == port for one in strokes(v.notes)]

    def told(self) -> list[str]:
        self.performer.state()
        return [news.text for news in self.performer.news if isinstance(news, messages.Told)]

    def patterns(self, name: str) -> list[Edit]:
        return [edit for edit in self.performer.log() if (edit.drummer, edit.path) == (name, "pattern")]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, midi_server: dict[str, str]) -> Iterator[Stage]:
    pytest.importorskip("rtmidi2")
    folder = tmp_path_factory.mktemp("gl")
    with (
        monitored(folder, midi_server) as monitor,
        serving(folder / "run", **midi_server) as serve,
        Performer(serve.connection().address) as performer,
    ):
        until(lambda: performer.state().model is not None)
        yield Stage(serve, performer, midi_server, monitor)


@pytest.fixture
def keys(stage: Stage) -> Iterator[Instrument]:
    with stage.instrument() as keys:
        until(lambda: _there(stage, keys))
        yield keys


def _there(stage: Stage, keys: Instrument) -> bool:
    """Have the conductor hear the instrument, and return whether it does."""
    try:
        stage.performer.write(Draft("source", KEYS, "ears"))
    except GrooveError:
        return False
    before = len(stage.strokes())
    keys.send("90 01 01")
    time.sleep(0.3)
    return len(stage.strokes()) > before


def test_a_port_that_is_not_there_is_one_sentence(stage: Stage) -> None:
    before = stage.performer.log()
    with stage.instrument("Keys"), pytest.raises(GrooveError, match="there is no MIDI port 'Piano'") as caught:
        stage.performer.write(Draft("source", Hearing(ears=(Ear(port="Piano"),)), "d1"))
    assert "'Keys:out'" in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(GrooveError, match="there is no MIDI port"):
        stage.performer.write(Draft("knob.follow", Knob(port="Piano", number=3), "d1"))
    assert stage.performer.log() == before


def test_notes_of_a_port_and_nothing_else(stage: Stage, keys: Instrument) -> None:
    before = len(stage.strokes())
    keys.send("fe", "f8", "90 3c 64", "fe", "90 3c 00", "f0 7e 7f 09 01 f7", "f8", "91 3d 40", "fa", "e0 00 40")
    until(lambda: len(stage.strokes()) >= before + 2)
    time.sleep(0.2)
    assert [stroke[1:] for stroke in stage.strokes()[before:]] == [(60, 100, 1), (61, 64, 2)]


def test_a_virtual_port(stage: Stage) -> None:
    stage.performer.write(Draft("source", Hearing(ears=(Ear(port="pads", virtual=True),)), "d2"))
    assert stage.monitor.mark() >= 0
    listed = subprocess.run(
        ["jack_lsp"], env=stage.serve.environment | stage.environment, capture_output=True, text=True, check=False
    )
    assert ":pads" in listed.stdout


def test_times_are_those_of_arrival(stage: Stage, keys: Instrument) -> None:
    """A note's beat is that of its arrival: within JACK's period of 5.3 ms, and two of the reading process."""
    stage.performer.write(Draft("bpm", 120.0))
    time.sleep(0.3)
    before = len(stage.strokes())
    edits = stage.performer.log()
    sent = keys.send(*["90 3c 64"] * 60, every=0.023)
    until(lambda: len(stage.strokes()) >= before + 60)
    played = [edit for edit in stage.performer.log()[len(edits) :] if edit.path == "played"]
    beats = [e.beat - s.ago / 2**20 for e in played for s in strokes(e.value.notes)]  # type: ignore[union-attr]
    errors = np.array(beats) * 0.5 - np.array(sent) / 1e9
    assert np.ptp(errors) < 0.1 and np.median(np.abs(errors - np.median(errors))) < 0.004


def test_a_port_goes_and_comes_back(stage: Stage) -> None:
    keys = stage.instrument("Organ")
    ear = Hearing(ears=(Ear(port="Organ"),))
    until(lambda: _written(stage, Draft("source", ear, "d3")))
    beside = Sixteenths(stage)
    keys.send("90 3c 64")  # a note that hangs
    until(lambda: len(stage.strokes("Organ")) == 1)
    keys.unplug()
    until(lambda: any("'Organ' is not there" in text for text in stage.told()))
    assert messages.InState("Organ", there=False) in stage.performer.state().ins
    keys = stage.instrument("Organ")
    until(lambda: any("'Organ' is back" in text for text in stage.told()))
    assert messages.InState("Organ") in stage.performer.state().ins
    keys.send("90 3e 64")
    until(lambda: len(stage.strokes("Organ")) == 2)
    time.sleep(2.5)
    assert sum("Organ" in text for text in stage.told()) == 2
    beside.end()
    keys.unplug()


def _written(stage: Stage, *drafts: Draft) -> bool:
    try:
        stage.performer.write(*drafts)
    except GrooveError:
        return False
    return True


def _out(stage: Stage) -> Outs:
    return Outs((Midi(port=stage.monitor.port, length=0.02),))


class Sixteenths:
    """The 16ths at 120 bpm that a drummer plays beside all else: whether all were sent, and none was late."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        stage.performer.write(Draft("bpm", 120.0), Draft("out", _out(stage), "beside"))
        stage.performer.write(Draft("source", Exact(text="hh*16"), "beside"))
        time.sleep(1.0)
        self._begin = time.monotonic()
        self._before = self._counts()

    def _counts(self) -> messages.OutState:
        time.sleep(0.6)  # they are told each half a second
        return next(out for out in self._stage.performer.state().outs if out.name.startswith("midi"))

    def end(self) -> None:
        """Assert it. A note or two may be late for what other programs do: how exact it is, is measured in a bench."""
        after, before = self._counts(), self._before
        sent, expected = after.sent - before.sent, (time.monotonic() - self._begin) * 8
        self._stage.performer.write(Draft("source", None, "beside"))
        assert after.dropped == before.dropped
        assert after.late - before.late <= 0.05 * sent
        assert abs(sent - expected) < 10  # the counts are up to half a second old


def test_a_dense_input_makes_nothing_late(stage: Stage, keys: Instrument) -> None:
    performer, number = stage.performer, 5_000
    performer.write(Draft("mirror", True, "d1"), Draft("mirror", True, "d4"))
    performer.write(Draft("source", KEYS, "d1"), Draft("response", "now", "d1"), Draft("source", KEYS, "d4"))
    beside = Sixteenths(stage)
    before, log = len(stage.strokes()), len(performer.log())
    notes = [f"9{k % 3} {36 + k % 48:02x} {1 + (k * 37) % 127:02x}" for k in range(number)]
    keys.send(*notes, every=0.001)
    until(lambda: len(stage.strokes()) >= before + len(notes), 10)
    expected = [(36 + k % 48, 1 + (k * 37) % 127, k % 3 + 1) for k in range(number)]
    assert [stroke[1:] for stroke in stage.strokes()[before:]] == expected  # all of them, in order
    beside.end()
    made = performer.log()[log:]
    played, patterns = ([e for e in made if e.path == path] for path in ("played", "pattern"))
    assert len(played) <= 300 and len(patterns) <= 450
    assert np.count_nonzero(heard(Score(made), "d1", KEYS, played[-1].beat)[:, 0]) >= 16
    performer.write(Draft("source", None, "d1"), Draft("source", None, "d4"))


def test_a_note_is_answered_at_once(stage: Stage, keys: Instrument) -> None:
    performer = stage.performer
    performer.write(Draft("mirror", True, "d5"))
    performer.write(Draft("source", KEYS, "d5"), Draft("response", "now", "d5"), Draft("out", _out(stage), "d5"))
    performer.write(Draft("memory", 1000.0, "d5"))
    time.sleep(1.0)
    waits: list[float] = []
    for _ in range(8):
        before = len(stage.patterns("d5"))
        keys.send("90 3c 64")
        time.sleep(0.571)
        note = [edit for edit in performer.log() if edit.path == "played"][-1].beat
        waits += [edit.beat - note for edit in stage.patterns("d5")[before:][:1]]
    assert len(waits) >= 4 and max(waits) < 1.5  # beats, and not a bar; `groovelive bench playing` measures how soon


def test_knobs_of_a_port(stage: Stage, keys: Instrument) -> None:
    performer = stage.performer
    performer.write(Draft("knob.density", Knob(), "d1"))
    keys.send("b0 15 40")
    until(lambda: any("d1.density is turned by controller 21 on channel 1 of Keys" in text for text in stage.told()))
    keys.send(*[f"b0 15 {value:02x}" for value in range(128)], every=0.005)

    def density() -> Any:
        return Score(performer.log()).value("d1", "density", float("inf"))

    until(lambda: density() == 1.0)
    turned = [edit for edit in performer.log() if edit.path == "density"]
    assert 10 < len(turned) < 60 and {edit.by for edit in turned} == {"midi:Keys"}
    assert len({edit.group for edit in turned}) == 1
    performer.ask(messages.Undo(by=performer.by), messages.WrittenEdits)
    assert density() is None


def test_what_reads_the_ports_dies_and_is_started_again(stage: Stage, keys: Instrument) -> None:
    found = subprocess.run(["pgrep", "-f", "groovelive.inputs"], capture_output=True, text=True, check=False)
    ours = [int(pid) for pid in found.stdout.split() if _runs_in(int(pid), stage.serve.folder)]
    assert len(ours) == 1
    os.kill(ours[0], signal.SIGKILL)
    until(lambda: any("what reads MIDI ports has ended" in text for text in stage.told()))
    before = len(stage.strokes())

    def again() -> bool:
        keys.send("90 40 40")
        time.sleep(0.2)
        return len(stage.strokes()) > before

    until(again)


def _runs_in(pid: int, folder: Path) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"GROOVELIVE_RUNTIME={folder}".encode() in environment


def test_a_session_that_goes_on_hears_again(tmp_path: Path, midi_server: dict[str, str]) -> None:
    pytest.importorskip("rtmidi2")
    with serving(tmp_path / "run", **midi_server) as serve:
        place = serve.connection()
        with Instrument("Keys", midi_server) as keys:
            with Performer(place.address) as performer:
                until(lambda: _heard(performer, keys))
            os.kill(place.pid, signal.SIGKILL)
            until(lambda: serve.connection().pid != place.pid)
            with Performer(serve.connection().address) as performer:
                _played(performer, keys)


def _played(performer: Performer, keys: Instrument) -> None:
    """Play until it is heard, beside what was before."""
    count = len(performer.log())

    def again() -> bool:
        keys.send("90 40 40")
        time.sleep(0.2)
        return any(edit.path == "played" for edit in performer.log()[count:])

    until(again)


def _heard(performer: Performer, keys: Instrument) -> bool:
    try:
        performer.write(Draft("source", KEYS, "d1"))
    except GrooveError:
        return False
    keys.send("90 40 40")
    time.sleep(0.2)
    return any(edit.path == "played" for edit in performer.log())


def test_a_midi_system_that_dies_and_comes_back(tmp_path: Path) -> None:
    pytest.importorskip("rtmidi2")
    folders = [tmp_path / name for name in ("before", "after")]
    for folder in folders:
        folder.mkdir()
    with jack(folders[0]) as (environment, _):
        pass  # only to know where it will be
    with serving(tmp_path / "run", **environment) as serve, Performer(serve.connection().address) as performer:

        def told() -> list[str]:
            performer.state()
            return [news.text for news in performer.news if isinstance(news, messages.Told) and "Keys" in news.text]

        with jack(folders[0]), Instrument("Keys", environment) as keys:
            until(lambda: _heard(performer, keys))
        until(lambda: len(told()) == 1)
        with jack(folders[1]), Instrument("Keys", environment) as keys:
            _played(performer, keys)
            assert "is not there" in told()[0] and told()[1:] == ["MIDI port 'Keys' is back"]
