"""The drummer's main job on real input: a rhythm or a MIDI file in, a song of answers out, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..convert import is_midi_path
from ..errors import GrooveError, closest
from ..grooves.groove import Groove
from ..midi_files.reader import Tempo
from ..midi_files.reader import read as read_midi
from ..notation.parser import parse
from ..saving import TEMPO

if TYPE_CHECKING:
    from ..model import Model

LOOP: Final = 2  # bars that the model answers at a time
MAX_BARS: Final = 1000
NOTATION_BARS: Final = 256  # as many as `notation.parse` makes


@dataclass(frozen=True, slots=True)
class InputRhythm:
    """What the drummer follows.

    Args:
        groove: the drums, or the tap on one voice, of the whole input.
        tempo: beats per minute, or a tempo map.
        remarks: what of the input was left out, one sentence each.
    """

    groove: Groove
    tempo: Tempo = TEMPO
    remarks: tuple[str, ...] = ()


def listen(
    source: str,
    *,
    bars: int | None = None,
    track: int | str | None = None,
    kit: str = "common",
    seed: int = 0,
) -> InputRhythm:
    """Read the rhythm to follow from a MIDI file or from notation.

    Args:
        source: the path of a MIDI file (what exists, or ends in .mid or .midi), or a step string or
            mini-notation.
        bars: how many bars are wanted; notation is read that far.
        track: of a MIDI file, only this track: its number from 1, or a part of its name.
        kit: the drum map of a MIDI file, see `midi_files.drum_maps.load`.
        seed: for what is random in mini-notation.

    Raises:
        GrooveError: it can't be read or has no notes.

    >>> listen("x..x..x.").groove.bars
    2
    """
    if not source.strip():
        raise GrooveError("there is no rhythm; give a MIDI file, or type one, such as 'x..x..x.'")
    if not _is_file(source):
        groove = parse(source, bars=min(bars or LOOP, NOTATION_BARS), seed=seed)
        if not len(groove):
            raise GrooveError(f"{source!r} has no notes; write x where one is, as in 'x..x..x.'")
        return InputRhythm(groove)

    played = read_midi(source, kit=kit, track=track)
    report = played.report
    remarks = []
    if report.skipped or report.unmapped:
        remarks.append(f"{source}: {report}")
    return InputRhythm(played.groove, played.tempo_map, tuple(remarks))


def answer(
    model: Model,
    rhythm: Groove,
    *,
    bars: int | None = None,
    walk: str | None = None,
    seed: int = 0,
    **controls: Any,
) -> list[Groove]:
    """Answer a rhythm with drums, two bars at a time.

    A rhythm shorter than `bars` is repeated. Where it is silent for a whole loop the drums rest.

    Args:
        rhythm: what the drummer follows, any number of bars.
        bars: how many to play, 1..1000; by default as many as the rhythm has, at least a loop.
        walk: a genre or a preset to which the drums go, bar by bar: they begin with what the other controls
            say, and are there in the last bar.
        seed: of the first loop; each later one counts up.
        controls: those of `Model.drum`.

    Returns:
        Grooves of two bars each (one, if `bars` is odd, at the end), or of one bar each with `walk`.

    Raises:
        GrooveError: a control is wrong, or there are too many bars.
    """
    length = max(rhythm.bars, LOOP) if bars is None else bars
    if not 1 <= length <= MAX_BARS:
        few = "; --bars 8 takes the first 8" if bars is None else ""
        raise GrooveError(f"groovelive answers 1 to {MAX_BARS:,} bars, not {length:,}{few}")
    if walk is None:
        return [
            _loop(model, rhythm, bar, seed + bar // LOOP, controls)[: min(LOOP, length - bar)]
            for bar in range(0, length, LOOP)
        ]
    return [
        _loop(model, rhythm, bar - bar % LOOP, seed + bar // LOOP, stride)[bar % LOOP]
        for bar, stride in enumerate(_strides(model, walk, length, controls))
    ]


def _is_file(source: str) -> bool:
    if is_midi_path(source):
        return True
    try:
        return Path(source).is_file()
    except (OSError, ValueError):  # a rhythm too long for a file name
        return False


def _loop(model: Model, rhythm: Groove, bar: int, seed: int, controls: Mapping[str, Any]) -> Groove:
    """Answer the loop that begins at `bar`; the rhythm goes round."""
    first, second = (rhythm[b % rhythm.bars] for b in (bar, bar + 1))
    tap = first + second
    return model.drum(tap, seed=seed, **controls) if len(tap) else Groove.empty(LOOP)


def _strides(model: Model, goal: str, bars: int, controls: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the controls of each bar of a walk: the genre moves, and to a preset the attention too."""
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
        share = bar / (bars - 1) if bars > 1 else 1.0
        mix = {genre: (1.0 - share) * weight / total for genre, weight in weights.items()}
        mix[end] = mix.get(end, 0.0) + share
        stride = {**controls, "genre": mix}
        if preset and share > 0:  # with nothing of it to be heard the model takes no preset
            stride |= {"preset": goal, "follow": 1.0 - share}
        strides.append(stride)
    return strides
