"""The Quark in folders of extensions of three systems, and in a real sclang's."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import groovelive
from groovelive import GrooveError
from groovelive.cli import main as cli
from groovelive.osc_messages.codec import message
from groovelive.supercollider import doctor
from groovelive.supercollider.install import MARKER, digests, install, look, uninstall
from groovelive.supercollider.paths import Places, elsewhere, include_paths, places, source
from tests.support.paths import ROOT

FOLDERS = {
    "linux": (".local/share/SuperCollider/Extensions", ".config/SuperCollider/sclang_conf.yaml"),
    "darwin": (
        "Library/Application Support/SuperCollider/Extensions",
        "Library/Application Support/SuperCollider/sclang_conf.yaml",
    ),
    "win32": ("AppData/Local/SuperCollider/Extensions", "AppData/Local/SuperCollider/sclang_conf.yaml"),
}


@pytest.fixture(params=FOLDERS)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """A home of each system, with an extension of somebody else's."""
    found = places(request.param, {}, tmp_path)
    other = found.extensions / "Other" / "Classes" / "Other.sc"
    other.parent.mkdir(parents=True)
    other.write_text("Other { *drums { ^GrooveLive.drummer } }\n")
    return Places(found.extensions, (tmp_path / "shared",), found.config)


@pytest.fixture
def quark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Quark that a test may change, as if another version of groovelive had been installed."""
    folder = tmp_path / "ours"
    shutil.copytree(source(), folder)
    module = importlib.import_module("groovelive.supercollider.install")  # the room has a function of that name
    monkeypatch.setattr(module, "source", lambda: folder)
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# Where


@pytest.mark.parametrize("system", FOLDERS)
def test_where_it_belongs(system: str, tmp_path: Path) -> None:
    found = places(system, {}, tmp_path)
    assert (found.extensions, found.config) == tuple(tmp_path / word for word in FOLDERS[system])


def test_where_it_belongs_is_told_by_the_environment(tmp_path: Path) -> None:
    found = places("linux", {"XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/config"}, tmp_path)
    assert found.extensions == Path("/data/SuperCollider/Extensions")
    assert found.config == Path("/config/SuperCollider/sclang_conf.yaml")
    assert places("win32", {"LOCALAPPDATA": "/local"}, tmp_path).extensions == Path("/local/SuperCollider/Extensions")


@pytest.mark.parametrize(
    "text",
    [
        'includePaths:\n    -   /a b/c\n    - "~/d"\nexcludePaths:\n    []\n',
        "excludePaths:\n  - /x\nincludePaths: [/a b/c, ~/d]\npostInlineWarnings: false\n",
        "includePaths:\n- /a b/c\n- '~/d'\n",
    ],
)
def test_the_include_paths_are_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_text(text)
    assert include_paths(tmp_path / "conf.yaml") == [Path("/a b/c"), Path.home() / "d"]


@pytest.mark.parametrize("text", ["", "includePaths:\n    []\nexcludePaths:\n    - /x\n", "includePaths: []\n", "\0["])
def test_no_include_paths(text: str, tmp_path: Path) -> None:
    assert include_paths(tmp_path / "none.yaml") == []
    (tmp_path / "conf.yaml").write_text(text)
    assert include_paths(tmp_path / "conf.yaml") == []


# Install


def test_install_and_uninstall(where: Places) -> None:
    before = everything(where.extensions)
    assert look(where=where).version is None
    assert install(where=where) == (True, [])
    target = where.extensions / "GrooveLive"
    files = digests(source())
    assert {"Classes/Pgroove.sc", "SynthDefs/acoustic.scd", "GrooveLive.quark"} <= files.keys()
    assert everything(target).keys() == {*files, MARKER} and digests(target) == files
    assert sorted(path.name for path in where.extensions.parent.iterdir()) == ["Extensions"]  # nothing half made
    found = look(where=where)
    assert (found.version, found.matches, found.link) == (groovelive.__version__, True, False)
    assert not (found.modified or found.missing or found.added or found.elsewhere)
    assert uninstall(where=where) == (True, [])
    assert everything(where.extensions) == before and not target.exists()
    assert uninstall(where=where) == (False, [])


def test_install_again_changes_nothing(where: Places) -> None:
    install(where=where)
    target = where.extensions / "GrooveLive"
    inode = target.stat().st_ino
    assert install(where=where) == (False, []) and target.stat().st_ino == inode
    (target / "Classes" / "Pgroove.sc").unlink()
    assert look(where=where).missing == ("Classes/Pgroove.sc",)
    assert install(where=where) == (True, []) and look(where=where).missing == ()


def test_another_version_takes_its_place(where: Places, quark: Path) -> None:
    (quark / "Classes" / "GrooveLiveOld.sc").write_text("GrooveLiveOld { }\n")
    install(where=where)
    (quark / "Classes" / "GrooveLiveOld.sc").unlink()
    (quark / "Classes" / "Pgroove.sc").write_text("Pgroove { }\n")
    assert not look(where=where).matches
    assert install(where=where) == (True, [])
    target = where.extensions / "GrooveLive"
    assert digests(target) == digests(quark) and not (target / "Classes" / "GrooveLiveOld.sc").exists()


def test_what_the_user_changed_is_kept(where: Places, quark: Path) -> None:
    install(where=where)
    target = where.extensions / "GrooveLive"
    mine, notes = target / "SynthDefs" / "acoustic.scd", target / "notes" / "mine.txt"
    mine.write_text("// louder\n")
    notes.parent.mkdir()
    notes.write_text("mine")
    found = look(where=where)
    assert (found.modified, found.added, found.matches) == (("SynthDefs/acoustic.scd",), ("notes/mine.txt",), True)
    assert install(where=where) == (False, ["SynthDefs/acoustic.scd"])
    (quark / "Classes" / "Pgroove.sc").write_text("Pgroove { }\n")
    (quark / "SynthDefs" / "acoustic.scd").write_text("// newer\n")
    assert install(where=where) == (True, ["SynthDefs/acoustic.scd"])
    assert (mine.read_text(), notes.read_text()) == ("// louder\n", "mine")
    assert look(where=where).modified == ("SynthDefs/acoustic.scd",)
    assert install(where=where, force=True) == (True, [])
    assert (mine.read_text(), notes.read_text()) == ("// newer\n", "mine")


def test_uninstall_leaves_what_is_not_ours(where: Places) -> None:
    install(where=where)
    target = where.extensions / "GrooveLive"
    (target / "SynthDefs" / "acoustic.scd").write_text("// louder\n")
    (target / "Classes" / "Mine.sc").write_text("Mine { }\n")
    assert uninstall(where=where) == (True, ["SynthDefs/acoustic.scd", "Classes/Mine.sc"])
    assert everything(target).keys() == {"SynthDefs/acoustic.scd", "Classes/Mine.sc", MARKER}
    assert look(where=where).version is None
    assert uninstall(where=where, force=True) == (True, ["Classes/Mine.sc"])
    assert install(where=where) == (True, [])
    assert (target / "Classes" / "Mine.sc").exists() and look(where=where).matches


def test_a_file_of_the_user_where_a_new_one_belongs(where: Places, quark: Path) -> None:
    install(where=where)
    theirs = where.extensions / "GrooveLive" / "Classes" / "GrooveLiveNew.sc"
    theirs.write_text("// mine\n")
    (quark / "Classes" / "GrooveLiveNew.sc").write_text("GrooveLiveNew { }\n")
    assert install(where=where) == (True, ["Classes/GrooveLiveNew.sc"]) and theirs.read_text() == "// mine\n"
    assert install(where=where, force=True) == (True, []) and theirs.read_text() == "GrooveLiveNew { }\n"


def test_a_failure_leaves_all_as_it_was(where: Places, quark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(where=where)
    (quark / "Classes" / "Pgroove.sc").write_text("Pgroove { }\n")
    before = everything(where.extensions.parent)
    rename = Path.rename

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    def stuck(self: Path, to: Path) -> Path:
        if "-new-" in self.name:
            raise PermissionError(13, "Permission denied")
        return rename(self, to)

    for name, fails in (("shutil.copy2", full), ("pathlib.Path.rename", stuck)):
        with monkeypatch.context() as patch:
            patch.setattr(name, fails)
            with pytest.raises(GrooveError, match=r"cannot write .*GrooveLive: (No space|Permission)"):
                install(where=where)
        assert everything(where.extensions.parent) == before


def test_a_link(where: Places) -> None:
    target = where.extensions / "GrooveLive"
    install(where=where)
    assert install(where=where, link=True) == (True, []) and target.is_symlink()
    found = look(where=where)
    assert (found.link, found.matches, found.version, found.elsewhere) == (True, True, groovelive.__version__, ())
    assert install(where=where, link=True) == (False, [])
    assert install(where=where) == (True, []) and not target.is_symlink()
    install(where=where, link=True)
    assert uninstall(where=where) == (True, []) and not target.is_symlink()
    assert (source() / "Classes" / "Pgroove.sc").exists()


def test_a_link_takes_the_place_of_no_file_of_the_user(where: Places) -> None:
    install(where=where)
    (where.extensions / "GrooveLive" / "SynthDefs" / "acoustic.scd").write_text("// louder\n")
    with pytest.raises(GrooveError, match=r"has files of yours \(SynthDefs/acoustic.scd\): move them away"):
        install(where=where, link=True)
    assert not look(where=where).link


# What others have put there


def test_a_folder_of_somebody_else_is_left_alone(where: Places) -> None:
    theirs = where.extensions / "GrooveLive" / "Classes" / "GrooveLive.sc"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("GrooveLive { }\n")
    for act in (install, uninstall):
        with pytest.raises(GrooveError, match="was not put there by this command"):
            act(where=where, force=True)
    assert everything(where.extensions / "GrooveLive") == {"Classes/GrooveLive.sc": b"GrooveLive { }\n"}


def test_a_link_of_somebody_else_is_left_alone(where: Places, tmp_path: Path) -> None:
    target = where.extensions / "GrooveLive"
    target.symlink_to(tmp_path)
    with pytest.raises(GrooveError, match=r"is a link to another place .*: remove it"):
        install(where=where)
    with pytest.raises(GrooveError, match="was not put there by this command"):
        uninstall(where=where)
    assert target.is_symlink()


@pytest.mark.parametrize("text", ["", "[]", '{"version": "1", "files": {"../../x": "0"}}'])
def test_a_damaged_list(where: Places, text: str) -> None:
    install(where=where)
    (where.extensions / "GrooveLive" / MARKER).write_text(text)
    for act in (look, install, uninstall):
        with pytest.raises(GrooveError, match=r"\.groovelive\.json, which says what was installed, is damaged"):
            act(where=where)


def test_one_of_quarks_install(where: Places, tmp_path: Path) -> None:
    where.config.parent.mkdir(parents=True, exist_ok=True)
    theirs = tmp_path / "src" / "groovelive" / "supercollider"
    shutil.copytree(source(), theirs)
    where.config.write_text(f"includePaths:\n    -   {theirs}\nexcludePaths:\n    []\n")
    with pytest.raises(GrooveError) as refusal:
        install(where=where)
    assert str(refusal.value) == (
        f"a GrooveLive is already at {theirs}, and two of a class break SuperCollider's class library: "
        'take it away in SuperCollider, with Quarks.uninstall("supercollider"), then install'
    )
    where.config.write_text(f"includePaths:\n    -   {tmp_path / 'src'}\nexcludePaths:\n    - {theirs}\n")
    assert install(where=where) == (True, [])


@pytest.mark.parametrize("place", ["old/GrooveLive", ".hidden", "GrooveLive.backup/Classes"])
def test_another_in_the_folder_of_extensions(where: Places, place: str) -> None:
    other = where.extensions / place / "any.sc"
    other.parent.mkdir(parents=True)
    other.write_text("// a copy\nGrooveLive : Object {\n}\n")
    with pytest.raises(GrooveError, match=r"a GrooveLive is already at .*: move it away, then install"):
        install(where=where)
    assert len(elsewhere(where, where.extensions / "GrooveLive")) == 1


def test_a_class_that_sclang_passes_over(where: Places) -> None:
    other = where.extensions / "ignore" / "GrooveLive.sc"
    other.parent.mkdir()
    other.write_text("GrooveLive { }\n")
    assert install(where=where) == (True, [])


# The command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home on this machine, of which groovelive and sclang know."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path / "run"))
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def command(*words: str | Path) -> tuple[int, str]:
        code = cli.main(["supercollider", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command


@pytest.fixture
def port() -> int:
    """A port at which nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def answering() -> Iterator[Callable[[int], int]]:
    """Start an OSC door that says that it speaks a version; gives its port."""
    sockets: list[socket.socket] = []

    def start(version: int) -> int:
        door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        door.bind(("127.0.0.1", 0))
        sockets.append(door)

        def answer() -> None:
            try:
                peer = door.recvfrom(4096)[1]
                door.sendto(message("/gl/hello", 1, version, "groovelive 9.9", 120.0, 0.0, 1), peer)
            except OSError:
                pass

        threading.Thread(target=answer, daemon=True).start()
        return int(door.getsockname()[1])

    yield start
    for each in sockets:
        each.close()


