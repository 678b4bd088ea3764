"""What ends: a drummer that is stopped, a session that is reset; with what is planned, and as one group of edits."""

from __future__ import annotations

from ..errors import GrooveError, closest
from ..protocol import session as messages
from ..protocol.session import Draft, When
from ..score.edit_log import SESSION
from ..score.edits import Edit
from ..score.score import Score
from .editor import Editor

_STAY = ("undo", "redo", "scene", "playing", "played", "pattern", "own", "clear", "drop", "fill", "idea")


def cleared(editor: Editor, request: messages.StopRequest | messages.ResetRequest) -> tuple[Edit, ...]:
    """Stop a drummer, or reset the session.

    Raises:
        GrooveError: there is no such drummer, or nothing to be ended.
    """
    score = editor.score
    if isinstance(request, messages.StopRequest):
        name = request.drummer
        if name not in score.drummers:
            there = f"there are {', '.join(score.drummers)}" if score.drummers else "there is none yet"
            raise GrooveError(f"there is no drummer {name!r}{closest(name, score.drummers)}; {there}")
        lanes = [(name, "source")]
        nothing = f"{name} plays nothing, and nothing is planned for it"
    else:
        lanes = [(name, path) for name in (SESSION, *score.drummers) for path in score.paths(name)]
        lanes = [(name, path) for name, path in lanes if path not in _STAY]
        nothing = "everything is as in a new session already"
    drafts = [draft for name, path in lanes for draft in ended(score, name, path, editor.soonest(name))]
    if not drafts:
        raise GrooveError(nothing)
    return editor.write(messages.Write(edits=tuple(drafts), when=When("beat"), by=request.by))


def ended(score: Score, drummer: str, path: str, beat: float) -> list[Draft]:
    """Return drafts by which a lane is at its default from a beat on: now, and where something is planned.

    >>> score = Score([Edit(beat=at, drummer="d1", path="density", value=0.5, group=1) for at in (0, 16)])
    >>> [draft.beat for draft in ended(score, "d1", "density", 8.0)]
    [8.0, 16]
    """
    planned = [
        edit for edit in score.lane(drummer, path) if edit.beat > beat and not (edit.group and score.undone(edit.group))
    ]
    beats = dict.fromkeys(edit.beat for edit in planned)
    held = score.edit(drummer, path, beat)
    if held is not None and held.value is not None:
        beats = {beat: None, **beats}
    elif held is None and score.lane(drummer, path) and not planned:
        return []
    return [Draft(path, None, drummer, beat=at) for at in beats]
