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
        self._tracks = set()  # and of the tracks that have some
        for track in live.song.tracks:
            stored = data(track)
            if stored.get("slots"):
                self._tracks.add(live.id_of(track))
            marked = [
                (index, slot.clip)
                for index, slot in enumerate(track.clip_slots)
                if slot.has_clip and slot.clip.name.endswith(MARK)
            ]
            # The script was loaded anew: clips are the same objects, wherever they have moved. Else the set was opened.
            here = [clip for _, clip in marked if clip._live_ptr in stored.get("clips", ())]
            for index, clip in marked:
                # Where a track can hold no data the name alone has to do.
                if clip in here or (not here and index in stored.get("slots", ())) or not hasattr(track, "get_data"):
                    self._owned.add(live.id_of(clip))

    def ours(self, clip):
        return clip.name.endswith(MARK) and self._live.id_of(clip) in self._owned

    def own(self, place, clip):
        """Take a clip as groovelive's, and remember it with the set."""
        self._owned.add(self._live.id_of(clip))
        if not clip.name.endswith(MARK):
            clip.name = (clip.name or "groovelive") + MARK
        self._tracks.add(self._live.id_of(place.track))
        self.remember(place.track)

    def own_in_arrangement(self, clip):
        self._owned.add(self._live.id_of(clip))

    def remember(self, track):
        """Write down which slots of a track hold groovelive's clips, where that has changed."""
        if self._live.id_of(track) not in self._tracks:
            return
        ours = [(i, slot.clip) for i, slot in enumerate(track.clip_slots) if slot.has_clip and self.ours(slot.clip)]
        slots, clips = [index for index, _ in ours], [clip._live_ptr for _, clip in ours]
        stored = data(track)
        if (stored.get("slots", []), stored.get("clips", [])) != (slots, clips):
            keep(track, slots=slots, clips=clips)


def data(track):
    """Return what the set remembers for groovelive about a track."""
    try:
        found = json.loads(track.get_data(_KEY, "{}"))
        return found if isinstance(found, dict) else {}
    except (AttributeError, TypeError, ValueError):
        return {}


def keep(track, **values):
    """Let the set remember something about a track."""
    if hasattr(track, "set_data"):
        track.set_data(_KEY, json.dumps(dict(data(track), **values), sort_keys=True))
