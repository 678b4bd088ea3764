"""Notes as records of 34 bytes: read, checked, and put into a clip as one transaction."""

import hashlib
import struct

import Live

from .commands import Refused

# pitch, flags (bit 0: muted), start and duration in beats, velocity, probability, velocity deviation, release velocity
RECORD = struct.Struct(">BB2d4f")
MOST = 20000
SLICE = 500  # notes that are read, checked or made at a time
FIRST, LAST = -1.0e6, 1.0e6  # beats
_EPSILON = 1e-9


class Note(tuple):
    """(start, pitch, flags, duration, velocity, probability, velocity deviation, release velocity): sorts by time."""

    __slots__ = ()

    def record(self):
        return RECORD.pack(self[1], self[2], self[0], *self[3:])

    def specification(self):
        return Live.Clip.MidiNoteSpecification(
            pitch=self[1],
            start_time=self[0],
            duration=self[3],
            velocity=self[4],
            mute=bool(self[2] & 1),
            probability=self[5],
            velocity_deviation=self[6],
            release_velocity=self[7],
        )


def of_live(note):
    """Return a note of Live as a Note, with the precision of the record."""
    return Note(
        _ROUND.unpack(
            _ROUND.pack(
                note.start_time + 0.0,
                note.pitch,
                1 if note.mute else 0,
                note.duration,
                note.velocity,
                note.probability + 0.0,
                note.velocity_deviation + 0.0,
                note.release_velocity + 0.0,
            )
        )
    )


_ROUND = struct.Struct(">dBBd4f")


def pack(notes):
    """Return sorted notes as a blob."""
    return b"".join([note.record() for note in notes])


def hash_of(blob):
    """Return 16 hex digits of a blob of sorted notes."""
    return hashlib.sha1(blob).hexdigest()[:16]


def checked(blob):
    """Generator: return the notes of a blob, sorted by time and pitch.

    Raises:
        Refused: OUT_OF_RANGE or TYPE; which note, and what would be right.
    """
    if len(blob) % RECORD.size:
        raise Refused("TYPE", f"a note has {RECORD.size} bytes, and {len(blob)} is no multiple of it")
    if len(blob) > MOST * RECORD.size:
        raise Refused("OUT_OF_RANGE", f"a clip is given at most {MOST} notes, not {len(blob) // RECORD.size}")
    notes = []
    for number, (pitch, flags, start, duration, velocity, probability, deviation, release) in enumerate(
        RECORD.iter_unpack(blob)
    ):
        # Written so that NaN fails.
        if not pitch <= 127:
            _wrong(number, "pitch", pitch, "0 to 127")
        if not FIRST <= start <= LAST:
            _wrong(number, "start", start, "-1000000 to 1000000")
        if not 0.0 < duration <= LAST:
            _wrong(number, "duration", duration, "above 0 to 1000000")
        if not 1.0 <= velocity <= 127.0:
            _wrong(number, "velocity", velocity, "1 to 127")
        if not 0.0 <= probability <= 1.0:
            _wrong(number, "probability", probability, "0 to 1")
        if not -127.0 <= deviation <= 127.0:
            _wrong(number, "velocity deviation", deviation, "-127 to 127")
        if not 0.0 <= release <= 127.0:
            _wrong(number, "release velocity", release, "0 to 127")
        # + 0.0: there is no -0.0 in a hash
        notes.append(
            Note((start + 0.0, pitch, flags & 1, duration, velocity, probability + 0.0, deviation + 0.0, release + 0.0))
        )
        if number % SLICE == SLICE - 1:
            yield
    notes.sort()
    ends = {}
    for note in notes:
        start, pitch, duration = note[0], note[1], note[3]
        if start < ends.get(pitch, FIRST - 1) - _EPSILON:
            raise Refused(
                "OUT_OF_RANGE",
                (
                    f"two notes of the pitch {pitch} overlap at beat {start:g}: in Live one would cut the other; "
                    "shorten or leave out one"
                ),
            )
        ends[pitch] = start + duration
    return notes


def _wrong(number, what, value, right):
    raise Refused("OUT_OF_RANGE", f"note {number} has the {what} {value:g}, not one from {right}")


def vector(clip):
    """Return Live's own list of all notes of a clip."""
    every = getattr(clip, "get_all_notes_extended", None)  # Live 11.1
    return every() if every is not None else clip.get_notes_extended(0, 128, FIRST, LAST - FIRST)


def read(clip):
    """Generator: return the notes of a clip, sorted, and their ids in the same order."""
    found = []
    for number, note in enumerate(vector(clip)):
        found.append((of_live(note), note.note_id))
        if number % SLICE == SLICE - 1:
            yield
    found.sort()
    return [note for note, _ in found], [each for _, each in found]


def specifications(notes):
    """Generator: return what Live takes for notes."""
    made = []
    for number, note in enumerate(notes):
        made.append(note.specification())
        if number % SLICE == SLICE - 1:
            yield
    return made


def replace(clip, old, ids, new, made, pace):
    """Generator, within an undo step: make a clip that holds the notes `old` hold `new`.

    Where all onsets stay the notes are modified, so that they keep what this API cannot see, such as MPE.

    Args:
        ids: of the old notes.
        made: the specifications of the new ones.
        pace: how many notes may be added at a time, given how many have been.
    """
    if [note[:2] for note in old] == [note[:2] for note in new] and old:
        wanted = dict(zip(ids, new))
        held = vector(clip)
        for note in held:
            new_one = wanted.get(note.note_id)
            if new_one is None:
                continue
            note.mute = bool(new_one[2] & 1)
            note.duration, note.velocity, note.probability = new_one[3:6]
            note.velocity_deviation, note.release_velocity = new_one[6:8]
        clip.apply_note_modifications(held)
        return
    if ids:
        clip.remove_notes_by_id(tuple(ids))
    done = 0
    while done < len(made):
        some = pace(done)
        clip.add_new_notes(tuple(made[done : done + some]))
        done += some
        if done < len(made):
            yield


def restore(clip, old):
    """Put the old notes back, whatever the clip holds now."""
    held = [note.note_id for note in vector(clip)]
    if held:
        clip.remove_notes_by_id(tuple(held))
    if old:
        clip.add_new_notes(tuple(note.specification() for note in old))
