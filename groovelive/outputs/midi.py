"""Notes through a MIDI port, by RtMidi: note-ons at their moments, and the note-off of every one of them."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import re
import sys
import threading
from collections.abc import Callable
from typing import Any, Literal

from ..errors import GrooveError, closest
from ..score.targets import Midi
from .frames import Due
from .scheduler import Sink

APIS = {"alsa": "API_LINUX_ALSA", "jack": "API_UNIX_JACK", "core": "API_MACOSX_CORE", "mm": "API_WINDOWS_MM"}
_BY_SYSTEM = {"linux": ("alsa", "jack"), "darwin": ("core",), "win32": ("mm",)}
LINGER = 0.1  # seconds; JACK takes what was sent with its next period, and forgets it if the port is closed before
CLIENT = "groovelive"
_NO_START = 1  # JackNoStartServer
_NOTE_OFF, _NOTE_ON, _CONTROL = 0x80, 0x90, 0xB0
_ALL_SOUND_OFF, _ALL_NOTES_OFF = 120, 123

Later = Callable[[int, Callable[[], None]], None]


def ports() -> list[str]:
    """Return the names of the MIDI output ports that are there.

    Raises:
        GrooveError: there is no MIDI at all.
    """
    return list(_client().ports)


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
        client = _client()
        if target.virtual:
            if sys.platform == "win32":
                raise GrooveError("Windows has no virtual MIDI ports; make one with loopMIDI, and name that")
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


def _client() -> Any:
    return client("MidiOut")


def client(kind: Literal["MidiIn", "MidiOut"], name: str = CLIENT, queue: int = 1024) -> Any:
    """Return a client of the first MIDI system that is there; GROOVELIVE_MIDI_API may name the one to take.

    Args:
        kind: of client.
        name: by which others see it.
        queue: messages that may wait in one for input.

    Raises:
        GrooveError: there is no MIDI, or no backend for it.
    """
    _preload_jack()
    try:
        import rtmidi2
    except ImportError:
        raise GrooveError("MIDI ports need a backend: pip install 'groovelive[midi]'") from None
    wanted = os.environ.get("GROOVELIVE_MIDI_API", "").lower()
    if wanted and wanted not in APIS:
        raise GrooveError(f"GROOVELIVE_MIDI_API must be one of {', '.join(APIS)}, not {wanted!r}")
    for api in (wanted,) if wanted else _BY_SYSTEM.get(sys.platform, ()):
        if api == "jack" and not _jack_runs():
            continue  # RtMidi takes the client for good, and ends the process when it is used
        with contextlib.suppress(RuntimeError):
            options = (queue,) if kind == "MidiIn" else ()
            return getattr(rtmidi2, kind)(name, *options, getattr(rtmidi2, APIS[api]))
    tried = {"alsa": "ALSA has no sequencer here", "jack": "no JACK server runs"}
    names = (wanted,) if wanted else _BY_SYSTEM.get(sys.platform, ())
    raise GrooveError(f"this machine has no MIDI ({', '.join(tried.get(name, name) for name in names)})")


def _preload_jack() -> None:
    """Load the system's own JACK library, for RtMidi to find before the one in its wheel.

    A client's library must be of the server's kind: that in the wheel of rtmidi2 1.5.0 speaks another version of
    JACK's protocol than jackd 1.9.21 (Debian 12), which refuses it. What is loaded for all comes first in the
    dynamic linker's search.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL("libjack.so.0", mode=ctypes.RTLD_GLOBAL)


def _jack_runs() -> bool:
    if sys.platform != "linux":
        return False
    try:
        jack = ctypes.CDLL("libjack.so.0")
    except OSError:
        return False
    jack.jack_client_open.restype = ctypes.c_void_p
    client = jack.jack_client_open(b"groovelive-look", _NO_START, ctypes.byref(ctypes.c_int()))
    if not client:
        return False
    jack.jack_client_close(ctypes.c_void_p(client))
    return True


def which(wanted: str, names: list[str], purpose: str = "send to") -> int:
    """Return the index of the port that a name means.

    That is the port of that very name, else the only one whose name holds it, without regard to case. ALSA's
    numbers at the end ("128:0") change from day to day, and can be left out.

    >>> which("dr synth", ["Through 14:0", "Dr Synth:Port 0 128:0"])
    1
    >>> which("TR-8", ["Through 14:0"])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: there is no MIDI port 'TR-8'; there is 'Through 14:0'
    """
    if not names:
        raise GrooveError(f"there is no MIDI port to {purpose}; virtual=True makes one for others to connect to")
    there = f"there {'is' if len(names) == 1 else 'are'} {', '.join(map(repr, names))}"
    exact = [i for i, name in enumerate(names) if wanted in (name, re.sub(r" \d+:\d+$", "", name))]
    near = exact[:1] or [i for i, name in enumerate(names) if wanted.lower() in name.lower()]
    if len(near) == 1:
        return near[0]
    if near:
        raise GrooveError(
            f"which MIDI port? {there}" if not wanted else f"{wanted!r} could be several MIDI ports; {there}"
        )
    raise GrooveError(f"there is no MIDI port {wanted!r}{closest(wanted, names)}; {there}")
