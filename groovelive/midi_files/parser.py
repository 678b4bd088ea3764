"""The notes, tempos and metres of a MIDI file as plain values, or one sentence that says why it has none."""

from __future__ import annotations

import io
import struct
from os import PathLike, fspath
from typing import BinaryIO, NamedTuple

from mido import MidiFile

from ..errors import GrooveError

MAX_BYTES = 32 << 20
MAX_BARS = 20_000  # eleven hours at 120 BPM; a broken delta time must be a sentence, not a full memory
LOWEST_BPM, HIGHEST_BPM = 3.6, 10_000.0  # a file counts microseconds per quarter note, in 24 bits

Source = str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO


class Metre(NamedTuple):
    """A time signature and the beat (quarter note of the file) where it begins; `str` gives "5/8"."""

    beat: float
    numerator: int
    denominator: int

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


class MidiPart(NamedTuple):
    """The notes of one track on one channel; tracks and channels count from 1."""

    track: int
    name: str
    channel: int
    notes: list[tuple[int, int, int]]
    """(tick, pitch, velocity) of each note, velocity 1..127"""
    program: int | None = None
    """the first instrument that it is told to be, 0..127 as in General MIDI; None where nothing is said"""

    def __str__(self) -> str:
        return f"track {self.track}{f' {self.name!r}' if self.name else ''} channel {self.channel}"


class MidiScore(NamedTuple):
    """The content of one MIDI file that matters here."""

    name: str
    ticks_per_beat: int
    parts: list[MidiPart]
    tempos: tuple[tuple[float, float], ...]
    metres: tuple[Metre, ...]
    end: int
    """the tick at which the longest track ends"""


def parse(source: Source) -> MidiScore:
    """Read a MIDI file of type 0 or 1 that counts time in beats.

    Args:
        source: a path, the bytes of a file, or a binary file object.

    Raises:
        GrooveError: it cannot be read, is empty, is no MIDI file, is damaged, is of type 2, or counts time
            in SMPTE frames, or lasts more than `MAX_BARS` of 4/4.
    """
    data, name = _load(source)
    ticks_per_beat = _header(data, name)
    try:
        # clip: data bytes beyond 127, which some programs write, are taken as 127
        file = MidiFile(file=io.BytesIO(data), clip=True)
    except Exception as error:  # mido lets many types through, from EOFError to IndexError
        what = "it ends too early" if isinstance(error, EOFError) else str(error) or type(error).__name__
        raise GrooveError(f"{name} is damaged: {what}") from None
    return _score(file, name, ticks_per_beat)


def _load(source: Source) -> tuple[bytes, str]:
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), "the MIDI data"
    elif isinstance(source, str | PathLike):
        name = fspath(source)
        try:
            with open(source, "rb") as file:
                data = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:  # ValueError: a null byte in the path
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise GrooveError(f"cannot read {name}: {reason or error}") from None
    else:
        name = str(getattr(source, "name", "the MIDI file"))
        content = source.read(MAX_BYTES + 1) if hasattr(source, "read") else None
        if not isinstance(content, bytes):
            raise GrooveError("a MIDI file is read from a path, from bytes or from an open binary file")
        data = content
    if len(data) > MAX_BYTES:
        raise GrooveError(f"{name} has more than {MAX_BYTES >> 20} MB, too much for a MIDI file")
    return data, name


def _header(data: bytes, name: str) -> int:
    """Check the header of a file (Standard MIDI Files 1.0) and return its ticks per beat."""
    if not data:
        raise GrooveError(f"{name} is empty; a MIDI file was expected")
    if data[:4] != b"MThd":
        raise GrooveError(f"{name} is not a MIDI file")
    if len(data) < 14:
        raise GrooveError(f"{name} is damaged: it ends too early")
    file_type, _, division = struct.unpack(">HHH", data[8:14])
    if file_type > 1:
        raise GrooveError(f"{name} is a MIDI file of type {file_type}; groovelive reads types 0 and 1")
    if division == 0:
        raise GrooveError(f"{name} is damaged: it has 0 ticks per quarter note")
    if division & 0x8000:
        raise GrooveError(f"{name} counts time in SMPTE frames; groovelive reads ticks per quarter note")
    return int(division)


def _score(file: MidiFile, name: str, ticks_per_beat: int) -> MidiScore:
    parts: list[MidiPart] = []
    tempos: dict[int, float] = {}
    metres: dict[int, tuple[int, int]] = {}
    end = 0
    for number, track in enumerate(file.tracks, start=1):
        tick = 0
        title = ""
        channels: dict[int, list[tuple[int, int, int]]] = {}
        programs: dict[int, int] = {}
        for message in track:
            tick += message.time
            kind = message.type
            if kind == "note_on":
                if message.velocity:
                    note = (tick, message.note, message.velocity)
                    channels.setdefault(message.channel + 1, []).append(note)
            elif kind == "program_change":
                programs.setdefault(message.channel + 1, message.program)
            elif kind == "set_tempo":
                bpm = 60e6 / max(message.tempo, 1)
                tempos[tick] = round(min(max(bpm, LOWEST_BPM), HIGHEST_BPM), 3)
            elif kind == "time_signature":
                if message.numerator and message.denominator <= 64:
                    metres[tick] = (message.numerator, message.denominator)
            elif kind == "track_name":
                title = title or _text(message.name)
        if tick > MAX_BARS * 4 * ticks_per_beat:
            bars = tick // (4 * ticks_per_beat) + 1
            raise GrooveError(f"{name} lasts {bars:,} bars (a broken delta time?); the most is {MAX_BARS:,}")
        end = max(end, tick)
        parts += [
            MidiPart(number, title, channel, notes, programs.get(channel))
            for channel, notes in sorted(channels.items())
        ]
    tempos.setdefault(0, 120.0)  # what the standard says holds until told otherwise, as is 4/4
    metres.setdefault(0, (4, 4))
    return MidiScore(
        name,
        ticks_per_beat,
        parts,
        tuple((tick / ticks_per_beat, bpm) for tick, bpm in sorted(tempos.items())),
        tuple(Metre(tick / ticks_per_beat, *metre) for tick, metre in sorted(metres.items())),
        end,
    )


def _text(latin: str) -> str:
    """Return a name as UTF-8 if it was written so; mido decodes Latin-1."""
    try:
        return latin.encode("latin-1").decode("utf-8").strip("\0 ")
    except UnicodeError:
        return latin.strip("\0 ")
