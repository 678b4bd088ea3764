"""Words that list what can be named: `genres` and `presets`, with or without parentheses."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Read = Callable[[], Mapping[str, str]]


class Listed(Sequence[str]):
    """Names that can be typed: a list that reads itself when it is looked at, and prints each name once.

    Args:
        about: what they are, and how one is typed.
        read: returns the names, and of what kind each is, or "".

    >>> names = Listed("colours", lambda: {"red": "warm", "blue": "cold"})
    >>> list(names), "red" in names, names() is names, names[0]
    (['red', 'blue'], True, True, 'red')
    >>> names
    2 colours
      warm  red
      cold  blue
    """

    def __init__(self, about: str, read: Read) -> None:
        self._about, self._read = about, read

    def __call__(self) -> Listed:
        return self

    def __len__(self) -> int:
        return len(self._read())

    def __getitem__(self, key: Any) -> Any:
        return list(self._read())[key]

    def __eq__(self, other: object) -> bool:
        return list(self) == (list(other) if isinstance(other, Listed) else other)

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        kinds: dict[str, list[str]] = {}
        for name, kind in self._read().items():
            kinds.setdefault(kind, []).append(name)
        width = max(map(len, kinds), default=0)
        lines = [f"{len(self)} {self._about}"]
        for kind, names in kinds.items():
            lines += textwrap.wrap(
                ", ".join(names), 100, initial_indent=f"  {kind:{width}}  " if width else "  ",
                subsequent_indent=" " * (width + 4),
            )  # fmt: skip
        return "\n".join(lines)
