"""A clip: a span of bars as it was played, and its files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Literal, Protocol

from .. import saving
from ..checks import name as one_of
from ..errors import GrooveError, closest
from ..grooves.display import svg_song
from ..grooves.grid import GROUPS, STEPS_PER_BAR, VOICES
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


Stem = Literal["voice", "drummer"]


def is_folder(path: str | PathLike[str]) -> bool:
    """Return whether a path names a folder, which stems are written to."""
    return str(path).endswith(("/", os.sep)) or Path(path).is_dir()


def check_paths(paths: Sequence[str | PathLike[str]]) -> list[str]:
    """Return the paths that music is to be written to, before any work is done; those of folders end with a slash.

    Raises:
        GrooveError: one of them cannot be made here, as far as one can tell without trying; or there is none.
    """
    folders = [path for path in paths if is_folder(path)]
    files = [path for path in paths if not is_folder(path)]
    found = [str(path) for path in saving.check_outputs(files, ENDINGS)] if files or not folders else []
    for folder in folders:
        # As for a WAV file in the folder above: that has to be there, and the synth too.
        saving.check_outputs([Path(folder).resolve().parent / f"{Path(folder).name}.stems.wav"], ENDINGS)
        found.append(str(folder).rstrip("/" + os.sep) + "/")
    return found


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

    def save(self, *paths: str | PathLike[str], by: Stem = "voice") -> Clip:
        """Write it to files that end in .mid, .wav (extra `synth`), .svg or .take; into folders as stems.

        Stems are WAV files of the same length, one for each voice of each drummer that plays: `save("stems/")` writes
        `stems/d1-kick.wav`, `stems/d1-hats.wav`, … Closed and open hats are one stem, since one closes the other.

        Args:
            paths: names of files; or of folders, which end in "/" or are there already.
            by: "voice", or "drummer": one stem for each drummer.

        Raises:
            GrooveError: one cannot be written; those before it are there.
        """
        one_of("by", by, ("voice", "drummer"))
        targets = check_paths(paths)
        problems = []
        for target in targets:
            try:
                if is_folder(target):
                    self._stems(Path(target), by)
                else:
                    self._save(Path(target))
            except GrooveError as error:  # what can be written, is
                problems.append(str(error))
        if problems:
            raise GrooveError("; ".join(problems))
        return self

    def _stems(self, folder: Path, by: str) -> None:
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise GrooveError(f"cannot make the folder {folder}: {error.strerror}") from None
        stems: dict[str, list[Event]] = {}
        for event in self.events:
            voice = "hats" if event.voice in GROUPS["hats"] else VOICES[event.voice]
            stems.setdefault(event.drummer if by == "drummer" else f"{event.drummer}-{voice}", []).append(event)
        if not stems:
            raise GrooveError(f"nothing was played in these bars, so {folder} has no stems")
        for name, found in stems.items():
            writing.wav(folder / f"{name}.wav", self.score, found, self.begin, self.end)

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
