"""What sounds when: the pure function from a score and a span of beats to events."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..grooves.grid import STEPS_PER_BAR, VOICES
from . import rhythms
from .asked import asked_fill, idea_until, taken_idea
from .bar_transforms import TRANSFORMS, Bar, applies
from .edit_log import SESSION
from .edits import STEP, Edit, Exact, Moves, Notes, Pattern, unpack
from .feels import FEELS, built
from .score import Score

TIMING, DYNAMICS = 0.2, 0.1  # steps and velocity: the spread of the Groove MIDI Dataset, as in Groove.humanise
EARLIEST = STEP / 2  # beats that a note may sound before its step, nudges apart
LATEST = 1.5  # steps that a note may sound after its step
_SCALED = ("velocity", *(f"velocity.{name}" for name in VOICES))


class Event(NamedTuple):
    """A note that sounds.

    Args:
        beat: when, in beats from the start; by the tempo map it becomes seconds, to which `nudge` is added.
        drummer: who.
        voice: 0..8.
        velocity: 0..1, above 0.
        step: the 16th, counted from beat 0, that it belongs to.
        nudge: seconds.
    """

    beat: float
    drummer: str
    voice: int
    velocity: float
    step: int
    nudge: float = 0.0


def events(
    score: Score, begin: float, end: float, drummers: tuple[str, ...] | None = None, *, mixed: bool = True
) -> list[Event]:
    """Return the notes of the steps from `begin` up to `end`, in the order of their beats.

    A note belongs to its step, also where it sounds before or after it. So two spans that meet have every note once,
    and a negative offset at the first step of a bar sounds before the bar line.

    Args:
        score: what is to be played.
        begin: beat, 0 or more; the steps that begin at or after it count.
        end: beat.
        drummers: by default all.
        mixed: False leaves mute and solo out: what is played, be it heard or not.

    >>> from groovelive.score.edits import Edit
    >>> score = Score([Edit(beat=0, drummer="d1", path="source", value=Exact(text="bd sn"))])
    >>> [(event.beat, VOICES[event.voice]) for event in events(score, 0, 8)]
    [(0.0, 'kick'), (2.0, 'snare'), (4.0, 'kick'), (6.0, 'snare')]
    """
    first, last = -int(-begin // STEP), -int(-end // STEP)
    found: list[Event] = []
    for drummer in score.drummers if drummers is None else drummers:
        step = first
        while step < last:
            bar = step // STEPS_PER_BAR
            stop = min((bar + 1) * STEPS_PER_BAR, last)
            for start, until in _pieces(score, drummer, step, stop):
                found += _of_steps(score, drummer, bar, start, until, mixed)
            step = stop
    found.sort(key=_order)
    return found


def _order(event: Event) -> tuple[float, str, int]:
    return event.beat, event.drummer, event.voice


def _pieces(score: Score, drummer: str, first: int, last: int) -> list[tuple[int, int]]:
    """Return spans of steps within a bar during which nothing changes for a drummer but by ramps."""
    turns = {first, last}
    for name in (drummer, SESSION):
        beats = score.turns.get(name, ())
        for k in range(bisect_left(beats, first * STEP), bisect_left(beats, last * STEP)):
            turns.add(-int(-beats[k] // STEP))
    return list(pairwise(sorted(turns)))


def _of_steps(score: Score, drummer: str, bar: int, first: int, last: int, mixed: bool) -> list[Event]:
    found = _shaped(score, drummer, bar, first, last, mixed)
    beat = first * STEP
    cuts = score.cuts(drummer, beat - EARLIEST, np.nextafter(beat, 0))
    if cuts:
        # What changed off the grid, just before this step, came too late for the notes that had sounded by then;
        # and those are notes of what held before.
        found = [event for event in found if event.beat >= cuts[-1]]
        for since, cut in pairwise((-1.0, *cuts)):
            early = _shaped(score.before(cut), drummer, bar, first, first + 1, mixed)
            found += [event for event in early if since <= event.beat < cut]
    return found


def seen(score: Score, drummer: str, beat: float, step: int) -> Score:
    """Return the score that a note of a step knew of when it sounded, at a beat."""
    cuts = score.cuts(drummer, beat, step * STEP) if beat < step * STEP else ()
    return score.before(cuts[0]) if cuts else score


def _shaped(score: Score, drummer: str, bar: int, first: int, last: int, mixed: bool) -> list[Event]:
    """Return the events of the steps from first to last, of what holds at the first."""
    beat = first * STEP
    inside = [n for n in bar_notes(score, drummer, bar, beat) if first <= bar * STEPS_PER_BAR + n.step < last]
    if not inside:
        return []
    quantise = score.number(drummer, "quantise", beat)
    humanise = score.number(drummer, "humanise", beat)
    swing = score.number(drummer, "swing", beat)
    swung = score.number(drummer, "swing_of", beat) if swing else 0
    scatter = _scatter(score.seed(drummer, beat), drummer, bar - score.origin(beat)) if humanise else None
    scaled = [path for path in _SCALED if score.beats(drummer, path)]
    nudged = score.nudges(drummer)
    found = []
    for step, voice, velocity, offset in inside:
        if quantise:
            offset *= 1 - quantise
        if swung:
            offset += swung_by(step, swing, swung)
        if scatter is not None:
            offset += float(scatter[0, step, voice]) * humanise * TIMING
            velocity += float(scatter[1, step, voice]) * humanise * DYNAMICS
        offset = min(max(offset, -0.5), LATEST)
        at = bar * STEPS_PER_BAR + step
        sounds = max((at + offset) * STEP, 0.0)
        for path in scaled:
            if path == "velocity" or path == f"velocity.{VOICES[voice]}":
                velocity *= score.number(drummer, path, at * STEP)
        # A late note can still be silenced, off the grid, between its step and when it sounds.
        late = score.cuts(drummer, at * STEP, sounds) if sounds > at * STEP else ()
        velocity = min(velocity, 1.0) * audible(score, drummer, voice, late[-1] if late else at * STEP, mixed)
        if velocity <= 0:
            continue
        nudge = 0.0
        for path in nudged:
            if path == "nudge" or path == f"nudge.{VOICES[voice]}":
                nudge += score.number(drummer, path, at * STEP)
        found.append(Event(sounds, drummer, voice, velocity, at, nudge))
    return found


def swung_by(step: int, swing: float, swung: int) -> float:
    """Return how late a step is by swing, in steps.

    Args:
        step: of the bar.
        swing: 0..0.5, how late every other of the notes that swing is, as a share of such a note.
        swung: 16: every other 16th; 8: every other 8th, and the 16ths between 8ths stay in their middle.

    >>> [swung_by(step, 0.2, 16) for step in range(4)], [swung_by(step, 0.2, 8) for step in range(4)]
    ([0.0, 0.2, 0.0, 0.2], [0.0, 0.2, 0.4, 0.2])
    """
    return swing * (step % 2 if swung == 16 else (0, 1, 2, 1)[step % 4])


def audible(score: Score, drummer: str, voice: int, beat: float, mixed: bool = True) -> float:
    """Return 1 where a voice is heard at a beat, 0 where it is not, and between where it is faded out or in.

    Args:
        mixed: whether mute and solo count.
    """
    if score.beats(SESSION, "playing") and score.value(SESSION, "playing", beat) is False:
        return 0.0
    gain = _mixed(score, drummer, voice, beat) if mixed else 1.0
    if gain and score.value(drummer, "source", beat) is None:  # hushed since
        return 0.0
    return gain


def _mixed(score: Score, drummer: str, voice: int, beat: float) -> float:
    """Return how loud a voice is in the mix, 0..1, by mute and solo."""
    gain = 1.0
    for path in ("mute", f"mute.{VOICES[voice]}"):
        if score.beats(drummer, path):
            gain *= 1.0 - float(score.number(drummer, path, beat))
    own: dict[str, float] = {path: float(score.number(drummer, path, beat)) for path in score.solos(drummer)}
    if gain and own:
        gain *= max(own.get(f"solo.{VOICES[voice]}", 0.0), 1.0 - max(own.values()))
    if gain and (soloists := score.soloists):
        alone = max(float(score.number(name, "solo", beat)) for name in soloists)
        if alone:
            gain *= max(float(score.number(drummer, "solo", beat)), 1.0 - alone)
    return gain


def bar_notes(score: Score, drummer: str, bar: int, beat: float, own: bool = True, transformed: bool = True) -> Notes:
    """Return the notes of a bar (from 0), of what holds at a beat: steps 0..15, with locks, unshaped.

    Args:
        own: whether bars of the performer's own code count.
        transformed: whether the performer's transforms of bars count.
    """
    half = (bar - score.origin(beat)) % rhythms.LOOP
    start = half * STEPS_PER_BAR
    notes = written_notes(score, drummer, bar, beat, own)
    if not transformed:
        return _of_half(notes, start)
    number = bar - score.origin(beat)
    feel = FEELS.get(str(score.value(drummer, "feel", beat)))
    if feel is not None:
        notes = feel(notes, Bar(number, start, _chance(0, drummer, bar, 0)))
    if asked_fill(score, drummer, bar, beat) and not _filled_by_player(score, drummer, beat):
        notes = TRANSFORMS["fill"].do(notes, Bar(number, start, _chance(0, drummer, bar, 0)))
    doing = score.value(drummer, "moves", beat)
    if isinstance(doing, Moves):
        seed = score.seed(drummer, beat)
        for k, move in enumerate(doing.moves):
            chance = _chance(seed, drummer, number, k)
            if applies(move, number, chance.random):
                notes = TRANSFORMS[move.what].do(notes, Bar(number, start, chance), *move.amount)
    notes = built(score, drummer, bar, notes, Bar(number, start, _chance(0, drummer, bar, 0)), beat)
    return _of_half(notes, start)


def _of_half(notes: Notes, start: int) -> Notes:
    return tuple(n._replace(step=n.step - start) for n in notes if start <= n.step < start + STEPS_PER_BAR)


def _filled_by_player(score: Score, drummer: str, beat: float) -> bool:
    """Return whether the player fills where that is asked; what is written, or a mirror's, is filled here."""
    return not (score.value(drummer, "mirror", beat) or isinstance(score.value(drummer, "source", beat), Exact))


