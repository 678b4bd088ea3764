"""The Python of docs/engine.md does what it says, with an engine that is found as a user's is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from groovelive.cli import main as cli
from tests.support.paths import DOCS

PAGE = (DOCS / "engine.md").read_text(encoding="utf-8")


def test_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("GROOVELIVE_CONFIG", str(tmp_path / "config"))
    snippets = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert snippets
    engine = subprocess.Popen(
        [sys.executable, "-m", "groovelive", "engine"], stdout=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    try:
        assert engine.stdout is not None and "engine at" in engine.stdout.readline()
        for snippet in snippets:
            exec(compile(snippet, "engine.md", "exec"), {})
        assert "snare" in capsys.readouterr().out
        assert cli.main(["status", "--json"]) == 0 and '"answers": true' in capsys.readouterr().out
    finally:
        assert cli.main(["stop"]) == 0
        engine.wait(10)
        if engine.stdout is not None:
            engine.stdout.close()
