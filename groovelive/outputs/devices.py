"""What there is to play on: MIDI ports, and a sound device for the embedded synth."""

from __future__ import annotations

import importlib.util
import logging
import subprocess

from ..runtime.hints import install
from ..runtime.workers import command, environment

_log = logging.getLogger(__name__)
_PATIENCE = 8.0  # seconds


def midi_ports() -> list[str]:
    """Return the names of the MIDI output ports; an empty list where there is no MIDI, or no backend for it.

    A process of its own looks, in about 0.3 s: drivers print what they like, and RtMidi can end its process.
    """
    if importlib.util.find_spec("rtmidi2") is None:
        return []
    return _look("ports").splitlines()


def audio_device() -> bool:
    """Return whether the embedded synth is installed and can open a sound device; takes about a second."""
    return not no_sound()


def no_sound() -> str:
    """Return why the embedded synth can't be heard, and what to do; "" where it can. Takes about a second."""
    if importlib.util.find_spec("nanosynth") is None:
        return f"the embedded synth is not installed: {install('synth')}"
    said = _look("sound")
    return "" if said == "yes" else said or f"the sound device does not answer within {_PATIENCE:g} s"


def _look(what: str) -> str:
    try:
        done = subprocess.run(
            command("groovelive.outputs", what),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            env=environment(),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    _log.debug("looking for %s: %s", what, done.stderr.decode(errors="replace"))
    return done.stdout.decode(errors="replace")
