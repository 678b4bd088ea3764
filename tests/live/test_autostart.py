"""A session that a client starts: what its processes say is kept in the session's log, and named when it fails."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from groovelive.errors import GrooveError
from groovelive.live import autostart
from groovelive.runtime import log


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the logs of a session of its own."""
    for name in ("RUNTIME", "CONFIG", "STATE"):
        monkeypatch.setenv(f"GROOVELIVE_{name}", str(tmp_path / name.lower()))
    monkeypatch.delenv("GROOVELIVE_LOG_FILE", raising=False)
    return tmp_path / "state"


def failure(state: Path) -> tuple[str, Path]:
    """Start a session that cannot be, and return what is said of it, and its log."""
    began = time.monotonic()
    with pytest.raises(GrooveError, match=r"^the conductor could not be started; it said: ") as refusal:
        autostart.ensure()
    assert time.monotonic() - began < 15  # it does not wait for what has ended
    (path,) = state.glob("*.log")
    assert str(refusal.value).endswith(f"; {path} says more")
    return str(refusal.value), path


def test_a_server_that_refuses_to_start_is_quoted(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROOVELIVE_LOG", "loud")
    said, path = failure(state)
    assert "it said: the level of the log must be debug, info, warning or error, not 'loud'" in said
    assert "'loud'" in path.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="a script as a program")
def test_so_is_one_that_fails_before_it_has_a_log(state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'a library is missing' >&2\nexit 1\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(broken))
    said, path = failure(state)
    assert "it said: a library is missing; " in said and path.read_text() == "a library is missing\n"


def test_where_no_log_can_be_written_it_says_so_itself(
    state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GROOVELIVE_STATE", str(tmp_path / "file" / "state"))
    monkeypatch.setenv("GROOVELIVE_LOG", "loud")
    with pytest.raises(GrooveError, match="could not be started; its standard error says why"):
        autostart.ensure()
    assert "not 'loud'" in capfd.readouterr().err


def test_a_log_that_is_prepared_is_that_of_the_session(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = log.prepare()
    assert (
        found is not None and found.path.parent == state and found.environment["GROOVELIVE_LOG_FILE"] == str(found.path)
    )
    monkeypatch.setenv("GROOVELIVE_LOG_FILE", str(state / "mine.log"))
    again = log.prepare()
    assert again is not None and again.path == state / "mine.log"
