"""The conductor's process: one loop that hears clients, lets time pass, and hands notes to the outputs."""

from __future__ import annotations

import gc
import logging
import math
import sys
import threading
import time
import uuid
from collections.abc import Callable

import zmq

from ..engine import Client
from ..errors import GrooveError
from ..inputs import Inputs
from ..outputs import Outputs
from ..protocol import session as messages
from ..runtime.curve import Curve
from ..runtime.realtime import claim
from ..score.edit_log import SESSION
from ..score.edits import BEATS_PER_BAR, Edit, Outs, bar_of
from . import journal
from .clip_targets import ClipTargets
from .clip_watcher import ClipWatcher
from .clock_requests import ClockRequests
from .editor import Editor
from .file_targets import FileTargets
from .generator import Generator
from .jobs import JobWorker
from .midi_inputs import MidiInputs
from .osc.handlers import OscHandlers
from .osc.server import OscServer
from .planner import Planner
from .player import Player
from .recorder import Recorder
from .requests import Requests
from .server import Caller, LocalCaller, SessionServer, Waker
from .target_opening import Targets
from .tempo_sync import Tempo
from .transport import Transport

_TURN = 3  # ms between two looks at what is due
_FIFO = 50  # below that of the output processes
_PATIENCE = 2.0  # seconds that the engine has for an answer
_log = logging.getLogger(__name__)


