"""Where the parts of a checkout are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "groovelive"
TESTS = ROOT / "tests"
SUPPORT = TESTS / "support"
DOCS = ROOT / "docs"
EXAMPLES = ROOT / "examples"
REMOTE_SCRIPT = ROOT / "ableton" / "GrooveLive"
QUARK = ROOT / "supercollider"
