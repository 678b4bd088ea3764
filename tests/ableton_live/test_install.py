"""`groovelive ableton` on folders made up like those of macOS and Windows, and against a script that runs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from groovelive import GrooveError
from groovelive.ableton_live.handshake import LiveHello
from groovelive.ableton_live.user_library import Computer, Script, source
from groovelive.cli.ableton import main
from groovelive.cli.main import main as cli
from tests.support.live_rig import free_port
from tests.support.paths import REMOTE_SCRIPT as SCRIPT
from tests.support.paths import ROOT

CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<Ableton MajorVersion="5"><ContentLibrary>
  <FactoryPacks><LibraryProject><ProjectPath Value="/elsewhere" /></LibraryProject></FactoryPacks>
  <UserLibrary><LibraryProject Id="0"><ProjectName Value="User Library" />
    <ProjectPath Value="{path}" /></LibraryProject></UserLibrary>
</ContentLibrary></Ableton>
"""


def library(folder: Path) -> Path:
    for name in ("Presets", "Clips", "Defaults"):
        (folder / name).mkdir(parents=True)
    return folder


def mac(home: Path) -> Computer:
    library(home / "Music" / "Ableton" / "User Library")
    (home / "Library" / "Preferences" / "Ableton" / "Live 12.1.5" / "User Remote Scripts").mkdir(parents=True)
    return Computer("darwin", home, {})


def windows(home: Path) -> Computer:
    library(home / "Documents" / "Ableton" / "User Library")
    roaming = home / "AppData" / "Roaming"
    (roaming / "Ableton" / "Live 11.3.4" / "Preferences" / "User Remote Scripts").mkdir(parents=True)
    return Computer("win32", home, {"APPDATA": str(roaming)})


SYSTEMS = pytest.mark.parametrize("system", [mac, windows], ids=["macOS", "Windows"])
System = Callable[[Path], Computer]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """The usual port, which this machine's own Live may have, is another one here."""
    found = free_port()
    monkeypatch.setattr("groovelive.ableton_live.user_library.PORT", found)
    return found


@SYSTEMS
def test_it_is_installed_where_live_looks_and_the_clicks_left_are_told(
    system: System, tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    computer = system(tmp_path)
    (found,) = computer.libraries()
    assert main(["status"], computer) == 1 and "not installed" in capsys.readouterr().out
    assert main(["install", "--dry-run"], computer) == 0 and "would write" in capsys.readouterr().out
    assert not (found / "Remote Scripts").exists()
    assert main(["install"], computer) == 0
    said = capsys.readouterr().out
    assert "Three clicks" in said and "Link, Tempo & MIDI" in said and "choose GrooveLive" in said
    folder = found / "Remote Scripts" / "GrooveLive"
    assert {path.name for path in folder.iterdir()} == {path.name for path in SCRIPT.glob("*.py")}
    assert [path.name for path in folder.parent.iterdir()] == ["GrooveLive"]
    assert Script(folder).build == Script(source()).build
    assert main(["status"], computer) == 1 and "running: no" in capsys.readouterr().out
    assert main(["uninstall", "--dry-run"], computer) == 0 and folder.exists()
    assert main(["uninstall"], computer) == 0 and not folder.exists()
    with pytest.raises(GrooveError, match="nothing was removed"):
        main(["uninstall"], computer)


@SYSTEMS
def test_an_older_one_is_replaced_whole_and_its_settings_stay(system: System, tmp_path: Path, port: int) -> None:
    computer = system(tmp_path)
    main(["install"], computer)
    folder = computer.libraries()[0] / "Remote Scripts" / "GrooveLive"
    (folder / "stale.py").write_text("raise SystemExit")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "surface.cpython-37.pyc").write_bytes(b"old")
    (folder / "groovelive.json").write_text('{"port": 57999}')
    (folder / "swap.py").write_text("old")
    assert Script(folder).build != Script(source()).build
    main(["install"], computer)
    assert {path.name for path in folder.iterdir()} == {p.name for p in SCRIPT.glob("*.py")} | {"groovelive.json"}
    assert Script(folder).build == Script(source()).build and Script(folder).settings[1] == 57999


