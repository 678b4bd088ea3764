"""A pattern as a pure function of time: which events begin between two moments, counted in cycles."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any, Generic, NamedTuple, TypeVar

from ..errors import GrooveError
from .nodes import Node, Span

T = TypeVar("T")

MAX_EVENTS_PER_QUERY = 1_000_000


class PatternEvent(NamedTuple, Generic[T]):
    """One event of a pattern: it begins at `begin` and lasts until `end`, both in cycles (bars) and exact."""

    begin: Fraction
    end: Fraction
    value: T


class TimePattern(Generic[T]):
    """A pattern that can be asked, as often and in whatever order one likes, what happens when.

    It holds no position and no random state: the same question always has the same answer. Make one with
    `groovelive.notation.parser.pattern`.

    >>> from groovelive.notation.parser import pattern
    >>> density = pattern("<.3 .5 .5 .9>")
    >>> [density.at(bar) for bar in range(5)]
    [0.3, 0.5, 0.5, 0.9, 0.3]
    """

    __slots__ = ("_root", "text")

    def __init__(self, root: Node, text: str) -> None:
        self._root = root
        self.text = text

    def __repr__(self) -> str:
        return f"TimePattern({self.text!r})"

    def query(self, begin: Fraction | float, end: Fraction | float) -> list[PatternEvent[T]]:
        """Return the events that begin at or after `begin` and before `end`, in time order.

        Events at the same moment are in the order of the text. An event is returned whole, also where it
        outlasts `end`, so that query(0, 2) is query(0, 1) followed by query(1, 2).

        Args:
            begin: in cycles (one cycle is one bar); may be negative.
            end: in cycles, not before `begin`.

        Raises:
            GrooveError: a time is not finite, `end` is before `begin`, or the answer would be huge.

        >>> from groovelive.notation.parser import pattern
        >>> [(str(e.begin), str(e.end), e.value) for e in pattern("a [b c]").query(0, 1)]
        [('0', '1/2', 'a'), ('1/2', '3/4', 'b'), ('3/4', '1', 'c')]
        """
        first, last = _moment(begin), _moment(end)
        if last < first:
            raise GrooveError(f"a query ends at or after its beginning, not at {end} before {begin}")
        if (last - first) * max(1, ceil(self._root.rate)) > MAX_EVENTS_PER_QUERY:
            raise GrooveError(f"a query from {begin} to {end} asks for too many events; ask for fewer bars")
        if first == last:
            return []
        spans: list[Span] = []
        self._root.emit(first, last, Fraction(1), Fraction(0), spans)
        events = [PatternEvent(s.begin, s.end, s.value) for s in spans if s.begin == s.part_begin >= first]
        events.sort(key=_by_begin)
        return events

    def at(self, position: Fraction | float) -> T | None:
        """Return the value that holds at `position` (in cycles), or None where the pattern rests.

        Of several values that hold at once, the one that began last counts; of those, the last in the text.

        >>> from groovelive.notation.parser import pattern
        >>> genre = pattern("funk@3 jazz")
        >>> genre.at(0.5), genre.at(0.75), genre.at(7.9)
        ('funk', 'jazz', 'jazz')
        """
        moment = _moment(position)
        spans: list[Span] = []
        self._root.emit(moment, moment, Fraction(1), Fraction(0), spans)
        spans.sort(key=_by_begin)
        value: T | None = spans[-1].value if spans else None
        return value


def _by_begin(event: PatternEvent[Any] | Span) -> Fraction:
    return event.begin


def _moment(time: Fraction | float) -> Fraction:
    try:
        return Fraction(time)
    except (TypeError, ValueError, OverflowError):
        raise GrooveError(f"a time is a finite number of cycles, not {time!r}") from None
