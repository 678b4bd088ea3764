"""Clips that clients watch, and changes of the set's structure: told when they have settled."""

from . import notes as note_records
from .commands import command
from .places import find_slot, gone, the_clip

SETTLED = 0.15  # seconds without a further change
_CLIP = ("notes", "loop_start", "loop_end", "looping", "name")


class Watch:
    """One slot that some clients watch."""

    def __init__(self, live, slot):
        self.live, self.slot = live, slot
        self.known = {}  # client: what it knows of the clip
        self.due = None
        self._clip = None
        self._forget = live.listen(slot, "has_clip", self._touch)
        self._forget_clip = []
        self._attach()

    def _touch(self):
        self.due = self.live.now() + SETTLED

    def _attach(self):
        clip = self.slot.clip if self.slot.has_clip and self.slot.clip.is_midi_clip else None
        if clip is self._clip or (clip is not None and self._clip is not None and clip == self._clip):
            return
        for forget in self._forget_clip:
            forget()
        self._clip = clip
        self._forget_clip = [self.live.listen(clip, name, self._touch) for name in _CLIP] if clip is not None else []

    def state(self):
        """Generator: return what can change: clip id, name, count, hash, loop start and end, looping."""
        self._attach()
        clip = self._clip
        if clip is None:
            return ["", "", -1, "", 0.0, 0.0, False]
        held, _ = yield from note_records.read(clip)
        return [
            self.live.id_of(clip),
            clip.name,
            len(held),
            note_records.hash_of(note_records.pack(held)),
            clip.loop_start,
            clip.loop_end,
            bool(clip.looping),
        ]

    def close(self):
        for forget in [self._forget, *self._forget_clip]:
            forget()


class Watches:
    """All slots that are watched, and the listeners of the structure."""

    def __init__(self, live):
        self._live, self._watches = live, {}
        self._version, self._structure, self._forget = 0, 0.0, []  # at once: what the marks name may have moved
        live.listen(live.song, "tracks", self._changed)
        live.listen(live.song, "scenes", self._changed)
        self._attach()

    def _changed(self):
        self._structure = self._live.now() + 0.02  # an insertion changes several lists

    def _attach(self):
        for forget in self._forget:
            forget()
        live = self._live
        self._forget = []
        for track in live.song.tracks:
            self._forget += [live.listen(track, "name", self._changed), live.listen(track, "clip_slots", self._changed)]
            if not track.is_foldable:
                self._forget.append(live.listen(track, "playing_slot_index", live.swaps.look))

    def watch(self, client, slot):
        """Generator: let a client know of changes from now on; return the state."""
        watch = self._watches.setdefault(self._live.id_of(slot), None)
        if watch is None:
            watch = self._watches[self._live.id_of(slot)] = Watch(self._live, slot)
        state = yield from watch.state()
        watch.known[client] = state
        return state

    def unwatch(self, client, slot_id=None):
        for each in [slot_id] if slot_id else list(self._watches):
            watch = self._watches.get(each)
            if watch is not None:
                watch.known.pop(client, None)
                if not watch.known:
                    watch.close()
                    del self._watches[each]

    def wrote(self, client, written):
        """What a client wrote itself is no news to it."""
        clip = written.clip
        for watch in self._watches.values():
            if client in watch.known and not gone(watch.slot) and watch.slot.has_clip and watch.slot.clip == clip:
                watch.known[client] = [
                    self._live.id_of(clip),
                    clip.name,
                    written.count,
                    written.hash,
                    clip.loop_start,
                    clip.loop_end,
                    bool(clip.looping),
                ]

    def pump(self):
        now, live = self._live.now(), self._live
        if self._structure is not None and now >= self._structure:
            self._structure = None
            self._version += 1
            self._attach()
            for track in live.song.tracks:
                live.marks.remember(track)
            for slot_id, watch in list(self._watches.items()):
                if gone(watch.slot):
                    for client in list(watch.known):
                        client.push("/gl/clip/changed", -1, -1, slot_id, "", "", -1, "", 0.0, 0.0, False)
                        self.unwatch(client, slot_id)
            live.push("structure", "/gl/structure", self._version)
        for slot_id, watch in list(self._watches.items()):
            if watch.due is not None and now >= watch.due and not live.writing:
                watch.due = None
                live.spawn(self._tell(slot_id, watch))

    def _tell(self, slot_id, watch):
        before = dict(watch.known)
        state = yield from watch.state()
        place = find_slot(self._live, *_where(self._live, watch.slot))
        for client, known in before.items():
            if client in watch.known:
                if known != state:
                    client.push("/gl/clip/changed", place.track_index, place.slot_index, slot_id, *state)
                watch.known[client] = state


def _where(live, slot):
    track = slot.canonical_parent
    return (-1, -1, live.id_of(track), "", live.id_of(slot))


@command("/gl/clip/watch", place="track slot")
def watch(live, request, place):
    """A slot watched: /gl/clip/changed comes whenever somebody else has changed the clip in it."""
    if place.slot is None:
        the_clip(place)
    state = yield from live.watches.watch(request.client, place.slot)
    return [place.track_index, place.slot_index, live.id_of(place.slot), *state]


@command("/gl/clip/unwatch", place="track slot")
def unwatch(live, request, place):
    """And no longer."""
    live.watches.unwatch(request.client, live.id_of(place.slot) if place.slot is not None else None)
    return []
