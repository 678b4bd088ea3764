"""Ableton Link with a second peer, both real processes in a network of their own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from groovelive import GrooveError
from groovelive.bench.linkpeer import apart
from tests.support.paths import ROOT

pytestmark = [pytest.mark.link, pytest.mark.timeout(240)]
NEAR = 0.002  # seconds; how near it is in fact, `groovelive bench playing` tells


def run(scenario: str, folder: Path) -> dict[str, Any]:
    try:
        done = apart(
            [sys.executable, "-m", "tests.support.link_peers", scenario, str(folder / "run")], {"PYTHONPATH": str(ROOT)}
        )
    except GrooveError as error:
        pytest.skip(str(error))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def met(errors: list[float]) -> bool:
    return len(errors) > 5 and max(map(abs, errors)) < NEAR


def test_a_peer_leads_is_killed_and_comes_back(tmp_path: Path) -> None:
    found = run("follow", tmp_path)
    assert met(found["phase"]) and found["followed"] < 1.5
    assert met(found["after"]) and met(found["started"])
    assert found["alone"] == [pytest.approx(100, abs=0.1), True]
    assert met(found["back"])
    told = [text for text in found["told"] if "Ableton Link" in text]
    assert [text.partition(",")[0] for text in told] == [
        "Ableton Link leads the tempo", "Ableton Link", "Ableton Link leads the tempo again",
    ], told  # fmt: skip
    assert found["by"] == ["link", "me"]


def test_a_peer_is_led(tmp_path: Path) -> None:
    found = run("lead", tmp_path)
    assert met(found["phase"]) and met(found["after"])
    assert found["bpm"] == [pytest.approx(180, abs=0.1), pytest.approx(111, abs=0.1), pytest.approx(111, abs=0.1)]
