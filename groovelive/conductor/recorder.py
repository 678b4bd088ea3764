"""Listening: what hands do at instruments, taken into the log: notes in batches, and knobs for what they turn."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ..errors import GrooveError
from ..midi_files.messages import CONTROL, NOTE_ON, PROGRAM, ChannelMessage, channel_messages
from ..protocol import session as messages
from ..protocol.session import When
from ..score.edit_log import SESSION
from ..score.edits import HANDS, Edit
from ..score.inputs import GRAIN, Played, Stroke, grained, pack
from .editor import Editor
from .midi_learn import Knobs

GATHER = 0.02  # seconds: the first note makes an edit at once, and those that follow it so soon make one together
_MOST = 4096  # notes of an edit


class Recorder:
    """Takes messages of MIDI ports in.

    Args:
        editor: where what they do becomes edits.
        tell: called with a sentence for the performers.
        gather: seconds in which the notes of a port make one edit, and what one knob does makes one.
        now: seconds, monotonic.
    """

    def __init__(
        self,
        editor: Editor,
        tell: Callable[[str], None],
        gather: float = GATHER,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._editor, self._tell, self._gather, self._now = editor, tell, gather, now
        self._knobs = Knobs(editor, tell, gather, now)
        editor.knob = self._knobs.position
        self._waiting: dict[str, list[tuple[float, ChannelMessage]]] = {}
        self._written: dict[str, float] = {}
        self._last = 0.0  # beat
        self._missing: set[int] = set()  # programs that were told to have no scene

    def heard(self, port: str, data: bytes, beat: float | None) -> None:
        """Take messages that came to a port.

        Args:
            port: as its ears call it.
            data: whole messages.
            beat: at which they came; None: the transport stands, and notes are passed over.
        """
        for message in channel_messages(data):
            if message.kind == NOTE_ON and message.second:
                if beat is not None:
                    self._waiting.setdefault(port, []).append((beat, message))
            elif message.kind == CONTROL:
                self._knobs.turned(port, message.channel, message.first, message.second)
            elif message.kind == PROGRAM:
                self._program(port, message.first)

    def turn(self) -> None:
        """Make the edits that are due."""
        now = self._now()
        for port in [port for port in self._waiting if now - self._written.get(port, -math.inf) >= self._gather]:
            notes = self._waiting.pop(port)
            self._written[port] = now
            for at in range(0, len(notes), _MOST):
                self._write(port, notes[at : at + _MOST])
        self._knobs.turn()

    def _write(self, port: str, notes: list[tuple[float, ChannelMessage]]) -> None:
        self._last = end = max(self._last, *(grained(beat) for beat, _ in notes))
        strokes = [
            Stroke(min(round((end - grained(beat)) * GRAIN), 2**32 - 1), m.first, m.second, m.channel)
            for beat, m in notes
        ]
        value = Played(port=port, notes=pack(strokes))
        self._editor.take(Edit(beat=end, path="played", value=value, by=(HANDS + port)[:64]))

    def _program(self, port: str, number: int) -> None:
        names = list(dict.fromkeys(str(edit.value) for edit in self._editor.score.lane(SESSION, "scene")))
        if number >= len(names):
            if names and number not in self._missing:
                self._missing.add(number)
                self._tell(f"program {number + 1} of {port} has no scene; the scenes are {', '.join(names)}")
            return
        try:
            self._editor.scene(messages.SceneRequest(name=names[number], when=When(), by=(HANDS + port)[:64]))
        except GrooveError as error:
            if "already" not in str(error):
                self._tell(str(error))
