"""The examples in the docstrings of every module run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import groovelive

# What a module may need that a base installation lacks, and the extra that brings it.
EXTRAS = {"torch": "train", "onnx": "train", "matplotlib": "train", "nanosynth": "synth"}
# A program, not a library: importing it runs it.
PROGRAMS = {"groovelive.__main__"}

PACKAGE = sorted(found.name for found in pkgutil.walk_packages(groovelive.__path__, "groovelive."))
MODULES = ["groovelive", *(name for name in PACKAGE if name not in PROGRAMS)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name not in EXTRAS:
            raise
        pytest.skip(f"{missing.name} is not installed (extra {EXTRAS[missing.name]})")
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert failed == 0, "the report is in the captured output above"
