"""Ableton Live from Python: clips written, launched on the line, watched and followed, by way of ableton/GrooveLive."""

from .clip import LiveClip
from .clock import LiveClock
from .connect import connect
from .connection import PORT, Hello, Link, State
from .errors import (
    Busy,
    Guarded,
    Late,
    LinkDown,
    LiveError,
    NoAnswer,
    NotOffered,
    NotThere,
    OutOfRange,
    Refused,
    WrongType,
    WrongVersion,
)
from .live_set import LiveSet
from .notes import LiveNote, groove_of, notes_of, tap_of, thin
from .pads import Pad, PadMap
from .replies import (
    Changed,
    ClipInfo,
    ClipNotes,
    Launched,
    Lost,
    Moved,
    Swapped,
    Written,
)

__all__ = [
    "PORT",
    "Busy",
    "Changed",
    "ClipInfo",
    "ClipNotes",
    "Guarded",
    "Hello",
    "Late",
    "Launched",
    "Link",
    "LinkDown",
    "LiveClip",
    "LiveClock",
    "LiveError",
    "LiveNote",
    "LiveSet",
    "Lost",
    "Moved",
    "NoAnswer",
    "NotOffered",
    "NotThere",
    "OutOfRange",
    "Pad",
    "PadMap",
    "Refused",
    "State",
    "Swapped",
    "Written",
    "WrongType",
    "WrongVersion",
    "connect",
    "groove_of",
    "notes_of",
    "tap_of",
    "thin",
]  # fmt: skip
