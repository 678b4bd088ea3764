"""Which parts of a MIDI file are read, which of them are drums, and who plays the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..checks import whole
from ..errors import GrooveError, closest
from ..grooves.taps import Instrument
from .drum_maps import DrumMap
from .parser import MidiPart, MidiScore

_FAMILIES: dict[Instrument, range] = {"piano": range(8), "guitar": range(24, 32), "bass": range(32, 40)}
# In this order: a "bass guitar" is a bass.
_NAMES: dict[Instrument, re.Pattern[str]] = {
    "bass": re.compile(r"bass(?!oon)", re.IGNORECASE),
    "guitar": re.compile(r"guitar|\bgtr", re.IGNORECASE),
    "piano": re.compile(r"piano|rhodes|wurli|clav|\bkeys\b|keyboard", re.IGNORECASE),
}
# How drums are called where files come from, by the beginnings of words.
_DRUM_NAME = re.compile(
    r"drum|\bperc(?!ussive)|\bkit\b|\bbeats?\b|\bkick|\bsnare|hi-?hat|\btoms?\b|cymbal|\bride\b|\bcrash|\bclaps?\b"
    r"|bat{1,2}er[ií]|schlagzeug|tromm|sla(?:g|ck)(?:verk|werk)|trummor|percu(?!ssive)|perkus|rummut|davul|bicí|bębn"
    r"|ударн|барабан|перкус|удари|τύμπαν|κρουστ|תופים|طبول|ドラム|パーカッション|打楽器|鼓|打击|打擊|드럼|타악",
    re.IGNORECASE,
)
# What may be called so as well, and plays melodies; and what surely is not meant where nothing says drums.
_PITCHED_NAME = re.compile(
    r"steel|organ|piano|guitar|brass|strings?\b|marimba|vibra|xylo|glocken|bells?\b", re.IGNORECASE
)
_MELODIC_NAME = re.compile(r"bass|synth|\blead|\bpad\b|\bkeys\b|melod|chord|vocal|voice", re.IGNORECASE)
_KICKS, _HATS = {35, 36}, {42, 44, 46, 49, 51, 53, 57, 59}  # of General MIDI, with the cymbals
_LOWEST, _HIGHEST = 35, 81  # its drums
_SHOWN = 40  # parts of a file that an error names
_TOGETHER = 0.1  # of the moments, at which at least several drums are struck: a bass line has one note at a time

Ints = NDArray[np.int64]


def choose(score: MidiScore, track: int | str | None, channel: int | None) -> list[MidiPart]:
    """Return the parts of a track (its number from 1, or a part of its name) and a channel; None: of all.

    Raises:
        GrooveError: there are none.
    """
    if channel is not None:
        whole("a MIDI channel", channel, 1, 16)
    if not score.parts:
        raise GrooveError(f"{score.name} has no notes")
    chosen = [p for p in score.parts if channel in (None, p.channel)]
    if isinstance(track, str):
        chosen = [p for p in chosen if track.casefold() in p.name.casefold()]
    elif track is not None:
        chosen = [p for p in chosen if p.track == track]
    if not chosen:
        wanted = [f"track {track!r}"] * (track is not None) + [f"channel {channel}"] * (channel is not None)
        hint = closest(track, [p.name for p in score.parts]) if isinstance(track, str) else ""
        there = ", ".join(map(str, score.parts[:_SHOWN])) + " …" * (len(score.parts) > _SHOWN)
        raise GrooveError(f"{score.name} has no notes on {' and '.join(wanted)}{hint}; it has {there}")
    return chosen


def drums_among(parts: Sequence[MidiPart], score: MidiScore, kit: DrumMap) -> list[bool]:
    """Return of each part whether it is drums.

    Channel 10 is, and what is named so and has pitches of the kit, unless it is named like a melodic instrument too;
    beside a channel 10 only if nearly all are the kit's, and no instrument of General MIDI is told. Where nothing is
    told to be drums, what is played like drums is.

    Args:
        parts: those that are read.
        score: the file.
        kit: the drum map that drums are read with.
    """
    tracks = Counter(part.track for part in score.parts)
    real = {part.track for part in score.parts if part.channel == 10}
    told = []
    for part in parts:
        named = bool(_DRUM_NAME.search(part.name)) and not _PITCHED_NAME.search(part.name) and _fits(part, kit, 0.5)
        # In a file of type 0 the name is that of the piece: beside a channel 10 the other channels are no drums.
        if named and real:
            named = part.track not in real and tracks[part.track] == 1 and _fits(part, kit, 0.9) and not part.program
        told.append(part.channel == 10 or named)
    if any(told) or real:
        return told
    melodic = [bool(_PITCHED_NAME.search(part.name) or _MELODIC_NAME.search(part.name)) for part in parts]
    return [not named and _sounds_like_drums(part) for part, named in zip(parts, melodic, strict=True)]


def _fits(part: MidiPart, kit: DrumMap, share: float) -> bool:
    """Return whether a share of the notes, at least, are drums of a kit."""
    return sum(kit.voice_of(pitch) is not None for _, pitch, _ in part.notes) >= share * len(part.notes)


def _sounds_like_drums(part: MidiPart) -> bool:
    """Return whether a part has the pitches of a drum kit of General MIDI, several of them struck together."""
    pitches = Counter(pitch for _, pitch, _ in part.notes)
    if not pitches.keys() & _KICKS or not pitches.keys() & _HATS:
        return False
    if min(pitches) < _LOWEST or max(pitches) > _HIGHEST or not (pitches.keys() & {37, 38, 39, 40}):
        return False
    moments = sorted(Counter(tick for tick, _, _ in part.notes).values())
    together = sum(number > 1 for number in moments)
    are_chords = moments[len(moments) // 2] > 2
    hats = sum(pitches[pitch] for pitch in _HATS)
    return together >= _TOGETHER * len(moments) and not are_chords and hats >= len(part.notes) / 5


def instrument_of_parts(parts: Sequence[MidiPart], score: MidiScore) -> Instrument:
    """Return who plays parts, if it is one and they tell."""
    found: set[Instrument] = set()
    tracks = Counter(part.track for part in score.parts)
    for part in parts:
        of_program = [who for who, programs in _FAMILIES.items() if part.program in programs]
        # (In a file of type 0 one name stands for all channels.)
        of_name = [] if tracks[part.track] > 1 else [who for who, name in _NAMES.items() if name.search(part.name)]
        found.add((of_program or of_name or ["any"])[0])
    return found.pop() if len(found) == 1 else "any"


def notes_of(parts: Sequence[MidiPart]) -> Ints:
    """Return the notes of all parts as (n, 3): tick, pitch, velocity."""
    notes = [note for part in parts for note in part.notes]
    return np.array(notes, np.int64).reshape(len(notes), 3)
