"""The chunks of a MIDI file: its header and its tracks, also where RIFF, other chunks or wrong lengths are around them.

Standard MIDI Files 1.0: chunks of other kinds are passed over. What the header counts and what a chunk says of its own
length is checked against what is there, as players do.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import GrooveError
from .events import Events, read_events

MAX_EVENTS = 1_000_000  # of all tracks; the rest is left out
MAX_TRACKS = 0xFFFF  # as many as a header can count
_PREFIX = 4096  # bytes in which a header is looked for: some programs put a block of their own before it


class Chunks(NamedTuple):
    """What is in a file: its ticks in a quarter note, the events of each track, and what was left out or mended."""

    ticks_per_beat: int
    tracks: list[Events]
    remarks: list[str]


def read_chunks(data: bytes, name: str) -> Chunks:
    """Read the header and all tracks of a MIDI file.

    Args:
        data: the file.
        name: what it is called in a sentence.

    Raises:
        GrooveError: it is no MIDI file, or one that is not read, or nothing of it can be read.
    """
    remarks: list[str] = []
    data = _unwrapped(data, name, remarks)
    ticks_per_beat, counted, place = _header(data, name)
    tracks: list[Events] = []
    left = MAX_EVENTS
    while place < len(data) and len(tracks) < MAX_TRACKS:
        kind = data[place : place + 4]
        end = place + 8 + int.from_bytes(data[place + 4 : place + 8], "big")
        told = end if _is_border(data, end) else None
        if kind != b"MTrk":
            follows = told if _is_kind(kind) and told is not None else _next(data, place + 1)
            if data[place:follows].strip(b"\0"):
                remarks.append(
                    f"a chunk {kind.decode()!r} left out" if _is_kind(kind) else f"{follows - place} bytes left out"
                )
            place = follows
            continue
        limit = told if told is not None else _next(data, place + 8)
        events = read_events(data, min(place + 8, len(data)), limit, left)
        left -= events.count
        tracks.append(events)
        if events.ended and data[events.end : events.end + 4] == b"MTrk" and events.end != told:
            told = None  # what it says is more than its own
        if events.fault:
            remarks.append(f"track {len(tracks)} {events.fault}")
        elif not events.ended and told is None:
            remarks.append(f"track {len(tracks)} ends too early, and is read as far as it goes")
        elif told is None:
            remarks.append(f"track {len(tracks)} is of another length than it says")
        place = _next(data, events.end) if told is None else told
    if not tracks:
        raise GrooveError(f"{name} is damaged: it ends too early, and has no track")
    if counted != len(tracks):
        remarks.append(f"its header counts {_tracks(counted)}, and it has {_tracks(len(tracks))}")
    return Chunks(ticks_per_beat, tracks, remarks)


def _unwrapped(data: bytes, name: str, remarks: list[str]) -> bytes:
    """Return a file from its header on: out of RIFF (RP-029), or behind what a program put before it."""
    if not data:
        raise GrooveError(f"{name} is empty; a MIDI file was expected")
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        place = 12
        while place + 8 <= len(data):
            size = int.from_bytes(data[place + 4 : place + 8], "little")
            if data[place : place + 4] == b"data":
                data = data[place + 8 : place + 8 + size]
                break
            place += 8 + size + size % 2
    place = data.find(b"MThd", 0, _PREFIX)
    if place < 0:
        raise GrooveError(f"{name} is not a MIDI file")
    if place:
        remarks.append(f"{place} bytes before the header left out")
    return data[place:]


def _header(data: bytes, name: str) -> tuple[int, int, int]:
    """Return the ticks in a quarter note, how many tracks are counted, and where the first chunk begins."""
    if len(data) < 14:
        raise GrooveError(f"{name} is damaged: it ends too early")
    kind, counted, division = (int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12))
    if kind > 1:
        raise GrooveError(f"{name} is a MIDI file of type {kind}; groovelive reads types 0 and 1")
    if division == 0:
        raise GrooveError(f"{name} is damaged: it has 0 ticks per quarter note")
    if division & 0x8000:
        raise GrooveError(f"{name} counts time in SMPTE frames; groovelive reads ticks per quarter note")
    end = 8 + int.from_bytes(data[4:8], "big")
    return division, counted, end if end >= 14 and _is_border(data, end) else 14


def _is_border(data: bytes, place: int) -> bool:
    """Return whether a chunk can end at a place: the file does, or another chunk begins, which lies in the file."""
    if place == len(data) or data[place : place + 4] == b"MTrk":
        return True
    size = int.from_bytes(data[place + 4 : place + 8], "big")
    return _is_kind(data[place : place + 4]) and place + 8 + size <= len(data)


def _is_kind(four: bytes) -> bool:
    return len(four) == 4 and all(0x20 <= byte < 0x7F for byte in four)


def _next(data: bytes, place: int) -> int:
    """Return where the next track begins, or the end of the file."""
    found = data.find(b"MTrk", place)
    return len(data) if found < 0 else found


def _tracks(number: int) -> str:
    return f"{number} track{'' if number == 1 else 's'}"
