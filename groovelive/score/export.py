"""Events as files: MIDI with exact times and the tempo map, and sound through the embedded synth.

The kits and mido are imported only where a file is written: a conductor starts without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..grooves.grid import GM_NOTES, Note
from ..runtime.atomic import replacing
from ..synthesis.kits import DrumKit, kits, render_kits
from .edits import STEP
from .events import Event
from .score import Score
from .targets import Scsynth, Synth

_PPQ = 480
_LENGTH = 60  # ticks of a note


def seconds(score: Score, event: Event, begin: float) -> float:
    """Return when an event sounds, in seconds from a beat on; not before it."""
    return max(score.tempo.seconds(event.beat) - score.tempo.seconds(begin) + event.nudge, 0.0)


def wav(path: Path, score: Score, events: Iterable[Event], begin: float, end: float) -> None:
    """Render events between two beats to a WAV file, each drummer with the kit of its target, if that is one with kits.

    Raises:
        GrooveError: the embedded synth is not installed, or the file cannot be written.
    """
    parts: dict[str | DrumKit, list[tuple[float, Note]]] = {}
    for event in events:
        note = Note(event.step, event.voice, event.velocity, 0.0)
        parts.setdefault(kit_of(score, event), []).append((seconds(score, event, begin), note))
    if not parts:
        parts[Synth().kit] = []
    render_kits(parts, path, score.tempo.seconds(end) - score.tempo.seconds(begin))


def kit_of(score: Score, event: Event) -> str:
    """Return the kit that an event is played with: that of the first of its targets with one, or the usual one."""
    outs = score.outs(event.drummer, event.beat)
    found = [] if outs is None else [target.kit for target in outs.targets if isinstance(target, Synth | Scsynth)]
    return next((kit for kit in found if kit in kits()), Synth().kit)


def midi(path: Path, score: Score, events: Sequence[Event], begin: float, end: float) -> None:
    """Write events between two beats to a MIDI file: the tempo, and a track for each drummer.

    Times are those of the music, to the tick of a 480th beat. A ramp of the tempo is written step by step.

    Raises:
        GrooveError: the file cannot be written.
    """
    from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

    file = MidiFile(type=1, ticks_per_beat=_PPQ)
    track = MidiTrack([MetaMessage("time_signature", numerator=4, denominator=4)])
    last, bpm = 0, 0.0
    for beat in np.arange(begin, end, STEP):
        now = score.tempo.bpm(float(beat))
        if abs(now - bpm) > 1e-6:
            tick = round((beat - begin) * _PPQ)
            track.append(MetaMessage("set_tempo", tempo=bpm2tempo(now), time=tick - last))
            last, bpm = tick, now
    track.append(MetaMessage("end_of_track", time=max(round((end - begin) * _PPQ) - last, 0)))
    file.tracks.append(track)
    for name in dict.fromkeys(event.drummer for event in events):
        moments = _moments(score, [event for event in events if event.drummer == name], begin)
        track, last = MidiTrack([MetaMessage("track_name", name=name)]), 0
        for tick, on, key, velocity in moments:
            kind = "note_on" if on else "note_off"
            track.append(Message(kind, channel=9, note=key, velocity=velocity, time=tick - last))
            last = tick
        file.tracks.append(track)
    with replacing(path) as part:
        file.save(part)


def _moments(score: Score, events: Iterable[Event], begin: float) -> list[tuple[int, int, int, int]]:
    """Return (tick, 1 on or 0 off, key, velocity) in order; a note that is struck again ends before."""
    moments: list[Any] = []
    free: dict[int, int] = {}
    for event in events:
        beat = event.beat - begin + event.nudge * score.tempo.bpm(event.beat) / 60
        tick, key = max(round(beat * _PPQ), 0), GM_NOTES[event.voice]
        velocity = min(max(round(event.velocity * 127), 1), 127)
        if tick < free.get(key, 0):
            off = (free[key], 0, key, 0)
            moments = [(tick, 0, key, 0) if moment == off else moment for moment in moments]
        free[key] = tick + _LENGTH
        moments += [(tick, 1, key, velocity), (tick + _LENGTH, 0, key, 0)]
    return sorted(moments)
