"""The doctor: what is found is really so, in time, and beside a session; each finding has its heading in the page."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groovelive.ableton_live.user_library import Computer
from groovelive.cli import doctor as command
from groovelive.cli import main as cli
from groovelive.doctor import examine as room
from groovelive.doctor import machine, music, programs
from groovelive.doctor.findings import PROBLEMS, TOPICS, Finding
from groovelive.errors import GrooveError
from tests.support.paths import DOCS, ROOT

PAGE = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
NOTHING: music.Report = {"engine": None, "conductor": None}
SESSION: dict[str, Any] = {
    "answers": True, "pid": 1, "log": "", "bar": 3, "bpm": 120.0, "clients": ["maria"], "osc": "127.0.0.1:57140",
    "fifo": True, "outs": [{"name": "synth", "fault": ""}],
}  # fmt: skip


def headings() -> list[str]:
    return re.findall(r"^## (.*)$", PAGE, re.MULTILINE)


def only(found: Iterator[Finding]) -> Finding:
    (one,) = found
    return one


# The page


def test_every_finding_has_its_heading_and_every_heading_a_finding() -> None:
    assert headings() == list(PROBLEMS)
    source = "".join(path.read_text() for path in sorted((ROOT / "groovelive/doctor").glob("*.py")))
    outside = source.replace((ROOT / "groovelive/doctor/findings.py").read_text(), "")
    assert [heading for heading in PROBLEMS if f'"{heading}"' not in outside] == []


def test_a_finding_that_points_nowhere_cannot_be_made() -> None:
    for state, see in (("missing", ""), ("broken", "Nonsense"), ("ok", "No MIDI")):
        with pytest.raises(GrooveError, match="can't point to"):
            Finding("midi", state, "what", see=see)  # type: ignore[arg-type]


def test_every_part_of_the_page_tells_what_to_type() -> None:
    for part in PAGE.split("\n## ")[1:]:
        assert "`" in part, part


# The machine


def test_what_is_needed_is_what_pyproject_declares() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert [f"{name}>={oldest}" for name, oldest in machine.NEEDED.items()] == sorted(
        declared, key=lambda one: list(machine.NEEDED).index(one.partition(">=")[0])
    )


def test_an_old_package_is_told_with_the_command_that_renews_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.state for one in machine.versions()] == ["ok", "ok"]
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.25.9" if name == "numpy" else "99")
    old = [one for one in machine.versions() if one.state != "ok"]
    assert [one.state for one in old] == ["broken"]
    assert old[0].mend == f'{sys.executable} -m pip install --upgrade "numpy>=1.26"'


def test_folders_are_written_to_and_left_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "STATE", "RUNTIME"):
        monkeypatch.setenv(f"GROOVELIVE_{name}", str(tmp_path / "new" / name))
    monkeypatch.chdir(tmp_path)
    assert [one.state for one in machine.folders()] == ["ok"] * 4
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_folder_that_cannot_be_written_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GROOVELIVE_STATE", str(tmp_path / "file" / "logs"))
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path / "file" / "run"))
    bad = [one for one in machine.folders() if one.state != "ok"]
    assert [(one.state, one.see) for one in bad] == [("broken", "A folder can't be written")] * 2
    assert "GROOVELIVE_STATE" in bad[0].mend and "GROOVELIVE_RUNTIME" in bad[1].mend


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_that_another_program_has_is_told(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        found = only(machine.ports(port, None))
        assert found.state == "missing" and found.mend == f"groovelive serve --osc-port {port + 1}"
    assert only(machine.ports(port, None)).state == "ok"


def test_the_port_of_a_session_that_runs_is_asked_for_not_bound() -> None:
    assert only(machine.ports(57140, SESSION)).what == "the session hears OSC at 127.0.0.1:57140"
    refused = only(machine.ports(57140, SESSION | {"osc": "the port 57140 is taken"}))
    assert refused.state == "broken" and "57141" in refused.mend


def test_the_right_to_run_in_real_time_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROOVELIVE_FIFO", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    before = os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else None
    threads = threading.active_count()
    assert only(machine.realtime(None)).state in ("ok", "missing")
    assert threading.active_count() == threads
    assert before is None or os.sched_getscheduler(0) == before
    monkeypatch.setattr("groovelive.doctor.machine.claim", lambda priority: False)
    assert "audio" in only(machine.realtime(None)).mend
    monkeypatch.setattr("groovelive.doctor.machine.claim", lambda priority: True)
    assert only(machine.realtime(SESSION | {"fifo": False})).state == "missing"
    assert only(machine.realtime(SESSION)).state == "ok"


# What plays


def test_the_drummer_is_asked_for_bars() -> None:
    found = only(music.drummer())
    assert found.state == "ok" and re.search(r"two bars in \d+ ms, with [1-9]\d* hits", found.what)


def test_a_drummer_that_cannot_run_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('no such library')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = only(music.drummer())
    assert found.state == "broken" and "no such library" in found.what and "onnxruntime" in found.mend


def test_a_session_that_does_not_answer_is_broken() -> None:
    assert only(music.session(NOTHING)).state == "ok"
    found = only(music.session({"engine": None, "conductor": {"answers": False, "pid": 9, "log": "x.log"}}))
    assert found.state == "broken" and found.mend == "groovelive stop" and "x.log" in found.what


def test_a_target_that_is_not_there_is_broken() -> None:
    outs = [{"name": "midi TR-8", "fault": "there is no MIDI port 'TR-8'"}]
    found = list(music.session({"engine": None, "conductor": SESSION | {"outs": outs}}))
    assert [one.state for one in found] == ["ok", "broken"] and "TR-8" in found[1].what


def test_the_sound_device_of_a_session_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groovelive.doctor.music.no_sound", lambda patience: pytest.fail("it would be disturbed"))
    assert only(music.sound({"engine": None, "conductor": SESSION})).state == "ok"


@pytest.mark.parametrize(("look", "module"), [("sound", "nanosynth"), ("midi", "rtmidi2"), ("link", "link")])
def test_what_is_not_installed_is_missing_with_its_command(
    look: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else object())
    found = only(music.sound(NOTHING) if look == "sound" else getattr(music, look)())
    assert found.state == "missing" and found.mend.startswith(sys.executable) and "pip install" in found.mend


@pytest.mark.synth
def test_no_sound_device_is_missing_with_its_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "asound.conf").touch()
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    found = only(music.sound(NOTHING))
    assert (found.state, found.see) == ("missing", "No sound") and "sound device" in found.what


# Other programs


def test_live_that_is_not_there_is_missing_and_not_broken(tmp_path: Path) -> None:
    nowhere = Computer("linux", tmp_path, {})
    assert only(programs.ableton(nowhere)).state == "missing"
    (tmp_path / "Music" / "Ableton" / "User Library").mkdir(parents=True)
    found = list(programs.ableton(Computer("darwin", tmp_path, {})))
    assert {one.state for one in found} == {"ok", "missing"}
    assert "groovelive ableton install" in [one.mend for one in found]


def test_supercollider_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("groovelive.supercollider.doctor.sclang", lambda: None)
    found = list(programs.supercollider(asked=False))
    assert {one.state for one in found if "scsynth" not in one.what} == {"missing"}


# The whole


def test_a_check_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs() -> Iterator[Finding]:
        time.sleep(30)
        yield Finding("midi", "ok", "at last")

    def fails() -> Iterator[Finding]:
        raise RuntimeError("broken driver")
        yield

    monkeypatch.setattr(room, "_PATIENCE", 0.3)
    monkeypatch.setattr(music, "midi", hangs)
    monkeypatch.setattr(music, "link", fails)
    begin = time.monotonic()
    found = list(room.examine(lambda: NOTHING, 57140, ["midi", "link"]))
    assert time.monotonic() - begin < 5
    assert [(one.topic, one.state) for one in found] == [("midi", "broken"), ("link", "broken")]
    assert "broken driver" in found[1].what


def test_every_topic_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    for where, names in (
        (machine, ["versions", "folders", "ports", "realtime"]),
        (music, ["drummer", "session", "sound", "midi", "link"]),
        (programs, ["supercollider", "ableton"]),
    ):
        for name in names:
            topic = "model" if name == "drummer" else name
            monkeypatch.setattr(where, name, lambda *_, topic=topic: iter([Finding(topic, "ok", "fine")]))
    assert [one.topic for one in room.examine(lambda: NOTHING, 57140)] == list(TOPICS)


def test_the_exit_status_says_whether_what_was_asked_for_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("midi", "missing", "no back end", "pip", "No MIDI")]
    monkeypatch.setattr(command, "examine", lambda report, port, asked: iter(found))
    assert command.main([]) == 0 and command.main(["midi"]) == 1
    found[0] = Finding("folders", "broken", "full", "", "A folder can't be written")
    assert command.main([]) == 1


def test_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "examine", lambda report, port, asked: machine.versions())
    assert cli.main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True and told["findings"][0]["topic"] == "versions"
    assert set(told["findings"][0]) == {"topic", "state", "what", "mend", "see"}


def test_a_topic_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "mdi"]) == 2
    assert "did you mean 'midi'?" in capsys.readouterr().err
