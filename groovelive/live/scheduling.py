"""When an edit is due: the block `with at(...)`, and lists of edits as a performer reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import GrooveError
from ..protocol.session import Draft, When
from ..score.edits import Edit, bar_of, plain
from ..score.score import Score

if TYPE_CHECKING:
    from .session import Live

_IN = re.compile(r"\+\s*(\d+(?:\.\d+)?)\s*(bars?|beats?)?")


class Now:
    """The moment: as soon as a note can still be changed."""

    def __repr__(self) -> str:
        return "now"


now = Now()


def when_of(when: Any) -> When:
    """Return what a performer means by a time.

    Args:
        when: `now`; "+8" or "+8 bars", counted from the bar that plays; "+2 beats"; a bar's number; "next".

    Raises:
        GrooveError: it is none of these.

    >>> when_of("+8"), when_of("+2 beats").at, when_of(33).number
    (When(at='bars', number=8.0), 'beats', 33.0)
    """
    if isinstance(when, When):
        return when
    if isinstance(when, Now) or when == "now":
        return When("now")
    if when == "next":
        return When()
    if isinstance(when, int | float) and not isinstance(when, bool):
        if when < 1 or when != int(when):
            raise GrooveError(f"bars are numbered from 1; there is no bar {when:g}")
        return When("bar", float(when))
    if isinstance(when, str) and (found := _IN.fullmatch(when.strip())):
        return When("beats" if (found[2] or "").startswith("beat") else "bars", float(found[1]))
    raise GrooveError(f"a time is written as '+8' (bars), '+2 beats', a bar's number, or now; not as {when!r}")


class At:
    """A block whose edits are all due at one moment; see `groovelive.at`."""

    def __init__(self, live: Live, when: Any, over: float) -> None:
        self.when = when_of(when)
        if isinstance(over, bool) or not isinstance(over, int | float) or not 0 <= over <= 256:
            raise GrooveError(f"over is a number of bars from 0 to 256, not {over!r}")
        self.over = float(over)
        self.drafts: list[Draft] = []
        self._live = live

    def add(self, drafts: Sequence[Draft]) -> None:
        """Collect edits; the last of one control counts."""
        for draft in drafts:
            self.drafts = [d for d in self.drafts if (d.drummer, d.path) != (draft.drummer, draft.path)]
            self.drafts.append(draft)

    def __enter__(self) -> At:
        self._live.opened(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._live.shut(self)
        if kind is None and self.drafts:
            self._live.send(self.drafts, self.when, self.over)


class History(Sequence[Edit]):
    """Edits, with bar numbers and who made them.

    Args:
        edits: in order.
        score: says which of them are undone.
    """

    def __init__(self, edits: Sequence[Edit], score: Score | None = None) -> None:
        self._edits = tuple(edits)
        self._undone = {
            k for k, e in enumerate(edits) if score is not None and e.group and score.undone(e.group)
        }  # fmt: skip

    def __len__(self) -> int:
        return len(self._edits)

    def __getitem__(self, key: Any) -> Any:
        return self._edits[key]

    def __repr__(self) -> str:
        if not self._edits:
            return "nothing"
        return "\n".join(self._line(k, edit) for k, edit in enumerate(self._edits))

    def _line(self, k: int, edit: Edit) -> str:
        bar, beat = bar_of(edit.beat), edit.beat % 4 + 1
        at = f"bar {bar}" if beat == 1 else f"bar {bar}, beat {beat:.2g}"
        what = f"{edit.drummer + '.' if edit.drummer else ''}{edit.path} = {plain(edit.value)}"
        over = f" over {edit.over:g} bars" if edit.over else ""
        return f"{at:16} {what}{over}  ({edit.by}{', undone' if k in self._undone else ''})"
