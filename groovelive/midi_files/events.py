"""The events of one track of a MIDI file: notes, programs, tempos, metres and names, as far as they can be read.

Running status goes on after SysEx and meta events, though the standard ends it there: files that count on it are
common, and players play them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_TICKS = 1 << 40  # at which a delta time that never ends stops to count
_NAME, _INSTRUMENT, _END, _TEMPO, _METRE, _KEY = 0x03, 0x04, 0x2F, 0x51, 0x58, 0x59
# Meta events of one length: what they are called, and how many bytes they have.
_FIXED = {
    0x20: ("channel prefix", 1), 0x21: ("port", 1), _TEMPO: ("tempo", 3), 0x54: ("SMPTE offset", 5),
    _METRE: ("metre", 2), _KEY: ("key signature", 2),
}  # fmt: skip
_SHORT = (0xC0, 0xD0)  # messages of one data byte
_SYSTEM = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # data bytes of messages that have no place in a file


@dataclass(slots=True)
class Events:
    """What was read of a track.

    Args:
        end: the byte after the last one that was read.
        ticks: where the track ends.
        ended: whether it says that it ends.
        fault: what could not be read, as the rest of a sentence, or "".
        name: of the track, or else of its instrument, as written.
        notes: for each channel from 1 the (tick, pitch, velocity) of each note, velocity 1..127.
        programs: for each channel from 1 the first program.
        tempos: (tick, microseconds a quarter note).
        metres: (tick, numerator, denominator).
        broken: what meta events that could not be read are called.
        count: how many events were read.
    """

    end: int
    ticks: int = 0
    ended: bool = False
    fault: str = ""
    name: bytes = b""
    notes: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    programs: dict[int, int] = field(default_factory=dict)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    metres: list[tuple[int, int, int]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    count: int = 0


def read_events(data: bytes, place: int, limit: int, most: int = 1_000_000) -> Events:
    """Read events until the track says that it ends, or its bytes do; nothing in them is an error.

    Args:
        data: a file.
        place: of the first byte of the track.
        limit: the byte after its last one.
        most: how many events to read.

    >>> read_events(bytes.fromhex("00 99 24 64 83 60 26 5a 00 ff 2f 00"), 0, 12).notes
    {10: [(0, 36, 100), (480, 38, 90)]}
    """
    found, status, lost, instrument = Events(place), 0, 0, b""
    for number in range(most):
        found.count = number + 1
        delta, at = _number(data, place, limit)
        if at >= limit:
            found.fault = "is cut off at its end" * (place < limit)
            break
        first = data[at]
        if first < 0x80 and not status:  # no event begins so: go on at the next byte that can begin one
            begin = at
            while at < limit and data[at] < 0x80:
                at += 1
            lost += at - begin
            found.ticks += delta
            delta, place = 0, at
            if at == limit:
                break
            first = data[at]
        if first in (0xF0, 0xF7, 0xFF):
            head = at + 1 + (first == 0xFF)
            size, body = _number(data, head, limit)
            end = body + size
            if head >= limit or body > limit or end > limit:
                found.fault = "is cut off at its end"
                break
            found.ticks += delta
            if first == 0xFF:
                kind = data[at + 1]
                if kind == _END:
                    found.ended, place = True, end
                    break
                if kind == _INSTRUMENT:
                    instrument = instrument or data[body:end]
                else:
                    _take_meta(found, kind, data[body:end])
            place = end
            continue
        at += first >= 0x80
        if first >= 0xF0:
            found.ticks += delta
            place = at + _SYSTEM.get(first, 0)
            continue
        status = first if first >= 0x80 else status
        place = at + (1 if status & 0xF0 in _SHORT else 2)
        if place > limit:
            found.fault = "is cut off at its end"
            place = limit
            break
        found.ticks += delta
        _take(found, status, min(data[at], 127), min(data[place - 1], 127))
    else:
        found.fault = "has more events than are read of a file, and is read as far as that"
    if lost and not found.fault:
        found.fault = f"has {lost} bytes that begin no event"
    found.end = min(place, limit)
    found.name = found.name or instrument
    return found


def _take(found: Events, status: int, first: int, second: int) -> None:
    """Take a message of a channel; data bytes above 127, which some programs write, have become 127."""
    kind, channel = status & 0xF0, (status & 0x0F) + 1
    if kind == 0x90 and second:
        found.notes.setdefault(channel, []).append((found.ticks, first, second))
    elif kind == 0xC0:
        found.programs.setdefault(channel, first)


def _take_meta(found: Events, kind: int, body: bytes) -> None:
    """Take a meta event; of one that is longer than it should be the beginning counts, of a shorter one nothing."""
    if kind == _NAME:
        found.name = found.name or body
        return
    called, length = _FIXED.get(kind, ("", 0))
    is_sound = len(body) >= length
    if is_sound and kind == _TEMPO:
        is_sound = any(body[:3])
        if is_sound:
            found.tempos.append((found.ticks, int.from_bytes(body[:3], "big")))
    elif is_sound and kind == _METRE:
        is_sound = body[0] > 0 and body[1] <= 6
        if is_sound:
            found.metres.append((found.ticks, body[0], 1 << body[1]))
    elif is_sound and kind == _KEY:
        is_sound = (body[0] <= 7 or body[0] >= 0xF9) and body[1] <= 1
    if not is_sound:
        found.broken.append(called)


def _number(data: bytes, place: int, limit: int) -> tuple[int, int]:
    """Return the number of seven bits a byte that begins at a place, and the place behind it."""
    number = 0
    while place < limit:
        byte = data[place]
        place += 1
        number = min(number << 7 | byte & 0x7F, MAX_TICKS)
        if byte < 0x80:
            return number, place
    return number, limit + 1
