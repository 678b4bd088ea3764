"""What comes by OSC, done in the conductor's loop; and news for those who want them."""

from __future__ import annotations

import math
import time
from typing import Protocol

import msgspec

from ... import __version__
from ...errors import GrooveError
from ...grooves.grid import STEPS_PER_BAR
from ...osc_messages.codec import Argument, Double
from ...protocol import session as messages
from ...protocol.base import EngineError, Failure, Reply
from ...protocol.session import Draft
from ...score.controls import CONTROLS, SESSION_CONTROLS
from ...score.edit_log import SESSION
from ...score.edits import BEATS_PER_BAR, STEP, Edit, Line, Point, Walk
from ...score.events import events
from ...score.rhythms import LOOP, LOOP_STEPS
from ...score.validation import check
from ..editor import Editor
from ..members import Members
from ..server import LocalCaller
from ..tempo_sync import Tempo
from ..transport import Transport
from .names import OscNames
from .requests import (
    ClockReading,
    Get,
    Greeting,
    LeadTempo,
    Names,
    PatternOf,
    Phase,
    Subscribe,
    WalkTo,
)
from .server import Asked, OscClient, OscServer
from .values import argument

VERSION = 1
PART = 100  # hits of a message
NEWS = 60.0  # seconds that news are sent for after they were asked for
_SUBSCRIBERS = 64
_BUDGET = 0.002  # seconds of one turn of the loop
_RATE, _BURST = 100.0, 200.0  # changes a second, and at once
_UNHEARD = ("scene", "quantum", "response", "out", "bpm", "each_bar")  # they change no pattern of themselves


class OscHost(Protocol):
    """What is needed of the conductor."""

    editor: Editor
    transport: Transport

    def ask(self, caller: LocalCaller, request: messages.AnyRequest) -> None:
        """Have a request done that clients on ZeroMQ can make as well."""


