"""The drummer's main job on real input: a rhythm or a MIDI file in, a song of answers out, and its files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..convert import existing, is_path
from ..errors import GrooveError, closest
from ..grooves.groove import Groove
from ..grooves.taps import Instrument, instrument_of
from ..midi_files.reader import Part, Tempo
from ..midi_files.reader import read as read_midi
from ..notation.caret import NotationError
from ..notation.code import unwrapped
from ..notation.parser import bars_of, parse
from ..notation.step_strings import CLOSED_HAT
from ..saving import TEMPO
from .performance import LOOP, Performance, loop_at

if TYPE_CHECKING:
    from ..model import Model

MAX_BARS: Final = 1000
ARRIVED: Final = 0.75  # of a walk, after which the player is where it goes to: it takes some bars to be heard
NOTATION_BARS: Final = 256  # as many as `notation.parse` makes
_NAMED = re.compile("[^\\W\\dxX_]")  # a letter but x: of a drum's name
_UNNAMED = re.compile(r"\b(ring|bools|spread|knit|flatten|true|false|t|f)\b")  # words that name no drum


@dataclass(frozen=True, slots=True)
class InputRhythm:
    """What the drummer follows.

    Args:
        groove: the drums, or the tap on one voice, of the whole input.
        tempo: beats per minute, or a tempo map.
        remarks: what of the input was left out, one sentence each.
        instrument: who plays it.
        drums: whether its voices are drums; else all of it is on one voice.
    """

    groove: Groove
    tempo: Tempo = TEMPO
    remarks: tuple[str, ...] = ()
    instrument: Instrument = "typed"
    drums: bool = True


def listen(
    source: str,
    *,
    bars: int | None = None,
    track: int | str | None = None,
    channel: int | None = None,
    part: Part = "auto",
    kit: str = "common",
    metre: str | None = None,
    seed: int = 0,
) -> InputRhythm:
    """Read the rhythm to follow from a MIDI file or from notation.

    Args:
        source: the path of a MIDI file (what exists, or ends in .mid or .midi), or a step string or
            mini-notation.
        bars: how many bars are wanted; notation is read that far.
        track: of a MIDI file, only this track: its number from 1, or a part of its name.
        channel: of a MIDI file, only this channel, 1..16.
        part: of a MIDI file, what is read as drums, see `midi_files.reader.read`.
        kit: the drum map of a MIDI file, see `midi_files.drum_maps.load`.
        metre: of a MIDI file, the metre that it is read in, whatever it says: "4/4".
        seed: for what is random in mini-notation.

    Raises:
        GrooveError: it can't be read or has no notes.

    >>> listen("x..x..x.").groove.bars
    2
    """
    if not source.strip():
        raise GrooveError("there is no rhythm; give a MIDI file, or type one, such as 'x..x..x.'")
    if not is_file(source):
        groove = _parsed(source, bars, seed)
        if not len(groove):
            raise GrooveError(f"{source!r} has no notes; write x where one is, as in 'x..x..x.'")
        named = _NAMED.search(_UNNAMED.sub("", unwrapped(source).text))
        return InputRhythm(groove, drums=named is not None or bool(np.delete(groove.hits, CLOSED_HAT, 1).any()))
    existing(source)

    played = read_midi(source, kit=kit, track=track, channel=channel, part=part, metre=metre)
    remarks = (f"{source}: {'; '.join(played.report.remarks)}",) if played.report.remarks else ()
    return InputRhythm(played.groove, played.tempo_map, remarks, played.instrument, bool(played.report.drums))


def answer(
    model: Model,
    rhythm: Groove,
    *,
    bars: int | None = None,
    walk: str | None = None,
    seed: int = 0,
    mirror: bool = False,
    instrument: Instrument | None = None,
    tempo: Tempo = TEMPO,
    keep: Groove | None = None,
    locks: Sequence[str | int] = (),
    **controls: Any,
) -> list[Groove]:
    """Answer a rhythm with drums: one performance, two bars at a time.

    A rhythm shorter than `bars` is repeated. Where it is silent for a whole loop the drums rest.

    Args:
        model: by its player, or where it has none, or `mirror` is said, by its mirror.
        rhythm: what the drummer follows, any number of bars.
        bars: how many to play, 1..1000; by default as many as the rhythm has, at least a loop.
        walk: a genre or a preset to which the drums go, bar by bar: they begin with what the other controls
            say, and are there in the last bar.
        seed: of the player; of the mirror's first loop, and each later one counts up.
        mirror: whether each loop is answered by itself, with the rhythm's own steps only.
        instrument: who plays the rhythm; by default as far as it tells itself.
        tempo: that it is played at, or a tempo map.
        keep: drums of which `locks` stay; they go round.
        locks: voices, groups and steps (of two bars, from 0) that stay as in `keep`.
        controls: those of `Model.drum`, and `fills` and `phrase`.

    Returns:
        Grooves of two bars each (one, if `bars` is odd, at the end), or of one bar each with `walk`.

    Raises:
        GrooveError: a control is wrong, or there are too many bars.
    """
    length = max(rhythm.bars, LOOP) if bars is None else bars
    if not 1 <= length <= MAX_BARS:
        few = "; --bars 8 takes the first 8" if bars is None else ""
        raise GrooveError(f"groovelive answers 1 to {MAX_BARS:,} bars, not {length:,}{few}")
    mirror = mirror or model.player is None
    strides = None if walk is None else _strides(model, walk, length, controls, 1.0 if mirror else ARRIVED)
    if mirror:
        loop = partial(_mirrored, model, rhythm, keep=keep, locks=locks)
        if strides is not None:
            return [
                loop(bar - bar % LOOP, seed + bar // LOOP, **stride)[bar % LOOP] for bar, stride in enumerate(strides)
            ]
        return [loop(bar, seed + bar // LOOP, **controls)[: min(LOOP, length - bar)] for bar in range(0, length, LOOP)]
    told = instrument_of(rhythm.tap()) if instrument is None else instrument
    player = Performance(model, rhythm, instrument=told, tempo=tempo, seed=seed, keep=keep, locks=locks)
    if strides is not None:
        return [player.play(bar, 1, **stride) for bar, stride in enumerate(strides)]
    return [player.play(bar, LOOP, **controls)[: min(LOOP, length - bar)] for bar in range(0, length, LOOP)]


def is_file(source: str) -> bool:
    """Return whether an argument is meant as a file: one that is there, or a text with a path's ending or slashes.

    >>> is_file("song.mid"), is_file("sogn.mdi"), is_file("loops/beat"), is_file("bd sn/2")
    (True, True, True, False)
    """
    if is_path(source):
        return True
    try:
        return Path(source).is_file()
    except (OSError, ValueError):  # a rhythm too long for a file name
        return False


def _parsed(source: str, bars: int | None, seed: int) -> Groove:
    """Read notation, as far as it is wanted; where it is one word that cannot be read it may be a file's name."""
    try:
        return parse(source, bars=min(bars or max(LOOP, bars_of(source)), NOTATION_BARS), seed=seed)
    except NotationError:
        if re.fullmatch(r"[\w.-]{4,}", source):
            near = closest(source, [path.stem for path in Path().glob("*.mid*")])
            if near:
                existing(source + ".mid")
        raise


