"""From a musician's arguments to requests of the engine, and from its replies to Grooves; no sockets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, TypeVar

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import whole
from ..errors import GrooveError, closest
from ..grooves.cells import held_and_silent
from ..grooves.groove import STEPS_PER_BAR, VOICES, Groove
from ..protocol.base import MAX_DEADLINE, Array, EngineError, Failure, Reply, Request, type_of
from ..protocol.engine import (
    MAX_PLAYED,
    AnyReply,
    AnyRequest,
    Decode,
    Encode,
    Generate,
    Grooves,
    Play,
    Random,
    WalkRequest,
)
from ..protocol.frames import to_frames

Floats = NDArray[np.float32]
Point = Groove | str | ArrayLike  # a tap, a latent (z,), or a name
_Q = TypeVar("_Q", bound=Request)
_R = TypeVar("_R", bound=Reply)
_V = len(VOICES)


class Conditions(TypedDict, total=False):
    """What every request for drums may say of them; left out, it is the model's default."""

    model: str | None
    genre: str | Mapping[str, float] | None
    density: float | Mapping[str, float] | None
    redirect: str | Iterable[str]
    guidance: float | None
    extra: Mapping[str, float]


class Controls(Conditions, total=False):
    """All controls of a groove, as for `groovelive.model.Model.drum`, and what shall come with it."""

    temperature: float | None
    sampling: Literal["threshold", "bernoulli"] | None
    threshold: float | Mapping[str, float] | None
    max_hits: int | Mapping[str, int] | None
    keep: Groove | None
    locks: str | int | Iterable[str | int]
    seed: int
    probabilities: bool
    latents: bool


