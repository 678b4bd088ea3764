"""The conductor as real processes that are killed, stopped and bothered, before a receiver that counts."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq

from groovelive import GrooveError
from groovelive.bench.arrivals import on_grid
from groovelive.bench.performer import LoadedProcess, Performer, find
from groovelive.bench.receivers import Receiver, monitored
from groovelive.protocol import session as messages
from groovelive.protocol.frames import HEADER, to_frames
from groovelive.protocol.session import Draft, When
from groovelive.runtime.endpoints import Connection
from groovelive.runtime.overheard import Overheard
from groovelive.score.edits import Exact, Outs, Rhythm
from groovelive.score.targets import Midi, Osc
from tests.support.waiting import until

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"),
]
BPM = 180.0
PERIOD = 60e9 / BPM / 4
SECOND = 1_000_000_000


class Serve:
    """`groovelive serve` in a runtime folder of its own."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self.environment = os.environ | {"GROOVELIVE_RUNTIME": str(folder)} | environment
        self.child = Overheard(
            [sys.executable, "-m", "groovelive.cli.services", "serve", "--osc-port", "0", *options],
            environment=self.environment,
        )
        self.process = self.child.process

    def connection(self, service: str = "conductor") -> Connection:
        """Return where the conductor, or the engine, is, once it says so."""
        if service == "conductor":
            return find(self.folder, self.child)
        return msgspec.json.decode((self.folder / "engine.json").read_bytes(), type=Connection)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command in the same runtime folder."""
        command = [sys.executable, "-m", "groovelive.cli.services", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=30, check=False)

    def end(self) -> None:
        self.child.end(20)


@contextlib.contextmanager
def serving(folder: Path, *options: str, **environment: str) -> Iterator[Serve]:
    serve = Serve(folder, *options, **environment)
    try:
        yield serve
    finally:
        serve.end()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def straight(performer: Performer, receiver: Receiver, name: str) -> None:
    """Have a drummer of that name play 16ths to the receiver."""
    performer.write(Draft("bpm", BPM), Draft("out", Outs((Osc(port=receiver.port),)), name))
    performer.write(Draft("source", Exact(text="hh*16"), name))
    until(lambda: any(hit.drummer == name for hit in receiver.since(0)))


def tags(receiver: Receiver, name: str, begin: int) -> list[int]:
    """Return the times of a drummer's notes that sound from a moment of the wall clock on, and up to now."""
    found = (hit.tag for hit in receiver.since(begin - SECOND) if hit.drummer == name)
    return sorted(tag for tag in found if tag is not None and begin <= tag <= time.time_ns())


def no_gap(receiver: Receiver, name: str, begin: int) -> None:
    """Assert that every 16th has been there once since a moment, at its place."""
    end = time.time_ns()
    heard = tags(receiver, name, begin)
    reading = on_grid(heard, PERIOD)
    assert (reading.missing, reading.doubled) == (0, 0)
    assert abs(reading.errors).max() < 0.001 * SECOND
    assert heard[0] - begin < 3 * PERIOD and end - heard[-1] < 3 * PERIOD


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Serve]:
    """A session that tests share which leave it as it is: "steady" plays 16ths."""
    with serving(tmp_path_factory.mktemp("gl") / "run") as serve:
        with Performer(serve.connection().address, "first") as performer:
            straight(performer, receiver, "steady")
        yield serve


@pytest.fixture
def performer(shared: Serve) -> Iterator[Performer]:
    with Performer(shared.connection().address, "me") as performer:
        yield performer


def test_the_music_goes_on_without_its_client(shared: Serve, receiver: Receiver) -> None:
    address = shared.connection().address
    begin = time.time_ns()
    with LoadedProcess("groovelive.bench.performer", address, "idle", "steady"):
        time.sleep(2.5)  # it has made an edit or two
    # which has been ended by SIGKILL
    time.sleep(1.0)
    no_gap(receiver, "steady", begin)
    with Performer(address, "next") as performer:
        log = performer.log()
        assert [edit.by for edit in log[:2]] == ["first", "first"]
        assert any(edit.by == "busy" and edit.path == "velocity" for edit in log)
        assert performer.state().edits == len(log)


def test_two_clients_see_each_other(shared: Serve, performer: Performer) -> None:
    with Performer(shared.connection().address, "you") as other:
        assert {"me", "you"} <= set(performer.state().clients)
        (edit,) = other.write(Draft("density", 0.6, "d1"))
        time.sleep(0.2)
        performer.state()
        seen = [each for news in performer.news if isinstance(news, messages.Edits) for each in news.edits]
        assert edit in seen and edit.by == "you"
        other.ask(messages.Undo(by="you"), messages.WrittenEdits)
        time.sleep(0.2)
        assert other.log() == performer.log()
        with pytest.raises(GrooveError, match="undo"):
            performer.ask(messages.Undo(by="me"), messages.WrittenEdits)


