"""Wishes: what a drummer wants from the engine for a bar, worked out of the score."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..grooves.grid import GROUPS, VOICES
from . import rhythms
from .asked import plays_idea, replayed
from .edits import (
    BEATS_PER_BAR,
    Cycle,
    Edit,
    Exact,
    FromDrummer,
    Home,
    Line,
    Point,
    Rhythm,
    Value,
    Walk,
    unpack,
)
from .following import heard_of
from .inputs import Hearing
from .memory import heard
from .play_on import PlayOn, play_on, remembering
from .score import Score

Floats = NDArray[np.float32]
_DRIFT = 4  # bars from one random point to the next
_STEPS = 256  # of a walk, at most


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of the latent space, perhaps still to be looked up: a name, a latent, a tap, or the genre's preset."""

    name: str = ""
    z: bytes = b""
    tap: bytes = b""  # (32, 3) float32


@dataclass(frozen=True, slots=True)
class Wish:
    """What a drummer wants: two equal wishes have the same answer.

    Args:
        tap: (32, 3) float32 that is followed, or nothing.
        spot: what is played where no tap is followed; and to which a tap is blended.
        spot_b: the other end of a blend.
        blend: 0..1, from spot to spot_b.
        follow: 0..1, how far the tap counts.
        walk: (start, end, steps, which of them, path) in place of all these.
        moving: whether genre or density are on the move, so that each step of a walk is asked for by itself.
        drift: how far it strays, and the noise (z is drawn by it).
        genre, density, threshold, max_hits: as (name, number) pairs; of density, "" is the whole.
        rest: the other conditions that the engine takes, by name.
        seed: of what is drawn.
        play: how the player shall play to that; None: a mirror answers.
    """

    tap: bytes = b""
    spot: Spot | None = None
    spot_b: Spot | None = None
    blend: float = 0.0
    follow: float = 1.0
    walk: tuple[Spot, Spot, int, int, Literal["linear", "slerp"]] | None = None
    moving: bool = False
    drift: tuple[float, int, int, float] | None = None
    genre: tuple[tuple[str, float], ...] = ()
    density: tuple[tuple[str, float], ...] = ()
    threshold: tuple[tuple[str, float], ...] = ()
    max_hits: tuple[tuple[str, float], ...] = ()
    rest: tuple[tuple[str, Any], ...] = ()
    seed: int = 0
    play: PlayOn | None = None


def wish(score: Score, drummer: str, bar: int, beat: float | None = None) -> Wish | None:
    """Return what a drummer wants for a bar (from 0), or None where the engine need not be asked.

    What it goes on from is left out; `informed` adds it.

    Args:
        beat: what holds then counts; by default at the beginning of the bar.
    """
    beat = float(bar * BEATS_PER_BAR) if beat is None else beat
    if plays_idea(score, drummer, beat) or replayed(score, drummer, beat):
        return None
    return described(score, drummer, bar, beat)


def described(score: Score, drummer: str, bar: int, beat: float) -> Wish | None:
    """Return what the engine would be asked for a bar, even where the answer is in the log; None where it has no part.

    Args: as for `wish`.
    """
    wanted = _mirrored(score, drummer, bar, beat)
    if wanted is None:
        return None
    tap = np.frombuffer(wanted.tap, np.float32).reshape(-1, 3) if wanted.tap else None
    return replace(wanted, play=play_on(score, drummer, bar, beat, tap))


def informed(score: Score, drummer: str, wanted: Wish, bar: int, beat: float | None = None) -> Wish:
    """Return a wish with what the player goes on from; arguments as for `wish`."""
    if wanted.play is None:
        return wanted
    beat = float(bar * BEATS_PER_BAR) if beat is None else beat
    return replace(wanted, play=remembering(score, drummer, wanted.play, bar, beat))


