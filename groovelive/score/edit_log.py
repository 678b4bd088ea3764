"""The log of edits: all that was ever done, and which edit of a lane holds at a beat."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from itertools import islice
from math import inf
from typing import Self

from ..errors import GrooveError
from .controls import CONTROLS
from .edits import ENGINE, HANDS, STEP, Edit, Outs, Value

SESSION = ""  # the drummer of the edits that are about all
LOOKED_BACK = 8  # sources that are looked at, from the last back, for one of a kind
_UNMADE = ("undo", "redo", "scene", "own", "playing", "played")  # paths that are not undone
_UNTOLD = ("own", "played")  # paths that are many, and no performer's doing


class EditLog:
    """All edits of a session in the order in which they were made.

    Nothing is ever taken out: an undo is an edit too. What holds at a beat is the last edit of its lane (its drummer
    and path) that is due by then, and neither over nor undone by then; edits of one beat hold in the order in which
    they were made.

    Args:
        edits: to begin with.

    >>> log = EditLog([Edit(beat=0, drummer="d1", path="density", value=0.4, group=1)])
    >>> log.add(Edit(beat=16, drummer="d1", path="density", value=0.8, group=2))
    >>> log.add(Edit(beat=20, path="undo", value=2))
    >>> [log.value("d1", "density", beat) for beat in (0, 16, 20)]
    [0.4, 0.8, 0.4]
    """

    def __init__(self, edits: Iterable[Edit] = ()) -> None:
        self.edits: list[Edit] = []
        self.version = 0  # goes up with every edit but those of the engine
        self._lanes: dict[tuple[str, str], list[Edit]] = {}
        self._beats: dict[tuple[str, str], list[float]] = {}
        self._paths: dict[str, list[str]] = defaultdict(list)
        self._groups: dict[int, list[Edit]] = defaultdict(list)
        self._toggles: dict[int, list[tuple[float, bool]]] = {}  # of a group: (from when on, whether undone)
        self._order: dict[int, int] = {}
        self._drummers: dict[str, None] = {}
        self.soloists: dict[str, None] = {}  # drummers with an edit of solo
        self._locks: dict[str, list[str]] = defaultdict(list)
        self._nudges: dict[str, list[str]] = defaultdict(list)
        self._solos: dict[str, list[str]] = defaultdict(list)  # of voices
        self.knobs: dict[tuple[str, str], None] = {}  # lanes of a knob for a control
        self.turns: dict[str, list[float]] = defaultdict(list)  # beats at which something of a drummer changes
        self._cuts: dict[str, list[float]] = defaultdict(list)  # those off the grid
        self._asking: dict[str, list[float]] = defaultdict(list)  # those at which the engine is to be asked anew
        self._unseen = inf  # the beat from which changes off the grid do not count
        for edit in edits:
            self.add(edit)

    def add(self, edit: Edit) -> None:
        """Take an edit in."""
        self._order[id(edit)] = len(self.edits)
        self.edits.append(edit)
        if edit.by != ENGINE:
            self.version += 1
        if edit.path in ("undo", "redo"):
            self._toggle(edit)
            return
        lane = (edit.drummer, edit.path)
        if lane not in self._lanes:
            self._lanes[lane], self._beats[lane] = [], []
            self._paths[edit.drummer].append(edit.path)
        beats = self._beats[lane]
        at = bisect_right(beats, edit.beat)
        beats.insert(at, edit.beat)
        self._lanes[lane].insert(at, edit)
        control = CONTROLS.get(edit.path.partition(".")[0])
        if edit.path.startswith("knob."):
            self.knobs.setdefault(lane)
        elif edit.path != "played":  # which changes no note of itself, but what the engine is asked
            for beat in (edit.beat, *((edit.end,) if edit.bars else ())):
                self._turn(heard_by(edit), beat, control is not None and control.asks)
        if edit.drummer:
            self._drummers.setdefault(edit.drummer)
        if edit.path == "solo":
            self.soloists.setdefault(edit.drummer)
        for prefix, paths in (("lock.", self._locks), ("nudge", self._nudges), ("solo.", self._solos)):
            if edit.path.startswith(prefix) and edit.path not in paths[edit.drummer]:
                paths[edit.drummer].append(edit.path)
        if edit.group:
            self._groups[edit.group].append(edit)

    def _toggle(self, edit: Edit) -> None:
        group = edit.value
        assert isinstance(group, int)
        toggles = self._toggles.setdefault(group, [])
        toggles.append((edit.beat, edit.path == "undo"))
        for undone in self._groups.get(group, ()):
            self._turn(heard_by(undone), edit.beat, True)

    def _turn(self, drummer: str, beat: float, asks: bool) -> None:
        insort(self.turns[drummer], beat)
        if beat % STEP:
            insort(self._cuts[drummer], beat)
            if asks:
                insort(self._asking[drummer], beat)

    # What holds

    def before(self, cut: float) -> Self:
        """Return the score as it was without the changes off the grid from a beat on: what early notes knew of."""
        view = copy(self)
        view._unseen = cut
        return view

    def cuts(self, drummer: str, after: float, until: float) -> list[float]:
        """Return the beats off the grid, after one and up to another, at which something of a drummer changes."""
        found: list[float] = []
        for name in (drummer, SESSION):
            beats = self._cuts.get(name)
            if beats and beats[-1] > after:
                found += beats[bisect_right(beats, after) : bisect_right(beats, until)]
        return sorted(found) if len(found) > 1 else found

    @property
    def drummers(self) -> tuple[str, ...]:
        """The names of the drummers that have an edit, in the order of their first."""
        return tuple(self._drummers)

    def lane(self, drummer: str, path: str) -> list[Edit]:
        """Return the edits of a lane, by beat."""
        return self._lanes.get((drummer, path), [])

    def paths(self, drummer: str) -> list[str]:
        """Return the paths of a drummer that have an edit."""
        return list(self._paths.get(drummer, ()))

    def beats(self, drummer: str, path: str) -> Sequence[float]:
        """Return the beats of the edits of a lane."""
        return self._beats.get((drummer, path), ())

    def outs(self, drummer: str, beat: float) -> Outs | None:
        """Return where a drummer's notes go at a beat: its own targets, or the session's; None where neither is set."""
        for name in (drummer, SESSION):
            outs = self.value(name, "out", beat)
            if isinstance(outs, Outs):
                return outs
        return None

    def locks(self, drummer: str) -> Sequence[str]:
        """Return the paths of a drummer's locks that have an edit."""
        return self._locks.get(drummer, ())

    def nudges(self, drummer: str) -> Sequence[str]:
        """Return the paths of a drummer's nudges that have an edit."""
        return self._nudges.get(drummer, ())

    def solos(self, drummer: str) -> Sequence[str]:
        """Return the paths of a drummer's solos of voices that have an edit."""
        return self._solos.get(drummer, ())

    def last_turn(self, drummer: str, beat: float) -> float | None:
        """Return the last beat off the grid, up to a beat, at which a drummer's answer has to change, or None."""
        turns = self._asking.get(drummer, ())
        k = bisect_right(turns, beat)
        return turns[k - 1] if k else None

    def turnings(self, drummer: str, path: str, beat: float) -> list[float]:
        """Return the beats, up to one, at which what a lane is set to may have changed."""
        found = {beat for edit in self.lane(drummer, path) for beat in (edit.beat, edit.end) if beat < inf}
        for edit in self.lane(drummer, path):
            found.update(since for since, _ in self._toggles.get(edit.group, ()))
        return sorted(one for one in found if one <= beat)

    def holding(self, drummer: str, path: str, beat: float) -> Iterator[Edit]:
        """Yield the edits of a lane that hold at a beat, or held before those, the last first."""
        return self._holding(drummer, path, beat)

    def sources(self, drummer: str, beat: float, most: int = LOOKED_BACK) -> Iterator[Edit]:
        """Yield at most so many edits of a drummer's source that hold, or held before that, the last first."""
        return islice(self._holding(drummer, "source", beat), most)

    def group(self, number: int) -> Sequence[Edit]:
        """Return the edits of a group."""
        return self._groups.get(number, ())

    def order(self, edit: Edit) -> int:
        """Return the number of an edit in the log, from 0."""
        return self._order[id(edit)]

    def undone(self, group: int, beat: float = inf) -> bool:
        """Return whether a group of edits does not count at a beat; by default, for good."""
        off = False
        for since, undone in self._toggles.get(group, ()):
            if since <= beat and (since < self._unseen or not since % STEP):
                off = undone
        return off

    def edit(self, drummer: str, path: str, beat: float) -> Edit | None:
        """Return the edit of a lane that holds at a beat."""
        return next(self._holding(drummer, path, beat), None)

    def _holding(self, drummer: str, path: str, beat: float) -> Iterator[Edit]:
        """Yield the edits of a lane that are due by a beat, and neither over nor undone by then, the last first."""
        beats = self._beats.get((drummer, path))
        if beats is None:
            return
        lane = self._lanes[drummer, path]
        for k in range(bisect_right(beats, beat) - 1, -1, -1):
            edit = lane[k]
            if (edit.bars and beat >= edit.end) or (edit.beat >= self._unseen and edit.beat % STEP):
                continue
            if not (edit.group and edit.group in self._toggles and self.undone(edit.group, beat)):
                yield edit

    def value(self, drummer: str, path: str, beat: float) -> Value:
        """Return what a lane is set to at a beat, as it was typed: a ramp is a `Line`, not a number."""
        edit = self.edit(drummer, path, beat)
        return None if edit is None else edit.value

    def value_before(self, drummer: str, path: str, beat: float, count: int) -> Value:
        """Return what a lane was set to at a beat when there were only the first `count` edits."""
        for edit in self._holding(drummer, path, beat):
            if self._order[id(edit)] < count:
                return edit.value
        return None

    def origin(self, beat: float) -> int:
        """Return the bars before the one that counts as the first: 0, or where a take that is replayed begins."""
        origin = self.value(SESSION, "origin", beat)
        return origin if isinstance(origin, int) else 0

    # Undo, history

    def last_group(self, by: str) -> int | None:
        """Return the group that `by` would undo now; None: there is none.

        That is the last that is not undone, of their own, or of the hands at the instruments.
        """
        for edit in reversed(self.edits):
            if edit.group and _own(edit, by) and edit.path not in _UNMADE and not self.undone(edit.group):
                return edit.group
        return None

    def last_undone(self, by: str) -> int | None:
        """Return the group that `by` would redo now: their last undone one, unless they have gone on since."""
        for edit in reversed(self.edits):
            if not _own(edit, by):
                continue
            if edit.path == "undo" and isinstance(edit.value, int) and self.undone(edit.value):
                return edit.value
            if edit.path not in _UNMADE:
                return None
        return None

    def history(self, drummer: str | None = None) -> list[Edit]:
        """Return what performers did, to one drummer or to all, in the order in which it was done."""
        return [e for e in self.edits if e.by != ENGINE and e.path not in _UNTOLD and drummer in (None, e.drummer)]

    def pending(self, beat: float) -> list[Edit]:
        """Return the edits that are due after a beat and not undone, by beat."""
        late = [e for e in self.edits if e.beat > beat and e.by != ENGINE and e.path not in _UNTOLD]
        return sorted((e for e in late if not (e.group and self.undone(e.group))), key=lambda e: e.beat)

    def next_group(self) -> int:
        """Return a number for a group that no edit has yet."""
        return max(self._groups, default=0) + 1


def _own(edit: Edit, by: str) -> bool:
    return edit.by == by or edit.by.startswith(HANDS)


def heard_by(edit: Edit) -> str:
    """Return the drummer whose notes an edit changes; "" where it changes those of all, as a solo does."""
    return SESSION if edit.path == "solo" else edit.drummer


def check_undo(group: int | None, word: str) -> int:
    """Return the group, or raise a GrooveError where there is none to undo or redo."""
    if group is None:
        raise GrooveError(f"there is nothing to {word}")
    return group
