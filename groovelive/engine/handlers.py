"""From a request to its reply: a generator that hands out its work loop by loop, so that others get a turn."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError
from ..grooves.grid import STEPS_PER_BAR, VOICES
from ..grooves.groove import Groove
from ..model import Model
from ..model.arguments import Conditioning, HitRules
from ..model.decoding import Bools, sigmoid
from ..model.guidance import NetworkAnswer
from ..model.paths import even_walk
from ..model.taps import STEPS, check_taps, hardened
from ..protocol.base import Array, EngineError, Reply
from ..protocol.engine import MAX_LOOPS, AnyRequest, Decode, Encode, Generate, Grooves, Latents, Random, WalkRequest
from . import validation

Floats = NDArray[np.float32]
_V = len(VOICES)
_LOW, _HIGH = np.repeat(np.array([(0, 0, -0.5), (1, 1, 0.5)], np.float32), _V, 1)  # of an HVO
_KEPT = np.float32(0.9)  # of a latent, from step to step of a free walk


class Ask(NamedTuple):
    """Loops that wait for a model's network."""

    model: Model
    taps: Sequence[Floats]  # (32, 3) each
    asked: Sequence[Conditioning]


# It yields what it needs the network for, or None where it only gives way; it is sent the answer.
Work = Generator[Ask | None, NetworkAnswer, Reply]
Room = Callable[[], int]  # how many loops to hand out at once


def start(request: AnyRequest, models: Mapping[str, Model], room: Room = lambda: 4) -> Work:
    """Begin the work on a request.

    Raises:
        EngineError: it names a model that is not served.
    """
    model = validation.model(request, models)
    if isinstance(request, Generate):
        return _generate(request, model, room)
    if isinstance(request, Decode):
        return _decode(request, model, room)
    if isinstance(request, Random):
        return _random(request, model, room)
    if isinstance(request, WalkRequest):
        return _walk(request, model, room)
    assert isinstance(request, Encode)
    return _encode(request, model, room)


