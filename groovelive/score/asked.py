"""What performers ask of the player for some bars alone: fills, an idea that was taken, a take that is played again."""

from __future__ import annotations

import math

from .controls import CONTROLS
from .edit_log import SESSION
from .edits import BEATS_PER_BAR, STEP, Edit, Pattern
from .rhythms import LOOP
from .score import Score

_LOOP_BEATS = LOOP * BEATS_PER_BAR


def bar_begun(edit: Edit) -> int:
    """Return the bar, from 0, from which on an edit counts: that which it is in, or which begins just after it.

    >>> [bar_begun(Edit(beat=beat, path="fill", value=1)) for beat in (16, 18.5, 19.9)]
    [4, 4, 5]
    """
    return int((edit.beat + STEP / 2) // BEATS_PER_BAR)


def asked_fill(score: Score, drummer: str, bar: int, beat: float = math.inf) -> bool:
    """Return whether the performer has asked for a fill in a bar (from 0).

    Args:
        beat: by when; what was asked for later in the bar does not change what has been played of it.
    """
    end = min(float((bar + 1) * BEATS_PER_BAR), beat)
    silenced = math.nextafter(end, math.inf) if end == beat else end  # a hush at this beat has ended it, too
    return any(
        isinstance(edit.value, int)
        and (edit.beat < end or edit.beat == beat)
        and bar_begun(edit) <= bar < bar_begun(edit) + edit.value
        and score.counts(edit, end)
        and score.ended(edit, silenced) == silenced
        for edit in score.lane(drummer, "fill")
    )


def taken_idea(score: Score, drummer: str, beat: float) -> Edit | None:
    """Return the idea that a performer took last by a beat, if the drummer has had no other source since; or None."""
    if not score.beats(drummer, "idea"):
        return None
    idea, source = score.edit(drummer, "idea", beat), score.edit(drummer, "source", beat)
    if idea is None or not isinstance(idea.value, Pattern) or (source is not None and idea.beat < source.beat):
        return None
    return idea


def idea_until(score: Score, idea: Edit) -> float:
    """Return the beat until which an idea is played as it was taken: to the end of the first whole loop of it."""
    origin = score.origin(idea.beat) * BEATS_PER_BAR
    return origin + math.ceil((idea.beat + _LOOP_BEATS - origin) / _LOOP_BEATS) * float(_LOOP_BEATS)


def plays_idea(score: Score, drummer: str, beat: float) -> bool:
    """Return whether a drummer plays an idea as it was taken at a beat, so that no answer is wanted."""
    idea = taken_idea(score, drummer, beat)
    return idea is not None and beat < idea_until(score, idea)


def replayed(score: Score, drummer: str, beat: float) -> bool:
    """Return whether a drummer plays what is in a take: the answers are in the log, and none is wanted.

    Whoever changes what the drummer is asked, while the take is played, has it answer anew from then on.
    """
    begun = score.edit(SESSION, "origin", beat)
    if begun is None or begun.path != "origin" or begun.value is None:
        return False
    last = max((score.order(edit) for edit in score.lane(SESSION, "origin") if edit.value is None), default=0)
    source = score.edit(drummer, "source", beat)
    if source is None or not score.order(begun) < score.order(source) < last:
        return False
    return not any(
        score.order(edit) > last and edit.beat <= beat and score.counts(edit, beat)
        for name in (drummer, SESSION)
        for path in score.paths(name)
        if (control := CONTROLS.get(path.partition(".")[0])) is not None and control.asks
        for edit in score.lane(name, path)
    )
