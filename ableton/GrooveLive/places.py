"""Tracks, slots and clips, found by index, opaque id and expected name: never another one than was meant."""

from .commands import Refused


class Place:
    """A track of the set, and a slot in it."""

    def __init__(self, track, track_index, slot=None, slot_index=-1):
        self.track = track
        self.track_index = track_index
        self.slot = slot
        self.slot_index = slot_index

    @property
    def clip(self):
        return self.slot.clip if self.slot is not None and self.slot.has_clip else None

    def __str__(self):
        if self.slot is None:
            return f"track {self.track_index} ({self.track.name})"
        return f"slot {self.slot_index} of track {self.track_index} ({self.track.name})"


def find_track(live, track, track_id="", track_name=""):
    """Return the Place of a track: its index or its name, and with -1 wherever the track of that id now is.

    Raises:
        Refused: NOT_FOUND, or GUARD where index, id and name do not belong together.
    """
    tracks = list(live.song.tracks)
    if isinstance(track, str):
        track = _by_name("track", track, [each.name for each in tracks])
    index = _index(live, "track", track, track_id, tracks)
    if track_name and tracks[index].name != track_name:
        raise Refused("GUARD", f"track {index} is called {tracks[index].name!r}, not {track_name!r}")
    return Place(tracks[index], index)


def find_slot(live, track, slot, track_id="", track_name="", slot_id="", clip_id="", clip_name=""):
    """Return the Place of a slot: its index or its scene's name, and with -1 wherever the slot of that id now is."""
    place = find_track(live, track, track_id, track_name)
    slots = list(place.track.clip_slots)
    if isinstance(slot, str):
        slot = _by_name("scene", slot, [each.name for each in live.song.scenes])
    if slot == -1 and not slot_id:  # to a request that can make one: the next empty slot
        return place
    place.slot_index = _index(live, "slot", slot, slot_id, slots)
    place.slot = slots[place.slot_index]
    if clip_id or clip_name:
        clip = place.clip
        if clip is None or (clip_id and live.id_of(clip) != clip_id):
            raise Refused("NOT_FOUND", f"the clip that was in {place} is gone")
        if clip_name and clip.name != clip_name:
            raise Refused("GUARD", f"the clip in {place} is called {clip.name!r}, not {clip_name!r}")
    return place


def next_empty(live, place, after=-1):
    """Return the Place of the track's next empty slot below `after`, or None."""
    for index, slot in enumerate(place.track.clip_slots):
        if index > after and not slot.has_clip:
            return Place(place.track, place.track_index, slot, index)
    return None


def gone(slot):
    """Whether a slot, or its track, is no more in the set. Live says of what is gone that it equals None."""
    return slot == None or slot.canonical_parent == None  # noqa: E711


def midi(place):
    """Refuse a track that holds no MIDI clips."""
    if not place.track.has_midi_input:
        name = place.track.name
        raise Refused("TYPE", f"track {place.track_index} ({name}) is no MIDI track: notes go to MIDI tracks")


def the_clip(place, notes=False):
    """Return the clip of a place.

    Raises:
        Refused: NOT_FOUND, or TYPE where notes are wanted of an audio clip.
    """
    if place.slot is None:
        raise Refused("NOT_FOUND", "there is no slot -1")
    clip = place.clip
    if clip is None:
        raise Refused("NOT_FOUND", f"{place} is empty")
    if notes and not clip.is_midi_clip:
        raise Refused("TYPE", f"{place} holds an audio clip: it has no notes")
    return clip


def _index(live, kind, index, opaque, items):
    if opaque:
        found = next((i for i, item in enumerate(items) if live.id_of(item) == opaque), None)
        if found is None:
            raise Refused("NOT_FOUND", f"the {kind} of the id {opaque} is gone")
        if index not in (-1, found):
            raise Refused("GUARD", f"{kind} {index} has moved: it is {kind} {found} now")
        return found
    if not 0 <= index < len(items):
        raise Refused("NOT_FOUND", f"there is no {kind} {index}: there are {kind}s 0 to {len(items) - 1}")
    return index


def _by_name(kind, name, names):
    found = [i for i, each in enumerate(names) if each == name]
    if len(found) > 1:
        raise Refused("GUARD", f"{len(found)} {kind}s are called {name!r}: use the index")
    if not found:
        raise Refused("NOT_FOUND", f"no {kind} is called {name!r}")
    return found[0]
