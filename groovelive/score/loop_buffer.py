"""Two bars of what was played, and how they are kept from one question to the next.

A step belongs to the notes from a 32nd before it up to a 32nd after it, so that an early downbeat is the first step of
the loop to come. What a note meets within a 32nd, or on its step, in either of two loops, is the same stroke played
again, and only one of them stays: of two in the same pass the louder, else the newer.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from . import rhythms
from .edits import BEATS_PER_BAR, STEP
from .inputs import GRAIN, Played, strokes

LOOP = float(rhythms.LOOP * BEATS_PER_BAR)
NEAR = STEP / 2  # a 32nd
_KEPT = 64  # buffers

Take = Callable[[Any], Iterable["Hit"]]  # from an edit to its notes that are taken in


class Hit(NamedTuple):
    """A note in the buffer: its beat, its velocity 0..1, and the beat from which loops are counted."""

    beat: float
    velocity: float
    origin: float = 0.0

    @property
    def step(self) -> int:
        """The 16th, counted from the origin, that it belongs to."""
        return math.floor((self.beat - self.origin) / STEP + 0.5)

    @property
    def line(self) -> float:
        """The beat of that 16th."""
        return self.step * STEP + self.origin


class Buffer:
    """Two bars into which notes are played.

    >>> buffer = Buffer()
    >>> for beat, velocity in ((0.0, 0.5), (0.1, 0.9), (8.02, 0.2)):
    ...     buffer.add(Hit(beat, velocity))
    >>> [(hit.beat, hit.velocity) for hit in buffer.hits.values()]
    [(8.02, 0.2)]
    """

    def __init__(self, begun: int = 0) -> None:
        self.hits: dict[int, Hit] = {}  # by step of the loop
        self.begun = self.taken = begun  # edits of the log: the first, and the one after the last, that were taken in
        self.last: object = None

    def add(self, hit: Hit) -> None:
        """Take a note in, or not."""
        step = hit.step % rhythms.LOOP_STEPS
        rivals = []
        for place in ((step - 1) % rhythms.LOOP_STEPS, step, (step + 1) % rhythms.LOOP_STEPS):
            other = self.hits.get(place)
            if other is not None and (place == step or _apart(hit, other) < NEAR):
                if abs(hit.beat - other.beat) <= STEP and other.velocity >= hit.velocity:
                    return
                rivals.append(place)
        for place in rivals:
            del self.hits[place]
        self.hits[step] = hit


def _apart(one: Hit, other: Hit) -> float:
    """Return the way between two notes in the loop, the shorter one."""
    beats = (one.beat - one.origin - other.beat + other.origin) % LOOP
    return min(beats, LOOP - beats)


class Buffers:
    """The buffers of a score: what the notes up to a beat leave, worked out from where it was asked for last."""

    def __init__(self) -> None:
        self._kept: dict[Any, Buffer] = {}

    def at(
        self,
        key: Any,
        lane: Sequence[Any],
        beats: Sequence[float],
        span: tuple[float, float],
        ports: set[str],
        take: Take,
    ) -> list[tuple[int, Hit]]:
        """Return what is in a buffer at the end of a span, before anything is forgotten, by step.

        Args:
            key: what tells it from others.
            lane, beats: the edits that hold what was played, and their beats.
            span: the beats between which notes count; those before may be left out.
            ports: that are heard.
            take: returns the notes of an edit.
        """
        until = min(bisect_right(beats, span[1]), len(lane))  # a thread may be adding to it
        begin = _rest(lane, min(bisect_left(beats, span[0]), until), ports)
        buffer = self._kept.get(key)
        if buffer is None or not _goes_on(buffer, lane, begin):
            buffer = self._new(key, begin)
        elif buffer.taken > until:
            # Of a beat before the last that was asked for; it may be asked for again, and so may the later one.
            key = (key, "past")
            buffer = self._kept.get(key)
            if buffer is None or buffer.taken > until or not _goes_on(buffer, lane, begin):
                buffer = self._new(key, begin)
        for edit in lane[buffer.taken : until]:
            for hit in take(edit):
                buffer.add(hit)
        if until > buffer.taken:
            buffer.taken, buffer.last = until, lane[until - 1]
        return sorted(buffer.hits.items())

    def _new(self, key: Any, begin: int) -> Buffer:
        self._kept.pop(key, None)
        while len(self._kept) >= _KEPT:
            self._kept.pop(next(iter(self._kept)))
        buffer = self._kept[key] = Buffer(begin)
        return buffer


def _goes_on(buffer: Buffer, lane: Sequence[Any], begin: int) -> bool:
    """Return whether a buffer begins early enough, and the log is still what it has taken in."""
    if buffer.begun > begin or buffer.taken > len(lane):
        return False
    return buffer.last is None or lane[buffer.taken - 1] is buffer.last


def _rest(lane: Sequence[Any], index: int, ports: set[str]) -> int:
    """Return the last edit up to one before which a 16th or more was nothing played: what is older changes nothing."""
    after: Any = None
    for k in range(index, -1, -1):
        if k == len(lane):
            continue
        edit = lane[k]
        assert isinstance(edit.value, Played)
        if edit.value.port not in ports:
            continue
        if after is not None and after - edit.beat > STEP:
            return k + 1
        after = edit.beat - strokes(edit.value.notes)[0].ago / GRAIN
    return 0
