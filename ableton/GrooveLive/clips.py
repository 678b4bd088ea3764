"""Clips of the Session view: listed, read, written in one undo step, and launched."""

import struct

from . import notes as note_records
from .commands import Refused, command, within
from .marks import MARK
from .places import gone, midi, next_empty, the_clip

LENGTH = 8.0  # beats of a clip that is made without being told how long
SHAPE = (
    "name:str colour:int length:float loop_start:float loop_end:float looping:bool launch_mode:int "
    "launch_quantise:int legato:bool muted:bool"
)
_PLAIN = {
    "colour": "color_index",
    "looping": "looping",
    "launch_mode": "launch_mode",
    "launch_quantise": "launch_quantization",
    "legato": "legato",
    "muted": "muted",
}
_RANGES = {"colour": (0, 69), "launch_mode": (0, 3), "launch_quantise": (0, 14)}
_BOUNDS = (("loop_start", "loop_end"), ("start_marker", "end_marker"))
_ALL = ("name", "color_index", "looping", "launch_mode", "launch_quantization", "legato", "muted", *sum(_BOUNDS, ()))


class Shape:
    """What a clip is to be apart from its notes: the properties of Live's clip, by name."""

    def __init__(self, given):
        for name, (low, high) in _RANGES.items():
            if name in given:
                within(name, given[name], low, high)
        self.properties = dict((_PLAIN[name], given[name]) for name in _PLAIN if name in given)
        if "name" in given:
            name = given["name"].rstrip()
            self.properties["name"] = (name[: -len(MARK)] if name.endswith(MARK) else name) + MARK
        if "length" in given and "loop_end" in given:
            raise Refused("TYPE", "give length or loop_end, not both")
        if "loop_start" in given and not ("loop_end" in given or "length" in given):
            raise Refused("TYPE", "loop_start needs loop_end or length")
        if "length" in given or "loop_end" in given:
            start = within("loop_start", given.get("loop_start", 0.0), -1.0e6, 1.0e6)
            end = given["loop_end"] if "loop_end" in given else start + given["length"]
            if not 0.0 < end - start <= 1.0e6:
                raise Refused("OUT_OF_RANGE", f"a loop lasts from above 0 to 1000000 beats, not {end - start:g}")
            self.properties.update(loop_start=start, start_marker=start, loop_end=end, end_marker=end)

    @property
    def length(self):
        found = self.properties
        return found["loop_end"] - found["loop_start"] if "loop_end" in found else LENGTH


def changes(clip, wanted):
    """Return which of the wanted properties a clip does not have."""
    return dict((name, value) for name, value in wanted.items() if getattr(clip, name) != value)


def apply(clip, wanted):
    """Give a clip properties, in an order in which no start is ever behind its end."""
    missing = changes(clip, wanted)
    looping = wanted.get("looping", clip.looping)
    if not clip.looping and any(name in missing for bounds in _BOUNDS for name in bounds):
        clip.looping = True  # else loop_start and loop_end are those of the clip
    for low, high in _BOUNDS:
        order = (low, high) if wanted.get(low, 0.0) < getattr(clip, high) else (high, low)
        for name in order:
            if name in wanted and getattr(clip, name) != wanted[name]:
                setattr(clip, name, wanted[name])
    if clip.looping != looping:
        clip.looping = looping
    for name, value in missing.items():
        if name != "looping" and not any(name in bounds for bounds in _BOUNDS):
            setattr(clip, name, value)


def target(live, place, force):
    """Return the clip that may be written in a place, or None where it is empty.

    Raises:
        Refused: it is not groovelive's, not MIDI, being recorded, or frozen.
    """
    if place.track == None or (place.slot is not None and gone(place.slot)):  # noqa: E711 - so Live tells what is gone
        raise Refused("NOT_FOUND", "the track or the slot is gone")
    midi(place)
    if place.track.is_frozen:
        raise Refused("GUARD", f"track {place.track_index} ({place.track.name}) is frozen")
    clip = place.clip
    if clip is None:
        return None
    if not clip.is_midi_clip:
        raise Refused("TYPE", f"{place} holds an audio clip")
    if clip.is_recording:
        raise Refused("BUSY", f"{place} is being recorded")
    if not force and not live.marks.ours(clip):
        raise Refused(
            "GUARD", (f"{place} holds {clip.name!r}, which groovelive did not write: take another slot, or say force")
        )
    return clip


