"""What a model with a player answers: a tap, loops in a row, a hundred candidates to choose from."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..errors import GrooveError
from ..grooves.candidates import By, Candidate, measured, ordered
from ..grooves.cells import held_and_silent
from ..grooves.grid import STEPS_PER_BAR, VOICES, voice_indices
from ..grooves.groove import Groove
from ..grooves.taps import instrument_of, mixed
from .player.player import DrumPlayer, finished
from .player.request import Locks, PlayRequest
from .playing import Playing
from .playing import loops as loops_in_a_row
from .taps import STEPS, Floats, Tap, as_array, check_taps, hardened

if TYPE_CHECKING:
    from .latents import LatentSpace, Point

_V = len(VOICES)
_DRAWS = 16  # answers whose mean is thresholded
_WHOLE = 5.0  # steps of a loop that likely sound beside a drummer's rhythm: with fewer, the rhythm is all of the drums
_MIRRORED = 0.7  # how much the mirror's probabilities count then
_USUAL_THRESHOLD = 0.4  # of voices that are not named where thresholds by voice are given
MAX_CANDIDATES = 1000


def rhythm_of(tap: Tap) -> Floats:
    """Return a rhythm as (steps, 3), whole bars: hit, velocity, offset.

    Raises:
        GrooveError: it is none.
    """
    if isinstance(tap, str):
        tap = Groove.of(tap)
    if isinstance(tap, Groove):
        whole: Floats = tap.tap()
        return whole
    array = as_array(tap, "a tap")
    if array.ndim != 2 or array.shape[1] != 3 or not len(array) or len(array) % STEPS_PER_BAR:
        raise GrooveError(f"a tap must have the shape (32, 3), or that of other whole bars, not {array.shape}")
    return check_taps(array)


def heard(playing_as: str | None, rhythm: Floats) -> str:
    """Return who plays a rhythm: as told, or as far as it tells itself."""
    return instrument_of(rhythm) if playing_as is None else playing_as


def locked(keep: Groove | None, locks: Any, steps: int, forbid: Any = None) -> Locks | None:
    """Return locks: cells of `keep` that stay, and cells that must be silent; as for `held_and_silent`."""
    settled = held_and_silent(keep, locks, steps, forbid)
    return None if settled is None else Locks(*settled)


def answer(
    player: DrumPlayer,
    latents: LatentSpace,
    playing: Playing,
    rhythm: Floats,
    *,
    follow: float = 1.0,
    preset: Point | None = None,
    memory: Floats | None = None,
    context: Floats | None = None,
    locks: Locks | None = None,
    thresholds: Floats | None = None,
    most: Floats | None = None,
    likely: bool = False,
    mirrored: Floats | None = None,
) -> Groove:
    """Return the drums to a rhythm, as long as it.

    Args:
        player, latents: of the model.
        playing: how it plays.
        rhythm: (steps, 3) that it plays to.
        follow: 1 follows the rhythm, 0 plays the preset; between, each step is one's or the other's.
        preset: a point of the latent space.
        memory: (32, 27) the pattern of the preset, which the drummer has in mind where it does not follow.
        context: (steps, 27) what was played before.
        locks: cells that stay.
        thresholds: (9,) how likely a cell must be.
        most: (9,) most hits of a voice.
        likely: whether the likely cells play, in place of one answer that is drawn.
        mirrored: (steps, 9) the mirror's probabilities; they count where the rhythm is likely all of the drums.
    """
    bars = len(rhythm) // STEPS_PER_BAR
    if follow < 1 or preset is not None:
        own = hardened(latents.recall(home_of(latents, preset, playing)[None]))[0]
        if memory is not None:
            mind = remembered(player, playing, rhythm, memory, follow)
            context = mind if context is None else np.concatenate([context, mind])
        rhythm = mixed(rhythm, np.resize(own, rhythm.shape), follow, playing.seed)
    request = playing.request(bars, rhythm if rhythm[:, 0].any() else None, context=context, locks=locks)
    if likely:
        rows = likeliest(player, request, thresholds, mirrored)
    else:
        rows = playing.shaped(player.play(request), request.locks)
        if thresholds is not None:
            p = player.probabilities(request, _DRAWS)[0]
            rows = rows * np.tile(p >= thresholds, 3)
    if most is not None:
        rows = at_most(rows, most)
    return Groove.from_hvo(rows)


def home_of(latents: LatentSpace, preset: Point | None, playing: Playing) -> Floats:
    """Return the latent of a preset, by default of one of the genre that weighs most."""
    first = max(playing.genres, key=lambda name: playing.genres[name]) if playing.genres else None
    if preset is None:
        return latents.home(first).z
    point, genre = latents.point(preset)
    return latents.home(genre).z if point is None else point


def remembered(player: DrumPlayer, playing: Playing, rhythm: Floats, memory: Floats, follow: float) -> Floats:
    """Return what a drummer has in mind who follows partly: its own answer and the preset, step by step, twice."""
    if follow:
        own = player.play(playing.request(len(memory) // STEPS_PER_BAR, rhythm)).rows
        order = np.random.Generator(np.random.Philox(key=[playing.seed, 1])).permutation(len(memory))
        memory = np.where((order < round(follow * len(memory)))[:, None], own, memory)
    return np.tile(memory, (2, 1)).astype(np.float32)


def likeliest(
    player: DrumPlayer, request: PlayRequest, thresholds: Floats | None = None, mirrored: Floats | None = None
) -> Floats:
    """Return the likely cells with their mean velocities and offsets, (steps, 27).

    Args:
        player: whose probabilities count, over 16 answers.
        request: what it is asked.
        thresholds: (9,) how likely a cell must be; by default those play with which the expected F1 is highest.
        mirrored: (steps, 9) as for `answer`.
    """
    return finished(likeliest_steps(player, request, thresholds, mirrored))


def likeliest_steps(
    player: DrumPlayer, request: PlayRequest, thresholds: Floats | None = None, mirrored: Floats | None = None
) -> Generator[None, None, Floats]:
    """Work out what `likeliest` returns, and give way after each answer."""
    p, velocities, offsets = yield from player.probability_steps(request, _DRAWS)
    if mirrored is not None and request.rhythm is not None:
        rhythm = np.resize(request.rhythm[:, :1], (len(p), 1))
        beside = (p.max(1, keepdims=True) * (1 - rhythm)).sum()
        if beside < _WHOLE * len(p) / STEPS:
            p = _MIRRORED * mirrored + (1 - _MIRRORED) * p
    hits = (expected_best(p) if thresholds is None else p >= thresholds).astype(np.float32)
    if request.locks is not None:
        known = request.locks.known > 0
        hits = np.where(known, request.locks.played[:, :_V], hits)
    return np.concatenate([hits, np.where(velocities > 0, velocities, 0.6) * hits, offsets * hits], 1)


def expected_best(p: Floats) -> NDArray[np.bool_]:
    """Return which cells play so that the expected F1 of each loop of two bars is about as high as can be.

    Source: Lipton, Elkan and Naryanaswamy 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure": the best
    cells are the likeliest, down to half of the F1 that they reach.

    >>> expected_best(np.array([[0.9, 0.5, 0.1]])).tolist()
    [[True, True, False]]
    """
    chosen = np.zeros(p.shape, np.bool_)
    for start in range(0, len(p), STEPS):
        loop = p[start : start + STEPS]
        falling = np.sort(loop, axis=None)[::-1]
        f1 = 2 * falling.cumsum() / (np.arange(1, falling.size + 1) + falling.sum())
        chosen[start : start + STEPS] = loop >= falling[f1.argmax()]
    return chosen


def at_most(rows: Floats, most: Floats) -> Floats:
    """Return bars with at most so many hits of a voice in each loop of two bars: the loudest stay."""
    rows = rows.copy()
    for start in range(0, len(rows), STEPS):
        loop = rows[start : start + STEPS]
        for voice in np.flatnonzero(loop[:, :_V].sum(0) > most):
            quiet = np.argsort(-loop[:, _V + voice], kind="stable")[int(most[voice]) :]
            loop[quiet[:, None], [voice, _V + voice, 2 * _V + voice]] = 0
    return rows


def loops(player: DrumPlayer, playing: Playing, rhythm: Floats, n: int, context: Floats | None = None) -> list[Groove]:
    """Return `n` loops in a row, each as long as the rhythm (two bars where it is shorter)."""
    bars = max(len(rhythm) // STEPS_PER_BAR, 2)
    heard_as = rhythm if rhythm[:, 0].any() else None
    return [Groove.from_hvo(one) for one in loops_in_a_row(player, playing, heard_as, n, bars=bars, context=context)]


def candidates(
    player: DrumPlayer,
    playing: Playing,
    rhythm: Floats,
    n: int,
    *,
    by: By = "drawn",
    like: Groove | None = None,
    first: int = 0,
    context: Floats | None = None,
    locks: Locks | None = None,
) -> list[Candidate]:
    """Return `n` answers to a rhythm, in the order of a measure.

    Args:
        player, playing, rhythm, context, locks: as for `answer`.
        n: how many, 1..1000.
        by: "drawn", or from the least to the most "density", "syncopation", "distance" (to `like`), from the likeliest
            ("likely"), or so that each is as far as can be from those before it ("spread").
        like: the groove that distances are to; the player has it in mind too.
        first: the variant of the first.
    """
    checks.whole("n", n, 1, MAX_CANDIDATES)
    checks.whole("first", first, 0, 1_000_000)
    checks.name("by", by, get_args(By))
    bars = len(rhythm) // STEPS_PER_BAR
    if like is not None:
        context = np.tile(like.hvo.astype(np.float32), (max(1, 4 // like.bars), 1))
    request = playing.request(bars, rhythm if rhythm[:, 0].any() else None, context=context, locks=locks)
    found = []
    for number, played in enumerate(player.candidates(request, n, first), first):
        found.append(
            measured(Groove.from_hvo(playing.shaped(played, request.locks)), number, float(played.nats.mean()), like)
        )
    return ordered(found, by)


def thresholds_of(value: float | Mapping[str, float] | None, usual: float = _USUAL_THRESHOLD) -> Floats | None:
    """Return thresholds by voice (9,), or None where none is given."""
    if value is None:
        return None
    return _per_voice("threshold", value, 0, 1, usual)


def most_of(value: float | Mapping[str, float] | None) -> Floats | None:
    """Return the most hits by voice (9,), or None where none is given."""
    return None if value is None else _per_voice("max_hits", value, 0, STEPS, STEPS)


def _per_voice(name: str, value: float | Mapping[str, float], low: float, high: float, usual: float) -> Floats:
    if not isinstance(value, Mapping):
        return np.full(_V, checks.number(name, value, low, high), np.float32)
    row = np.full(_V, usual, np.float32)
    for voices, one in value.items():
        row[list(voice_indices(voices))] = checks.number(f"{name} of {voices}", one, low, high)
    return row


def names_of(value: str | Iterable[str]) -> tuple[str, ...]:
    """Return one name or several as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value)
