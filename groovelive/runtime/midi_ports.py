"""MIDI ports of this machine, by RtMidi: the first MIDI system that is there, and which port a name means."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
from typing import Any, Literal

from .. import checks
from ..errors import GrooveError, closest
from .hints import install

APIS = {"alsa": "API_LINUX_ALSA", "jack": "API_UNIX_JACK", "core": "API_MACOSX_CORE", "mm": "API_WINDOWS_MM"}
_BY_SYSTEM = {"linux": ("alsa", "jack"), "darwin": ("core",), "win32": ("mm",)}
LINGER = 0.1  # seconds; JACK takes what was sent with its next period, and forgets it if the port is closed before
CLIENT = "groovelive"
_NO_START = 1  # JackNoStartServer


def ports(kind: Literal["MidiIn", "MidiOut"] = "MidiOut") -> list[str]:
    """Return the names of the MIDI ports that are there.

    Args:
        kind: those that can be heard, or those that can be played to.

    Raises:
        GrooveError: there is no MIDI at all.
    """
    return list(open_client(kind).ports)


def open_client(kind: Literal["MidiIn", "MidiOut"], name: str = CLIENT, queue: int = 1024) -> Any:
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
        import rtmidi2  # an optional package, and one that may find no system to load
    except ImportError:
        raise GrooveError(f"MIDI ports need a backend: {install('midi')}") from None
    wanted = os.environ.get("GROOVELIVE_MIDI_API", "").lower()
    if wanted:
        checks.name("GROOVELIVE_MIDI_API", wanted, APIS)
    for api in (wanted,) if wanted else _BY_SYSTEM.get(sys.platform, ()):
        if api == "jack" and not _jack_runs():
            continue  # RtMidi takes the client for good, and ends the process when it is used
        with contextlib.suppress(RuntimeError):
            options = (queue,) if kind == "MidiIn" else ()
            return getattr(rtmidi2, kind)(name, *options, getattr(rtmidi2, APIS[api]))
    tried = {"alsa": "ALSA has no sequencer here", "jack": "no JACK server runs"}
    names = (wanted,) if wanted else _BY_SYSTEM.get(sys.platform, ())
    raise GrooveError(f"this machine has no MIDI ({', '.join(tried.get(name, name) for name in names)})")


def check_virtual() -> None:
    """Raise a GrooveError on a system that has no virtual MIDI ports."""
    if sys.platform == "win32":
        raise GrooveError("Windows has no virtual MIDI ports; make one with loopMIDI, and name that")


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
