"""Songs: a form such as "A8 B8 A8", played bar after bar by one drummer who remembers each section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from os import PathLike
from typing import Any

import numpy as np

from .. import checks
from ..errors import GrooveError, closest
from ..grooves.grid import STEPS_PER_BAR, VOICES
from ..grooves.groove import Groove
from ..notation.sections import Section, sections
from .drumming import heard, names_of, rhythm_of
from .player.player import DrumPlayer
from .player.request import MAX_BARS, MAX_CONTEXT
from .playing import Playing
from .taps import Floats, Tap

_V = len(VOICES)
_KICK, _CLOSED_HAT, _CRASH = VOICES.index("kick"), VOICES.index("closed_hat"), VOICES.index("crash")
_MEMORY = MAX_CONTEXT * STEPS_PER_BAR  # steps of a section that are remembered
# What is usual of sections with these names; what is said of a section counts more.
USUAL: Mapping[str, Mapping[str, Any]] = {
    "intro": {"complexity": 0.35, "intensity": 0.4, "fills": 0.0},
    "chorus": {"intensity": 0.65},
    "bridge": {"complexity": 0.6},
    "break": {"complexity": 0.2, "intensity": 0.3, "fills": 0.0},
    "build": {"intensity": 0.3},
    "outro": {"complexity": 0.4, "intensity": 0.45},
}
_BUILT = 2  # bars of a build-up from one degree of intensity to the next
_BUILDS = ("build",)  # sections that begin soft and end hard
_CONTROLS = (*(f.name for f in fields(Playing) if f.init), "rhythm")


@dataclass(frozen=True, slots=True, eq=False)
class Song:
    """A song that was played.

    Args:
        groove: all of it.
        form: its sections, with their first bars; a count-in and an ending are sections of those names.
        tempo: beats a minute.
        told: for each section what was told of it; nothing of a count-in and an ending.
    """

    groove: Groove
    form: tuple[Section, ...]
    tempo: float
    told: tuple[Mapping[str, Any], ...] = ()

    def section(self, name: str, turn: int = 1) -> Groove:
        """Return a section as it was played the first time, or at another turn.

        Raises:
            GrooveError: there is no such section, or not so many turns of it.

        >>> from groovelive.model import load
        >>> load().song("A2 B2 A2").section("A", 2).bars
        2
        """
        turns = [one for one in self.form if one.name == name]
        if not turns:
            names = list(dict.fromkeys(one.name for one in self.form))
            raise GrooveError(f"there is no section {name!r}{closest(name, names)}; there are {', '.join(names)}")
        one = turns[checks.whole(f"the turn of section {name}", turn, 1, len(turns)) - 1]
        return self.groove[one.start : one.start + one.bars]

    def save(self, *paths: str | PathLike[str], kit: str = "gm", sound: str = "acoustic") -> Song:
        """Write it to files that end in .mid, .wav (extra `synth`) or .svg, or to none.

        Args:
            paths: one or more.
            kit: the drum map of the MIDI file.
            sound: the kit that is heard in the audio, one of `groovelive.synthesis.kits.kits()`.

        Raises:
            GrooveError: one cannot be written.
        """
        from ..saving import check_outputs, save  # start-up time: it loads mido, and the engine writes no files

        save(self.parts(), check_outputs(paths), tempo=self.tempo, kit=kit, sound=sound)
        return self

    def play(self, drummer: Any) -> Song:
        """Have a drummer of a session play its sections from the next bar on: the same as `d1 >> song`."""
        drummer >> self
        return self

    def parts(self) -> list[tuple[str, Groove]]:
        """Return the sections in order, each with its name."""
        return [(one.name, self.groove[one.start : one.start + one.bars]) for one in self.form]


def song(
    player: DrumPlayer,
    form: str,
    *,
    tempo: float = 120.0,
    rhythm: Tap | None = None,
    instrument: str | None = None,
    prime: Groove | None = None,
    count_in: int = 0,
    ending: bool = False,
    seed: int = 0,
    **settings: Any,
) -> Song:
    """Play a song.

    A section that comes back is played from the memory of how it was played; one with another genre begins afresh.
    Sections called intro, chorus, bridge, break, build and outro are played so unless something else is said.

    Args:
        player: who plays.
        form: names of sections with their bars, as in "intro4 A8 B8 A8*2".
        tempo: beats a minute.
        rhythm: what the drums play to, in every section that has none of its own; None: nothing.
        instrument: who plays the rhythm.
        prime: bars that were played before, from which the first section goes on.
        count_in: bars of four strokes of the sticks.
        ending: whether a stroke of kick and crash ends it, in a bar of its own.
        seed: another seed, another song.
        settings: of sections by their names, A=dict(genre="funk", intensity=.7); or of all, as genre="rock". Each is
            one of `Playing`, or the section's own `rhythm`.

    Raises:
        GrooveError: the form or a setting is wrong, or names a section that is not in the form.

    >>> from groovelive.model import load
    >>> song = load().song("A4 B2 A4", tempo=96, genre="funk", B=dict(genre="jazz"), count_in=1, ending=True)
    >>> song.groove.bars, [section.name for section in song.form]
    (12, ['count-in', 'A', 'B', 'A', 'ending'])
    """
    played_form = sections(form)
    checks.whole("count_in", count_in, 0, 16, "bars")
    common, own = _parted(settings, {section.name for section in played_form})
    common |= {"tempo": checks.number("tempo", tempo, 20, 400, "beats a minute"), "seed": seed}
    common |= {"rhythm": rhythm, "instrument": instrument}
    memories: dict[str, Floats] = {}
    genre: Any = None
    before = None if prime is None else prime.hvo.astype(np.float32)
    parts: list[Floats] = []
    tells: list[Mapping[str, Any]] = []
    for number, section in enumerate(played_form):
        told = {**common, **USUAL.get(section.name, {}), **own.get(section.name, {})}
        context = memories.get(section.name)
        if context is None and (not parts or told.get("genre") == genre):
            context = before
        last = number == len(played_form) - 1
        bars = _section(player, section, told, context, last and not ending)
        memories[section.name] = np.concatenate([memories.get(section.name, bars[:0]), bars])[-_MEMORY:]
        genre, before = told.get("genre"), bars
        parts.append(bars)
        tells.append(told)
    made = _assembled(parts, played_form, count_in, ending, tempo)
    return replace(made, told=(*({},) * bool(count_in), *tells, *({},) * ending))


def _parted(settings: Mapping[str, Any], names: set[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what is set for all sections, and what for each."""
    common: dict[str, Any] = {}
    own: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        if name in names:
            if not isinstance(value, Mapping):
                raise GrooveError(f"section {name} takes dict(genre=…, density=…), not {value!r}")
            own[name] = dict(value)
        elif name in _CONTROLS:
            common[name] = value
        elif isinstance(value, Mapping):
            raise GrooveError(f"there is no section {name!r} in the form{closest(name, names)}")
        else:
            checks.name("a setting of a song", name, _CONTROLS)
    for section, values in own.items():
        for name in values:
            checks.name(f"a setting of section {section}", name, _CONTROLS)
    return common, own


