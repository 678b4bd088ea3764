"""The stage with real processes: a session that is started, joined, left and found again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import groovelive as gl
from groovelive.cli.services import main
from groovelive.cli.status import report
from groovelive.errors import GrooveError
from groovelive.runtime import endpoints as connection
from tests.support.waiting import until

pytestmark = pytest.mark.realtime


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("GROOVELIVE_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("GROOVELIVE_STATE", str(tmp_path / "state"))
    yield tmp_path
    main("stop", [])
    assert list((tmp_path / "run").glob("*")) == []


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        found.settimeout(3)
        yield found


def out(receiver: socket.socket) -> object:
    return gl.osc(f"127.0.0.1:{receiver.getsockname()[1]}", "/hit")


def test_hush_is_a_word_of_any_shell(here: Path, receiver: socket.socket, capsys: pytest.CaptureFixture[str]) -> None:
    live = gl.open()
    live.d1.out = out(receiver)
    live.d1 >> gl.play("hh*16")
    assert receiver.recv(2000).startswith(b"#bundle")
    with gl.at("+20"):
        live.d1.swing = 0.3
    until(lambda: len(live.pending) == 1)
    assert live.d1.swing == 0
    assert main("hush", []) == 0
    assert "d1 falls silent; called off: set d1.swing to 0.3 (bar " in capsys.readouterr().out
    until(lambda: not live.pending and live.value("d1", "source") is None)
    assert main("panic", []) == 0
    assert capsys.readouterr().out == "nothing sounds, and nothing is planned\n"
    live.undo()
    assert capsys.readouterr().out.startswith("undone: hushed d1 (bar ")
    assert live.value("d1", "source") is not None and len(live.pending) == 1
    live.close()
    main("stop", [])
    with pytest.raises(GrooveError, match="no session is running"):
        main("hush", [])


def test_a_session_starts_outlives_its_client_and_is_found_again(here: Path, receiver: socket.socket) -> None:
    live = gl.open(by="maria")
    assert connection.holder("serve") is not None
    assert [str(path) for path in (here / "state").glob("*")] == [report()["conductor"]["log"]]
    live.bpm = 240
    live.d1.out = out(receiver)
    live.d1 >> gl.play("hh*16")
    assert receiver.recv(2000).startswith(b"#bundle")
    other = gl.open(by="kim")
    assert other.d1.out == live.d1.out and [e.by for e in other.history] == ["maria"] * 3
    other.d1.velocity = 0.5
    until(lambda: live.d1.velocity == 0.5)
    assert live.history[-1].by == "kim" and "kim" in repr(live) and "maria" in repr(other)
    with pytest.raises(GrooveError, match="density must be a number from 0 to 1"):
        live.d1.density = 2
    live.close()
    with pytest.raises(GrooveError, match="is closed"):
        live.d1.density = 0.2
    receiver.settimeout(0.01)
    with pytest.raises(TimeoutError):
        while True:
            receiver.recv(2000)
    receiver.settimeout(3)
    assert receiver.recv(2000)
    other.undo()
    until(lambda: other.d1.velocity == 1.0)
    other.close()


def test_a_killed_conductor_is_found_back(here: Path) -> None:
    live = gl.open(by="maria")
    live.d1 >> gl.groove("x..x..x.")
    live.d1.genre = "funk"
    bar = live.bar
    pid = report()["conductor"]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: (report()["conductor"] or {}).get("pid") not in (None, pid))
    live.d1.density = 0.4
    until(lambda: live.d1.genre == "funk" and live.d1.density == 0.4)
    assert bar <= live.bar <= bar + 6
    until(lambda: len(repr(live.d1).split("\n")) > 3)
    live.close()


def test_own_code_over_the_wire(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    live = gl.open(by="maria")
    live.bpm = 300
    d1 = live.d1
    d1 >> gl.play("sn*4")

    @d1.each_bar
    def softer(bar: object) -> object:
        return bar.vel(sn=lambda v: 0.25)  # type: ignore[attr-defined]

    live.wait(bars=5)
    assert live.last(1).groove(d1).velocities[0, 1] == 0.25

    @d1.each_bar
    def endless(bar: object) -> object:
        while live.bar < 10_000 and not live.closed:
            time.sleep(0.01)
        return bar

    live.wait(bars=5)
    assert live.last(1).groove(d1).velocities[0, 1] == 0.25
    assert capsys.readouterr().err.count("endless takes longer than a bar") == 1
    live.close()


def test_the_transport_stops_and_goes_on(here: Path, receiver: socket.socket) -> None:
    live = gl.open(by="maria")
    live.bpm = 240
    live.out = out(receiver)
    live.d1 >> gl.play("hh*16")
    receiver.recv(2000)
    live.stop()
    stood = live.beat
    time.sleep(0.5)
    assert abs(live.beat - stood) < 1 and "stopped" in repr(live)
    receiver.settimeout(0.05)
    with pytest.raises(TimeoutError):
        while True:
            receiver.recv(2000)
    with pytest.raises(TimeoutError):
        receiver.recv(2000)
    receiver.settimeout(3)
    live.play()
    assert receiver.recv(2000)
    with pytest.raises(GrooveError, match="plays already"):
        live.play()
    live.close()


def test_no_conductor_at_an_address() -> None:
    with pytest.raises(GrooveError, match=r"no conductor at tcp://127\.0\.0\.1:1 has answered"):
        gl.open(address="tcp://127.0.0.1:1")


def test_the_module_stays_light() -> None:
    heavy = "{'numpy', 'zmq', 'onnxruntime', 'torch', 'msgspec'}"
    code = f"import sys, groovelive; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_ideas_over_the_wire(here: Path) -> None:
    with gl.open(by="maria") as live:
        until(lambda: live.model is not None)
        live.d1 >> gl.groove("x..x..x.")
        until(lambda: live.score.lane("d1", "pattern"))
        ideas = live.d1.ideas(2)
        assert len(ideas) == 2 and ideas[0].groove != ideas[1].groove
        with pytest.raises(GrooveError, match="d2 follows nothing"):
            live.d2.ideas(2)
        live.d1.take(1)
        until(lambda: live.score.lane("d1", "idea"))
        beat = live.score.lane("d1", "idea")[-1].beat
        until(lambda: live.beat > beat + 4)
        assert np.array_equal(live.d1.now.hits, ideas[1].groove.hits)
        live.undo()
        until(lambda: not np.array_equal(live.d1.now.hits, ideas[1].groove.hits))


def test_hands_over_the_wire(here: Path) -> None:
    with gl.open(by="maria") as live, gl.open(by="joe") as other:
        until(lambda: live.model is not None)
        live.d1 >> gl.hands()
        live.d1.memory, live.d1.response = gl.forever, "now"
        live.wait(bars=1)
        with pytest.raises(gl.GrooveError, match="no MIDI port is heard from which a knob could be learned"):
            gl.learn(live.d1.follow)
        gl.learn(live.d1, "density", cc=9)
        for k in range(5):
            other.hit(0.3 + k / 10)
            time.sleep(0.16)
        until(lambda: len(live.d1.heard) >= 3)
        assert live.d1.heard == other.d1.heard and "hands()" in repr(other.d1)
        until(lambda: len(live.score.lane("d1", "pattern")) >= 3)
        assert max(edit.beat % 4 for edit in live.score.lane("d1", "pattern")) > 0
        for value in (0, 127):
            other.knob(9, value)
            time.sleep(0.1)
        until(lambda: live.d1.density == 1.0)
        with pytest.raises(gl.GrooveError, match=r"live.hit\(\) plays a note"):
            live.feed("x..x")
