"""The messages between the engine and its clients: what may be asked, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from .base import MAX_ID, MAX_REPLY, MAX_REQUEST, Array, Deadline, EngineError, Failure, Priority, Reply, Request
from .frames import decoded

MAX_LOOPS = 256  # grooves in a reply, taps or latents in a request
MAX_BARS = 64  # of a tap
MAX_PLAYED = 16  # bars that are played at once, or were played before
MAX_TEXT = 1024  # characters of a rhythm, or of a name

Sampling = Literal["threshold", "bernoulli"]
Path = Literal["linear", "slerp", "random"]

Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Number = Annotated[float, Meta(ge=-1e9, le=1e9)]  # finite: NaN and infinity fail it
PerName = Annotated[dict[Name, Number], Meta(min_length=1, max_length=64)]


# Requests


class EngineHello(Request, frozen=True, kw_only=True, tag="hello"):
    """Ask what the engine is and which models, with which controls, it serves."""


class Stats(Request, frozen=True, kw_only=True, tag="stats"):
    """Ask how the engine is doing."""


class Cancel(Request, frozen=True, kw_only=True, tag="cancel"):
    """Take back a request of this client: it is answered CANCELLED, unless it was answered before."""

    id: Annotated[bytes, Meta(min_length=1, max_length=MAX_ID)]


class Encode(Request, frozen=True, kw_only=True, tag="encode"):
    """Ask for the latents of taps.

    Args:
        taps: a rhythm in text; a Groove (32, 27) or (n, 32, 27); a tap (32, 3) or (n, 32, 3).
        model: its name; None is the first in `Welcome.models`.
    """

    taps: Text | Array
    model: Name | None = None


class DrumRequest(Request, frozen=True, kw_only=True):
    """What every request for drums may say of them; None leaves it to the model's default.

    Args: as for `groovelive.model.Model.drum`; `model` as for `Encode`.
        extra: controls of the model's own, by name, as its manifest declares them.
    """

    model: Name | None = None
    genre: Name | PerName | None = None
    density: Number | PerName | None = None
    redirect: Annotated[tuple[Name, ...], Meta(max_length=16)] = ()
    guidance: Number | None = None
    extra: Annotated[dict[Name, Number], Meta(max_length=64)] = msgspec.field(default_factory=dict)


class GrooveRequest(DrumRequest, frozen=True, kw_only=True):
    """All controls of one groove, as for `groovelive.model.Model.drum`.

    Args:
        probabilities: whether the reply shall hold the probability of every cell.
        latents: whether the reply shall hold the latent of every two bars.
    """

    temperature: Number | None = None
    sampling: Sampling | None = None
    threshold: Number | PerName | None = None
    max_hits: Number | PerName | None = None
    keep: Array | None = None
    locks: Annotated[tuple[Name | Annotated[int, Meta(ge=0, le=31)], ...], Meta(max_length=64)] = ()
    seed: Seed = 0
    probabilities: bool = False
    latents: bool = False


class Generate(GrooveRequest, frozen=True, kw_only=True, tag="generate"):
    """Ask for drums that answer a tap.

    Args:
        tap: a rhythm in text, a tap (steps, 3), or a Groove (steps, 27), which is flattened; 1 to 64 bars.
        follow: 1 follows the tap, 0 plays the preset alone, between is a blend of their latents.
        preset: the name of a preset or genre, a latent (z,), a tap or a Groove of two bars.
    """

    tap: Text | Array
    follow: Number | None = None
    preset: Text | Array | None = None


class Decode(GrooveRequest, frozen=True, kw_only=True, tag="decode"):
    """Ask for the drums that latents stand for.

    Args:
        z: a latent (z,), many of them (n, z), or the name of a preset, whose genre counts if none is given.
    """

    z: Text | Array


class Random(GrooveRequest, frozen=True, kw_only=True, tag="random"):
    """Ask for drums from the prior: latents drawn from N(0, I) with the seeds seed, seed + 1, ...

    Args:
        count: how many grooves.
    """

    count: Annotated[int, Meta(ge=1, le=MAX_LOOPS)] = 1


class WalkRequest(DrumRequest, frozen=True, kw_only=True, tag="walk"):
    """Ask for the grooves on the way from one point to another, all in one reply.

    Args:
        start: a latent (z,), a tap (32, 3), a Groove (32, 27), a rhythm in text, or the name of a preset or a
            genre.
        end: likewise; None only with the path "random", which then wanders freely.
        steps: how many grooves; the first is that of `start`, the last that of `end`.
        path: "linear"; "slerp", along the sphere; or "random", astray.
        wander: how far "random" strays, in standard deviations of the prior halfway.
        seed: of the path "random".
    """

    start: Text | Array
    end: Text | Array | None = None
    steps: Annotated[int, Meta(ge=2, le=MAX_LOOPS)] = 16
    path: Path = "linear"
    wander: Annotated[float, Meta(ge=0, le=4)] = 1.0
    seed: Seed = 0


class Play(DrumRequest, frozen=True, kw_only=True, tag="play"):
    """Ask for bars of the player, which go on from what was played before. The request holds all that it needs.

    Args: as for `groovelive.model.Model.drum`.
        bars: how many, 1 to 16.
        bar: the number of the first, from 0: its place in the phrase and its chances come of it.
        tap: the rhythm that is played to, text, (steps, 3) or a Groove (steps, 27), of whole bars; it goes round.
            None: nothing.
        instrument: who plays it; None is as far as the rhythm tells itself.
        context: (steps, 27), up to 16 whole bars that were played before.
        known: (steps, 9), 1 where a cell of the answer is locked; `held`, (steps, 27), to what.
        fill: for each bar whether it is a fill, and perhaps for the one after them; None leaves it open.
        fresh: whether the rhythm is new, so that the context was played to none.
        genre_before: that of the context, where it was another.
        adherent: whether the rhythm is a pattern to be played, not one to be accompanied.
        drummer: its name, which sets its chances apart from other drummers'.
        variant: another number, another answer to the same; so many can be drawn to choose from.
        probabilities: whether the reply shall hold how likely every cell was.
    """

    bars: Annotated[int, Meta(ge=1, le=MAX_PLAYED)] = 2
    bar: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    tap: Text | Array | None = None
    context: Array | None = None
    known: Array | None = None
    held: Array | None = None
    fill: Annotated[tuple[bool | None, ...], Meta(max_length=MAX_PLAYED + 1)] = ()
    adherent: bool = False
    fresh: bool = False
    genre_before: Name | PerName | None = None
    instrument: Name | None = None
    adherence: Number | None = None
    temperature: Number | None = None
    variation: Number | None = None
    complexity: Number | None = None
    intensity: Number | None = None
    tempo: Number | None = None
    phrase: Annotated[int, Meta(ge=1, le=64)] | None = None
    sampling: Sampling | None = None
    threshold: Number | PerName | None = None
    max_hits: Number | PerName | None = None
    top_k: Annotated[int, Meta(ge=0, le=512)] = 0
    hands: bool = True
    drummer: Annotated[str, Meta(max_length=128)] = ""
    seed: Seed = 0
    variant: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    probabilities: bool = False


AnyRequest = EngineHello | Generate | Play | Encode | Decode | WalkRequest | Random | Stats | Cancel


# Replies


class ControlInfo(Struct, frozen=True, omit_defaults=True):
    """A control of a model as its manifest declares it; see `docs/models.md`."""

    about: str
    low: float | None = None
    high: float | None = None
    default: float | str | None = None
    choices: tuple[str, ...] = ()
    per: str = ""
    input: str = ""


class ModelInfo(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A model that is served: its name for the field `model`, and what a client can complete and check by.

    `controls` are those of `Generate`; `player` those of `Play`, empty where the model has no player.
    """

    name: str
    version: str
    backend: str
    genres: tuple[str, ...]
    presets: dict[str, str]  # name: genre
    latent: int  # length of z; 0 where the model has no latent space
    controls: dict[str, ControlInfo]
    player: dict[str, ControlInfo] = {}
    about: str = ""
    licence: str = ""
    attribution: str = ""