def test_the_library_that_live_s_preferences_name_comes_first(tmp_path: Path) -> None:
    computer = mac(tmp_path)
    moved = library(tmp_path / "Disk & more" / "User Library")
    preferences = computer.preferences()[0]
    (preferences / "Library.cfg").write_text(CONFIG.format(path=str(moved.parent).replace("&", "&amp;")))
    assert computer.library() == moved
    assert computer.libraries() == [moved, tmp_path / "Music" / "Ableton" / "User Library"]
    (preferences / "Library.cfg").write_text("not XML at all")
    assert computer.library() == tmp_path / "Music" / "Ableton" / "User Library"
    newer = preferences.parent / "Live 12.2"
    newer.mkdir()
    os.utime(preferences, (1, 1))
    assert computer.preferences() == [newer, preferences]


def test_documents_in_onedrive_are_found(tmp_path: Path) -> None:
    found = library(tmp_path / "OneDrive" / "Documents" / "Ableton" / "User Library")
    assert Computer("win32", tmp_path, {"OneDrive": str(tmp_path / "OneDrive")}).libraries() == [found]


def test_a_named_library_is_used_on_any_system(tmp_path: Path, port: int) -> None:
    named = library(tmp_path / "wine" / "drive_c" / "users" / "me" / "Ableton")
    with pytest.raises(GrooveError, match="Wine"):
        main(["install"], Computer("linux", tmp_path, {}))
    with pytest.raises(GrooveError, match="start Live once"):
        main(["install"], Computer("darwin", tmp_path, {}))
    main(["install", "--user-library", str(named)], Computer("linux", tmp_path, {}))
    assert (named / "Remote Scripts" / "GrooveLive" / "__init__.py").is_file()
    main(["uninstall"], Computer("linux", tmp_path, {"GROOVELIVE_USER_LIBRARY": str(named)}))
    assert not (named / "Remote Scripts" / "GrooveLive").exists()


@pytest.mark.parametrize(
    "path, sentence",
    [
        ("nothing", "not a folder"), ("some/folder", "does not look like"),
        ("Live 12.1.5/Preferences/User Remote Scripts", "User Library itself"),
        ("User Library/Remote Scripts", "itself"),
        ("Ableton Live 12 Suite.app/Contents/App-Resources", "belongs to Live"),
        ("Program Files/Ableton", "belongs to Live"),
    ],
)  # fmt: skip
def test_what_is_no_user_library_is_refused(tmp_path: Path, path: str, sentence: str) -> None:
    folder = tmp_path / path
    if path != "nothing":
        folder.mkdir(parents=True)
    with pytest.raises(GrooveError, match=sentence):
        main(["install", "--user-library", str(folder)], Computer("darwin", tmp_path, {}))
    assert not list(tmp_path.rglob("surface.py"))


def test_what_is_not_groovelive_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    computer = mac(tmp_path)
    folder = computer.libraries()[0] / "Remote Scripts" / "GrooveLive"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("precious")
    for command in ("install", "uninstall"):
        with pytest.raises(GrooveError, match="not GrooveLive"):
            main([command], computer)
    assert (folder / "mine.txt").read_text() == "precious"


