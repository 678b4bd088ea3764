"""The conductor's process: one loop that hears clients, lets time pass, and hands notes to the outlets."""

from __future__ import annotations

import gc
import math
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import zmq

from ..engine import Client
from ..errors import GrooveError
from ..inputs import Inlets
from ..outputs import Counts, Outlets, audio_device
from ..protocol import session as messages
from ..protocol.base import Array, EngineError, type_of
from ..protocol.session import Draft, When
from ..runtime.curve import Curve
from ..runtime.realtime import claim
from ..score.clocks import name_of as clock_name
from ..score.edit_log import SESSION
from ..score.edits import BEATS_PER_BAR, Edit, Outs, bar_of, pack
from ..score.events import bar_notes
from ..score.queries import Spot, Wish
from ..score.targets import Ableton, AnyTarget, File, Synth, Unsent, name_of
from . import journal
from .clip_targets import Clips
from .clip_watcher import Watching
from .clock_requests import Clocks
from .editor import Desk
from .file_targets import Filing
from .generator import Fulfiller
from .jobs import Worker
from .midi_inputs import Playing
from .osc.handlers import OscDesk
from .osc.server import OscDoor
from .player import Player, ahead_of
from .recorder import Listening
from .server import Bell, Caller, Door, Visitor
from .tempo_sync import RESTART, Tempo
from .transport import Transport

_TURN = 3  # ms between two looks at what is due
_FIFO = 50  # below that of the outlets
_PATIENCE = 2.0  # seconds that the engine has for an answer
_GREETING = 0.2  # seconds between two tries to learn what the engine serves
_OWN_AT = 1.0  # beats into a bar, at which the performer's own code and autopilots are asked for the next


