"""MIDI notes of a clip, with Live 11+ semantics."""
import bisect

from .core import ArgumentError, Vector, convert

_FIELDS = (("pitch", int), ("start_time", float), ("duration", float), ("velocity", float),
           ("mute", bool), ("probability", float), ("velocity_deviation", float),
           ("release_velocity", float))


def _validate(n):
    if not 0 <= n.pitch <= 127:
        raise RuntimeError("Invalid pitch: %r" % n.pitch)
    if n.duration <= 0:
        raise RuntimeError("Invalid duration: %r" % n.duration)
    if not 1 <= n.velocity <= 127:          # probed on Live 12.4 by others: 0 is refused
        raise RuntimeError("Invalid velocity: %r" % n.velocity)
    if not 0.0 <= n.probability <= 1.0:
        raise RuntimeError("Invalid probability: %r" % n.probability)
    if not -127 <= n.velocity_deviation <= 127:
        raise RuntimeError("Invalid velocity deviation: %r" % n.velocity_deviation)


class MidiNoteSpecification:
    def __init__(self, pitch, start_time, duration, velocity=100.0, mute=False,
                 probability=1.0, velocity_deviation=0.0, release_velocity=64.0):
        given = locals()
        for name, kind in _FIELDS:
            object.__setattr__(self, "_" + name,
                               convert(kind, given[name], "MidiNoteSpecification.__init__"))


for _name, _ in _FIELDS:
    setattr(MidiNoteSpecification, _name, property(lambda self, _n="_" + _name: getattr(self, _n)))


class MidiNote:
    """A copy of one note; changing it does nothing until apply_note_modifications."""

    __slots__ = tuple("_" + n for n, _ in _FIELDS) + ("_note_id",)

    def __init__(self, note_id, **values):
        object.__setattr__(self, "_note_id", note_id)
        for name, kind in _FIELDS:
            object.__setattr__(self, "_" + name, values[name])

    @property
    def note_id(self):
        return self._note_id

    def values(self):
        return {name: getattr(self, "_" + name) for name, _ in _FIELDS}

    def copy(self, **changes):
        return MidiNote(changes.pop("note_id", self._note_id), **{**self.values(), **changes})

    def __repr__(self):
        return "MidiNote(id=%d, %s)" % (self._note_id, ", ".join(
            "%s=%r" % kv for kv in self.values().items()))


def _prop(name, kind):
    def get(self):
        return getattr(self, "_" + name)

    def set_(self, value):
        object.__setattr__(self, "_" + name, convert(kind, value, "MidiNote." + name))
    return property(get, set_)


for _name, _kind in _FIELDS:
    setattr(MidiNote, _name, _prop(_name, _kind))


class MidiNoteVector(Vector):
    def append(self, note):
        if not isinstance(note, MidiNote):
            raise ArgumentError("MidiNoteVector.append needs a MidiNote")
        self._items += (note,)

    def extend(self, notes):
        for n in notes:
            self.append(n)


class NoteStore:
    """Immutable-list note storage: every edit makes a new tuple, so undo is a swap."""

    def __init__(self):
        self.notes, self.next_id, self.selected = (), 1, frozenset()

    def sorted(self, notes):
        return tuple(sorted(notes, key=lambda n: (n._pitch, n._start_time, n._note_id)))

    def add(self, specs):
        """Return (new tuple, new ids).  One pitch never overlaps itself: a new note
        replaces one with the same start and shortens an earlier one that runs into it."""
        by_pitch, ids = {}, []
        for n in self.notes:                      # they are sorted by pitch, then time
            by_pitch.setdefault(n._pitch, []).append(n)
        starts = {pitch: [n._start_time for n in group] for pitch, group in by_pitch.items()}
        for s in specs:
            if not isinstance(s, MidiNoteSpecification):
                raise ArgumentError(
                    "Python argument types in\n    Clip.add_new_notes(Clip, %s)\n"
                    "did not match C++ signature" % type(s).__name__)
            _validate(s)
            new = MidiNote(self.next_id, **{n: getattr(s, "_" + n) for n, _ in _FIELDS})
            self.next_id += 1
            insert(by_pitch.setdefault(new._pitch, []), starts.setdefault(new._pitch, []), new)
            ids.append(new.note_id)
        return self.sorted(n for group in by_pitch.values() for n in group), ids

    def in_range(self, from_pitch, pitch_span, from_time, time_span):
        return [n for n in self.notes
                if from_pitch <= n.pitch < from_pitch + pitch_span
                and from_time <= n.start_time < from_time + time_span]

    def by_id(self, ids):
        ids = set(ids)
        return [n for n in self.notes if n.note_id in ids]

    def modified(self, vector):
        known = {n.note_id for n in self.notes}
        changed = {}
        for n in vector:
            if not isinstance(n, MidiNote):
                raise ArgumentError("apply_note_modifications needs MidiNotes")
            if n.note_id not in known:
                raise RuntimeError("Note with ID %d is not in the clip" % n.note_id)
            _validate(n)
            changed[n.note_id] = n.copy()
        by_pitch = {}
        for n in self.notes:
            if n.note_id not in changed:
                by_pitch.setdefault(n._pitch, []).append(n)
        starts = {pitch: [n._start_time for n in group] for pitch, group in by_pitch.items()}
        for n in changed.values():
            insert(by_pitch.setdefault(n._pitch, []), starts.setdefault(n._pitch, []), n)
        return self.sorted(n for group in by_pitch.values() for n in group)


EPS = 1e-9


def insert(group, starts, new):
    """The same as resolve_overlap, for one pitch's notes in the order of time, of which none overlap."""
    at = bisect.bisect_left(starts, new._start_time - EPS)
    if at < len(group) and abs(starts[at] - new._start_time) < EPS:
        del group[at], starts[at]
    if at and group[at - 1]._start_time + group[at - 1]._duration - EPS > new._start_time:
        group[at - 1] = group[at - 1].copy(duration=new._start_time - group[at - 1]._start_time)
    if at < len(group) and starts[at] < new._start_time + new._duration - EPS:
        object.__setattr__(new, "_duration", starts[at] - new._start_time)
    group.insert(at, new)
    starts.insert(at, new._start_time)


def resolve_overlap(notes, new):
    out = []
    for n in notes:
        if n.pitch != new.pitch or n.note_id == new.note_id:
            if n.note_id != new.note_id:
                out.append(n)
            continue
        if abs(n.start_time - new.start_time) < EPS:
            continue
        if n.start_time < new.start_time < n.start_time + n.duration - EPS:
            n = n.copy(duration=new.start_time - n.start_time)
        elif new.start_time < n.start_time < new.start_time + new.duration - EPS:
            object.__setattr__(new, "_duration", n.start_time - new.start_time)
        out.append(n)
    out.append(new)
    return out