def test_a_checkout_of_abletonosc_is_put_there_too(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    computer = mac(tmp_path)
    checkout = tmp_path / "AbletonOSC-master"
    for name in ("__init__.py", "abletonosc/song.py", ".git/HEAD", "logs/old.log", "tests/test_song.py"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("")
    there = computer.libraries()[0] / "Remote Scripts" / "AbletonOSC"
    main(["install", "--copy-abletonosc", str(checkout), "--dry-run"], computer)
    assert not there.exists() and "would write" in capsys.readouterr().out
    main(["install", "--copy-abletonosc", str(checkout)], computer)
    assert {str(path.relative_to(there)) for path in there.rglob("*.py")} == {
        "__init__.py", str(Path("abletonosc", "song.py"))}  # fmt: skip
    assert not (there / ".git").exists()
    with pytest.raises(GrooveError, match="already"):
        main(["install", "--copy-abletonosc", str(checkout)], computer)
    with pytest.raises(GrooveError, match="no Remote Script"):
        main(["install", "--copy-abletonosc", str(tmp_path)], computer)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only to an administrator")
def test_a_library_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    computer = mac(tmp_path)
    found = computer.libraries()[0]
    found.chmod(0o500)
    try:
        with pytest.raises(GrooveError, match="cannot be written"):
            main(["install"], computer)
    finally:
        found.chmod(0o700)


def test_a_copy_that_fails_leaves_the_old_one(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    computer = mac(tmp_path)
    main(["install"], computer)
    folder = computer.libraries()[0] / "Remote Scripts" / "GrooveLive"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("groovelive.ableton_live.user_library.shutil.copyfile", full)
    with pytest.raises(GrooveError, match="No space left"):
        main(["install"], computer)
    assert Script(folder).build == Script(source()).build and len(list(folder.parent.iterdir())) == 1


def test_status_compares_what_runs_with_what_is_there(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    computer = mac(tmp_path)
    main(["install"], computer)
    build = Script(source()).build

    def runs(other: str) -> None:
        hello = LiveHello("1.0.0", 1, other, "12.1.5", "3.11.6", "abc", frozenset({"/gl/ping"}))
        monkeypatch.setattr("groovelive.ableton_live.connection.LiveLink.connect", lambda *_: hello)

    runs(build)
    capsys.readouterr()
    assert main(["status"], computer) == 0 and "in Live 12.1.5" in capsys.readouterr().out
    assert main(["doctor"], computer) == 0 and "nothing is wrong" in capsys.readouterr().out
    assert main(["install"], computer) == 0 and "runs this build already" in capsys.readouterr().out
    runs("0" * 12)
    assert main(["status"], computer) == 1 and "to None and back" in capsys.readouterr().out
    assert main(["doctor"], computer) == 1 and "to None and back" in capsys.readouterr().out
    assert main(["install"], computer) == 0 and "to None and back" in capsys.readouterr().out


@SYSTEMS
def test_the_doctor_finds_what_goes_wrong_most(
    system: System, tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    computer = system(tmp_path)
    found = computer.libraries()[0]
    preferences = computer.preferences()[0]

    def says() -> str:
        capsys.readouterr()
        assert main(["doctor"], computer) == 1
        return capsys.readouterr().out

    assert "is not there: groovelive ableton install" in says()
    main(["install"], computer)
    assert "nothing answers" in says() and "is not chosen" in says()
    (preferences / "User Remote Scripts" / "GrooveLive").mkdir()
    (found / "Remote Scripts" / "GrooveLive-main").mkdir()
    (found / "Remote Scripts" / "GrooveLive" / "GrooveLive").mkdir()
    (found / "Remote Scripts" / "GrooveLive" / "swap.py").write_text("old")
    (preferences / "Log.txt").write_bytes(b"\xff\n... RemoteScriptError: GrooveLive did not start: no module\nlater\n")
    said = says()
    for part in ("runs no such script", "another name", "a folder in the folder", "not this package's", "not start"):
        assert part in said, said
    with socket.create_server(("127.0.0.1", port)):
        assert "does not answer" in says()
    assert "5 things are wrong" in said


def test_the_doctor_says_where_no_library_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"], Computer("linux", tmp_path, {})) == 1
    assert "does not run on this system" in capsys.readouterr().out


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = library(tmp_path / "User Library")
    assert cli(["ableton", "install", "--user-library", str(named), "--dry-run"]) == 0
    for words in (["ableton"], ["ableton", "instal"], ["ableton", "status", "--user-library", str(tmp_path / "no")]):
        assert cli(words) == 2
        assert capsys.readouterr().err.startswith("groovelive: ")


def test_the_wheel_has_the_script(tmp_path: Path) -> None:
    """Built without a network, where the build's own requirement is installed."""
    pytest.importorskip("hatchling")
    root = ROOT
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=root, check=True,
        capture_output=True,
    )  # fmt: skip
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if "shipped/ableton" in name}
    assert names == {f"groovelive/shipped/ableton/GrooveLive/{path.name}" for path in SCRIPT.glob("*.py")}


def test_settings_that_are_broken_are_the_usual_ones(tmp_path: Path) -> None:
    for text in ("", "[]", '{"port": "x"}', json.dumps({"port": None})):
        (tmp_path / "groovelive.json").write_text(text)
        assert Script(tmp_path).settings == ("127.0.0.1", 57150, "")
