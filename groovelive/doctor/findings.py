"""What the doctor finds: that a thing is there, missing or broken, what mends it, and where to read about it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from ..errors import GrooveError

State = Literal["ok", "missing", "broken"]
Topic = Literal[
    "versions", "model", "folders", "session", "sound", "midi", "link", "ports", "realtime", "supercollider", "ableton"
]

TOPICS: Final[dict[Topic, str]] = {
    "versions": "Python, groovelive, and the packages that it needs",
    "model": "the drummer: its weights are loaded and asked for two bars",
    "folders": "where keys, logs, sockets and recordings go",
    "session": "the session that runs here, and where its notes go",
    "sound": "a sound device for the embedded synth",
    "midi": "MIDI ports",
    "link": "Ableton Link, and its peers in the network",
    "ports": "the ports at which OSC is heard",
    "realtime": "the right to run ahead of other programs",
    "supercollider": "sclang, scsynth and the Quark",
    "ableton": "Ableton Live and the script in it",
}
"""What can be examined, in this order."""

PROBLEMS: Final = (
    "A package is missing or too old",
    "The drummer does not run",
    "A folder can't be written",
    "The session does not answer",
    "The session is of another version",
    "A target is not there",
    "No sound",
    "No MIDI",
    "No Link",
    "A port is taken",
    "No real-time priority",
    "SuperCollider is not there",
    "The Quark is not well",
    "Ableton Live does not answer",
    "A check does not end",
)
"""The headings of docs/troubleshooting.md."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Args:
        topic: one of `TOPICS`.
        state: "ok"; "missing", where it is not there and could be; "broken", where it is there, or was asked for, and
            does not work.
        what: a sentence.
        mend: the command that mends it; "" where there is none.
        see: one of `PROBLEMS`; "" where nothing is wrong.

    >>> Finding("midi", "missing", "no MIDI here", see="No MIDI").state
    'missing'
    """

    topic: Topic
    state: State
    what: str
    mend: str = ""
    see: str = ""

    def __post_init__(self) -> None:
        if (self.see in PROBLEMS) == (self.state == "ok"):
            raise GrooveError(f"a finding that is {self.state} can't point to {self.see!r}")