class Conductor:
    """Everything that the conductor's process does.

    Args:
        bind: address of its socket.
        curve: the keys, where others can reach it.
        engine: the address of the engine; by default that of this machine.
        recovered: a session that goes on.
        serve: the process that looks after this one, for the journal.
        osc_port: where OSC is heard; 0: nowhere. Where it is in use the conductor says so, and goes on.
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
        self._sentences: list[str] = []
        self._failed: set[str] = set()
        self._bar = -1
        self.fifo = False
        self.session = recovered.session if recovered else uuid.uuid4().hex[:12]
        self.run_id = uuid.uuid4().hex[:12]
        past = recovered.edits if recovered else []

        self.server = SessionServer(bind, curve, lambda members: self._journal.members(members))
        self._waker = Waker(self.server.context)
        self.asker, self.porter = JobWorker("engine", self._waker.wake), JobWorker("targets", self._waker.wake)
        self._client = Client(engine, timeout=_PATIENCE)
        self.generator = Generator(lambda request: self._client.ask(request))
        self.outputs = Outputs(self._say_later)
        self.editor = Editor(self, past, self._publish)
        self.transport = Transport(self.editor.score)
        self.transport.on_moved = self._tick
        self.player = Player(self.editor.score, self.transport, self.outputs)
        self._journal = journal.Journal(journal.Header(journal.FORMAT, self.session, serve), past, self._say_later)
        if recovered:
            self.server.members.restore(recovered.members, alone=bool(serve) and recovered.serve == serve)
            self._journal.members(recovered.members)
        self._files = FileTargets(self.editor.score, self._say_later)
        self.clips = ClipTargets(
            self.editor.score, self.transport, self._say_later, self.porter.do, self.asker.do, self.generator.chances
        )
        self._clip_watcher = ClipWatcher(self.editor, self.clips.set_at, self._say_later, self.porter.do)
        self._inputs = Inputs(self._say_later, self._waker.wake)
        self.midi_inputs = MidiInputs(self, self._inputs, Recorder(self.editor, self._say_later))
        self.planner = Planner(
            self.editor, self._client, self.generator, self.asker, self.midi_inputs, self._say, self.server.tell
        )
        self.targets = Targets(
            self.player, self.outputs, self.clips, self.porter.do, self._say, lambda: self.server.clients
        )
        self.tempo = Tempo(self, self._say_later)
        self.clocks = ClockRequests(self.tempo, self.outputs, self.porter.do, self._journal.clocks)
        self._requests = Requests(self, tell)
        self._osc_server: OscServer | None = None
        self._osc_handlers: OscHandlers | None = None
        self._osc_fault = ""
        if osc_port:
            self._open_osc(osc_port)
        if recovered:
            self._recover(recovered)
        self.targets.open_default()

    def _recover(self, recovered: journal.Recovered) -> None:
        score = self.editor.score
        tempo = score.tempo
        stood = score.edit(SESSION, "playing", math.inf)
        stands = stood is not None and not stood.value
        if stood is not None and stands:
            beat = stood.beat
        else:
            beat = recovered.beat_now(lambda beat, seconds: tempo.beat(tempo.seconds(beat) + seconds))
        self.transport.anchor += time.monotonic_ns() - self.transport.ns(beat)
        if stands:
            self.transport.stop(beat)
        self.player.skip(self.player.reach(SESSION))
        for name in self.editor.score.drummers:
            for target in self.player.targets(name, beat):
                self.targets.open(target)
            held = self.editor.score.edit(name, "source", beat)
            for edit in self.editor.score.lane(name, "source"):
                if edit is held or (edit.beat > beat and self.editor.score.counts(edit)):
                    self._clip_watcher.edited(edit)
        for edit in self.editor.score.pending(beat):
            for target in edit.value.targets if isinstance(edit.value, Outs) else ():
                self.targets.open(target)
        if ports := self.midi_inputs.held():
            self.porter.do(lambda: self.midi_inputs.open(ports, wait=True), lambda _, error: self._say_if(error))
        self.clocks.recall(recovered.clocks, self._say_if)
        self._say(f"the session {'is stopped' if stands else 'goes on'} at bar {bar_of(beat)}")

    def _open_osc(self, port: int) -> None:
        try:
            self._osc_server = OscServer(port, self._waker.wake)
        except GrooveError as error:
            self._osc_fault = str(error)
            self._say_later(str(error))
            return
        self._osc_handlers = OscHandlers(self, self._osc_server, self.tempo, self.server.members)

    @property
    def osc(self) -> str:
        """Where OSC is heard, or why it is not; "" where nobody asked for it."""
        return self._osc_fault if self._osc_server is None else f"127.0.0.1:{self._osc_server.port}"

    # What its parts ask of it

    def beat(self) -> float:
        """Return where the transport is."""
        return self.transport.beat()

    def reach(self, drummer: str) -> float:
        """Return the first beat at which a drummer's notes can still be changed."""
        return self.player.reach(drummer)

    def line(self, drummer: str) -> float:
        """Return the first beat at which a line can still be met with all notes that sound before it."""
        return self.player.line(drummer)

    def ask(self, caller: Caller | LocalCaller, request: messages.AnyRequest) -> None:
        """Answer a request."""
        self._requests.ask(caller, request)

    def start(self, beat: float, by: str) -> tuple[Edit, ...]:
        """Let the transport run again."""
        return self._requests.start(beat, by)

    def stop(self, by: str) -> tuple[Edit, ...]:
        """Let the transport stand."""
        return self._requests.stop(by)

    # The loop

    def run(self, stop: threading.Event, ready: Callable[[str], None] = lambda address: None) -> None:
        """Conduct until `stop` is set; a fault leaves its traceback in the log, and ends it.

        Args:
            stop: looked at in every turn.
            ready: called with the address once clients are heard.
        """
        poller = zmq.Poller()
        poller.register(self.server.socket, zmq.POLLIN)
        poller.register(self._waker.socket, zmq.POLLIN)
        sys.setswitchinterval(0.0005)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1000)
        self.fifo = claim(_FIFO)  # after the threads have begun: they stay ordinary
        ready(self.server.address)
        try:
            while not stop.is_set():
                self.turn(poller)
        except Exception:
            _log.critical("unexpected fault in the loop, at beat %.3f", self.beat(), exc_info=True)
            raise
        finally:
            self.end()

    def turn(self, poller: zmq.Poller) -> None:
        """Wait for a moment, or for a request, and see to all that is due."""
        poller.poll(_TURN)
        self._waker.woken()
        for caller, request in self.server.requests():
            self.ask(caller, request)
        self.server.turn()
        if self._osc_handlers is not None:
            self._osc_handlers.turn()
        self.tempo.turn()
        self.planner.greet()
        self.asker.take()
        self.porter.take()
        self.midi_inputs.turn()
        self._time_passes()
        self.player.turn()
        self._safely(self.clips.look)
        self._safely(self._clip_watcher.look)
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
                _log.exception("Ableton Live was not what it should be")
                self._say_later(sentence)

    def _time_passes(self) -> None:
        beat = self.transport.beat()
        bar = int(beat // BEATS_PER_BAR)
        if bar != self._bar:
            self._bar = bar
            self._files.look(beat)
            self._tick()
            if self._osc_handlers is not None:
                self._osc_handlers.bar(bar)
            self._journal.mark(beat, not self.transport.playing)
            self.planner.look_again()
        self.planner.turn(bar, beat)

    # Out

    def _tick(self) -> None:
        transport = self.transport
        at = transport.now()
        beat = max(transport.beat_at(at), 0.0)
        bpm = self.editor.score.tempo.bpm(beat)
        tick = messages.Tick(beat=beat, bpm=bpm, at=at, anchor=transport.anchor, stopped=transport.stopped)
        self.server.tell(tick)

    def _publish(self, number: int, edit: Edit) -> None:
        self._journal.add(edit)
        self.player.changed(edit)
        self._clip_watcher.edited(edit)
        self.server.tell(messages.Edits(since=number, edits=(edit,)))
        if self._osc_handlers is not None:
            self._osc_handlers.edited(edit)

    def _say_if(self, error: GrooveError | None) -> None:
        if error is not None:
            self._say(str(error))

    def _say_later(self, sentence: str) -> None:
        self._sentences.append(sentence)

    def _say(self, sentence: str) -> None:
        self._tell_outside(sentence)
        self.server.tell(messages.Told(text=sentence))
        if self._osc_handlers is not None:
            self._osc_handlers.told(sentence)

    def end(self) -> None:
        """End what sounds, write the files that were played into, and leave nothing behind."""
        self._files.end(self.transport.beat())
        self.clips.end()
        self.tempo.end()
        self.outputs.end()
        self._inputs.end()
        self._client.close()
        self.asker.end()
        self.porter.end()
        self._journal.end()
        if self._osc_server is not None:
            self._osc_server.close()
        self._waker.close()
        self.server.close()
