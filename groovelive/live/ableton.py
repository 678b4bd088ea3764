"""Ableton Live as a performer sees it: `live.ableton`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..ableton_live import ClipNotes, LiveClip, LiveError, LiveNote, LiveSet, notes_of
from ..ableton_live.abletonosc.clip import OscClip
from ..ableton_live.abletonosc.live_set import OscSet
from ..ableton_live.connect import connect_as
from ..ableton_live.loops import notes_in
from ..errors import GrooveError
from ..grooves.groove import Groove
from ..score.clocks import AbletonTransport
from ..score.edits import FromLive, of_groove
from ..score.inputs import Player
from .clip import Clip
from .inputs import player_of
from .targets import ableton_place
from .transport import TransportControls

Music = Groove | Clip


def connect(live: TransportControls, place: str | None = None) -> AbletonLive | AbletonOsc:
    """Return the set that is open in Live, for a session: by way of GrooveLive, or else of AbletonOSC.

    Raises:
        LinkDown: neither is there; the sentence says what to do.
    """
    found = connect_as(AbletonLive, AbletonOsc, *ableton_place(place), name=live.by)
    found.session = live
    if found.lacks:
        live.tell(found.lacks)
    return found


def _source(clip: Any, notes: ClipNotes, host: str, port: int) -> FromLive:
    tap = notes.tap(None)
    return FromLive(
        notes=of_groove(tap), steps=tap.steps, track=clip.track, slot=clip.slot, host=host, port=port,
        instrument=clip.instrument,
    )  # fmt: skip


class AbletonClip(LiveClip):
    """A slot of a track in Live; `d1 >> live.ableton.clip("Bass", 0)` follows the rhythm of the clip in it."""

    instrument: Player = ""  # who plays it

    def as_source(self) -> FromLive:
        """Return its rhythm as a drummer follows it: whoever changes the clip is heard from the next loop on.

        Raises:
            LiveError: there is no clip.
        """
        return _source(self, self.read(), *self.live.link.where)


class AbletonOscClip(OscClip):
    """The same by way of AbletonOSC."""

    instrument: Player = ""

    def as_source(self) -> FromLive:
        """Return its rhythm as a drummer follows it; changes are not heard: one program alone hears AbletonOSC."""
        return _source(self, self.read(), *ableton_place())


def _played(music: Music, pads: tuple[int | None, ...]) -> tuple[list[LiveNote], float]:
    """Return the notes of music for a clip, and how long that is, in beats."""
    if isinstance(music, Groove):
        return notes_of(music, pads), music.steps / 4
    if not isinstance(music, Clip):
        raise GrooveError(f"a Groove or a Clip, as live.last(8), can be left in Live; not {music!r}")
    beats = music.end - music.begin
    return notes_in(music.events, music.begin, beats, pads, music.score.tempo.bpm(music.begin)), beats


class _Shown:
    """What both ways have: a line that says where Live is, its transport, and music that is left there."""

    session: TransportControls

    def as_clock(self) -> AbletonTransport:
        """Return its transport as a clock: `live.follow(live.ableton)` is the same as `follow_transport()`."""
        host, port = ableton_place()
        return AbletonTransport(host=host, port=port)

    def follow_transport(self) -> None:
        """Let Live lead: the session takes its tempo, lies bar line on bar line, starts and stops with it."""
        self.session.follow(self.as_clock())

    def lead_transport(self, on: bool = True) -> None:
        """Let the session lead: Live takes its tempo and bar lines, starts and stops with it; with `on=False` no more.

        Raises:
            GrooveError: AbletonOSC cannot do that.
        """
        self.session.lead(self.as_clock(), on)

    def __repr__(self) -> str:
        here: Any = self
        try:
            names = ", ".join(track.name for track in here.tracks() if track.kind == "midi")
        except LiveError as error:
            return f"Ableton Live: {error}"
        here.clock.known.wait(0.5)
        state = here.clock.state
        where = "" if state is None else f", {state.bpm:g} bpm{'' if state.playing else ', stopped'}"
        return f"Ableton Live {here.hello.live}{where}; MIDI tracks: {names or 'none'}"

    def put(self, music: Music, track: int | str, slot: int | None = None, *, name: str = "", **shape: Any) -> Any:
        """Leave music as a clip: a Groove, or a Clip of what was played, with its exact times.

        Args:
            track: its name, or its index.
            slot: its index; by default the next empty one.
            name: of the clip; the mark is added.
            shape: as of `LiveClip.replace`: colour, force, …

        Returns:
            The clip, so that `.fire()` launches it.

        Raises:
            LiveError: the track or the slot is not there, or holds a clip that is not groovelive's; nothing changes.
        """
        here: Any = self
        notes, beats = _played(music, here.pad_notes(track))
        shape = {"length": beats, "name": name or "groove", **shape}
        if slot is None:
            return here.new_clip(track, notes, **shape)
        clip = here.clip(track, slot)
        clip.replace(notes, **shape)
        return clip


class AbletonLive(_Shown, LiveSet):
    """The set that is open in Ableton Live; `live.ableton` is it, and connects when it is first used.

    Besides what is here it has all that a `groovelive.ableton_live.LiveSet` has. Only clips that groovelive
    wrote, whose names end with " [gl]", are ever changed, unless `force` says so; each change is one undo step.

        live.ableton                                   # one honest line
        live.ableton.put(live.last(2), "Drums")        # what was just played, in the next empty slot
        live.ableton.clip("Drums", 3).replace(Groove.parse("bd*4, hh*8"), name="three")
        d1.out = ableton("Drums", slots=(0, 1))        # from now on each new loop is a clip, launched on the line
        d1 >> live.ableton.clip("Bass", 0, instrument="bass")   # play to the bass, and to what is changed in it
    """

    def clip(self, track: int | str, slot: int | str, *, instrument: Player = "") -> AbletonClip:
        """Return a slot and the clip in it: to read, to write, to watch, to launch, or for a drummer to follow.

        Args:
            track, slot: names, or indices from 0.
            instrument: who plays it, for a drummer that follows it: "bass", "guitar", "piano", "drums" or "any".
        """
        clip = AbletonClip(self, track, slot)
        clip.instrument = player_of(instrument)
        return clip

    def arrange(
        self, track: int | str, start: float, notes: Music | Iterable[LiveNote], **options: Any
    ) -> tuple[float, float]:
        """Leave music as a clip in the Arrangement, from a beat on; return its start and end. See `LiveSet.arrange`."""
        if isinstance(notes, Clip):
            options = {"name": "groove", **options}
            notes, options["length"] = _played(notes, self.pad_notes(track))
        return super().arrange(track, start, notes, **options)


class AbletonOsc(_Shown, OscSet):
    """The same by way of AbletonOSC; `groovelive.ableton_live.abletonosc.live_set` says what it lacks."""

    def clip(self, track: int | str, slot: int | str, *, instrument: Player = "") -> AbletonOscClip:
        """Return a slot and the clip in it; `instrument` is who plays it, for a drummer that follows it."""
        clip = AbletonOscClip(self, track, slot)
        clip.instrument = player_of(instrument)
        return clip