def test_the_command(home: Path, run: Callable[..., tuple[int, str]], port: int) -> None:
    folder = home / "Ext"
    words = ("--folder", folder)
    assert run("status", *words, "--port", port)[1].startswith(f"not installed in {folder}: groovelive supercollider ")
    code, said = run("install", *words)
    assert code == 0 and f"is in {folder / 'GrooveLive'}.\nNow recompile the class library" in said
    assert run("install", *words) == (0, f"GrooveLive {groovelive.__version__} is in {folder / 'GrooveLive'} already\n")
    (folder / "GrooveLive" / "SynthDefs" / "acoustic.scd").write_text("// louder\n")
    code, said = run("status", *words, "--port", port)
    assert code == 0 and "that of this groovelive\n  modified: SynthDefs/acoustic.scd\n" in said
    assert f"the conductor's OSC door does not answer at port {port}" in said
    told = json.loads(run("status", *words, "--port", port, "--json")[1])
    assert told["version"] == told["groovelive"] == groovelive.__version__ and told["matches"] is True
    assert told["modified"] == ["SynthDefs/acoustic.scd"] and (told["port"], told["protocol"]) == (port, None)
    code, said = run("uninstall", *words)
    assert code == 0 and said.startswith("kept, since it is yours: SynthDefs/acoustic.scd\n")
    assert "is gone from" in run("uninstall", *words, "--force")[1] and not (folder / "GrooveLive").exists()
    assert run("uninstall", *words) == (0, f"nothing to remove at {folder / 'GrooveLive'}\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("instal",), "invalid choice: 'instal'"),
        ((), "required: COMMAND"),
        (("status", "--port", "70000"), "port must be a whole number from 1 to 65535, not 70000"),
        (("install", "--folder"), "--folder: expected one argument"),
    ],
)
def test_mistakes(words: tuple[str, ...], sentence: str, run: Callable[..., tuple[int, str]]) -> None:
    code, said = run(*words)
    assert code == 2 and sentence in said and said.count("\n") == 1


