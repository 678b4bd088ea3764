"""What a drummer hears of all that was played, as a pure function of the log and a beat."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from . import rhythms
from .activity import reaching
from .edits import BEATS_PER_BAR, STEP, Edit
from .inputs import FOREVER, Hearing, Role
from .loop_buffer import LOOP, NEAR, Hit
from .score import Score

Floats = NDArray[np.float32]


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
        found = reaching(score, drummer, listening, edit)
        return [Hit(at, loud, origin) for at, loud in found if at >= since]

    key, span = (drummer, listening, since), (max(since, memory.oldest), memory.beat)
    ports = {ear.port for ear in listening}
    found = score.buffers.at(key, score.lane("", "played"), score.beats("", "played"), span, ports, take)
    return [(step, hit) for step, hit in found if memory.holds(hit)]


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