def _mirrored(
    model: Model, rhythm: Groove, bar: int, seed: int, *, keep: Groove | None, locks: Sequence[str | int], **told: Any
) -> Groove:
    """Answer the loop that begins at `bar` by the mirror."""
    tap = loop_at(rhythm, bar)
    if not len(tap):
        return Groove.empty(LOOP)
    if locks:
        told |= {"locks": locks, "keep": None if keep is None else loop_at(keep, bar)}
    return model.drum(tap, seed=seed, mirror=True, **told)


def _strides(model: Model, goal: str, bars: int, controls: Mapping[str, Any], arrived: float) -> list[dict[str, Any]]:
    """Return the controls of each bar of a walk: the genre moves, and to a preset the attention too.

    `arrived` is the part of the way after which it is there.
    """
    preset = model.presets.get(goal)
    if preset is None and goal not in model.genres:
        hint = closest(goal, [*model.genres, *model.presets])
        raise GrooveError(f"a walk goes to a genre or a preset, and {goal!r} is neither{hint}")
    if preset and ("preset" in controls or "follow" in controls):
        raise GrooveError("a walk to a preset sets preset and follow itself; leave them out")
    end = preset.genre if preset else goal
    start = controls.get("genre") or "any"
    weights: Mapping[str, float] = {start: 1.0} if isinstance(start, str) else start
    total = sum(weights.values())
    if not total > 0:
        raise GrooveError("the weights of a mixture of genres must not all be 0")
    strides = []
    for bar in range(bars):
        share = min(bar / (bars - 1) / arrived, 1.0) if bars > 1 else 1.0
        mix = {genre: (1.0 - share) * weight / total for genre, weight in weights.items()}
        mix[end] = mix.get(end, 0.0) + share
        mix = {genre: weight for genre, weight in mix.items() if weight}
        stride = {**controls, "genre": mix}
        if preset and share > 0:  # with nothing of it to be heard the model takes no preset
            stride |= {"preset": goal, "follow": 1.0 - share}
        strides.append(stride)
    return strides
