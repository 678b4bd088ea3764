"""What clients ask of the conductor, and what it answers: the other end of `protocol.session`."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from ..errors import GrooveError
from ..outputs import Counts, Outputs
from ..protocol import session as messages
from ..protocol.base import Array, EngineError, type_of
from ..protocol.session import Draft, When
from ..runtime import log
from ..score.clocks import name_of as clock_name
from ..score.edit_log import SESSION
from ..score.edits import BEATS_PER_BAR, Edit, Outs, Pattern
from ..score.queries import Spot
from ..score.sentences import of_undo
from ..score.targets import Ableton, AnyTarget, name_of
from .clearing import reset
from .clip_targets import ClipTargets
from .clock_requests import ClockRequests
from .editor import Editor
from .generator import Generator
from .jobs import JobWorker
from .midi_inputs import MidiInputs
from .pages import page
from .planner import Planner
from .player import Player, ahead_of
from .server import Caller, LocalCaller, SessionServer
from .silence import hush
from .target_opening import Targets
from .tempo_sync import RESTART, Tempo
from .transport import Transport

_DOINGS = (
    messages.Write, messages.Undo, messages.SceneRequest, messages.PanicRequest, messages.Follow, messages.LeadRequest,
    messages.Tap,
)  # fmt: skip

_log = logging.getLogger(__name__)


class Parts(Protocol):
    """The parts of a conductor that requests are about."""

    session: str
    run_id: str
    fifo: bool
    server: SessionServer
    editor: Editor
    transport: Transport
    player: Player
    outputs: Outputs
    clips: ClipTargets
    targets: Targets
    midi_inputs: MidiInputs
    tempo: Tempo
    clocks: ClockRequests
    generator: Generator
    planner: Planner
    asker: JobWorker
    porter: JobWorker

    @property
    def osc(self) -> str:
        """Where OSC is heard, or why it is not."""


class Requests:
    """Answers requests, each at once or when what it takes has been done beside the loop.

    Args:
        parts: the conductor.
        tell: called with a sentence for who started the conductor.
    """

    def __init__(self, parts: Parts, tell: Callable[[str], None]) -> None:
        self._parts, self._tell = parts, tell

    def ask(self, caller: Caller | LocalCaller, request: messages.AnyRequest) -> None:
        """Answer a request; a fault is answered, too, and leaves its traceback in the log."""
        try:
            self._answer(caller, request)
        except GrooveError as error:
            self._parts.server.refuse(caller, error)
        except Exception as error:
            what = type_of(request)
            _log.exception("a %s failed", what)
            self._tell(f"a {what} failed: {type(error).__name__}: {error}")
            sentence = f"the conductor failed at this; {log.where()}"
            self._parts.server.refuse(caller, EngineError("INTERNAL", sentence))

    def _answer(self, caller: Caller | LocalCaller, request: messages.AnyRequest) -> None:
        parts = self._parts
        reply = parts.server.reply
        if isinstance(request, _DOINGS):
            request = msgspec.structs.replace(request, by=parts.server.doing(caller, request.by))
        if isinstance(request, messages.Join):
            assert isinstance(caller, Caller)
            parts.server.join(caller, request)
            reply(caller, self.state(parts.server.name(caller)))
        elif isinstance(request, messages.Here):
            reply(caller, self.state(parts.server.name(caller)))
        elif isinstance(request, messages.Leave):
            assert isinstance(caller, Caller)
            parts.server.leave(caller)
            reply(caller, messages.Done())
        elif isinstance(request, messages.Log):
            reply(caller, page(parts.editor.score, request.since))
        elif isinstance(request, messages.Write):
            self._write(caller, request)
        elif isinstance(request, messages.Undo):
            edits = parts.editor.undo(request)
            reply(caller, messages.SaidEdits(edits=edits, said=of_undo(parts.editor.score, edits[0])))
        elif isinstance(request, messages.SceneRequest):
            reply(caller, messages.WrittenEdits(edits=parts.editor.scene(request)))
        elif isinstance(request, messages.ResetRequest):
            edits, said = reset(parts.editor, request.by, led=parts.tempo.leader is not None)
            reply(caller, messages.SaidEdits(edits=edits, said=said))
        elif isinstance(request, messages.Locate):
            self._locate(caller, request)
        elif isinstance(request, messages.IdeasRequest):
            self._ideas(caller, request)
        elif isinstance(request, messages.Hands):
            parts.midi_inputs.hands(request)
            reply(caller, messages.Done())
        elif isinstance(request, messages.Follow | messages.LeadRequest):
            parts.clocks.ask(request, lambda error: self._answered(caller, error))
        elif isinstance(request, messages.Tap):
            edits = parts.tempo.tap(request.by, time.monotonic() - request.ago, request.bar)
            reply(caller, messages.WrittenEdits(edits=edits))
        else:
            self._silence(caller, request)

    def _answered(self, caller: Caller | LocalCaller, error: GrooveError | None) -> None:
        if error is None:
            self._parts.server.reply(caller, messages.Done())
        else:
            self._parts.server.refuse(caller, error)

    def _write(self, caller: Caller | LocalCaller, request: messages.Write) -> None:
        parts = self._parts
        parts.tempo.check(request)
        if any(draft.path == "playing" and not draft.drummer for draft in request.edits):
            parts.server.reply(caller, messages.WrittenEdits(edits=self._start_or_stop(request)))
            return
        named = [t for draft in request.edits if isinstance(draft.value, Outs) for t in draft.value.targets]
        missing = parts.targets.missing(named)
        ports = parts.midi_inputs.unheard(draft.value for draft in request.edits)
        if not missing and not ports:
            parts.server.reply(caller, messages.WrittenEdits(edits=parts.editor.write(request)))
            return

        def open_all() -> dict[AnyTarget, int]:
            parts.midi_inputs.open(ports)
            return parts.targets.open_now(missing)

        def then(sinks: Any, error: GrooveError | None) -> None:
            if error is not None:
                parts.server.refuse(caller, error)
                return
            parts.targets.opened(sinks)
            try:
                parts.server.reply(caller, messages.WrittenEdits(edits=parts.editor.write(request)))
            except GrooveError as problem:
                parts.server.refuse(caller, problem)

        parts.porter.do(open_all, then)

    # Start and stop

    def _start_or_stop(self, request: messages.Write) -> tuple[Edit, ...]:
        transport = self._parts.transport
        if len(request.edits) != 1 or request.when.at not in ("now", "next"):
            raise GrooveError("the transport starts and stops now, and by an edit of its own")
        start = request.edits[0].value
        if start is transport.playing:
            raise GrooveError(f"the transport {'plays' if start else 'stands'} already")
        if start:
            assert transport.stopped is not None
            beat = math.ceil(transport.stopped / BEATS_PER_BAR) * float(BEATS_PER_BAR)
            return self.start(beat, request.by)
        return self.stop(request.by)

    def start(self, beat: float, by: str) -> tuple[Edit, ...]:
        """Let the transport run again, so that a beat is `RESTART` from now."""
        parts = self._parts
        parts.transport.start(beat, RESTART)
        parts.player.skip(beat)
        at = Draft(path="playing", value=True, beat=max(beat, parts.player.reach(SESSION)))
        edits = parts.editor.write(messages.Write(edits=(at,), when=When("beat"), by=by))
        parts.player.skip(beat)
        return edits

    def stop(self, by: str) -> tuple[Edit, ...]:
        """Let the transport stand from the first beat on that can still be changed."""
        draft = Draft(path="playing", value=False)
        edits = self._parts.editor.write(messages.Write(edits=(draft,), when=When("now"), by=by))
        self._parts.transport.stop(edits[0].beat)
        return edits

    # What else there is

    def _locate(self, caller: Caller | LocalCaller, request: messages.Locate) -> None:
        parts = self._parts
        point, wanted = request.point, None
        if point is None:
            wanted = parts.editor.wish_now(request.drummer)

        def job() -> Any:
            if wanted is not None:
                return parts.generator.place(wanted)
            assert point is not None
            return parts.generator.latent(Spot(point.name, point.z))

        def then(z: Any, error: GrooveError | None) -> None:
            if error is not None:
                parts.server.refuse(caller, error)
            else:
                parts.server.reply(caller, messages.Located(z=Array.of(z)))

        parts.asker.do(job, then)

    def _ideas(self, caller: Caller | LocalCaller, request: messages.IdeasRequest) -> None:
        """Draw ideas one by one, so that what drummers want in between is not kept waiting."""
        parts = self._parts
        wanted = parts.editor.wish_of_ideas(request.drummer)
        drawn: list[tuple[Pattern, float]] = []

        def draw() -> None:
            number = request.first + len(drawn)
            parts.asker.do(lambda: parts.generator.idea(wanted, number, request.like), then)

        def then(idea: Any, error: GrooveError | None) -> None:
            if error is not None:
                parts.server.refuse(caller, error)
                return
            drawn.append(idea)
            if len(drawn) < request.count:
                draw()
                return
            patterns, nats = zip(*drawn, strict=True)
            parts.server.reply(caller, messages.AnsweredIdeas(patterns=patterns, nats=nats))

        draw()

    def _silence(self, caller: Caller | LocalCaller, request: messages.HushRequest | messages.PanicRequest) -> None:
        parts, drummers = self._parts, tuple[str, ...]()
        if isinstance(request, messages.PanicRequest):
            parts.outputs.panic()
            parts.clips.panic()
        else:
            drummers = request.drummers
        edits, said = hush(parts.editor, request.by, drummers, led=bool(parts.tempo.leader))
        parts.server.reply(caller, messages.SaidEdits(edits=edits, said=said))

    def state(self, name: str = "") -> messages.SessionState:
        """Return where the session is, for a client of that name."""
        parts = self._parts
        player, score, tempo = parts.player, parts.editor.score, parts.tempo
        transport, at = parts.transport, parts.transport.now()
        beat = max(transport.beat_at(at), 0.0)
        counts = parts.outputs.counts()
        outs = tuple(
            messages.OutState(
                name=name_of(target), ahead=ahead_of(target), late=count.late, dropped=count.dropped,
                sent=parts.clips.sent(target) if isinstance(target, Ableton) else count.sent,
                fault=parts.targets.fault(target),
            )
            for target in {t: None for n in (SESSION, *score.drummers) for t in player.targets(n, beat)}
            for count in [counts.get(player.sinks.get(target, -1), Counts())]
        )  # fmt: skip
        return messages.SessionState(
            session=parts.session, run=parts.run_id, name=name, beat=beat, bpm=score.tempo.bpm(beat),
            playing=transport.playing, at=at, anchor=transport.anchor, stopped=transport.stopped,
            edits=len(score.edits), engine=parts.planner.engine, answer=parts.planner.answer, outs=outs,
            ins=parts.midi_inputs.ins(), clients=parts.server.clients, late=sum(c.late for c in counts.values()),
            dropped=sum(c.dropped for c in counts.values()), model=parts.editor.model, fifo=parts.fifo,
            osc=parts.osc, leader="" if tempo.leader is None else str(tempo.leader), phase=tempo.phase(),
            away=tempo.away, led=tuple(map(clock_name, tempo.led)),
        )  # fmt: skip
