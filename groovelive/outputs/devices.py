"""What there is to play on: MIDI ports, and a sound device for the embedded synth."""

from __future__ import annotations

import importlib.util
import logging
import subprocess

from ..runtime.workers import command, environment

_log = logging.getLogger(__name__)
_PATIENCE = 8.0  # seconds


def midi_ports(*, heard: bool = False) -> list[str]:
    """Return the names of the MIDI output ports; an empty list where there is no MIDI, or no backend for it.

    A process of its own looks, in about 0.3 s: drivers print what they like, and RtMidi can end its process.

    Args:
        heard: whether the input ports are asked for.
    """
    if importlib.util.find_spec("rtmidi2") is None:
        return []
    return _look("inports" if heard else "ports").splitlines()


def audio_device() -> bool:
    """Return whether the embedded synth is installed and can open a sound device; takes about a second."""
    return importlib.util.find_spec("nanosynth") is not None and _look("sound") == "yes"


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
