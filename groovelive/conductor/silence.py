"""Silence: ends all that sounds, and calls off all that is planned, as one edit that an undo takes back."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import GrooveError, closest
from ..score.asked import asked_fill
from ..score.edit_log import SESSION, heard_by, is_called_off
from ..score.edits import BEATS_PER_BAR, Edit, Line, Moves, Value
from ..score.score import Score
from ..score.sentences import of_hush
from .editor import Editor, off_grid

_ALSO = {"moves": "the moves of", "each_bar": "the code for the bars of", "autopilot": "the autopilot of"}


def hush(editor: Editor, by: str, drummers: Sequence[str] = (), *, led: bool = False) -> tuple[tuple[Edit, ...], str]:
    """Let drummers fall silent as soon as can be, and call off what is planned for them.

    Replays, songs, moves, fills, the performer's own code and autopilots end; ramps stop where they are. What nothing
    is changed by is not made, so that the undo after several is that of the one which counted.

    Args:
        editor: of the session.
        by: who wants it.
        drummers: their names; none: all, and what is planned for the session too.
        led: whether somebody else leads the tempo, which then goes on as it does.

    Returns:
        The edits, and a sentence that says what they did.

    Raises:
        GrooveError: there is no such drummer.
    """
    score, clock = editor.score, editor.clock
    for name in drummers:
        if name not in score.drummers:
            there = f"; there are {', '.join(score.drummers)}" if score.drummers else "; there is none yet"
            raise GrooveError(f"there is no drummer {name!r}{closest(name, score.drummers)}{there}")
    names, beat = tuple(drummers) or score.drummers, clock.beat()
    reach = {name: off_grid(clock.reach(name), beat) for name in (*names, SESSION)}
    sounding = [name for name in names if score.value(name, "source", reach[name]) is not None]
    ended = [
        f"{what} {name}" for name in names for path, what in _ALSO.items() if _goes(score, name, path, reach[name])
    ]
    ended += [f"the fill of {name}" for name in names if asked_fill(score, name, int(reach[name] // BEATS_PER_BAR))]
    ended += [one for name in (*names, *(() if drummers else (SESSION,))) for one in _moving(score, name, reach[name])]
    planned = [edit for edit in score.pending(beat) if _is_planned(edit, names, bool(drummers), reach)]
    said = of_hush(sounding, ended, planned)
    if not (sounding or ended or planned):
        return (), said
    group = score.next_group()
    edits = [Edit(beat=reach[name], drummer=name, path="hush", by=by, group=group) for name in names]
    value: Value = False if led or drummers else None
    for name in drummers or (SESSION,):
        edits.append(Edit(beat=reach[SESSION], drummer=name, path="cancel", value=value, by=by, group=group))
    for edit in edits:
        editor.take(edit)
    return tuple(edits), said


def _goes(score: Score, name: str, path: str, beat: float) -> bool:
    value = score.value(name, path, beat)
    return bool(value.moves) if isinstance(value, Moves) else bool(value)


def _moving(score: Score, name: str, beat: float) -> list[str]:
    """Return the ramps and transitions of a drummer, or of the session, that are under way at a beat."""
    found = []
    for path in score.paths(name):
        edit = score.edit(name, path, beat)
        if edit is None or edit.path != path or path in ("source", "mute", "solo"):
            continue
        bars = max(edit.over, edit.value.bars if isinstance(edit.value, Line) else 0.0)
        if bars and score.ended(edit, edit.beat + bars * BEATS_PER_BAR) > beat:
            found.append(f"the move of {name + '.' if name else 'live.'}{path}")
    return found


def _is_planned(edit: Edit, names: Sequence[str], some: bool, reach: dict[str, float]) -> bool:
    if not is_called_off(edit):
        return False
    if heard_by(edit) == SESSION:
        return edit.beat > reach[SESSION] and (not some or edit.drummer in names)
    return edit.drummer in names and edit.beat > reach[edit.drummer]