def test_a_folder_that_cannot_be_made(home: Path, run: Callable[..., tuple[int, str]]) -> None:
    (home / "file").write_text("")
    code, said = run("install", "--folder", home / "file")
    assert code == 2 and re.fullmatch(r"groovelive: cannot write .*GrooveLive: .*\n", said)


# The doctor


def findings(folder: Path | None, port: int) -> dict[str, bool]:
    return {line: fine for fine, line in doctor.examine(folder, port)}


def test_nothing_is_there(home: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setattr(doctor, "_FOLDERS", {})
    monkeypatch.setattr("groovelive.outputs.sc_server._FOLDERS", {})
    found = list(doctor.examine(home / "Ext", port))
    assert [fine for fine, _ in found] == [False] * 4
    said = "\n".join(line for _, line in found)
    for sentence in (
        f"the Quark is not in {home / 'Ext'}: groovelive supercollider install",
        "no sclang is on PATH or in the usual folders: install SuperCollider 3.11 or newer",
        "there is no scsynth on this machine's PATH",
        f"nobody answers at port {port}: start the conductor with groovelive serve",
    ):
        assert sentence in said


def test_what_only_sends_the_question_back_is_no_door() -> None:
    """As a socket does that was given the port which it asks."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo:
        echo.bind(("127.0.0.1", 0))

        def send_back() -> None:
            for _ in range(3):
                echo.sendto(*echo.recvfrom(4096))

        thread = threading.Thread(target=send_back)
        thread.start()
        assert doctor.door(echo.getsockname()[1]) is None
        thread.join()


def test_the_door(answering: Callable[[int], int], home: Path) -> None:
    port = answering(1)
    assert doctor._door(port, 1) == (True, f"groovelive 9.9 answers at port {port}, version 1 of the OSC door")
    fine, line = doctor._door(answering(2), 1)
    assert not fine and "speaks version 2 of the OSC door and this Quark version 1: let both be of one" in line


def fake(folder: Path, version: str, says: str) -> None:
    """Put an sclang on a PATH that says something, and then waits as a real one does."""
    path = folder / "sclang"
    path.write_text(f'#!/bin/sh\n[ "$1" = -v ] && echo "sclang {version}" && exit 0\nprintf "{says}"\nexec sleep 30\n')
    path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize(
    ("version", "says", "sentence"),
    [
        ("3.10.4", "", "is SuperCollider 3.10.4: the Quark needs 3.11 or newer"),
        ("", "", "does not tell its version"),
        (
            "3.13.0", "ERROR: duplicate Class found\\\\nLibrary has not been compiled successfully.\\\\n",
            "can't compile its class library (ERROR: duplicate Class found): start it to see all",
        ),
        ("3.13.0", "Library has not been compiled successfully.", "(it does not say why)"),
        ("3.13.0", "", "has not compiled its class library within 2 s"),
    ],
)  # fmt: skip
def test_an_sclang_that_is_wrong(
    version: str, says: str, sentence: str, home: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(home, version, says.replace("\\\\n", "\\n"))
    monkeypatch.setenv("PATH", f"{home}:/bin:/usr/bin")
    monkeypatch.setattr(doctor, "PATIENCE", 2)
    wrong = [line for line, fine in findings(home / "Ext", port).items() if not fine]
    assert any(sentence in line for line in wrong), wrong


# A real sclang


def sclang(script: str, home: Path, *options: str, **environment: str) -> str:
    """Run a script; it must end by itself."""
    path = home / "script.scd"
    path.write_text(script)
    done = subprocess.run(
        ["sclang", *options, str(path)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=40,
        env=doctor._environment() | environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.supercollider
class TestWithSclang:
    @pytest.mark.parametrize("link", [False, True])
    def test_it_knows_what_was_installed(
        self, home: Path, link: bool, run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
        assert run("install", *(["--link"] if link else []))[0] == 0
        said = sclang('"known: % %".format(\\Pgroove.asClass, GrooveLiveKit.names).postln; 0.exit;', home)
        assert re.search(r"^known: Pgroove \[.*acoustic.*\]$", said, re.MULTILINE), said
        assert str(home / "data" / "SuperCollider" / "Extensions") in said
        assert not re.search(r"^(ERROR|WARNING)", said, re.MULTILINE), said

    def test_the_doctor_finds_all_well(
        self, home: Path, run: Callable[..., tuple[int, str]], answering: Callable[[int], int]
    ) -> None:
        run("install")
        code, said = run("doctor", "--port", answering(1))
        assert code == 0 and [line[:6] for line in said.splitlines()] == ["ok    "] * 5, said
        assert f"the class library compiles with the Quark of {places().extensions / 'GrooveLive'}" in said

    def test_the_doctor_looks_where_it_is_told_to(self, home: Path, run: Callable[..., tuple[int, str]]) -> None:
        run("install", "--folder", home / "Ext")
        said = run("doctor", "--folder", home / "Ext")[1]
        assert f"the class library compiles with the Quark of {home / 'Ext' / 'GrooveLive'}" in said

    def test_quarks_install_and_the_doctor(
        self, home: Path, port: int, run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`Quarks.install` of the folder needs no network, and no git; twice the Quark is one too many."""
        programs = home / "programs"
        programs.mkdir()
        for name in ("sclang", "scsynth", "sh"):
            found = shutil.which(name)
            assert found
            (programs / name).symlink_to(found)
        said = sclang(f'Quarks.install("{source()}"); 0.exit;', home, PATH=str(programs))
        assert "supercollider installed" in said or "GrooveLive installed" in said
        assert include_paths(places().config) == [source()]
        assert "known: Pgroove" in sclang('"known: %".format(\\Pgroove.asClass).postln; 0.exit;', home)
        examined = findings(None, port)
        assert examined[f"the Quark is at {source()}, not put there by this command"]
        assert examined[f"the class library compiles with the Quark of {source()}"]
        assert f'Quarks.uninstall("{source().name}")' in run("install")[1]
        shutil.copytree(source(), places().extensions / "Copy")
        wrong = [line for line, fine in findings(None, port).items() if not fine]
        assert any(line.startswith(f"GrooveLive is also at {places().extensions / 'Copy'}") for line in wrong)
        assert any("can't compile its class library (ERROR: duplicate Class found: 'GrooveLive'" in w for w in wrong)
        shutil.rmtree(places().extensions / "Copy")
        sclang(f'Quarks.uninstall("{source().name}"); 0.exit;', home)
        assert run("install")[0] == 0

    def test_a_class_that_the_user_has_broken(self, home: Path, port: int) -> None:
        install()
        (places().extensions / "GrooveLive" / "Classes" / "Pgroove.sc").write_text("Pgroove { nonsense(\n")
        wrong = [line for line, fine in findings(None, port).items() if not fine]
        assert any("sclang" in line and "ERROR" in line for line in wrong), wrong

    def test_a_startup_file_is_not_run(self, home: Path, port: int) -> None:
        install()
        started = home / "started"
        places().config.parent.mkdir(parents=True, exist_ok=True)
        (places().config.parent / "startup.scd").write_text(f'File.use("{started}", "w", {{ |f| f.write("x") }});')
        assert findings(None, port)[f"the class library compiles with the Quark of {look().folder}"]
        assert not started.exists()


# The wheel


def test_the_wheel_carries_the_quark(tmp_path: Path) -> None:
    """Built by hatchling from this checkout, and asked from where it was unpacked."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path / "site")
    code = "from groovelive.supercollider.paths import source; from groovelive.supercollider.install import digests;" \
        "import json; print(json.dumps([str(source()), digests(source())]))"  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path, check=True
    )
    folder, files = json.loads(done.stdout)
    assert folder == str(tmp_path / "site" / "groovelive" / "shipped" / "supercollider")
    assert files == digests(ROOT / "supercollider")


def test_the_version_is_the_same_everywhere() -> None:
    text = (source() / "GrooveLive.quark").read_text(encoding="utf-8")
    assert f'version: "{groovelive.__version__}"' in text
    assert doctor._protocol(source()) == 1


def test_time_is_not_wasted() -> None:
    """A status asks the door for no longer than a moment."""
    begin = time.monotonic()
    assert doctor.door(9) is None and time.monotonic() - begin < 3
