"""Examples, tutorial and docs/supercollider.md: each block is evaluated on a real server, and heard."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groovelive.cli import main as cli
from groovelive.grooves.grid import VOICES
from tests.support.paths import QUARK, ROOT
from tests.support.quark_session import Part, Said, Serve, blocks, evaluate
from tests.support.sclang_process import free_port

pytestmark = pytest.mark.timeout(300)

EXAMPLES = sorted(path.name for path in (QUARK / "examples").glob("*.scd"))
# What would be heard beyond this machine, or needs what is not here: compiled, and not run.
NOT_RUN = re.compile(r"LinkClock|SuperDirt|~dirt|~link")
SILENT = {"superdirt.scd"}
PAGE = (ROOT / "docs" / "supercollider.md").read_text(encoding="utf-8")

GUIDES = ["HelpSource/Guides/Drums-from-Python-and-SuperCollider.schelp"]
REAL = [pytest.mark.supercollider, pytest.mark.jack]


def _snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def _texts() -> dict[str, str]:
    """Return the code that is written for people to evaluate, by where it stands."""
    texts = {name: (QUARK / "examples" / name).read_text(encoding="utf-8") for name in EXAMPLES}
    tutorial = (QUARK / "HelpSource" / "Tutorials" / "GrooveLive-Tutorial.schelp").read_text(encoding="utf-8")
    texts["tutorial"] = "".join(re.findall(r"^code::\n(.*?)^::$", tutorial, re.MULTILINE | re.DOTALL))
    texts["page"] = "".join(_snippets("supercollider"))
    return texts


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, sound_server: dict[str, str]) -> Iterator[dict[str, Said]]:
    """Evaluate all examples, one after another."""
    folder = tmp_path_factory.mktemp("examples")
    environment = {name: sound_server[name] for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER")}
    serve = Serve(folder)
    try:
        parts = [Part(name, _steps(text)) for name, text in _texts().items()]
        yield evaluate(parts, folder, serve.port, free_port(), **environment)
    finally:
        serve.end()


def _steps(text: str) -> list[tuple[str, bool, float | None]]:
    """Return blocks, each with its time: until drums play where something begins to, a bar where it changes that."""
    found: list[tuple[str, bool, float | None]] = []
    for each in blocks(text):
        wait = None if ".play" in each else 2.2 if re.search(r"Pdefn?\(\\\w+, ", each) else 0.25
        found.append((each, NOT_RUN.search(each) is None, wait))
    return found


class TestWithAServer:
    """What a user evaluates."""

    pytestmark = REAL

    @pytest.mark.parametrize("name", [*EXAMPLES, "tutorial", "page"])
    def test_it_is_heard_and_nothing_is_wrong(self, name: str, said: dict[str, Said]) -> None:
        assert said[name].faults() == [] and said[name].told() == [], said[name].text
        if name not in SILENT:
            assert said[name].peak > 0.02 and said[name].strokes > 4, said[name]


def test_examples_are_short_and_say_what_they_are() -> None:
    assert len(EXAMPLES) >= 8
    for name in EXAMPLES:
        text = (QUARK / "examples" / name).read_text(encoding="utf-8")
        assert text.startswith("/*\n") and len(text.splitlines()) < 90 and max(map(len, text.splitlines())) <= 120
        assert len(blocks(text)) > 3


def test_blocks_are_what_a_user_evaluates() -> None:
    text = "/* a\n( b */\n// c\ns.boot;\n\n(\nx = (\n  1\n);\n)\ny\n"
    assert blocks(text) == ["s.boot;", "(\nx = (\n  1\n);\n)", "y"]


# The page


def test_its_python_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROOVELIVE_REALTIME", "0")
    for snippet in _snippets("python"):
        exec(compile(snippet, "supercollider.md", "exec"), {})


@pytest.mark.parametrize("name", ["examples/two-languages.scd", "examples/superdirt.scd", *GUIDES])
def test_python_beside_it_runs(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What an example, or the guide, says to type in Python."""
    text = (QUARK / name).read_text(encoding="utf-8")
    if name.endswith(".scd"):
        comments = "".join(re.findall(r"^/\*.*?^\*/", text, re.MULTILINE | re.DOTALL))
        parts = ["\n".join(re.findall(r"^\t(.*)$", part, re.MULTILINE)) for part in comments.split("In Python")]
    else:
        parts = re.findall(r"^teletype::\n(.*?)^::$", text, re.MULTILINE | re.DOTALL)
        rows = re.findall(r"^## code::(.*?):: \|\|", text, re.MULTILINE)
        parts += [row for row in rows if not re.search("open|scene", row)]
    monkeypatch.setenv("GROOVELIVE_REALTIME", "0")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for part in filter(str.strip, parts):
        exec(compile(part, name, "exec"), names)
        names.setdefault("d1", names["live"].d1)
        names["live"].run(bars=4)
    assert any("d1" in part for part in parts)


def test_its_commands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    for line in "".join(_snippets("sh")).splitlines():
        with pytest.raises(SystemExit, match="0"):
            cli.main([*shlex.split(line)[1:], "--help"])
        assert f"usage: {line}" in capsys.readouterr().out


def test_its_first_sound_has_ten_lines() -> None:
    assert len(_snippets("supercollider")[0].splitlines()) == 10


def test_it_names_every_voice_and_the_messages_that_there_are() -> None:
    assert all(f"`\\{voice}`" in PAGE for voice in VOICES)
    classes = "".join(path.read_text(encoding="utf-8") for path in (QUARK / "Classes").glob("*.sc"))
    for told in ("no answer from", "has no pattern yet", "of the OSC door"):
        assert told in classes and told in PAGE
