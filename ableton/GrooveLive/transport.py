"""The transport: its clock pushed to those who follow it, and led only by those who ask."""

from .commands import command, within

EVERY = 0.05  # seconds between two pushes while the transport runs
STOPPED = 1.0  # and while it does not
JUMP = 0.2  # seconds by which the song time may differ from what was to be expected
_HEARD = (
    "tempo",
    "is_playing",
    "signature_numerator",
    "signature_denominator",
    "loop",
    "loop_start",
    "loop_length",
    "is_ableton_link_enabled",
)


class Transport:
    """Tells the clients that subscribed to `clock` where the song is."""

    def __init__(self, live):
        self._live = live
        self._dirty, self._jumps = True, 0
        self._pushed = self._seen = live.now()
        self._time = self._when_stopped = live.song.current_song_time
        for name in _HEARD:
            live.listen(live.song, name, self._flag)

    def _flag(self):
        self._dirty = True

    def state(self):
        """Return host time, song time, tempo, playing, signature, loop, its start and length, Link, jumps so far."""
        song = self._live.song
        return [
            self._live.now(),
            song.current_song_time,
            song.tempo,
            bool(song.is_playing),
            song.signature_numerator,
            song.signature_denominator,
            bool(song.loop),
            song.loop_start,
            song.loop_length,
            bool(getattr(song, "is_ableton_link_enabled", False)),
            self._jumps,
        ]

    def pump(self):
        song, now = self._live.song, self._live.now()
        at, playing = song.current_song_time, song.is_playing
        expected = self._time + (now - self._seen) * song.tempo / 60.0 if playing else self._time
        if abs(at - expected) * 60.0 / song.tempo > JUMP and not self._dirty:
            self._dirty = True
            self._jumps += 1
        self._seen, self._time = now, at
        if self._dirty or now - self._pushed >= (EVERY if playing else STOPPED):
            self._dirty, self._pushed = False, now
            self._live.push("clock", "/gl/clock", *self.state())


@command("/gl/clock")
def clock(live, request):
    """Where the song is now."""
    return live.transport.state()


@command("/gl/play")
def play(live, request):
    """The transport started from its start."""
    live.song.start_playing()
    return []


@command("/gl/continue")
def go_on(live, request):
    """The transport started from where it was stopped."""
    live.song.continue_playing()
    return []


@command("/gl/stop")
def stop(live, request):
    """The transport stopped, if it runs."""
    if live.song.is_playing:
        live.song.stop_playing()
    return []


@command("/gl/tempo", "bpm:float", writes=True)
def tempo(live, request, bpm, dry_run=False):
    """Another tempo."""
    within("bpm", bpm, 20.0, 999.0)
    while live.writing:
        yield
    if not dry_run and live.song.tempo != bpm:
        with live.undo_step():
            live.song.tempo = bpm
    return [live.song.tempo]


@command("/gl/tracks")
def tracks(live, request):
    """For each track: index, id, name, kind, colour, the slots that play and that are fired, or -1."""
    rows = []
    for index, track in enumerate(live.song.tracks):
        kind = "group" if track.is_foldable else "midi" if track.has_midi_input else "audio"
        rows += [index, live.id_of(track), track.name, kind, -1 if track.color_index is None else track.color_index]
        # A group has neither.
        rows += [-1, -1] if kind == "group" else [track.playing_slot_index, track.fired_slot_index]
    return rows


@command("/gl/scenes")
def scenes(live, request):
    """For each scene: index, id, name."""
    rows = []
    for index, scene in enumerate(live.song.scenes):
        rows += [index, live.id_of(scene), scene.name]
    return rows


@command("/gl/panic")
def panic(live, request):
    """Groovelive's clips stopped at once, its swaps called off; whatever else plays goes on."""
    live.swaps.clear("panic")
    stopped = 0
    for track in live.song.tracks:
        if track.is_foldable:
            continue
        slots = list(track.clip_slots)
        for index in (track.playing_slot_index, track.fired_slot_index):
            if 0 <= index < len(slots) and slots[index].has_clip and live.marks.ours(slots[index].clip):
                track.stop_all_clips(False)
                stopped += 1
                break
    return [stopped]
