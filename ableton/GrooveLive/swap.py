"""Swaps: notes written into the other slot of an A/B pair, which is then launched on an explicit line of the grid.

Once a slot is fired Live itself launches it on the line, however busy its main thread is. So a slot is fired as early
as that line is the next one, and never when so little time is left that it might or might not make it.
"""

import math

from . import notes as note_records
from .clips import SHAPE, Shape, target, write_clip
from .commands import Refused, command
from .places import Place, gone, midi

MARGIN = 0.15  # seconds that must be left before the line
_NOTE = 0.0005  # and for each note that is still to be written
_SHARE = 0.6  # of the time between two lines, where that is less than the margin
_EARLY = 0.01  # beats after a line from which on the next one counts
LOST = 2.0  # seconds after its line when a launch that did not happen is given up
GRIDS = (
    "none",
    "8 bars",
    "4 bars",
    "2 bars",
    "bar",
    "half",
    "half triplet",
    "beat",
    "beat triplet",
    "eighth",
    "eighth triplet",
    "sixteenth",
    "sixteenth triplet",
    "thirty-second",
)  # in the order of Live's own
_BEATS = (2.0, 4 / 3.0, 1.0, 2 / 3.0, 0.5, 1 / 3.0, 0.25, 1 / 6.0, 0.125)


class Swap:
    """A slot that is to be launched on a line."""

    def __init__(self, live, request, place, grid, line, legato):
        self.live, self.client, self.id = live, request.client, request.id
        self.place, self.clip, self.grid, self.line, self.legato = place, place.clip, grid, line, legato
        self.fired, self.moved, self.told = False, False, False
        self._last = live.song.current_song_time

    def left(self):
        """Seconds to the line."""
        song = self.live.song
        return (self.line - song.current_song_time) * 60.0 / song.tempo

    def aim(self, margin=MARGIN):
        """Move the line to the first one that can still be made; say whether that was another one."""
        period, song = self.period(), self.live.song
        if not period:
            self.line = song.current_song_time
            return False
        earliest = song.current_song_time + min(margin * song.tempo / 60.0, _SHARE * period)
        if self.line is None:
            self.line = (math.floor(song.current_song_time / period + 1e-9) + 1) * period
        if self.line >= earliest:
            return False
        self.line += math.ceil((earliest - self.line) / period - 1e-9) * period
        self.moved = True
        return True

    def period(self):
        return period_of(self.live.song, self.grid)

    def advance(self):
        """Fire the slot as soon as its line is the next one."""
        song = self.live.song
        if self.fired or not song.is_playing:
            return
        now = song.current_song_time
        if now < self._last - 0.01:  # the transport has jumped back: the lines have other numbers now
            self.line = None
        self._last = now
        if self.aim() and self.told:
            self.client.push("/gl/swap/moved", self.id, self.line)
        if now > self.line - self.period() + _EARLY or not self.period():
            self.place.slot.fire(launch_quantization=self.grid, force_legato=self.legato)
            self.fired = True

    def outcome(self):
        """Return "launched", a sentence about why it never will be, or None."""
        if self.clip == None or not self.place.slot.has_clip:  # noqa: E711 - Live's way to say that it is gone
            return "the clip is gone"
        if not self.fired:
            return None
        track = self.place.track
        if track.playing_slot_index == self.place.slot_index and not self.place.slot.is_triggered:
            return "launched"
        if self.place.slot.is_triggered or self.left() > -LOST:
            return None
        return "another slot of the track was launched"


