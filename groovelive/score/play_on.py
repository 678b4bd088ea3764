"""What the player is asked for a loop, worked out of the score: how it shall play, and what it goes on from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..grooves.grid import STEPS_PER_BAR, VOICES
from ..grooves.intensity import without_intensity
from ..grooves.phrasing import is_fill, place
from ..grooves.taps import instrument_of
from .asked import asked_fill, bar_begun, taken_idea
from .edits import BEATS_PER_BAR, STEP, Exact, FromDrummer, Home, Notes, Point, Rhythm, Walk
from .events import held_notes, written_notes
from .inputs import Hearing
from .rhythms import LOOP, LOOP_STEPS
from .score import Score

Floats = NDArray[np.float32]
CONTEXT = 15  # bars that the player looks back on
_V = len(VOICES)
_OTHER_GENRE = 0.5  # of the weights, from which on what was played in the old genre is forgotten
_OTHER_DENSITY = 0.25  # likewise, of a density: a drummer who is to play half as much does not go on as before
_USUAL_DENSITY = 0.5  # what counts where none is set


@dataclass(frozen=True, slots=True)
class PlayOn:
    """How the player shall play a loop. Two are equal where the same is wanted, whatever was played before.

    Args:
        loop: the number of its first bar, counted so that phrases begin at multiples of their length: from the
            session's first, or from the one in which the length of a phrase was set; the same for every loop where
            none is to differ from the next.
        fill: whether its bars, and the one after them, are fills.
        phrase: bars of a phrase.
        instrument: who plays the rhythm.
        adherence, variation, complexity, intensity: as the controls of these names.
        adherent: whether the rhythm is a pattern to be played, as that of a preset.
        locks: the voices and steps that stay.
        section: the part of the song.
        swings: whether jazz swings by itself: nobody has said how much it shall.
        drummer: whose chances are drawn.
        seed: of the session and the drummer.
        tempo: beats a minute.
        chosen: whether it goes on from an idea that was taken, even where a preset would be in mind.
        fresh: whether the rhythm is another than the context was played to.
        genre_before: weights of the genre in which the context was played.
        context: (steps, 27) float32 that was played before.
        known, held: (32, 9), (32, 27) float32: cells that are as they were played, or locked.
    """

    loop: int
    fill: tuple[bool, ...]
    phrase: int
    instrument: str
    adherence: float | None
    variation: float
    complexity: float
    intensity: float
    adherent: bool
    locks: tuple[str, ...]
    section: str
    swings: bool
    drummer: str
    seed: int
    tempo: float = field(default=120.0, compare=False)
    chosen: bool = field(default=False, compare=False)
    fresh: bool = field(default=False, compare=False)
    genre_before: tuple[tuple[str, float], ...] = field(default=(), compare=False)
    context: bytes = field(default=b"", compare=False)
    known: bytes = field(default=b"", compare=False)
    held: bytes = field(default=b"", compare=False)


def play_on(score: Score, drummer: str, bar: int, beat: float, tap: Floats | None) -> PlayOn | None:
    """Return how a drummer's player shall play the loop of a bar (from 0); None where a mirror plays.

    Args:
        score: the log.
        drummer: its name.
        bar: in the loop.
        beat: what holds then counts.
        tap: (32, 3) that is followed; None where it follows none.
    """
    if score.value(drummer, "mirror", beat):
        return None
    number = max(bar - score.origin(beat), 0) // LOOP * LOOP
    first = bar - (bar - score.origin(beat)) % LOOP
    variation = float(score.number(drummer, "variation", beat))
    phrase = int(score.number(drummer, "phrase", beat))
    counted = score.edit(drummer, "phrase", beat)
    begun = 0 if counted is None or counted.value is None else bar_begun(counted) - score.origin(beat)
    seed = crc32(f"{score.seed(drummer, beat)} {drummer}".encode())
    adherence = score.number(drummer, "adherence", beat)
    source = score.value(drummer, "source", beat)
    amount = float(score.number(drummer, "fills", beat)) * 2 * float(score.number(drummer, "complexity", beat))
    fills = tuple(
        bool(asked_fill(score, drummer, first + k)) or is_fill(seed, drummer, number + k, amount, begun, phrase)
        for k in range(LOOP + 1)
    )
    return PlayOn(
        loop=number + place(-begun, 0, phrase) if variation else place(number, 0, LOOP),
        fill=fills if variation else tuple(bool(asked_fill(score, drummer, first + k)) for k in range(LOOP + 1)),
        phrase=phrase,
        instrument=_instrument(score, drummer, beat, tap),
        adherence=None if adherence is None else float(adherence),
        variation=variation,
        complexity=float(score.number(drummer, "complexity", beat)),
        intensity=float(score.number(drummer, "intensity", beat)),
        adherent=isinstance(source, Point | Walk | Home),
        locks=tuple(path for path in score.locks(drummer) if score.value(drummer, path, beat)),
        section=str(score.value(drummer, "section", beat) or ""),
        swings=score.value(drummer, "swing", beat) is None,
        drummer=drummer,
        seed=seed,
        tempo=float(score.tempo.bpm(beat)),
    )


def _instrument(score: Score, drummer: str, beat: float, tap: Floats | None) -> str:
    """Return who plays the rhythm: as told of the drummer, else of its inputs, else as the rhythm itself tells."""
    told = score.value(drummer, "instrument", beat)
    if told:
        return str(told)
    source = score.value(drummer, "source", beat)
    if isinstance(source, FromDrummer):
        return "drums"
    if isinstance(source, Hearing):
        players = {ear.instrument for ear in source.ears if ear.instrument and ear.role == "rhythm"}
        return players.pop() if len(players) == 1 else "any" if players else "drums"
    if isinstance(source, Rhythm) and (source.instrument or source.text):
        return source.instrument or "typed"
    return "drums" if tap is None or not tap[:, 0].any() else instrument_of(tap)


def remembering(score: Score, drummer: str, asked: PlayOn, bar: int, beat: float) -> PlayOn:
    """Return the same with what the drummer goes on from: bars played before, and what of this loop has been played.

    Args:
        asked: how it shall play.
        bar: in the loop.
        beat: from when on the loop may be changed; what sounds before it stays.
    """
    first = bar - (bar - score.origin(beat)) % LOOP
    context, middle, last = _context(score, drummer, asked, first, beat)
    known, held = _held(score, drummer, asked, first, bar, beat)
    source = score.edit(drummer, "source", beat)
    return replace(
        asked,
        chosen=taken_idea(score, drummer, beat) is not None,
        fresh=source is not None and not isinstance(source.value, Hearing) and source.beat > middle * BEATS_PER_BAR,
        genre_before=score.weights(drummer, "genre", float(last * BEATS_PER_BAR)) if len(context) else (),
        context=context.tobytes(),
        known=known.tobytes(),
        held=held.tobytes(),
    )


def _bar_rows(score: Score, drummer: str, bar: int) -> Floats:
    """Return a bar as it was written, (16, 27), whatever was muted or done to it."""
    start = (bar - score.origin(float(bar * BEATS_PER_BAR))) % LOOP * STEPS_PER_BAR
    notes = written_notes(score, drummer, bar, float(bar * BEATS_PER_BAR))
    return rows(notes, LOOP_STEPS)[start : start + STEPS_PER_BAR]


@lru_cache(maxsize=1024)
def rows(notes: Notes, steps: int) -> Floats:
    """Return notes as (steps, 27), not to be changed; of two at one voice and step the louder counts.

    >>> rows((), 16).shape
    (16, 27)
    """
    found = np.zeros((steps, 3 * _V), np.float32)
    for step, voice, velocity, offset in notes:
        if offset > 0.5:
            step, offset = step + 1, offset - 1
        if 0 <= step < steps and velocity > found[step, _V + voice]:
            found[step, voice], found[step, _V + voice] = 1, velocity
            found[step, 2 * _V + voice] = min(max(offset, -0.5), 0.499)
    found.setflags(write=False)
    return found


def _context(score: Score, drummer: str, asked: PlayOn, first: int, beat: float) -> tuple[Floats, float, int]:
    """Return the bars that count as played before, (steps, 27), oldest first; where their middle is, and the last."""
    bars: list[Floats] = []
    numbers: list[int] = []
    for bar in _past(score, drummer, asked, first, beat):
        one = _bar_rows(score, drummer, bar)
        if not one[:, :_V].any():
            break
        bars.append(_as_answered(score, drummer, bar, one))
        numbers.append(bar)
        if len(bars) == CONTEXT:
            break
    if not bars:
        return np.zeros((0, 3 * _V), np.float32), float(first), first
    return np.concatenate(bars[::-1]), (numbers[-1] + numbers[0] + 1) / 2, numbers[0]


def _as_answered(score: Score, drummer: str, bar: int, played: Floats) -> Floats:
    """Return a bar as the player answered it: intensity, which its answers are played with, is not added up."""
    beat = float(bar * BEATS_PER_BAR)
    if score.value(drummer, "mirror", beat) or isinstance(score.value(drummer, "source", beat), Exact):
        return played
    velocities = without_intensity(played[:, _V : 2 * _V], float(score.number(drummer, "intensity", beat)))
    return np.concatenate([played[:, :_V], velocities, played[:, 2 * _V :]], 1)


def _past(score: Score, drummer: str, asked: PlayOn, first: int, beat: float) -> Iterator[int]:
    """Yield the bars to look back on, newest first.

    In a section those of the same section, if it was played before. A genre that is another by half begins afresh, and
    so does a density by a quarter, and what goes to a preset or an idea: it is to be heard at once.
    """
    genre = dict(score.weights(drummer, "genre", beat))
    densities = [path for path in score.paths(drummer) if path.partition(".")[0] == "density"]
    source = score.edit(drummer, "source", beat)
    since = source.beat if source is not None and asked.adherent else 0.0
    idea = taken_idea(score, drummer, beat)
    if idea is not None:
        since = max(since, idea.beat)
    own: list[int] = []
    for bar in range(first - 1, -1, -1):
        at = float(bar * BEATS_PER_BAR)
        if asked.section and str(score.value(drummer, "section", at) or "") == asked.section:
            own.append(bar)
            if len(own) == CONTEXT:
                break
        elif (asked.section and first - bar > 256) or (not asked.section and first - bar > CONTEXT):
            break
    if own:
        yield from own
        return
    for bar in range(first - 1, max(first - 1 - CONTEXT, -1), -1):
        at = float(bar * BEATS_PER_BAR)
        if at < since or _apart(genre, dict(score.weights(drummer, "genre", at))) > _OTHER_GENRE:
            return
        if any(
            abs(_density(score, drummer, path, at) - _density(score, drummer, path, beat)) > _OTHER_DENSITY
            for path in densities
        ):
            return
        yield bar


def _density(score: Score, drummer: str, path: str, beat: float) -> float:
    number = score.number(drummer, path, beat)
    return _USUAL_DENSITY if number is None else float(number)


def _apart(one: dict[str, float], other: dict[str, float]) -> float:
    """Return how far apart weights over names are, 0..1."""
    shares = [
        {name: w / total for name, w in each.items()} if (total := sum(each.values())) else {"any": 1.0}
        for each in (one, other)
    ]
    names = shares[0].keys() | shares[1].keys()
    return sum(abs(shares[0].get(name, 0.0) - shares[1].get(name, 0.0)) for name in names) / 2


def _held(score: Score, drummer: str, asked: PlayOn, first: int, bar: int, beat: float) -> tuple[Floats, Floats]:
    """Return which cells of the loop are as they were played or locked, (32, 9), and what they hold, (32, 27)."""
    known = np.zeros((LOOP_STEPS, _V), np.float32)
    held = np.zeros((LOOP_STEPS, 3 * _V), np.float32)
    open_step = min(max(math.ceil((beat - first * BEATS_PER_BAR) / STEP), 0), LOOP_STEPS)
    for k in range(LOOP):
        start = k * STEPS_PER_BAR
        if start >= open_step or not score.value(drummer, "source", float((first + k) * BEATS_PER_BAR)):
            continue
        played = _bar_rows(score, drummer, first + k)
        until = min(open_step - start, STEPS_PER_BAR)
        known[start : start + until] = 1
        held[start : start + until] = played[:until]
    for path in asked.locks:
        lock = score.edit(drummer, path, beat)
        if lock is None:
            continue
        notes = rows(held_notes(score, drummer, lock, bar), LOOP_STEPS)
        name = path.partition(".")[2]
        if name.isdigit():
            fresh = known[int(name)] == 0
            held[int(name)] = np.where(np.tile(fresh, 3), notes[int(name)], held[int(name)])
            known[int(name)] = 1
        else:
            voice = VOICES.index(name)
            fresh = known[:, voice] == 0
            for column in (voice, _V + voice, 2 * _V + voice):
                held[fresh, column] = notes[fresh, column]
            known[:, voice] = 1
    return known, held