class PlayControls(Conditions, total=False):
    """How the player shall play, as for `groovelive.model.Model.drum`, and what shall come with it.

    `phrase` are the bars of a phrase, `drummer` the name that sets its chances apart from other drummers', `variant`
    the number of another answer to the same, `fresh` says that the context was played to no rhythm, `genre_before` in
    which genre it was played, and `adherent` that the tap is a pattern to be played, not one to be accompanied.
    """

    instrument: str | None
    adherent: bool
    fresh: bool
    genre_before: str | Mapping[str, float] | None
    adherence: float | None
    temperature: float | None
    variation: float | None
    complexity: float | None
    intensity: float | None
    tempo: float | None
    phrase: int | None
    sampling: Literal["threshold", "bernoulli"] | None
    threshold: float | Mapping[str, float] | None
    max_hits: int | Mapping[str, int] | None
    top_k: int
    hands: bool
    drummer: str
    seed: int
    variant: int
    probabilities: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Grooves from the engine.

    Args:
        grooves: one, or as many as there are latents or steps of the walk.
        latents: (m, z), of every groove, or of every two bars of the only one; where asked for, and of walks
            and random grooves.
        probabilities: (n, steps, 9), where asked for.
        spent: ms that the engine took.
    """

    grooves: tuple[Groove, ...]
    latents: Floats | None = None
    probabilities: Floats | None = None
    spent: float = 0.0

    @property
    def groove(self) -> Groove:
        """The first groove."""
        return self.grooves[0]


def generate(tap: Groove | str | ArrayLike, *, follow: Any, preset: Any, controls: Mapping[str, Any]) -> Generate:
    """Return the request for drums that answer a tap."""
    return _request(Generate, controls, tap=_taps(tap), follow=_plain(follow), preset=_point(preset))


def play(
    tap: Groove | str | ArrayLike | None,
    *,
    bars: Any,
    bar: Any,
    context: Groove | ArrayLike | None,
    fill: Any,
    keep: Groove | None,
    locks: Any,
    forbid: Any,
    controls: Mapping[str, Any],
) -> Play:
    """Return the request for bars of the player."""
    rhythm = None if tap is None else _taps(tap)
    if bars is None:
        bars = 2 if rhythm is None or isinstance(rhythm, str) else max(rhythm.shape[0] // STEPS_PER_BAR, 1)
    bars = whole("bars", bars, 1, MAX_PLAYED)
    settled = held_and_silent(None if keep is None else Groove.of(keep), locks, bars * STEPS_PER_BAR, forbid)
    known, held = (None, None) if settled is None else map(Array.of, settled)
    if fill is None or isinstance(fill, bool):
        fill = () if fill is None else (fill,) * bars
    return _request(
        Play,
        controls,
        tap=rhythm,
        bars=bars,
        bar=_plain(bar),
        context=None if context is None else Array.of(context.hvo if isinstance(context, Groove) else context),
        known=known,
        held=held,
        fill=tuple(fill),
    )


def encode(taps: Groove | str | ArrayLike | Iterable[Groove], model: str | None) -> Encode:
    """Return the request for the latents of one tap, or of many."""
    if isinstance(taps, list | tuple) and taps and isinstance(taps[0], Groove):
        taps = [_tap(one) for one in taps]
    return Encode(taps=_taps(taps), model=model)


def decode(z: Point, controls: Mapping[str, Any]) -> Decode:
    """Return the request for the drums of a latent (z,), of many (n, z), or of a preset."""
    point = _point(z)
    if point is None:
        raise GrooveError("decode takes a latent (z,), many (n, z), or the name of a preset; not None")
    return _request(Decode, controls, z=point)


def random(count: int, controls: Mapping[str, Any]) -> Random:
    """Return the request for grooves from the prior."""
    return _request(Random, controls, count=_plain(count))


def walk(
    start: Point,
    end: Point | None,
    *,
    steps: Any,
    path: Any,
    wander: Any,
    seed: Any,
    conditions: Mapping[str, Any],
) -> WalkRequest:
    """Return the request for the grooves from one point to another."""
    return _request(
        WalkRequest,
        conditions,
        start=_point(start),
        end=_point(end),
        steps=_plain(steps),
        path=path,
        wander=_plain(wander),
        seed=_plain(seed),
    )


def answer(reply: Grooves) -> Answer:
    """Return what a reply holds.

    Raises:
        EngineError: INTERNAL, where it holds no grooves.
    """
    hvo = reply.grooves.numpy("grooves")
    if hvo.ndim != 3 or hvo.shape[2] != 3 * _V or hvo.shape[1] % 16:
        raise EngineError("INTERNAL", f"the engine sent grooves of the shape {hvo.shape}", "grooves")
    parts = hvo.reshape(-1, 3, _V).swapaxes(0, 1).copy()
    hits, velocities, offsets = parts
    reach = hits * np.float32(0.5)  # of velocities around it, and of offsets around 0: none where there is no hit
    valid = hits * hits == hits
    valid &= np.abs(velocities - reach) <= reach
    valid &= np.abs(offsets) <= reach
    if np.count_nonzero(valid) < valid.size:
        raise EngineError("INTERNAL", "the engine sent grooves with values that no groove has", "grooves")
    return Answer(
        tuple(map(Groove._trusted, *parts.reshape(3, *hvo.shape[:2], _V))),
        None if reply.latents is None else reply.latents.numpy("latents"),
        None if reply.probabilities is None else reply.probabilities.numpy("probabilities"),
        reply.spent,
    )


def expect(reply: AnyReply, kind: type[_R]) -> _R:
    """Return a reply of the kind that was asked for.

    Raises:
        EngineError: the engine refused the request, or answered with something else.
    """
    if isinstance(reply, kind):
        return reply
    if isinstance(reply, Failure):
        raise reply.error()
    raise EngineError("INTERNAL", f"the engine sent '{type_of(reply)}' for a '{type_of(kind)}'")


def _request(kind: type[_Q], given: Mapping[str, Any], **fields: Any) -> _Q:
    for name, value in given.items():
        if name not in kind.__struct_fields__ or name in ("deadline", "priority"):
            choices = [field for field in kind.__struct_fields__ if field not in ("deadline", "priority")]
            what = type_of(kind)
            raise GrooveError(f"{what} has no {name!r}{closest(name, choices)}; it has {', '.join(choices)}")
        if name == "keep":
            fields[name] = None if value is None else Array.of(Groove.of(value).hvo)
        elif name in ("redirect", "locks"):
            value = _plain(value)
            fields[name] = (value,) if isinstance(value, str | int) else tuple(_plain(one) for one in value)
        else:
            fields[name] = _plain(value)
    return kind(**fields)


def _plain(value: Any) -> Any:
    """Return numbers and mappings of NumPy and others as Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return value


def _tap(groove: Groove) -> Floats:
    return groove.tap()


def _taps(taps: Any) -> str | Array:
    if isinstance(taps, str):
        return taps
    return Array.of(_tap(taps) if isinstance(taps, Groove) else taps)


def _point(point: Any) -> str | Array | None:
    return None if point is None else _taps(point)


def encoded(id: bytes, request: AnyRequest, remaining: float) -> list[bytes]:
    """Return the frames of a request that is of use for `remaining` more seconds.

    Raises:
        GrooveError: an argument is of a kind that no message can hold; EngineError where it is too large.
    """
    ms = min(max(remaining * 1000, 0.001), MAX_DEADLINE)
    try:
        return to_frames(id, msgspec.structs.replace(request, deadline=ms))
    except (TypeError, OverflowError) as error:
        what = type_of(request)
        raise GrooveError(f"{what} was given something of a wrong kind: {error}") from None
