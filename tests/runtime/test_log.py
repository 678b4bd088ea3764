"""The log of a session: every process writes to it, and an unexpected fault leaves its traceback there."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from groovelive import GrooveError
from groovelive.bench.performer import Performer
from groovelive.protocol import session as messages
from groovelive.runtime import log
from groovelive.runtime.endpoints import Connection
from groovelive.score.edits import Outs
from groovelive.score.targets import Osc
from tests.support.waiting import until

START = "from groovelive.runtime import log; import logging; path = log.start('tested'); print(path, flush=True)\n"
CONDUCTOR = "from groovelive.cli.services import main; main('conductor', ['--osc-port', '0', *sys.argv[1:]])\n"


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """The environment of a session of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GROOVELIVE_LOG")}
    return kept | {
        "GROOVELIVE_STATE": str(tmp_path / "state"),
        "GROOVELIVE_RUNTIME": str(tmp_path / "run"),
        "GROOVELIVE_CONFIG": str(tmp_path / "config"),
    }


def run(code: str, folders: dict[str, str]) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run some code, and return what became of it and the log that it printed the name of."""
    done = subprocess.run([sys.executable, "-c", code], env=folders, capture_output=True, text=True, timeout=60)
    return done, Path(done.stdout.splitlines()[0]).read_text()


# One process


def test_an_uncaught_exception_leaves_its_traceback(folders: dict[str, str]) -> None:
    done, said = run(START + "def broken(): raise KeyError('lost')\nbroken()", folders)
    assert done.returncode == 1 and "KeyError: 'lost'" in done.stderr
    assert "CRITICAL tested" in said and "in broken" in said and "KeyError: 'lost'" in said


def test_so_does_one_in_a_thread(folders: dict[str, str]) -> None:
    code = "import threading; t = threading.Thread(target=lambda: 1 / 0, name='odd'); t.start(); t.join()"
    done, said = run(START + code, folders)
    assert done.returncode == 0
    assert "unexpected fault in thread odd" in said and "ZeroDivisionError" in said


def test_a_crash_of_the_interpreter_leaves_one_too(folders: dict[str, str]) -> None:
    done, said = run(START + "import faulthandler; faulthandler._sigsegv()", folders)
    assert done.returncode != 0 and "Segmentation fault" in said


def test_children_write_to_the_same_file_and_take_the_level_over(folders: dict[str, str]) -> None:
    child = "from groovelive.runtime import log; import logging; log.start('child');" + (
        "logging.getLogger('groovelive.tests').debug('said by the child')"
    )
    code = f"log.start('parent', 'debug'); import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    _, said = run(START + code, folders)
    assert "DEBUG child" in said and "said by the child" in said


def test_the_level_is_that_of_the_environment(folders: dict[str, str]) -> None:
    code = START + "logging.getLogger('groovelive.tests').info('much'); logging.getLogger('groovelive.x').error('few')"
    assert "much" in run(code, folders)[1]
    said = run(code, folders | {"GROOVELIVE_LOG": "error"})[1]
    assert "much" not in said and "few" in said
    done = subprocess.run(
        [sys.executable, "-c", START], env=folders | {"GROOVELIVE_LOG": "loud"}, capture_output=True, text=True
    )
    assert "the level of the log must be debug, info, warning or error, not 'loud'" in done.stderr


def test_what_is_written_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "session.log"
    with open(path, "ab") as file:
        file.write(b"x" * 50)
        assert not log.shorten(path, 100)
        file.write(b"y" * 100)
        file.flush()
        assert log.shorten(path, 100)
        file.write(b"z")  # others have it open, and go on
    assert path.read_bytes() == b"z"
    assert path.with_suffix(".old").read_bytes() == b"y" * 100


def test_old_logs_go(folders: dict[str, str]) -> None:
    state = Path(folders["GROOVELIVE_STATE"])
    state.mkdir()
    for k in range(log.SESSIONS + 5):
        (state / f"20200101-{k:06}-1.log").touch()
        (state / f"20200101-{k:06}-1.old").touch()
    run(START, folders)
    assert len(list(state.glob("*.log"))) == log.SESSIONS
    assert len(list(state.glob("*.old"))) == log.SESSIONS - 1


def test_who_keeps_a_log_that_another_made_keeps_it_small_and_removes_no_file_beside_it(
    folders: dict[str, str], tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for k in range(log.SESSIONS + 5):
        (mine / f"20200101-{k:06}-1.log").touch()
    given = mine / "now.log"
    given.write_text("x" * (log.MOST + 1))
    code = (
        "from groovelive.runtime import log; import os, time\n"
        "print(log.start('tested', keeps=True), flush=True)\n"
        "while not os.path.exists(os.environ['GROOVELIVE_LOG_FILE'][:-3] + 'old'): time.sleep(0.01)\n"
    )
    run(code, folders | {"GROOVELIVE_LOG_FILE": str(given)})
    assert given.with_suffix(".old").stat().st_size == log.MOST and given.stat().st_size < 1000
    assert len(list(mine.glob("*.log"))) == log.SESSIONS + 6


def test_who_talks_to_the_log_says_a_sentence_there_once(folders: dict[str, str], tmp_path: Path) -> None:
    code = START + "os.dup2(log.descriptor(), 2); log.tell('all is lost')"
    _, said = run("import os\n" + code, folders)
    assert said.count("all is lost") == 1


def test_where_nothing_can_be_written_all_goes_on(folders: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = "from groovelive.runtime import log; print(log.start('x'), log.where())"
    environment = folders | {"GROOVELIVE_STATE": str(tmp_path / "file" / "state")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "None its standard error says more"


# A session


@contextlib.contextmanager
def conducting(folders: dict[str, str], broken: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A conductor in which something is broken."""
    code = "import sys\n" + broken + "\n" + CONDUCTOR
    process = subprocess.Popen(
        [sys.executable, "-c", code, *options], env=folders, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def connection(folders: dict[str, str]) -> Connection:
    path = Path(folders["GROOVELIVE_RUNTIME"]) / "conductor.json"
    until(path.exists)
    return msgspec.json.decode(path.read_bytes(), type=Connection)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_fault_in_the_conductor_s_loop_leaves_its_traceback(folders: dict[str, str]) -> None:
    broken = (
        "from groovelive.conductor.tempo_sync import Tempo\n"
        "def turn(self):\n    raise RuntimeError('the tempo is upside down')\n"
        "Tempo.turn = turn"
    )
    with conducting(folders, broken) as process:
        assert process.wait(30) == 1
    (path,) = Path(folders["GROOVELIVE_STATE"]).glob("*.log")
    said = path.read_text()
    assert "unexpected fault in the loop" in said and "groovelive.conductor.process" in said
    assert "in turn" in said and "RuntimeError: the tempo is upside down" in said


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_request_that_fails_names_the_log_with_its_traceback(folders: dict[str, str]) -> None:
    broken = (
        "from groovelive.conductor.editor import Editor\n"
        "def undo(self, request):\n    raise RuntimeError('nothing was ever done')\n"
        "Editor.undo = undo"
    )
    with conducting(folders, broken):
        place = connection(folders)
        with Performer(place.address) as performer:
            with pytest.raises(GrooveError, match="the conductor failed at this") as refusal:
                performer.ask(messages.Undo(by="me"), messages.WrittenEdits)
            path = str(refusal.value).removeprefix("the conductor failed at this; ").removesuffix(" says more")
            assert path == place.log
            assert "RuntimeError: nothing was ever done" in Path(path).read_text()
            assert performer.state().playing  # and the music goes on


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_status_names_the_log_that_all_processes_of_a_session_write_to(folders: dict[str, str]) -> None:
    command = [sys.executable, "-m", "groovelive.cli.services"]
    serve = subprocess.Popen(
        [*command, "serve", "--osc-port", "0", "--log-level", "debug"], env=folders, stderr=subprocess.PIPE
    )
    try:
        place = connection(folders)
        with Performer(place.address) as performer:
            performer.write(messages.Draft("out", Outs((Osc(port=57998),)), "d1"))
        done = subprocess.run([*command, "status", "--json"], env=folders, capture_output=True, text=True, check=True)
        status = json.loads(done.stdout)
        assert status["conductor"]["log"] == place.log
        told = subprocess.run([*command, "status"], env=folders, capture_output=True, text=True, check=True).stdout
        assert told.splitlines()[-1] == f"log: {place.log}"
        names = ("serve", "engine", "conductor", "osc output")
        until(lambda: all(f"INFO {name} " in Path(place.log).read_text() for name in names))
    finally:
        serve.terminate()
        serve.communicate(timeout=30)
    last = subprocess.run([*command, "status"], env=folders, capture_output=True, text=True, check=True).stdout
    assert "nothing is running" in last and place.log in last
