"""Ableton Live as a performer sees it: `live.ableton`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import GrooveError
from ..hvo import Groove
from ..liveset import Link, LiveClip, LiveError, LiveNote, LiveSet, notes_of
from ..liveset.playing import notes_in
from ..timeline.edits import FromLive, of_groove
from .clip import Clip
from .targets import ableton_place

if TYPE_CHECKING:
    from .live import Live

Music = Groove | Clip


class AbletonClip(LiveClip):
    """A slot of a track in Live; `d1 >> live.ableton.clip("Bass", 0)` follows the rhythm of the clip in it."""

    def as_source(self) -> FromLive:
        """Return its rhythm as a drummer follows it: whoever changes the clip is heard from the next loop on.

        Raises:
            LiveError: there is no clip.
        """
        tap = self.read().tap(None)
        host, port = self.live.link.where
        return FromLive(
            notes=of_groove(tap), steps=tap.steps, track=self.track, slot=self.slot, host=host, port=port
        )


class AbletonLive(LiveSet):
    """The set that is open in Ableton Live; `live.ableton` is it, and connects when it is first used.

    Besides what is here it has all that a `groovelive.liveset.LiveSet` has. Only clips that groovelive wrote, whose
    names end with " [gl]", are ever changed, unless `force` says so; each change is one undo step.

        live.ableton                                   # one honest line
        live.ableton.put(live.last(2), "Drums")        # what was just played, in the next empty slot
        live.ableton.clip("Drums", 3).replace(groove("x..x..x.").groove, name="three")
        d1.out = ableton("Drums", slots=(0, 1))        # from now on each new loop is a clip, launched on the line
        d1 >> live.ableton.clip("Bass", 0)             # follow the bass, and what is changed in it
        live.ableton.follow_transport()                # Live leads
    """

    def __init__(self, link: Link, live: Live | None = None) -> None:
        super().__init__(link)
        self._live = live

    @classmethod
    def of(cls, live: Live, place: str | None = None) -> AbletonLive:
        """Connect for a session.

        Raises:
            LinkDown: Live, or the script in it, is not there.
        """
        found = cls.connect(*ableton_place(place), name=live.by)
        found._live = live
        return found

    def __repr__(self) -> str:
        try:
            names = ", ".join(track.name for track in self.tracks() if track.kind == "midi")
        except LiveError as error:
            return f"Ableton Live: {error}"
        self.clock.known.wait(0.5)
        state = self.clock.state
        where = "" if state is None else f", {state.bpm:g} bpm{'' if state.playing else ', stopped'}"
        return f"Ableton Live {self.hello.live} at {self.link.where[1]}{where}; MIDI tracks: {names or 'none'}"

    def clip(self, track: int | str, slot: int | str) -> AbletonClip:
        """Return a slot and the clip in it: to read, to write, to watch, to launch, or for a drummer to follow."""
        return AbletonClip(self, track, slot)

    def put(self, music: Music, track: int | str, slot: int | None = None, *, name: str = "", **shape: Any) -> LiveClip:
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
        notes, beats = self._notes(music, track)
        shape = {"length": beats, "name": name or "groove", **shape}
        if slot is None:
            return self.new_clip(track, notes, **shape)
        clip = self.clip(track, slot)
        clip.replace(notes, **shape)
        return clip

    def arrange(
        self, track: int | str, start: float, notes: Music | Iterable[LiveNote], **options: Any
    ) -> tuple[float, float]:
        """Leave music as a clip in the Arrangement, from a beat on; return its start and end. See `LiveSet.arrange`."""
        if isinstance(notes, Clip):
            options = {"name": "groove", **options}
            notes, options["length"] = self._notes(notes, track)
        return super().arrange(track, start, notes, **options)

    def _notes(self, music: Music, track: int | str) -> tuple[list[LiveNote], float]:
        pads = self.pad_notes(track)
        if isinstance(music, Groove):
            return notes_of(music, pads), music.steps / 4
        if not isinstance(music, Clip):
            raise GrooveError(f"a Groove or a Clip, as live.last(8), can be left in Live; not {music!r}")
        beats = music.end - music.begin
        return notes_in(music.events, music.begin, beats, pads, music.score.tempo.bpm(music.begin)), beats
