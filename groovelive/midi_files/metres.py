"""The bars of a MIDI file: which of its metres are read, and where its notes lie on the grid of 16ths.

What lasts four quarter notes is read as 4/4, and two bars of 2/4 as one; other metres are not there yet.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError
from ..grooves.grid import STEPS_PER_BAR, STEPS_PER_BEAT
from .parser import Metre, MidiScore
from .report import Skipped

Ints = NDArray[np.int64]
READ = "groovelive reads 4/4 (2/2 and 8/8 as it, 2/4 in pairs of bars)"
_WRITTEN = re.compile(r"([0-9]{1,3})/([0-9]{1,2})")


def metre_of(text: str) -> tuple[int, int]:
    """Return the metre that a file is to be read in, whatever it says itself.

    Raises:
        GrooveError: it is none, or one that is not there yet.

    >>> metre_of("4/4")
    (4, 4)
    >>> metre_of("6/8")
    Traceback (most recent call last):
    groovelive.errors.GrooveError: 6/8 is not there yet; groovelive reads 4/4 (2/2 and 8/8 as it, 2/4 in pairs of bars)
    """
    found = _WRITTEN.fullmatch(text.replace(" ", "")) if isinstance(text, str) else None
    if found is None:
        raise GrooveError(f"a metre is written as '4/4', not as {text!r}")
    above, below = int(found[1]), int(found[2])
    if _steps(Metre(0, above, below)) is None:
        raise GrooveError(f"{above}/{below} is not there yet; {READ}")
    return above, below


def _steps(metre: Metre) -> int | None:
    """Return the steps in a bar, or None where the metre is not read."""
    if metre.numerator <= 0:
        return None
    if metre.numerator == metre.denominator:
        return STEPS_PER_BAR
    return STEPS_PER_BAR // 2 if 2 * metre.numerator == metre.denominator else None


@dataclass(slots=True)
class Stretch:
    """A stretch that is read without a break, or is left out.

    Args:
        start: its beginning, in ticks.
        metre: of its first bar.
        steps: in a bar of its last metre, None where it is left out.
        file_bar: the number of its first bar in the file, from 0.
        base: the bar of the groove where it begins.
        bars: how many bars of the groove it makes; 0: left out.
    """

    start: int
    metre: Metre
    steps: int | None
    file_bar: int
    base: int = 0
    bars: int = 0


class Layout(NamedTuple):
    """Where the bars of a file are in the groove."""

    sections: list[Stretch]
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
        beats = [beat for beat, _ in score.tempos]
        for section, following in itertools.zip_longest(self.sections, self.sections[1:]):
            if not section.bars:
                continue
            start = section.start / score.ticks_per_beat
            stop = following.start / score.ticks_per_beat if following else float("inf")
            first = float(section.base * STEPS_PER_BAR // STEPS_PER_BEAT)
            after = bisect_right(beats, start)
            in_force = score.tempos[after - 1][1]
            if not found or found[-1][1] != in_force:
                found.append((first, in_force))
            inside = score.tempos[after : bisect_left(beats, stop)]
            found += [(first + beat - start, bpm) for beat, bpm in inside]
        return tuple(found)


def lay_out(score: MidiScore, notes: Ints) -> Layout:
    """Find the bars of a file, and which of them the groove is made of.

    Args:
        score: the file.
        notes: those that are wanted of it, (n, 3): tick, pitch, velocity.

    Raises:
        GrooveError: no bar with notes is in a metre that is read.
    """
    bar = 4 * score.ticks_per_beat
    sections = _sections(score)
    of_note = _section_of(score, sections, notes[:, 0])
    counts = np.bincount(of_note, minlength=len(sections))
    sections = sections[: int(np.flatnonzero(counts)[-1]) + 1]  # what lies behind the last note is no music
    last = sections[-1]
    played = [section for section, number in zip(sections, counts, strict=False) if number]
    if all(section.steps is None for section in played):
        metres = " and ".join(sorted({str(section.metre) for section in played}))
        raise GrooveError(
            f"{score.name} is in {metres}; {READ}, other metres are not there yet; "
            "metre='4/4' (in a shell --metre 4/4) reads it as 4/4 all the same"
        )

    skipped: list[Skipped] = []
    after_end = bars = 0
    for i, section in enumerate(sections):
        section.base = bars
        if section is last:
            steps, _ = _to_grid(score, notes[of_note == i, 0] - section.start)
            length, after_end = _length(score, section, steps)
        elif section.steps is not None:
            length = -(-(sections[i + 1].start - section.start) // bar)
        else:
            length = sections[i + 1].file_bar - section.file_bar
        if section.steps is not None:
            section.bars = length
            bars += length
        else:
            first = section.file_bar
            skipped.append(Skipped(first + 1, first + length, str(section.metre), int(counts[i])))
    return Layout(sections, bars, tuple(skipped), after_end)


def _length(score: MidiScore, section: Stretch, steps: Ints) -> tuple[int, int]:
    """Return the bars of the last section, whose notes are at `steps`, and how many of these lie behind them."""
    final = int(steps.max())
    if section.steps is None:
        return -(-(final + 1) * section.metre.denominator // (STEPS_PER_BAR * section.metre.numerator)), 0
    length = final // section.steps + 1
    if length > 1 and final % section.steps == 0:
        length -= 1
    own = section.steps * score.ticks_per_beat // STEPS_PER_BEAT
    ticks = score.end - section.start
    if ticks > 0 and ticks % own == 0:
        length = max(length, ticks // own)
    bars = -(-length * section.steps // STEPS_PER_BAR)
    return bars, int((steps >= bars * STEPS_PER_BAR).sum())


def _sections(score: MidiScore) -> list[Stretch]:
    bar = 4 * score.ticks_per_beat
    sections: list[Stretch] = []
    file_bar = 0
    for metre, following in itertools.zip_longest(score.metres, score.metres[1:]):
        start = round(metre.beat * score.ticks_per_beat)
        steps = _steps(metre)
        ticks = 0 if following is None else round(following.beat * score.ticks_per_beat) - start
        own_bars = -(-ticks * metre.denominator // (bar * metre.numerator))
        single = steps is not None and steps < STEPS_PER_BAR and own_bars % 2 == 1  # has no other to make a bar with
        if single and own_bars == 1:
            steps = None
        before = sections[-1] if sections else None
        if before is not None and None not in (before.steps, steps) and (start - before.start) % bar == 0:
            before.steps = steps
        else:
            sections.append(Stretch(start, metre, steps, file_bar))
        if single and own_bars > 1:
            sections.append(Stretch(start + own_bars // 2 * bar, metre, None, file_bar + own_bars - 1))
        file_bar += own_bars
    return sections


def _to_grid(score: MidiScore, ticks: Ints) -> tuple[Ints, NDArray[np.float64]]:
    """Return the nearest 16th of each time, and how far from it the time lies, in 16ths (-0.5 up to 0.5)."""
    step = (8 * ticks + score.ticks_per_beat) // (2 * score.ticks_per_beat)  # floor(x + 1/2) in whole numbers
    return step, 4 * ticks / score.ticks_per_beat - step


def _section_of(score: MidiScore, sections: list[Stretch], ticks: Ints) -> Ints:
    # Up to half a 16th ahead of its first bar line a note belongs to a section already.
    starts = np.array([8 * s.start - score.ticks_per_beat for s in sections])
    return np.maximum(np.searchsorted(starts, 8 * ticks, side="right") - 1, 0)
