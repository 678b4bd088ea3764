"""The Python of docs/playing.md runs, top to bottom, on the simulated clock."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from groovelive.score.controls import CONTROLS
from tests.support.paths import DOCS

PAGE = (DOCS / "playing.md").read_text(encoding="utf-8")


def test_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GROOVELIVE_REALTIME", "0")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for snippet in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(snippet, "playing.md", "exec"), names)
    assert len(names["again"].events) > 20  # type: ignore[attr-defined]
    out, err = capsys.readouterr()
    assert out.startswith(" ") and "heard" in out and "adjusted" in out
    assert "d1.follow is turned by controller 21" in err


def test_responses_and_recordings_are_those_there_are() -> None:
    for name in ("response", "recording"):
        for choice in CONTROLS[name].choices:
            assert f'"{choice}"' in PAGE
