"""Clips of Ableton Live that drummers follow: watched, and read anew when somebody changes them."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from ..ableton_live import ClipNotes, LiveError
from ..ableton_live.base import ClipInLive, SetInLive
from ..errors import GrooveError
from ..score.edits import Edit, FromLive, of_groove
from .clip_targets import Do, Place
from .editor import Editor

BY = "ableton"


class Where(NamedTuple):
    """Which clip of which Live."""

    place: Place
    track: int | str
    slot: int | str


def where(value: FromLive) -> Where:
    """Return which clip a source is."""
    return Where((value.host, value.port), value.track, value.slot)


class ClipWatcher:
    """Watches the clips that sources name.

    Args:
        editor: takes the new rhythms.
        set_at: the connection with a Live, made if need be; called in a thread.
        tell: takes a sentence, from any thread.
        do: has a job done in a thread: `JobWorker.do`.
    """

    def __init__(
        self, editor: Editor, set_at: Callable[[Place], SetInLive], tell: Callable[[str], None], do: Do
    ) -> None:
        self._editor, self._set_at, self._tell, self._do = editor, set_at, tell, do
        self._watched: set[Where] = set()
        self._read: queue.SimpleQueue[tuple[Where, ClipNotes]] = queue.SimpleQueue()

    def edited(self, edit: Edit) -> None:
        """Take notice of an edit: the clip that it may name is watched from now on."""
        if not isinstance(edit.value, FromLive) or where(edit.value) in self._watched:
            return
        place = where(edit.value)
        self._watched.add(place)

        def then(answer: None, error: GrooveError | None) -> None:
            if error is not None:
                self._watched.discard(place)
                self._tell(f"{edit.drummer} follows the clip as it was read, which is not watched: {error}")

        self._do(lambda: self._watch(place), then)

    def _watch(self, place: Where) -> None:
        clip = self._set_at(place.place).clip(place.track, place.slot)
        clip.watch(lambda changed: self._changed(place, clip))
        self._changed(place, clip)  # it may have changed since it was read

    def _changed(self, place: Where, clip: ClipInLive) -> None:
        try:
            self._read.put((place, clip.read()))
        except LiveError as error:
            self._tell(f"what is followed in Live cannot be read ({error}); the drums go on as they were")

    def look(self) -> None:
        """Let drummers hear what has changed."""
        while not self._read.empty():
            place, notes = self._read.get()
            score = self._editor.score
            for drummer in score.drummers:
                line, tap = self._editor.next_loop(drummer), notes.tap(None)
                held = score.edit(drummer, "source", line)
                later = [edit for edit in score.lane(drummer, "source") if edit.beat > line and score.counts(edit)]
                for edit in later if held is None else [held, *later]:
                    value = edit.value
                    if isinstance(value, FromLive) and where(value) == place:
                        changed = msgspec.structs.replace(value, notes=of_groove(tap), steps=tap.steps)
                        self._editor.reread(edit, changed, BY)