class Conductor:
    """Everything that the conductor's process does.

    Args:
        bind: address of its socket.
        curve: the keys, where others can reach it.
        engine: the address of the engine; by default that of this machine.
        recovered: a session that goes on.
        serve: the process that looks after this one, for the journal.
        osc_port: of the OSC door; 0: none. Where it is in use the conductor says so, and goes on.
        tell: called with a sentence.

    Raises:
        GrooveError: the address cannot be bound.
    """

    def __init__(
        self,
        bind: str,
        *,
        curve: Curve | None = None,
        engine: str | None = None,
        recovered: journal.Recovered | None = None,
        serve: int = 0,
        osc_port: int = 0,
        tell: Callable[[str], None] = lambda sentence: print("groovelive:", sentence, file=sys.stderr, flush=True),
    ) -> None:
        self._tell_outside = tell
        self.door = Door(bind, curve)
        self._bell = Bell(self.door.context)
        self.session = recovered.session if recovered else uuid.uuid4().hex[:12]
        self._sentences: list[str] = []
        self._client = Client(engine, timeout=_PATIENCE)
        self._fulfil = Fulfiller(lambda request: self._client.ask(request))
        self._outlets = Outlets(self._say_later)
        past = recovered.edits if recovered else []
        self.desk = Desk(self, past, self._publish)
        self.transport = Transport(self.desk.score)
        self.player = Player(self.desk.score, self.transport, self._outlets)
        self._journal = journal.Journal(journal.Header(journal.FORMAT, self.session, serve), past, self._say_later)
        self._asker, self._porter = Worker("engine", self._bell.ring), Worker("targets", self._bell.ring)
        self._filing = Filing(self.desk.score, self._say_later)
        self._clips = Clips(
            self.desk.score, self.transport, self._say_later, self._porter.do, self._asker.do, self._fulfil.chances
        )
        self._watching = Watching(self.desk, self._clips.set_at, self._say_later, self._porter.do)
        self._inlets = Inlets(self._say_later, self._bell.ring)
        self._playing = Playing(self, self._inlets, Listening(self.desk, self._say_later))
        self._asked: dict[str, tuple[int, Wish]] = {}
        self._engine, self._answer = "starting", 0.0
        self._failed: set[str] = set()
        self._bar = -1
        self._version: tuple[int, ...] = ()
        self._own_bar = -1
        self._faults: dict[AnyTarget, str] = {}
        self._opening: set[AnyTarget] = set()
        self._fifo = False
        self._greet_at = 0.0
        self._osc_door: OscDoor | None = None
        self._osc: OscDesk | None = None
        self._osc_fault = ""
        self._tempo = Tempo(self, self._say_later)
        self._clocks = Clocks(self._tempo, self._outlets, self._porter.do, self._journal.clocks)
        if osc_port:
            self._open_osc(osc_port)
        if recovered:
            self._recover(recovered)
        if audio_device():
            self._default_out()

    def _recover(self, recovered: journal.Recovered) -> None:
        tempo = self.desk.score.tempo
        beat = recovered.beat_now(lambda beat, seconds: tempo.beat(tempo.seconds(beat) + seconds))
        self.transport.anchor += time.monotonic_ns() - self.transport.ns(beat)
        self.player.skip(self.player.reach(SESSION))
        for name in self.desk.score.drummers:
            for target in self.player.targets(name, beat):
                self._open(target)
            source = self.desk.score.edit(name, "source", beat)
            if source is not None:
                self._watching.edited(source)
        if ports := self._playing.held():
            self._porter.do(lambda: self._playing.open(ports, wait=True), lambda _, error: self._say_if(error))
        self._clocks.recall(recovered.clocks, self._say_if)
        self._say(f"the session goes on at bar {bar_of(beat)}")

    def _open_osc(self, port: int) -> None:
        try:
            self._osc_door = OscDoor(port, self._bell.ring)
        except GrooveError as error:
            self._osc_fault = str(error)
            self._say_later(str(error))
            return
        self._osc = OscDesk(self, self._osc_door, self._tempo)

    # The desk's clock

    def beat(self) -> float:
        """Return where the transport is."""
        return self.transport.beat()

    def reach(self, drummer: str) -> float:
        """Return the first beat at which a drummer's notes can still be changed."""
        return self.player.reach(drummer)

    def line(self, drummer: str) -> float:
        """Return the first beat at which a line can still be met with all notes that sound before it."""
        return self.player.line(drummer)

    # The loop

    def run(self, stop: threading.Event, ready: Callable[[str], None] = lambda address: None) -> None:
        """Conduct until `stop` is set.

        Args:
            ready: called with the address once clients are heard.
        """
        poller = zmq.Poller()
        poller.register(self.door.socket, zmq.POLLIN)
        poller.register(self._bell.socket, zmq.POLLIN)
        sys.setswitchinterval(0.0005)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1000)
        self._fifo = claim(_FIFO)  # after the threads have begun: they stay ordinary
        ready(self.door.address)
        try:
            while not stop.is_set():
                self.turn(poller)
        finally:
            self.end()

    def turn(self, poller: zmq.Poller) -> None:
        """Wait for a moment, or for a request, and see to all that is due."""
        poller.poll(_TURN)
        self._bell.heard()
        for caller, request in self.door.requests():
            self.ask(caller, request)
        if self._osc is not None:
            self._osc.turn()
        self._tempo.turn()
        if time.monotonic() >= self._greet_at:
            self._greet()
        self._asker.take()
        self._porter.take()
        self._playing.turn()
        self._time_passes()
        self.player.turn()
        self._safely(self._clips.look)
        self._safely(self._watching.look)
        while self._sentences:
            self._say(self._sentences.pop(0))

    def _safely(self, look: Callable[[], None]) -> None:
        """Do what depends on a program outside: nothing of that may stop the music."""
        try:
            look()
        except Exception as error:
            sentence = f"Ableton Live: {type(error).__name__}: {error}"
            if sentence not in self._failed:
                self._failed.add(sentence)
                self._say_later(sentence)

    def _time_passes(self) -> None:
        beat = self.transport.beat()
        bar = int(beat // BEATS_PER_BAR)
        if bar != self._bar:
            self._bar = bar
            self._filing.look(beat)
            self.door.tell(messages.Tick(beat=beat, bpm=self.desk.score.tempo.bpm(beat)))
            if self._osc is not None:
                self._osc.bar(bar)
            self._journal.mark(beat, not self.transport.playing)
            self._version = ()
        version = (self.desk.score.version, bar, len(self._asked), self._playing.moment())
        if version != self._version:
            self._version = version
            self._plan()
        if bar != self._own_bar and beat - bar * BEATS_PER_BAR >= _OWN_AT:
            self._own_bar = bar
            self.desk.fly(bar + 1)
            self._want_own(bar + 1)

    def _plan(self) -> None:
        for drummer in self.desk.score.drummers:
            if drummer in self._asked:
                continue
            if self._playing.too_soon(drummer):
                self._version = ()  # it is looked at again
                continue
            due = self.desk.due(drummer)
            if due is not None:
                self._playing.asked(drummer)
                self._wish(drummer, due.bar, due.wish, due.at_once)

    def _wish(self, drummer: str, bar: int, wanted: Wish, at_once: bool) -> None:
        self._asked[drummer] = (bar, wanted)
        began = time.monotonic()

        def then(pattern: Any, error: GrooveError | None) -> None:
            self._asked.pop(drummer, None)
            if error is not None:
                self._engine_fault(error, drummer)
                return
            self._answer = 1000 * (time.monotonic() - began)
            self._engine_back()
            self.desk.given(drummer, bar, wanted, pattern, at_once)

        self._asker.do(lambda: self._fulfil(wanted), then)

    def _want_own(self, bar: int) -> None:
        beat = float(bar * BEATS_PER_BAR)
        for drummer in self.desk.score.drummers:
            if self.desk.score.value(drummer, "each_bar", beat):
                notes = pack(bar_notes(self.desk.score, drummer, bar, beat, own=False))
                self.door.tell(messages.Wanted(drummer=drummer, bar=bar + 1, beat=beat, notes=notes))

    # The engine

    def _greet(self) -> None:
        self._greet_at = math.inf

        def then(model: Any, error: GrooveError | None) -> None:
            if error is None and model is not None:
                self.desk.model = model
                self._engine_back()
            else:
                self._greet_at = time.monotonic() + _GREETING

        def hello() -> Any:
            reply = self._client.hello()
            return reply.models[0] if reply.models else None

        self._asker.do(hello, then)

    def _engine_fault(self, error: GrooveError, drummer: str) -> None:
        code = getattr(error, "code", "")
        if code in ("LATE", "NO_WORKER", "BUSY", "CANCELLED"):
            if self._engine == "ready":
                self._say(f"the engine does not answer ({error}); what plays goes on")
            self._engine = "gone"
        else:
            self._say(f"{drummer} plays on what it has: {error}")

    def _engine_back(self) -> None:
        if self._engine == "gone":
            self._say("the engine is back")
        self._engine = "ready"

    # Requests

    def ask(self, caller: Caller | Visitor, request: messages.AnyRequest) -> None:
        """Answer a request."""
        try:
            self._answer_to(caller, request)
        except GrooveError as error:
            self.door.refuse(caller, error)
        except Exception as error:
            self._tell_outside(f"a {type_of(request)} failed: {type(error).__name__}: {error}")
            self.door.refuse(caller, EngineError("INTERNAL", "the conductor failed at this; its output says more"))

    def _answer_to(self, caller: Caller | Visitor, request: messages.AnyRequest) -> None:
        reply = self.door.reply
        if isinstance(request, messages.Join):
            assert isinstance(caller, Caller)
            self.door.join(caller, request.by)
            reply(caller, self.state())
        elif isinstance(request, messages.Here):
            reply(caller, self.state())
        elif isinstance(request, messages.Leave):
            assert isinstance(caller, Caller)
            self.door.leave(caller)
            reply(caller, messages.Done())
        elif isinstance(request, messages.Log):
            reply(caller, self.desk.page(request.since))
        elif isinstance(request, messages.Write):
            self._write(caller, request)
        elif isinstance(request, messages.Undo):
            reply(caller, messages.WrittenEdits(edits=self.desk.undo(request)))
        elif isinstance(request, messages.SceneRequest):
            reply(caller, messages.WrittenEdits(edits=self.desk.scene(request)))
        elif isinstance(request, messages.Locate):
            self._locate(caller, request)
        elif isinstance(request, messages.Hands):
            self._playing.hands(request)
            reply(caller, messages.Done())
        elif isinstance(request, messages.Follow | messages.LeadRequest):
            self._clocks.ask(request, lambda error: self._answered(caller, error))
        elif isinstance(request, messages.Tap):
            edits = self._tempo.tap(request.by, time.monotonic() - request.ago, request.bar)
            reply(caller, messages.WrittenEdits(edits=edits))
        else:
            self._panic(caller, request)

    def _answered(self, caller: Caller | Visitor, error: GrooveError | None) -> None:
        if error is None:
            self.door.reply(caller, messages.Done())
        else:
            self.door.refuse(caller, error)

    def _write(self, caller: Caller | Visitor, request: messages.Write) -> None:
        self._tempo.check(request)
        if any(draft.path == "playing" and not draft.drummer for draft in request.edits):
            self.door.reply(caller, messages.WrittenEdits(edits=self._start_or_stop(request)))
            return
        targets = [t for draft in request.edits if isinstance(draft.value, Outs) for t in draft.value.targets]
        new = [t for t in targets if t not in self.player.sinks and not isinstance(t, Unsent)]
        live = [t for t in targets if isinstance(t, Ableton) and not self._clips.known(t)]
        ports = self._playing.unheard(draft.value for draft in request.edits)
        if not new and not live and not ports:
            self.door.reply(caller, messages.WrittenEdits(edits=self.desk.write(request)))
            return

        def then(sinks: Any, error: GrooveError | None) -> None:
            if error is not None:
                self.door.refuse(caller, error)
                return
            self.player.sinks.update(sinks)
            try:
                self.door.reply(caller, messages.WrittenEdits(edits=self.desk.write(request)))
            except GrooveError as problem:
                self.door.refuse(caller, problem)

        def open_all() -> dict[AnyTarget, int]:
            for target in live:
                self._clips.open(target)
            self._playing.open(ports)
            return {target: self._outlets.open(target) for target in new}

        self._porter.do(open_all, then)

    def _start_or_stop(self, request: messages.Write) -> tuple[Edit, ...]:
        if len(request.edits) != 1 or request.when.at not in ("now", "next"):
            raise GrooveError("the transport starts and stops now, and by an edit of its own")
        start = request.edits[0].value
        if start is self.transport.playing:
            raise GrooveError(f"the transport {'plays' if start else 'stands'} already")
        if start:
            assert self.transport.stopped is not None
            beat = math.ceil(self.transport.stopped / BEATS_PER_BAR) * float(BEATS_PER_BAR)
            return self.start(beat, request.by)
        return self.stop(request.by)

    def start(self, beat: float, by: str) -> tuple[Edit, ...]:
        """Let the transport run again, so that a beat is `RESTART` from now."""
        self.transport.start(beat, RESTART)
        self.player.skip(beat)
        at = Draft(path="playing", value=True, beat=max(beat, self.reach(SESSION)))
        edits = self.desk.write(messages.Write(edits=(at,), when=When("beat"), by=by))
        self.player.skip(beat)
        return edits

    def stop(self, by: str) -> tuple[Edit, ...]:
        """Let the transport stand from the first beat on that can still be changed."""
        draft = Draft(path="playing", value=False)
        edits = self.desk.write(messages.Write(edits=(draft,), when=When("now"), by=by))
        self.transport.stop(edits[0].beat)
        return edits

    def _locate(self, caller: Caller | Visitor, request: messages.Locate) -> None:
        if request.point is not None:
            spot = Spot(request.point.name, request.point.z)
            job: Callable[[], Any] = lambda: self._fulfil.latent(spot)  # noqa: E731
        else:
            wanted = self.desk.wish_now(request.drummer)
            job = lambda: self._fulfil.place(wanted)  # noqa: E731

        def then(z: Any, error: GrooveError | None) -> None:
            if error is not None:
                self.door.refuse(caller, error)
            else:
                self.door.reply(caller, messages.Located(z=Array.of(z)))

        self._asker.do(job, then)

    def _panic(self, caller: Caller | Visitor, request: messages.PanicRequest) -> None:
        self._outlets.panic()
        self._clips.panic()
        drafts = tuple(Draft(drummer=name, path="source") for name in self.desk.score.drummers)
        if drafts:
            self.desk.write(messages.Write(edits=drafts, when=When("now"), by=request.by))
        self.door.reply(caller, messages.Done())

    def state(self) -> messages.SessionState:
        """Return where the session is."""
        beat = self.transport.beat()
        counts = self._outlets.counts()
        outs = tuple(
            messages.OutState(
                name=name_of(target), ahead=ahead_of(target), late=count.late, dropped=count.dropped,
                sent=self._clips.sent(target) if isinstance(target, Ableton) else count.sent,
                fault=self._faults.get(target, ""),
            )
            for target in {t: None for n in (SESSION, *self.desk.score.drummers) for t in self.player.targets(n, beat)}
            for count in [counts.get(self.player.sinks.get(target, -1), Counts())]
        )  # fmt: skip
        return messages.SessionState(
            session=self.session, beat=beat, bpm=self.desk.score.tempo.bpm(beat), playing=self.transport.playing,
            edits=len(self.desk.score.edits), engine=self._engine, answer=self._answer, outs=outs,
            ins=self._playing.ins(), clients=self.door.clients, late=sum(c.late for c in counts.values()),
            dropped=sum(c.dropped for c in counts.values()), model=self.desk.model, fifo=self._fifo,
            osc=self._osc_fault if self._osc_door is None else f"127.0.0.1:{self._osc_door.port}",
            leader="" if self._tempo.leader is None else str(self._tempo.leader), phase=self._tempo.phase(),
            away=self._tempo.away, led=tuple(map(clock_name, self._tempo.led)),
        )  # fmt: skip

    # Targets

    def _default_out(self) -> None:
        target = Synth()

        def then(sink: Any, error: GrooveError | None) -> None:
            if error is None:
                self.player.sinks[target] = sink
                self.player.fallback = (target,)
            else:
                self._say(f"no sound of its own: {error}")

        self._porter.do(lambda: self._outlets.open(target), then)

    def _open(self, target: AnyTarget) -> None:
        def then(sink: Any, error: GrooveError | None) -> None:
            if error is None:
                self.player.sinks[target] = sink
            else:
                self._faults[target] = str(error)
                self._say(str(error))

        def opened(answer: Any, error: GrooveError | None) -> None:
            if error is not None:
                self._faults[target] = str(error)
                self._say(str(error))

        if isinstance(target, Ableton):
            self._porter.do(lambda: self._clips.open(target), opened)
        elif not isinstance(target, File):
            self._porter.do(lambda: self._outlets.open(target), then)

    # Out

    def _publish(self, number: int, edit: Edit) -> None:
        self._journal.add(edit)
        self.player.changed(edit)
        self._watching.edited(edit)
        self.door.tell(messages.Edits(since=number, edits=(edit,)))
        if self._osc is not None:
            self._osc.edited(edit)

    def _say_if(self, error: GrooveError | None) -> None:
        if error is not None:
            self._say(str(error))

    def _say_later(self, sentence: str) -> None:
        self._sentences.append(sentence)

    def _say(self, sentence: str) -> None:
        self._tell_outside(sentence)
        self.door.tell(messages.Told(text=sentence))
        if self._osc is not None:
            self._osc.told(sentence)

    def end(self) -> None:
        """End what sounds, write the files that were played into, and leave nothing behind."""
        self._filing.end(self.transport.beat())
        self._clips.end()
        self._tempo.end()
        self._outlets.end()
        self._inlets.end()
        self._client.close()
        self._asker.end()
        self._porter.end()
        self._journal.end()
        if self._osc_door is not None:
            self._osc_door.close()
        self._bell.close()
        self.door.close()
