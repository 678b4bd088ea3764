"""Ableton Live from Python: clips written, launched on the line, watched and followed, by way of ableton/GrooveLive."""

from .clip import LiveClip
from .clock import LiveClock
from .connect import connect
from .connection import PORT, LinkState, LiveLink
from .errors import (
    Guarded,
    Late,
    LinkDown,
    LiveError,
    NoAnswer,
    NotNow,
    NotOffered,
    NotThere,
    OutOfRange,
    RefusedByLive,
    WrongType,
    WrongVersion,
)
from .handshake import LiveHello
from .live_set import LiveSet
from .notes import LiveNote, groove_of, notes_of, tap_of, thin
from .pads import Pad, PadMap
from .replies import (
    ClipChanged,
    ClipInfo,
    ClipNotes,
    ClipWritten,
    Launched,
    Lost,
    Moved,
    Swapped,
)

__all__ = [
    "PORT",
    "ClipChanged",
    "ClipInfo",
    "ClipNotes",
    "ClipWritten",
    "Guarded",
    "Late",
    "Launched",
    "LinkDown",
    "LinkState",
    "LiveClip",
    "LiveClock",
    "LiveError",
    "LiveHello",
    "LiveLink",
    "LiveNote",
    "LiveSet",
    "Lost",
    "Moved",
    "NoAnswer",
    "NotNow",
    "NotOffered",
    "NotThere",
    "OutOfRange",
    "Pad",
    "PadMap",
    "RefusedByLive",
    "Swapped",
    "WrongType",
    "WrongVersion",
    "connect",
    "groove_of",
    "notes_of",
    "tap_of",
    "thin",
]  # fmt: skip
