"""What a clock of others is to the conductor, be it Link, MIDI clock or Live."""

from __future__ import annotations

import importlib.util
from typing import Literal, Protocol

from ..errors import GrooveError
from ..runtime.hints import Extra, install
from .beat_tracker import Word

Change = Literal["start", "stop"]


class Source(Protocol):
    """A clock that can lead: looked at in every turn of the conductor's loop, where it must not wait.

    Attributes:
        by: who makes the edits of the tempo that follow it; no performer's undo is about them.
        bend, over, deadband: how closely it is followed; see `PhaseLock`.
        placed: whether it says where the bar begins, or only how fast it is.
    """

    by: str
    bend: float
    over: float
    deadband: float

    @property
    def placed(self) -> bool: ...

    def look(self) -> Word | None:
        """Return where it is by what has come last; None: it is not there, or does not run."""

    def change(self) -> Change | None:
        """Return whether it has started or stopped since this was last asked, where that is to be heeded."""

    def alone(self, beat: float, bpm: float, at: float, playing: bool) -> None:
        """Take where we are at a moment (s) while it is not there: who comes to a session finds it as we play."""

    def close(self) -> None:
        """Let it go."""


def check_installed(module: str, what: str, extra: Extra) -> None:
    """Raise a GrooveError with the line that installs an extra, where its module is missing.

    >>> check_installed("no_such_module", "Ableton Link", "link")
    Traceback (most recent call last):
    groovelive.errors.GrooveError: Ableton Link needs the extra link: ...
    """
    if importlib.util.find_spec(module) is None:
        raise GrooveError(f"{what} needs the extra {extra}: {install(extra)}")
