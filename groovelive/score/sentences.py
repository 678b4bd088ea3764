"""Edits as sentences: who did what, and in which bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from .edit_log import EditLog
from .edits import BEATS_PER_BAR, Edit, Exact, FromDrummer, Home, Moves, Point, Rhythm, Walk, bar_of, plain
from .inputs import Hearing

_MANY = 4  # changes of one sentence that are named; of more, the first of them and how many there are
_UNITS = {"bpm": "the tempo", "seed": "the session's seed", "quantum": "the quantum", "out": "the session's targets"}


def place(beat: float) -> str:
    """Return where a beat is, in bars.

    >>> place(32), place(34.5)
    ('bar 9', 'bar 9, beat 3.5')
    """
    within = round(beat % BEATS_PER_BAR + 1, 2)
    return f"bar {bar_of(beat)}" if within == 1 else f"bar {bar_of(beat)}, beat {within:g}"


def did(edit: Edit) -> str:
    """Return what an edit did, as the end of a sentence that begins with who did it.

    >>> did(Edit(beat=0, drummer="d1", path="density.hats", value=0.8, over=4))
    'set d1.density.hats to 0.8 over 4 bars'
    >>> did(Edit(beat=0, drummer="d1", path="source", value=Rhythm(text="x..x")))
    "let d1 follow groove('x..x')"
    >>> did(Edit(beat=0, drummer="d1", path="mute.kick", value=True, bars=4))
    'muted kick of d1 for 4 bars'
    """
    over = f" over {edit.over:g} bars" if edit.over else ""
    if edit.bars:
        over += f" for {edit.bars:g} bar{'' if edit.bars == 1 else 's'}"
    return _did(edit.drummer or "the session", edit.path, edit.value) + over


def _did(name: str, path: str, value: Any) -> str:
    head, _, part = path.partition(".")
    whole = f"{part.replace('_', ' ')} of {name}" if part and not part.isdigit() else name
    if head == "source":
        return _followed(name, value)
    if head in ("mute", "solo"):
        return f"{'' if value else 'un'}{head if head == 'solo' else 'mut'}{'ed'} {whole}"
    if head == "lock":
        return f"{'' if value else 'un'}locked {f'step {part} of {name}' if part.isdigit() else whole}"
    if head == "moves":
        if not isinstance(value, Moves) or not value.moves:
            return f"ended the moves of {name}"
        return f"{'added' if value.added else 'set the moves of ' + name + ' to'} {plain(value)}" + (
            f" to {name}" if value.added else ""
        )
    if head == "knob":
        return f"bound {_of(name, part)} to {plain(value)}" if value is not None else f"freed {_of(name, part)}"
    fixed = {
        "hush": "hushed " + ("all" if name == "the session" else name), "cancel": "called off what was planned",
        "clear": f"let {name} forget what was played to it", "idea": f"let {name} play an idea",
        "own": f"gave {name} a bar", "scene": f"saved the scene {value!r}", "undo": "undid something",
        "redo": "did something again", "origin": "counted the bars anew" if value is not None else "counted all bars",
        "fill": f"asked {name} for a fill of {value} bar{'' if value == 1 else 's'}",
        "build": f"let {name} build up over {value} bar{'' if value == 1 else 's'}", "drop": f"let {name} drop",
        "playing": "started the transport" if value else "stopped the transport",
        "autopilot": f"turned the autopilot of {name} {'on' if value else 'off'}",
        "each_bar": f"gave the bars of {name} to code" if value else f"took the bars of {name} back from code",
    }  # fmt: skip
    if head in fixed and (value is not None or head not in ("build", "drop")):
        return fixed[head]
    return f"set {_of(name, path)} {'back' if value is None else 'to ' + str(plain(value))}"


def _of(name: str, path: str) -> str:
    return _UNITS.get(path, f"live.{path}") if name == "the session" else f"{name}.{path}"


def _followed(name: str, value: Any) -> str:
    if value is None:
        return f"silenced {name}"
    if isinstance(value, Home):
        return f"sent {name} home"
    if isinstance(value, Exact):
        return f"gave {name} {plain(value)}"
    if isinstance(value, Rhythm | Hearing | FromDrummer):
        return f"let {name} follow {plain(value)}"
    if isinstance(value, Walk | Point):
        return f"let {name} {'' if isinstance(value, Walk) else 'play '}{plain(value)}"
    return f"let {name} resume"


def all_done(edits: Sequence[Edit]) -> str:
    """Return what edits of one line or block did, as the end of a sentence."""
    told = list(dict.fromkeys(did(edit) for edit in edits if edit.path != "cancel"))
    if any(edit.path == "cancel" for edit in edits) and any(edit.path not in ("hush", "cancel") for edit in edits):
        return "reset the session"
    if any(edit.path == "hush" for edit in edits):
        return "hushed " + " and ".join(dict.fromkeys(edit.drummer or "all" for edit in edits if edit.path == "hush"))
    if not told:
        return did(edits[0]) if edits else "nothing"
    more = f" and {len(told) - _MANY + 1} changes more" if len(told) > _MANY else ""
    return ", ".join(told[: _MANY - 1] if more else told) + more


def lines(edits: Sequence[Edit], log: EditLog | None = None) -> Iterator[str]:
    """Yield a sentence for each line or block: in which bar, who did what, and whether that is undone.

    Args:
        edits: in order.
        log: that they are from; it says what an undo undid. None: they are still to come.
    """
    for _, run in groupby(edits, key=lambda edit: (edit.group or id(edit), edit.by, edit.path == "undo")):
        made = list(run)
        first, last = (pick(edit.beat for edit in made) for pick in (min, max))
        where = place(first) if bar_of(first) == bar_of(last) else f"bars {bar_of(first)} to {bar_of(last)}"
        undone = " (undone)" if log is not None and made[0].group and log.undone(made[0].group) else ""
        off = " (called off)" if log is not None and not undone and not any(map(log.counts, made)) else ""
        due = "due in " if log is None else ""
        yield f"{due}{where}: {made[0].by or 'somebody'} {_told(made, log)}{undone or off}"


def _told(made: Sequence[Edit], log: EditLog | None) -> str:
    value = made[0].value
    if made[0].path in ("undo", "redo") and log is not None and isinstance(value, int) and log.group(value):
        group = log.group(value)
        word = "undid" if made[0].path == "undo" else "did again"
        return f"{word}: {group[0].by} {all_done(group)} ({place(group[0].beat)})"
    return all_done(made)


def of_undo(log: EditLog, edit: Edit) -> str:
    """Return what an undo or a redo did, as a sentence."""
    assert isinstance(edit.value, int)
    group = log.group(edit.value)
    word = "undone" if edit.path == "undo" else "done again"
    return f"{word}: {all_done(group)} ({place(group[0].beat)}, by {group[0].by})"


def of_hush(sounding: Sequence[str], ended: Sequence[str], planned: Sequence[Edit]) -> str:
    """Return what silence did, in one line.

    Args:
        sounding: the drummers that played.
        ended: what else was under way, as "the moves of d1".
        planned: what is called off.

    >>> of_hush(["d1", "d2"], [], [Edit(beat=32, drummer="d1", path="density", value=0.8, by="maria", group=1)])
    'd1 and d2 fall silent; called off: set d1.density to 0.8 (bar 9); undo() brings it all back'
    """
    parts = []
    if sounding:
        parts.append(f"{' and '.join(sounding)} fall{'s' if len(sounding) == 1 else ''} silent")
    if ended:
        parts.append(f"ended: {', '.join(ended)}")
    if planned:
        told = [f"{all_done([edit])} ({place(edit.beat)})" for edit in planned[: _MANY - 1]]
        more = f" and {len(planned) - len(told)} more" if len(planned) > len(told) else ""
        parts.append(f"called off: {', '.join(told)}{more}")
    if not parts:
        return "nothing sounds, and nothing is planned"
    return "; ".join([*parts, "undo() brings it all back"])
