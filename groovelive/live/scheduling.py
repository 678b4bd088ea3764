"""When an edit is due: the block `with at(...)`, and lists of edits as a performer reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..checks import number
from ..protocol.due import when_of
from ..protocol.session import Draft, When
from ..score.edits import MAX_OVER, Edit
from ..score.score import Score
from ..score.sentences import lines


class BlockOwner(Protocol):
    """What a block collects its edits from, and gives them to: a session."""

    def opened(self, block: At) -> None:
        """Collect in a block what is set from now on."""
        ...

    def shut(self, block: At) -> None:
        """Collect no more."""
        ...

    def send(self, drafts: Sequence[Draft], when: When, over: float = 0.0) -> Any:
        """Send edits to the conductor."""
        ...


class At:
    """A block whose edits are all due at one moment; see `groovelive.at`."""

    def __init__(self, session: BlockOwner, when: Any, over: float) -> None:
        self.when = when_of(when)
        self.over = number("over", over, 0, MAX_OVER, "bars")
        self.drafts: list[Draft] = []
        self._session = session

    def add(self, drafts: Sequence[Draft]) -> None:
        """Collect edits; the last of one control counts."""
        for draft in drafts:
            self.drafts = [d for d in self.drafts if (d.drummer, d.path) != (draft.drummer, draft.path)]
            self.drafts.append(draft)

    def set(self, drummer: str, path: str) -> Any:
        """Return what was set in the block, or None."""
        found = [draft.value for draft in self.drafts if (draft.drummer, draft.path) == (drummer, path)]
        return found[-1] if found else None

    def __enter__(self) -> At:
        self._session.opened(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._session.shut(self)
        if kind is None and self.drafts:
            self._session.send(self.drafts, self.when, self.over)


class History(Sequence[Edit]):
    """Edits, which print as sentences: in which bar, who did what, the newest last.

    Args:
        edits: in order.
        score: says which of them are undone or called off.
    """

    def __init__(self, edits: Sequence[Edit], score: Score | None = None) -> None:
        self._edits, self._score = tuple(edits), score

    def __len__(self) -> int:
        return len(self._edits)

    def __getitem__(self, key: Any) -> Any:
        return self._edits[key]

    def __repr__(self) -> str:
        if not self._edits:
            return "nothing"
        return "\n".join(lines(self._edits, self._score))
