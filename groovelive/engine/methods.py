"""The methods of a client, written once: what each takes, what it asks the engine, and what it makes of the reply.

`Client` and `AsyncClient` inherit them. They differ in one thing alone, how they put a `Question`: one blocks until the
reply is there, the other is awaited.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

from numpy.typing import ArrayLike, NDArray

from ..checks import number
from ..grooves.groove import Groove
from ..protocol.base import MAX_DEADLINE, Priority
from ..protocol.engine import AnyReply, AnyRequest, EngineHello, EngineReport, Grooves, Latents, Path, Stats, Welcome
from . import requests
from .requests import Answer, Conditions, Controls, Floats, PlayControls, Point, expect

_P = ParamSpec("_P")
_R = TypeVar("_R")
_R_co = TypeVar("_R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Question(Generic[_R_co]):
    """A request that is to be sent, and how its reply is read.

    Args:
        request: for the engine.
        read: makes of the reply what the method returns; raises what the engine refused.
        timeout: seconds; None is the client's own.
        priority: of the request.
    """

    request: AnyRequest
    read: Callable[[AnyReply], _R_co]
    timeout: float | None = None
    priority: Priority = "stage"


class Blocking(Protocol):
    """A client that blocks until the answer is there."""

    def _answer(self, ask: Callable[[], Question[_R]]) -> _R: ...


class Awaited(Protocol):
    """A client of asyncio."""

    async def _answer(self, ask: Callable[[], Question[_R]]) -> _R: ...


class _Method(Protocol[_P, _R_co]):
    """A method of both kinds of client, as a type checker sees it."""

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, _P], Any]: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[_P, _R_co]: ...
    @overload
    def __get__(self, client: Awaited, owner: type) -> Callable[_P, Coroutine[Any, Any, _R_co]]: ...


def _method(ask: Callable[Concatenate[Any, _P], Question[_R]]) -> _Method[_P, _R]:
    """Make a method that puts its question in the client's own way."""

    @functools.wraps(ask)
    def answered(client: Any, *args: _P.args, **kwargs: _P.kwargs) -> Any:
        return client._answer(functools.partial(ask, client, *args, **kwargs))

    return cast(_Method[_P, _R], answered)


def _grooves(reply: AnyReply) -> Answer:
    return requests.answer(expect(reply, Grooves))


