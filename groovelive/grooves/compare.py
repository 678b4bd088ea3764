"""How two grooves of one length differ: note by note, and as one number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..errors import GrooveError
from .grid import VOICES, Note
from .hvo import HVO, bar_count


@dataclass(frozen=True, slots=True, repr=False)
class Difference:
    """What changes from one groove to another: notes added, removed, and changed in velocity or offset.

    A changed note is a pair: before, after. An empty difference is false.

    >>> from groovelive.grooves.groove import Groove
    >>> before = Groove.from_notes([(0, "kick"), (4, "snare", 0.5)])
    >>> change = before.diff(Groove.from_notes([(4, "snare", 0.75), (6, "hh")]))
    >>> change
    1 added (closed_hat 1), 1 removed (kick 1), 1 changed (snare 1)
    >>> change.changed[0][1].velocity, bool(before.diff(before))
    (0.75, False)
    """

    added: tuple[Note, ...]
    removed: tuple[Note, ...]
    changed: tuple[tuple[Note, Note], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def __repr__(self) -> str:
        after = [new for _, new in self.changed]
        parts = (("added", self.added), ("removed", self.removed), ("changed", after))
        return ", ".join(f"{len(notes)} {word}{_voices(notes)}" for word, notes in parts)


def difference(before: HVO, after: HVO) -> Difference:
    """Return what changes from one groove to another.

    Raises:
        GrooveError: they are no grooves of one length.
    """
    _comparable(before, after)
    old, new = before.hits == 1, after.hits == 1
    changed = old & new & ((before.velocities != after.velocities) | (before.offsets != after.offsets))
    pairs = zip(_notes(before, changed), _notes(after, changed), strict=True)
    return Difference(tuple(_notes(after, new & ~old)), tuple(_notes(before, old & ~new)), tuple(pairs))


def distance(one: HVO, other: HVO) -> float:
    """Return the distance of two grooves of one length, in hits.

    A cell (step and voice) that only one of them hits counts 1: the Hamming distance of the patterns, the
    simplest of the rhythm distances that Toussaint compares ("A Comparison of Rhythmic Similarity Measures",
    ISMIR 2004). A cell that both hit counts (|velocity difference| + |offset difference|) / 2, at most 1. The
    sum is a metric: symmetric, 0 only between equals, and no detour is shorter.

    Raises:
        GrooveError: they are no grooves of one length.

    >>> from groovelive.grooves.groove import Groove
    >>> distance(Groove.from_notes([(0, "kick", 0.5)]), Groove.from_notes([(0, "kick", 1.0), (8, "kick")]))
    1.25
    """
    _comparable(one, other)
    h, v, o = (
        (getattr(one, name).astype(np.float64), getattr(other, name).astype(np.float64))
        for name in ("hits", "velocities", "offsets")
    )
    lone = np.abs(h[0] - h[1])
    both = h[0] * h[1]
    return float((lone + both * (np.abs(v[0] - v[1]) + np.abs(o[0] - o[1])) / 2).sum())


def _comparable(one: HVO, other: HVO) -> None:
    if not isinstance(other, HVO):
        raise GrooveError(f"a groove is compared with a Groove, not with {type(other).__name__}")
    if len(one.hits) != len(other.hits):
        bars = bar_count(one), bar_count(other)
        raise GrooveError(
            f"only grooves of one length are compared, not {bars[0]} bars with {bars[1]}; repeat or slice one"
        )


def _notes(groove: HVO, mask: np.ndarray) -> list[Note]:
    step, voice = np.nonzero(mask)
    columns = (step, voice, groove.velocities[step, voice], groove.offsets[step, voice])
    return list(map(Note, *(column.tolist() for column in columns)))


def _voices(notes: Iterable[Note]) -> str:
    counts = Counter(note.voice for note in notes)
    return f" ({', '.join(f'{VOICES[voice]} {counts[voice]}' for voice in sorted(counts))})" if counts else ""