def _mirrored(score: Score, drummer: str, bar: int, beat: float) -> Wish | None:
    """Return what a mirror would be asked: a tap, or a point of the latent space, and its conditions."""
    holding = list(score.sources(drummer, beat, 2))
    if not holding or holding[0].value is None or isinstance(holding[0].value, Exact):
        return None
    source = holding[0]
    if _taken(score, drummer, beat):
        return None
    conditions = _conditions(score, drummer, bar, beat)
    passed = (beat - source.beat) / BEATS_PER_BAR
    if source.over and passed < source.over and len(holding) == 2:
        old = _spot(score, drummer, holding[1], bar, beat)
        new = _spot(score, drummer, source, bar, beat)
        if old is not None and new is not None:
            steps = min(max(math.ceil(source.over), 1) + 1, _STEPS)
            index = min(math.ceil(passed), steps - 1)
            return Wish(walk=(old, new, steps, index, "linear"), moving=_moving(score, drummer, beat), **conditions)
    value = source.value
    if isinstance(value, Walk):
        return _walking(score, drummer, value, passed, bar, beat, conditions)
    drift = _drift(score, drummer, bar, beat)
    blend = float(score.number(drummer, "blend", beat))
    a, b = (_point(score.value(drummer, name, beat)) for name in ("a", "b"))
    if b is None or not blend:
        b, blend = None, 0.0
    if isinstance(value, Rhythm | Hearing | FromDrummer):
        tap = shaped(score, drummer, tap_of(score, drummer, value, bar, beat), beat)
        follow = float(score.number(drummer, "follow", beat))
        if isinstance(value, Hearing) and _left_alone(score, drummer, beat):
            follow = 0.0
        if follow >= 1:
            a, b, blend = None, None, 0.0
        return Wish(tap=tap.tobytes(), spot=a, spot_b=b, blend=blend, follow=follow, drift=drift, **conditions)
    if isinstance(value, Home):
        return Wish(spot=a or Spot(), spot_b=b, blend=blend, follow=0.0, drift=drift, **conditions)
    assert isinstance(value, Point)
    return Wish(spot=_point(value), follow=0.0, drift=drift, **conditions)


def _taken(score: Score, drummer: str, beat: float) -> bool:
    """Return whether a drummer hears what was played in a take, or has gone home from there: all answers are in it."""
    for edit in score.sources(drummer, beat):
        if not isinstance(edit.value, Home):
            return isinstance(edit.value, Hearing) and edit.value.taken
    return False


def _walking(
    score: Score, drummer: str, walk: Walk, passed: float, bar: int, beat: float, conditions: dict[str, Any]
) -> Wish:
    spots = [_point(point) or Spot() for point in walk.points]
    legs = len(spots) - 1
    each = walk.bars / legs
    leg = min(int(passed / each), legs - 1)
    steps = min(max(math.ceil(each), 1) + 1, _STEPS)
    index = min(round((passed - leg * each) / each * (steps - 1)), steps - 1)
    moving = _moving(score, drummer, beat)
    return Wish(walk=(spots[leg], spots[leg + 1], steps, index, walk.path), moving=moving, **conditions)


def _moving(score: Score, drummer: str, beat: float) -> bool:
    """Return whether genre or density change with time at a beat."""
    for path in ("genre", "density", *(f"density.{part}" for part in (*GROUPS, *VOICES))):
        edit = score.edit(drummer, path, beat) if score.beats(drummer, path) else None
        if edit is None:
            continue
        end = edit.beat + BEATS_PER_BAR * max(edit.over, edit.value.bars if isinstance(edit.value, Line) else 0)
        if isinstance(edit.value, Cycle) or beat < end:
            return True
    return False


def _conditions(score: Score, drummer: str, bar: int, beat: float) -> dict[str, Any]:
    rest: list[tuple[str, Any]] = []
    for name in ("guidance", "temperature"):
        if (number := score.number(drummer, name, beat)) is not None:
            rest.append((name, float(number)))
    sampling = score.value(drummer, "sampling", beat)
    if sampling is not None:
        rest.append(("sampling", sampling))
    if redirect := score.value(drummer, "redirect", beat):
        rest.append(("redirect", redirect))
    seed = 0
    if sampling == "bernoulli":  # drawn anew in every loop, and only there does the seed count
        loop = (bar - score.origin(beat)) // rhythms.LOOP
        seed = crc32(f"{score.seed(drummer, beat)} {drummer} {loop}".encode())
    return {
        "genre": score.weights(drummer, "genre", beat),
        "density": _per(score, drummer, "density", beat, (*GROUPS, *VOICES)),
        "threshold": _per(score, drummer, "threshold", beat, VOICES),
        "max_hits": _per(score, drummer, "max_hits", beat, VOICES),
        "rest": tuple(rest),
        "seed": seed,
    }


