"""groovelive in IPython and in the line REPL: what is in reach, the magics, and mistakes in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import groovelive as gl
from groovelive.live import api as words

pytest.importorskip("IPython")


@pytest.fixture
def shell() -> Iterator[Any]:
    from IPython.core.interactiveshell import InteractiveShell

    from groovelive.live import ipython

    InteractiveShell.clear_instance()
    found = InteractiveShell.instance()
    live = gl.open(realtime=False, by="maria")
    ipython.load(found, live)
    yield found
    live.close()
    InteractiveShell.clear_instance()


def run(shell: Any, text: str) -> Any:
    return shell.run_cell(text, store_history=False)


def test_what_is_in_reach(shell: Any) -> None:
    names = {"live", "groove", "play", "at", "line", "now", "z", "scene", "hush", "panic", "undo", "redo", "unsolo",
             "record", "replay", "fill", "rotate", "stutter", "osc", "midi", "synth", "file",
             *(f"d{k}" for k in range(1, 10))}  # fmt: skip
    assert names <= set(shell.user_ns)
    assert {name for name in names if not name.startswith("d") and name != "live"} <= set(gl.__all__)
    run(shell, "scene.save('verse')")
    for typed, whole in (("d1.den", "density"), ("d1.hh.lo", "lock"), ("scene.ver", "verse")):
        owner = eval(typed.rpartition(".")[0], shell.user_ns)
        assert whole in dir(owner), typed


def test_lines_and_magics(shell: Any) -> None:
    live = shell.user_ns["live"]
    assert run(shell, "d1 >> groove('x..x..x.')").result is live.d1
    run(shell, "%bpm 128")
    assert live.value("", "bpm") == 128
    run(shell, "%bpm 140 over 8")
    assert live.history[-1].over == 8
    run(shell, "%undo")
    run(shell, "%redo")
    run(shell, "%%groove d2\nbd(3,8)\nhh*8\n")
    assert live.value("d2", "source").text == "bd(3,8)\nhh*8"
    run(shell, "%%at +8 over 2\nd1.genre = 'funk'\nd2.density = .4")
    assert [(e.path, e.beat, e.over) for e in live.pending] == [("genre", 32, 2), ("density", 32, 2)]
    run(shell, "%hush")
    assert live.value("d1", "source") is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("d1.genre = 'fnuk'", "did you mean 'funk'?"),
        ("%%groove d1\nbd snn", "bd snn\n     ^^^"),
        ("%bpm fast", "write %bpm 128"),
        ("%%at whenever\nd1.density = .4", "a time is written as"),
        ("d1.dens = .4", "did you mean 'density'?"),
    ],
)
def test_a_mistake_is_a_sentence_and_no_traceback(
    shell: Any, line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(shell, line)
    seen = capsys.readouterr()
    assert told in seen.err + seen.out and "Traceback" not in seen.err + seen.out


def test_other_mistakes_are_shown_as_ever(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run(shell, "1/0")
    run(shell, "(1).real_part")
    seen = capsys.readouterr()
    assert "ZeroDivisionError" in seen.out + seen.err and "real_part" in seen.out + seen.err


def test_pictures(shell: Any) -> None:
    from groovelive.live.ipython import toolbar

    run(shell, "d1 >> groove('x..x..x.')")
    formats, _ = shell.display_formatter.format(shell.user_ns["d1"])
    assert "from bar 1" in formats["text/plain"] and formats["image/svg+xml"].startswith("<svg")
    assert "bar 1 · 120 bpm · d1" in toolbar()


def test_the_line_repl() -> None:
    lines = "d1 >> groove('x..x..x.')\nd1.genre = 'fnuk'\n1/0\nlive.run(bars=2)\n"
    lines += "print(live.bar, len(live.last(2).events) > 5)\n"
    done = subprocess.run(
        [sys.executable, "-m", "groovelive"], input=lines, capture_output=True, text=True, timeout=60,
        env=os.environ | {"GROOVELIVE_REALTIME": "0"},
    )  # fmt: skip
    assert done.returncode == 0 and "3 True" in done.stdout
    assert "did you mean 'funk'?" in done.stderr and "ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr


def test_who_plays_in_the_line_repl() -> None:
    def said(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "groovelive", *options], input="print(live.by, live.notices)\n", capture_output=True,
            text=True, timeout=60, env=os.environ | {"GROOVELIVE_REALTIME": "0"} | environment,
        )  # fmt: skip

    assert said("--by", "maria", GROOVELIVE_BY="kim").stdout == "maria True\n"
    assert said("--no-notices", GROOVELIVE_BY="kim").stdout == "kim False\n"
    refused = said("--by", "engine")
    assert refused.returncode == 2 and "choose another" in refused.stderr and "Traceback" not in refused.stderr


def test_the_extension_takes_the_session_that_is_open(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second client would be another performer, who cannot undo what the first one did."""
    from groovelive.live import ipython

    monkeypatch.setenv("GROOVELIVE_REALTIME", "0")
    with gl.open(by="maria") as live:
        assert ipython.load(shell) is live and ipython.load(shell) is live


def test_words_are_the_modules_words() -> None:
    assert set(words.__all__) <= set(gl.__all__)
    assert all(getattr(gl, name) is getattr(words, name) for name in words.__all__)
