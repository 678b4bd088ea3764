"""Which clips are groovelive's: those it wrote, for as long as their names end with the mark.

Copies that somebody makes of such a clip carry its name, but are theirs. So that a set remembers across sessions,
each track's data names the slots.
"""

import json

MARK = " [gl]"
_KEY = "groovelive"


class Marks:
    """The clips of the set that are groovelive's."""

    def __init__(self, live):
        self._live = live
        self._owned = set()  # ids of clips
        for track in live.song.tracks:
            slots = list(track.clip_slots)
            stored = data(track).get("slots")
            for index, slot in enumerate(slots):
                # Where a track can hold no data the name alone has to do.
                known = not hasattr(track, "get_data") if stored is None else index in stored
                if known and slot.has_clip and slot.clip.name.endswith(MARK):
                    self._owned.add(live.id_of(slot.clip))

    def ours(self, clip):
        return clip.name.endswith(MARK) and self._live.id_of(clip) in self._owned

    def own(self, place, clip):
        """Take a clip as groovelive's, and remember it with the set."""
        self._owned.add(self._live.id_of(clip))
        if not clip.name.endswith(MARK):
            clip.name = (clip.name or "groovelive") + MARK
        self.remember(place.track)

    def own_in_arrangement(self, clip):
        self._owned.add(self._live.id_of(clip))

    def remember(self, track):
        """Write down which slots of a track hold groovelive's clips, where that has changed."""
        slots = [i for i, slot in enumerate(track.clip_slots) if slot.has_clip and self.ours(slot.clip)]
        if data(track).get("slots", []) != slots:
            keep(track, "slots", slots)


def data(track):
    """Return what the set remembers for groovelive about a track."""
    try:
        found = json.loads(track.get_data(_KEY, "{}"))
        return found if isinstance(found, dict) else {}
    except (AttributeError, TypeError, ValueError):
        return {}


def keep(track, name, value):
    """Let the set remember something about a track."""
    if hasattr(track, "set_data"):
        track.set_data(_KEY, json.dumps(dict(data(track), **{name: value}), sort_keys=True))
