"""Songs live: `gl.song("A8 B8 A8")` played at once to files, or bar by bar by a drummer of the session."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ..checks import number
from ..errors import GrooveError
from ..grooves.grid import GROUPS, VOICES, voice_indices
from ..grooves.groove import Groove
from ..notation.sections import Section
from ..protocol.session import MAX_EDITS, Draft, When
from ..score.controls import CONTROLS
from ..score.edits import BEATS_PER_BAR, Exact, Home, Line, Rhythm, Weights, of_groove
from .client import SessionClient
from .sources import groove

if TYPE_CHECKING:
    from ..model.songs import Song

_OFFLINE = ("top_k", "hands", "drummer")  # settings of a song that no drummer of a session has
_HARD = 0.95  # intensity at the end of a build-up


@runtime_checkable
class Scheduled(Protocol):
    """What a drummer plays section by section: a song."""

    @property
    def groove(self) -> Groove: ...

    @property
    def form(self) -> Sequence[Section]: ...

    @property
    def told(self) -> Sequence[Mapping[str, Any]]: ...


class SongDrummer(Protocol):
    """Who plays a song: a drummer."""

    _live: SessionClient

    @property
    def name(self) -> str: ...


def song(form: str, **settings: Any) -> Song:
    """Play a song by the shipped model, at once: `song("A8 B8 A8", tempo=96, A=dict(genre="funk"))`.

    `.save("x.mid", "x.wav", "x.svg")` keeps it; `d1 >> song` has a drummer of the session play its sections from the
    next bar on, live: each time anew, at the tempo of the session, with a memory of how a section was played.

    Args:
        form: names of sections with their bars, as in "intro4 A8 B8 A8*2".
        settings: of sections by their names, or of all: `tempo`, `genre`, `density`, `intensity`, `rhythm`,
            `instrument`, `fills`, `seed`, `count_in`, `ending`, `prime`, …; see `groovelive.model.songs.song`.

    Raises:
        GrooveError: the form or a setting is wrong.

    >>> made = song("A2 B2 A2", tempo=96, A=dict(genre="funk"), B=dict(genre="rock"))
    >>> made.groove.bars, [section.name for section in made.form]
    (6, ['A', 'B', 'A'])
    """
    from ..model import load  # start-up time: a client of a conductor does without the model

    return load().song(form, **settings)


def schedule(drummer: SongDrummer, made: Scheduled) -> None:
    """Have a drummer play a song from the next bar on, or from that of the block that is open; one undo takes it back.

    Sections without a rhythm of their own are played to what the drummer follows, or else to its preset. After the last
    bar it falls silent, and is set as before.

    Raises:
        GrooveError: a setting of the song is none of a drummer's.
    """
    live = drummer._live
    start = _start(live)
    plans = [_planned(section, told) for section, told in zip(made.form, made.told, strict=True)]
    paths = list(dict.fromkeys(path for plan in plans for path in plan))
    before: dict[str, Any] = {path: live.score.value(drummer.name, path, start) for path in paths}
    usual: Any = live.score.value(drummer.name, "source", start)
    if usual is None or isinstance(usual, Exact):
        usual = Home()
    drafts: list[Draft] = []
    holds: dict[str, Any] = dict(before)
    for section, told, plan in zip(made.form, made.told, plans, strict=True):
        at = start + section.start * BEATS_PER_BAR
        here = made.groove[section.start : section.start + section.bars]
        source: Any = usual
        if not told:  # a count-in or an ending, which is written
            source = Exact(notes=of_groove(here), steps=here.steps)
        elif told.get("rhythm") is not None:
            source = _rhythm(told["rhythm"], told.get("instrument"))
        wanted = {**before, **plan, "source": source}
        drafts += [Draft(path, v, drummer.name, beat=at) for path, v in wanted.items() if holds.get(path) != v]
        holds = wanted
        if told and section.bars >= 4 and told.get("fills", 1) and section is not made.form[-1]:
            drafts.append(Draft("fill", 1, drummer.name, beat=at + (section.bars - 1) * BEATS_PER_BAR))
    end = start + made.groove.bars * BEATS_PER_BAR
    drafts += [Draft(path, value, drummer.name, beat=end) for path, value in before.items() if holds[path] != value]
    drafts.append(Draft("source", None, drummer.name, beat=end))
    for first in range(0, len(drafts), MAX_EDITS):
        live.send(drafts[first : first + MAX_EDITS], When("beat"))


def _start(live: SessionClient) -> float:
    beat = live.beat
    when = live.block.when if live.block is not None else When()
    if when.at == "bar":
        return (when.number - 1) * BEATS_PER_BAR
    if when.at == "bars":
        return (math.floor(beat / BEATS_PER_BAR) + when.number) * BEATS_PER_BAR
    if when.at != "next":
        raise GrooveError("a song begins with a bar: with at('+8'): d1 >> song")
    return math.ceil((beat + live.realtime) / BEATS_PER_BAR) * float(BEATS_PER_BAR)


def _rhythm(rhythm: Any, instrument: str | None) -> Rhythm:
    return groove(rhythm, instrument=instrument or "")  # type: ignore[arg-type]


def _planned(section: Section, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a drummer is set to in a section, by the paths of its controls."""
    plan = {"section": section.name} if told else {}
    for path, value in _settings(section, told):
        plan[path] = value
    return plan


def _settings(section: Section, told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in told.items():
        if name in _OFFLINE:
            raise GrooveError(
                f"{name} is of a song that is saved; a drummer of the session has no {name}: leave it out"
            )
        if value is None or name in ("tempo", "rhythm") or (name == "seed" and not value):
            continue
        if name == "instrument" and told.get("rhythm") is None:
            continue
        if name == "density" and isinstance(value, Mapping):
            yield from ((f"density.{_part(part)}", amount) for part, amount in value.items())
        elif name == "genre" and isinstance(value, Mapping):
            yield name, Weights({genre: number("a weight", weight) for genre, weight in value.items()})
        elif name == "redirect":
            yield name, (value,) if isinstance(value, str) else tuple(value)
        elif name == "temperature":
            yield name, max(float(value), CONTROLS[name].low)
        elif name == "intensity" and section.name == "build":
            yield name, Line(start=float(value), end=_HARD, bars=float(section.bars))
        elif CONTROLS[name].kind == "number":
            yield name, float(value)
        else:
            yield name, value


def _part(name: str) -> str:
    """Return a group, or the long name of a voice."""
    return name if name in GROUPS else VOICES[voice_indices(name)[0]]