def test_two_clients_of_one_name_undo_their_own(shared: Serve) -> None:
    """Also where they do not look at the name that they were given."""
    address = shared.connection().address
    with Performer(address, "we") as one, Performer(address, "we") as other:
        assert {"we", "we-2"} <= set(one.state().clients) and other.state().name == "we-2"
        (first,) = one.write(Draft("density", 0.6, "d7"))
        (second,) = other.write(Draft("swing", 0.2, "d7"))
        assert (first.by, second.by) == ("we", "we-2")
        (undone,) = one.ask(messages.Undo(by="we"), messages.WrittenEdits).edits
        assert undone.value == first.group
        (undone,) = other.ask(messages.Undo(by="we"), messages.WrittenEdits).edits
        assert undone.value == second.group
        with pytest.raises(GrooveError, match="nothing to undo"):
            one.ask(messages.Undo(by="we"), messages.WrittenEdits)


def test_clients_that_send_nonsense_or_never_read_disturb_nothing(
    shared: Serve, receiver: Receiver, performer: Performer
) -> None:
    address = shared.connection().address
    begin = time.time_ns()
    sockets: list[zmq.Socket[bytes]] = []
    for _ in range(2):
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RCVHWM, 1)
        socket.connect(address)
        sockets.append(socket)
    garbage, silent = sockets
    silent.send_multipart(to_frames(b"1", messages.Join(by="silent")))
    for k in range(300):
        garbage.send_multipart([os.urandom(k % 40)] * (k % 5 + 1))
        garbage.send_multipart([HEADER, b"%d" % k, os.urandom(50)])
        silent.send_multipart(to_frames(b"%d" % (k + 2), messages.Log()))
    for k in range(20):
        performer.write(Draft("velocity", 0.5 + k / 40, "steady"))
    time.sleep(1.0)
    no_gap(receiver, "steady", begin)
    assert performer.state().playing
    for socket in sockets:
        socket.close(linger=0)


def test_a_target_that_is_not_there_is_one_sentence(shared: Serve, receiver: Receiver, performer: Performer) -> None:
    begin, before = time.time_ns(), performer.log()
    with pytest.raises(GrooveError, match=r"there is no host 'no-such-host\.invalid'") as caught:
        performer.write(Draft("out", Outs((Osc(host="no-such-host.invalid"),)), "steady"))
    assert "\n" not in str(caught.value)
    assert performer.log() == before
    time.sleep(0.5)
    no_gap(receiver, "steady", begin)


def test_edits_between_steps_that_are_still_to_come_leave_no_gap(
    shared: Serve, receiver: Receiver, performer: Performer
) -> None:
    begin, beat = time.time_ns(), performer.state().beat // 1 + 2
    drafts = [Draft("velocity", 0.5 + k / 40, "steady", beat=beat + 0.3 * k) for k in range(20)]
    performer.write(*drafts, when=When("beat"))
    time.sleep(1.5)
    no_gap(receiver, "steady", begin)


def test_a_second_serve_says_so(shared: Serve) -> None:
    second = shared.run("serve")
    assert second.returncode == 2
    assert second.stderr.startswith("groovelive: ") and second.stderr.count("\n") == 1
    assert str(shared.process.pid) in second.stderr


def test_an_engine_that_dies_or_stands_still_makes_no_gap(tmp_path: Path, receiver: Receiver) -> None:
    with serving(tmp_path / "run") as serve, Performer(serve.connection().address) as performer:
        until(lambda: performer.state().model is not None)
        performer.write(Draft("out", Outs((Osc(port=receiver.port),)), "strays"))
        performer.write(Draft("source", Rhythm("x..x..x."), "strays"), Draft("drift", 0.5, "strays"))  # anew each bar
        straight(performer, receiver, "beside")
        until(lambda: any(hit.drummer == "strays" for hit in receiver.since(0)))

        begin = time.time_ns()
        killed = serve.connection("engine").pid
        os.kill(killed, signal.SIGKILL)
        until(lambda: json.loads((serve.folder / "engine.json").read_text())["pid"] != killed, 20)
        answers = len(performer.log())
        until(lambda: len(performer.log()) >= answers + 2)  # it answers again
        no_gap(receiver, "beside", begin)
        assert sum("SIGKILL" in line for line in serve.child.lines()) == 1

        begin, performer.news[:] = time.time_ns(), []
        os.kill(serve.connection("engine").pid, signal.SIGSTOP)
        time.sleep(5.0)
        os.kill(serve.connection("engine").pid, signal.SIGCONT)
        answers = len(performer.log())
        no_gap(receiver, "beside", begin)
        strayed = tags(receiver, "strays", begin)
        assert strayed and max(b - a for a, b in itertools.pairwise(strayed)) < 1.5 * SECOND
        until(lambda: len(performer.log()) >= answers + 2)
        told = [news.text for news in performer.news if isinstance(news, messages.Told)]
        assert sum("does not answer" in text for text in told) == 1, told


