"""What there is to play on: MIDI ports, and a sound device for the embedded synth."""

from __future__ import annotations

import importlib.util
import logging
import subprocess

from ..runtime.hints import install
from ..runtime.workers import command, environment

_log = logging.getLogger(__name__)
_PATIENCE = 8.0  # seconds
_THERE = "yes"  # the first line of a process that has found what it looked for


def midi_ports(*, heard: bool = False) -> list[str]:
    """Return the names of the MIDI output ports; an empty list where there is no MIDI, or no backend for it.

    A process of its own looks, in about 0.3 s: drivers print what they like, and RtMidi can end its process.

    Args:
        heard: whether the input ports are asked for.
    """
    if importlib.util.find_spec("rtmidi2") is None:
        return []
    first, *names = _look("inports" if heard else "ports").splitlines() or [""]
    return names if first == _THERE else []


def no_midi() -> str:
    """Return why there is no MIDI, and what to do; "" where there is."""
    if importlib.util.find_spec("rtmidi2") is None:
        return f"MIDI ports need a back end: {install('midi')}"
    first, *_ = _look("ports").splitlines() or [f"the MIDI system does not answer within {_PATIENCE:g} s"]
    return "" if first == _THERE else first


def audio_device() -> bool:
    """Return whether the embedded synth is installed and can open a sound device; takes about a second."""
    return not no_sound()


def no_sound(patience: float = _PATIENCE) -> str:
    """Return why the embedded synth can't be heard, and what to do; "" where it can. Takes about a second.

    Args:
        patience: seconds that the sound device may take.
    """
    if importlib.util.find_spec("nanosynth") is None:
        return f"the embedded synth is not installed: {install('synth')}"
    said = _look("sound", patience)
    return "" if said == _THERE else said or f"the sound device does not answer within {patience:g} s"


def _look(what: str, patience: float = _PATIENCE) -> str:
    try:
        done = subprocess.run(
            command("groovelive.outputs", what),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=patience,
            env=environment(),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    _log.debug("looking for %s: %s", what, done.stderr.decode(errors="replace"))
    return done.stdout.decode(errors="replace")
