"""A message as ZeroMQ frames, and back: `b"GL2"` (GL and the protocol's version), an id, a body.

The id is 1 to 32 bytes that the sender of the request chose; a reply repeats it. The body is one of the structs of
`engine` or `session` as a MessagePack map whose "type" names it. `docs/protocol.md` has all of it, with examples for
programs without this module.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from .base import MAX_ID, MAX_REPLY, MAX_REQUEST, PROTOCOL, Code, EngineError, Reply, Request

HEADER = b"GL%d" % PROTOCOL

_encoder = msgspec.msgpack.Encoder()
_PATH = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")
_RANGES = re.compile(r"Expected `[^`]*` (?:[<>]=? |of length)")


class RawMessage(NamedTuple):
    """A message as it came: the id of its request and its body, not yet looked at."""

    id: bytes
    body: bytes


def to_frames(id: bytes, message: Request | Reply, spent: float = 0.0) -> list[bytes]:
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


def from_frames(parts: Sequence[bytes]) -> RawMessage:
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
    return RawMessage(bytes(parts[1]), parts[2])


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
