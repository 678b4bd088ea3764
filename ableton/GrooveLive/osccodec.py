"""OSC 1.0 as bytes: messages and bundles, written and read.

In the syntax of Python 3.7: ableton/GrooveLive, which runs inside Live, has a copy of this file and of errors.py.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple, Union

from .errors import GrooveError


class Double(float):
    """A float that is written as 64 bits (type d), not 32."""


Argument = Union[str, int, float, bytes, None]
"""Of a message: strings, int32 (int64 where need be), float32 or `Double`, blobs, True, False, and None for Nil."""

_INT, _LONG, _FLOAT, _DOUBLE = (struct.Struct(f) for f in (">i", ">q", ">f", ">d"))
_NUMBERS = {"i": _INT, "h": _LONG, "f": _FLOAT, "d": _DOUBLE}
_BUNDLE = b"#bundle\0"
_DEPTH = 8  # bundles in bundles


class OscMessage(NamedTuple):
    """A message that was read."""

    address: str
    arguments: tuple[Argument, ...]


def message(address: str, *arguments: Argument) -> bytes:
    r"""Return an OSC message.

    Source: opensoundcontrol.org, OSC 1.0, with the types d, h, T, F, N of its list of those in common use.

    >>> message("/hit", 7, 0.5)
    b'/hit\x00\x00\x00\x00,if\x00\x00\x00\x00\x07?\x00\x00\x00'
    """
    tags, data = [","], [b""]
    for argument in arguments:
        if isinstance(argument, str):
            tags.append("s")
            data.append(_string(argument))
        elif argument is None or isinstance(argument, bool):
            tags.append("N" if argument is None else "T" if argument else "F")
        elif isinstance(argument, int):
            small = -(2**31) <= argument < 2**31
            tags.append("i" if small else "h")
            data.append((_INT if small else _LONG).pack(argument))
        elif isinstance(argument, float):
            double = isinstance(argument, Double)
            tags.append("d" if double else "f")
            data.append((_DOUBLE if double else _FLOAT).pack(argument))
        else:
            tags.append("b")
            data.append(_INT.pack(len(argument)) + argument + bytes(-len(argument) % 4))
    return _string(address) + _string("".join(tags)) + b"".join(data)


def bundle(tag: int, messages: Sequence[bytes]) -> bytes:
    r"""Return messages as a bundle with a timetag of 64 bits.

    >>> bundle(1, [b"/a\x00\x00,\x00\x00\x00"])
    b'#bundle\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x08/a\x00\x00,\x00\x00\x00'
    """
    parts = [_BUNDLE, tag.to_bytes(8, "big")]
    for each in messages:
        parts += [len(each).to_bytes(4, "big"), each]
    return b"".join(parts)


def _string(text: str) -> bytes:
    data = text.replace("\0", "").encode()
    return data + bytes(4 - len(data) % 4)


def read(packet: bytes) -> list[OscMessage]:
    """Return the messages in a packet, those of bundles in their order; timetags are passed over.

    Raises:
        GrooveError: it is not OSC.

    >>> read(bundle(1, [message("/a", 1, "x", None, True), message("/b")]))
    [OscMessage(address='/a', arguments=(1, 'x', None, True)), OscMessage(address='/b', arguments=())]
    >>> read(b"GET / HTTP/1.1")
    Traceback (most recent call last):
    groovelive.errors.GrooveError: this is not OSC: its size, 14 bytes, is no multiple of 4
    """
    found: list[OscMessage] = []
    try:
        _read(packet, found, 0)
    except (struct.error, ValueError, IndexError) as error:
        if isinstance(error, GrooveError):
            raise
        raise GrooveError("this is not OSC: it ends too early, or a text in it is not UTF-8") from None
    return found


def _read(packet: bytes, found: list[OscMessage], depth: int) -> None:
    if len(packet) % 4 or not packet:
        raise GrooveError(f"this is not OSC: its size, {len(packet)} bytes, is no multiple of 4")
    if not packet.startswith(_BUNDLE):
        found.append(_message(packet))
        return
    if depth == _DEPTH:
        raise GrooveError(f"bundles lie in bundles more than {_DEPTH} deep")
    at = 16
    if len(packet) < at:
        raise GrooveError("this is not OSC: a bundle has a timetag")
    while at < len(packet):
        (size,) = _INT.unpack_from(packet, at)
        at += 4
        if not 0 < size <= len(packet) - at:
            raise GrooveError("this is not OSC: what a bundle holds is longer than the bundle")
        _read(packet[at : at + size], found, depth + 1)
        at += size


def _message(packet: bytes) -> OscMessage:
    address, at = _text(packet, 0)
    if not address.startswith("/"):
        raise GrooveError("this is not OSC: an address begins with /")
    if at == len(packet):
        return OscMessage(address, ())  # an old sender's, without types; and so without arguments
    tags, at = _text(packet, at)
    if not tags.startswith(","):
        raise GrooveError(f"{address[:40]} says no types of its arguments")
    arguments: list[Argument] = []
    for tag in tags[1:]:
        if tag in _NUMBERS:
            arguments.append(_NUMBERS[tag].unpack_from(packet, at)[0])
            at += _NUMBERS[tag].size
        elif tag in "sS":
            text, at = _text(packet, at)
            arguments.append(text)
        elif tag in "TFN":
            arguments.append({"T": True, "F": False, "N": None}[tag])
        elif tag == "b":
            (size,) = _INT.unpack_from(packet, at)
            at += 4
            if not 0 <= size <= len(packet) - at:
                raise GrooveError("this is not OSC: a blob is longer than its message")
            arguments.append(packet[at : at + size])
            at += size + -size % 4
        else:
            raise GrooveError(f"{address[:40]} has an argument of type {tag!r}, not one of i f s d h b T F N")
    if at > len(packet):
        raise GrooveError(f"{address[:40]} ends too early")
    return OscMessage(address, tuple(arguments))


def _text(packet: bytes, at: int) -> tuple[str, int]:
    end = packet.index(b"\0", at)
    return packet[at:end].decode(), end + 4 - end % 4
