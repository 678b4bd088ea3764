"""The table of controls in docs/live.md names each control once, with the range and the default of the code."""

from __future__ import annotations

import re

import pytest

from groovelive.score.controls import CONTROLS, SESSION_CONTROLS, Control
from tests.support.paths import DOCS

PAGE = (DOCS / "live.md").read_text(encoding="utf-8")
WORDLESS = (
    "source",
    "moves",
    "outs",
    "names",
    "knob",
    "mark",
)  # no range but what is typed, and no default in the code


def table(first: str) -> list[tuple[str, str, str]]:
    """Return the names, ranges and defaults in the rows of a table, by the head of its first column."""
    found = re.search(rf"^\| {first} \|.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[0].strip().splitlines()[2:]]
    return [(name.strip("`"), span, default) for name, span, default, _ in rows]


def span(control: Control) -> str:
    if control.kind in ("number", "whole"):
        return f"{control.low:.10g} to {control.high:.10g} {control.unit}".strip()
    if control.kind == "choice":
        return ", ".join(f'`"{choice}"`' for choice in control.choices)
    return {"switch": "True or False", "point": "a point", "genre": "a genre"}[control.kind]


def default(control: Control) -> str:
    if control.default is None:
        return "none" if control.kind in ("point", "switch", "whole") else "the model's"
    if isinstance(control.default, str):
        return f'`"{control.default}"`'
    return f"{control.default:g}" if isinstance(control.default, float) else str(control.default)


def test_each_control_stands_there_once() -> None:
    assert [name for name, _, _ in table("control")] == list(CONTROLS)
    assert {name for name, _, _ in table("of the session")} <= set(SESSION_CONTROLS)


@pytest.mark.parametrize("name", [name for name, control in CONTROLS.items() if control.kind not in WORDLESS])
def test_range_and_default_are_those_of_the_code(name: str) -> None:
    said = {row[0]: row[1:] for row in table("control")}[name]
    if said[0].startswith("`") and CONTROLS[name].kind in (
        "switch",
        "whole",
    ):  # the verb that is typed in place of a value
        assert said[1] == default(CONTROLS[name])
    else:
        assert said == (span(CONTROLS[name]), default(CONTROLS[name]))


@pytest.mark.parametrize("name", [row[0] for row in table("of the session")])
def test_those_of_the_session(name: str) -> None:
    said = {row[0]: row[1:] for row in table("of the session")}[name]
    assert said == (span(SESSION_CONTROLS[name]), default(SESSION_CONTROLS[name]))
