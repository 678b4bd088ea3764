"""`groovelive serve`, `status` and `stop`: one engine a user, always up, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from groovelive import GrooveError
from groovelive.cli.services import main
from groovelive.cli.status import report
from groovelive.engine import Client
from groovelive.runtime import curve as keys
from groovelive.runtime import endpoints as connection
from groovelive.runtime.folders import runtime_folder
from groovelive.runtime.supervisor import Program, Supervisor
from tests.support.engine_process import answers
from tests.support.waiting import until

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(os.name != "posix", reason="signals and modes of POSIX"),
]
COMMAND = [sys.executable, "-m", "groovelive.cli.services"]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder of its own for every test; returns it."""
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("GROOVELIVE_CONFIG", str(tmp_path / "config"))
    return tmp_path / "run"


@pytest.fixture
def serve() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *(words or ("serve",))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


# With the real engine


def test_serve_restarts_a_killed_engine_and_leaves_nothing_behind(
    folders: Path, serve: Callable[..., subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    process = serve()
    assert process.stdout is not None and process.stderr is not None
    until(answers)
    assert process.stdout.readline().startswith("engine at ")
    assert stat.S_IMODE(folders.stat().st_mode) == 0o700
    assert stat.S_IMODE((folders / "engine.json").stat().st_mode) == 0o600

    engine = report()["engine"]
    assert engine["serve"] == process.pid and engine["answers"] and engine["models"][0]["name"]
    os.kill(engine["pid"], signal.SIGKILL)
    with Client(timeout=10) as client:
        assert client.generate("x..x..x.").groove.bars == 2
    again = report()["engine"]
    assert again["pid"] != engine["pid"] and again["address"] == engine["address"]

    second = serve()
    assert second.wait(10) == 2
    assert second.stderr is not None
    assert f"is running already (process {process.pid})" in second.stderr.read()

    assert main("status", ["--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["engine"]["pid"] == again["pid"] and status["conductor"]["answers"]

    assert main("stop", []) == 0
    assert process.wait(5) == 0
    assert f"the engine (process {engine['pid']}) was ended by SIGKILL" in process.stderr.read()
    assert not folders.exists()
    assert report() == {"engine": None, "conductor": None}


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_engine_without_supervisor_ends_cleanly(
    kind: signal.Signals, folders: Path, serve: Callable[..., subprocess.Popen[str]]
) -> None:
    process = serve("engine")
    until(answers)
    assert report()["engine"]["serve"] is None
    process.send_signal(kind)
    assert process.wait(5) == 0
    assert not folders.exists()


def test_two_engines_do_not_fight(serve: Callable[..., subprocess.Popen[str]]) -> None:
    first = serve("engine")
    until(answers)
    second = serve("engine")
    assert second.wait(10) == 2
    assert second.stderr is not None
    assert f"groovelive engine is running already (process {first.pid})" in second.stderr.read()
    with Client() as client:
        assert client.stats().pid == first.pid


def test_the_engine_ends_with_its_killed_supervisor(folders: Path, serve: Callable[..., subprocess.Popen[str]]) -> None:
    process = serve()
    until(answers)
    process.kill()
    until(lambda: connection.holder("engine") is None, 5)
    serve()
    until(answers)
    assert main("stop", []) == 0


def test_serve_ends_where_the_engine_cannot_start(folders: Path, serve: Callable[..., subprocess.Popen[str]]) -> None:
    process = serve("serve", "--bind", "tcp://203.0.113.1:5570", "--curve")  # no key, and not our address
    assert process.wait(15) == 2
    assert process.stderr is not None
    assert "groovelive keys" in process.stderr.read()
    assert not folders.exists()


# With programs that are quicker than an engine


def program(name: str, code: str, answers: Callable[[], bool] = lambda: True) -> Program:
    return Program(name, [sys.executable, "-c", code], answers)


def run(supervisor: Supervisor) -> tuple[threading.Thread, list[int]]:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(supervisor.run()))
    thread.start()
    return thread, codes


def test_a_program_that_crashes_at_once_is_not_started_in_a_rush(tmp_path: Path) -> None:
    told: list[str] = []
    log = tmp_path / "log"
    code = f"import sys; open({str(log)!r}, 'a').write('x'); sys.exit(1)"
    start = time.monotonic()
    assert Supervisor([program("engine", code, lambda: False)], tell=told.append).run() == 1
    assert time.monotonic() - start > 0.7  # the rests between its four attempts
    assert len(log.read_text()) == 4
    assert "ended with code 1; it is started again" in told[0] and "giving up" in told[3]


def test_a_program_that_hangs_is_started_again() -> None:
    told: list[str] = []
    up = [True]
    supervisor = Supervisor(
        [program("engine", "import sys; sys.stdin.read()", lambda: up[0])], tell=told.append, patience=0.2
    )
    thread, codes = run(supervisor)
    time.sleep(0.3)
    up[0] = False
    until(lambda: len(told) >= 2)
    up[0] = True
    supervisor.stop()
    thread.join(5)
    assert "does not answer" in told[0] and "SIGKILL" in told[1] and codes == [0]


def test_a_program_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groovelive.runtime.supervisor._FAREWELL", 0.2)
    ready = threading.Event()
    supervisor = Supervisor([program("engine", "import time; time.sleep(60)")], ready=ready.set)
    thread, codes = run(supervisor)
    assert ready.wait(5)
    supervisor.stop()
    thread.join(5)
    assert codes == [0]


# Locks, addresses, keys


def test_a_lock_is_free_again_once_its_process_has_died(folders: Path) -> None:
    code = (
        "import sys, time; from groovelive.runtime.endpoints import Lock; lock = Lock('engine'); lock.acquire();"
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"held\n"
            assert connection.holder("engine") == process.pid
            with pytest.raises(GrooveError, match=f"process {process.pid}"):
                connection.Lock("engine").acquire()
        finally:
            process.kill()
    assert connection.holder("engine") is None
    with connection.Lock("engine"):
        assert connection.holder("engine") == os.getpid()
    assert not folders.exists()


def test_a_runtime_folder_that_is_no_folder_of_ours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    (tmp_path / "link").symlink_to(target)
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path / "link"))
    with pytest.raises(GrooveError, match="somebody else"):
        runtime_folder()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path / "file" / "run"))
    with pytest.raises(GrooveError, match="GROOVELIVE_RUNTIME"):
        runtime_folder()


