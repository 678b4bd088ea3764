"""Reading MIDI files: a whole performance laid on the 16th grid, with a report of what did not fit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import name, whole
from ..errors import GrooveError, closest
from ..grooves.grid import STEPS_PER_BAR, STEPS_PER_BEAT, VOICES
from ..grooves.groove import Groove
from ..grooves.taps import Instrument
from . import drum_maps
from .parser import MAX_BARS, Metre, MidiPart, MidiScore, Source, parse
from .writer import Tempo, grooves_to_midi, write

__all__ = [
    "MAX_BARS", "Metre", "MidiPerformance", "MidiReport", "Skipped", "Tempo", "grooves_to_midi", "read",
    "read_groove", "write",
]  # fmt: skip

Array = NDArray[np.float32]
Ints = NDArray[np.int64]

_FAMILIES: dict[Instrument, range] = {"piano": range(8), "guitar": range(24, 32), "bass": range(32, 40)}
# In this order: a "bass guitar" is a bass.
_NAMES: dict[Instrument, re.Pattern[str]] = {
    "bass": re.compile(r"bass(?!oon)", re.IGNORECASE),
    "guitar": re.compile(r"guitar|\bgtr", re.IGNORECASE),
    "piano": re.compile(r"piano|rhodes|wurli|clav|\bkeys\b|keyboard", re.IGNORECASE),
}
_DRUM_NAME = re.compile(r"(?<!steel)(?<!steel[ -])drum|\bperc|\bkit\b", re.IGNORECASE)


class Skipped(NamedTuple):
    """Bars of a file that were left out because they do not last four quarter notes; bars count from 1."""

    first_bar: int
    last_bar: int
    metre: str
    notes: int

    def __str__(self) -> str:
        several = self.last_bar > self.first_bar
        bars = f"bars {self.first_bar}-{self.last_bar}" if several else f"bar {self.first_bar}"
        return f"{bars} left out ({self.metre}, {_count(self.notes, 'note')})"


@dataclass(frozen=True, slots=True)
class MidiReport:
    """What became of the notes of a file; `str()` tells it in one line.

    Args:
        notes: how many notes were laid on the grid.
        bars: in how many bars.
        collisions: drum notes lost to a louder one of the same voice in the same step.
        unmapped: how many notes were left out because the kit lacks their pitch, for each pitch.
        after_end: notes left out because they were the only ones of the last bar, on its downbeat.
        skipped: the bars left out because they are not in 4/4.
        drums: the parts read with the kit map.
        flattened: the parts read as a rhythm only, into `tap`.
        ignored: the parts that `track`, `channel` and `part` left out.
    """

    notes: int
    bars: int
    collisions: int
    unmapped: dict[int, int]
    after_end: int
    skipped: tuple[Skipped, ...]
    drums: tuple[str, ...]
    flattened: tuple[str, ...]
    ignored: tuple[str, ...]

    def __str__(self) -> str:
        said = [f"{_count(self.notes, 'note')} in {_count(self.bars, 'bar')}"]
        if self.drums:
            said.append(f"drums from {', '.join(self.drums)}")
        if self.flattened:
            hint = "" if self.drums else " (no drums found; part='drums' reads them with a kit)"
            said.append(f"flattened to a tap: {', '.join(self.flattened)}{hint}")
        if self.collisions:
            said.append(f"{_count(self.collisions, 'note')} lost to a louder one of the same voice and step")
        if self.unmapped:
            pitches = ", ".join(f"{pitch} x{count}" for pitch, count in sorted(self.unmapped.items()))
            said.append(f"not in the kit: pitch {pitches}")
        said += map(str, self.skipped)
        if self.after_end:
            said.append("the final downbeat left out")
        if self.ignored:
            said.append(f"ignored {', '.join(self.ignored)}")
        return "; ".join(said)


@dataclass(frozen=True, slots=True, eq=False)
class MidiPerformance:
    """What a MIDI file holds, as `read` found it.

    Args:
        groove: all its bars of 4/4; where it has no drums, its tap played on the closed hat.
        tap: (steps, 3) float32, read-only: hit, velocity, offset at each step of the pitched tracks, the
            loudest note of each step; where there are none, the tap of the drums.
        tempo_map: (beat, BPM) of each tempo, the first at beat 0; beats are those of `groove`.
        time_signatures: the metres of the file; their beats are quarter notes of the file.
        sections: (first bar, bars) of each unbroken stretch of `groove`: one, unless bars were left out.
        report: what did not fit.
        instrument: who plays what `groove` is made of: "drums"; "bass", "guitar" or "piano", as the programs of its
            tracks, or else their names, say; "any" where they say nothing, or several things.
    """

    groove: Groove
    tap: Array
    tempo_map: tuple[tuple[float, float], ...]
    time_signatures: tuple[Metre, ...]
    sections: tuple[tuple[int, int], ...]
    report: MidiReport
    instrument: Instrument = "any"

    @property
    def tempo(self) -> float:
        """The first tempo, in beats per minute."""
        return self.tempo_map[0][1]

    def loops(self, bars: int = 2, hop: int = 1) -> list[Groove]:
        """Cut the performance into loops.

        The notes are on the grid already, so one that comes just ahead of a downbeat belongs to the loop
        which that downbeat opens. A stretch shorter than `bars` is filled with silence; a loop never spans
        bars that were left out; silent loops are left out.

        Args:
            bars: length of a loop, at least 1.
            hop: bars from the beginning of one loop to the next, at least 1; loops overlap where it is less
                than `bars`.
        """
        whole("bars", bars, 1)
        whole("hop", hop, 1)
        cuts = []
        for first, length in self.sections:
            for start in range(first, first + max(length - bars, 0) + 1, hop):
                loop = self.groove[start : min(start + bars, first + length)]
                if len(loop):
                    cuts.append(loop + Groove.empty(bars - loop.bars) if loop.bars < bars else loop)
        return cuts


def read_groove(
    source: Source,
    *,
    kit: drum_maps.DrumMapLike = "common",
    track: int | str | None = None,
    channel: int | None = None,
    part: Literal["auto", "drums", "tap"] = "auto",
) -> Groove:
    """Return the groove of a MIDI file: `read(...).groove`, with the arguments of `read`."""
    return read(source, kit=kit, track=track, channel=channel, part=part).groove


def read(
    source: Source,
    *,
    kit: drum_maps.DrumMapLike = "common",
    track: int | str | None = None,
    channel: int | None = None,
    part: Literal["auto", "drums", "tap"] = "auto",
) -> MidiPerformance:
    """Read a MIDI file of type 0 or 1: its drums through a kit map, its other tracks as a tap.

    A note goes to the nearest 16th, floor(ticks / (ticks per 16th) + 1/2), and keeps its distance from it
    as an offset from -0.5 up to 0.5. Of notes of one voice in one step the loudest stays. The performance
    lasts to the bar of its last note, except that a last bar which holds only a final downbeat is dropped; a
    file that ends on a bar line (as what `write` and most DAWs make) lasts until there. Metres whose bar
    lasts four quarter notes (4/4, 2/2, 8/8) are read; bars in other metres are left out and reported.

    Args:
        source: a path, the bytes of a file, or a binary file object.
        kit: the kit map for the drums, see `drum_maps.load`.
        track: read only this track: its number in the file, from 1, or a part of its name.
        channel: read only this MIDI channel, 1..16.
        part: "auto" takes as drums what is on channel 10 or on a track named like drums, and flattens the
            rest; "drums" takes all as drums, "tap" flattens all.

    Raises:
        GrooveError: the file cannot be read, is no MIDI file or is damaged, has no notes, no bar of 4/4, no
            pitch that is in the kit, or lasts more than `MAX_BARS`.

    >>> groove = Groove.from_notes([(0, "kick", 1.0), (12, "snare", 0.5, -0.25)])
    >>> performance = read(grooves_to_midi(groove, tempo=96))
    >>> performance.tempo, [(note.step, note.name) for note in performance.groove]
    (96.0, [(0, 'kick'), (12, 'snare')])
    >>> print(performance.report)
    2 notes in 2 bars; drums from track 1 'groove' channel 10
    """
    name("part", part, ("auto", "drums", "tap"))
    chosen_kit = drum_maps.load(kit)
    score = parse(source)
    chosen = _choose(score, track, channel)
    is_drums = [part == "drums" or (part == "auto" and _is_drums(p, score)) for p in chosen]
    drums = [p for p, yes in zip(chosen, is_drums, strict=True) if yes]
    pitched = [p for p, yes in zip(chosen, is_drums, strict=True) if not yes]
    drum_notes, pitched_notes = _notes(drums), _notes(pitched)

    grid = _lay_out(score, np.concatenate([drum_notes, pitched_notes]))
    drum_steps, drum_offsets, drum_notes = grid.place(score, drum_notes)
    tap_steps, tap_offsets, pitched_notes = grid.place(score, pitched_notes)

    table = np.array([-1 if (v := chosen_kit.voice_of(p)) is None else v for p in range(128)])
    voices = table[drum_notes[:, 1]]
    mapped = voices >= 0
    unmapped = Counter(drum_notes[~mapped, 1].tolist())
    if len(drum_notes) and not mapped.any():
        pitches = ", ".join(map(str, sorted(unmapped)))
        raise GrooveError(f"no drum of {score.name} is in the kit {chosen_kit.name} (its pitches: {pitches})")
    steps = grid.bars * STEPS_PER_BAR
    hvo = np.zeros((3, steps, len(VOICES)), np.float32)
    _fill(hvo, drum_steps[mapped], voices[mapped], drum_notes[mapped], drum_offsets[mapped])
    flat = np.zeros((3, steps, 1), np.float32)
    _fill(flat, tap_steps, np.zeros_like(tap_steps), pitched_notes, tap_offsets)
    tap = np.ascontiguousarray(flat[:, :, 0].T)
    tap.setflags(write=False)
    groove = Groove(*hvo) if drums else Groove.from_tap(tap)
    report = MidiReport(
        notes=int(mapped.sum()) + len(pitched_notes),
        bars=grid.bars,
        collisions=int(mapped.sum() - hvo[0].sum()),
        unmapped=dict(sorted(unmapped.items())),
        after_end=grid.after_end,
        skipped=grid.skipped,
        drums=tuple(map(str, drums)),
        flattened=tuple(map(str, pitched)),
        ignored=tuple(str(p) for p in score.parts if p not in chosen),
    )
    sections = tuple((s.base, s.bars) for s in grid.sections if s.bars)
    tap = tap if pitched else groove.tap()
    instrument: Instrument = "drums" if drums else _instrument(pitched, score)
    return MidiPerformance(groove, tap, grid.tempo_map(score), score.metres, sections, report, instrument)


def _choose(score: MidiScore, track: int | str | None, channel: int | None) -> list[MidiPart]:
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
        there = ", ".join(map(str, score.parts))
        raise GrooveError(f"{score.name} has no notes on {' and '.join(wanted)}{hint}; it has {there}")
    return chosen


def _is_drums(part: MidiPart, score: MidiScore) -> bool:
    if part.channel == 10:
        return True
    # In a file of type 0 the name is that of the piece: beside a channel 10 the other channels are no drums.
    mixed = any(other.track == part.track and other.channel == 10 for other in score.parts)
    return not mixed and _DRUM_NAME.search(part.name) is not None


def _instrument(parts: Sequence[MidiPart], score: MidiScore) -> Instrument:
    """Return who plays parts, if it is one and they tell."""
    found: set[Instrument] = set()
    for part in parts:
        of_program = [who for who, programs in _FAMILIES.items() if part.program in programs]
        # (In a file of type 0 one name stands for all channels.)
        shared = sum(other.track == part.track for other in score.parts) > 1
        of_name = [] if shared else [who for who, name in _NAMES.items() if name.search(part.name)]
        found.add((of_program or of_name or ["any"])[0])
    return found.pop() if len(found) == 1 else "any"


def _notes(parts: Sequence[MidiPart]) -> Ints:
    """Return the notes of all parts as (n, 3): tick, pitch, velocity."""
    notes = [note for part in parts for note in part.notes]
    return np.array(notes, np.int64).reshape(len(notes), 3)


@dataclass(slots=True)
class _Section:
    """A stretch of one metre: its beginning in ticks, and its place in the groove (no bars: left out)."""

    start: int
    metre: Metre
    base: int = 0
    bars: int = 0

    @property
    def is_read(self) -> bool:
        return self.metre.numerator == self.metre.denominator


@dataclass(slots=True)
class _Grid:
    sections: list[_Section]
    bars: int
    skipped: tuple[Skipped, ...]
    after_end: int

    def place(self, score: MidiScore, notes: Ints) -> tuple[Ints, NDArray[np.float64], Ints]:
        """Return the steps and offsets of those notes that lie in a section that is read, and these notes."""
        section = _section_of(score, self.sections, notes[:, 0])
        step, offset = _to_grid(score, notes[:, 0] - np.array([s.start for s in self.sections])[section])
        kept = step < np.array([s.bars for s in self.sections])[section] * STEPS_PER_BAR
        base = np.array([s.base for s in self.sections])[section] * STEPS_PER_BAR
        return (base + step)[kept], offset[kept], notes[kept]

    def tempo_map(self, score: MidiScore) -> tuple[tuple[float, float], ...]:
        """Return the tempos of the sections that are read, in beats of the groove."""
        found: list[tuple[float, float]] = []
        for section, following in zip(self.sections, [*self.sections[1:], None], strict=True):
            if not section.bars:
                continue
            start = section.start / score.ticks_per_beat
            stop = following.start / score.ticks_per_beat if following else float("inf")
            first = float(section.base * STEPS_PER_BAR // STEPS_PER_BEAT)
            in_force = [bpm for beat, bpm in score.tempos if beat <= start][-1]
            if not found or found[-1][1] != in_force:
                found.append((first, in_force))
            found += [(first + beat - start, bpm) for beat, bpm in score.tempos if start < beat < stop]
        return tuple(found)


def _to_grid(score: MidiScore, ticks: Ints) -> tuple[Ints, NDArray[np.float64]]:
    """Return the nearest 16th of each time, and how far from it the time lies, in 16ths (-0.5 up to 0.5)."""
    step = (8 * ticks + score.ticks_per_beat) // (2 * score.ticks_per_beat)  # floor(x + 1/2) in whole numbers
    return step, 4 * ticks / score.ticks_per_beat - step


def _section_of(score: MidiScore, sections: list[_Section], ticks: Ints) -> Ints:
    # Up to half a 16th ahead of its first bar line a note belongs to a section already.
    starts = np.array([8 * s.start - score.ticks_per_beat for s in sections])
    return np.maximum(np.searchsorted(starts, 8 * ticks, side="right") - 1, 0)


def _lay_out(score: MidiScore, notes: Ints) -> _Grid:
    """Find the bars of the file, and which of them the groove is made of."""
    bar = 4 * score.ticks_per_beat
    sections = _sections(score)
    of_note = _section_of(score, sections, notes[:, 0])
    counts = np.bincount(of_note, minlength=len(sections))
    sections = sections[: int(np.flatnonzero(counts)[-1]) + 1]  # what lies behind the last note is no music
    last = sections[-1]
    played = [section for section, count in zip(sections, counts, strict=False) if count]
    if not any(section.is_read for section in played):
        metres = " and ".join(sorted({str(section.metre) for section in played}))
        raise GrooveError(f"{score.name} is in {metres}; groovelive reads 4/4 (and 2/2 or 8/8)")

    skipped: list[Skipped] = []
    after_end = bars = file_bar = 0
    for i, section in enumerate(sections):
        section.base = bars
        if section is last:
            steps, _ = _to_grid(score, notes[of_note == i, 0] - section.start)
            final = int(steps.max())
            length = final // STEPS_PER_BAR + 1
            if section.is_read:
                if length > 1 and final % STEPS_PER_BAR == 0:
                    length -= 1
                if score.end > section.start and (score.end - section.start) % bar == 0:
                    length = max(length, (score.end - section.start) // bar)
                after_end = int((steps >= length * STEPS_PER_BAR).sum())
            else:
                _, numerator, denominator = section.metre
                length = -(-(final + 1) * denominator // (STEPS_PER_BAR * numerator))
        else:
            ticks = (sections[i + 1].start - section.start) * section.metre.denominator
            length = -(-ticks // (bar * section.metre.numerator))
        if section.is_read:
            section.bars = length
            bars += length
        else:
            skipped.append(Skipped(file_bar + 1, file_bar + length, str(section.metre), int(counts[i])))
        file_bar += length
    return _Grid(sections, bars, tuple(skipped), after_end)


def _sections(score: MidiScore) -> list[_Section]:
    bar = 4 * score.ticks_per_beat
    sections: list[_Section] = []
    for metre in score.metres:
        start = round(metre.beat * score.ticks_per_beat)
        if sections:
            before = sections[-1]
            same = before.is_read and metre.numerator == metre.denominator
            if same and (start - before.start) % bar == 0:
                continue
        sections.append(_Section(start, metre))
    return sections


def _fill(hvo: Array, step: Ints, voice: Ints, notes: Ints, offset: NDArray[np.float64]) -> None:
    """Write notes into hits, velocities and offsets, (3, steps, voices), the loudest where several meet."""
    order = np.lexsort((-notes[:, 0], notes[:, 2]))  # written last, and so kept: the loudest, first played
    step, voice = step[order], voice[order]
    hvo[0, step, voice] = 1
    hvo[1, step, voice] = notes[order, 2] / 127
    hvo[2, step, voice] = offset[order]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