class Written:
    """What a clip holds after it was written."""

    def __init__(self, clip, blob, ids, exact, changed):
        self.clip, self.blob, self.ids, self.exact, self.changed = clip, blob, ids, exact, changed
        self.count = len(blob) // note_records.RECORD.size
        self.hash = note_records.hash_of(blob)


def write_clip(live, client, place, new, shape, force=False, span=None, dry_run=False, made=None):
    """Generator: return what a clip holds, after it was made to hold notes and to have a shape, in one undo step.

    On a failure the clip is as it was. Nothing that stays the same makes an undo step.

    Args:
        new: checked notes, or None to leave those that are there.
        span: (from, to) in beats: only notes that start there are replaced.
        made: the specifications of the notes, if they are made already.
    """
    before = target(live, place, force)
    if made is None:
        made = (yield from note_records.specifications(new)) if new and not dry_run else []
    while live.writing and not dry_run:
        yield
    clip = target(live, place, force)
    if (clip is None) != (before is None) or (clip is not None and clip != before):
        raise Refused("GUARD", f"the clip in {place} has become another one meanwhile")
    held, ids = (yield from note_records.read(clip)) if clip is not None else ([], [])
    inside = [span is None or span[0] <= note[0] < span[1] for note in held]
    old = [note for note, there in zip(held, inside) if there]
    wanted = old if new is None else new
    whole = sorted([note for note, there in zip(held, inside) if not there] + list(wanted))
    if clip is not None and held == whole and live.marks.ours(clip) and not changes(clip, shape.properties):
        return Written(clip, note_records.pack(held), ids, True, False)
    if dry_run:
        return Written(clip, note_records.pack(whole), [], True, True)
    live.writing = True
    try:
        with live.undo_step():
            yield from _transaction(
                live, place, clip, held, shape, old, wanted, made, [each for each, there in zip(ids, inside) if there]
            )
            clip = place.clip
            live.marks.own(place, clip)
        now, ids = yield from note_records.read(clip)
    finally:
        live.writing = False
    written = Written(clip, note_records.pack(now), ids, now == whole, True)
    live.watches.wrote(client, written)
    return written


def _transaction(live, place, clip, held, shape, old, wanted, made, ids):
    fresh, grown = clip is None, place.slot is None
    if grown:
        live.song.create_scene(-1)
        place.slot_index = len(live.song.scenes) - 1
        place.slot = place.track.clip_slots[place.slot_index]
    try:
        if fresh:
            place.slot.create_clip(shape.length)
            clip = place.clip
        former = dict((name, getattr(clip, name)) for name in _ALL)
        if old != wanted:
            yield from note_records.replace(clip, old, ids, wanted, made, live.pace)
        apply(clip, shape.properties)
    except BaseException:  # a job that is closed, too, leaves the clip as it was
        if not fresh:
            note_records.restore(clip, held)
            apply(clip, former)
        elif place.slot.has_clip:
            place.slot.delete_clip()
        if grown:
            live.song.delete_scene(place.slot_index)
        raise


@command("/gl/slots", place="track")
def slots(live, request, place):
    """Index, id and name of the track; for each slot: index, id, clip id, name, colour, length, ours, state."""
    rows = [place.track_index, live.id_of(place.track), place.track.name]
    for index, slot in enumerate(place.track.clip_slots):
        clip = slot.clip if slot.has_clip else None
        rows += [index, live.id_of(slot)]
        if clip is None:
            rows += ["", "", -1, 0.0, False, "triggered" if slot.is_triggered else "empty"]
        else:
            rows += [live.id_of(clip), clip.name, clip.color_index, clip.length, live.marks.ours(clip), state(slot)]
    return rows


def state(slot):
    """What a slot with a clip is doing, in one word."""
    if slot.is_triggered:
        return "triggered"
    if slot.clip.is_recording:
        return "recording"
    return "playing" if slot.clip.is_playing else "stopped"


@command("/gl/clip/get", place="track slot")
def get(live, request, place):
    """All of a clip but its notes."""
    clip = the_clip(place)
    return [
        place.track_index,
        place.slot_index,
        live.id_of(place.track),
        live.id_of(place.slot),
        live.id_of(clip),
        clip.name,
        clip.color_index,
        clip.length,
        clip.loop_start,
        clip.loop_end,
        clip.looping,
        clip.launch_mode,
        clip.launch_quantization,
        clip.legato,
        clip.muted,
        "midi" if clip.is_midi_clip else "audio",
        live.marks.ours(clip),
        state(place.slot),
    ]