def _chance(seed: int, drummer: str, bar: int, purpose: int) -> np.random.Generator:
    """Return the chance of a bar: a function of seed, drummer and bar alone, and of what it is for."""
    return np.random.default_rng((seed, crc32(drummer.encode()), max(bar, 0), purpose))


@lru_cache(maxsize=256)
def _scatter(seed: int, drummer: str, bar: int) -> NDArray[np.float64]:
    """Return normal draws (2, 16, 9): timing and dynamics."""
    return _chance(seed, drummer, bar, 1 << 16).standard_normal((2, STEPS_PER_BAR, len(VOICES)))


def written_notes(score: Score, drummer: str, bar: int, beat: float, own: bool = True) -> Notes:
    """Return the loop of a bar with the voices and steps that are locked as they were when they were."""
    notes = loop_notes(score, drummer, bar, beat, own)
    for path in score.locks(drummer):
        lock = score.edit(drummer, path, beat)
        if lock is None or not lock.value:
            continue
        name = path.partition(".")[2]
        held = held_notes(score, drummer, lock, bar, own)
        if name.isdigit():
            step = int(name)
            notes = (*(n for n in notes if n.step != step), *(n for n in held if n.step == step))
        else:
            voice = VOICES.index(name)
            notes = (*(n for n in notes if n.voice != voice), *(n for n in held if n.voice == voice))
    return notes