def _per(score: Score, drummer: str, name: str, beat: float, parts: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Return what is set of a control, for the whole ("") and for parts of it."""
    found = []
    for part in ("", *dict.fromkeys(parts)):
        path = f"{name}.{part}" if part else name
        if score.beats(drummer, path) and (number := score.number(drummer, path, beat)) is not None:
            found.append((part, round(float(number), 6)))
    return tuple(found)


def _point(value: Value) -> Spot | None:
    if isinstance(value, Point):
        if value.notes:
            return Spot(tap=rhythms.tap_of(unpack(value.notes)).tobytes())
        return Spot(name=value.name, z=value.z)
    return None


def _spot(score: Score, drummer: str, source: Edit, bar: int, beat: float) -> Spot | None:
    """Return the point that a source stands for, so that it can be walked from or to; None where it has none."""
    value = source.value
    if isinstance(value, Rhythm | Hearing | FromDrummer):
        return Spot(tap=shaped(score, drummer, tap_of(score, drummer, value, bar, beat), beat).tobytes())
    if isinstance(value, Walk):
        return _point(value.points[-1])
    if isinstance(value, Home):
        return _point(score.value(drummer, "a", beat)) or Spot()
    return _point(value)


def tap_of(score: Score, drummer: str, source: Rhythm | Hearing | FromDrummer, bar: int, beat: float) -> Floats:
    """Return the tap (32, 3) of a bar's loop, as it is written or was played."""
    if isinstance(source, Hearing):
        return heard(score, drummer, source, beat)
    if isinstance(source, FromDrummer):
        return rhythms.tap_of(heard_of(score, drummer, source, bar, beat))
    loop = max(bar - score.origin(beat), 0) // rhythms.LOOP * rhythms.LOOP
    return rhythms.tap_of(rhythms.notes_in(source, loop, score.seed(drummer, beat)))


def _left_alone(score: Score, drummer: str, beat: float) -> bool:
    """Return whether an autopilot flies, and nobody has played to it in the last bar: then its preset plays."""
    return bool(score.value(drummer, "autopilot", beat)) and not score.activity(drummer, beat)


def shaped(score: Score, drummer: str, tap: Floats, beat: float) -> Floats:
    """Return a tap shaped as the drummer is told to hear it."""
    tap = tap.copy()
    number = score.number
    on = tap[:, 0] > 0
    velocity, offset = tap[:, 1].copy(), tap[:, 2].copy()
    if number(drummer, "tap_invert", beat):
        velocity = 1 - velocity
    low, high = number(drummer, "tap_low", beat), number(drummer, "tap_high", beat)
    if (low, high) != (0, 1):
        velocity = low + (high - low) * velocity
    velocity = np.clip(velocity + number(drummer, "tap_bias", beat), 0, 1)
    if number(drummer, "tap_mirror", beat):
        offset = -offset
    offset = offset * number(drummer, "tap_spread", beat) * (1 - number(drummer, "tap_quantise", beat))
    offset = np.clip(offset + number(drummer, "tap_lean", beat), -0.5, 0.5)
    tap[:, 1], tap[:, 2] = np.where(on, velocity, 0), np.where(on, offset, 0)
    return tap


def _drift(score: Score, drummer: str, bar: int, beat: float) -> tuple[float, int, int, float] | None:
    """Return how far to stray, the two seeds between whose noises this bar lies, and how far between."""
    amount = float(score.number(drummer, "drift", beat))
    if not amount:
        return None
    number = max(bar - score.origin(beat), 0)
    seed = f"{score.seed(drummer, beat)} {drummer} drift"
    first, second = (crc32(f"{seed} {number // _DRIFT + k}".encode()) for k in (0, 1))
    return amount, first, second, number % _DRIFT / _DRIFT
