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
from .edits import ENGINE, HANDS, STEP, Draft, Edit, Moves, Outs, Value

SESSION = ""  # the drummer of the edits that are about all
LOOKED_BACK = 8  # sources that are looked at, from the last back, for one of a kind
_UNMADE = ("undo", "redo", "scene", "own", "playing", "played")  # paths that are not undone
_UNTOLD = ("own", "played")  # paths that are many, and no performer's doing
_ENDED = ("source", "moves", "each_bar", "autopilot", "idea", "origin")  # what silence sets to nothing


class EditLog:
    """All edits of a session in the order in which they were made.

    Nothing is ever taken out: an undo is an edit too. What holds at a beat is the last edit of its lane (its drummer
    and path) that is due by then, and neither over nor undone by then; edits of one beat hold in the order in which
    they were made.

    Silence is an edit as well. A "hush" of a drummer (or "", of all) ends what sounds from its beat on: its source, the
    moves of its bars, its own code, its autopilot; ramps stop where they are. It also cancels what was planned before
    for a later beat. A "cancel" does the latter alone, for what is about all drummers: the tempo, solos.
    Once it is undone, it is as if it had never been.

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
        self._silences: list[Edit] = []  # hushes and cancels
        self._cancels: dict[int, list[Edit]] = {}  # of an edit, by its id: the silences that cancel it
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
        if edit.path in ("hush", "cancel"):
            self._silence(edit)
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

    def _silence(self, edit: Edit) -> None:
        for planned in self.edits:
            if planned.beat > edit.beat and is_called_off(planned) and _is_of(edit, planned):
                self._cancels.setdefault(id(planned), []).append(edit)
        insort(self._silences, edit, key=lambda one: one.beat)
        self._turn(heard_by(edit), edit.beat, True)
        if edit.group:
            self._groups[edit.group].append(edit)

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
            for one in (edit, *self._cancels.get(id(edit), ())):
                found.update(since for since, _ in self._toggles.get(one.group, ()))
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

    def counts(self, edit: Edit, beat: float = inf) -> bool:
        """Return whether an edit is neither undone nor cancelled at a beat; by default, for good."""
        if edit.group and edit.group in self._toggles and self.undone(edit.group, beat):
            return False
        return not any(self._is_seen(one) and self.counts(one, beat) for one in self._cancels.get(id(edit), ()))

    def cancelled(self, by: Edit) -> list[Edit]:
        """Return the edits that a hush or a cancel takes out of what is planned."""
        return [edit for edit in self.edits if by in self._cancels.get(id(edit), ())]

    def ended(self, edit: Edit, beat: float) -> float:
        """Return the beat at which a silence has stopped what an edit lets go on by itself, or `beat` if none has."""
        for one in self._silences:
            if one.beat >= beat:
                break
            ends = one.value is not False and _is_of(one, edit) and self._is_later(one, edit)
            if ends and self._is_seen(one) and self.counts(one, beat):
                return one.beat
        return beat

    def _is_later(self, one: Edit, other: Edit) -> bool:
        return (one.beat, self._order[id(one)]) > (other.beat, self._order[id(other)])

    def _is_seen(self, edit: Edit) -> bool:
        return edit.beat < self._unseen or not edit.beat % STEP

    def edit(self, drummer: str, path: str, beat: float) -> Edit | None:
        """Return the edit of a lane that holds at a beat; of what a hush has ended, the hush."""
        return next(self._holding(drummer, path, beat), None)

    def _holding(self, drummer: str, path: str, beat: float) -> Iterator[Edit]:
        """Yield the edits of a lane that are due by a beat, not over and count then, the last first; hushes too."""
        beats = self._beats.get((drummer, path))
        if beats is None:
            return
        silences = self._hushes(drummer, path, beat)
        silence = next(silences, None)
        lane = self._lanes[drummer, path]
        for k in range(bisect_right(beats, beat) - 1, -1, -1):
            edit = lane[k]
            if (edit.bars and beat >= edit.end) or not self._is_seen(edit):
                continue
            while silence is not None and self._is_later(silence, edit):
                yield silence
                silence = next(silences, None)
            if (not edit.group and id(edit) not in self._cancels) or self.counts(edit, beat):
                yield edit

    def _hushes(self, drummer: str, path: str, beat: float) -> Iterator[Edit]:
        """Yield the silences that have ended a lane by a beat, the last first."""
        if path in _ENDED:
            for one in reversed(self._silences):
                is_one = one.beat <= beat and _ends(one, drummer, path)
                if is_one and self._is_seen(one) and self.counts(one, beat):
                    yield one

    def value(self, drummer: str, path: str, beat: float) -> Value:
        """Return what a lane is set to at a beat, as it was typed: a ramp is a `Line`, not a number."""
        return self._joined(self._holding(drummer, path, beat))

    def value_before(self, drummer: str, path: str, beat: float, count: int) -> Value:
        """Return what a lane was set to at a beat when there were only the first `count` edits."""
        return self._joined(e for e in self._holding(drummer, path, beat) if self._order[id(e)] < count)

    def _joined(self, holding: Iterator[Edit]) -> Value:
        """Return the value of the first edit; of moves that were added, those that they were added to as well."""
        edit = next(holding, None)
        if edit is None or edit.path == "hush" or edit.path == "cancel":
            return None
        if not isinstance(edit.value, Moves) or not edit.value.added:
            return edit.value
        return edit.value.to(self._joined(holding))

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
        """Return the edits that are due after a beat, and neither undone nor cancelled, by beat."""
        late = [e for e in self.edits if e.beat > beat and e.by != ENGINE and e.path not in (*_UNTOLD, "undo", "redo")]
        return sorted((e for e in late if self.counts(e)), key=lambda e: e.beat)

    def next_group(self) -> int:
        """Return a number for a group that no edit has yet."""
        return max(self._groups, default=0) + 1


def _own(edit: Edit, by: str) -> bool:
    return edit.by == by or edit.by.startswith(HANDS)


def heard_by(edit: Edit | Draft) -> str:
    """Return the drummer whose notes an edit changes; "" where it changes those of all, as a solo does."""
    return SESSION if edit.path in ("solo", "cancel") else edit.drummer


def is_called_off(edit: Edit) -> bool:
    """Return whether silence calls off an edit that is due later; an undo, or the transport's, is a moment ahead."""
    return edit.path not in ("undo", "redo", "playing")


def _is_of(silence: Edit, edit: Edit) -> bool:
    """Return whether a hush or a cancel is about an edit, should that be due later."""
    if silence.path == "hush":
        return silence.drummer in (SESSION, heard_by(edit))
    return heard_by(edit) == SESSION and silence.drummer in (SESSION, edit.drummer)


def _ends(silence: Edit, drummer: str, path: str) -> bool:
    """Return whether a hush or a cancel sets a lane to nothing."""
    if path == "origin":
        return silence.drummer == SESSION
    return silence.path == "hush" and silence.drummer in (SESSION, drummer)


def check_undo(group: int | None, word: str) -> int:
    """Return the group, or raise a GrooveError where there is none to undo or redo."""
    if group is None:
        raise GrooveError(f"there is nothing to {word}")
    return group
