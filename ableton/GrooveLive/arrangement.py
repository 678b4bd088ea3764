"""Clips in the Arrangement: listed and written."""

from . import notes as note_records
from .clips import LENGTH, SHAPE, Shape, apply
from .commands import Refused, command, within
from .marks import MARK
from .places import midi


@command("/gl/arrangement", place="track")
def listing(live, request, place):
    """For each clip of a track: its id, name, start and end in beats, whether groovelive wrote it."""
    rows = []
    for clip in place.track.arrangement_clips:
        rows += [live.id_of(clip), clip.name, clip.start_time, clip.end_time, live.marks.ours(clip)]
    return rows


@command("/gl/arrange", "start:float notes:notes", "force:bool " + SHAPE, place="track", writes=True)
def arrange(live, request, place, start, notes, force=False, dry_run=False, **given):
    """Notes as a clip in the Arrangement, over nothing but clips of groovelive's."""
    within("start", start, 0.0, note_records.LAST)
    shape = Shape(dict({"length": LENGTH} if "loop_end" not in given else {}, **given))
    shape.properties.setdefault("name", "groovelive" + MARK)
    new = yield from note_records.checked(request.client.blob(notes))
    made = yield from note_records.specifications(new)
    while live.writing:
        yield
    track, end = place.track, start + shape.length
    midi(place)
    covered = [clip for clip in track.arrangement_clips if clip.start_time < end and start < clip.end_time]
    foreign = next((clip for clip in covered if not live.marks.ours(clip)), None)
    if foreign is not None and not force:
        raise Refused(
            "GUARD",
            (
                f"beats {foreign.start_time:g} to {foreign.end_time:g} of track {place.track_index} hold "
                f"{foreign.name!r}, which groovelive did not write"
            ),
        )
    # By way of an empty slot nothing is covered before the new clip is whole; before Live 12.2 there is no other way.
    direct = getattr(track, "create_midi_clip", None) if not covered else None
    slot = next((each for each in track.clip_slots if not each.has_clip), None)
    if direct is None and slot is None:
        raise Refused("NOT_FOUND", f"an empty slot in track {place.track_index} is needed for this: add a scene")
    if dry_run:
        return ["", start, end, len(new), note_records.hash_of(note_records.pack(new))]
    live.writing = True
    try:
        with live.undo_step():
            if direct is not None:
                clip = direct(start, shape.length)
                yield from _filled(live, clip, made, shape, lambda: track.delete_clip(clip))
            else:
                slot.create_clip(shape.length)
                yield from _filled(live, slot.clip, made, shape, slot.delete_clip)
                track.duplicate_clip_to_arrangement(slot.clip, start)
                slot.delete_clip()
                clip = next(each for each in track.arrangement_clips if abs(each.start_time - start) < 1e-6)
        held, _ = yield from note_records.read(clip)
    finally:
        live.writing = False
    live.marks.own_in_arrangement(clip)
    return [live.id_of(clip), clip.start_time, clip.end_time, len(held), note_records.hash_of(note_records.pack(held))]


def _filled(live, clip, made, shape, undo):
    try:
        yield from note_records.replace(clip, [], [], [], made, live.pace)
        apply(clip, shape.properties)
    except BaseException:
        undo()
        raise
