"""Every example and notebook runs from a clean state, on the simulated clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import EXAMPLES

SCRIPTS = sorted(EXAMPLES.glob("*.py"))
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))

RUNNER = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] == "code":
        result = shell.run_cell("".join(cell["source"]), store_history=False)
        if result.error_before_exec or result.error_in_exec:
            sys.exit("".join(cell["source"]))
"""


def run(*words: str, folder: Path) -> str:
    environment = os.environ | {"GROOVELIVE_REALTIME": "0"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and not done.stderr, done.stderr + done.stdout
    return done.stdout


def test_there_are_examples() -> None:
    assert [path.name[:2] for path in SCRIPTS if path.name[0].isdigit()] == [f"{k:02}" for k in range(13)]
    assert len(NOTEBOOKS) == 2


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script(script: Path, tmp_path: Path) -> None:
    lines = [line for line in script.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(lines) <= (40 if script.stem == "performance" else 30), "an example shows one idea"
    shown = run(str(script), folder=tmp_path)
    assert script.stem == "performance" or shown.strip()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(notebook: Path, tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") for cell in cells), "notebooks are kept without outputs"
    assert "notes of d1" in run("-c", RUNNER, str(notebook), folder=tmp_path)
