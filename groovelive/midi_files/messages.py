"""MIDI bytes as they come from a wire or a driver, cut into the messages of channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

NOTE_ON, CONTROL, PROGRAM = 0x90, 0xB0, 0xC0
_SYSEX, _REALTIME = 0xF0, 0xF8
_SHORT = (0xC0, 0xD0)  # messages of two bytes


class ChannelMessage(NamedTuple):
    """A message of a channel: its kind (`NOTE_ON`, …), its channel 1..16, and its two numbers 0..127."""

    kind: int
    channel: int
    first: int
    second: int = 0


def channel_messages(data: bytes) -> Iterator[ChannelMessage]:
    """Yield the messages of channels in bytes.

    All else (SysEx, clock, active sensing, what was cut off) is passed over. Running status counts, and clock may stand
    within other messages.

    >>> list(channel_messages(bytes.fromhex("90 3c 64 f8 3c 00 f0 01 02 f7 c1 05")))[1:]
    [ChannelMessage(kind=144, channel=1, first=60, second=0), ChannelMessage(kind=192, channel=2, first=5, second=0)]
    """
    status = 0
    numbers: list[int] = []
    for byte in data:
        if byte >= _REALTIME:
            continue
        if byte >= 0x80:
            status, numbers = (0 if byte >= _SYSEX else byte), []
            continue
        if not status:
            continue
        numbers.append(byte)
        kind = status & 0xF0
        if len(numbers) == (1 if kind in _SHORT else 2):
            yield ChannelMessage(kind, (status & 0x0F) + 1, *numbers)
            numbers = []