def _goes_on(performer: Performer, was: messages.SessionState, moment: float) -> None:
    """Assert that a session is where it would be, had nothing happened."""
    now = performer.state()
    assert now.session == was.session and now.playing
    assert abs(now.beat - was.beat - (time.monotonic() - moment) * BPM / 60) < 1


def test_a_conductor_that_dies_goes_on_where_it_would_be(tmp_path: Path, receiver: Receiver) -> None:
    with serving(tmp_path / "run") as serve:
        place = serve.connection()
        with Performer(place.address) as performer:
            straight(performer, receiver, "after")
            time.sleep(1.5)  # a bar, which the journal marks
            was, moment, log = performer.state(), time.monotonic(), performer.log()
        os.kill(place.pid, signal.SIGKILL)
        killed = time.time_ns()
        until(lambda: serve.connection().pid != place.pid)
        until(lambda: len(tags(receiver, "after", killed + SECOND // 2)) > 20)
        with Performer(serve.connection().address) as performer:
            _goes_on(performer, was, moment)
            assert performer.log()[: len(log)] == log
        heard = tags(receiver, "after", killed + SECOND // 2)
        reading = on_grid(heard[-20:], PERIOD)
        assert (reading.missing, reading.doubled) == (0, 0)
        assert heard[0] - killed < 10 * SECOND


def test_a_session_is_resumed_after_its_serve_was_killed(tmp_path: Path, receiver: Receiver) -> None:
    with serving(tmp_path / "run") as serve:
        with Performer(serve.connection().address) as performer:
            straight(performer, receiver, "resumed")
            time.sleep(1.5)
            was, moment, log = performer.state(), time.monotonic(), performer.log()
        pid = serve.connection().pid
        serve.process.kill()
        serve.process.wait()
        until(lambda: not _runs(pid))
    killed = time.time_ns()
    with serving(tmp_path / "run", "--resume") as serve:
        serve.connection()
        until(lambda: len(tags(receiver, "resumed", killed)) > 20)
        with Performer(serve.connection().address) as performer:
            _goes_on(performer, was, moment)
            assert performer.log()[: len(log)] == log


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_stop_leaves_no_file_behind(tmp_path: Path, receiver: Receiver) -> None:
    with serving(tmp_path / "run") as serve:
        with Performer(serve.connection().address) as performer:
            straight(performer, receiver, "stopped")
        done = serve.run("stop")
        assert done.returncode == 0, done.stderr
        assert serve.process.wait(10) == 0
        assert not serve.folder.exists() or list(serve.folder.iterdir()) == []
        assert serve.run("status").stdout.startswith("nothing is running")


@pytest.mark.jack
def test_a_conductor_that_dies_leaves_no_note_hanging(tmp_path: Path, midi_server: dict[str, str]) -> None:
    pytest.importorskip("rtmidi2")

    def hanging() -> list[str]:
        sounding: dict[str, int] = {}
        for stroke in monitor.between(0, monitor.mark()):
            kind, key, _ = stroke.data.split()
            if kind in ("99", "89"):
                sounding[key] = int(kind == "99")
        return [key for key, on in sounding.items() if on]

    with monitored(tmp_path, midi_server) as monitor, serving(tmp_path / "run", **midi_server) as serve:
        place = serve.connection()
        midi: Any = Midi(port=monitor.port, length=2.0)
        with Performer(place.address) as performer:
            performer.write(Draft("out", Outs((midi,)), "d1"))
            performer.write(Draft("source", Exact(text="bd sn hh oh"), "d1"))
            until(lambda: len(hanging()) >= 3)
            performer.write(Draft("source", None, "d1"))
        os.kill(place.pid, signal.SIGKILL)
        until(lambda: not hanging(), 5)
        until(lambda: serve.connection().pid != place.pid)
        with Performer(serve.connection().address) as performer:
            performer.write(Draft("source", Exact(text="bd sn hh oh"), "d1"))
            until(lambda: bool(hanging()))  # the port is there again
        serve.end()
        until(lambda: not hanging(), 5)