@command("/gl/clip/read", options="first:int count:int loop_only:bool ids:bool", place="track slot")
def read(live, request, place, first=0, count=note_records.MOST, loop_only=False, ids=False):
    """Where a clip is, its loop, and its notes from number `first` on."""
    clip = the_clip(place, notes=True)
    held, numbers = yield from note_records.read(clip)
    start, end = clip.loop_start, clip.loop_end
    if loop_only:
        inside = [start <= note[0] < end for note in held]
        numbers = [each for each, there in zip(numbers, inside) if there]
        held = [each for each, there in zip(held, inside) if there]
    blob = note_records.pack(held)
    last = max(0, first) + max(0, count)
    part = slice(max(0, first) * note_records.RECORD.size, last * note_records.RECORD.size)
    reply = [
        place.track_index,
        place.slot_index,
        live.id_of(place.slot),
        live.id_of(clip),
        clip.name,
        start,
        end,
        clip.looping,
        len(held),
        note_records.hash_of(blob),
        max(0, first),
        blob[part],
    ]
    return reply + ([_ids(numbers[max(0, first) : last])] if ids else [])


@command("/gl/clip/create", options="force:bool after:int grow:bool " + SHAPE, place="track slot", writes=True)
def create(live, request, place, force=False, after=-1, grow=False, dry_run=False, **given):
    """A clip of groovelive's in a slot, made where there is none; slot -1 is the next empty one."""
    return write(live, request, place, None, force, dry_run=dry_run, after=after, grow=grow, **given)


@command(
    "/gl/clip/write",
    "notes:notes",
    "force:bool from:float to:float ids:bool after:int grow:bool " + SHAPE,
    place="track slot",
    writes=True,
)
def write(live, request, place, notes, force=False, ids=False, after=-1, grow=False, dry_run=False, **given):
    """A clip's notes replaced, and its name, colour and loop set, in one undo step; made where there is none."""
    shape = Shape(given)
    span = None
    if "from" in given or "to" in given:
        span = (given.get("from", note_records.FIRST), given.get("to", note_records.LAST))
    new = None
    if notes is not None:
        new = yield from note_records.checked(request.client.blob(notes))
        outside = next((note for note in new if span and not span[0] <= note[0] < span[1]), None)
        if outside is not None:
            raise Refused("OUT_OF_RANGE", f"a note at beat {outside[0]:g} lies outside from and to")
    if place.slot is None:
        place = free_slot(live, place, after, grow)
    done = yield from write_clip(live, request.client, place, new, shape, force, span, dry_run)
    reply = [
        place.slot_index,
        live.id_of(place.slot),
        live.id_of(done.clip),
        done.count,
        done.hash,
        done.exact,
        done.changed,
        done.clip.color_index if done.clip is not None else shape.properties.get("color_index", 0),
    ]
    return reply + ([_ids(done.ids)] if ids else [])


def free_slot(live, place, after, grow):
    """Return the Place of the next empty slot of a track; without a slot where a scene is to be added for it."""
    midi(place)
    found = next_empty(live, place, after)
    if found is None and not grow:
        raise Refused("NOT_FOUND", f"{place} has no empty slot: add a scene, or say grow")
    return found or place


@command("/gl/clip/set", options="force:bool " + SHAPE, place="track slot", writes=True)
def set_shape(live, request, place, **given):
    """A clip's name, colour, loop and launch settings, its notes untouched."""
    the_clip(place, notes=True)
    return write(live, request, place, None, **given)


@command("/gl/clip/delete", place="track slot", writes=True)
def delete(live, request, place, dry_run=False):
    """A clip of groovelive's away, never another one."""
    while live.writing:
        yield
    clip = the_clip(place)
    if not live.marks.ours(clip):
        raise Refused("GUARD", f"{place} holds {clip.name!r}, which groovelive did not write: it is yours to delete")
    if not dry_run:
        with live.undo_step():
            place.slot.delete_clip()
            live.marks.remember(place.track)
    return [place.slot_index]


@command("/gl/clip/stop", place="track slot")
def stop(live, request, place):
    """A clip stopped on the grid, if it plays."""
    if the_clip(place).is_playing or place.slot.is_triggered:
        place.slot.stop()
    return [place.slot_index]


def _ids(numbers):
    return struct.pack(f">{len(numbers)}q", *numbers)
