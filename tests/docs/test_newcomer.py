"""A newcomer: types the lines of the README and of docs/live.md into a real IPython, and looks and listens."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from groovelive.live.welcome import FIRST_LINES
from groovelive.midi_files import reader
from groovelive.osc_messages.codec import read
from tests.support.paths import DOCS, ROOT
from tests.support.terminal import LineFailed, link_environment, terminal

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.synth,
    pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal"),
]
pytest.importorskip("pexpect", reason="no pseudo-terminals on Windows")
pytest.importorskip("IPython")

README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "live.md").read_text(encoding="utf-8")
FAST = "live.bpm = 400"  # so that the waits of the guide are short


def snippets(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as `make demo` leaves it, on a machine without a sound device; its session is ended at last."""
    folder = tmp_path_factory.mktemp("newcomer")
    if not link_environment(folder):
        pytest.skip("the command groovelive is not installed beside this Python")
    (folder / "asound.conf").touch()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "GROOVELIVE_RUNTIME": str(folder / "run"), "GROOVELIVE_STATE": str(folder / "log"),
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"), "PYTHONPATH": str(ROOT), "JACK_NO_START_SERVER": "1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        patch.delenv("GROOVELIVE_REALTIME", raising=False)
        yield folder
        sh(".venv/bin/groovelive stop", folder)


def sh(line: str, folder: Path) -> str:
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def after_make_demo() -> str:
    """The README's first command after `make demo`."""
    return snippets(README.partition("make demo\n```\n")[2], "sh")[0].strip()


def test_the_readme_from_make_demo_to_silence(home: Path) -> None:
    lines = snippets(README, "python")[0].splitlines()
    with terminal(after_make_demo(), home) as person:
        for line, what in FIRST_LINES:
            assert line in person.opening and what in person.opening
        assert "groovelive doctor" in person.opening
        shown = [person.type(line) for line in lines]
        assert "groovelive: d1 plays, and nothing is heard" in "".join(shown)
        assert 'live.last(8).save("song.wav")' in "".join(shown)
        song = reader.read(home / "song.mid").groove
        assert song.bars == 4 and len(song) > 30 and song.hits[:, 0].any()
        assert (home / "song.wav").stat().st_size > 1_000_000
        assert "plays on" not in person.leave()  # what was stopped need not be stopped


def test_a_script_that_ends_tells_the_same(home: Path) -> None:
    script = "import groovelive as gl\nd2 = gl.open().d2\nd2 >> gl.play('bd*4')\n"
    run = [str(home / ".venv/bin/python"), "-c", script]
    done = subprocess.run(run, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "d2 plays on" in done.stderr and "groovelive stop" in done.stderr
    run[-1] += "gl.session().wait(bars=1)\ngl.hush()\n"
    quiet = subprocess.run(run, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert quiet.returncode == 0 and "plays on" not in quiet.stderr


def test_the_guide_line_by_line(home: Path) -> None:
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    with ear, terminal(after_make_demo(), home) as person:
        person.type(f'{FAST}; live.out = osc("127.0.0.1:{ear.getsockname()[1]}", "/hit")')
        heard = 0
        for snippet in snippets(GUIDE, "python"):
            person.type(snippet)
            if "bpm" in snippet:
                person.type(FAST)
            heard += notes(ear, 0.0)
        assert heard > 50
        person.type("hush()")
        person.type("live.wait(bars=1)")
        notes(ear, 0.0)
        assert notes(ear, 1.0) == 0
        assert len(person.type("len(again.events)")) > 0


def test_a_line_that_fails_fails_the_test(home: Path) -> None:
    with terminal(after_make_demo(), home, GROOVELIVE_REALTIME="0") as person:
        for line in ('d1.genre = "fnuk"', "d1 >> grove('x')", "d1.dens = .4", "with at('+4'):\n    d1.densty = 1"):
            with pytest.raises(LineFailed, match=r"did you mean|not defined"):
                person.type(line)
        assert "5" in person.type("print(2 + 3)")


def test_who_leaves_is_told_that_the_music_goes_on_and_how_to_stop_it(home: Path) -> None:
    with terminal(after_make_demo(), home) as person:
        assert "d1" in person.type(FIRST_LINES[0][0])
        told = person.leave()
    assert re.search(r"groovelive: d1.* plays? on", told)
    command = re.search(r"\.?[\w/.-]*groovelive stop", told)
    assert command is not None and "has ended" in sh(command[0], home)


def notes(ear: socket.socket, patience: float) -> int:
    """Return how many notes have come, after so many seconds."""
    time.sleep(patience)
    ear.setblocking(False)
    count = 0
    while True:
        try:
            count += sum(found.address == "/hit" for found in read(ear.recv(65536)))
        except BlockingIOError:
            return count
