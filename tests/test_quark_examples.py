"""The examples of the Quark: each block is evaluated on a real server, with a real conductor, and is heard."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator

import pytest
from quark_session import QUARK, Part, Said, Serve, blocks, evaluate, free_port

EXAMPLES = sorted(path.name for path in (QUARK / "examples").glob("*.scd"))
# What would be heard beyond this machine, or needs what is not here: compiled, and not run.
NOT_RUN = re.compile(r"LinkClock|SuperDirt|~dirt|~link")
SILENT = {"superdirt.scd"}

pytestmark = [pytest.mark.supercollider, pytest.mark.jack]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Said]]:
    """Evaluate all examples, one after another."""
    folder = tmp_path_factory.mktemp("examples")
    name = f"groovelive-examples{os.getpid()}"
    environment = {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}
    quiet = subprocess.DEVNULL
    command = ["jackd", "-n", name, "-r", "-d", "dummy", "-r", "48000", "-p", "1024"]
    jack = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    serve = None
    try:
        time.sleep(0.7)
        serve = Serve(folder)
        parts = [Part(name, _steps((QUARK / "examples" / name).read_text(encoding="utf-8"))) for name in EXAMPLES]
        yield evaluate(parts, folder, serve.port, free_port(), **environment)
    finally:
        if serve is not None:
            serve.end()
        jack.terminate()
        jack.wait()


def _steps(text: str) -> list[tuple[str, bool, float | None]]:
    """Return blocks, each with its time: until it is heard where it begins to play, a bar where it changes that."""
    found: list[tuple[str, bool, float | None]] = []
    for each in blocks(text):
        wait = None if ".play" in each else 2.2 if re.search(r"Pdefn?\(\\\w+, ", each) else 0.25
        found.append((each, NOT_RUN.search(each) is None, wait))
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example(name: str, said: dict[str, Said]) -> None:
    assert said[name].faults() == [] and said[name].told() == [], said[name].text
    if name not in SILENT:
        assert said[name].peak > 0.02, said[name].text


def test_there_are_examples_for_what_is_promised() -> None:
    assert {"first-sound.scd", "controls-as-patterns.scd", "two-languages.scd", "listening.scd"} <= set(EXAMPLES)
    for name in EXAMPLES:
        text = (QUARK / "examples" / name).read_text(encoding="utf-8")
        assert text.startswith("/*\n") and len(text.splitlines()) < 90 and max(map(len, text.splitlines())) <= 120
        assert len(blocks(text)) > 3


def test_blocks_are_what_a_user_evaluates() -> None:
    assert blocks("/* a\n( b */\n// c\ns.boot;\n\n(\nx = (\n  1\n);\n)\ny\n") == [
        "s.boot;",
        "(\nx = (\n  1\n);\n)",
        "y",
    ]