class ModelFault(Struct, frozen=True):
    """A model folder that is not served, and why."""

    folder: str
    message: str


class Welcome(Reply, frozen=True, kw_only=True, tag="welcome"):
    """The answer to `EngineHello`."""

    protocol: int
    server: str  # version of groovelive
    models: tuple[ModelInfo, ...]
    faults: tuple[ModelFault, ...] = ()
    voices: tuple[str, ...] = ()
    max_request: int = MAX_REQUEST


class Grooves(Reply, frozen=True, kw_only=True, tag="grooves"):
    """The answer to `Generate`, `Play`, `Decode`, `Random` and `WalkRequest`.

    Args:
        grooves: (n, steps, 27), each step 9 hits 0 or 1, 9 velocities 0..1, 9 offsets -.5..0.5 of a step; n
            is 1 for `Generate` and `Play`, else one for each latent or step of the walk.
        latents: (m, z), of every groove, or of every two bars of the one groove; where asked for, and for
            random grooves.
        probabilities: (n, steps, 9), where asked for: that the cell is hit, before any choice.
    """

    grooves: Array
    latents: Array | None = None
    probabilities: Array | None = None


class Latents(Reply, frozen=True, kw_only=True, tag="latents"):
    """The answer to `Encode`: (n, z)."""

    latents: Array


