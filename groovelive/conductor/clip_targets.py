"""Ableton targets: loops as clips in Live, each written into the slot that does not play and launched on its line."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from ..ableton_live import (
    Guarded,
    Launched,
    LinkDown,
    LiveError,
    LiveNote,
    Lost,
    Moved,
    Swapped,
    thin,
)
from ..ableton_live.base import SetInLive
from ..ableton_live.connect import connect
from ..ableton_live.connection import LinkState
from ..ableton_live.loops import Floats, notes_in, unsure
from ..ableton_live.notes import digest
from ..errors import GrooveError
from ..score.edits import BEATS_PER_BAR, STEP
from ..score.events import events
from ..score.queries import Wish, described, informed
from ..score.score import Score
from ..score.targets import Ableton, name_of
from .transport import Transport

_FIRST = 1.5  # beats before a line, or _SOONEST seconds if that is more, from which its loop is written
_SOONEST = 0.7
_LAST = 0.2  # seconds before a line from which nothing is written any more: Live wants 0.15
_COLOURS = 70  # of Live's palette

Place = tuple[str, int]
Pads = tuple[int | None, ...]
Chances = Callable[[Wish], Floats]
Do = Callable[..., None]


def clips_of(score: Score, drummer: str, beat: float) -> tuple[Ableton, ...]:
    """Return the Ableton targets of a drummer at a beat."""
    outs = score.outs(drummer, beat)
    return tuple(target for target in outs.targets if isinstance(target, Ableton)) if outs is not None else ()


@dataclass(slots=True)
class _Part:
    """What is known of a pair of slots."""

    line: float = -1.0  # beat of the loop that was looked at last
    seen: tuple[float, int] = (-1.0, -1)  # that, and how many edits there were
    asked: str = ""  # the hash of what was sent last
    plays: str = ""  # and of what was launched last
    begun: bool = False
    swap: int = 0
    notes: list[LiveNote] = field(default_factory=list)
    shape: dict[str, Any] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)  # that were told
    sent: int = 0


class ClipTargets:
    """Writes what drummers play into Live's clips, loop by loop.

    Args:
        score: what is played.
        transport: when.
        tell: takes a sentence, from any thread.
        do: has a job done in a thread: `JobWorker.do`.
        ask: the same, in the one that asks the engine.
        chances: asks it for the probabilities of a wish.
    """

    def __init__(
        self, score: Score, transport: Transport, tell: Callable[[str], None], do: Do, ask: Do, chances: Chances
    ) -> None:
        self._score, self._transport, self._tell = score, transport, tell
        self._do, self._ask, self._chances = do, ask, chances
        self._sets: dict[Place, SetInLive] = {}
        self._parts: dict[Ableton, _Part] = {}
        self._pads: dict[tuple[Place, int | str], Pads] = {}

    # Live

    def set_at(self, place: Place) -> SetInLive:
        """Return the connection with the Live at a place, which is made if need be; called in a thread.

        Raises:
            GrooveError: it is not there.
        """
        if place not in self._sets:
            live = connect(*place)
            if live.lacks:
                self._tell(live.lacks)
            live.on_swap(self._heard)
            live.on_state(lambda state: self._state(place, state))
            _ = live.clock  # from now on
            self._sets[place] = live
        return self._sets[place]

    def open(self, target: Ableton) -> None:
        """See whether a target can be played into; called in a thread.

        Raises:
            GrooveError: Live, the track or a slot is not there, or not groovelive's.
        """
        place = target.host, target.port
        live = self.set_at(place)
        if target.slots[0] == target.slots[1]:
            raise GrooveError("an ableton target has a pair of slots, as slots=(0, 1), not one twice")
        try:
            live.swap(target.track, *target.slots, [], dry_run=True, length=float(target.bars * BEATS_PER_BAR))
        except Guarded as error:
            what = str(error).partition(": take")[0]
            raise GrooveError(f"{what}: choose other slots, as ableton({target.track!r}, slots=(4, 5))") from None
        self._pads[place, target.track] = live.pads(target.track).notes

    def known(self, target: Ableton) -> bool:
        """Return whether a target was opened."""
        return ((target.host, target.port), target.track) in self._pads

    def _state(self, place: Place, state: LinkState) -> None:
        if state.up:
            self._tell("Ableton Live is back, and its clips are written again")
            for target, part in self._parts.items():
                if (target.host, target.port) == place:
                    part.asked = part.plays = ""  # it may be another set
                    part.seen = -1.0, -1
            self._do(lambda: self._read_pads(place), lambda answer, error: None)
        else:
            self._tell(f"Ableton Live has gone ({state.why}); the session goes on, and so does what Live plays")

    def _read_pads(self, place: Place) -> None:
        for at, track in list(self._pads):
            if at == place:
                with contextlib.suppress(LiveError):
                    self._pads[at, track] = self._sets[place].pads(track).notes

    # Loops

    def look(self) -> None:
        """Write the loops whose lines are near, and anew if they have changed since."""
        if not self._sets or self._transport.stopped is not None:
            return
        beat, edits = self._transport.beat(), len(self._score.edits)
        bpm = self._score.tempo.bpm(beat)
        ahead = max(_FIRST, _SOONEST * bpm / 60)
        for target in self._in_use(beat):
            beats = float(target.bars * BEATS_PER_BAR)
            line = (math.floor(beat / beats) + 1) * beats
            if not _LAST * bpm / 60 <= line - beat <= ahead:
                continue
            part = self._parts.setdefault(target, _Part())
            if part.seen != (line, edits):
                part.seen = line, edits
                self._plan(target, part, line, beats)

    def _in_use(self, beat: float) -> dict[Ableton, None]:
        """Return the targets that drummers have, or had: of those that nobody has any more the clip falls silent."""
        soon = beat + BEATS_PER_BAR
        now = [target for name in self._score.drummers for target in clips_of(self._score, name, soon)]
        return dict.fromkeys((*self._parts, *(target for target in now if self.known(target))))

    def _plan(self, target: Ableton, part: _Part, line: float, beats: float) -> None:
        names = tuple(n for n in self._score.drummers if target in clips_of(self._score, n, line))
        found = events(self._score, line, line + beats, names) if names else []
        pads = self._pads[(target.host, target.port), target.track]
        bpm = self._score.tempo.bpm(line)
        bar = int(line // BEATS_PER_BAR)
        wishes = {name: described(self._score, name, bar, line) for name in names if target.chances}
        asked = {n: informed(self._score, n, wanted, bar) for n, wanted in wishes.items() if wanted is not None}
        if not found or not asked:
            self._send(target, part, line, names, notes_in(found, line, beats, pads, bpm))
            return

        def then(answer: dict[str, Floats] | None, error: GrooveError | None) -> None:
            if part.seen[0] != line:
                return  # too late for that
            notes = []
            for name in names:
                own = [event for event in found if event.drummer == name]
                chances = (answer or {}).get(name)
                if chances is None:
                    notes += notes_in(own, line, beats, pads, bpm)
                else:
                    notes += unsure(own, line, beats, pads, chances)
            self._send(target, part, line, names, thin(notes))

        self._ask(lambda: {name: self._chances(wanted) for name, wanted in asked.items()}, then)

    def _send(self, target: Ableton, part: _Part, line: float, names: tuple[str, ...], notes: list[LiveNote]) -> None:
        key = digest(notes)
        new_line, part.line = line != part.line, line
        if key == part.asked or (new_line and key == part.plays):
            return
        if not notes and not part.begun:
            return  # nothing was ever played
        part.begun = True
        live = self._sets[target.host, target.port]
        genres = [self._genre(name, line) for name in names]
        seeds = "+".join(f"{self._score.number(name, 'seed', line, 0):g}" for name in names)
        part.notes, part.asked = notes, key
        part.shape = {
            "name": f"{'+'.join(names)} {'+'.join(dict.fromkeys(genres))} {seeds}".strip() or "silent",
            "colour": crc32("".join(genres[:1]).encode()) % _COLOURS,
            "length": float(target.bars * BEATS_PER_BAR), "looping": True,
        }  # fmt: skip
        asked = self._swap(live, target, notes, self._line(live, line), part.shape)
        asked.add_done_callback(lambda answer: self._asked(target, part, key, answer))

    def _swap(
        self, live: SetInLive, target: Ableton, notes: list[LiveNote], line: float | None, shape: dict[str, Any]
    ) -> Future[Swapped]:
        try:
            return live.swap_soon(target.track, *target.slots, notes, line=line, **shape)
        except GrooveError as error:  # it is away just now
            asked: Future[Swapped] = Future()
            asked.set_exception(error)
            return asked

    def _genre(self, drummer: str, beat: float) -> str:
        weights = self._score.weights(drummer, "genre", beat)
        return max(weights, key=lambda pair: pair[1])[0] if weights else "any"

    def _line(self, live: SetInLive, line: float) -> float | None:
        """Return Live's beat at a line of ours, where its bar line is there too; else None: the next that it has."""
        state = live.clock.state
        if state is None or not state.playing:
            return None
        bar = 4.0 * state.numerator / state.denominator
        at = live.clock.beat(self._transport.ns(line) / 1e9)
        near = round(at / bar) * bar
        return float(near) if abs(at - near) < STEP else None

    # What becomes of it, told in threads of the link

    def _asked(self, target: Ableton, part: _Part, key: str, answer: Future[Swapped]) -> None:
        error = answer.exception()
        if error is None:
            part.swap, part.faults = answer.result().id, set()
            return
        if part.asked == key:
            part.asked = ""  # tried again at the next line
        if str(error) not in part.faults and not isinstance(error, LinkDown):
            part.faults.add(str(error))
            self._tell(f"{name_of(target)}: {error}")

    def _heard(self, news: Launched | Moved | Lost) -> None:
        for target, part in list(self._parts.items()):
            if part.swap != news.id:
                continue
            if isinstance(news, Launched):
                part.plays, part.sent = part.asked, part.sent + 1
                if target.history and part.notes:
                    self._keep(target, part.notes, dict(part.shape))
            elif isinstance(news, Moved):
                self._tell(f"{name_of(target)} could not make its line, and comes in at beat {news.line:g} of Live")
            else:
                part.asked = part.plays = ""
                self._tell(f"{name_of(target)}: {news.why}")

    def _keep(self, target: Ableton, notes: list[LiveNote], shape: dict[str, Any]) -> None:
        def then(answer: Any, error: GrooveError | None) -> None:
            if error is not None:
                self._tell(f"a clip of the history was not left: {error}")

        live, below = self._sets[target.host, target.port], max(target.slots)
        self._do(lambda: live.new_clip(target.track, notes, after=below, grow=True, **shape), then)

    def sent(self, target: Ableton) -> int:
        """Return how many clips were launched for a target."""
        return self._parts[target].sent if target in self._parts else 0

    def panic(self) -> None:
        """Stop all clips at once."""
        for part in self._parts.values():
            part.asked = part.plays = ""
        for live in list(self._sets.values()):
            self._do(live.panic, lambda answer, error: None)

    def end(self) -> None:
        """End the connections; what plays in Live plays on."""
        for live in self._sets.values():
            live.close()
        self._sets.clear()