class Swaps:
    """The swap of each track that is under way, and what the tracks play."""

    def __init__(self, live):
        self._live, self._swaps, self._playing, self._look = live, {}, {}, False

    def look(self):
        self._look = True

    def of(self, track):
        return self._swaps.get(self._live.id_of(track))

    def put(self, track, swap):
        self._swaps[self._live.id_of(track)] = swap

    def drop(self, track):
        return self._swaps.pop(self._live.id_of(track), None)

    def clear(self, why):
        swaps, self._swaps = list(self._swaps.values()), {}
        for swap in swaps:
            swap.client.push("/gl/swap/lost", swap.id, why)

    def leave(self, client):
        """Forget those of a client that has gone, unless Live already has them."""
        for track_id, swap in list(self._swaps.items()):
            if swap.client is client and not swap.fired:
                del self._swaps[track_id]

    def pump(self):
        for track_id, swap in list(self._swaps.items()):
            if gone(swap.place.slot):
                found = "the slot is gone"
            else:
                self._follow(swap)
                swap.advance()
                found = swap.outcome()
            if found == "launched":
                del self._swaps[track_id]
                self._playing[track_id] = swap.place.slot_index
                self._tell(swap.place, swap)
            elif found:
                del self._swaps[track_id]
                swap.client.push("/gl/swap/lost", swap.id, found)
        if self._look:
            self._look = False
            for index, track in enumerate(self._live.song.tracks):
                if track.is_foldable:
                    continue
                playing, key = max(-1, track.playing_slot_index), self._live.id_of(track)
                if self._playing.get(key, -1) != playing and key not in self._swaps:
                    slot = track.clip_slots[playing] if playing >= 0 else None
                    self._tell(Place(track, index, slot, playing))
                self._playing[key] = playing

    def _follow(self, swap):
        """Scenes and tracks may have been inserted since: the slot counts, not its number."""
        place = swap.place
        slots = place.track.clip_slots
        if not (place.slot_index < len(slots) and slots[place.slot_index] == place.slot):
            place.slot_index = next((i for i, slot in enumerate(slots) if slot == place.slot), -1)
        tracks = self._live.song.tracks
        if not (place.track_index < len(tracks) and tracks[place.track_index] == place.track):
            place.track_index = next((i for i, track in enumerate(tracks) if track == place.track), -1)

    def _tell(self, place, swap=None):
        live, clip = self._live, place.clip
        start = clip.start_time if clip is not None else live.song.current_song_time
        heard = set(live.subscribers("launched"))
        if swap is not None:
            heard.add(swap.client)
        for client in heard:
            mine = swap is not None and client is swap.client
            client.push(
                "/gl/launched",
                place.track_index,
                place.slot_index,
                start,
                swap.line if mine else start,
                swap.id if mine else 0,
                mine and swap.moved,
            )


def period_of(song, grid):
    """Return the beats between two lines of a grid; 0 for none."""
    bar = song.signature_numerator * 4.0 / song.signature_denominator
    return 0.0 if not grid else bar * (8, 4, 2, 1)[grid - 1] if grid <= 4 else _BEATS[grid - 5]


