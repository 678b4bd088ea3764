"""Tap tempo: what a tap makes of the tempo, and of where the bar line is."""

from __future__ import annotations

from collections.abc import Callable

from ..protocol import session as messages
from ..protocol.session import Draft, When
from ..score.edit_log import SESSION
from ..score.edits import BEATS_PER_BAR, Edit, Line
from ..sync.tap_tempo import Taps
from .editor import Editor
from .phase_lock import PhaseLock


def tapped(
    editor: Editor, taps: Taps, at: float, bar: bool, by: str, moment: Callable[[float], float]
) -> tuple[Edit, ...]:
    """Take a tap, and set the tempo at once by the median of the intervals so far: from the second tap on.

    Args:
        editor: where.
        taps: those before it; more than 2 s later it is the first of new ones.
        at: when it was, in seconds.
        bar: whether it is the first beat of a bar: the bar lines are drawn onto it within some beats, by a tempo that
            differs a little; the beat number does not jump.
        by: who taps.
        moment: returns the seconds at which a beat of ours is.

    Raises:
        GrooveError: the tempo would be out of range; it stays as it is.
    """
    bpm = taps.tap(at)
    if bpm is not None:
        bpm = round(bpm, 2)
    reach = editor.clock.reach(SESSION)
    if not bar:
        return () if bpm is None else _write(editor, bpm, by)
    following = PhaseLock(over=1.0)
    following.heard(0.0, editor.score.tempo.bpm(reach) if bpm is None else bpm, taps.beat)
    way = following.way(reach, moment(reach), whole=True)
    if way.beats:
        return _write(editor, Line(way.start, way.end, way.beats / BEATS_PER_BAR), by)
    return () if bpm is None else _write(editor, bpm, by)


def _write(editor: Editor, value: float | Line, by: str) -> tuple[Edit, ...]:
    return editor.write(messages.Write(edits=(Draft("bpm", value),), when=When("now"), by=by))