class Cancelled(Reply, frozen=True, kw_only=True, tag="cancelled"):
    """The answer to `Cancel`: whether the request was still waiting or being computed."""

    found: bool


class Times(Struct, frozen=True):
    """Times in ms of the last up to `n` requests of a kind, from receipt to reply."""

    n: int
    median: float
    p95: float
    p99: float
    max: float


class EngineReport(Reply, frozen=True, kw_only=True, tag="report"):
    """The answer to `Stats`.

    Args:
        uptime: seconds.
        requests: since the start, by type.
        failures: since the start, by code.
        latency: by priority.
        waiting: requests in the queue, by priority.
        dropped: frames that were no request, and replies that no one took.
        rows: loops that went through a network.
        batches: calls of a network.
        rss: bytes of memory.
    """

    pid: int
    server: str
    uptime: float
    requests: dict[str, int]
    failures: dict[str, int]
    latency: dict[str, Times]
    waiting: dict[str, int]
    dropped: int
    rows: int
    batches: int
    rss: int


AnyReply = Welcome | Grooves | Latents | Cancelled | EngineReport | Failure


class RequestHead(Struct, frozen=True):
    """What someone between client and engine needs of a request."""

    type: str = ""
    deadline: Deadline | None = None
    priority: Priority = "stage"


# In


_requests: msgspec.msgpack.Decoder[AnyRequest] = msgspec.msgpack.Decoder(AnyRequest)
_replies: msgspec.msgpack.Decoder[AnyReply] = msgspec.msgpack.Decoder(AnyReply)
_heads = msgspec.msgpack.Decoder(RequestHead)


def read_request(body: bytes) -> AnyRequest:
    """Return the request in a body.

    Raises:
        EngineError: BAD_REQUEST, TOO_LARGE or OUT_OF_RANGE, with the field at fault.

    >>> from groovelive.protocol.frames import to_frames
    >>> read_request(to_frames(b"1", Generate(tap="x..x..x."))[2]).tap
    'x..x..x.'
    """
    if len(body) > MAX_REQUEST:
        raise EngineError("TOO_LARGE", f"a request has at most {MAX_REQUEST:,} bytes, not {len(body):,}")
    message: AnyRequest = decoded(_requests, body, "request")
    return message


def read_reply(body: bytes) -> AnyReply:
    """Return the reply in a body; fields that a later version added are passed over.

    Raises:
        EngineError: it is none.
    """
    if len(body) > MAX_REPLY:
        raise EngineError("TOO_LARGE", f"a reply has at most {MAX_REPLY:,} bytes, not {len(body):,}")
    message: AnyReply = decoded(_replies, body, "reply")
    return message


def read_head(body: bytes) -> RequestHead:
    """Return type, deadline and priority of a request without a look at the rest.

    >>> from groovelive.protocol.frames import to_frames
    >>> read_head(to_frames(b"1", Random(deadline=20))[2])
    RequestHead(type='random', deadline=20.0, priority='stage')
    """
    found: RequestHead = decoded(_heads, body, "request")
    return found