def test_an_open_runtime_folder_is_closed(folders: Path) -> None:
    folders.mkdir(mode=0o755)
    runtime_folder()
    assert stat.S_IMODE(folders.stat().st_mode) == 0o700


def test_where_no_socket_file_fits_loopback_tcp_with_keys_is_taken_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path / ("long" * 30)))
    first = connection.choose()
    assert first.address.startswith("tcp://127.0.0.1:") and first.secret and first.curve_server is not None
    connection.write(first)
    again = connection.choose()  # after a crash: the file is still there
    assert (again.address, again.secret) == (first.address, first.secret)


@pytest.mark.parametrize(
    "address", ["tcp://0.0.0.0:5570", "tcp://*:5570", "tcp://[::]:5570", "tcp://192.0.2.1:1", "tcp://host:1"]
)
def test_an_address_open_to_others_needs_keys(address: str) -> None:
    with pytest.raises(GrooveError, match="--curve"):
        connection.check_bind(address, curve=False)
    assert connection.check_bind(address, curve=True) == address
    if "*" not in address:
        with pytest.raises(GrooveError, match="keys only"):
            connection.check_connect(address, None)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:5570", "tcp://[::1]:*", "tcp://localhost:1", "ipc:///x"])
def test_an_address_of_this_machine_needs_none(address: str) -> None:
    assert connection.check_bind(address, curve=False) == address


@pytest.mark.parametrize(
    "address", ["", "tcp://", "tcp://1.2.3.4", "tcp://a:99999", "http://a:1", "ipc://", "udp://127.0.0.1:1"]
)
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(GrooveError):
        connection.check_bind(address, curve=True)


def test_keys_are_made_once_and_the_secret_one_is_ours_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(GrooveError, match="groovelive keys"):
        keys.own()
    assert main("keys", []) == 0
    pair = keys.own()
    assert pair.public.decode() in capsys.readouterr().out
    secret = keys.keys_folder() / "machine.key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.keys_folder().stat().st_mode) == 0o700
    assert keys.create() == pair
    secret.chmod(0o644)
    with pytest.raises(GrooveError, match="read by others"):
        keys.own()


def test_machines_are_known_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    other = keys.new_pair().public.decode()
    assert main("keys", ["add", "studio", other]) == 0
    assert keys.known() == {"studio": other.encode()} and keys.find("studio") == other.encode()
    assert keys.machine_curve().allowed(other.encode()) and not keys.machine_curve().allowed(b"x" * 40)
    with pytest.raises(GrooveError, match="did you mean 'studio'"):
        keys.find("studoi")
    with pytest.raises(GrooveError, match="40 characters"):
        main("keys", ["add", "studio", "no key"])
    with pytest.raises(GrooveError, match="letters"):
        main("keys", ["add", "../studio", other])
    assert main("keys", ["remove", "studio"]) == 0
    assert keys.known() == {}


def test_status_and_stop_say_that_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("status", []) == 0
    assert main("stop", []) == 0
    assert capsys.readouterr().out.splitlines()[1] == "nothing is running"


@pytest.mark.parametrize(
    "words",
    [
        ["--curve"],
        ["--broker", "--backend", "onnx"],
        ["--join", "tcp://127.0.0.1:1", "--broker"],
        ["--join", "tcp://192.0.2.1:1"],
        ["--nonsense"],
    ],
)
def test_options_that_do_not_go_together_are_told(words: list[str]) -> None:
    with pytest.raises(GrooveError):
        main("engine", words)
