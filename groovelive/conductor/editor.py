"""The editor: takes requests, decides at which beat each edit is due, and keeps the log. It has no clock, no socket."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from .. import checks
from ..errors import GrooveError, closest
from ..protocol import session as messages
from ..protocol.engine import ModelInfo
from ..protocol.session import Draft, When
from ..score.automation import resumed
from ..score.autopilot import BY, decide
from ..score.controls import CONTROLS
from ..score.edit_log import SESSION, check_undo, heard_by
from ..score.edits import (
    BEATS_PER_BAR,
    ENGINE,
    STEP,
    Edit,
    FromLive,
    Pattern,
    Value,
    bar_of,
    beat_of,
)
from ..score.following import check_circles
from ..score.inputs import Hearing, Resume
from ..score.queries import Wish, described, informed, wish
from ..score.rhythms import LOOP
from ..score.score import Score
from ..score.validation import check, check_bars

_RECALLED = tuple(
    name for name in CONTROLS if name not in ("each_bar", "solo", "out", "clear", "knob", "fill", "build", "drop")
)
DRUMMERS = 64
_AHEAD = 100_000  # beats: more than a day


class Timing(Protocol):
    """What the editor asks of whoever keeps time."""

    def beat(self) -> float:
        """Return where the transport is."""

    def reach(self, drummer: str) -> float:
        """Return the first beat at which a drummer's notes can still be changed; of "" those of all."""

    def line(self, drummer: str) -> float:
        """Return the first beat at which a line can still be met with all notes that sound before it."""


class DueQuery(NamedTuple):
    """What a drummer wants: for a bar (from 0), and whether at once, or from the beginning of the bar on."""

    bar: int
    wish: Wish
    at_once: bool


