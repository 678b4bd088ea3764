"""What the conductor and its outlets tell each other over a pipe: MessagePack, each message after its length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from ..score.clocks import MidiClock
from ..score.targets import AnyTarget

Kind = Literal["osc", "midi", "synth", "scsynth"]
_LENGTH = 4  # bytes, big-endian


class Due(Struct, frozen=True, array_like=True, gc=False):
    """A note for a sink, and when it sounds.

    Args:
        sink: what `Outlets.open` gave.
        when: nanoseconds of `time.monotonic_ns`, before the target's shift.
        step: of the loop.
        voice: 0..8.
        velocity: 0..1.
        drummer: name of who plays it.
        beat: from the start, at which it sounds.
        bpm: then.
    """

    sink: int
    when: int
    step: int
    voice: int
    velocity: float
    drummer: str
    beat: float = 0.0
    bpm: float = 120.0


class Counts(Struct, frozen=True, array_like=True, gc=False):
    """What became of a sink's notes.

    Args:
        sent: notes that were sent, the late ones too.
        late: notes sent after their time: by more than 10 ms, or, if with a timetag, at all.
        dropped: notes that were not sent, as they would have been more than 50 ms late, or could not be.
        lead: ms, the least time that a timetag lay ahead when its note was sent; None before the first.

    >>> Counts(1, 0, 0, 99.5) + Counts(2, 1, 0, -3.0)
    Counts(sent=3, late=1, dropped=0, lead=-3.0)
    """

    sent: int = 0
    late: int = 0
    dropped: int = 0
    lead: float | None = None

    def __add__(self, other: Counts) -> Counts:
        leads = [lead for lead in (self.lead, other.lead) if lead is not None]
        sums = (self.sent + other.sent, self.late + other.late, self.dropped + other.dropped)
        return Counts(*sums, min(leads, default=None))


class Open(Struct, frozen=True, array_like=True, tag="open"):
    """Open a sink; `sent` notes have gone to its target before (by a process that is no more)."""

    sink: int
    target: AnyTarget | MidiClock
    sent: int = 0


class Close(Struct, frozen=True, array_like=True, tag="close"):
    """End what sounds at a sink, and forget it."""

    sink: int


class Notes(Struct, frozen=True, array_like=True, tag="notes"):
    """Notes to send, each at its time."""

    notes: list[Due]


class Flush(Struct, frozen=True, array_like=True, tag="flush"):
    """Forget the notes of some sinks (of all: None) that are due at or after `since` and not sent."""

    sinks: list[int] | None
    since: int


class Panic(Struct, frozen=True, array_like=True, tag="panic"):
    """Forget all notes, and end whatever sounds."""


class Ready(Struct, frozen=True, array_like=True, tag="ready"):
    """The outlet is up."""


class Opened(Struct, frozen=True, array_like=True, tag="opened"):
    """A sink is open."""

    sink: int


class Refused(Struct, frozen=True, array_like=True, tag="refused"):
    """A sink cannot be opened; `why` is a sentence."""

    sink: int
    why: str


class Report(Struct, frozen=True, array_like=True, tag="report"):
    """The counts of all sinks since the process began."""

    counts: dict[int, Counts]


class Fault(Struct, frozen=True, array_like=True, tag="fault"):
    """Something is amiss; `what` is a sentence."""

    what: str


Order = Open | Close | Notes | Flush | Panic
Answer = Ready | Opened | Refused | Report | Fault

_encoder = msgspec.msgpack.Encoder()
orders: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order)
answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def frame(messages: Sequence[Order | Answer]) -> bytes:
    r"""Return messages as the bytes that go through the pipe.

    >>> frame([Opened(3)])
    b'\x00\x00\x00\t\x92\xa6opened\x03'
    """
    bodies = [_encoder.encode(message) for message in messages]
    return b"".join(len(body).to_bytes(_LENGTH, "big") + body for body in bodies)


class Frames:
    r"""Cuts what comes out of a pipe into the bodies of messages.

    >>> frames = Frames()
    >>> list(frames.feed(b"\x00\x00")), list(frames.feed(b"\x00\x01ab"))
    ([], [b'a'])
    """

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take some bytes and yield each body that is whole."""
        self._rest += data
        while len(self._rest) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._rest[:_LENGTH], "big")
            if len(self._rest) < end:
                return
            body = bytes(self._rest[_LENGTH:end])
            del self._rest[:end]
            yield body
