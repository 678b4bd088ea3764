"""Every environment variable stands in the table of docs/environment.md, and nothing else does."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("groovelive", "ableton", "supercollider", "examples", "tests", ".ci", "Makefile")
VARIABLE = re.compile(r"GROOVELIVE_[A-Z_]+")
TEXT = {".py", ".sc", ".scd", ".sh", ".toml", ""}


def test_the_table_has_every_variable() -> None:
    used: set[str] = set()
    for name in SOURCES:
        place = ROOT / name
        for path in [place] if place.is_file() else place.rglob("*"):
            if path.is_file() and path.suffix in TEXT and path != Path(__file__):
                used.update(VARIABLE.findall(path.read_text(errors="replace")))
    rows = re.findall(r"^\| `(GROOVELIVE_[A-Z_]+)` \|", (ROOT / "docs" / "environment.md").read_text(), re.M)
    assert sorted(rows) == sorted(used)
