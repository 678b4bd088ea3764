"""Joining a session of real processes: the beat is the conductor's, names are distinct, undo is one's own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import groovelive as gl
from groovelive.cli.services import main
from groovelive.cli.status import report
from groovelive.errors import GrooveError
from groovelive.live.remote import WireLine
from groovelive.protocol import session as messages
from groovelive.protocol.session import When
from groovelive.score.edits import Line

pytestmark = pytest.mark.realtime


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("GROOVELIVE_CONFIG", str(tmp_path / "config"))
    yield tmp_path
    main("stop", [])


def until(happened: Callable[[], object], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def apart(live: gl.Session) -> float:
    """Return by how many ms a client's beat is out of the bounds of the conductor's, in the best of some tries."""
    found = []
    for _ in range(10):
        before = live.beat
        state = live.status()
        after = live.beat
        out = max(before - state.beat, state.beat - after, 0.0)
        found.append(out * 60_000 / state.bpm)
    return min(found)


def same_log(live: gl.Session) -> bool:
    return len(live.score.edits) == live.status().edits


def another(now: Callable[[], int] = time.monotonic_ns, by: str = "far") -> gl.Session:
    return gl.Session(WireLine(by, now=now), by)


def test_whoever_joins_has_the_bars_that_play(here: Path) -> None:
    live = gl.open(by="maria", seed=3)
    with gl.at(gl.now):
        live.bpm = 61.5
    live.d1 >> gl.play("bd*4")
    time.sleep(2)
    with gl.open(by="kim") as other:
        assert apart(other) < 1 and same_log(other)
    for _ in range(40):
        live.send([messages.Draft("bpm", 300.0)], When("now"))
        live.send([messages.Draft("bpm", Line(200.0, 90.0, 0.5))], When("now"))
    with gl.open(by="kim") as other:
        assert apart(other) < 1 and same_log(other)
        live.stop()
        time.sleep(0.3)
        assert other.beat == live.beat and apart(other) == 0  # each knows that another stopped it
        with gl.open(by="joe") as third:
            assert third.beat == live.beat
        live.play()
        live.undo()
        time.sleep(0.4)
        assert apart(other) < 1
        with gl.open(by="joe") as third:
            assert apart(third) < 1
    # A machine whose clock is another.
    for offset in (10**15, -(10**15), 7_000_000):
        with another(lambda offset=offset: time.monotonic_ns() + offset) as other:  # type: ignore[misc]
            assert apart(other) < 1
    live.close()


def test_two_join_at_once_while_edits_are_made(here: Path) -> None:
    live = gl.open(by="maria")
    going = threading.Event()

    def turn() -> None:
        k = 0
        while not going.is_set():
            k += 1
            live.send([messages.Draft("bpm", 100.0 + k % 50)], When("now"))

    turning = threading.Thread(target=turn)
    turning.start()
    found: list[gl.Session] = []
    joining = [threading.Thread(target=lambda: found.append(another(by="user"))) for _ in range(4)]
    try:
        for each in joining:
            each.start()
        for each in joining:
            each.join(20)
        assert {one.by for one in found} == {"user", "user-2", "user-3", "user-4"}
        assert all(apart(one) < 1 for one in found)
    finally:
        going.set()
        turning.join()
    for one in found:
        until(lambda one=one: one.score.edits == live.score.edits)  # type: ignore[misc]
        one.close()
    live.close()


def test_a_client_that_comes_back_keeps_its_name_and_its_undo(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = gl.open(by="user"), gl.open(by="user")
    assert (first.by, second.by) == ("user", "user-2")
    first.d1.density, second.d1.swing = 0.25, 0.25
    pid = report()["conductor"]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: (report()["conductor"] or {}).get("pid") not in (None, pid))
    third = another(by="user")
    assert third.by == "user-3"
    with pytest.raises(GrooveError, match="nothing to undo"):
        third.undo()
    until(lambda: set(third.status().clients) == {"user", "user-2", "user-3"})
    assert (first.by, second.by) == ("user", "user-2") and apart(first) < 1
    first.undo()
    until(lambda: second.d1.density != 0.25)
    assert second.d1.swing == 0.25
    said = capsys.readouterr().err
    assert "there is another user here, so you are user-2" in said and "user has" not in said
    second.close()
    until(lambda: "user-2 has left" in capsys.readouterr().err)
    first.notices = False
    third.d1.genre = "funk"
    third.close()
    until(lambda: first.d1.genre == "funk")
    time.sleep(0.5)
    assert capsys.readouterr().err == ""
    first.close()


def test_a_killed_program_leaves_its_name_and_its_undo_to_the_next(here: Path) -> None:
    live = gl.open(by="kim")
    code = "import groovelive as gl, time; live = gl.open(); live.d1.density = .3\n"
    code += "print(live.by, flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ | {"GROOVELIVE_BY": "maria"}
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "maria\n"
        child.kill()
    with gl.open(by="maria") as again:
        assert again.by == "maria"
        again.undo()
        until(lambda: live.d1.density != 0.3)
    live.close()


def test_a_session_that_stood_when_its_conductor_died_stands(here: Path) -> None:
    live = gl.open(by="maria")
    live.bpm = 200
    live.wait(bars=1)
    live.stop()
    time.sleep(0.3)
    beat, pid = live.beat, report()["conductor"]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: (report()["conductor"] or {}).get("pid") not in (None, pid))
    with gl.open(by="kim") as other:
        assert not other.status().playing and other.beat == pytest.approx(beat)
        other.play()
        until(lambda: other.beat > beat + 1)
        assert apart(other) < 1
        until(lambda: live.status().playing and apart(live) < 1)
    live.close()


def test_over_tcp_with_keys(here: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    main("keys", [])
    command = [sys.executable, "-m", "groovelive", "serve", "--osc-port", "0"]
    command += ["--curve", "--bind", "tcp://127.0.0.1:*", "--conductor-bind", address]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as serve:
        try:
            until(lambda: (report()["conductor"] or {}).get("answers"))
            with gl.open(address=address, server="", by="maria") as live:
                with gl.at(gl.now):
                    live.bpm = 77
                time.sleep(1)
                with gl.open(address=address, server="", by="maria") as other:
                    assert other.by == "maria-2" and apart(other) < 1 and same_log(other)
        finally:
            serve.terminate()
