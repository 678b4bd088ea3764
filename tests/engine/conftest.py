"""An engine that the tests of a file share, and folders of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine_process import process


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of an engine in a process of its own."""
    with process() as (address, _):
        yield address


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runtime folder of a user who has neither models nor keys."""
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("GROOVELIVE_CONFIG", str(tmp_path / "config"))
    return tmp_path / "run"
