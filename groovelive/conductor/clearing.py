"""A session that is reset: everything as in a new one, by one group of edits that an undo takes back."""

from __future__ import annotations

from ..score.edit_log import SESSION, is_called_off
from ..score.edits import Edit
from .editor import Editor, off_grid

_STAY = (
    "undo", "redo", "hush", "cancel", "scene", "playing", "played", "pattern", "own", "clear", "drop", "fill", "idea",
)  # fmt: skip


def reset(editor: Editor, by: str, *, led: bool = False) -> tuple[tuple[Edit, ...], str]:
    """Set everything to how a new session is, at once, and call off what is planned.

    Args:
        editor: of the session.
        by: who wants it.
        led: whether somebody else leads the tempo, which then stays.

    Returns:
        The edits, and a sentence that says what they did.
    """
    score, beat = editor.score, editor.clock.beat()
    names = (SESSION, *score.drummers)
    due = {name: off_grid(editor.clock.reach(name), beat) for name in names}
    lanes = [(name, path) for name in names for path in score.paths(name) if path not in _STAY]
    held = [(n, p) for n, p in lanes if score.value(n, p, due[n]) is not None and not (led and (n, p) == ("", "bpm"))]
    planned = [edit for edit in score.pending(beat) if is_called_off(edit)]
    if not held and not planned:
        return (), "everything is as in a new session already"
    group = score.next_group()
    edits = [Edit(beat=due[name], drummer=name, path="hush", by=by, group=group) for name in score.drummers]
    edits.append(Edit(beat=due[SESSION], path="cancel", value=False if led else None, by=by, group=group))
    for name, path in held:
        at = due[SESSION] if path == "solo" else due[name]
        edits.append(Edit(beat=at, drummer=name, path=path, by=by, group=group))
    for edit in edits:
        editor.take(edit)
    many = len({name for name, _ in held} - {SESSION})
    told = [f"{many} drummer{'s' if many != 1 else ''} reset"] if many else []
    told += [f"{len(planned)} planned edit{'s' if len(planned) != 1 else ''} called off"] if planned else []
    return tuple(edits), f"{', '.join(told) or 'the session reset'}; undo() brings it back"
