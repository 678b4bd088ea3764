"""Every message between the engine and its clients: MessagePack with fixed fields, checked on the way in.

A message is three ZeroMQ frames: `b"GL1"` (GL and the protocol's version), an id that its sender chose
(1..32 bytes), and a body, one of the structs below as a MessagePack map whose "type" names it. A reply
repeats the id of its request. `docs/protocol.md` has all of it with examples for programs without this module.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import ArrayLike, NDArray

from ..errors import GrooveError

PROTOCOL = 1
HEADER = b"GL%d" % PROTOCOL
MAX_ID = 32  # bytes
MAX_REQUEST = 256 * 1024  # bytes of a body
MAX_REPLY = 2 * 1024 * 1024
MAX_LOOPS = 256  # grooves in a reply, taps or latents in a request
MAX_BARS = 64  # of a tap
MAX_TEXT = 1024  # characters of a rhythm, or of a name
MAX_DEADLINE = 600_000  # ms
MAX_RANK = 3

Code = Literal[
    "BAD_REQUEST",
    "BAD_VERSION",
    "TOO_LARGE",
    "OUT_OF_RANGE",
    "UNKNOWN_MODEL",
    "UNKNOWN_NAME",
    "UNSUPPORTED",
    "LATE",
    "BUSY",
    "CANCELLED",
    "NO_WORKER",
    "INTERNAL",
]
Priority = Literal["stage", "background"]
Sampling = Literal["threshold", "bernoulli"]
Path = Literal["linear", "slerp", "random"]
Floats = NDArray[np.float32]

Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Number = Annotated[float, Meta(ge=-1e9, le=1e9)]  # finite: NaN and infinity fail it
Length = Annotated[int, Meta(ge=1, le=1 << 20)]
PerName = Annotated[dict[Name, Number], Meta(min_length=1, max_length=64)]


class EngineError(GrooveError):
    """What the engine, or the way to it, refuses: a code, a sentence, and the field at fault, or "".

    >>> error = EngineError("OUT_OF_RANGE", "density must lie from 0 to 1, not 2", "density")
    >>> error.code, error.field, str(error)
    ('OUT_OF_RANGE', 'density', 'density must lie from 0 to 1, not 2')
    """

    def __init__(self, code: Code, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.field = field

    def __reduce__(self) -> tuple[type[EngineError], tuple[Code, str, str]]:
        return type(self), (self.code, self.message, self.field)


class Array(Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers on the wire: a shape, and the numbers as little-endian float32, the last index fastest.

    >>> Array.of([[0, 0.5]]).numpy().tolist()
    [[0.0, 0.5]]
    """

    shape: Annotated[tuple[Length, ...], Meta(min_length=1, max_length=MAX_RANK)]
    data: bytes

    @classmethod
    def of(cls, values: ArrayLike) -> Array:
        """Pack numbers.

        Raises:
            GrooveError: they have no shape of 1 to 3 dimensions, or one is not finite.
        """
        if not isinstance(values, np.ndarray) or values.dtype != np.float32:
            try:
                with np.errstate(over="ignore"):  # it is told below
                    values = np.asarray(values, np.float32)
            except (TypeError, ValueError) as error:
                raise GrooveError(f"this is no array of numbers: {error}") from None
        if not 1 <= values.ndim <= MAX_RANK or not values.size:
            raise GrooveError(f"an array has 1 to {MAX_RANK} dimensions and is not empty, not {values.shape}")
        array = np.ascontiguousarray(values, "<f4")
        if np.count_nonzero(np.isfinite(array)) < array.size:
            raise GrooveError("an array holds finite numbers; NaN or infinity is among them")
        return cls(array.shape, array.tobytes())

    def numpy(self, field: str = "array") -> Floats:
        """Return the numbers as a read-only float32 array.

        Raises:
            EngineError: there are not as many as the shape says, or one is not finite.
        """
        size = math.prod(self.shape)
        if len(self.data) != 4 * size:
            raise EngineError(
                "BAD_REQUEST",
                f"{field} of the shape {list(self.shape)} takes {4 * size} bytes, but {len(self.data)} came",
                field,
            )
        array = np.frombuffer(self.data, "<f4").reshape(self.shape)
        if np.count_nonzero(np.isfinite(array)) < size:
            message = f"{field} must hold finite numbers; NaN or infinity is among them"
            raise EngineError("OUT_OF_RANGE", message, field)
        return array.astype(np.float32, copy=False)


# Requests


