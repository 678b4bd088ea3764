"""The autopilot: what a drummer changes by itself in a set that nobody touches, decided bar by bar from the log."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from .edits import (
    BEATS_PER_BAR,
    Draft,
    Edit,
    Home,
    Line,
    Move,
    Moves,
    Value,
)
from .inputs import Adaptive
from .memory import hearing
from .score import Score

BY = "autopilot"
PHRASE, SECTION, CHAPTER = 8, 16, 32  # bars: fills at the ends of phrases, another turn of the preset, another genre
SPREAD = 0.15  # of the density, to either side of what it was set to
DRIFT = 0.3  # deviations of the prior by which it strays, so that no loop is quite the one before
_USUAL = 0.5  # density
_MOVES = Moves((Move("last_of", PHRASE, "fill", ()), Move("last_of", CHAPTER, "crash", ())))


def since(score: Score, drummer: str, beat: float) -> float | None:
    """Return the beat from which on the autopilot has been on, or None where it is off."""
    edit = score.edit(drummer, "autopilot", beat)
    return edit.beat if edit is not None and edit.value else None


def decide(score: Score, drummer: str, bar: int, genres: Sequence[str]) -> list[Draft]:
    """Return what the autopilot changes at the beginning of a bar (from 0).

    It is a function of the log: the same set, the same decisions. That it plays its preset while nobody plays to it is
    a matter of what it wants from the model: `wishes`. What a performer has set since is respected: follow,
    density, genre and fills steer it, and at home it stays at home; a source that was silenced stays silent. The player
    fills at the ends of phrases; for a mirror moves do.

    Args:
        genres: that the model knows.
    """
    beat = float(bar * BEATS_PER_BAR)
    begun = since(score, drummer, beat)
    if begun is None:
        return []
    first = -int(-begun // BEATS_PER_BAR)
    passed = bar - first
    source = score.edit(drummer, "source", beat)
    if source is not None and source.value is None and source.by != BY and source.beat >= begun:
        return []
    found: list[Draft] = []

    def set_(path: str, value: Value, over: float = 0.0) -> None:
        held = score.edit(drummer, path, beat)
        if held is None or held.value != value:
            found.append(Draft(path, value, drummer, beat=beat, over=over, by=BY))

    chance = Random(f"{score.seed(drummer, beat)} {drummer} {passed // PHRASE}")
    if source is None or source.value is None:
        set_("source", Home())
    mirror = bool(score.value(drummer, "mirror", beat))
    moves = score.value(drummer, "moves", beat)
    if _own(score, drummer, "moves", beat) is None and (mirror or moves is not None):
        set_("moves", _MOVES if mirror else None)
    if not mirror and passed % PHRASE == PHRASE - 1 and score.number(drummer, "fills", beat):
        found.append(Draft("fill", 1, drummer, beat=beat, by=BY))
    if _own(score, drummer, "drift", beat) is None:
        set_("drift", DRIFT)
    centre = _number(_own(score, drummer, "density", beat), _USUAL)
    low, high = max(centre - SPREAD, 0.05), min(centre + SPREAD, 1.0)
    if hearing(score, drummer, beat) is not None:
        set_("density", Adaptive(low=low, high=high))
    elif passed % PHRASE == 0:
        now = score.number(drummer, "density", beat, centre)
        goal = round(chance.uniform(low, high), 3)
        set_("density", Line(start=min(max(float(now), low), high), end=goal, bars=float(PHRASE)))
    if passed and passed % SECTION == 0:
        set_("seed", chance.randrange(1, 2**31))
    if passed and passed % CHAPTER == 0 and genres and _own(score, drummer, "genre", beat) is None:
        known = [name for name in genres if name != score.value(drummer, "genre", beat)]
        set_("genre", chance.choice(known or list(genres)), over=PHRASE / 2)
    return found


def _own(score: Score, drummer: str, path: str, beat: float) -> Edit | None:
    """Return what a performer has set last, which steers the autopilot; None where nobody has."""
    for edit in score.holding(drummer, path, beat):
        if edit.by != BY:
            return edit if edit.value is not None else None
    return None


def _number(edit: Edit | None, usual: float) -> float:
    """Return the number that was set; of what moves, where it leads."""
    value = None if edit is None else edit.value
    if isinstance(value, Line):
        value = value.end
    if isinstance(value, Adaptive):
        value = (value.low + value.high) / 2
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else usual
