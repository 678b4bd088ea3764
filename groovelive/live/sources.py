"""What a drummer follows or plays, as a performer types it."""

from __future__ import annotations

from os import PathLike
from typing import Any

from ..convert import is_path
from ..errors import GrooveError
from ..grooves.groove import Groove
from ..score import rhythms
from ..score.edits import Exact, Rhythm, of_groove
from ..score.inputs import Player
from .inputs import player_of


def groove(source: Any, bars: tuple[int, int] | None = None, *, instrument: Player = "") -> Rhythm:
    """Return a rhythm for a drummer to follow: `d1 >> groove("x..x..x.")`.

    Args:
        source: mini-notation or a step string; the path of a MIDI file; a Groove; an array (steps, 27), (steps, 3) or
            (steps, 9); or Notes.
        bars: of a file or a Groove, only those from the first up to, and without, the second.
        instrument: who plays it: "drums", "typed", "bass", "guitar", "piano" or "any"; by default as far as the rhythm
            tells. A bass is accompanied, not doubled.

    Raises:
        GrooveError: it cannot be read; of a text, it shows where.

    >>> groove("bd(3,8) [~ sn] hh*8").text
    'bd(3,8) [~ sn] hh*8'
    """
    told = source.instrument if isinstance(source, Rhythm) and not instrument else player_of(instrument)
    return Rhythm(**_source(source, bars), instrument=told)


def play(source: Any, bars: tuple[int, int] | None = None) -> Exact:
    """Return what a drummer shall play exactly as it is written: `d1 >> play("bd*4, hh*16")`; else as `groove`.

    >>> play("bd*4, [~ cp]*2, hh*16").text
    'bd*4, [~ cp]*2, hh*16'
    """
    return Exact(**_source(source, bars))


def _source(source: Any, bars: tuple[int, int] | None) -> dict[str, Any]:
    if isinstance(source, Rhythm | Exact):
        return {"text": source.text, "notes": source.notes, "steps": source.steps}
    is_file = isinstance(source, PathLike) or (isinstance(source, str) and is_path(source))
    if isinstance(source, str) and not is_file:
        if bars is not None:
            raise GrooveError("bars=(8, 12) is for a file or a Groove; a text goes on by itself")
        rhythms.check(Rhythm(text=str(source)))
        return {"text": str(source)}
    made = Groove.of(source)
    if bars is not None:
        try:
            first, last = bars
        except (TypeError, ValueError):
            raise GrooveError(f"bars are the first and the one after the last, as (8, 12), not {bars!r}") from None
        if not 0 <= first < last <= made.bars:
            raise GrooveError(f"bars {first} to {last} are not in it: it has bars 0 to {made.bars}")
        made = made[first:last]
    return {"notes": of_groove(made), "steps": made.steps}