class Request(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """What every request may carry.

    Args:
        deadline: ms from its receipt until an answer is of no use; then it is refused as LATE. None waits.
        priority: "stage" goes before "background", at every step of a long computation.
    """

    deadline: Annotated[float, Meta(gt=0, le=MAX_DEADLINE)] | None = None
    priority: Priority = "stage"


class Hello(Request, frozen=True, kw_only=True, tag="hello"):
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


class Conditions(Request, frozen=True, kw_only=True):
    """What every request for drums may say of them; None leaves it to the model's default.

    Args: as for `groovelive.model.Model.drum`; `model` as for `Encode`.
        extra: controls of the model's own, by name, as its manifest declares them.
    """

    model: Name | None = None
    genre: Name | PerName | None = None
    density: Number | PerName | None = None
    redirect: Annotated[tuple[Name, ...], Meta(max_length=16)] = ()
    guidance: Number | None = None
    extra: Annotated[dict[Name, Number], Meta(max_length=64)] = {}


class Controls(Conditions, frozen=True, kw_only=True):
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


class Generate(Controls, frozen=True, kw_only=True, tag="generate"):
    """Ask for drums that answer a tap.

    Args:
        tap: a rhythm in text, a tap (steps, 3), or a Groove (steps, 27), which is flattened; 1 to 64 bars.
        follow: 1 follows the tap, 0 plays the preset alone, between is a blend of their latents.
        preset: the name of a preset or genre, a latent (z,), a tap or a Groove of two bars.
    """

    tap: Text | Array
    follow: Number | None = None
    preset: Text | Array | None = None


class Decode(Controls, frozen=True, kw_only=True, tag="decode"):
    """Ask for the drums that latents stand for.

    Args:
        z: a latent (z,), many of them (n, z), or the name of a preset, whose genre counts if none is given.
    """

    z: Text | Array


class Random(Controls, frozen=True, kw_only=True, tag="random"):
    """Ask for drums from the prior: latents drawn from N(0, I) with the seeds seed, seed + 1, ...

    Args:
        count: how many grooves.
    """

    count: Annotated[int, Meta(ge=1, le=MAX_LOOPS)] = 1


class Walk(Conditions, frozen=True, kw_only=True, tag="walk"):
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


AnyRequest = Hello | Generate | Encode | Decode | Walk | Random | Stats | Cancel


# Replies


class Reply(Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type"):
    """What every reply may carry: `spent`, ms from the receipt of the request until its reply left."""

    spent: float = 0.0


class Failure(Reply, frozen=True, kw_only=True, tag="failure"):
    """A request was not served: why, in a code for programs and a sentence for people."""

    code: Code
    message: str
    field: str = ""

    def error(self) -> EngineError:
        """Return it as an exception."""
        return EngineError(self.code, self.message, self.field)


class Control(Struct, frozen=True, omit_defaults=True):
    """A control of a model as its manifest declares it; see `docs/models.md`."""

    about: str
    low: float | None = None
    high: float | None = None
    default: float | str | None = None
    choices: tuple[str, ...] = ()
    per: str = ""
    input: str = ""


class ModelInfo(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A model that is served: its name for the field `model`, and what a client can complete and check by."""

    name: str
    version: str
    backend: str
    genres: tuple[str, ...]
    presets: dict[str, str]  # name: genre
    latent: int  # length of z; 0 where the model has no latent space
    controls: dict[str, Control]
    about: str = ""
    licence: str = ""
    attribution: str = ""


class Fault(Struct, frozen=True):
    """A model folder that is not served, and why."""

    folder: str
    message: str


class Welcome(Reply, frozen=True, kw_only=True, tag="welcome"):
    """The answer to `Hello`."""

    protocol: int
    server: str  # version of groovelive
    models: tuple[ModelInfo, ...]
    faults: tuple[Fault, ...] = ()
    voices: tuple[str, ...] = ()
    max_request: int = MAX_REQUEST


class Grooves(Reply, frozen=True, kw_only=True, tag="grooves"):
    """The answer to `Generate`, `Decode`, `Random` and `Walk`.

    Args:
        grooves: (n, steps, 27), each step 9 hits 0 or 1, 9 velocities 0..1, 9 offsets -.5..0.5 of a step; n
            is 1 for `Generate`, else one for each latent or step of the walk.
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


class Report(Reply, frozen=True, kw_only=True, tag="report"):
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


AnyReply = Welcome | Grooves | Latents | Cancelled | Report | Failure


class Head(Struct, frozen=True):
    """What someone between client and engine needs of a request."""

    type: str = ""
    deadline: Annotated[float, Meta(gt=0, le=MAX_DEADLINE)] | None = None
    priority: Priority = "stage"


# In and out


class Message(NamedTuple):
    """A message as it came: the id of its request and its body, not yet looked at."""

    id: bytes
    body: bytes


_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[AnyRequest] = msgspec.msgpack.Decoder(AnyRequest)
_replies: msgspec.msgpack.Decoder[AnyReply] = msgspec.msgpack.Decoder(AnyReply)
_heads = msgspec.msgpack.Decoder(Head)
_PATH = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")
_RANGES = re.compile(r"Expected `[^`]*` (?:[<>]=? |of length)")


def frames(id: bytes, message: Request | Reply, spent: float = 0.0) -> list[bytes]:
    """Return the three frames of a message.

    Args:
        id: of the request.
        message: a request, or the reply to one.
        spent: of a reply, in place of its own.

    Raises:
        EngineError: the id has not 1 to 32 bytes, or the message is larger than the protocol allows.
    """
    if not 1 <= len(id) <= MAX_ID:
        raise EngineError("BAD_REQUEST", f"an id has 1 to {MAX_ID} bytes, not {len(id)}", "id")
    if spent and isinstance(message, Reply):
        message = msgspec.structs.replace(message, spent=spent)
    body = _encoder.encode(message)
    most = MAX_REQUEST if isinstance(message, Request) else MAX_REPLY
    if len(body) > most:
        raise EngineError("TOO_LARGE", f"a message has at most {most:,} bytes, not {len(body):,}")
    return [HEADER, id, body]


def routing(client: bytes, parts: list[bytes]) -> tuple[list[bytes], bytes]:
    """Return where a reply goes, and its id, or `b"?"` where the message has none; takes a REQ socket's delimiter off.

    Args:
        client: the first frame that a ROUTER socket gave.
        parts: the frames behind it; an empty first one is removed.

    >>> parts = [b"", HEADER, b"7", b"..."]
    >>> routing(b"client", parts), len(parts)
    (([b'client', b''], b'7'), 3)
    """
    envelope = [client]
    if parts and not parts[0]:
        envelope.append(parts.pop(0))
    id = parts[1] if len(parts) > 1 and 1 <= len(parts[1]) <= MAX_ID else b"?"
    return envelope, id


def unpack(parts: Sequence[bytes]) -> Message:
    """Return the id and the body of a message's frames.

    Raises:
        EngineError: they are no message of this protocol, or of another version of it.
    """
    if parts and parts[0] != HEADER and parts[0][:2] == b"GL":
        version = parts[0][2:10].decode("ascii", "replace")
        message = f"this speaks version {PROTOCOL} of the protocol, not {version!r}"
        raise EngineError("BAD_VERSION", message, "version")
    if len(parts) != 3 or parts[0] != HEADER:
        raise EngineError("BAD_REQUEST", f"a message has three frames: {HEADER!r}, an id, a body")
    if not 1 <= len(parts[1]) <= MAX_ID:
        raise EngineError("BAD_REQUEST", f"an id has 1 to {MAX_ID} bytes, not {len(parts[1])}", "id")
    return Message(bytes(parts[1]), parts[2])


def request(body: bytes) -> AnyRequest:
    """Return the request in a body.

    Raises:
        EngineError: BAD_REQUEST, TOO_LARGE or OUT_OF_RANGE, with the field at fault.

    >>> request(frames(b"1", Generate(tap="x..x..x."))[2]).tap
    'x..x..x.'
    """
    if len(body) > MAX_REQUEST:
        raise EngineError("TOO_LARGE", f"a request has at most {MAX_REQUEST:,} bytes, not {len(body):,}")
    message: AnyRequest = decoded(_requests, body, "request")
    return message


def reply(body: bytes) -> AnyReply:
    """Return the reply in a body; fields that a later version added are passed over.

    Raises:
        EngineError: it is none.
    """
    if len(body) > MAX_REPLY:
        raise EngineError("TOO_LARGE", f"a reply has at most {MAX_REPLY:,} bytes, not {len(body):,}")
    message: AnyReply = decoded(_replies, body, "reply")
    return message


def head(body: bytes) -> Head:
    """Return type, deadline and priority of a request without a look at the rest.

    >>> head(frames(b"1", Random(deadline=20))[2])
    Head(type='random', deadline=20.0, priority='stage')
    """
    found: Head = decoded(_heads, body, "request")
    return found


def decoded(decoder: msgspec.msgpack.Decoder[Any], body: bytes, what: str) -> Any:
    """Return what a decoder makes of a body; an EngineError, in our words and with its field, where it is wrong."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _told(str(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError) as error:
        raise EngineError("BAD_REQUEST", f"this {what} is not MessagePack: {error}") from None


def _told(message: str) -> EngineError:
    """Return the error that msgspec's sentence stands for, with its field and in our words."""
    path = _PATH.search(message)
    field = path[1].split("[")[0] if path else ""
    sentence = message[: path.start()] if path else message
    for pattern, text in ((_UNKNOWN, "there is no field {!r}"), (_MISSING, "the field {!r} is missing")):
        if found := pattern.search(sentence):
            name = f"{field}.{found[1]}" if field else found[1]
            return EngineError("BAD_REQUEST", text.format(name), name)
    code: Code = "OUT_OF_RANGE" if _RANGES.match(sentence) else "BAD_REQUEST"
    sentence = sentence[:1].lower() + sentence[1:].replace("`", "")
    return EngineError(code, f"{field}: {sentence}" if field else f"the body: {sentence}", field)
