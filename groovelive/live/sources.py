"""What a drummer follows or plays, as a performer types it."""

from __future__ import annotations

import sys
from os import PathLike
from typing import Any

from ..convert import is_path
from ..errors import GrooveError
from ..grooves.groove import Groove
from ..score import rhythms
from ..score.edits import Exact, Rhythm, of_groove
from ..score.inputs import Player
from .inputs import player_of


def groove(
    source: Any,
    bars: tuple[int, int] | None = None,
    *,
    instrument: Player = "",
    track: int | str | None = None,
    channel: int | None = None,
    part: str | None = None,
    kit: Any = None,
    metre: str | None = None,
) -> Rhythm:
    """Return a rhythm for a drummer to follow: `d1 >> groove("x..x..x.")`.

    Args:
        source: mini-notation or a step string; the path of a MIDI file; a Groove; an array (steps, 27), (steps, 3) or
            (steps, 9); or Notes.
        bars: of a file or a Groove, only those from the first up to, and without, the second.
        instrument: who plays it: "drums", "typed", "bass", "guitar", "piano" or "any"; by default as far as the rhythm
            tells. A bass is accompanied, not doubled.
        track: of a MIDI file, only this track: its number from 1, or a part of its name.
        channel: of a MIDI file, only this channel, 1..16.
        part: of a MIDI file, "drums" reads all of it as drums, "tap" as a rhythm on one voice; by default ("auto") what
            is drums as drums.
        kit: of a MIDI file, its drum map: "gm", "roland", …, a mapping or a .json file; by default one that fits most.
        metre: of a MIDI file, "4/4" reads it so, whatever it says itself.

    Raises:
        GrooveError: it cannot be read; of a text, it shows where. What of a file could not be read is told.

    >>> groove("bd(3,8) [~ sn] hh*8").text
    'bd(3,8) [~ sn] hh*8'
    """
    told = source.instrument if isinstance(source, Rhythm) and not instrument else player_of(instrument)
    file = _File(track=track, channel=channel, part=part, kit=kit, metre=metre)
    return Rhythm(**_source(source, bars, file, drums=False), instrument=told)


def play(
    source: Any,
    bars: tuple[int, int] | None = None,
    *,
    track: int | str | None = None,
    channel: int | None = None,
    part: str | None = None,
    kit: Any = None,
    metre: str | None = None,
) -> Exact:
    """Return what a drummer shall play exactly as it is written: `d1 >> play("bd*4, hh*16")`; else as `groove`.

    >>> play("bd*4, [~ cp]*2, hh*16").text
    'bd*4, [~ cp]*2, hh*16'
    """
    file = _File(track=track, channel=channel, part=part, kit=kit, metre=metre)
    return Exact(**_source(source, bars, file, drums=file.get("part") != "tap"))


class _File(dict[str, Any]):
    """How a MIDI file is to be read, as far as that was said."""

    def __init__(self, **options: Any) -> None:
        super().__init__({name: value for name, value in options.items() if value is not None})

    def read(self, path: Any, drums: bool) -> Groove:
        """Return the groove of a file, and tell what of it was left out or mended.

        Args:
            path: of the file.
            drums: whether it is told, too, that there are no drums.
        """
        from ..midi_files.reader import read  # start-up time: most rhythms are typed

        played = read(path, **self)
        remarks = [*played.report.remarks, *filter(None, [played.report.instead] if drums else [])]
        if remarks:
            print(f"groovelive: {path}: {'; '.join(remarks)}", file=sys.stderr)
        return played.groove


def _source(source: Any, bars: tuple[int, int] | None, file: _File, drums: bool) -> dict[str, Any]:
    is_file = isinstance(source, PathLike) or (isinstance(source, str) and is_path(source))
    if file and not is_file:
        raise GrooveError(f"{min(file)}= is for a MIDI file, and this is none")
    if isinstance(source, Rhythm | Exact):
        return {"text": source.text, "notes": source.notes, "steps": source.steps}
    if isinstance(source, str) and not is_file:
        if bars is not None:
            raise GrooveError("bars=(8, 12) is for a file or a Groove; a text goes on by itself")
        rhythms.check(Rhythm(text=str(source)))
        return {"text": str(source)}
    made = file.read(source, drums) if is_file else Groove.of(source)
    if bars is not None:
        try:
            first, last = bars
        except (TypeError, ValueError):
            raise GrooveError(f"bars are the first and the one after the last, as (8, 12), not {bars!r}") from None
        if not 0 <= first < last <= made.bars:
            raise GrooveError(f"bars {first} to {last} are not in it: it has bars 0 to {made.bars}")
        made = made[first:last]
    return {"notes": of_groove(made), "steps": made.steps}
