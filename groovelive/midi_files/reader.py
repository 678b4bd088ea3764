"""Reading MIDI files: a whole performance laid on the 16th grid, with a report of what did not fit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..checks import name, whole
from ..errors import GrooveError
from ..grooves.grid import STEPS_PER_BAR, VOICES
from ..grooves.groove import Groove
from ..grooves.taps import Instrument
from . import drum_maps
from .metres import lay_out, metre_of
from .parser import MAX_BARS, Metre, Source, parse
from .parts import choose, drums_among, instrument_of_parts, notes_of
from .report import MidiReport, Skipped
from .writer import Tempo, grooves_to_midi, write

__all__ = [
    "MAX_BARS", "Metre", "MidiPerformance", "MidiReport", "Skipped", "Tempo", "grooves_to_midi", "read",
    "read_groove", "write",
]  # fmt: skip

Array = NDArray[np.float32]
Part = Literal["auto", "drums", "tap"]
Ints = NDArray[np.int64]


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
    part: Part = "auto",
    metre: str | None = None,
) -> Groove:
    """Return the groove of a MIDI file: `read(...).groove`, with the arguments of `read`."""
    return read(source, kit=kit, track=track, channel=channel, part=part, metre=metre).groove


def read(
    source: Source,
    *,
    kit: drum_maps.DrumMapLike = "common",
    track: int | str | None = None,
    channel: int | None = None,
    part: Part = "auto",
    metre: str | None = None,
) -> MidiPerformance:
    """Read a MIDI file of type 0 or 1: its drums through a kit map, its other tracks as a tap.

    A note goes to the nearest 16th, floor(ticks / (ticks per 16th) + 1/2), and keeps its distance from it
    as an offset from -0.5 up to 0.5. Of notes of one voice in one step the loudest stays. The performance
    lasts to the bar of its last note, except that a last bar which holds only a final downbeat is dropped; a
    file that ends on a bar line (as what `write` and most DAWs make) lasts until there. Metres whose bar
    lasts four quarter notes (4/4, 2/2, 8/8) are read, and 2/4 as pairs of bars; bars in other metres are left out and
    reported. What is broken in a file is passed over and reported, as long as notes are found.

    Args:
        source: a path, the bytes of a file, or a binary file object.
        kit: the kit map for the drums, see `drum_maps.load`.
        track: read only this track: its number in the file, from 1, or a part of its name.
        channel: read only this MIDI channel, 1..16.
        part: "auto" takes as drums what is on channel 10, on a track named like drums or, where there is neither,
            what is played like drums, and flattens the rest; "drums" takes all as drums, "tap" flattens all.
        metre: that the whole file is read in, whatever it says: "4/4". By default its own.

    Raises:
        GrooveError: the file cannot be read, is no MIDI file, has no notes, no bar of 4/4 or 2/4, no
            pitch that is in the kit, or lasts more than `MAX_BARS`; or an argument is wrong.

    >>> groove = Groove.from_notes([(0, "kick", 1.0), (12, "snare", 0.5, -0.25)])
    >>> performance = read(grooves_to_midi(groove, tempo=96))
    >>> performance.tempo, [(note.step, note.name) for note in performance.groove]
    (96.0, [(0, 'kick'), (12, 'snare')])
    >>> print(performance.report)
    2 notes in 2 bars; drums from track 1 'groove' channel 10
    """
    name("part", part, ("auto", "drums", "tap"))
    chosen_kit = drum_maps.load(kit)
    told = None if metre is None else metre_of(metre)
    score = parse(source)
    if told is not None:
        score = score._replace(metres=(Metre(0.0, *told),))
    chosen = choose(score, track, channel)
    is_drums = drums_among(chosen, score, chosen_kit) if part == "auto" else [part == "drums"] * len(chosen)
    drums = [p for p, yes in zip(chosen, is_drums, strict=True) if yes]
    pitched = [p for p, yes in zip(chosen, is_drums, strict=True) if not yes]
    drum_notes, pitched_notes = notes_of(drums), notes_of(pitched)

    grid = lay_out(score, np.concatenate([drum_notes, pitched_notes]))
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
    wanted = {(p.track, p.channel) for p in chosen}
    report = MidiReport(
        notes=int(mapped.sum()) + len(pitched_notes),
        bars=grid.bars,
        collisions=int(mapped.sum() - hvo[0].sum()),
        unmapped=dict(sorted(unmapped.items())),
        after_end=grid.after_end,
        skipped=grid.skipped,
        drums=tuple(map(str, drums)),
        flattened=tuple(map(str, pitched)),
        ignored=tuple(str(p) for p in score.parts if (p.track, p.channel) not in wanted),
        mended=score.remarks,
    )
    sections = tuple((s.base, s.bars) for s in grid.sections if s.bars)
    tap = tap if pitched else groove.tap()
    instrument: Instrument = "drums" if drums else instrument_of_parts(pitched, score)
    return MidiPerformance(groove, tap, grid.tempo_map(score), score.metres, sections, report, instrument)


def _fill(hvo: Array, step: Ints, voice: Ints, notes: Ints, offset: NDArray[np.float64]) -> None:
    """Write notes into hits, velocities and offsets, (3, steps, voices), the loudest where several meet."""
    order = np.lexsort((-notes[:, 0], notes[:, 2]))  # written last, and so kept: the loudest, first played
    step, voice = step[order], voice[order]
    hvo[0, step, voice] = 1
    hvo[1, step, voice] = notes[order, 2] / 127
    hvo[2, step, voice] = offset[order]
