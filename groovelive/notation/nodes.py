"""The nodes that a pattern is built of: each answers which of its events touch a span of time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from hashlib import blake2b
from math import ceil, floor
from typing import Any, NamedTuple

Time = Fraction | int


class Span(NamedTuple):
    """An event as the nodes pass it on: its whole, and the part of it that lies in the asked span."""

    begin: Fraction
    end: Fraction
    part_begin: Fraction
    part_end: Fraction
    value: Any


def bjorklund(pulses: int, steps: int) -> tuple[bool, ...]:
    """Spread `pulses` over `steps` as evenly as possible, starting on a pulse.

    Pairs up the groups of pulses and rests until at most one group is left over (E. Bjorklund, "The theory of
    rep-rate pattern generation in the SNS timing system", 2003; G. Toussaint, "The Euclidean algorithm
    generates traditional musical rhythms", 2005). A negative number of pulses gives the complement: rests
    where the pulses would be. More pulses than steps fill every step.

    >>> "".join("x" if hit else "." for hit in bjorklund(5, 8))
    'x.xx.xx.'
    >>> "".join("x" if hit else "." for hit in bjorklund(-3, 8))
    '.xx.xx.x'
    """
    count = min(abs(pulses), steps)
    groups: list[tuple[bool, ...]] = [(True,)] * count
    rest: list[tuple[bool, ...]] = [(False,)] * (steps - count)
    while groups and len(rest) > 1:
        pairs = min(len(groups), len(rest))
        left = groups[pairs:] or rest[pairs:]
        groups, rest = [a + b for a, b in zip(groups, rest, strict=False)], left
    hits = tuple(hit for group in groups + rest for hit in group)
    return tuple(not hit for hit in hits) if pulses < 0 else hits


def chance(seed: int, place: int, time: Time) -> float:
    """Return a number 0 <= r < 1 that depends on nothing but its arguments.

    `place` keeps two random marks in one text apart, `time` is when the event begins.

    >>> chance(0, 0, 1) == chance(0, 0, Fraction(1)) != chance(0, 1, 1)
    True
    """
    digest = blake2b(f"{seed}/{place}/{time}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56


class Node:
    """A part of a pattern; `rate` bounds the events and the work of a cycle, `height` is its nesting."""

    __slots__ = ("height", "rate")

    rate: Time
    height: int

    def __init__(self, rate: Time, parts: Sequence[Node] = ()) -> None:
        self.rate = rate
        self.height = 1 + max((part.height for part in parts), default=0)

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        """Append to `out` all spans that touch [begin, end); begin == end asks for that one moment.

        `begin` and `end` are in the node's own time t; spans are written in the pattern's: scale * t + shift.
        """
        raise NotImplementedError


class Rest(Node):
    """Silence."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(1)

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        return


class Pure(Node):
    """One value, once per cycle, as long as the cycle: what Tidal calls `pure`."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        super().__init__(1)
        self.value = value

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        value, cycles = self.value, _cycles(begin, end)
        last = scale * cycles.start + shift
        for cycle in cycles:
            first, last = last, last + scale
            part_first = first if begin <= cycle else scale * begin + shift
            part_last = last if cycle + 1 <= end else scale * end + shift
            out.append(Span(first, last, part_first, part_last, value))


class Sequenced(Node):
    """Nodes one after the other within each cycle, as long as their weights say."""

    __slots__ = ("_slots", "_starts")

    def __init__(self, steps: Sequence[tuple[Node, Fraction]]) -> None:
        super().__init__(sum(node.rate for node, _ in steps), [node for node, _ in steps])
        total = sum(weight for _, weight in steps)
        widths: dict[Fraction, Fraction] = {}
        self._slots: list[tuple[Fraction, Fraction, Fraction, Node]] = []
        start = Fraction(0)
        for node, weight in steps:
            width = widths.setdefault(weight, weight / total)
            stop = start + width
            if not isinstance(node, Rest):
                self._slots.append((start, stop, width, node))
            start = stop
        self._starts = [slot[0] for slot in self._slots]

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        known, inner = None, scale
        for cycle in _cycles(begin, end):
            first: Time = begin - cycle if begin > cycle else 0
            last: Time = end - cycle if end < cycle + 1 else 1
            origin = scale * cycle + shift if cycle else shift
            inside = first == 0 and last == 1
            for start, stop, width, node in (
                self._slots if inside else self._slots[max(0, bisect_right(self._starts, first) - 1) :]
            ):
                if stop <= first:
                    continue
                if start >= last and start > first:
                    break
                if width is not known:
                    known, inner = width, scale * width
                slot = scale * start + origin
                if inside and type(node) is Pure:  # the common case, without most of the fractions
                    slot_end = slot + inner
                    out.append(Span(slot, slot_end, slot, slot_end, node.value))
                    continue
                low = (first - start) / width if first > start else 0
                high = (last - start) / width if last < stop else 1
                slot_shift = slot - inner * cycle if cycle else slot
                node.emit(cycle + low, cycle + high, inner, slot_shift, out)


class Stack(Node):
    """Nodes at the same time."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[Node]) -> None:
        super().__init__(sum(part.rate for part in parts), parts)
        self._parts = tuple(parts)

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        for part in self._parts:
            part.emit(begin, end, scale, shift, out)


class Choice(Node):
    """One of several nodes, drawn anew for each cycle."""

    __slots__ = ("_parts", "_place", "_seed")

    def __init__(self, parts: Sequence[Node], seed: int, place: int) -> None:
        super().__init__(max(part.rate for part in parts), parts)
        self._parts, self._seed, self._place = tuple(parts), seed, place

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        for cycle in _cycles(begin, end):
            draw = chance(self._seed, self._place, scale * cycle + shift)
            part = self._parts[int(draw * len(self._parts))]
            part.emit(max(begin, cycle), min(end, cycle + 1), scale, shift, out)


class Fast(Node):
    """A node `factor` times as fast."""

    __slots__ = ("_factor", "_part")

    def __init__(self, part: Node, factor: Fraction) -> None:
        # Never under 1: to ask a slow part costs a visit even where it has nothing to say.
        super().__init__(max(Fraction(1), part.rate * factor), [part])
        self._part, self._factor = part, factor

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        factor = self._factor
        self._part.emit(begin * factor, end * factor, scale / factor, shift, out)


class Early(Node):
    """A node that happens `by` cycles earlier."""

    __slots__ = ("_by", "_part")

    def __init__(self, part: Node, by: Fraction) -> None:
        super().__init__(part.rate, [part])
        self._part, self._by = part, by

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        by = self._by
        self._part.emit(begin + by, end + by, scale, shift - scale * by, out)


class Thinned(Node):
    """A node that loses each of its events with a probability."""

    __slots__ = ("_part", "_place", "_probability", "_seed")

    def __init__(self, part: Node, probability: float, seed: int, place: int) -> None:
        super().__init__(part.rate, [part])
        self._part, self._probability, self._seed, self._place = part, probability, seed, place

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        spans: list[Span] = []
        self._part.emit(begin, end, scale, shift, spans)
        out.extend(s for s in spans if chance(self._seed, self._place, s.begin) >= self._probability)


class Marked(Node):
    """A node whose values are combined with the number that a second node has when each of them begins."""

    __slots__ = ("_mark", "_numbers", "_part")

    def __init__(self, part: Node, numbers: Node, mark: Callable[[Any, Fraction], Any]) -> None:
        super().__init__(part.rate, [part, numbers])
        self._part, self._numbers, self._mark = part, numbers, mark

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        spans: list[Span] = []
        self._part.emit(begin, end, scale, shift, spans)
        for span in spans:
            found: list[Span] = []
            onset = (span.begin - shift) / scale
            self._numbers.emit(onset, onset, Fraction(1), Fraction(0), found)
            value = self._mark(span.value, found[-1].value) if found else span.value
            out.append(span._replace(value=value))


class Varied(Node):
    """A node that is made anew from the values of other nodes, for as long as those values last."""

    __slots__ = ("_arguments", "_make")

    def __init__(self, arguments: Sequence[Node], make: Callable[..., Node], largest: Node) -> None:
        rate: Time = largest.rate
        for argument in arguments:
            rate *= max(1, ceil(argument.rate))
        super().__init__(rate, [*arguments, largest])
        self._arguments, self._make = tuple(arguments), cache(make)

    def emit(self, begin: Time, end: Time, scale: Fraction, shift: Fraction, out: list[Span]) -> None:
        spans: list[tuple[Time, Time, tuple[Any, ...]]] = [(begin, end, ())]
        for argument in self._arguments:
            split: list[tuple[Time, Time, tuple[Any, ...]]] = []
            for first, last, values in spans:
                found: list[Span] = []
                argument.emit(first, last, Fraction(1), Fraction(0), found)
                split += [(s.part_begin, s.part_end, (*values, s.value)) for s in found]
            spans = split
        for first, last, values in spans:
            self._make(*values).emit(first, last, scale, shift, out)


def _cycles(begin: Time, end: Time) -> range:
    first = floor(begin)
    return range(first, max(first + 1, ceil(end)))