class OscHandlers:
    """Answers each call with one message, and tells subscribers what happens.

    Args:
        host: the conductor.
        server: where the calls come from, and the answers go.
        tempo: who leads.
        members: who takes part.
    """

    def __init__(self, host: OscHost, server: OscServer, tempo: Tempo, members: Members) -> None:
        self._host, self._server, self._tempo = host, server, tempo
        self._names = OscNames(members)
        self._subscribers: dict[OscClient, float] = {}
        self._versions: dict[str, int] = {}
        self._changed: set[str] = set()
        self._tokens, self._filled = _BURST, time.monotonic()
        for edit in host.editor.score.edits:
            self.edited(edit)
        self._changed.clear()

    def turn(self) -> None:
        """Do what was asked for, as far as there is time, and tell what has changed."""
        stop = time.monotonic() + _BUDGET
        for peer in self._server.gone():
            self._subscribers.pop(peer, None)
            self._tempo.left(peer)
            self._names.left(peer)
        while time.monotonic() < stop and (asked := self._server.take()) is not None:
            self._do(asked)
        self._names.turn()
        if self._changed:
            for name in sorted(self._changed):
                self._tell("/gl/changed", name, self._versions[name])
            self._changed.clear()

    def _do(self, asked: Asked) -> None:
        peer, id = asked.peer, asked.call.id
        self._names.heard(peer)
        try:
            self._answer(asked)
        except GrooveError as error:
            self._refuse(peer, id, error)
        except Exception as error:  # nothing that comes from outside may stop the music
            self._refuse(peer, id, GrooveError(f"the conductor failed at this: {type(error).__name__}: {error}"))

    def _refuse(self, peer: OscClient, id: int, error: GrooveError) -> None:
        self._server.send(peer, "/gl/error", id, str(error), getattr(error, "field", ""))

    def _done(self, peer: OscClient, id: int, beat: float | None = None) -> None:
        if id:
            self._server.send(peer, "/gl/done", id, Double(self._host.transport.beat() if beat is None else beat))

    def _answer(self, asked: Asked) -> None:
        peer, id, request = asked.peer, asked.call.id, asked.call.asked
        send, score, model = self._server.send, self._host.editor.score, self._host.editor.model
        match request:
            case (
                messages.Write()
                | messages.Undo()
                | messages.SceneRequest()
                | messages.HushRequest()
                | messages.ResetRequest()
                | messages.PanicRequest()
            ):
                if asked.call.key is None:
                    self._pay()
                undoes = isinstance(request, messages.Undo)
                by = self._names.undoing(peer) if undoes else self._names.doing(peer)
                self._host.ask(self._local_caller(peer, id), msgspec.structs.replace(request, by=by))
            case Greeting(_, wish):
                said = (self._names.hello(peer, wish),) if wish else ()
                beat = self._host.transport.beat()
                bpm, playing = score.tempo.bpm(beat), self._host.transport.playing
                send(
                    peer, "/gl/hello", id, VERSION, f"groovelive {__version__}", bpm, Double(beat), int(playing), *said
                )
            case PatternOf(drummer, bar):
                self._pattern(peer, id, drummer, bar)
            case Get(drummer, path):
                send(peer, "/gl/value", id, self._value(drummer, path))
            case Names("drummers"):
                send(peer, "/gl/names", id, *score.drummers)
            case Names(of):
                if model is None:
                    raise GrooveError(f"the engine is not there yet, so its {of} are not known; try again in a second")
                send(peer, "/gl/names", id, *(model.genres if of == "genres" else model.presets))
            case Subscribe(on):
                self._subscribe(peer, on)
                self._done(peer, id)
            case WalkTo():
                self._pay()
                self._walk(peer, id, request)
            case LeadTempo(on):
                self._tempo.lead(peer, on)
                self._done(peer, id)
            case ClockReading(beat, bpm, ago):
                self._tempo.heard(peer, beat, bpm, asked.at / 1e9 - ago)
                self._done(peer, id)
            case Phase():
                send(peer, "/gl/phase", id, Double(self._tempo.milliseconds()))

    def _pay(self) -> None:
        """Take a token for a change; what is changed is remembered for good, so that there must not be too many."""
        now = time.monotonic()
        self._tokens = min(_BURST, self._tokens + (now - self._filled) * _RATE)
        self._filled = now
        if self._tokens < 1:
            raise GrooveError(f"more than {_RATE:g} changes a second are too many; a fader sends with id 0")
        self._tokens -= 1

    def _local_caller(self, peer: OscClient, id: int) -> LocalCaller:
        def hear(reply: Reply) -> None:
            if isinstance(reply, Failure):
                self._refuse(peer, id, reply.error())
            else:
                edits = reply.edits if isinstance(reply, messages.WrittenEdits) else ()
                self._done(peer, id, edits[0].beat if edits else None)
                if isinstance(reply, messages.SaidEdits) and peer in self._subscribers:
                    self._server.send(peer, "/gl/told", reply.said)

        return LocalCaller(hear)

    def _walk(self, peer: OscClient, id: int, request: WalkTo) -> None:
        """Look up where the drummer is, then let it walk from there."""

        def hear(reply: Reply) -> None:
            if not isinstance(reply, messages.Located):
                self._local_caller(peer, id).hear(reply)
                return
            here = Point(z=reply.z.numpy("z").astype("<f4").tobytes())
            way = Walk(points=(here, Point(name=request.point)), bars=request.bars)
            drafts = (Draft("source", way, request.drummer),)
            self._host.ask(
                self._local_caller(peer, id),
                messages.Write(edits=drafts, when=request.when, by=self._names.doing(peer)),
            )

        self._host.ask(LocalCaller(hear), messages.Locate(drummer=request.drummer))

    # What is asked for

    def _known(self, drummer: str) -> str:
        drummers = self._host.editor.score.drummers
        if drummer not in drummers:
            there = f"there are {', '.join(drummers)}" if drummers else "there is none yet"
            raise EngineError("OUT_OF_RANGE", f"there is no drummer {drummer!r}; {there}", "drummer")
        return drummer

    def _pattern(self, peer: OscClient, id: int, drummer: str, bar: int) -> None:
        score, beat = self._host.editor.score, self._host.transport.beat()
        name = self._known(drummer)
        if bar:
            first = bar - 1
        else:
            now = int(beat // BEATS_PER_BAR)
            first = now - (now - score.origin(beat)) % LOOP
        start = float(first * BEATS_PER_BAR)
        hits: list[tuple[int, int, float, float]] = []
        for event in events(score, start, start + LOOP * BEATS_PER_BAR, (name,)):
            position = event.beat / STEP - first * STEPS_PER_BAR
            position += event.nudge * score.tempo.bpm(event.beat) / 60 / STEP
            step = event.step - first * STEPS_PER_BAR
            if not -0.5 <= position - step < 1:
                step = min(max(math.floor(position + 0.5), 0), LOOP_STEPS - 1)
            hits.append((step, event.voice, event.velocity, min(max(position - step, -0.5), 1.0)))
        parts = max(-(-len(hits) // PART), 1)
        version = self._versions.get(name, 0)
        for part in range(parts):
            flat: list[Argument] = []
            for step, voice, velocity, offset in hits[part * PART : (part + 1) * PART]:
                flat += (step, voice, float(velocity), float(offset), 1.0)
            bpm = score.tempo.bpm(start)
            self._server.send(peer, "/gl/pattern", id, part, parts, first + 1, bpm, LOOP_STEPS, version, *flat)

    def _value(self, drummer: str, path: str) -> Argument:
        editor, beat = self._host.editor, self._host.transport.beat()
        if not drummer and path == "playing":
            return self._host.transport.playing
        name, value = check(drummer, path, None, editor.model)[0], None
        control = (CONTROLS if drummer else SESSION_CONTROLS)[name.partition(".")[0]]
        if drummer:
            self._known(drummer)
        if control.kind in ("number", "whole"):
            value = editor.score.number(drummer or SESSION, name, beat, control.default)
        else:
            value = editor.score.value(drummer or SESSION, name, beat)
        if value is None:
            declared = editor.model.controls.get(name) if editor.model is not None else None
            value = control.default if declared is None or control.default is not None else declared.default
        if isinstance(value, Line):
            value = value.end
        return argument(value)

    # News

    def _subscribe(self, peer: OscClient, on: bool) -> None:
        now = time.monotonic()
        self._subscribers = {p: until for p, until in self._subscribers.items() if until > now}
        if not on:
            self._subscribers.pop(peer, None)
        elif peer not in self._subscribers and len(self._subscribers) >= _SUBSCRIBERS:
            raise GrooveError(f"{_SUBSCRIBERS} programs hear the news already")
        else:
            self._subscribers[peer] = now + NEWS

    def _tell(self, address: str, *arguments: Argument) -> None:
        now = time.monotonic()
        for peer, until in list(self._subscribers.items()):
            if until < now:
                del self._subscribers[peer]
            else:
                self._server.send(peer, address, *arguments)

    def bar(self, number: int) -> None:
        """Tell that a bar (from 0) has begun."""
        if self._subscribers:
            beat, transport = float(number * BEATS_PER_BAR), self._host.transport
            bpm = self._host.editor.score.tempo.bpm(beat)
            self._tell("/gl/bar", Double(beat), bpm, Double((transport.now() - transport.ns(beat)) / 1e9))

    def told(self, sentence: str) -> None:
        """Tell a sentence."""
        self._tell("/gl/told", sentence)

    def edited(self, edit: Edit) -> None:
        """Take notice of an edit: the patterns that it changes have another version."""
        if edit.path in _UNHEARD:
            return
        score = self._host.editor.score
        names = {edit.drummer}
        if edit.path in ("undo", "redo"):
            assert isinstance(edit.value, int)
            names = {one.drummer for one in score.group(edit.value)}
        for name in score.drummers if SESSION in names else names:
            self._versions[name] = self._versions.get(name, 0) + 1
            self._changed.add(name)
