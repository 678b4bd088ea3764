"""What a drummer hears of all that was played, as a pure function of the log and a beat."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import rhythms
from .edits import BEATS_PER_BAR, STEP, Edit, Rhythm
from .inputs import (
    FOREVER,
    GRAIN,
    Ear,
    Hearing,
    Played,
    Role,
    loudness,
    strokes,
)
from .loop_buffer import LOOP, NEAR, Hit
from .targets import Midi

if TYPE_CHECKING:
    from .score import Score

Floats = NDArray[np.float32]
FULL = 14  # 16ths of a bar that are hit when it counts as dense; as in GrooveTransformer's adaptive memory
_SOURCES = 8  # sources that are looked at for the one that can be heard


def hearing(score: Score, drummer: str, beat: float) -> Hearing | None:
    """Return the ears of a drummer at a beat, or None where it follows nothing that is played."""
    value = score.value(drummer, "source", beat)
    return value if isinstance(value, Hearing) else None


def heard(score: Score, drummer: str, ears: Hearing, beat: float) -> Floats:
    """Return the tap (32, 3) that a drummer has heard by a beat: hit, velocity 0..1, offset -0.5..0.5 of a step."""
    tap = np.zeros((rhythms.LOOP_STEPS, 3), np.float32)
    memory = _Memory(score, drummer, beat)
    accents = dict(_remembered(score, drummer, ears, "accent", memory))
    for step, hit in _remembered(score, drummer, ears, "rhythm", memory):
        loud = hit.velocity
        if step in accents:
            loud += (1 - loud) * accents[step].velocity
        tap[step] = 1, loud, (hit.beat - hit.line) / STEP
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


def _remembered(score: Score, drummer: str, ears: Hearing, role: Role, memory: _Memory) -> list[tuple[int, Hit]]:
    """Return what is left of the notes of a role, by step."""
    listening = tuple(ear for ear in ears.ears if ear.role == role)
    if not listening:
        return []
    cleared = score.edit(drummer, "clear", memory.beat)
    since = cleared.beat if cleared is not None and cleared.value else -math.inf

    def take(edit: Edit) -> list[Hit]:
        if score.value(drummer, "recording", edit.beat) == "off":
            return []
        origin = float(score.origin(edit.beat) * BEATS_PER_BAR)
        found = _reaching(score, drummer, listening, edit)
        return [Hit(at, loud, origin) for at, loud in found if at >= since]

    key, span = (drummer, listening, since), (max(since, memory.oldest), memory.beat)
    ports = {ear.port for ear in listening}
    found = score.buffers.at(key, score.lane("", "played"), score.beats("", "played"), span, ports, take)
    return [(step, hit) for step, hit in found if memory.holds(hit)]


def _reaching(score: Score, drummer: str, ears: Sequence[Ear], edit: Edit) -> list[tuple[float, float]]:
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
    outs = score.outs(drummer, beat) if ear.port else None
    if outs is None:
        return set()
    return {target.channel for target in outs.targets if isinstance(target, Midi) and _same(target, ear)}


def _same(target: Midi, ear: Ear) -> bool:
    if target.virtual or ear.virtual:
        return not ear.channel
    out, port = target.port.lower(), ear.port.lower()
    return bool(out) and (out in port or port in out)


class _Memory:
    """Says what a drummer still remembers at a beat."""

    def __init__(self, score: Score, drummer: str, beat: float) -> None:
        self.beat = beat
        self._loops = float(score.number(drummer, "memory", beat))
        turns = score.turnings(drummer, "recording", beat)
        self._spans: dict[str, list[tuple[float, float]]] = {"off": [], "record": []}
        for begin, end in pairwise((*turns, math.inf)):
            mode = score.value(drummer, "recording", begin)
            if isinstance(mode, str) and mode in self._spans:
                self._spans[mode].append((begin, end))

    def _off(self, since: float) -> float:
        """Return for how many beats since one the recording was off."""
        return sum(max(min(end, self.beat) - max(begin, since), 0.0) for begin, end in self._spans["off"])

    @property
    def oldest(self) -> float:
        """A beat before which nothing matters to what is remembered now."""
        if self._loops >= FOREVER:
            return -math.inf
        return self.beat - self._off(-math.inf) - LOOP * self._loops - 3 * STEP

    def holds(self, hit: Hit) -> bool:
        """Return whether a note is not forgotten yet.

        It is when the last 32nd of its step has passed, so many loops later; time that the recording is off does not
        count. In recording, it is when the first 32nd of its step comes round again.
        """
        line = hit.line
        if self._loops < FOREVER and self.beat - self._off(hit.beat) >= line + LOOP * self._loops + NEAR:
            return False
        for begin, end in self._spans["record"]:
            again = line + LOOP * max(math.ceil((begin + NEAR - line) / LOOP), 1) - NEAR
            if again <= self.beat and again < end:
                return False
        return True
