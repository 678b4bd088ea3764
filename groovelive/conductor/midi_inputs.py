"""Playing along: what comes to the MIDI ports, and how often the engine is asked about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..errors import GrooveError
from ..inputs import Inputs
from ..protocol import session as messages
from ..score.edit_log import SESSION
from ..score.edits import BEATS_PER_BAR, STEP, Value
from ..score.inputs import Hearing, Knob
from .editor import Editor
from .recorder import Recorder
from .transport import Transport

PACE = 0.02  # seconds between two questions about what is played to a drummer
_CALM = 0.1  # the same, while the line from which the answer counts is far
_SOON = 0.4  # seconds before it from which it is near

Wanted = tuple[str, bool]  # a port, and whether it is virtual


class InputsHost(Protocol):
    """What is needed of the conductor."""

    editor: Editor
    transport: Transport


class MidiInputs:
    """Hears what is played for a conductor.

    Args:
        host: the conductor.
        inputs: which read the ports.
        recorder: which makes edits of what comes.
    """

    def __init__(self, host: InputsHost, inputs: Inputs, recorder: Recorder) -> None:
        self._host, self._inputs, self._recorder = host, inputs, recorder
        self._asked: dict[str, float] = {}

    # Ports

    def unheard(self, values: Iterable[Value]) -> list[Wanted]:
        """Return the ports that are named in some values and not read yet.

        Raises:
            GrooveError: a knob is to be learned, and no port is read.
        """
        found: dict[Wanted, None] = {}
        for value in values:
            if isinstance(value, Knob):
                if value.number < 0 and not value.port and not self._inputs.ports:
                    raise GrooveError(
                        "no MIDI port is heard from which a knob could be learned; name one: "
                        "learn(d1.follow, port='nanoKONTROL')"
                    )
                found[value.port, value.virtual] = None
            elif isinstance(value, Hearing) and not value.taken:
                found.update(((ear.port, ear.virtual), None) for ear in value.ears)
        return [wanted for wanted in found if not self._inputs.opened(*wanted)]

    def open(self, wanted: Iterable[Wanted], wait: bool = False) -> None:
        """Read ports; with `wait` also those that are not there yet. Takes its time.

        Raises:
            GrooveError: one is not there, or cannot be read.
        """
        for port, virtual in wanted:
            self._inputs.open(port, virtual, wait)

    def held(self) -> list[Wanted]:
        """Return the ports that are named in what holds now or is planned, and not read yet."""
        score, beat = self._host.editor.score, self._host.transport.beat()
        sources = [edit.value for name in score.drummers for edit in score.sources(name, beat, 1)]
        planned = [edit.value for edit in score.pending(beat)]
        return self.unheard([*sources, *planned, *(score.value(*lane, beat) for lane in score.knobs)])

    def ins(self) -> tuple[messages.InState, ...]:
        """Return the ports that are read or looked for."""
        return tuple(messages.InState(name=port, there=there) for port, there in self._inputs.ports.items())

    # What comes

    def turn(self) -> None:
        """Take in what has come."""
        transport = self._host.transport
        for port, at, data in self._inputs.take():
            self._recorder.heard(port, data, max(transport.beat_at(at), 0.0) if transport.playing else None)
        self._recorder.turn()

    def hands(self, request: messages.Hands) -> None:
        """Take in what a client says was played."""
        transport = self._host.transport
        now = transport.beat()
        beat = now if request.beat is None else min(request.beat, now)
        self._recorder.heard(request.port, request.data, beat if transport.playing else None)
        self._recorder.turn()

    # How often the engine is asked

    def moment(self) -> int:
        """Return what changes with what drummers remember, though nothing is played: the 16th; 0 where nobody hears."""
        score, beat = self._host.editor.score, self._host.transport.beat()
        if not score.beats(SESSION, "played"):
            return 0
        return int(beat / STEP) if any(self._host.editor.hears(name, beat) for name in score.drummers) else 0

    def too_soon(self, drummer: str) -> bool:
        """Return whether a question about what is played to a drummer has to wait, as there was one just before."""
        editor, transport = self._host.editor, self._host.transport
        last = self._asked.get(drummer)
        if last is None:
            return False
        reach = editor.clock.reach(drummer)
        if not editor.hears(drummer, reach):
            return False
        pace = PACE
        if not editor.answers_now(drummer, reach):
            line = (reach // BEATS_PER_BAR + 1) * BEATS_PER_BAR
            if (line - reach) * 60 > _SOON * editor.score.tempo.bpm(reach) and editor.plays(drummer, reach):
                pace = _CALM
        return transport.now() - last < pace * 1e9

    def asked(self, drummer: str) -> None:
        """Take notice that the engine was asked for a drummer."""
        self._asked[drummer] = self._host.transport.now()
