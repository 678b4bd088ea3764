"""The Python of docs/live.md runs, top to bottom, on the simulated clock; and the page knows every control."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from groovelive.score.controls import CONTROLS, SESSION_CONTROLS, Control
from tests.support.paths import DOCS

PAGE = (DOCS / "live.md").read_text(encoding="utf-8")


def test_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GROOVELIVE_REALTIME", "0")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for snippet in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(snippet, "live.md", "exec"), names)
    assert len(names["again"].events) > 20  # type: ignore[attr-defined]


def test_the_tables_name_every_control_once() -> None:
    assert sorted(name for name, *_ in rows("control")) == sorted(CONTROLS)
    internal = {"origin", "knob"}  # what a replay sets, and what `gl.learn` sets
    assert sorted(name for name, *_ in rows("of the session")) == sorted(SESSION_CONTROLS.keys() - internal)


@pytest.mark.parametrize(("heading", "controls"), [("control", CONTROLS), ("of the session", SESSION_CONTROLS)])
def test_the_tables_tell_ranges_and_defaults(heading: str, controls: dict[str, Control]) -> None:
    for name, typed, default, _ in rows(heading):
        control = controls[name]
        if control.kind in ("number", "whole"):
            assert f"{control.low:.7g} to {control.high:.10g}{' ' + control.unit if control.unit else ''}" in typed, (
                name
            )
        elif control.kind == "choice":
            assert re.findall(r'"(\w+)"', typed) == list(control.choices), name
        elif control.kind == "switch":
            assert typed == "True or False" or re.search(rf"{name}\(|@d1\.{name}", typed), name
        if isinstance(control.default, bool):
            assert default == str(control.default), name
        elif isinstance(control.default, int | float):
            assert float(default) == control.default, name
        elif isinstance(control.default, str):
            assert default == f'`"{control.default}"`', name
        else:
            assert default and not re.match(r"[\d`]|True|False", default), name


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the table whose first heading this is: name, what is typed, default, what it does."""
    table = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    return [[row[0].strip("`"), *row[1:]] for row in cells]
