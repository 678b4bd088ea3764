"""groovelive: a drummer that you play from code.

>>> import groovelive as gl
>>> rhythm = gl.parse("x..x..x.")
>>> rhythm.bars, len(rhythm)
(2, 12)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .errors import GrooveError
from .grooves import converters

if TYPE_CHECKING:
    from .grooves.grid import GROUPS, SHORT, VOICES, Note
    from .grooves.groove import Groove
    from .live.api import (
        Session,
        ableton,
        adaptive,
        at,
        crash,
        cv,
        degrade,
        double,
        file,
        fill,
        forever,
        genres,
        groove,
        halve,
        hands,
        hush,
        learn,
        line,
        link,
        louder,
        midi,
        midi_clock,
        midi_in,
        now,
        open,
        osc,
        panic,
        play,
        presets,
        record,
        redo,
        replay,
        reverse,
        rotate,
        scene,
        scsynth,
        session,
        song,
        stutter,
        superdirt,
        synth,
        undo,
        unlearn,
        unsolo,
        without,
        z,
    )
    from .model import Model, load
    from .notation.parser import NotationError, parse

__version__ = "0.1.0"

_WORDS = (
    "Session", "ableton", "adaptive", "at", "crash", "cv", "degrade", "double", "file", "fill", "forever", "genres",
    "groove", "halve", "hands", "hush", "learn", "line", "link", "louder", "midi", "midi_clock", "midi_in", "now",
    "open", "osc", "panic", "play", "presets", "record", "redo", "replay", "reverse", "rotate", "scene", "scsynth",
    "session", "song", "stutter", "superdirt", "synth", "undo", "unlearn", "unsolo", "without", "z",
)  # fmt: skip

__all__ = [
    "GROUPS", "SHORT", "VOICES", "Groove", "GrooveError", "Model", "NotationError", "Note", "Session", "__version__",
    "ableton", "adaptive", "at", "crash", "cv", "degrade", "double", "file", "fill", "forever", "genres", "groove",
    "halve", "hands", "hush", "learn", "line", "link", "load", "louder", "midi", "midi_clock", "midi_in", "now",
    "open", "osc", "panic", "parse", "play", "presets", "record", "redo", "replay", "reverse", "rotate", "scene",
    "scsynth", "session", "song", "stutter", "superdirt", "synth", "undo", "unlearn", "unsolo", "without", "z",
]  # fmt: skip

# Loaded at first use: `import groovelive` must not wait for numpy or ONNX Runtime.
_HOME = {
    "GROUPS": "grooves.grid",
    "SHORT": "grooves.grid",
    "VOICES": "grooves.grid",
    "Groove": "grooves.groove",
    "Model": "model",
    "NotationError": "notation.parser",
    "Note": "grooves.grid",
    "load": "model",
    "parse": "notation.parser",
    **dict.fromkeys(_WORDS, "live.api"),
}

# What Groove.of, Groove.parse and Groove.from_midi call; loaded at first use as well.
converters.provide(f"{__name__}.convert", "of", "parse", "from_midi")


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext groovelive`: put the session, d1 to d9 and the words in reach, and add the magics."""
    from .live.ipython import load  # at first use, which keeps `import groovelive` light

    load(shell)
