"""Notes through a MIDI port, by RtMidi: note-ons at their moments, and the note-off of every one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ..runtime.midi_ports import LINGER, check_virtual, open_client, which
from ..score.targets import Midi
from .frames import Due
from .scheduler import Sink

_NOTE_OFF, _NOTE_ON, _CONTROL = 0x80, 0x90, 0xB0
_ALL_SOUND_OFF, _ALL_NOTES_OFF = 120, 123

Later = Callable[[int, Callable[[], None]], None]


class MidiSink(Sink):
    """Sends notes to a MIDI port.

    Args:
        later: does something at a monotonic moment; the note-offs.

    Raises:
        GrooveError: there is no MIDI, or no such port.
    """

    ready = True

    def __init__(self, target: Midi, later: Later) -> None:
        super().__init__(target)
        self._target, self._later = target, later
        self._length = round(target.length * 1e9)
        self._sounding: dict[int, int] = {}  # key -> which of its strokes sounds
        self._stroke = 0
        client = open_client("MidiOut")
        if target.virtual:
            check_virtual()
            client.open_virtual_port(target.port or "drums")
        else:
            client.open_port(which(target.port, list(client.ports)))
        self._out: Any = client

    def prepare(self, note: Due, at: int) -> Callable[[], None]:
        """Return what sends a note-on, after the note-off of the same key where it still sounds."""
        key, velocity = self._target.notes[note.voice], min(127, max(1, round(note.velocity * 127)))

        def send() -> None:
            if key < 0:
                return
            self._release(key)
            self._stroke += 1
            self._sounding[key] = stroke = self._stroke
            self._send(_NOTE_ON, key, velocity)
            self._later(at + self._length, lambda: self._release(key, stroke))

        return send

    def hush(self) -> None:
        """End all notes: by their note-offs, and, for what else may sound on the channel, by its controllers."""
        for key in list(self._sounding):
            self._release(key)
        self._send(_CONTROL, _ALL_NOTES_OFF, 0)
        self._send(_CONTROL, _ALL_SOUND_OFF, 0)

    def close(self) -> None:
        """End all notes that were sent, and close the port when they have gone."""
        try:
            for key in list(self._sounding):
                self._release(key)
        finally:
            threading.Timer(LINGER, self._out.close_port).start()

    def name(self) -> str:
        """Return what a sentence calls the port."""
        return f"MIDI port {self._target.port!r}"

    def _release(self, key: int, stroke: int | None = None) -> None:
        """Send the note-off of a key if it sounds; of one `stroke`, if that one still does."""
        sounding = self._sounding.get(key)
        if sounding is not None and stroke in (None, sounding):
            del self._sounding[key]
            self._send(_NOTE_OFF, key, 0)

    def _send(self, kind: int, first: int, second: int) -> None:
        self._out.send_raw(kind | self._target.channel - 1, first, second)
