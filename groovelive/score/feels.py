"""What is done to a bar by rule, whatever is played: half time and double time, a build-up and its drop."""

from __future__ import annotations

import math

from ..grooves.grid import STEPS_PER_BAR, VOICES, Note
from .asked import bar_begun
from .bar_transforms import Bar, crash
from .edits import Notes
from .score import Score

_KICK, _SNARE = VOICES.index("kick"), VOICES.index("snare")
_BACK_BEAT, _THREE = (4, 12), 8  # steps of a bar
_GHOST = 0.6  # of the loudest snare: what is softer is a ghost note, and stays
_SOFT, _LOUD = 0.7, 1.1  # factors of the velocities at the beginning and at the end of a build-up
_EIGHTHS, _SIXTEENTHS = 0.5, 0.75  # shares of a build-up from which on its roll is of these
_BREATH = 8  # step of the last bar of a build-up from which on the kick is left out


def halftime(notes: Notes, bar: Bar) -> Notes:
    """The back beat on 3 alone: accents of the snare leave 2 and 4, and the kick leaves 3; all else stays.

    >>> [note.step for note in halftime((Note(4, 1, 0.8, 0.0), Note(12, 1, 0.8, 0.0)), Bar(0, 0, None))]
    [8]
    """
    return _moved(notes, bar, beats=(_THREE,), off=_BACK_BEAT)


def doubletime(notes: Notes, bar: Bar) -> Notes:
    """The back beat on every off-beat 8th, the kick on every beat; all else stays.

    >>> [note.step for note in doubletime((Note(4, 1, 0.8, 0.0), Note(12, 1, 0.8, 0.0)), Bar(0, 0, None))]
    [2, 6, 10, 14]
    """
    notes = _moved(notes, bar, beats=(2, 6, 10, 14), off=(0, 4, 8, 12))
    kicks = [n for n in notes if n.voice == _KICK]
    if not kicks:
        return notes
    loud = max(n.velocity for n in kicks)
    there = {n.step for n in kicks}
    steps = (bar.start + step for step in (0, 4, 8, 12))
    return (*notes, *(Note(step, _KICK, loud, 0.0) for step in steps if step not in there))


FEELS = {"half": halftime, "double": doubletime}


def _moved(notes: Notes, bar: Bar, beats: tuple[int, ...], off: tuple[int, ...]) -> Notes:
    """Return a bar whose snare is accented on some steps, without the kick, and no more on others."""
    loud = max((n.velocity for n in notes if n.voice == _SNARE), default=0.0)
    if not loud:  # without a snare there is no back beat to be moved
        return notes
    on, gone = {bar.start + step for step in beats}, {bar.start + step for step in off}

    def stays(note: Note) -> bool:
        if note.voice == _KICK:
            return note.step not in on
        if note.voice == _SNARE:
            return note.step not in on and (note.step not in gone or note.velocity < _GHOST * loud)
        return True

    return (*filter(stays, notes), *(Note(step, _SNARE, loud, 0.0) for step in sorted(on)))


def built(score: Score, drummer: str, number: int, notes: Notes, bar: Bar, beat: float) -> Notes:
    """Return a bar (number: from the session's first, 0) as a build-up or a drop that holds at a beat makes it."""
    after = math.nextafter(beat, math.inf)
    build, drop = (
        None if edit is None or edit.value is None or score.ended(edit, after) < after else edit
        for edit in (score.edit(drummer, path, beat) for path in ("build", "drop"))
    )
    if drop is not None and bar_begun(drop) == number:
        return _dropped(notes, bar)
    if build is None or not isinstance(build.value, int) or (drop is not None and drop.beat >= build.beat):
        return notes
    passed = number - bar_begun(build)
    if passed == build.value:
        return _dropped(notes, bar)
    return _rolled(notes, bar, passed, build.value) if 0 <= passed < build.value else notes


def _dropped(notes: Notes, bar: Bar) -> Notes:
    return crash(tuple(n._replace(velocity=min(n.velocity * _LOUD, 1.0)) for n in notes), bar, 1.0)


def _rolled(notes: Notes, bar: Bar, passed: int, bars: int) -> Notes:
    """Return a bar of a build-up: a roll of the snare from 4ths to 16ths, all louder and louder, at last no kick."""

    def share(step: int) -> float:
        return (passed + (step - bar.start) / STEPS_PER_BAR) / bars

    last = bar.start + _BREATH if passed == bars - 1 else bar.start + STEPS_PER_BAR
    inside = range(bar.start, bar.start + STEPS_PER_BAR)
    found = []
    for note in notes:
        if note.step not in inside:
            found.append(note)
        elif note.voice != _SNARE and not (note.voice == _KICK and note.step >= last):
            grown = note.velocity * (_SOFT + (_LOUD - _SOFT) * share(note.step))
            found.append(note._replace(velocity=min(grown, 1.0)))
    for step in inside:
        apart = 1 if share(step) >= _SIXTEENTHS else 2 if share(step) >= _EIGHTHS else 4
        if step % apart == 0:
            found.append(Note(step, _SNARE, 0.35 + 0.6 * share(step), 0.0))
    return tuple(found)
