"""The score: what holds at any beat, worked out of the one log of edits."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from ..notation.parser import number, pattern, word
from ..notation.pattern import TimePattern
from .activity import activity
from .controls import CONTROLS, DEFAULT_BPM
from .edit_log import SESSION, EditLog
from .edits import BEATS_PER_BAR, Cycle, Edit, Line, Weights
from .inputs import Adaptive
from .loop_buffer import Buffers
from .tempo_map import TempoMap


class Score(EditLog):
    """The log of a session's edits, and what its lanes stand for at a beat: numbers, weights over names, the tempo.

    Args:
        edits: to begin with.

    >>> score = Score([Edit(beat=0, drummer="d1", path="density", value=0.4, group=1)])
    >>> score.add(Edit(beat=16, drummer="d1", path="density", value=0.8, over=4, group=2))
    >>> [score.number("d1", "density", beat) for beat in (0, 15, 24, 32, 99)]
    [0.4, 0.4, 0.6000000000000001, 0.8, 0.8]
    >>> score.add(Edit(beat=20, path="undo", value=2))
    >>> score.number("d1", "density", 24), score.number("d1", "density", 18)
    (0.4, 0.45)
    """

    def __init__(self, edits: Iterable[Edit] = ()) -> None:
        self._cycles: dict[str, TimePattern[Any]] = {}
        self._tempo = TempoMap()
        self._tempo_turns: list[float] = [0.0]  # beats at which the tempo may turn
        self._tempo_until = inf  # the beat up to which the tempo map is right
        self.buffers = Buffers()  # of what was played
        super().__init__(edits)

    def add(self, edit: Edit) -> None:
        """Take an edit in."""
        super().add(edit)
        changed = [edit]
        if edit.path in ("undo", "redo"):
            assert isinstance(edit.value, int)
            changed = list(self.group(edit.value))
        for one in changed:
            if one.path in ("hush", "cancel"):
                self._tempo_at({one.beat, edit.beat}, edit.beat)
                for planned in self.cancelled(one):
                    if (planned.drummer, planned.path) == (SESSION, "bpm"):
                        self._tempo_turn(planned, edit.beat)
            elif (one.drummer, one.path) == (SESSION, "bpm"):
                self._tempo_turn(one, None if one is edit else edit.beat)

    def number(self, drummer: str, path: str, beat: float, default: float | None = None) -> Any:
        """Return the number that a lane stands for at a beat, ramps, patterns in time and transitions worked out.

        Args:
            default: what counts where nothing is set; by default, what `controls.CONTROLS` says.
        """
        if default is None:
            control = CONTROLS.get(path.partition(".")[0])
            default = control.default if control is not None else None
        asked = beat
        going: list[tuple[Edit, float]] = []  # edits that are still going over into what they set, and until when
        found: Any = default
        for edit in self._holding(drummer, path, beat):
            end = edit.beat + edit.over * BEATS_PER_BAR
            found = self._number(edit, beat, default)
            if self._going(edit, beat) >= end or found is None:
                break
            going.append((edit, end))
            beat = edit.beat
            found = default
        for k in range(len(going) - 1, -1, -1):
            edit, end = going[k]
            at = self._going(edit, going[k - 1][0].beat if k else asked)
            new = self._number(edit, at, default)
            found = new if found is None else found + (new - found) * (at - edit.beat) / (end - edit.beat)
        return found

    def _going(self, edit: Edit, beat: float) -> float:
        """Return the beat up to which what an edit sets in motion has gone: silence stops it where it is."""
        is_fade = edit.path.partition(".")[0] in ("mute", "solo")
        return beat if is_fade or not (edit.over or isinstance(edit.value, Line)) else self.ended(edit, beat)

    def _number(self, edit: Edit, beat: float, default: float | None) -> Any:
        value = edit.value
        if isinstance(value, Line):
            beat = self._going(edit, beat)
            share = min(max(beat - edit.beat, 0.0) / (value.bars * BEATS_PER_BAR), 1.0)
            return value.start + (value.end - value.start) * share
        if isinstance(value, Cycle):
            found = self.cycle(value.text, number).at(self.cycle_of(beat))
            return default if found is None else found
        if isinstance(value, Adaptive):
            return value.low + (value.high - value.low) * self.activity(edit.drummer, beat)
        return default if value is None else value

    def cycle(self, text: str, atom: Any) -> TimePattern[Any]:
        """Return a pattern in time; it is read once."""
        key = f"{atom.__name__} {text}"
        if key not in self._cycles:
            self._cycles[key] = pattern(text, atom)
        return self._cycles[key]

    def cycle_of(self, beat: float) -> float:
        """Return how many bars have passed since the origin: what patterns in time are asked at."""
        return beat / BEATS_PER_BAR - self.origin(beat)

    def seed(self, drummer: str, beat: float) -> int:
        """Return the seed of a drummer's chances: the session's and its own."""
        return (int(self.number(SESSION, "seed", beat, 7)) << 31) + int(self.number(drummer, "seed", beat, 0))

    def activity(self, drummer: str, beat: float) -> float:
        """Return how densely is played to a drummer, 0..1; see `activity.activity`."""
        return activity(self, drummer, beat, self.seed(drummer, beat))

    def weights(self, drummer: str, path: str, beat: float) -> tuple[tuple[str, float], ...]:
        """Return the weights over names that a lane stands for at a beat; none: untouched."""
        holding = self._holding(drummer, path, beat)
        edit = next(holding, None)
        if edit is None:
            return ()
        new = self._weights(edit, beat)
        end = edit.beat + edit.over * BEATS_PER_BAR
        beat = self._going(edit, beat)
        if beat >= end:
            return new
        before = next(holding, None)
        old = () if before is None else self._weights(before, beat)
        share = (beat - edit.beat) / (end - edit.beat)
        mixed: dict[str, float] = {}
        for weights, part in ((old or (("any", 1.0),), 1 - share), (new or (("any", 1.0),), share)):
            for name, weight in weights:
                mixed[name] = mixed.get(name, 0.0) + part * weight
        return tuple((name, weight) for name, weight in mixed.items() if weight > 0)

    def _weights(self, edit: Edit, beat: float) -> tuple[tuple[str, float], ...]:
        value = edit.value
        if isinstance(value, Cycle):
            name = self.cycle(value.text, word).at(self.cycle_of(beat))
            return () if name is None else ((name, 1.0),)
        if isinstance(value, str):
            return ((value, 1.0),)
        if isinstance(value, Weights):
            total = sum(value.of.values())
            return tuple((name, weight / total) for name, weight in value.of.items() if weight > 0)
        return ()

    # Tempo

    @property
    def tempo(self) -> TempoMap:
        """The tempo map of all edits that are known so far."""
        if self._tempo_until < inf:
            beats = self._tempo_turns[bisect_left(self._tempo_turns, self._tempo_until) :]
            self._tempo, self._tempo_until = self._tempo.extended(self._tempo_points(beats)), inf
        return self._tempo

    def _tempo_turn(self, edit: Edit, since: float | None = None) -> None:
        """Take in that an edit sets the tempo, or (`since` a beat) that it was undone or redone."""
        turns = {edit.beat, edit.beat + edit.over * BEATS_PER_BAR}
        if isinstance(edit.value, Line):
            turns.add(edit.beat + edit.value.bars * BEATS_PER_BAR)
        turns |= {beat for beat, _ in self._toggles.get(edit.group, ()) if beat >= edit.beat}
        self._tempo_at(turns, edit.beat if since is None else max(since, edit.beat))

    def _tempo_at(self, turns: set[float], since: float) -> None:
        """Take in that the tempo may turn at some beats, and is another from a beat on."""
        for beat in turns:
            at = bisect_left(self._tempo_turns, beat)
            if self._tempo_turns[at : at + 1] != [beat]:
                self._tempo_turns.insert(at, beat)
        self._tempo_until = min(self._tempo_until, since)

    def _tempo_points(self, beats: Sequence[float]) -> list[tuple[float, float, float]]:
        """Return the points of the tempo map at its last turns; see `TempoMap`."""
        points = []
        for k, beat in enumerate(beats):
            bpm = float(self.number(SESSION, "bpm", beat, DEFAULT_BPM))
            towards = bpm
            if k + 1 < len(beats):  # at the next turn, but by the edits that hold until there
                towards = self._extended(beat, beats[k + 1], bpm)
            points.append((beat, bpm, towards))
        return points

    def _extended(self, beat: float, end: float, bpm: float) -> float:
        """Return the tempo just before `end`: between two turns it moves in a line."""
        middle = (beat + end) / 2
        return bpm + 2 * (float(self.number(SESSION, "bpm", middle, DEFAULT_BPM)) - bpm)