class Methods:
    """What both kinds of client can be asked."""

    @_method
    def hello(self, *, timeout: float | None = None) -> Question[Welcome]:
        """Return what the engine is, and its models with their controls, ranges and defaults."""
        return Question(EngineHello(), lambda reply: expect(reply, Welcome), timeout)

    @_method
    def stats(self, *, timeout: float | None = None) -> Question[EngineReport]:
        """Return how the engine is doing."""
        return Question(Stats(), lambda reply: expect(reply, EngineReport), timeout)

    @_method
    def generate(
        self,
        tap: Groove | str | ArrayLike,
        *,
        follow: float | None = None,
        preset: Point | None = None,
        timeout: float | None = None,
        priority: Priority = "stage",
        **controls: Unpack[Controls],
    ) -> Question[Answer]:
        """Answer a tap with drums.

        Args:
            tap: a Groove of 1 to 64 bars (flattened), (steps, 3) hit, velocity, offset, or a rhythm in text.
            follow: 1 follows the tap, 0 plays the preset alone.
            preset: name of a preset or genre, a latent, or a tap of two bars.
            timeout: seconds that the request may take; by default the client's.
            priority: "background" lets everything of the "stage" go first.
            controls: as for `groovelive.model.Model.drum`, with `model`, and `probabilities` and `latents` to
                have them too.
        """
        request = requests.generate(tap, follow=follow, preset=preset, controls=controls)
        return Question(request, _grooves, timeout, priority)

    @_method
    def play(
        self,
        tap: Groove | str | ArrayLike | None = None,
        *,
        bars: int | None = None,
        bar: int = 0,
        context: Groove | ArrayLike | None = None,
        fill: bool | Iterable[bool | None] | None = None,
        keep: Groove | None = None,
        locks: str | int | Iterable[str | int] | NDArray[Any] = (),
        forbid: ArrayLike | None = None,
        timeout: float | None = None,
        priority: Priority = "stage",
        **controls: Unpack[PlayControls],
    ) -> Question[Answer]:
        """Ask the player for bars: drums to a rhythm, or to none, that go on from what was played before.

        The engine remembers nothing: hand it in `context` what it played, and it plays on.

        Args:
            tap: a Groove of up to 16 bars (flattened), (steps, 3) hit, velocity, offset, or a rhythm in text; it goes
                round. None: nothing is played to.
            bars: how many, 1..16; by default as many as the tap has, 2 where it is a text or none.
            bar: the number of the first, from 0: its place in the phrase and its chances come of it.
            context: a Groove or (steps, 27) of up to 16 whole bars that were played before.
            fill: whether it is a fill: of all bars, or of each, and perhaps of the one after them; None leaves it open.
            keep: where `locks` take their cells from, as long as the answer.
            locks: voices or groups (names), steps (numbers from 0), or an array (steps, 9) of cells that stay as in
                `keep`.
            forbid: an array (steps, 9) of cells that must be silent.
            timeout: seconds that the request may take; by default the client's.
            priority: "background" lets everything of the "stage" go first.
            controls: as for `groovelive.model.Model.drum`, and as `PlayControls` says: `model`, `phrase`,
                `drummer`, `variant`, `adherent`, `fresh`, `genre_before`, and `probabilities` to have them too.

        >>> with Client() as client:                                 # doctest: +SKIP
        ...     first = client.play("x..x..x.", genre="funk").groove
        ...     second = client.play("x..x..x.", genre="funk", bar=2, context=first).groove
        """
        request = requests.play(
            tap, bars=bars, bar=bar, context=context, fill=fill, keep=keep, locks=locks, forbid=forbid,
            controls=controls,
        )  # fmt: skip
        return Question(request, _grooves, timeout, priority)

    @_method
    def encode(
        self,
        taps: Groove | str | ArrayLike | Iterable[Groove],
        *,
        model: str | None = None,
        timeout: float | None = None,
        priority: Priority = "stage",
    ) -> Question[Floats]:
        """Return the latents (n, z) of a tap of two bars or of many: Grooves, (n, 32, 3), or a rhythm."""

        def read(reply: AnyReply) -> Floats:
            return expect(reply, Latents).latents.numpy("latents")

        return Question(requests.encode(taps, model), read, timeout, priority)

    @_method
    def decode(
        self,
        z: Point,
        *,
        timeout: float | None = None,
        priority: Priority = "stage",
        **controls: Unpack[Controls],
    ) -> Question[Answer]:
        """Return the drums of a latent (z,), of many (n, z), or of a preset; controls as for `generate`."""
        return Question(requests.decode(z, controls), _grooves, timeout, priority)

    @_method
    def random(
        self,
        count: int = 1,
        *,
        timeout: float | None = None,
        priority: Priority = "stage",
        **controls: Unpack[Controls],
    ) -> Question[Answer]:
        """Return 1 to 256 grooves from the prior, of the seeds `seed`, `seed` + 1, …; else as `generate`."""
        return Question(requests.random(count, controls), _grooves, timeout, priority)

    @_method
    def walk(
        self,
        start: Point,
        end: Point | None = None,
        steps: int = 16,
        *,
        path: Path = "linear",
        wander: float = 1.0,
        seed: int = 0,
        timeout: float | None = None,
        priority: Priority = "stage",
        **conditions: Unpack[Conditions],
    ) -> Question[Answer]:
        """Return the grooves on the way from one point to another, in 2 to 256 steps.

        Args:
            start: a latent (z,), a tap or Groove of two bars, a rhythm, or the name of a preset or genre.
            end: likewise; None only with the path "random".
            steps: how many grooves.
            path: "linear", "slerp" along the sphere, or "random", astray.
            wander: how far "random" strays, in standard deviations of the prior.
            seed: of "random".
            timeout: seconds that the request may take; by default the client's.
            priority: "background" lets everything of the "stage" go first.
            conditions: genre, density, redirect, guidance, model.
        """
        request = requests.walk(start, end, steps=steps, path=path, wander=wander, seed=seed, conditions=conditions)
        return Question(request, _grooves, timeout, priority)


def seconds(timeout: float) -> float:
    """Return a timeout in seconds.

    Raises:
        GrooveError: it is no number above 0, or longer than a request may take.
    """
    return number("timeout", timeout, 0, MAX_DEADLINE / 1000, "seconds", above=True)