class Editor:
    """The conductor's memory and judgement.

    Args:
        clock: who keeps time.
        edits: to begin with.
        publish: called with every edit that was made, and its number.
        model: what the engine serves, once it is known.
    """

    def __init__(
        self,
        clock: Timing,
        edits: Iterable[Edit] = (),
        publish: Callable[[int, Edit], None] = lambda number, edit: None,
        model: ModelInfo | None = None,
    ) -> None:
        self.clock = clock
        self.score = Score(edits)
        self.model = model
        self.knob: Callable[[str, str], float | None] = lambda drummer, path: None  # where that of a control stands
        self._publish = publish
        self._planned: dict[str, list[tuple[int, Wish]]] = {}  # the wishes last answered, and the bars they are for

    # Edits

    def write(self, request: messages.Write, group: int | None = None) -> tuple[Edit, ...]:
        """Make the edits of a request, all or none.

        Args:
            group: that they belong to; by default one of their own.

        Raises:
            GrooveError: one sentence; nothing has changed.
        """
        drafts = [self._checked(draft) for draft in request.edits]
        names = {draft.drummer for draft in drafts}
        if len({*self.score.drummers, *names} - {SESSION}) > DRUMMERS:
            raise GrooveError(f"a session has at most {DRUMMERS} drummers")
        if request.when.at == "beat":
            return self._write_at_beats(drafts, request.by)
        if any(draft.path == "played" for draft in drafts):
            raise GrooveError("what is played is told by a request of its own")
        heard = {heard_by(draft) for draft in drafts}
        due = {name: self.due_at(request.when, name, heard) for name in heard}
        if request.when.at == "next" and all(draft.path == "fill" for draft in drafts):
            due = {name: self._due_fill(name, beat) for name, beat in due.items()}
        group = self.score.next_group() if group is None else group
        values = [self._resumed(d, due[heard_by(d)]) for d in drafts]
        edits = tuple(
            Edit(
                beat=due[heard_by(draft)], drummer=draft.drummer, path=draft.path, value=value, over=request.over,
                bars=draft.bars, by=request.by, group=0 if draft.path in ("own", "playing", "scene") else group,
            )
            for draft, value in zip(drafts, values, strict=True)
        )  # fmt: skip
        return self._take_all(edits)

    def _resumed(self, draft: Draft, beat: float) -> Value:
        if not isinstance(draft.value, Resume):
            return draft.value
        try:
            return resumed(self.score, draft.drummer, draft.path, beat)
        except GrooveError:
            position = self.knob(draft.drummer, draft.path)
            if position is None:
                raise
            return position

    def _checked(self, draft: Draft) -> Draft:
        if draft.path == "pattern" and draft.by == ENGINE:  # of a take that is played again
            if not isinstance(draft.value, Pattern):
                raise GrooveError("an answer of the engine is a pattern")
            return draft
        if draft.path in ("undo", "redo"):
            raise GrooveError(f"{draft.path} is asked for by a request of its own")
        path, value = check(draft.drummer, draft.path, draft.value, self.model)
        check_bars(draft.drummer, path, draft.bars)
        return replace(draft, path=path, value=value)

    def _write_at_beats(self, drafts: Sequence[Draft], by: str) -> tuple[Edit, ...]:
        for draft in drafts:
            if draft.beat < self.clock.reach(draft.drummer):
                raise GrooveError(f"beat {draft.beat:g} has passed; the next that can be met is {self._next(draft):g}")
        group = self.score.next_group()
        edits = tuple(
            Edit(
                beat=d.beat, drummer=d.drummer, path=d.path, value=d.value, over=d.over, bars=d.bars, by=d.by or by,
                group=0 if d.path in ("own", "pattern", "playing", "scene", "played") else group,
            )
            for d in drafts
        )  # fmt: skip
        return self._take_all(edits)

    def _next(self, draft: Draft) -> float:
        return math.ceil(self.clock.reach(draft.drummer))

    def due_at(self, when: When, name: str, names: Iterable[str]) -> float:
        """Return the beat at which an edit of one drummer is due, among those of `names`."""
        reach = max(self.clock.reach(one) for one in names)
        beat = self.clock.beat()
        if when.at == "now":
            return off_grid(self.clock.reach(name), self.clock.beat())
        if when.at == "next":
            quantum = self._quantum(names, beat)
            if not quantum:
                return off_grid(self.clock.reach(name), beat)
            origin = self.score.origin(beat) * BEATS_PER_BAR
            line = origin + math.ceil((reach - origin) / quantum) * quantum
        elif when.at == "bar":
            line = beat_of(when.number)
            if when.number < 1 or line < reach:
                raise GrooveError(
                    f"bar {when.number:g} has passed; this is bar {bar_of(beat)}, and the next that can be met is "
                    f"bar {bar_of(math.ceil(reach / BEATS_PER_BAR) * BEATS_PER_BAR)}"
                )
        else:
            checks.number("the time until an edit is due", when.number, 0, unit=when.at)
            unit = BEATS_PER_BAR if when.at == "bars" else 1
            line = (math.floor(beat / unit) + when.number) * unit
            if line < reach:
                line = math.ceil(reach / unit) * unit
        if line > beat + _AHEAD:
            raise GrooveError(f"bar {bar_of(line):,} is more than a day ahead; this is bar {bar_of(beat)}")
        # So near that early notes have gone already: it holds from now on, and so for the line.
        return line if line >= max(self.clock.line(one) for one in names) else off_grid(reach, beat)

    def _due_fill(self, name: str, line: float) -> float:
        """Return when a fill is due that ends with the next bar line: at once, if a beat is left, else at the line."""
        reach, beat = self.clock.reach(name), self.clock.beat()
        left = math.ceil(reach / BEATS_PER_BAR) * BEATS_PER_BAR - reach
        return off_grid(reach, beat) if left >= 1 else line

    def _quantum(self, names: Iterable[str], beat: float) -> float:
        """Return the beats from line to line at which edits of these drummers are due: the widest of theirs."""
        bars = float(self.score.number(SESSION, "quantum", beat, 1.0))
        each = {"now": 0.0, "loop": max(bars, float(LOOP))}
        return BEATS_PER_BAR * max(each.get(str(self.score.value(n, "response", beat)), bars) for n in names)

    def undo(self, request: messages.Undo) -> tuple[Edit, ...]:
        """Undo or redo a group of edits, at once.

        Raises:
            GrooveError: there is nothing to undo, or to redo.
        """
        word = "redo" if request.redo else "undo"
        find = self.score.last_undone if request.redo else self.score.last_group
        group = check_undo(find(request.by), word)
        names = {heard_by(edit) for edit in self.score.group(group)}
        reach = max(self.clock.reach(name) for name in names)
        edit = Edit(beat=off_grid(reach, self.clock.beat()), path=word, value=group, by=request.by)
        check_circles(self.score, (edit,))
        self.take(edit)
        return (edit,)

    def scene(self, request: messages.SceneRequest) -> tuple[Edit, ...]:
        """Set what a scene was: the edits that differ from what is.

        Raises:
            GrooveError: there is no such scene, or nothing differs.
        """
        due = self.due_at(request.when, SESSION, (SESSION, *self.score.drummers))
        lane = [edit for edit in self.score.lane(SESSION, "scene") if edit.beat <= due and self.score.counts(edit)]
        saved = {str(edit.value): edit for edit in lane}
        found = saved.get(request.name)
        if found is None:
            there = f"; there are {', '.join(saved)}" if saved else "; scene.save('verse') makes one"
            raise GrooveError(f"there is no scene {request.name!r}{closest(request.name, saved)}{there}")
        count = self.score.order(found)
        then = math.ceil(found.beat / BEATS_PER_BAR) * float(BEATS_PER_BAR)
        drafts = []
        for name in self.score.drummers:
            for path in self.score.paths(name):
                if path.partition(".")[0] not in _RECALLED:
                    continue
                was = self.score.value_before(name, path, then, count)
                if was != self.score.value(name, path, due):
                    drafts.append(Draft(path=path, value=was, drummer=name))
        if not drafts:
            raise GrooveError(f"everything is as in the scene {request.name!r} already")
        many = tuple(drafts[: messages.MAX_EDITS])
        return self.write(messages.Write(edits=many, when=request.when, over=request.over, by=request.by))

    def _take_all(self, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
        check_circles(self.score, edits)
        for edit in edits:
            self.take(edit)
        return edits

    def take(self, edit: Edit) -> None:
        """Take an edit in as it is, and tell of it."""
        self.score.add(edit)
        self._publish(len(self.score.edits) - 1, edit)

    def fly(self, bar: int) -> None:
        """Let the autopilots of drummers decide for a bar (from 0)."""
        genres = () if self.model is None else self.model.genres
        drafts = [d for name in self.score.drummers for d in decide(self.score, name, bar, genres)]
        drafts = [draft for draft in drafts if draft.beat >= self.clock.reach(draft.drummer)]
        if drafts:
            self._write_at_beats(drafts, BY)

    # What the drummers want

    def plan(self, drummer: str, bar: int, beat: float | None = None) -> Wish | None:
        """Return what a drummer wants for a bar (from 0) that it has not been given; None where it has all.

        Args:
            beat: within the bar, where what holds then counts; else its beginning.
        """
        at = float(bar * BEATS_PER_BAR) if beat is None else beat
        if beat is None and self.score.value(drummer, "response", at) == "loop":
            inside = (bar - self.score.origin(at)) % LOOP
            if inside and drummer in self._planned:
                return None
        wanted = wish(self.score, drummer, bar, beat)
        if wanted is None:
            return None
        given = [planned for planned in self._planned.get(drummer, ()) if planned[0] <= bar]
        if given and max(given, key=lambda planned: planned[0])[1] == wanted and self.plays(drummer, at):
            return None
        return informed(self.score, drummer, wanted, bar, beat)

    def due(self, drummer: str) -> DueQuery | None:
        """Return what a drummer wants now, so that its notes can be changed in time; None where it has all."""
        reach = self.clock.reach(drummer)
        here = int(reach // BEATS_PER_BAR)
        if self.answers_now(drummer, reach):
            step = math.ceil(reach / STEP) * STEP
            bar = int(step // BEATS_PER_BAR)
            wanted = self.plan(drummer, bar, step)
            return None if wanted is None else DueQuery(bar, wanted, True)
        turn = self.score.last_turn(drummer, reach)
        if turn is not None and turn < here * BEATS_PER_BAR:
            turn = None
        if turn is not None or not self.plays(drummer, reach):
            wanted = self.plan(drummer, here, turn)
            if wanted is not None:
                return DueQuery(here, wanted, True)
        wanted = self.plan(drummer, here + 1)
        return None if wanted is None else DueQuery(here + 1, wanted, False)

    def answers_now(self, drummer: str, beat: float) -> bool:
        """Return whether a drummer answers to what is played to it at once, and not from the next bar or loop on."""
        return self.hears(drummer, beat) and self.score.value(drummer, "response", beat) == "now"

    def hears(self, drummer: str, beat: float) -> bool:
        """Return whether a drummer follows what is played at a beat."""
        return isinstance(self.score.value(drummer, "source", beat), Hearing)

    def wish_now(self, drummer: str) -> Wish:
        """Return what a drummer's present pattern is the answer to.

        Raises:
            GrooveError: it plays nothing that the engine knows.
        """
        beat = self.clock.beat()
        wanted = described(self.score, drummer, int(beat // BEATS_PER_BAR), beat)
        if wanted is None:
            raise GrooveError(f"{drummer} follows nothing, so it has no latent; {drummer} >> groove('x..x..x.') is one")
        return wanted

    def wish_of_ideas(self, drummer: str) -> Wish:
        """Return what ideas of a drummer are answers to: what it will want for its next loop.

        Raises:
            GrooveError: no player answers for it.
        """
        origin = self.score.origin(self.clock.beat())
        bar = math.ceil(self.clock.reach(drummer) / BEATS_PER_BAR)
        bar += (origin - bar) % LOOP
        wanted = described(self.score, drummer, bar, float(bar * BEATS_PER_BAR))
        if wanted is None:
            raise GrooveError(f"{drummer} follows nothing to have ideas about; {drummer} >> groove('x..x..x.') is one")
        if wanted.play is None:
            raise GrooveError(f"a mirror has no ideas: {drummer}.mirror = False lets the player have some")
        return informed(self.score, drummer, wanted, bar)

    def plays(self, drummer: str, beat: float) -> bool:
        """Return whether the drummer's pattern is one of its present source."""
        source, given = self.score.edit(drummer, "source", beat), self.score.edit(drummer, "pattern", beat)
        return source is not None and given is not None and given.beat >= source.beat

    def answered(self, drummer: str, bar: int, wanted: Wish) -> None:
        """Take notice that what a drummer wants for a bar has been answered, so that it is not asked for again."""
        planned = self._planned.setdefault(drummer, [])
        planned[:] = [(bar, wanted), *planned[:7]]  # the newest first, so that of one bar it counts

    def reread(self, followed: Edit, value: FromLive, by: str) -> None:
        """Take in that the clip which a source follows has changed; whoever follows it later does so from then on.

        It is part of the edit by which the clip is followed: both are undone together.
        """
        beat = max(self.next_loop(followed.drummer), followed.beat)
        if followed.value != value:
            self.take(
                Edit(beat=beat, drummer=followed.drummer, path="source", value=value, by=by, group=followed.group)
            )

    def next_loop(self, drummer: str) -> float:
        """Return the beat of the next loop that can be met with all notes that sound before it."""
        loop = LOOP * BEATS_PER_BAR
        origin = self.score.origin(self.clock.beat()) * BEATS_PER_BAR
        return origin + math.ceil((self.clock.line(drummer) - origin) / loop) * float(loop)

    def given(self, drummer: str, bar: int, wanted: Wish, pattern: Pattern, at_once: bool = False) -> Edit | None:
        """Take in the engine's answer to a wish for a bar; None where it came too late for that.

        Args:
            at_once: whether it is heard as soon as it can be, else from the bar on.
        """
        reach, line = self.clock.reach(drummer), float(bar * BEATS_PER_BAR)
        if at_once or (line < reach and not self.plays(drummer, reach)):
            beat = line if line >= self.clock.line(drummer) else off_grid(reach, self.clock.beat())
        elif line >= self.clock.line(drummer):
            beat = line
        elif line >= reach:
            beat = off_grid(reach, self.clock.beat())
        else:
            return None
        self.answered(drummer, bar, wanted)
        held = self.score.edit(drummer, "pattern", beat)
        if held is not None and held.value == pattern and self.hears(drummer, beat) and self.plays(drummer, beat):
            return held  # what is played may change, and the answer not
        edit = Edit(beat=beat, drummer=drummer, path="pattern", value=pattern, by=ENGINE)
        self.take(edit)
        return edit


def off_grid(reach: float, beat: float) -> float:
    """Return a beat that is on no step, unless nothing has been rendered yet: then early notes are still to come."""
    if reach == beat or reach % STEP:
        return reach
    return math.nextafter(reach, math.inf)