def held_notes(score: Score, drummer: str, lock: Edit, bar: int, own: bool = True) -> Notes:
    """Return the loop of a bar as it was when a lock was set: what stays is of it.

    What changes on the same downbeat does not change it.
    """
    before = float(np.nextafter(lock.beat, -np.inf))
    since = before if score.value(drummer, "source", before) is not None else lock.beat
    return loop_notes(score, drummer, bar, since, own)


def loop_notes(score: Score, drummer: str, bar: int, beat: float, own: bool = True) -> Notes:
    """Return the two bars, steps 0..31, of the loop in which a bar lies, of what holds at a beat.

    While no answer is there to a new source, what was played before it plays on.
    """
    if own and score.value(drummer, "each_bar", beat):
        made, asked = score.edit(drummer, "own", beat), score.edit(drummer, "each_bar", beat)
        if made is not None and asked is not None and made.beat >= asked.beat and isinstance(made.value, Pattern):
            return _loop_of(made.value, bar - score.origin(beat))
    pattern = score.edit(drummer, "pattern", beat)
    idea = taken_idea(score, drummer, beat)
    if idea is not None and (pattern is None or pattern.beat < idea_until(score, idea)):
        pattern = idea
    for source in score.sources(drummer, beat):
        if source.value is None:
            return ()
        if isinstance(source.value, Exact):
            loop = (bar - score.origin(beat)) // rhythms.LOOP
            return rhythms.notes_in(source.value, max(loop, 0) * rhythms.LOOP, score.seed(drummer, beat))
        if pattern is not None and pattern.beat >= source.beat and isinstance(pattern.value, Pattern):
            return _loop_of(pattern.value, bar - score.origin(beat))
    return ()


@lru_cache(maxsize=1024)
def _loop_of(pattern: Pattern, bar: int) -> Notes:
    notes = unpack(pattern.notes)
    if pattern.steps == rhythms.LOOP_STEPS:
        return notes
    return rhythms.around(notes, pattern.steps, max(bar, 0) // rhythms.LOOP * rhythms.LOOP, rhythms.LOOP)
