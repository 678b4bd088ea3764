"""The notes, tempos and metres of a MIDI file as plain values, or one sentence that says why it has none."""

from __future__ import annotations

import unicodedata
from collections import Counter
from os import PathLike, fspath
from typing import BinaryIO, NamedTuple

from ..errors import GrooveError
from .chunks import Chunks, read_chunks

MAX_BYTES = 32 << 20
MAX_BARS = 20_000  # eleven hours at 120 BPM; a broken delta time must be a sentence, not a full memory
_SAID = 6  # remarks that are told one by one
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
    remarks: tuple[str, ...] = ()
    """what of the file was left out or mended, for a sentence"""


def parse(source: Source) -> MidiScore:
    """Read a MIDI file of type 0 or 1 that counts time in beats, as far as it can be read.

    Args:
        source: a path, the bytes of a file, or a binary file object.

    Raises:
        GrooveError: it cannot be read, is empty, is no MIDI file, is damaged so that no notes are found, is of type 2,
            or counts time in SMPTE frames, or lasts more than `MAX_BARS` of 4/4.
    """
    data, name = _load(source)
    return _score(read_chunks(data, name), name)


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


def _score(chunks: Chunks, name: str) -> MidiScore:
    parts: list[MidiPart] = []
    tempos: dict[int, float] = {}
    end = 0
    remarks = list(chunks.remarks)
    for number, track in enumerate(chunks.tracks, start=1):
        if track.ticks > MAX_BARS * 4 * chunks.ticks_per_beat:
            bars = track.ticks // (4 * chunks.ticks_per_beat) + 1
            raise GrooveError(f"{name} lasts {bars:,} bars (a broken delta time?); the most is {MAX_BARS:,}")
        end = max(end, track.ticks)
        title = _text(track.name)
        parts += [
            MidiPart(number, title, channel, notes, track.programs.get(channel))
            for channel, notes in sorted(track.notes.items())
        ]
        own: dict[int, float] = {}
        for tick, microseconds in track.tempos:
            bpm = round(60e6 / microseconds, 3)
            if bpm > HIGHEST_BPM:
                track.broken.append("tempo")
            else:
                own[tick] = max(bpm, LOWEST_BPM)
        tempos = own | tempos  # of two at one tick that of the earlier track
    if not parts and remarks:
        raise GrooveError(f"{name} is damaged, and has no notes that can be read: {remarks[0]}")
    broken = Counter(called for track in chunks.tracks for called in track.broken)
    remarks += [f"a broken {called} left out" + f" x{many}" * (many > 1) for called, many in broken.items()]
    tempos.setdefault(0, 120.0)  # what the standard says holds until told otherwise, as is 4/4
    return MidiScore(
        name,
        chunks.ticks_per_beat,
        parts,
        tuple((tick / chunks.ticks_per_beat, bpm) for tick, bpm in sorted(tempos.items())),
        tuple(Metre(tick / chunks.ticks_per_beat, *metre) for tick, metre in sorted(_metres(chunks, remarks).items())),
        end,
        tuple(remarks[:_SAID]) + (f"{len(remarks) - _SAID} more like these",) * (len(remarks) > _SAID),
    )


def _metres(chunks: Chunks, remarks: list[str]) -> dict[int, tuple[int, int]]:
    """Return the metres of the first track that has any: in SMF 1.0 the first track is where they are."""
    of_tracks = [{tick: (above, below) for tick, above, below in track.metres} for track in chunks.tracks]
    told = [metres for metres in of_tracks if metres]
    metres = dict(told[0]) if told else {}
    metres.setdefault(0, (4, 4))
    for other in told[1:]:
        if not other.items() <= metres.items():
            tick, (above, below) = next(item for item in sorted(other.items()) if item not in metres.items())
            beat = tick / chunks.ticks_per_beat
            remarks.append(f"another track's {above}/{below} at beat {beat:g} left out: the first track's metres count")
            break
    return metres


def _text(written: bytes) -> str:
    """Return a name as UTF-8 if it was written so, or else as Latin-1."""
    try:
        text = written.decode("utf-8")
    except UnicodeError:
        text = written.decode("latin-1")
    text = unicodedata.normalize("NFC", text)
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
