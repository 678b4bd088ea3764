"""A clip: a span of bars as it was played, and its files."""

from __future__ import annotations

from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Protocol

from .. import saving
from ..errors import GrooveError, closest
from ..grooves.display import svg_song
from ..grooves.grid import STEPS_PER_BAR
from ..grooves.groove import Groove
from ..protocol.engine import ModelInfo
from ..runtime.atomic import replacing
from ..score import export as writing
from ..score.edits import BEATS_PER_BAR, STEP, bar_of
from ..score.events import Event, events
from ..score.score import Score
from . import take
from .as_grooves import groove_of

ENDINGS = (*saving.ENDINGS, ".take")


class Named(Protocol):
    """What has a name, as a drummer."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...


class Clip:
    """A span of what was played.

    Args:
        score: all edits.
        begin: beat.
        end: beat, after `begin`.
        model: what answered.

    >>> import groovelive as gl
    >>> live = gl.open(realtime=False)
    >>> _ = live.d1 >> gl.play("bd sn")
    >>> live.run(bars=4)
    >>> live.last(2)
    2 bars, 4 notes of d1
    """

    def __init__(self, score: Score, begin: float, end: float, model: ModelInfo | None = None) -> None:
        self.score, self.begin, self.end, self.model = score, begin, end, model

    @cached_property
    def events(self) -> list[Event]:
        """What sounds, in order: `Event(beat, drummer, voice, velocity, step, nudge)`, in the session's beats."""
        return events(self.score, self.begin, self.end)

    @property
    def bars(self) -> float:
        """How many bars it lasts."""
        return (self.end - self.begin) / BEATS_PER_BAR

    @property
    def drummers(self) -> list[str]:
        """Who plays in it."""
        return list(dict.fromkeys(event.drummer for event in self.events))

    def groove(self, drummer: Named | str | None = None) -> Groove:
        """Return what one drummer played, or all together, as a Groove in whole bars."""
        name = drummer if isinstance(drummer, str) or drummer is None else drummer.name
        if name is not None and name not in self.score.drummers:
            raise GrooveError(f"there is no drummer {name!r}{closest(name, self.score.drummers)}")
        chosen = [event for event in self.events if name in (None, event.drummer)]
        bars = max(-(-round((self.end - self.begin) / STEP) // STEPS_PER_BAR), 1)
        return groove_of(chosen, round(self.begin / STEP), bars)

    def save(self, *paths: str | PathLike[str]) -> Clip:
        """Write it to files that end in .mid, .wav (extra `synth`), .svg or .take.

        Raises:
            GrooveError: one cannot be written; those before it are there.
        """
        targets = saving.check_outputs(paths, ENDINGS)
        problems = []
        for target in targets:
            try:
                self._save(target)
            except GrooveError as error:  # what can be written, is
                problems.append(str(error))
        if problems:
            raise GrooveError("; ".join(problems))
        return self

    def _save(self, target: Path) -> None:
        ending = target.suffix.lower()
        if ending == ".take":
            take.write(target, take.Take(self.score, self.begin, self.end, self.model))
        elif ending == ".wav":
            writing.wav(target, self.score, self.events, self.begin, self.end)
        elif ending == ".svg":
            with replacing(target) as part:
                part.write_text(svg_song([(name, self.groove(name)) for name in self.drummers]), encoding="utf-8")
        else:
            writing.midi(target, self.score, self.events, self.begin, self.end)

    def __repr__(self) -> str:
        who = ", ".join(f"{sum(e.drummer == n for e in self.events)} notes of {n}" for n in self.drummers) or "silent"
        return f"{self.bars:g} bar{'' if self.bars == 1 else 's'}, {who}"

    def _repr_svg_(self) -> str:
        first, last = bar_of(self.begin), max(bar_of(self.end - STEP), bar_of(self.begin))
        when = f"bar {first}" if first == last else f"bars {first} to {last}"
        named = [(f"{name}, {when}", self.groove(name)) for name in self.drummers]
        return svg_song(named or [(f"silent, {when}", self.groove())])
