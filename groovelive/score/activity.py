"""Which of the notes that were played reach a drummer, and how densely is played to it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from . import rhythms
from .edit_log import EditLog
from .edits import BEATS_PER_BAR, STEP, Edit, Exact, FromDrummer, Pattern, Rhythm, unpack
from .inputs import GRAIN, Ear, Hearing, Played, loudness, strokes
from .targets import Midi

FULL = 14  # 16ths of a bar that are hit when it counts as dense; as in GrooveTransformer's adaptive memory


def reaching(log: EditLog, drummer: str, ears: Sequence[Ear], edit: Edit) -> list[tuple[float, float]]:
    """Return the notes of an edit that reach some ears: (beat, velocity)."""
    assert isinstance(edit.value, Played)
    there = [ear for ear in ears if ear.port == edit.value.port]
    if not there:
        return []
    own = {ear: _own_channels(log, drummer, ear, edit.beat) for ear in there}
    found = []
    for stroke in strokes(edit.value.notes):
        for ear in there:
            if stroke.channel not in own[ear] and (loud := loudness(ear, stroke)):
                found.append((edit.beat - stroke.ago / GRAIN, loud))
    return found


def _own_channels(log: EditLog, drummer: str, ear: Ear, beat: float) -> set[int]:
    """Return the channels on which an ear would hear the drummer itself.

    Those on which it plays into a port of the same name; and, where one of both is a virtual port, which can be
    connected with anything, the channel on which it plays, unless it is the one that the ear was told to hear.
    """
    outs = log.outs(drummer, beat) if ear.port else None
    if outs is None:
        return set()
    return {target.channel for target in outs.targets if isinstance(target, Midi) and _same(target, ear)}


def _same(target: Midi, ear: Ear) -> bool:
    if target.virtual or ear.virtual:
        return not ear.channel
    out, port = target.port.lower(), ear.port.lower()
    return bool(out) and (out in port or port in out)


def activity(log: EditLog, drummer: str, beat: float, seed: int) -> float:
    """Return how densely is played to a drummer, 0..1: the share of the last bar's 16ths that were hit, of fourteen.

    Ears of the role "density" count alone, where there are any. Of a rhythm that is written, its own density counts.

    Args:
        log: of the session's edits, the notes that were played among them.
        drummer: its name.
        beat: the last of the beats that count.
        seed: of the drummer's chances, which decide what a written rhythm has.
    """
    for edit in log.sources(drummer, beat):
        source = edit.value
        if isinstance(source, Rhythm):
            bar = max(int(beat // BEATS_PER_BAR) - log.origin(beat), 0)
            notes = rhythms.notes_in(source, bar // rhythms.LOOP * rhythms.LOOP, seed)
            return min(len({note.step for note in notes}) / (FULL * rhythms.LOOP), 1.0)
        if isinstance(source, FromDrummer):
            return _played_by(log, source.drummer, beat)
        if isinstance(source, Hearing):
            dense = [ear for ear in source.ears if ear.role == "density"]
            listening = dense or [ear for ear in source.ears if ear.role == "rhythm"]
            return min(len(_steps(log, drummer, listening, beat)) / FULL, 1.0)
    return 0.0


def _played_by(log: EditLog, drummer: str, beat: float) -> float:
    """Return how densely another drummer plays: of the answer that it plays, or of what it was told to play."""
    source, pattern = (log.value(drummer, path, beat) for path in ("source", "pattern"))
    if isinstance(source, Exact):
        notes = rhythms.notes_in(source, 0)
    elif source is not None and isinstance(pattern, Pattern):
        notes = unpack(pattern.notes)
    else:
        notes = ()
    return min(len({note.step for note in notes}) / (FULL * rhythms.LOOP), 1.0)


def _steps(log: EditLog, drummer: str, ears: Sequence[Ear], beat: float) -> set[int]:
    lane, beats = log.lane("", "played"), log.beats("", "played")
    found: set[int] = set()
    for edit in lane[bisect_left(beats, beat - BEATS_PER_BAR) : bisect_right(beats, beat)]:
        for at, _ in reaching(log, drummer, ears, edit):
            if at >= beat - BEATS_PER_BAR:
                found.add(math.floor(at / STEP + 0.5))
    return found
