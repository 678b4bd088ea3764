"""The Python of docs/sync.md runs, with clocks that are always there; and it names every leader and every figure."""

from __future__ import annotations

import re

import pytest

from groovelive.conductor.offline import Offline
from groovelive.protocol import session as messages
from groovelive.score.clocks import AnyClock, name_of
from tests.support.paths import DOCS

PAGE = (DOCS / "sync.md").read_text(encoding="utf-8")


def test_python(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, AnyClock | None]] = []
    ask = Offline.ask

    def answer(self: Offline, request: messages.AnyRequest) -> messages.AnyReply:
        if isinstance(request, messages.Follow | messages.LeadRequest):
            asked.append((type(request).__name__, request.clock))
            return messages.Done()
        return ask(self, request)

    monkeypatch.setattr(Offline, "ask", answer)
    monkeypatch.setenv("GROOVELIVE_REALTIME", "0")
    names: dict[str, object] = {}
    for snippet in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(snippet, "sync.md", "exec"), names)
    assert [what for what, _ in asked] == ["Follow"] * 3 + ["LeadRequest"] * 4
    for clock in {clock for _, clock in asked if clock is not None}:
        assert name_of(clock).partition(" '")[0] in PAGE


def test_figures() -> None:
    rows = re.findall(r"^\| (.+?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", PAGE, re.M)
    assert len(rows) == 6
    for _, *figures in rows:
        assert sorted(map(float, figures)) == list(map(float, figures))