def loops(request: AnyRequest) -> int:
    """Return about how many loops a request takes."""
    if isinstance(request, Generate):
        return 1 if isinstance(request.tap, str) else -(-request.tap.shape[0] // STEPS)
    if isinstance(request, Decode):
        return 1 if isinstance(request.z, str) or len(request.z.shape) == 1 else request.z.shape[0]
    if isinstance(request, Random):
        return request.count
    if isinstance(request, WalkRequest):
        return request.steps if request.path == "random" else max(64, 4 * request.steps)
    return 1


def run(work: Work) -> Reply:
    """Do all the work at once and return the reply, as the server would, alone.

    >>> from groovelive.model import load
    >>> reply = run(start(Generate(tap="x..x..x."), {"groove": load()}))
    >>> reply.grooves.shape
    (1, 32, 27)
    """
    try:
        ask = next(work)
        while True:
            ask = work.send(compute([ask])[0] if ask is not None else NOTHING)
    except StopIteration as end:
        reply: Reply = end.value
        return reply


_NONE = np.zeros((0, STEPS, _V), np.float32)
NOTHING = NetworkAnswer(_NONE, _NONE, _NONE, [])


def compute(asks: Sequence[Ask]) -> list[NetworkAnswer]:
    """Answer what several requests ask of one model, in one run of its network."""
    if len(asks) == 1:
        only = asks[0].taps
        return [asks[0].model.network.answer(only[0][None] if len(only) == 1 else np.stack(only), asks[0].asked)]
    taps = np.stack([tap for ask in asks for tap in ask.taps])
    whole = asks[0].model.network.answer(taps, [asked for ask in asks for asked in ask.asked])
    parts = []
    at = 0
    for ask in asks:
        rows = slice(at, at := at + len(ask.taps))
        parts.append(NetworkAnswer(whole.logits[rows], whole.velocities[rows], whole.offsets[rows], whole.energy[rows]))
    return parts


# The requests


def _generate(request: Generate, model: Model, room: Room) -> Work:
    loops, bars = validation.tap(request.tap)
    follow = validation.number(model, request, "follow")
    preset = None if request.preset is None else validation.point(model, request.preset, "preset")
    wanted = validation.rules(model, request, request.genre, request.seed)
    taps: Sequence[Floats] = loops
    if follow < 1 or preset is not None:
        validation.need_latents(model, "follow")
        try:
            taps = model.latents.followed(loops, follow, preset, request.genre)
        except GrooveError as error:
            raise EngineError("OUT_OF_RANGE", str(error), "preset") from None
    latents = None
    if request.latents:
        validation.need_latents(model, "latents")
        latents = model.latents.encode(np.stack(loops))[0]
    grooves, chances = yield from _play(model, taps, [wanted] * len(taps), request.probabilities, room)
    hvo = grooves.reshape(1, -1, 3 * _V)[:, : bars * STEPS_PER_BAR]
    p = np.concatenate(chances)[None, : bars * STEPS_PER_BAR] if request.probabilities else None
    return _reply(hvo, latents, p)


def _decode(request: Decode, model: Model, room: Room) -> Work:
    validation.need_latents(model, "z")
    genre = request.genre
    if isinstance(request.z, str):
        if request.z not in model.presets and request.z not in model.genres:
            raise validation.unknown(model, request.z, "z", "there is no preset and no genre {!r}{}")
        point, of_genre = model.latents.point(request.z)
        z = (validation.guarded(lambda: model.latents.home(of_genre).z, "z") if point is None else point)[None]
        genre = of_genre if genre is None else genre
    else:
        z = validation.latents(model, request.z)
    # What draws needs a generator of its own for each latent: it shall draw as if it were alone.
    each = len(z) if validation.draws(model, request) else 1
    wanted = [validation.rules(model, request, genre, request.seed) for _ in range(each)]
    return (yield from _of_latents(request, model, z, wanted * (len(z) // each), room))


def _random(request: Random, model: Model, room: Room) -> Work:
    validation.need_latents(model, "type")
    seeds = range(request.seed, request.seed + request.count)
    z = np.stack([model.random_latent(seed) for seed in seeds])
    wanted = [validation.rules(model, request, request.genre, seed) for seed in seeds]
    return (yield from _of_latents(request, model, z, wanted, room, latents=True))


def _of_latents(
    request: Decode | Random,
    model: Model,
    z: Floats,
    wanted: Sequence[HitRules],
    room: Room,
    latents: bool = False,
) -> Work:
    taps: list[Floats] = []
    while len(taps) < len(z):
        taps += list(hardened(model.latents.recall(z[len(taps) : len(taps) + 8])))
        if len(taps) < len(z):
            yield None
    grooves, chances = yield from _play(model, taps, wanted, request.probabilities, room)
    return _reply(
        grooves,
        z if latents or request.latents else None,
        np.stack(chances) if request.probabilities else None,
    )


def _play(
    model: Model, taps: Sequence[Floats], wanted: Sequence[HitRules], chance: bool, room: Room
) -> Generator[Ask | None, NetworkAnswer, tuple[Floats, list[Floats]]]:
    """Return the HVO (n, 32, 27) of n loops and, where asked for, the probabilities (32, 9) of each."""
    grooves = np.empty((len(taps), STEPS, 3 * _V), np.float32)
    chances: list[Floats] = []
    done = 0
    while done < len(taps):
        at = slice(done, done + room())
        answer = yield Ask(model, taps[at], [w.conditioning for w in wanted[at]])
        for row, (tap, want) in enumerate(zip(taps[at], wanted[at], strict=True)):
            groove = grooves[done]
            logits, energy = answer.logits[row], answer.energy[row]
            parts = model.decoder.finish(tap, logits, answer.velocities[row], answer.offsets[row], energy, want)
            groove[:, :_V], groove[:, _V : 2 * _V], groove[:, 2 * _V :] = parts
            done += 1
            if chance:
                chances.append(sigmoid(logits / np.float32(want.temperature)))
    return grooves, chances


def _walk(request: WalkRequest, model: Model, room: Room) -> Work:
    validation.need_latents(model, "type")
    start = validation.point(model, request.start, "start")
    end = start if request.end is None else validation.point(model, request.end, "end")
    if request.end is None and request.path != "random":
        raise EngineError("BAD_REQUEST", "end may be left out only where the path is 'random'", "end")
    validation.rules(model, request, request.genre, 0)  # tells what is wrong, by field
    astray = request.path == "random"
    fine = request.steps if astray else max(64, 4 * request.steps)
    try:
        z, first, last = model.latents.way(start, end, fine, "linear" if astray else request.path)
        asked = model.arguments.along(
            first, last, fine, genre=request.genre, density=validation.given(model, request, "density"),
            redirect=request.redirect, guidance=request.guidance, extra=request.extra,
        )  # fmt: skip
    except GrooveError as error:
        raise EngineError("OUT_OF_RANGE", str(error), "start") from None
    if astray:
        z = _astray(z, request)
    hits: list[Bools] = []
    v: list[Floats] = []
    o: list[Floats] = []
    while len(hits) < fine:
        at = slice(len(hits), len(hits) + room())
        taps = hardened(model.latents.recall(z[at]))
        answer = yield Ask(model, list(taps), asked[at])
        hits += model.decoder.hits_of(answer.logits, taps, asked[at], answer.velocities, answer.energy)
        v += list(answer.velocities)
        o += list(answer.offsets)
    yield None
    if astray:
        masks = np.stack(hits).astype(np.float32)
        hvo = np.concatenate([masks, np.stack(v) * masks, np.stack(o) * masks], -1)
        return _reply(hvo, z, None)
    grooves, picks = even_walk(np.stack(hits), np.stack(v), np.stack(o), request.steps)
    return _reply(np.stack([g.hvo for g in grooves]), z[picks], None)


def _astray(line: Floats, request: WalkRequest) -> Floats:
    """Return latents that stray from a line: a Brownian bridge between its ends, or, of one point, a free walk.

    The free walk keeps .9 of the latent and draws the rest, so that it stays within the prior.
    """
    n, size = line.shape
    noise = np.random.default_rng(request.seed).standard_normal((n - 1, size)).astype(np.float32)
    if request.end is None:
        z = [line[0]]
        for step in noise:
            z.append(_KEPT * z[-1] + np.sqrt(1 - _KEPT**2) * np.float32(request.wander) * step)
        return np.stack(z).astype(np.float32)
    path = np.concatenate([np.zeros((1, size), np.float32), np.cumsum(noise, 0)]) / np.sqrt(np.float32(n - 1))
    at = np.linspace(0, 1, n, dtype=np.float32)[:, None]
    # The deviation of a bridge is sqrt(t (1 - t)): one half, halfway.
    stray: Floats = line + np.float32(2 * request.wander) * (path - at * path[-1])
    return stray


def _encode(request: Encode, model: Model, room: Room) -> Work:
    validation.need_latents(model, "type")
    if isinstance(request.taps, str):
        taps = np.stack(validation.tap(request.taps, "taps")[0])
    else:
        array = request.taps.numpy("taps")
        array = array[None] if array.ndim == 2 else array
        if array.ndim != 3 or array.shape[1] != STEPS or array.shape[2] not in (3, 3 * _V):
            raise validation.shape(request.taps, "taps", "(32, 3), (n, 32, 3), (32, 27) or (n, 32, 27)")
        if len(array) > MAX_LOOPS:
            raise EngineError("TOO_LARGE", f"taps holds at most {MAX_LOOPS}, not {len(array)}", "taps")
        if array.shape[2] == 3:
            taps = validation.guarded(lambda: check_taps(array), "taps")
        else:
            taps = validation.guarded(lambda: np.stack([Groove.from_hvo(one).tap() for one in array]), "taps")
    parts = []
    for at in range(0, len(taps), 8):
        if at:
            yield None
        parts.append(model.latents.encode(taps[at : at + 8])[0])
    return Latents(latents=Array.of(np.concatenate(parts)))


def _reply(hvo: Floats, latents: Floats | None, probabilities: Floats | None) -> Grooves:
    if np.count_nonzero((hvo >= _LOW) & (hvo <= _HIGH)) < hvo.size:
        raise EngineError("INTERNAL", "the model gave velocities or offsets that no groove has")
    return Grooves(
        grooves=Array.of(hvo),
        latents=None if latents is None else Array.of(latents),
        probabilities=None if probabilities is None else Array.of(probabilities),
    )
