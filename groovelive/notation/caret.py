"""The error that shows a text with carets under what is wrong in it."""

from __future__ import annotations

from ..errors import GrooveError

_SHOWN = 76  # characters of a long line that are shown


class NotationError(GrooveError):
    """Text that cannot be read: `reason` says why, `position` and `length` say where in `text`.

    >>> print(NotationError("unknown drum 'sm'", "bd sm", position=3, length=2))
    unknown drum 'sm'
      bd sm
         ^^
    """

    def __init__(self, reason: str, text: str, position: int, length: int = 1) -> None:
        self.reason = reason
        self.text = text
        self.position = position
        self.length = length
        super().__init__(reason, text, position, length)

    def __str__(self) -> str:
        start = self.text.rfind("\n", 0, self.position) + 1
        line = self.text[start:].split("\n", 1)[0]
        column = self.position - start
        left = max(0, column - _SHOWN // 2) if len(line) > _SHOWN else 0
        shown = "".join(c if c.isprintable() else " " for c in line[left : left + _SHOWN])
        carets = "^" * max(1, min(self.length, len(shown) - (column - left)))
        return f"{self.reason}\n  {shown}\n  {' ' * (column - left)}{carets}"
