"""What the player is told: the layout of its condition vector (one a bar) and of its control rows (one a step)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...grooves.groove import GROUPS, VOICES

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

STEPS = 16  # a bar; what the weights were trained on
N_VOICES = len(VOICES)
N_SETS = 1 << N_VOICES
PLAYED = 3 * N_VOICES  # hits, velocities, offsets of one step
VELOCITIES, OFFSETS = 16, 32  # classes: 8 MIDI velocities, a 32nd of a step
MEMORY = 256  # steps that the network looks back on
LOOKBEHIND, LOOKAHEAD = 3, 16  # steps of the control rows that it sees on either side of the one it plays
WINDOW = LOOKBEHIND + 1 + LOOKAHEAD

PROGRAMMED = "programmed"
GENRES = (
    "afrobeat", "afrocuban", "blues", "country", "dance", "funk", "gospel", "highlife", "hiphop", "jazz", "latin",
    "middleeastern", "neworleans", "pop", "punk", "reggae", "rock", "soul", PROGRAMMED,
)  # fmt: skip
INSTRUMENTS = ("drums", "typed", "bass", "guitar", "piano", "any")
PHRASE = 8  # bars whose places are told apart
# Mean and spread of the hits a step of each group in the training data, so that the told densities are near 0 +- 1.
DENSITY_MEAN = np.array([0.238, 0.325, 0.36, 0.083, 0.182], np.float32)
DENSITY_SPREAD = np.array([0.15, 0.2, 0.25, 0.15, 0.25], np.float32)
USUAL_TEMPO = 110.0
# Adherence, told as three shares: of the rhythm's hits that are answered by any voice; of its accents that are
# answered by kick, snare or crash; of what is played, that lies on the rhythm.
ADHERENCES = ("answered", "accented", "kept")
STRONG = (0, 1, 7)

_GENRE = 0
_INSTRUMENT = _GENRE + len(GENRES) + 1
_DENSITY = _INSTRUMENT + len(INSTRUMENTS)
_ADHERENCE = _DENSITY + 2 * len(GROUPS)
_TEMPO = _ADHERENCE + 2 * len(ADHERENCES)
_FILL = _TEMPO + 2
_PHRASE = _FILL + 6
CONDITIONS = _PHRASE + PHRASE + 1
CONTROLS = 4 + 2 * N_VOICES  # rhythm known, its hit, velocity, offset; which voices are locked, and to what

# The sets of hits: set k plays voice v where bit v of k is set.
BITS: Floats = ((np.arange(N_SETS)[:, None] >> np.arange(N_VOICES)) & 1).astype(np.float32)
POWERS: Floats = (2.0 ** np.arange(N_VOICES)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class BarTold:
    """What is told of one bar; None and empty stand for unknown.

    Args:
        genre: weights by name, of `GENRES`.
        instrument: who plays the rhythm, one of `INSTRUMENTS`; None where there is no rhythm.
        density: hits a step by group (kick, snare, hats, toms, cymbals), for the groups that are told.
        adherence: shares 0..1 by name, of `ADHERENCES`, for those that are told.
        tempo: beats per minute.
        fill, fill_next: whether this bar, and the one after it, is a fill.
        stress: how strongly it is told that this bar is a fill; 1 as in training, more for more.
        place: the number of the bar in its phrase; counts on modulo `PHRASE`.
    """

    genre: Mapping[str, float] = field(default_factory=dict)
    instrument: str | None = None
    density: Mapping[str, float] = field(default_factory=dict)
    adherence: Mapping[str, float] = field(default_factory=dict)
    tempo: float | None = None
    fill: bool | None = None
    fill_next: bool | None = None
    stress: float = 1.0
    place: int | None = None

    def vector(self) -> Floats:
        """Return the condition vector, (CONDITIONS,) float32."""
        c = np.zeros(CONDITIONS, np.float32)
        for name, weight in self.genre.items():
            c[_GENRE + GENRES.index(name)] = weight
        if not self.genre:
            c[_GENRE + len(GENRES)] = 1
        if self.instrument is not None:
            c[_INSTRUMENT + INSTRUMENTS.index(self.instrument)] = 1
        for g, name in enumerate(GROUPS):
            if name in self.density:
                c[_DENSITY + g] = (self.density[name] - DENSITY_MEAN[g]) / DENSITY_SPREAD[g]
                c[_DENSITY + len(GROUPS) + g] = 1
        for a, name in enumerate(ADHERENCES):
            if name in self.adherence:
                c[_ADHERENCE + a] = 2 * self.adherence[name] - 1
                c[_ADHERENCE + len(ADHERENCES) + a] = 1
        if self.tempo is not None:
            c[_TEMPO] = np.log2(self.tempo / USUAL_TEMPO)
            c[_TEMPO + 1] = 1
        for place, told in ((_FILL, self.fill), (_FILL + 3, self.fill_next)):
            c[place + (0 if told is None else 1 + int(told))] = 1
        if self.fill:
            c[_FILL + 2] = self.stress
        c[_PHRASE + (PHRASE if self.place is None else self.place % PHRASE)] = 1
        return c


def vectors(bars: Sequence[BarTold]) -> Floats:
    """Return the condition vectors of bars, (bars, CONDITIONS)."""
    return np.stack([bar.vector() for bar in bars])


def told_parts(vectors: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return of condition vectors (n, CONDITIONS): genres, instruments, densities, and which of these are told."""
    groups = len(GROUPS)
    ends = (_INSTRUMENT, _DENSITY, _DENSITY + groups, _DENSITY + 2 * groups)
    genre, instrument, density, known = np.split(vectors[:, : ends[-1]], ends[:-1], 1)
    return genre, instrument, density, known


def control_rows(rhythm: Floats | None, known: Floats | None, hits: Floats | None, steps: int) -> Floats:
    """Return the control rows, (steps, CONTROLS).

    Args:
        rhythm: (steps, 3) hit, velocity, offset; None where there is none.
        known: (steps, 9) 1 where a voice is locked; None for nowhere.
        hits: (steps, 9) what is locked: 1 plays, 0 is silent.
        steps: how many there are.
    """
    rows = np.zeros((steps, CONTROLS), np.float32)
    if rhythm is not None:
        rows[:, 0] = 1
        rows[:, 1:4] = rhythm
    if known is not None and hits is not None:
        rows[:, 4 : 4 + N_VOICES] = known
        rows[:, 4 + N_VOICES :] = known * hits
    return rows


def adherence(hits: Floats, rhythm: Floats) -> dict[str, float]:
    """Measure the shares `ADHERENCES` of hits (steps, 9) to a rhythm (steps, 3); those without a hit are left out."""
    on, any_voice = rhythm[:, 0] > 0, hits.max(1) > 0
    shares: dict[str, float] = {}
    if on.any():
        shares["answered"] = float(any_voice[on].mean())
        accents = on & (rhythm[:, 1] >= np.percentile(rhythm[on, 1], 75) - 1e-6)
        shares["accented"] = float(hits[accents][:, list(STRONG)].max(1).mean())
    if any_voice.any():
        shares["kept"] = float(on[any_voice].mean())
    return shares


def velocity_class(velocity: Floats) -> Ints:
    """Return the classes 0..15 of velocities 0..1."""
    return np.clip((velocity * 127 / 8).astype(np.int64), 0, VELOCITIES - 1)


def offset_class(offset: Floats) -> Ints:
    """Return the classes 0..31 of offsets -0.5..0.5."""
    return np.clip(np.floor((offset + 0.5) * OFFSETS).astype(np.int64), 0, OFFSETS - 1)
