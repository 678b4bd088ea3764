"""What a performer is told on leaving: the drummers that play on, and how they are stopped."""

from __future__ import annotations

import math
from typing import Any

from ..runtime.hints import groovelive
from ..score.edit_log import SESSION
from ..score.score import Score


def farewell(score: Score) -> str:
    """Return what is told who leaves a session: who plays on, and how that is stopped; "" where nobody does.

    >>> farewell(Score())
    ''
    """
    names = playing_on(score)
    if not names:
        return ""
    plays, them = ("plays", "it") if len(names) == 1 else ("play", "them")
    silence = f"{groovelive('hush')} silences {them}, {groovelive('stop')} ends the session"
    return f"{', '.join(names)} {plays} on without this program: {silence}"


def playing_on(score: Score) -> list[str]:
    """Return the drummers that sound, or will, if nobody does anything any more."""

    def last(name: str, path: str) -> Any:
        return score.value(name, path, math.inf)

    if last(SESSION, "playing") is False:
        return []
    solos = [name for name in score.drummers if last(name, "solo")]
    heard = solos or score.drummers
    return [name for name in heard if last(name, "source") is not None and not last(name, "mute")]
