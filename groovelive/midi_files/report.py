"""What became of the notes of a MIDI file: read, left out, or read in another way than it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Skipped(NamedTuple):
    """Bars of a file that were left out because of their metre; bars count from 1."""

    first_bar: int
    last_bar: int
    metre: str
    notes: int

    def __str__(self) -> str:
        several = self.last_bar > self.first_bar
        bars = f"bars {self.first_bar}-{self.last_bar}" if several else f"bar {self.first_bar}"
        return f"{bars} left out ({self.metre}, {count(self.notes, 'note')})"


@dataclass(frozen=True, slots=True)
class MidiReport:
    """What became of the notes of a file; `str()` tells it in one line.

    Args:
        notes: how many notes were laid on the grid.
        bars: in how many bars.
        collisions: drum notes lost to a louder one of the same voice in the same step.
        unmapped: how many notes were left out because the kit lacks their pitch, for each pitch.
        after_end: notes left out because they were the only ones of the last bar, on its downbeat.
        skipped: the bars left out because they are in a metre that is not there yet.
        drums: the parts read with the kit map.
        flattened: the parts read as a rhythm only, into `tap`.
        ignored: the parts that `track`, `channel` and `part` left out.
        mended: what was broken in the file, and how it was read.
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
    mended: tuple[str, ...] = ()

    @property
    def instead(self) -> str:
        """What was read instead of drums where there are none, or "": one who only wants the rhythm misses nothing."""
        if self.drums:
            return ""
        return (
            f"no drums found, so {', '.join(self.flattened)} is read as a rhythm alone, on one voice; "
            "part='drums' (in a shell --part drums) reads it as drums"
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What of the file was left out, and what was broken in it and how it was read."""
        said = []
        if self.unmapped:
            pitches = ", ".join(f"{pitch} x{number}" for pitch, number in sorted(self.unmapped.items()))
            said.append(f"not in the kit: pitch {pitches}")
        said += map(str, self.skipped)
        if self.after_end:
            said.append(f"the final downbeat left out ({count(self.after_end, 'note')} alone in the last bar)")
        return (*said, *self.mended)

    def __str__(self) -> str:
        said = [f"{count(self.notes, 'note')} in {count(self.bars, 'bar')}"]
        if self.drums:
            said.append(f"drums from {', '.join(self.drums)}")
            if self.flattened:
                said.append(f"flattened to a tap: {', '.join(self.flattened)}")
        else:
            said.append(self.instead)
        if self.collisions:
            said.append(f"{count(self.collisions, 'note')} lost to a louder one of the same voice and step")
        said += self.remarks
        if self.ignored:
            said.append(f"ignored {', '.join(self.ignored)}")
        return "; ".join(said)


def count(number: int, noun: str) -> str:
    """Return a number and what it counts.

    >>> count(1, "bar"), count(2000, "bar")
    ('1 bar', '2,000 bars')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
