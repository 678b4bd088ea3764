"""Every snippet of README.md does what it says."""

from __future__ import annotations

import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

import groovelive as gl
from groovelive.cli import main as cli
from groovelive.live import api as words
from groovelive.live.welcome import FIRST_LINES
from groovelive.midi_files import reader as midifile
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line for language, text in SNIPPETS if language == "sh" for line in text.splitlines() if line]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
# Commands that need the data set, the network or hours: their work has tests of its own.
NOT_RUN = ("groovelive data ", "groovelive train ", "groovelive evaluate ")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    midifile.write("song.mid", gl.parse("hh*8", bars=4), tempo=93)


def test_every_snippet_is_of_a_kind_that_is_tested() -> None:
    assert {language for language, _ in SNIPPETS} == {"sh", "python", "text"}
    assert sum(language == "text" for language, _ in SNIPPETS) == 1  # the picture
    kinds = ("groovelive ", "pip install ", "make ", "git clone ", ". .venv/", ".venv/bin/groovelive")
    assert COMMANDS and all(line.startswith(kinds) for line in COMMANDS)


def test_the_picture_is_what_is_played() -> None:
    _, picture = re.findall(r">>> (.*)\n((?:\w+ +[▁-█·│]+\n)+)", README)[0]
    call = re.findall(r">>> (gl\.load\(\)\.drum\(.*\))", README)[0]
    rows = {line.split()[0]: line.split()[1] for line in picture.splitlines()}
    played = repr(eval(call, {"gl": gl})).splitlines()
    assert rows == {line.split()[0]: line.split()[1] for line in played if line.split()[0] in gl.VOICES}


def test_the_picture_shows_a_drummer() -> None:
    picture = next(text for language, text in SNIPPETS if language == "text")
    rows = {
        name: cells.replace("│", "") for name, cells in re.findall(r"^(\w+) +([·x▁-█│]{33})", picture, re.MULTILINE)
    }
    typed = {step for step, cell in enumerate(rows.pop("typed")) if cell == "x"}
    played = {(name, step) for name, cells in rows.items() for step, cell in enumerate(cells) if cell != "·"}
    assert typed == {step for step in range(32) if step % 8 in (0, 3, 6)}
    assert {("kick", 0), ("kick", 16), ("snare", 4), ("snare", 12), ("snare", 20), ("snare", 28)} <= played
    assert len({step for _, step in played} - typed) >= 4  # it keeps time between what was typed
    call = re.search(r">>> (.*)", picture)
    assert call is not None
    answer = eval(call[1], {"gl": gl})
    assert answer.bars == 2 and len(answer) > 20


@pytest.mark.synth
@pytest.mark.parametrize("text", [text for language, text in SNIPPETS if language == "python"])
def test_python(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROOVELIVE_REALTIME", "0")
    script = "import groovelive" in text
    with gl.open(realtime=False) as live:
        names = {} if script else words.in_reach(live)
        exec(compile(text, "README.md", "exec"), names)
        live = words.session() if script else live
        assert live.score.value("d1", "source", float("inf")) is None  # what it starts, it stops
    assert len([line for line in text.splitlines() if line]) <= 10
    assert midifile.read("song.mid").groove.bars == (8 if script else 4)
    assert len(midifile.read("song.mid").groove) > 30 and Path("song.wav").stat().st_size > 1_000_000


def test_the_first_lines_are_those_that_a_shell_shows() -> None:
    first = next(text for language, text in SNIPPETS if language == "python")
    assert all(line in first for line, _ in FIRST_LINES)


def test_every_page_is_reached_from_here() -> None:
    """From the README, through the pages that it names."""
    reached, fresh = set(), {ROOT / "README.md"}
    while fresh:
        page = fresh.pop()
        reached.add(page)
        links = re.findall(r"\]\(([\w/.-]+\.md)\)", page.read_text(encoding="utf-8"))
        fresh |= {(page.parent / link).resolve() for link in links} - reached
    assert set((ROOT / "docs").glob("*.md")) <= reached


@pytest.mark.synth
@pytest.mark.parametrize("line", [c for c in COMMANDS if c.startswith("groovelive ") and not c.startswith(NOT_RUN)])
def test_groovelive(line: str) -> None:
    words = shlex.split(line)[1:]
    assert cli.main(words) == 0
    for option, name in pairwise(words):
        assert option != "-o" or Path(name).stat().st_size > 0


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith(NOT_RUN)])
def test_commands_that_are_not_run_exist(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = shlex.split(line)[1]
    assert cli.main([]) == 0
    assert re.search(rf"^ +{command} ", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("pip install ")])
def test_extras_exist(line: str) -> None:
    for extra in re.findall(r"\[(\w+)\]", line):
        assert extra in EXTRAS


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make ")])
def test_make_targets_exist(line: str) -> None:
    assert re.search(rf"^{line.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_data_and_its_authors_are_named() -> None:
    assert "Groove MIDI Dataset" in README and "CC BY 4.0" in README and "Google LLC" in README