@command(
    "/gl/swap",
    "other:int notes:notes",
    "grid:str line:float late:str legato:bool force:bool start:bool " + SHAPE,
    place="track slot",
    writes=True,
)
def swap(
    live,
    request,
    place,
    other,
    notes,
    grid="bar",
    line=None,
    late="next",
    legato=False,
    force=False,
    start=False,
    dry_run=False,
    **given,
):
    """Notes written into the one of two slots that does not play, which is launched on a line."""
    shape = Shape(given)
    if grid not in GRIDS:
        raise Refused("OUT_OF_RANGE", "there is no grid {!r}: grids are {}".format(grid, ", ".join(GRIDS)))
    if late not in ("next", "refuse"):
        raise Refused("OUT_OF_RANGE", f"late is 'next' or 'refuse', not {late!r}")
    quantise = GRIDS.index(grid)
    period = period_of(live.song, quantise)
    if line is not None and (not period or line < 0 or abs(line / period - round(line / period)) > 1e-6):
        raise Refused("OUT_OF_RANGE", f"beat {line:g} is no line of the grid {grid!r}")
    midi(place)
    slots = list(place.track.clip_slots)
    if place.slot is None or not 0 <= other < len(slots) or other == place.slot_index:
        raise Refused(
            "NOT_FOUND",
            (
                f"a swap is between two slots from 0 to {len(slots) - 1} of the track, "
                f"not {place.slot_index} and {other}"
            ),
        )
    pair = [place, Place(place.track, place.track_index, slots[other], other)]
    for each in pair:
        target(live, each, force)
    new = yield from note_records.checked(request.client.blob(notes))
    need = MARGIN + _NOTE * len(new)

    earlier = live.swaps.of(place.track)
    if earlier is not None and line is not None and earlier.line is not None and line > earlier.line:
        raise Refused(
            "BUSY", (f"the swap {earlier.id} waits for beat {earlier.line:g}: ask for the next one when it is launched")
        )
    # What Live already has and launches in a moment is not rewritten: it would sound half-written.
    made = (yield from note_records.specifications(new)) if not dry_run else []
    while not dry_run and (live.writing or _imminent(live, place, earlier, need)):
        yield
    earlier = live.swaps.of(place.track)
    playing = place.track.playing_slot_index
    if playing >= 0 and playing not in (place.slot_index, other) and not force:
        raise Refused(
            "GUARD",
            (f"slot {playing} of track {place.track_index} plays, which is not of the pair: stop it, or say force"),
        )
    into = pair[1] if playing == place.slot_index else pair[0]
    if earlier is not None and earlier.place.slot in (pair[0].slot, pair[1].slot):
        into = next(each for each in pair if each.slot == earlier.place.slot)

    running = live.song.is_playing
    new_swap = Swap(live, request, into, quantise, line, legato)
    if running and late == "refuse" and new_swap.aim(need):
        raise Refused("LATE", f"the line is less than {need:g} s away: the next one is beat {new_swap.line:g}")
    if dry_run:
        if running:
            new_swap.aim(need)
        return _reply(live, new_swap, len(new), note_records.hash_of(note_records.pack(new)), 0)
    if earlier is not None and not earlier.fired:
        live.swaps.drop(place.track)
        if earlier.client is not request.client:
            earlier.client.push("/gl/swap/lost", earlier.id, "another swap took its place")
    done = yield from write_clip(live, request.client, into, new, shape, force, made=made)
    new_swap.clip = done.clip
    if earlier is not None and earlier.fired and live.swaps.of(place.track) is earlier:
        new_swap.fired, new_swap.line = True, earlier.line  # Live has the slot: the same launch has new notes
    elif not running and start:
        into.slot.fire(launch_quantization=quantise, force_legato=legato)
        new_swap.fired, new_swap.line = True, live.song.current_song_time
    else:
        new_swap.advance()
    new_swap.told = True
    live.swaps.put(place.track, new_swap)
    return _reply(live, new_swap, done.count, done.hash, earlier.id if earlier is not None else 0)


def _imminent(live, place, swap, need):
    return swap is not None and swap.fired and live.swaps.of(place.track) is swap and swap.left() < need


def _reply(live, swap, count, digest, superseded):
    clip = swap.place.clip
    return [
        swap.place.slot_index,
        live.id_of(swap.place.slot),
        live.id_of(clip) if clip is not None else "",
        count,
        digest,
        live.song.current_song_time,
        swap.line if swap.line is not None else -1.0,
        swap.moved,
        swap.fired,
        superseded,
    ]


@command("/gl/swap/cancel", place="track")
def cancel(live, request, place):
    """A swap called off that Live does not have yet."""
    found = live.swaps.of(place.track)
    if found is None:
        raise Refused("NOT_FOUND", f"no swap is under way in track {place.track_index}")
    if found.fired:
        raise Refused("LATE", f"Live launches slot {found.place.slot_index} at beat {found.line:g} already")
    live.swaps.drop(place.track)
    return [found.id]


@command("/gl/clip/fire", options="grid:str legato:bool start:bool", place="track slot", writes=True)
def fire(live, request, place, grid="", legato=False, start=False, dry_run=False):
    """A clip launched, on its own grid or another; the transport is started only where `start` says so."""
    if grid and grid not in GRIDS:
        raise Refused("OUT_OF_RANGE", "there is no grid {!r}: grids are {}".format(grid, ", ".join(GRIDS)))
    if place.clip is None:
        raise Refused("NOT_FOUND", f"{place} is empty")
    if not live.song.is_playing and not start:
        raise Refused("GUARD", "the transport does not run: play first, or say start")
    if not dry_run:
        if grid:
            place.slot.fire(launch_quantization=GRIDS.index(grid), force_legato=legato)
        else:
            place.slot.fire(force_legato=legato)
    return [place.slot_index, live.song.current_song_time]
