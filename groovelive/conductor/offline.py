"""The conductor on a simulated clock, in the client's own process: an hour of music in seconds."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.base import PROTOCOL, Array
from ..protocol.engine import AnyReply, AnyRequest, EngineHello, ModelInfo, Welcome
from ..score.edits import BEATS_PER_BAR, STEP, Edit, pack
from ..score.events import bar_notes
from ..score.following import in_order
from ..score.queries import Spot, wish
from ..score.score import Score
from ..score.sentences import of_undo
from ..sync.tap_tempo import Taps
from .clearing import reset
from .editor import Editor
from .file_targets import FileTargets
from .generator import Generator
from .pages import page
from .recorder import Recorder
from .silence import hush
from .tap_tempo import tapped


class Offline:
    """The conductor of a performer who need not hear it: requests in, replies out, and time that passes when asked to.

    Args:
        seed: of the session's chances.
        tell: called with a sentence for the performer.
        model: a model folder; by default the shipped one.
        edits: of another session, that is played on here, aside: no file of a target is written.
        beat: where it is played on.

    >>> offline = Offline()
    >>> from groovelive.score.edits import Rhythm
    >>> drafts = (messages.Draft(drummer="d1", path="source", value=Rhythm(text="x..x..x.")),)
    >>> offline.ask(messages.Write(edits=drafts, by="me")).edits[0].beat
    0.0
    >>> offline.run(8)
    >>> offline.beat, len(offline.score.edits)
    (8.0, 2)
    """

    def __init__(
        self,
        seed: int = 7,
        tell: Callable[[str], None] = lambda sentence: None,
        model: str | None = None,
        edits: Sequence[Edit] = (),
        beat: float = 0.0,
    ) -> None:
        # Start-up time: they load onnxruntime, which a client of a conductor does without.
        from ..engine import handlers
        from ..engine.models import info
        from ..model import load

        loaded = load(model)
        models = {loaded.manifest.name: loaded}
        about = info(loaded.manifest.name, loaded)

        def ask(request: AnyRequest) -> AnyReply:
            if isinstance(request, EngineHello):
                return Welcome(protocol=PROTOCOL, server="", models=(about,))
            reply: Any = handlers.run(handlers.start(request, models))
            return reply  # type: ignore[no-any-return]

        self._generator = Generator(ask)
        self._now = beat
        self._tell = tell
        self._told: set[str] = set()
        self._taps: dict[str, Taps] = {}
        self.on_news: Callable[[messages.AnyReply], None] = lambda news: None
        self.model: ModelInfo = about
        self._editor = Editor(_Simulated(self), edits, publish=self._publish, model=about)
        for name in self.score.drummers:
            self._recall_answer(name, beat)
        self._files = FileTargets(Score() if edits else self._editor.score, tell)
        self._recorder = Recorder(self._editor, tell, gather=0.0, now=self._seconds)
        if seed != 7:
            self.ask(messages.Write(edits=(messages.Draft(path="seed", value=seed),), by="session"))

    def _recall_answer(self, drummer: str, beat: float) -> None:
        """Work out what a drummer's answer in the log was given to."""
        given = self.score.edit(drummer, "pattern", beat)
        if given is not None:
            bar = int(given.beat // BEATS_PER_BAR)
            wanted = wish(self.score, drummer, bar, given.beat if given.beat % BEATS_PER_BAR else None)
            if wanted is not None:
                self._editor.answered(drummer, bar, wanted)

    def _seconds(self) -> float:
        return self._editor.score.tempo.seconds(self._now)

    @property
    def beat(self) -> float:
        """Where the transport is."""
        return self._now

    @property
    def score(self) -> Score:
        """The log, and what holds."""
        return self._editor.score

    def ask(self, request: messages.AnyRequest) -> messages.AnyReply:
        """Answer a request as the conductor does.

        Raises:
            GrooveError: it cannot be done; nothing has changed.
        """
        editor = self._editor
        if isinstance(request, messages.Write):
            return messages.WrittenEdits(edits=editor.write(request))
        if isinstance(request, messages.Undo):
            edits = editor.undo(request)
            return messages.SaidEdits(edits=edits, said=of_undo(self.score, edits[0]))
        if isinstance(request, messages.HushRequest | messages.PanicRequest):
            edits, said = hush(
                editor, request.by, request.drummers if isinstance(request, messages.HushRequest) else ()
            )
            return messages.SaidEdits(edits=edits, said=said)
        if isinstance(request, messages.SceneRequest):
            return messages.WrittenEdits(edits=editor.scene(request))
        if isinstance(request, messages.ResetRequest):
            edits, said = reset(editor, request.by)
            return messages.SaidEdits(edits=edits, said=said)
        if isinstance(request, messages.Log):
            return page(self.score, request.since)
        if isinstance(request, messages.Locate):
            return messages.Located(z=Array.of(self._located(request)))
        if isinstance(request, messages.IdeasRequest):
            wanted, numbers = editor.wish_of_ideas(request.drummer), range(request.first, request.first + request.count)
            drawn = [self._generator.idea(wanted, number, request.like) for number in numbers]
            return messages.AnsweredIdeas(patterns=tuple(p for p, _ in drawn), nats=tuple(n for _, n in drawn))
        if isinstance(request, messages.Hands):
            self._recorder.heard(request.port, request.data, min(self._now, request.beat or self._now))
            self._recorder.turn()
            return messages.Done()
        if isinstance(request, messages.Tap):
            seconds = self.score.tempo.seconds
            taps = self._taps.setdefault(request.by, Taps())
            at = seconds(self._now) - request.ago
            return messages.WrittenEdits(edits=tapped(editor, taps, at, request.bar, request.by, seconds))
        if isinstance(request, messages.Follow | messages.LeadRequest) and request.clock is not None:
            raise GrooveError("a session on a simulated clock meets no other clocks; gl.open() follows and leads them")
        if isinstance(request, messages.Leave | messages.Follow | messages.LeadRequest):
            return messages.Done()
        return messages.SessionState(
            session="offline", beat=self._now, bpm=editor.score.tempo.bpm(self._now), playing=True,
            edits=len(editor.score.edits), engine="ready", model=editor.model,
        )  # fmt: skip

    def _located(self, request: messages.Locate) -> Any:
        if request.point is not None:
            return self._generator.latent(Spot(request.point.name, request.point.z))
        return self._generator.place(self._editor.wish_now(request.drummer))

    def run(self, beats: float) -> None:
        """Let so many beats pass: bar by bar the model is asked, and the performer's own code."""
        if not math.isfinite(beats) or beats <= 0:
            raise GrooveError(f"time passes forwards: so many beats above 0, not {beats:g}")
        end = self._now + beats
        while self._now < end:
            bar = int(self._now // BEATS_PER_BAR)
            self._files.look(self._now)
            if not self._now % BEATS_PER_BAR:
                self._editor.fly(bar)
            self._ask_for(bar, self._now if self._now % BEATS_PER_BAR else None)
            line = (bar + 1) * float(BEATS_PER_BAR)
            self._wanted(bar + 1)
            self._pass(bar, min(line, end))
            if self._now == line:
                self.on_news(messages.Tick(beat=line, bpm=self.score.tempo.bpm(line)))

    def _pass(self, bar: int, end: float) -> None:
        """Let time pass within a bar; drummers that answer at once to what is played forget step by step."""
        names = self.score.drummers
        while any(self._editor.answers_now(name, self._now) for name in names):
            step = (self._now // STEP + 1) * STEP
            if step >= end:
                break
            self._now = step
            self._ask_for(bar, step, [name for name in names if self._editor.answers_now(name, step)])
        self._now = end

    def peek(self) -> None:
        """Ask the model for the bar that is about to be played, so that it can be looked at."""
        if not self._now % BEATS_PER_BAR:
            self._ask_for(int(self._now // BEATS_PER_BAR), None)

    def _ask_for(self, bar: int, beat: float | None, drummers: Sequence[str] | None = None) -> None:
        for drummer in in_order(self.score, self.score.drummers if drummers is None else drummers, self._now):
            when = beat if beat is None else self._when(drummer, bar, beat)
            wanted = self._editor.plan(drummer, bar, when)
            if wanted is None:
                continue
            try:
                self._editor.given(drummer, bar, wanted, self._generator(wanted), at_once=beat is not None)
            except GrooveError as error:
                if str(error) not in self._told:
                    self._told.add(str(error))
                    self._tell(f"{drummer} plays on what it has: {error}")

    def _when(self, drummer: str, bar: int, beat: float) -> float | None:
        """Return the beat that counts for what a drummer wants within a bar; None: that with which the bar began.

        Who answers from the next bar on to what is played does not change at each note: but at each edit.
        """
        if not self._editor.hears(drummer, beat) or self._editor.answers_now(drummer, beat):
            return beat
        turns = self.score.turns.get(drummer, ())
        last = bisect_right(turns, beat) - 1
        return turns[last] if last >= 0 and turns[last] > bar * BEATS_PER_BAR else None

    def _wanted(self, bar: int) -> None:
        beat = float(bar * BEATS_PER_BAR)
        for drummer in self.score.drummers:
            if self.score.value(drummer, "each_bar", beat):
                notes = pack(bar_notes(self.score, drummer, bar, beat, own=False))
                self.on_news(messages.Wanted(drummer=drummer, bar=bar + 1, beat=beat, notes=notes))

    def _publish(self, number: int, edit: Edit) -> None:
        self.on_news(messages.Edits(since=number, edits=(edit,)))

    def close(self) -> None:
        """Write the files that were played into."""
        self._files.end(self._now)


class _Simulated:
    """The clock of an `Offline`: nothing is ever sent ahead, so whatever has not passed can be changed."""

    def __init__(self, offline: Offline) -> None:
        self._offline = offline

    def beat(self) -> float:
        return self._offline.beat

    def reach(self, drummer: str) -> float:
        return self._offline.beat

    line = reach