def _section(
    player: DrumPlayer, section: Section, told: Mapping[str, Any], context: Floats | None, final: bool
) -> Floats:
    """Return the bars of a section, (steps, 27); a build-up in pairs of bars, each harder than the one before."""
    settings = {name: value for name, value in told.items() if name != "rhythm"}
    settings["redirect"] = names_of(settings.get("redirect", ()))
    rhythm = None if told["rhythm"] is None else rhythm_of(told["rhythm"])
    settings["instrument"] = "any" if rhythm is None else heard(told["instrument"], rhythm)
    builds = section.name in _BUILDS
    played = np.zeros((0, 3 * _V), np.float32)
    shaped: list[Floats] = []
    step = _BUILT if builds else min(section.bars, MAX_BARS)
    for first in range(0, section.bars, step):
        bars = min(step, section.bars - first)
        if builds:
            start = float(settings.get("intensity", 0.3))
            settings["intensity"] = start + (0.95 - start) * (first + bars) / section.bars
        playing = Playing(**settings)
        fill = playing.drawn_fills(section.start + first, bars)
        if not final and playing.fills and section.bars >= 4 and first + bars == section.bars:
            fill[bars - 1] = True  # into what comes next
        fill[bars] = False
        before = played if context is None else np.concatenate([context, played])
        turn = rhythm if rhythm is None else np.roll(rhythm, -first * STEPS_PER_BAR, 0)
        answer = player.play(
            playing.request(
                bars, turn, context=before[-_MEMORY:] if len(before) else None, bar=section.start + first, fill=fill
            )
        )
        played = np.concatenate([played, answer.rows])
        shaped.append(playing.shaped(answer))
    return np.concatenate(shaped)


def _assembled(parts: Sequence[Floats], form: Sequence[Section], count_in: int, ending: bool, tempo: float) -> Song:
    found: list[Section] = []
    rows: list[Floats] = []
    if count_in:
        rows.append(_strokes(count_in, ((_CLOSED_HAT, 0.7, (0, 4, 8, 12)),)))
        found.append(Section("count-in", 0, count_in))
    found += [section._replace(start=section.start + count_in) for section in form]
    rows += parts
    if ending:
        found.append(Section("ending", found[-1].start + found[-1].bars, 1))
        rows.append(_strokes(1, ((_KICK, 0.9, (0,)), (_CRASH, 0.95, (0,)))))
    return Song(Groove.from_hvo(np.concatenate(rows)), tuple(found), tempo)


def _strokes(bars: int, voices: Sequence[tuple[int, float, Sequence[int]]]) -> Floats:
    """Return bars with strokes at the same steps of each, (bars * 16, 27)."""
    bar = np.zeros((STEPS_PER_BAR, 3 * _V), np.float32)
    for voice, velocity, steps in voices:
        bar[list(steps), voice], bar[list(steps), _V + voice] = 1, velocity
    return np.tile(bar, (bars, 1))
