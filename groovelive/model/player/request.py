"""What a player is asked: bars, what was played before them, a rhythm, wishes, locks, and a seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...checks import is_number, is_whole
from ...errors import GrooveError, closest
from ...grooves.groove import GROUPS
from .conditions import (
    ADHERENCES,
    GENRES,
    INSTRUMENTS,
    N_VOICES,
    PLAYED,
    STEPS,
    Floats,
)

MAX_CONTEXT = 15  # bars
MAX_BARS = 256
TRIES, MAX_TRIES = 4, 16  # beginnings to choose from
TEMPERATURE, VELOCITY_TEMPERATURE, OFFSET_TEMPERATURE = 0.95, 0.7, 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Locks:
    """Cells that must be as they are told.

    Args:
        known: (steps, 9) bool: which cells are locked.
        played: (steps, 27) hits, velocities, offsets; what counts is where `known`. A velocity that is NaN is left
            to the player, and the offset with it.
    """

    known: Floats
    played: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PlayRequest:
    """What a player is asked to play. All but `bars` may stay as it is: the defaults play well.

    Args:
        bars: how many, 1..256.
        context: (steps, 27) whole bars that were played before; the last 15 count. None: a beginning.
        rhythm: (steps, 3) hit, velocity, offset: what it plays to. Where it is shorter than the bars it goes round.
        rhythm_next: (steps, 3) the rhythm after the last bar; by default it goes round.
        rhythm_before: (steps, 3) the rhythm that the context was played to, its end aligned with the context's. By
            default `rhythm` went round there too; an array without rows says that there was none.
        instrument: who plays the rhythm, one of `INSTRUMENTS`.
        genre: a name of `GENRES`, or weights over names; genre_before: that of the context, where it was another.
        density: hits a step 0..1 by group (kick, snare, hats, toms, cymbals); kick .25 is one a beat,
            and 0 mutes.
        adherence: how much of the rhythm is answered: from 0, as if it were not there, to 1, each of its accents by
            kick, snare or crash; or the three shares of `ADHERENCES` by name. None leaves it to the player.
        fill: for each bar, whether it is a fill; None leaves it to the player. `fill_next`: for the bar after the last.
        place: the number of the first bar in its phrase, 0 is its beginning; None leaves that open.
        tempo: beats per minute.
        locks: cells that must be as told.
        temperature: of the hits; velocity_temperature, offset_temperature: of the touch. 0 takes the likeliest.
        top_k: how many sets of hits are in question at a step; 0 for all.
        seed, drummer, bar, variant: what the chances are drawn from: bar is the number of the first bar.
        hands: whether only what two hands and a foot can play is played.
        mirror: whether only the rhythm's own steps are played, all of them.
        lead: bars played before those that count where there is no context; None chooses.
        tries: how many beginnings are drawn where there is no context, 1..16, for the critic to choose from. A variant
            but 0 is one draw by itself.
        probabilities: whether the reply tells them.
    """

    bars: int = 2
    context: Floats | None = None
    rhythm: Floats | None = None
    rhythm_next: Floats | None = None
    rhythm_before: Floats | None = None
    instrument: str = "any"
    genre: str | Mapping[str, float] | None = None
    genre_before: str | Mapping[str, float] | None = None
    density: Mapping[str, float] = field(default_factory=dict)
    adherence: float | Mapping[str, float] | None = None
    fill: Sequence[bool | None] | bool | None = None
    fill_next: bool | None = None
    place: int | None = None
    tempo: float | None = None
    locks: Locks | None = None
    temperature: float = TEMPERATURE
    velocity_temperature: float = VELOCITY_TEMPERATURE
    offset_temperature: float = OFFSET_TEMPERATURE
    top_k: int = 0
    seed: int = 0
    drummer: int = 0
    bar: int = 0
    variant: int = 0
    hands: bool = True
    mirror: bool = False
    lead: int | None = None
    tries: int = TRIES
    probabilities: bool = False

    def __post_init__(self) -> None:
        _whole(self.bars, "bars", 1, MAX_BARS)
        for name in ("context", "rhythm", "rhythm_next", "rhythm_before"):
            array = getattr(self, name)
            if array is not None:
                object.__setattr__(self, name, _rows(array, name, PLAYED if name == "context" else 3))
        if self.context is not None and len(self.context) % STEPS:
            raise GrooveError(f"the context must be whole bars of {STEPS} steps, not {len(self.context)} steps")
        if self.rhythm is not None and not len(self.rhythm):
            raise GrooveError("a rhythm must have at least one step; leave it out where there is none")
        if self.mirror and self.rhythm is None:
            raise GrooveError("a mirror needs a rhythm to play on its steps; give one, or leave mirror off")
        _word(self.instrument, "instrument", INSTRUMENTS)
        for genre in (self.genre, self.genre_before):
            for name, weight in (genre if isinstance(genre, Mapping) else {genre: 1.0} if genre else {}).items():
                _word(name, "genre", GENRES)
                _number(weight, f"the weight of {name}", 0, math.inf)
        for name, value in self.density.items():
            _word(name, "density", tuple(GROUPS))
            _number(value, f"the density of {name}", 0, 1)
        shares = self.adherence if isinstance(self.adherence, Mapping) else {}
        for name, value in shares.items():
            _word(name, "adherence", ADHERENCES)
            _number(value, f"the adherence {name}", 0, 1)
        if self.adherence is not None and not isinstance(self.adherence, Mapping):
            _number(self.adherence, "adherence", 0, 1)
        if self.tempo is not None:
            _number(self.tempo, "the tempo", 20, 400)
        for name in ("temperature", "velocity_temperature", "offset_temperature"):
            _number(getattr(self, name), name, 0, 10)
        _whole(self.top_k, "top_k", 0, 1 << N_VOICES)
        _whole(self.tries, "tries", 1, MAX_TRIES)
        if self.lead is not None:
            _whole(self.lead, "lead", 0, 16)
        if isinstance(self.fill, Sequence) and len(self.fill) != self.bars:
            raise GrooveError(f"fill must say yes or no for each of the {self.bars} bars, not for {len(self.fill)}")
        if self.locks is not None:
            shape = (self.bars * STEPS,)
            known, played = np.asarray(self.locks.known), np.asarray(self.locks.played)
            if known.shape != (*shape, N_VOICES) or played.shape != (*shape, PLAYED):
                raise GrooveError(
                    f"locks for {self.bars} bars must have the shapes {(*shape, N_VOICES)} and {(*shape, PLAYED)}, "
                    f"not {known.shape} and {played.shape}"
                )
            hits = played[:, :N_VOICES][known > 0]
            if not ((hits == 0) | (hits == 1)).all():
                raise GrooveError("locked hits must be 0 or 1")

    @property
    def genres(self) -> dict[str, float]:
        """The weights of the genres, summing to 1; empty where none is told."""
        return self.weights(self.genre)

    @staticmethod
    def weights(genre: str | Mapping[str, float] | None) -> dict[str, float]:
        """Return the weights that a genre stands for, summing to 1; empty for none."""
        if genre is None or isinstance(genre, str):
            return {genre: 1.0} if genre else {}
        total = sum(genre.values())
        return {name: weight / total for name, weight in genre.items() if weight > 0} if total > 0 else {}

    def fills(self) -> list[bool | None]:
        """Whether each bar is a fill."""
        if self.fill is None or isinstance(self.fill, bool):
            return [self.fill] * self.bars
        return list(self.fill)


def _rows(array: Floats, name: str, width: int) -> Floats:
    try:
        rows = np.asarray(array, np.float32)
    except (TypeError, ValueError):
        raise GrooveError(f"{name} must be an array of numbers") from None
    if rows.ndim != 2 or rows.shape[1] != width:
        raise GrooveError(f"{name} must have the shape (steps, {width}), not {rows.shape}")
    if not np.isfinite(rows).all():
        raise GrooveError(f"{name} must hold finite numbers; NaN or infinity is among them")
    return rows


def _word(word: str, name: str, choices: tuple[str, ...]) -> None:
    if word not in choices:
        raise GrooveError(f"unknown {name} {word!r}{closest(word, choices)}; there are {', '.join(choices)}")


def _number(value: float, name: str, least: float, most: float) -> None:
    if not is_number(value) or not least <= float(value) <= most:
        limit = f"from {least:g} to {most:g}" if math.isfinite(most) else f"from {least:g} up"
        raise GrooveError(f"{name} must be a number {limit}, not {value!r}")


def _whole(value: int, name: str, least: int, most: int) -> None:
    if not is_whole(value) or not least <= int(value) <= most:
        raise GrooveError(f"{name} must be a whole number from {least} to {most}, not {value!r}")
