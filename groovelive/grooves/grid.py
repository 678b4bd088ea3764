"""The grid that grooves are written on: its steps, its nine voices, and the notes on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..errors import GrooveError, closest

STEPS_PER_BAR = 16
STEPS_PER_BEAT = 4
DEFAULT_VELOCITY = 0.8
MAX_BARS = 65_536  # a slip of the finger (`repeat(10**9)`) must be a sentence, not a full memory

VOICES: tuple[str, ...] = (
    "kick", "snare", "closed_hat", "open_hat", "low_tom", "mid_tom", "high_tom", "crash", "ride",
)  # fmt: skip
SHORT: tuple[str, ...] = ("bd", "sn", "hh", "oh", "lt", "mt", "ht", "cr", "rd")
GROUPS: dict[str, tuple[int, ...]] = {
    "kick": (0,), "snare": (1,), "hats": (2, 3), "toms": (4, 5, 6), "cymbals": (7, 8),
}  # fmt: skip
GM_NOTES: tuple[int, ...] = (36, 38, 42, 46, 43, 47, 50, 49, 51)

_INDICES: dict[str, tuple[int, ...]] = {
    **GROUPS,
    **{name: (i,) for i, name in enumerate(VOICES)},
    **{name: (i,) for i, name in enumerate(SHORT)},
}


def voice_indices(names: str | Iterable[str]) -> tuple[int, ...]:
    """Return the indices that voice names, short names or group names stand for.

    Case, spaces and hyphens do not matter. The order of `names` is kept; a voice named twice counts once.

    Raises:
        GrooveError: a name is none of `VOICES`, `SHORT` and `GROUPS`; the message offers the closest one.

    >>> voice_indices("hats")
    (2, 3)
    >>> voice_indices(["sn", "kick", "Closed Hat", "hats"])
    (1, 0, 2, 3)
    >>> voice_indices("snair")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    groovelive.errors.GrooveError: unknown voice 'snair' (did you mean 'snare'?); ...
    """
    found: list[int] = []
    for name in [names] if isinstance(names, str) else names:
        key = name.strip().lower().replace(" ", "_").replace("-", "_") if isinstance(name, str) else ""
        if key not in _INDICES:
            voices, groups = ", ".join(VOICES), ", ".join(GROUPS)
            raise GrooveError(
                f"unknown voice {name!r}{closest(key, _INDICES)}; voices are {voices}; groups are {groups}"
            )
        found.extend(_INDICES[key])
    return tuple(dict.fromkeys(found))


class Note(NamedTuple):
    """One drum hit, of a Groove or of a pattern that is played as it is written.

    Args:
        step: 16th steps from the start.
        voice: index 0..8 into `VOICES`.
        velocity: 0..1.
        offset: -0.5..0.5 of a step from the grid, negative is early; up to 1 in a pattern that keeps its notes where
            they are written.

    >>> note = Note(step=4, voice=1, velocity=0.9, offset=0.25)
    >>> note.name, note.position, note.beat
    ('snare', 4.25, 1.0625)
    """

    step: int
    voice: int
    velocity: float
    offset: float

    @property
    def name(self) -> str:
        """The name of the voice."""
        return VOICES[self.voice]

    @property
    def position(self) -> float:
        """When the note sounds, in steps from the start of the groove; below 0 if early at step 0."""
        return self.step + self.offset

    @property
    def beat(self) -> float:
        """When the note sounds, in beats (quarter notes) from the start of the groove."""
        return self.position / STEPS_PER_BEAT


def check_steps(steps: int) -> int:
    """Return `steps` if a groove can have so many: whole bars, at least one, at most `MAX_BARS`."""
    if steps <= 0 or steps % STEPS_PER_BAR:
        raise GrooveError(f"a groove lasts whole bars, a positive multiple of {STEPS_PER_BAR} steps, not {steps}")
    if steps > MAX_BARS * STEPS_PER_BAR:
        raise GrooveError(f"a groove lasts at most {MAX_BARS:,} bars, not {steps // STEPS_PER_BAR:,}")
    return steps
