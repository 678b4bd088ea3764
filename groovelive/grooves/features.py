"""What can be measured of a groove: density, syncopation, swing, feel, dynamics, symmetry and counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .grid import GROUPS, STEPS_PER_BAR, VOICES
from .hvo import HVO, Array

# Metric weights of the 16 steps: beats 0, 8ths between them -1, 16ths -2.
WEIGHTS: tuple[int, ...] = (0, -2, -1, -2) * 4
# What is heard as one line: the kick; the snare and the toms; hats and cymbals.
STREAMS: tuple[tuple[int, ...], ...] = (
    GROUPS["kick"],
    GROUPS["snare"] + GROUPS["toms"],
    GROUPS["hats"] + GROUPS["cymbals"],
)


class VoiceCounts(NamedTuple):
    """How many notes each voice plays, in the order of `VOICES`."""

    kick: int
    snare: int
    closed_hat: int
    open_hat: int
    low_tom: int
    mid_tom: int
    high_tom: int
    crash: int
    ride: int


class GroupDensities(NamedTuple):
    """Notes per step of each group, in the order of `GROUPS`."""

    kick: float
    snare: float
    hats: float
    toms: float
    cymbals: float


@dataclass(frozen=True, slots=True)
class Features:
    """The measures of one groove.

    Attributes:
        notes: how many notes there are.
        density: the share of steps with a note, 0..1.
        densities: notes per step of each group.
        syncopation: see `syncopation`; per bar, 0 or more.
        swing: see `swing_ratio`; .5 is straight.
        laid_back: see `laid_back`; in steps, positive is behind the beat.
        symmetry: see `symmetry`; 0..1.
        velocity_mean: mean velocity of the notes, 0..1.
        velocity_std: standard deviation of the velocities.
        offset_std: standard deviation of the offsets, in steps: how loose the timing is.
        voices: how many of the nine voices play.
        counts: notes of each voice.
    """

    notes: int
    density: float
    densities: GroupDensities
    syncopation: float
    swing: float
    laid_back: float
    symmetry: float
    velocity_mean: float
    velocity_std: float
    offset_std: float
    voices: int
    counts: VoiceCounts


def features(groove: HVO) -> Features:
    """Return all measures of `groove`; a silent groove has 0 of everything, straight swing and full symmetry.

    >>> from groovelive.grooves.groove import Groove
    >>> rock = Groove.from_notes([(0, "kick"), (4, "snare"), (8, "kick"), (12, "snare")], steps=16)
    >>> measured = features(rock)
    >>> measured.density, measured.counts.snare, measured.syncopation, measured.densities.kick
    (0.25, 2, 0.0, 0.125)
    """
    hits, velocities, offsets = groove.hits, groove.velocities, groove.offsets
    on = hits == 1
    counts = [int(n) for n in np.count_nonzero(on, axis=0)]
    played = on.any()
    velocity, offset = velocities[on].astype(np.float64), offsets[on].astype(np.float64)
    return Features(
        notes=sum(counts),
        density=float(on.any(axis=1).mean()),
        densities=GroupDensities(*(sum(counts[i] for i in group) / len(on) for group in GROUPS.values())),
        syncopation=syncopation(hits),
        swing=swing_ratio(hits, offsets),
        laid_back=laid_back(hits, offsets),
        symmetry=symmetry(hits),
        velocity_mean=float(velocity.mean()) if played else 0.0,
        velocity_std=float(velocity.std()) if played else 0.0,
        offset_std=float(offset.std()) if played else 0.0,
        voices=sum(count > 0 for count in counts),
        counts=VoiceCounts(*counts),
    )


def syncopation(hits: Array) -> float:
    """Return the syncopation per bar of hits (steps, 9), played as a loop.

    After Longuet-Higgins and Lee ("The Rhythmic Interpretation of Monophonic Music", Music Perception 1(4),
    1984): a note syncopates when the strongest rest before the next note has a higher metric weight than the
    note, and as strongly as the weights differ. As in Witek et al. ("Syncopation, Body-Movement and Pleasure
    in Groove Music", PLoS ONE 9(4), 2014) each line of the kit is judged for itself (kick; snare and toms;
    hats and cymbals) and the lines are added up. Their instrumental weights are left out, and the four beats
    weigh alike: a backbeat is the norm of this music and not a syncopation.

    >>> from groovelive.grooves.groove import Groove
    >>> syncopation(Groove.from_notes([(0, "kick"), (6, "kick"), (11, "kick")], steps=16).hits)
    3.0
    """
    steps = len(hits)
    total = 0.0
    for stream in STREAMS:
        onset = np.flatnonzero(hits[:, list(stream)].any(axis=1))
        if not len(onset):
            continue
        gap = np.diff(onset, append=onset[0] + steps)
        # A beat among the rests weighs 0, else an 8th -1, else a 16th -2; so it is enough to know how far the
        # nearest beat and the nearest 8th lie ahead.
        weight = np.asarray(WEIGHTS)[onset % STEPS_PER_BAR]
        rest = np.where(gap > 4 - onset % 4, 0, np.where(gap > 2 - onset % 2, -1, -2))
        total += float(np.maximum(rest - weight, 0).sum())
    return total / (steps / STEPS_PER_BAR)


def swing_ratio(hits: Array, offsets: Array) -> float:
    """Return where in their 8ths the second 16ths fall, on average: .5 is straight, 2/3 a triplet.

    The first 16th's share of the pair, from the mean offset of all notes on even steps (the first of a pair)
    and on odd steps (the second): (1 + odd - even) / 2. It is the ratio that `Groove.swing` takes, and the
    share that belongs to Friberg and Sundström's swing ratio long : short ("Swing Ratios and Ensemble
    Timing in Jazz Performance", Music Perception 19(3), 2002). Without a note on an odd step it is .5.

    >>> from groovelive.grooves.groove import Groove
    >>> shuffle = Groove.from_notes([(step, "hh") for step in range(16)], steps=16).swing(0.625)
    >>> swing_ratio(shuffle.hits, shuffle.offsets)
    0.625
    """
    odd = _mean_offset(hits[1::2], offsets[1::2])
    even = _mean_offset(hits[::2], offsets[::2])
    return 0.5 if odd is None else (1 + odd - (even or 0.0)) / 2


def laid_back(hits: Array, offsets: Array) -> float:
    """Return by how many steps the notes lie behind the beat (negative: ahead of it), on average.

    The mean offset on even steps (beats and 8ths): the second 16ths are left out, since their delay is swing.
    "Laid-back" for a later mean onset than the pulse's is the word of Danielsen et al. ("Effects of
    Instructed Timing and Tempo on Snare Drum Sound in Drum Kit Performance", JASA 138(4), 2015).

    >>> from groovelive.grooves.groove import Groove
    >>> groove = Groove.from_notes([(4, "snare"), (12, "snare")], steps=16).nudge(0.125)
    >>> laid_back(groove.hits, groove.offsets)
    0.125
    """
    return _mean_offset(hits[::2], offsets[::2]) or 0.0


def symmetry(hits: Array) -> float:
    """Return how far the second half of hits (steps, 9) repeats the first, 0..1.

    The Jaccard index of the two halves: cells that both hit, over cells that any of them hits (P. Jaccard,
    "The Distribution of the Flora in the Alpine Zone", New Phytologist 11(2), 1912). Silence is symmetric.

    >>> from groovelive.grooves.groove import Groove
    >>> symmetry(Groove.from_notes([(0, "kick"), (16, "kick"), (24, "snare")]).hits)
    0.5
    """
    first, second = np.split(hits == 1, 2)
    either = int(np.count_nonzero(first | second))
    return int(np.count_nonzero(first & second)) / either if either else 1.0


def _mean_offset(hits: Array, offsets: Array) -> float | None:
    count = float(hits.sum(dtype=np.float64))
    return float((offsets * hits).sum(dtype=np.float64)) / count if count else None


assert VoiceCounts._fields == VOICES and GroupDensities._fields == tuple(GROUPS)
