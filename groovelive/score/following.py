"""A drummer that follows another: who follows whom, and what is heard of who is followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import GrooveError
from ..grooves.grid import Note
from .edit_log import EditLog
from .edits import BEATS_PER_BAR, STEP, Edit, FromDrummer, Notes
from .events import events
from .rhythms import LOOP, LOOP_STEPS
from .score import Score

_TURNING = ("source", "undo", "redo", "hush", "cancel")  # paths of edits that change who follows whom


def followed(log: EditLog, drummer: str, beat: float) -> str | None:
    """Return the drummer that another follows at a beat; None where it follows none."""
    value = log.value(drummer, "source", beat)
    return value.drummer if isinstance(value, FromDrummer) else None


def circle(log: EditLog, drummer: str, beat: float) -> tuple[str, ...]:
    """Return the drummers that follow each other in a circle, beginning and ending with one; none: it is in none."""
    way = [drummer]
    while (ahead := followed(log, way[-1], beat)) is not None:
        if ahead in way:
            return (*way, ahead) if ahead == drummer else ()
        way.append(ahead)
    return ()


def check_circles(log: EditLog, edits: Iterable[Edit]) -> None:
    """Refuse edits after which drummers would follow each other in a circle, at once or by what is planned.

    Args:
        log: what is there already.
        edits: what is to be added: sources, or an undo or a redo of such.

    Raises:
        GrooveError: one sentence that names the drummers.
    """
    added = [edit for edit in edits if edit.path in _TURNING]
    sources = [edit for name in log.drummers for edit in log.lane(name, "source")]
    if not added or not any(isinstance(edit.value, FromDrummer) for edit in (*sources, *added)):
        return
    kept = [edit for edit in log.edits if edit.path in _TURNING]
    after = EditLog([*kept, *added])
    first = min(edit.beat for edit in added)
    turns = {first, *(edit.beat for edit in (*sources, *added) if edit.beat > first)}
    for beat in sorted(turns):
        for name in dict.fromkeys((*(edit.drummer for edit in added if edit.drummer), *after.drummers)):
            if found := circle(after, name, beat):
                whom = ", which follows ".join(found[1:]) if len(found) > 2 else "itself"
                raise GrooveError(f"{name} would follow {whom}; one has to begin: {name} >> 'x..x..x.'")


def in_order(log: EditLog, drummers: Sequence[str], beat: float) -> list[str]:
    """Return drummers so that who is followed comes before who follows, and else as they were.

    >>> log = EditLog([Edit(beat=0, drummer="d1", path="source", value=FromDrummer("d2"))])
    >>> in_order(log, ("d1", "d2"), 0)
    ['d2', 'd1']
    """

    def depth(name: str) -> int:
        deep, at = 0, followed(log, name, beat)
        while at is not None and deep < len(drummers):
            deep, at = deep + 1, followed(log, at, beat)
        return deep

    return sorted(drummers, key=depth)


def heard_of(score: Score, drummer: str, source: FromDrummer, bar: int, beat: float) -> Notes:
    """Return what is heard of who is followed in the loop of a bar (from 0): its notes as they really sound, shaped.

    What is silenced in the mix, by mute or solo, is played all the same, and heard. Who plays nothing is not heard; and
    nobody is who follows in a circle.
    """
    if circle(score, drummer, beat):
        return ()
    first = bar - (bar - score.origin(beat)) % LOOP
    start = first * BEATS_PER_BAR / STEP
    begin, end = (float(one * BEATS_PER_BAR) for one in (first, first + LOOP))
    found = []
    for event in events(score, begin, end, (source.drummer,), mixed=False):
        position = event.beat / STEP - start
        step = int(position + 0.5) if position > 0 else 0
        if step < LOOP_STEPS:
            found.append(Note(step, event.voice, event.velocity, max(position - step, -0.5)))
    return tuple(found)
