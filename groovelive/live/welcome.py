"""What a performer reads when a shell opens: the first lines to type, how to stop, where help is."""

from __future__ import annotations

from typing import Final

from ..runtime.hints import groovelive
from .client import SessionClient

FIRST_LINES: Final = (
    ('d1 >> groove("x..x..x.")', "a drummer plays to this rhythm, from the next bar on"),
    ('d1.genre, d1.density = "funk", 0.7', "changes how; d1.<tab> lists all controls, d1.density? explains one"),
    ("hush()", "stops: every drummer falls silent"),
)
"""What makes music, changes it and stops it: a line, and what it does."""


def welcome(live: SessionClient) -> str:
    """Return what stands at the top when a shell opens.

    >>> import groovelive as gl
    >>> print(welcome(gl.open(realtime=False)))
    live · 120 bpm · bar 1 · simulated · engine ready · out none · seed 7
    <BLANKLINE>
    Type, line by line:
      d1 >> groove("x..x..x.")             a drummer plays to this rhythm, from the next bar on
      d1.genre, d1.density = "funk", 0.7   changes how; d1.<tab> lists all controls, d1.density? explains one
      hush()                               stops: every drummer falls silent
    Keep what was played: live.last(8).save("song.mid", "song.wav").
    Leave: exit; the drummers play on until ...groovelive hush, or ...groovelive stop.
    Help: docs/live.md has all words; no sound, or something missing: ...groovelive doctor.
    <BLANKLINE>
    """
    width = max(len(line) for line, _ in FIRST_LINES)
    steps = "\n".join(f"  {line:{width}}   {what}" for line, what in FIRST_LINES)
    return f"""\
{live!r}

Type, line by line:
{steps}
Keep what was played: live.last(8).save("song.mid", "song.wav").
Leave: exit; the drummers play on until {groovelive("hush")}, or {groovelive("stop")}.
Help: docs/live.md has all words; no sound, or something missing: {groovelive("doctor")}.
"""
