"""The drums that a text can name: those of this kit, and those of others that go to the nearest of its voices."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import GrooveError, closest
from ..grooves.grid import SHORT, VOICES
from . import mini, step_strings

# Names from Tidal's and Strudel's sample sets that this kit has no voice for go to the nearest one.
_ALIASES: dict[str, tuple[str, ...]] = {
    "kick": ("kd", "bassdrum", "808bd", "clubkick", "popkick"),
    "snare": ("sd", "cp", "clap", "rim", "rm", "rs", "808sd", "realclaps"),
    "closed_hat": ("x", "1", "t", "ch", "hc", "hat", "sh", "tb"),
    "open_hat": ("ho", "808oh"),
    "low_tom": ("808lt", "808lc"),
    "mid_tom": ("perc", "808mt", "808mc"),
    "high_tom": ("808ht", "808hc"),
    "crash": ("cc", "808cy"),
    "ride": ("cb",),
}
DRUMS: dict[str, int] = {
    **{name: voice for names in (VOICES, SHORT) for voice, name in enumerate(names)},
    **{alias: VOICES.index(name) for name, aliases in _ALIASES.items() for alias in aliases},
}
RESTS = frozenset(("0", "f"))  # beside ~ and -: what is false in a pattern of booleans

# The names that drum tabs have for their lines, beside those above.
_TABS: dict[str, tuple[str, ...]] = {
    "kick": ("b", "k", "bass"),
    "snare": ("s", "ss", "sidestick"),
    "closed_hat": ("h", "hf", "fh", "hihat"),
    "low_tom": ("t3", "t4", "ft", "f", "floortom", "lowtom", "tom3"),
    "mid_tom": ("t2", "midtom", "tom2"),
    "high_tom": ("t", "t1", "hightom", "tom", "tom1"),
    "crash": ("c", "c1", "c2", "cy", "sp", "splash", "china"),
    "ride": ("r", "rb", "rc", "ridebell"),
}
TAB_DRUMS: dict[str, int] = {
    **DRUMS,
    **{alias: VOICES.index(name) for name, aliases in _TABS.items() for alias in aliases},
}

_SAMPLE = re.compile(r"(?::\d+)?(?::(?P<gain>\d*\.?\d+))?", re.ASCII)


class DrumHit(NamedTuple):
    """A drum in a pattern: the index of its voice, and its velocity 0..1 (None where the text gives none)."""

    voice: int
    velocity: float | None = None


def drum(name: str) -> DrumHit:
    """Return the drum that a word of mini-notation stands for; `x` is the tap's voice, `X` its accent.

    A voice has one sound: the number of a sample is read over (bd:3 is bd), and so is the name of a drum machine
    (RolandTR909_bd). A second number is Strudel's gain, and is the velocity (sd:2:.5).

    Raises:
        GrooveError: there is no such drum; the message offers the closest.

    >>> drum("ho"), drum("bd:3"), drum("X")
    (DrumHit(voice=3, velocity=None), DrumHit(voice=0, velocity=None), DrumHit(voice=2, velocity=1.0))
    """
    plain, colon, _ = name.partition(":")
    velocity = step_strings.VELOCITIES["X"] if plain == "X" else None
    if colon:
        sample = _SAMPLE.fullmatch(name, len(plain))
        if sample is None or name.endswith(":"):
            raise GrooveError(f"the number of a sample is a whole number, as in 'bd:3', and not as in {name!r}")
        velocity = min(float(sample["gain"]), 1.0) if sample["gain"] else velocity
    voice = voice_of(plain)
    if voice is None:
        raise GrooveError(f"unknown drum {plain!r}{closest(plain, DRUMS)}; drums are {' '.join(SHORT)}")
    return DrumHit(voice, velocity)


def voice_of(name: str) -> int | None:
    """Return the index of the voice of a name, or None.

    >>> voice_of("SN"), voice_of("RolandTR909_bd"), voice_of("arpy")
    (1, 0, None)
    """
    low = name.lower()
    found = DRUMS.get(low)
    return found if found is not None else DRUMS.get(low.rpartition("_")[2])


def step_voice(name: str) -> int:
    """Return the index of the voice of a label; drum tabs have more names for theirs.

    Raises:
        GrooveError: there is no such drum.

    >>> step_voice("bd"), step_voice("T1"), step_voice("Floor tom")
    (0, 6, 4)
    """
    voice = TAB_DRUMS.get(re.sub(r"[\s.-]", "", name).lower())
    return drum(name).voice if voice is None else voice


def drum_or_rest(name: str) -> object:
    """Return what a word of mini-notation stands for: a drum, or the rest that 0 and f are."""
    return mini.REST if name in RESTS else drum(name)
