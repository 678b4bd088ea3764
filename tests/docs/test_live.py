"""The Python of docs/live.md runs, top to bottom, on the simulated clock; and the page knows every control."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from groovelive.score.controls import CONTROLS
from tests.support.paths import DOCS

PAGE = (DOCS / "live.md").read_text(encoding="utf-8")


def test_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GROOVELIVE_REALTIME", "0")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for snippet in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(snippet, "live.md", "exec"), names)
    assert len(names["again"].events) > 20  # type: ignore[attr-defined]


def test_every_control_is_named() -> None:
    said = {word for text in re.findall(r"`([^`]*)`", PAGE) for word in re.findall(r"\w+", text)}
    said |= {word for text in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) for word in re.findall(r"\w+", text)}
    assert {name for name, c in CONTROLS.items() if c.kind not in ("source",)} <= said
