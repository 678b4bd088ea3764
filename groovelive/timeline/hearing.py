"""The tap buffer: what a drummer hears of all that was played, as a pure function of the log and a beat.

Two bars go round. A step belongs to the notes from a 32nd before it up to a 32nd after it, so that an early downbeat is
the first step of the loop to come. What a note meets within a 32nd, or on its step, in either of two loops, is the same
stroke played again, and only one of them stays: of two in the same pass the louder, else the newer.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import rhythms
from .ears import FOREVER, GRAIN, Ear, Hearing, Played, Role, loudness, strokes
from .edits import BEATS_PER_BAR, STEP, Outs, Rhythm
from .targets import Midi

if TYPE_CHECKING:
    from .score import Score

Floats = NDArray[np.float32]
LOOP = float(rhythms.LOOP * BEATS_PER_BAR)
NEAR = STEP / 2  # a 32nd
FULL = 14  # 16ths of a bar that are hit when it counts as dense; as in GrooveTransformer's adaptive memory
_SOURCES = 8  # sources that are looked at for the one that can be heard
_KEPT = 64  # buffers


class Hit(NamedTuple):
    """A note in the buffer: its beat, counted from the origin, and its velocity 0..1."""

    beat: float
    velocity: float

    @property
    def step(self) -> int:
        """The 16th from the origin that it belongs to."""
        return math.floor(self.beat / STEP + 0.5)


class Buffer:
    """Two bars of one role, into which notes are played.

    >>> buffer = Buffer()
    >>> for beat, velocity in ((0.0, 0.5), (0.1, 0.9), (8.02, 0.2)):
    ...     buffer.add(Hit(beat, velocity))
    >>> [tuple(hit) for hit in buffer.hits.values()]
    [(8.02, 0.2)]
    """

    def __init__(self) -> None:
        self.hits: dict[int, Hit] = {}  # by step of the loop
        self.taken = 0  # edits of the log that were looked at
        self.last: object = None

    def add(self, hit: Hit) -> None:
        """Take a note in, or not."""
        step = hit.step % rhythms.LOOP_STEPS
        rivals = []
        for place in ((step - 1) % rhythms.LOOP_STEPS, step, (step + 1) % rhythms.LOOP_STEPS):
            other = self.hits.get(place)
            if other is not None and (place == step or _around(hit.beat - other.beat) < NEAR):
                if abs(hit.beat - other.beat) <= STEP and other.velocity >= hit.velocity:
                    return
                rivals.append(place)
        for place in rivals:
            del self.hits[place]
        self.hits[step] = hit


def _around(beats: float) -> float:
    """Return the way between two moments of the loop, the shorter one."""
    beats %= LOOP
    return min(beats, LOOP - beats)


def hearing(score: Score, drummer: str, beat: float) -> Hearing | None:
    """Return the ears of a drummer at a beat, or None where it follows nothing that is played."""
    value = score.value(drummer, "source", beat)
    return value if isinstance(value, Hearing) else None


def heard(score: Score, drummer: str, ears: Hearing, beat: float) -> Floats:
    """Return the tap (32, 3) that a drummer has heard by a beat: hit, velocity 0..1, offset -0.5..0.5 of a step."""
    tap = np.zeros((rhythms.LOOP_STEPS, 3), np.float32)
    now = beat - score.origin(beat) * BEATS_PER_BAR
    remembered = _Memory(score, drummer, beat)
    accents = {step: hit for step, hit in _buffer(score, drummer, ears, "accent", beat) if remembered(hit, now)}
    for step, hit in _buffer(score, drummer, ears, "rhythm", beat):
        if remembered(hit, now):
            loud = hit.velocity
            if step in accents:
                loud += (1 - loud) * accents[step].velocity
            tap[step] = 1, loud, hit.beat / STEP - hit.step
    return tap


def activity(score: Score, drummer: str, beat: float) -> float:
    """Return how densely is played to a drummer, 0..1: the share of the last bar's 16ths that were hit, of fourteen.

    Ears of the role "density" count alone, where there are any. Of a rhythm that is written, its own density counts.
    """
    for edit in score.sources(drummer, beat, _SOURCES):
        source = edit.value
        if isinstance(source, Rhythm):
            bar = max(int(beat // BEATS_PER_BAR) - score.origin(beat), 0)
            notes = rhythms.notes_in(source, bar // rhythms.LOOP * rhythms.LOOP, score.seed(drummer, beat))
            return min(len({note.step for note in notes}) / (FULL * rhythms.LOOP), 1.0)
        if isinstance(source, Hearing):
            dense = [ear for ear in source.ears if ear.role == "density"]
            listening = dense or [ear for ear in source.ears if ear.role == "rhythm"]
            return min(len(_steps(score, drummer, listening, beat)) / FULL, 1.0)
    return 0.0


def _steps(score: Score, drummer: str, ears: Sequence[Ear], beat: float) -> set[int]:
    lane, beats = score.lane("", "played"), score.beats("", "played")
    found: set[int] = set()
    for edit in lane[bisect_left(beats, beat - BEATS_PER_BAR) : bisect_right(beats, beat)]:
        for at, _ in _reaching(score, drummer, ears, edit):
            if at >= beat - BEATS_PER_BAR:
                found.add(math.floor(at / STEP + 0.5))
    return found


def _buffer(score: Score, drummer: str, ears: Hearing, role: Role, beat: float) -> list[tuple[int, Hit]]:
    """Return what is in the buffer of a role at a beat, before anything is forgotten, by step."""
    listening = tuple(ear for ear in ears.ears if ear.role == role)
    if not listening:
        return []
    lane, beats = score.lane("", "played"), score.beats("", "played")
    until = min(bisect_right(beats, beat), len(lane))  # which a thread may be adding to
    cleared = score.edit(drummer, "clear", beat)
    since = cleared.beat if cleared is not None and cleared.value else -math.inf
    buffer = _kept(score, (drummer, listening, since), lane, until)
    if buffer is None:
        # Of a beat before the last that was asked for; it may be asked for again, and so may the later one.
        past = (drummer, listening, since, "past")
        buffer = _kept(score, past, lane, until) or _new(score, past)
    if not buffer.taken:
        buffer.taken = bisect_right(beats, since)
    for edit in lane[buffer.taken : until]:
        if score.value(drummer, "recording", edit.beat) == "off":
            continue
        origin = score.origin(edit.beat) * BEATS_PER_BAR
        for at, loud in _reaching(score, drummer, listening, edit):
            if at >= since:
                buffer.add(Hit(at - origin, loud))
    buffer.taken, buffer.last = until, lane[until - 1] if until else None
    return sorted(buffer.hits.items())


def _kept(score: Score, key: tuple[Any, ...], lane: Sequence[Any], until: int) -> Buffer | None:
    """Return a buffer that can go on up to a number of edits; a new one where there is none, or the log has changed."""
    buffer = score.buffers.get(key)
    if buffer is None or (buffer.taken and (buffer.taken > len(lane) or lane[buffer.taken - 1] is not buffer.last)):
        return _new(score, key)
    return buffer if buffer.taken <= until else None


def _new(score: Score, key: tuple[Any, ...]) -> Buffer:
    score.buffers.pop(key, None)
    while len(score.buffers) >= _KEPT:
        score.buffers.pop(next(iter(score.buffers)))
    buffer = score.buffers[key] = Buffer()
    return buffer


def _reaching(score: Score, drummer: str, ears: Sequence[Ear], edit: Any) -> list[tuple[float, float]]:
    """Return the notes of an edit that reach some ears: (beat, velocity)."""
    assert isinstance(edit.value, Played)
    there = [ear for ear in ears if ear.port == edit.value.port]
    if not there:
        return []
    own = {ear: _own_channels(score, drummer, ear, edit.beat) for ear in there}
    found = []
    for stroke in strokes(edit.value.notes):
        for ear in there:
            if stroke.channel not in own[ear] and (loud := loudness(ear, stroke)):
                found.append((edit.beat - stroke.ago / GRAIN, loud))
    return found


def _own_channels(score: Score, drummer: str, ear: Ear, beat: float) -> set[int]:
    """Return the channels on which an ear would hear the drummer itself.

    Those on which it plays into a port of the same name; and, where one of both is a virtual port, which can be
    connected with anything, the channel on which it plays, unless it is the one that the ear was told to hear.
    """
    found = set()
    for name in (drummer, "") if ear.port else ():
        outs = score.value(name, "out", beat)
        if isinstance(outs, Outs):
            for target in outs.targets:
                if isinstance(target, Midi) and _same(target, ear):
                    found.add(target.channel)
            break
    return found


def _same(target: Midi, ear: Ear) -> bool:
    if target.virtual or ear.virtual:
        return not ear.channel
    out, port = target.port.lower(), ear.port.lower()
    return bool(out) and (out in port or port in out)


class _Memory:
    """Says what a drummer still remembers at a beat."""

    def __init__(self, score: Score, drummer: str, beat: float) -> None:
        self._loops = float(score.number(drummer, "memory", beat))
        turns = score.turnings(drummer, "recording", beat)
        modes = [(one, score.value(drummer, "recording", one)) for one in turns]
        self._spans: dict[str, list[tuple[float, float]]] = {"off": [], "record": []}
        for k, (begin, mode) in enumerate(modes):
            end = modes[k + 1][0] if k + 1 < len(modes) else math.inf
            if isinstance(mode, str) and mode in self._spans:
                origin = score.origin(begin) * BEATS_PER_BAR
                self._spans[mode].append((begin - origin, end - origin))

    def __call__(self, hit: Hit, now: float) -> bool:
        """Return whether a note is not forgotten yet.

        It is when the last 32nd of its step has passed, so many loops later; time that the recording is off does not
        count. In recording, it is when the first 32nd of its step comes round again.
        """
        at = hit.step * STEP
        rest = sum(max(min(end, now) - max(begin, hit.beat), 0.0) for begin, end in self._spans["off"])
        if self._loops < FOREVER and now - rest >= at + LOOP * self._loops + NEAR:
            return False
        for begin, end in self._spans["record"]:
            first = max(math.ceil((begin + NEAR - at) / LOOP), 1)
            again = at + LOOP * first - NEAR
            if again <= now and again < end:
                return False
        return True
